import { ConfitureError, type Location } from "#errors/error.ts";
import type { SyncPlan, SyncTable } from "./plan.ts";
import type { SourceCatalogue, SourceTable } from "./source/catalogue.ts";
import { Names, shownTable } from "./rules/names.ts";

/**
 * The plan with rows of these tables alone.
 * @param names as rules write them; undefined for all tables
 * @throws ConfitureError `usage` for a name that no table has, for a table that the rules skip, and where rows refer to tables that are
 * not named
 */
export function onlyTables(plan: SyncPlan, catalogue: SourceCatalogue, names: readonly string[] | undefined): SyncPlan {
  if (names === undefined) return plan;
  const known = new Names(catalogue);
  const wanted = new Set(names.map((name) => requireTable(known, name)));
  const made = new Map(plan.tables.map((table) => [shownTable(table), table]));
  const skippedBy = (table: SourceTable): Location | undefined => {
    const isPart = isPartOf(catalogue, (one) => one === table);
    const parts = catalogue.tables.filter(isPart).flatMap((part) => made.get(shownTable(part)) ?? []);
    return parts.every(({ mode }) => mode === "skip") ? parts[0]?.skippedBy : undefined;
  };
  refuseSkipped([...wanted], skippedBy);
  refuseMissing(wanted, catalogue, (table) => skippedBy(table) !== undefined);
  const isWanted = isPartOf(catalogue, (table) => wanted.has(table));
  const named = new Set(catalogue.tables.filter(isWanted).map(shownTable));
  const isNamed = ({ table }: { readonly table: string }): boolean => named.has(table);
  const { losses, others, beyond } = plan;
  return {
    ...plan,
    ...(losses === undefined ? {} : { losses: losses.filter(isNamed) }),
    ...(others === undefined ? {} : { others: others.filter(isNamed) }),
    ...(beyond === undefined ? {} : { beyond: beyond.filter(isNamed) }),
    tables: plan.tables.map((table) => (named.has(shownTable(table)) ? table : leftBehind(table))),
  };
}

/** Tables of which no row would come although they are named: a copy without them takes the place of one that may have them. */
function refuseSkipped(wanted: readonly SourceTable[], skippedBy: (table: SourceTable) => Location | undefined): void {
  const others = wanted.filter((table) => skippedBy(table) === undefined);
  const skipped = wanted.flatMap((table) => {
    const location = skippedBy(table);
    return location === undefined ? [] : [{ name: shownTable(table), location }];
  });
  const [first] = skipped;
  if (first === undefined) return;
  const said = skipped.map(({ name, location: { file, line } }) => `${name} is skipped by the rules (${file}:${line})`);
  const without = others.length === 0 ? "" : ` To leave it out: --tables ${others.map(shownTable).join(",")}`;
  throw new ConfitureError("usage", said.join("; "), {
    location: first.location,
    hint: `To copy its rows, write in place of \`skip\` what becomes of its columns: \`keep: [...]\`, and a rule for every other one; \`confiture sync init\` proposes them once the line is gone.${without}`,
  });
}

/** All tables at once to which rows of these refer, also by way of others; those that are skipped, rules have dealt with. */
function refuseMissing(
  wanted: ReadonlySet<SourceTable>,
  catalogue: SourceCatalogue,
  isSkipped: (table: SourceTable) => boolean,
): void {
  const byOid = new Map(catalogue.tables.map((table) => [table.oid, table]));
  const missing = new Map<SourceTable, SourceTable>();
  const isIn = isPartOf(catalogue, (table) => wanted.has(table) || missing.has(table));
  for (let size = -1; size !== missing.size;) {
    size = missing.size;
    for (const table of catalogue.tables.filter(isIn)) {
      for (const { references } of table.foreignKeys) {
        const other = byOid.get(references);
        if (other !== undefined && !isIn(other) && !isSkipped(other)) missing.set(other, table);
      }
    }
  }
  if (missing.size === 0) return;
  const list = [...missing].map(([table, from]) => `${shownTable(table)} (from ${shownTable(from)})`).join(", ");
  throw new ConfitureError("usage", `Rows refer to tables that are not among the named ones: ${list}`, {
    hint: `Name them as well: --tables ${[...wanted, ...missing.keys()].map(shownTable).join(",")}`,
  });
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
