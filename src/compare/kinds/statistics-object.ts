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
    payload:
      "'create', replace(pg_get_statisticsobjdef(s.oid), ' ON ' || coalesce(placed, ''), ' ON ' || coalesce(named, '')), 'target', nullif(stxstattarget, -1)",
    // PostgreSQL lists columns by their places in the table, which say nothing.
    from: `from pg_statistic_ext s join pg_namespace n on n.oid = stxnamespace
      cross join lateral (select string_agg(quote_ident(attname), ', ' order by attnum), string_agg(quote_ident(attname), ', ' order by attname::text collate "C")
        from pg_attribute where attrelid = stxrelid and attnum = any (stxkeys::int2[])) listed (placed, named)`,
  },
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

function statisticsName([schema, name = ""]: readonly string[]): string {
  return `STATISTICS ${quoteQualified(schema, name)}`;
}
