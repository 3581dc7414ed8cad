import type { Database } from "#database/database.ts";
import { rollback } from "#database/rollback.ts";
import { quoteIdentifier, quoteLiteral, quoteQualified, reportedName } from "#sql/quote.ts";
import type { Decision } from "./decision.ts";
import type { SourceColumn, SourceTable } from "./source/catalogue.ts";
import { guessByName } from "./rules/guess.ts";
import { columnsOfPerson } from "./rules/person.ts";
import { LOOKED_AT } from "./rules/looks.ts";
import { yamlPath } from "./rules/yaml-key.ts";
import { readingFailed } from "./run/reading-failed.ts";
import { familyOf } from "./transforms/registry.ts";

/** Rules for values that say who somebody is, so that equal ones in two columns are meant. */
const SHARED: ReadonlySet<string> = new Set(["email", "phone", "iban", "card", "ssn"]);

/** How many different values are looked up, and the share of them that has to be there. */
const LOOKED_UP = 1_000;
const LEAST_SHARE = 0.05;

/** The most bytes of a table that values are looked up in without an index. */
const MOST_BYTES = 1024 ** 3;

/** A column with which others may have values in common. */
interface Home {
  readonly table: SourceTable;
  readonly column: SourceColumn;
}

/** Where values of each rule belong. */
export interface Homes {
  /** The column of most use: unique, in a table about people. */
  readonly first: ReadonlyMap<string, Home>;
  /** All columns of it, as values may also be those of a table that theirs refers to. */
  readonly all: ReadonlyMap<string, readonly Home[]>;
}

/**
 * Finds where values of each kind belong.
 * @param ruleOf what is proposed for a column
 */
export function homesIn(tables: readonly SourceTable[], ruleOf: (column: SourceColumn) => string | undefined): Homes {
  const found = new Map<string, Home & { readonly isUnique: boolean; readonly people: number }>();
  const all = new Map<string, Home[]>();
  for (const table of tables) {
    const people = columnsOfPerson(table);
    for (const column of table.columns) {
      const rule = ruleOf(column) ?? guessByName(column);
      if (rule === undefined || !SHARED.has(rule) || column.generated || column.isArray || familyOf(column) !== "text")
        continue;
      all.set(rule, [...(all.get(rule) ?? []), { table, column }]);
      const isUnique = hasIndex(table, column);
      const known = found.get(rule);
      const isBetter = known === undefined || (isUnique !== known.isUnique ? isUnique : people > known.people);
      if (isBetter) found.set(rule, { table, column, isUnique, people });
    }
  }
  return { first: found, all };
}

/**
 * Where values of a rule may belong, the likeliest first.
 * @param column of the table; undefined for values in documents
 */
export function homesFor(
  { first, all }: Homes,
  rule: string | undefined,
  table: SourceTable,
  column?: SourceColumn,
): readonly Home[] {
  const home = first.get(rule ?? "");
  if (home === undefined || home.column === column) return [];
  const refersTo = (other: SourceTable): boolean =>
    other !== table && table.foreignKeys.some(({ references }) => references === other.oid);
  const others = all.get(rule ?? "")!.filter((one) => one.column !== home.column && refersTo(one.table));
  return [home, ...others];
}

function hasIndex({ unique }: SourceTable, column: SourceColumn): boolean {
  return unique.some(
    ({ columns, computed }) => columns.length === 1 && columns[0] === column.number && computed === null,
  );
}

/** A rule that gives values the same results as where they belong, and why. */
export interface SharedRule {
  readonly rule: string;
  readonly why: string;
}

/**
 * Counts, on the source, how many of some values are in a column where such values belong: the first that has some. No value leaves it.
 * @param database in no transaction
 * @param values SQL of a query for them, as texts `v`
 * @param shown the table that they are of, for an error
 * @returns undefined where hardly any is
 * @throws ConfitureError `sync_source_failed`
 */
export async function sharedRule(
  database: Database,
  homes: readonly Home[],
  values: string,
  shown: string,
): Promise<SharedRule | undefined> {
  for (const home of homes) {
    const shared = await sharedWith(database, home, values, shown);
    if (shared !== undefined) return shared;
  }
  return undefined;
}

async function sharedWith(
  database: Database,
  { table, column }: Home,
  values: string,
  shown: string,
): Promise<SharedRule | undefined> {
  const home = quoteQualified(table.schema, table.name);
  const name = quoteIdentifier(column.name);
  let counts: { all: number; there: number } | undefined;
  try {
    await database.execute(
      "begin isolation level repeatable read read only; set local row_security = off; set local search_path = pg_catalog, pg_temp",
    );
    const [size] = await database.query<{ bytes: number }>(
      `select pg_catalog.pg_table_size(${quoteLiteral(home)}::pg_catalog.regclass)::pg_catalog.float8 as bytes`,
    );
    if (!hasIndex(table, column) && (size?.bytes ?? 0) > MOST_BYTES) return undefined;
    [counts] = await database.query<{ all: number; there: number }>(
      `with chosen as materialized (select distinct v from (${values}) each (v) where v <> '' limit ${LOOKED_UP})
       select (select count(*) from chosen)::float8 as all,
              (select count(*) from chosen where exists (select from ${home} home where home.${name}::text = chosen.v))::float8 as there`,
    );
  } catch (error) {
    throw readingFailed(error, shown);
  } finally {
    await rollback(database);
  }
  const { all = 0, there = 0 } = counts ?? {};
  if (all === 0 || there / all < LEAST_SHARE) return undefined;
  const { schema, name: of } = table;
  const where = reportedName(...(schema === "public" ? [] : [schema]), of, column.name);
  return {
    rule: `{ as: ${yamlPath(where)} }`,
    why: `${Math.max(1, Math.round((there / all) * 100))}% are in ${where} as well`,
  };
}

/**
 * Gives columns of such values the results that these have where they belong.
 * @param decisions what is proposed so far
 * @throws ConfitureError `sync_source_failed`
 */
export async function shareValues(
  database: Database,
  tables: readonly SourceTable[],
  homes: Homes,
  decisions: Map<SourceColumn, Decision>,
): Promise<void> {
  for (const table of tables) {
    for (const column of table.columns) {
      const decision = decisions.get(column);
      // What is like another column is no home: nothing goes round in a circle.
      const some = homesFor(homes, decision?.rule, table, column).filter(
        (home) => decisions.get(home.column)?.otherwise === undefined,
      );
      if (decision === undefined || some.length === 0) continue;
      const name = quoteIdentifier(column.name);
      const from = `from ${quoteQualified(table.schema, table.name)} source where source.${name} is not null limit ${LOOKED_AT}`;
      const values = column.isArray
        ? `select e.v::text as v from (select source.${name} as list ${from}) s, unnest(s.list) e (v) limit ${LOOKED_AT}`
        : `select source.${name}::text as v ${from}`;
      const shared = await sharedRule(database, some, values, reportedName(table.schema, table.name));
      if (shared !== undefined) decisions.set(column, { ...shared, otherwise: decision });
    }
  }
}
