import { quoteQualified, reportedName } from "#sql/quote.ts";
import { SEARCH_PATH } from "#sync/plain.ts";
import type { SyncTable } from "#sync/plan.ts";
import { copiedWhole, countTables, rootName } from "#sync/roots.ts";
import type { SyncPreview } from "#sync/run/report.ts";
import { chosenOf, tablesOf } from "./sync.ts";
import { list } from "./sync-proof.ts";
import { count, formatCount, formatSize } from "./text.ts";
import { inLine } from "./visible.ts";
import { wrap } from "./wrap.ts";
import { wrapSql } from "./wrap-sql.ts";

/** Characters of a line where no terminal says how many it has. */
const WIDTH = 120;

/**
 * What a run would do: what becomes of each table, and then every query, as a script that psql runs as it is, in which everything else
 * is a comment. Subkeys are secret, so that others stand in their place.
 */
export function renderPreview(preview: SyncPreview, columns = WIDTH): string {
  const { plan, about } = preview;
  const comment = (text: string): string => wrap(inLine(text), columns - 3).replaceAll(/^/gm, "-- ");
  const secret = plan.settings.filter(({ name }) => name !== SEARCH_PATH.name);
  const note =
    "With these stand-ins for the subkeys of a copy, which are secret, the queries run and have other results.";
  const copied = plan.tables.filter(({ mode }) => mode === "rows");
  const left = plan.tables.filter(({ mode }) => mode === "skip").map(rootName);
  const report = [
    ...[...Map.groupBy(copied, rootName)].flatMap(([name, tables]) => aboutTable(name, tables, preview)),
    ...list("Made without rows:", [...new Set(left)]),
    ...list("Copied whole, as no condition reaches them:", copiedWhole(plan)),
    ...about.warnings.map((warning) => `Warning: ${warning}`),
    ...about.notes,
  ];
  const head = [
    comment(`The queries of ${tablesOf(countTables(plan))}:`),
    `SET ${SEARCH_PATH.name} TO ${SEARCH_PATH.value};`,
    "SET row_security TO off;",
    ...(secret.length === 0 ? [] : [comment(note)]),
    ...secret.map(({ name }) => `SET ${name} TO '00';`),
  ];
  const queries = [...Map.groupBy(copied, withoutName).values()].map((alike) => {
    const [{ query }] = alike as [SyncTable, ...SyncTable[]];
    const [name, ...others] = alike.map((table) => reportedName(table.schema, table.name));
    const same = others.length === 0 ? "" : `, and the same of ${others.join(", ")}`;
    return [comment(`${name!}${same}`), `${wrapSql(query, columns)};`].join("\n");
  });
  return `${[...report.map(comment), "", head.join("\n"), ...queries.flatMap((query) => ["", query])].join("\n")}\n`;
}

/** A table, or all partitions of one, in a few lines. */
function aboutTable(name: string, tables: readonly SyncTable[], { sizes, chosen }: SyncPreview): string[] {
  const names = new Set(tables.map((table) => reportedName(table.schema, table.name)));
  const known = sizes.filter((each) => names.has(reportedName(each.schema, each.name)));
  const sum = (numbers: readonly number[]): number => numbers.reduce((all, each) => all + each, 0);
  const there = known.some(({ rows }) => rows === null) ? null : sum(known.map(({ rows }) => rows ?? 0));
  const some = [...names].flatMap((each) => chosen.get(each) ?? []);
  const about =
    some.length > 0
      ? `, ${chosenOf(sum(some), there)}`
      : there === null || known.length === 0
        ? ""
        : `, about ${formatCount(there)} rows`;
  const partitions = names.has(name) ? "" : `, ${count(names.size, "partition")}`;
  const { columns, where } = tables[0]!;
  const kept = columns.filter(({ treatment }) => treatment === "keep").map((column) => column.name);
  const replaced = columns.flatMap(({ name: column, treatment, transform }) =>
    treatment === "transform" ? [`${column} -> ${transform ?? ""}`] : [],
  );
  return [
    `${name}: ${formatSize(sum(known.map(({ bytes }) => bytes)))}${about}${partitions}`,
    ...list("  replaced:", replaced),
    ...list("  kept:", kept),
    ...(where === undefined ? [] : [`  rows: ${where}`]),
  ];
}

/** The query as those of other partitions of its table read. */
function withoutName(table: SyncTable): string {
  const { schema, name, query } = table;
  return table.partOf === undefined
    ? quoteQualified(schema, name)
    : `${table.partOf}\0${query.replaceAll(quoteQualified(schema, name), "\0")}`;
}
