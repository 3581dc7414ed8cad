import { ConfitureError } from "#errors/error.ts";
import type { SourceCatalogue, SourceTable, SyncPlan, SyncTable } from "./plan.ts";
import { Names, shownTable } from "./rules/names.ts";

/**
 * The plan with rows of these tables alone.
 * @param names as rules write them; undefined for all tables
 * @throws ConfitureError `usage` for a name that no table has, and for a table whose rows refer to one that is not named
 */
export function onlyTables(plan: SyncPlan, catalogue: SourceCatalogue, names: readonly string[] | undefined): SyncPlan {
  if (names === undefined) return plan;
  const known = new Names(catalogue);
  const byOid = new Map(catalogue.tables.map((table) => [table.oid, table]));
  const wanted = new Set(names.map((name) => requireTable(known, name)));
  const isWanted = isPartOf(catalogue, (table) => wanted.has(table));
  for (const table of catalogue.tables.filter(isWanted)) {
    for (const { references } of table.foreignKeys) {
      const other = byOid.get(references);
      if (other === undefined || isWanted(other)) continue;
      throw new ConfitureError(
        "usage",
        `Rows of ${shownTable(table)} refer to ${shownTable(other)}, which is not among the tables`,
        {
          hint: `Name it as well: --tables ${[...names, shownTable(other)].join(",")}`,
        },
      );
    }
  }
  const named = new Set(catalogue.tables.filter(isWanted).map(({ schema, name }) => `${schema}\0${name}`));
  return {
    ...plan,
    tables: plan.tables.map((table) => (named.has(`${table.schema}\0${table.name}`) ? table : leftBehind(table))),
  };
}

/** A table whose rows are not copied, though there are rules for them: what these replace is in no other table either. */
export function leftBehind(table: SyncTable): SyncTable {
  if (table.mode === "skip") return table;
  const behind = table.columns.flatMap(({ name, tokens, inside }) =>
    tokens === undefined && inside === undefined
      ? []
      : [{ name, ...(tokens === undefined ? {} : { tokens }), ...(inside === undefined ? {} : { inside }) }],
  );
  return { ...table, mode: "skip", columns: [], query: "", behind };
}

/** @throws ConfitureError `usage` for a name that no table has */
export function requireTable(known: Names, name: string): SourceTable {
  const table = known.table(name);
  if (table !== undefined) return table;
  const near = known.suggestTable(name);
  throw new ConfitureError("usage", `The source has no table "${name}"`, {
    hint:
      near === undefined
        ? "Write schema.table; tables of the schema public need no schema."
        : `Did you mean "${near}"?`,
  });
}

/** Whether a table is one of these, or a partition of one, however deep. */
export function isPartOf(
  { tables }: SourceCatalogue,
  isOne: (table: SourceTable) => boolean,
): (table: SourceTable) => boolean {
  const byOid = new Map(tables.map((table) => [table.oid, table]));
  const isPart = (table: SourceTable): boolean => {
    if (isOne(table)) return true;
    const parent = table.partitionOf === null ? undefined : byOid.get(table.partitionOf);
    return parent !== undefined && isPart(parent);
  };
  return isPart;
}
