import { quoteQualified } from "#sql/quote.ts";
import { kind } from "./kind.ts";

interface StatisticsObject {
  /** The whole statement. */
  readonly create: string;
  readonly target: number | null;
}

export const statisticsObject = kind<StatisticsObject>({
  query: {
    object: { catalogue: "pg_statistic_ext", oid: "s.oid", owner: "stxowner" },
    path: "array[n.nspname, stxname]",
    relation: "stxrelid",
    payload: "'create', pg_get_statisticsobjdef(s.oid), 'target', nullif(stxstattarget, -1)",
    from: "from pg_statistic_ext s join pg_namespace n on n.oid = stxnamespace",
  },
  normalized: ({ create, target }) => ({ create: byName(create), target }),
  text: ({ create, target }) => (target === null ? create : `${create} SET STATISTICS ${target}`),
  statements: {
    name: ({ path }) => statisticsName(path),
    create: ({ path, payload: { create, target } }) => [
      create,
      ...(target === null ? [] : [`ALTER ${statisticsName(path)} SET STATISTICS ${target}`]),
    ],
    change: ({ payload: from }, { path, payload: to }) =>
      from.create === to.create ? [`ALTER ${statisticsName(path)} SET STATISTICS ${to.target ?? -1}`] : undefined,
  },
});

/** PostgreSQL lists columns by their places in the table, which say nothing. */
function byName(create: string): string {
  return create.replace(COLUMNS, (_, columns: string) => ` ON ${columns.match(COLUMN)!.toSorted().join(", ")}`);
}

const COLUMN = /(?:"(?:[^"]|"")+"|[a-z_][\w$]*)(?=, | FROM |$)/g;
const COLUMNS = new RegExp(` ON (${COLUMN.source}(?:, ${COLUMN.source})+)`);

function statisticsName([schema, name = ""]: readonly string[]): string {
  return `STATISTICS ${quoteQualified(schema, name)}`;
}
