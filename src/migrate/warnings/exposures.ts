import type { Database } from "#database/database.ts";
import { exposureOf } from "#sql/effects/exposure.ts";
import { mayBeSame } from "#sql/names-in.ts";
import { isTakenBack, type Opened, openedBy } from "#sql/effects/opened.ts";
import { type ReadPastPolicies, readPastPolicies } from "#sql/effects/read-past-policies.ts";
import { type MadeTable, madeTableAt, madeTables } from "#sql/effects/made-tables.ts";
import { mayMoveTable, moveOf, replacedTables } from "#sql/effects/replaced.ts";
import type { Statement } from "#sql/statement.ts";
import { foldedName, namesAltered } from "#sql/lexer/token-names.ts";

/**
 * What statements show to people who could not see it before, in words that go on from "exposes": what their text says
 * (`exposureOf`), views and copies of tables with row level security, in the database or by one of the statements, policies and
 * owners of tables that have it before them, and functions that run with the rights of their owner for whoever calls them.
 * @param database where they run; undefined where there is none yet
 * @param all the statements that they are among: a table that these make, or secure, has kept nothing from anybody
 */
export async function exposuresOf(
  statements: readonly Statement[],
  database: Database | undefined,
  all: readonly Statement[] = statements,
): Promise<ReadonlyMap<Statement, string>> {
  const found = new Map<Statement, string>();
  const readers: [Statement, ReadPastPolicies][] = [];
  const opened: [Statement, Opened][] = [];
  for (const statement of statements) {
    const exposure = exposureOf(statement);
    const reader = readPastPolicies(statement);
    if (exposure !== undefined) found.set(statement, exposure);
    else if (reader !== undefined) {
      // A table that was there before has the rights that it was given for what is in it.
      if (reader.isFilled !== true || targetOf(all, statement, reader.into) !== undefined)
        readers.push([statement, reader]);
    } else {
      const open = openedBy(statement);
      if (open !== undefined) opened.push([statement, open]);
    }
  }
  const replacing = statements.flatMap((statement) => {
    const replaced = tablesOf(all).replaced.get(statement);
    return replaced === undefined || found.has(statement) ? [] : [{ statement, ...replaced }];
  });
  if (readers.length + opened.length + replacing.length === 0) return found;
  const before = database === undefined ? [] : await securedIn(database);
  const now = securedBy(all);
  const secured = withMoves([...now, ...before], all);
  for (const [statement, { what, isCopy, into, tables }] of readers) {
    if (targetOf(all, statement, into)?.isSecured === true) continue;
    if (tables === undefined) {
      found.set(statement, `rows of the tables of ${what} to whoever may read it, whatever their policies say`);
      continue;
    }
    const table = tables.find((name) => secured.some((one) => mayBeSame(name, one)));
    if (table === undefined) continue;
    const how = isCopy ? "which has none of its policies" : "whatever its policies say";
    found.set(statement, `rows of ${table} to whoever may read ${what}, ${how}`);
  }
  for (const { statement, table, now: old } of replacing) {
    if (targetOf(all, statement, table)?.isSecured === true || !secured.some((one) => mayBeSame(old, one))) continue;
    found.set(statement, `rows of ${table} to whoever may read it, as the policies stay with ${old}`);
  }
  const mighty = opened.some(([, { role }]) => role !== undefined) ? await mightyIn(database) : new Set<string>();
  const isOpened = (statement: Statement, { table, through, role, routine }: Opened): boolean => {
    if (role !== undefined) return mighty.has(role);
    if (table === undefined) return !isTakenBack(all.slice(all.indexOf(statement) + 1), routine);
    if (through !== undefined && secured.some((one) => mayBeSame(through, one))) return false;
    return before.some((one) => mayBeSame(table, one)) && !now.some((one) => mayBeSame(table, one));
  };
  for (const [statement, open] of opened) {
    if (!isOpened(statement, open)) continue;
    const { what } = open;
    found.set(statement, what);
  }
  return found;
}

/** Tables whose row level security one of the statements switches on. */
function securedBy(statements: readonly Statement[]): string[] {
  return statements.flatMap((statement) => {
    if (statement.firstWord !== "ALTER" || !/\benable\s+row\s+level\b/i.test(statement.text)) return [];
    return namesAltered(statement.tokens()).slice(0, 1).map(foldedName);
  });
}

/** What statements make of tables, by themselves: a migration is asked about each of its statements. */
interface Tables {
  readonly length: number;
  readonly made: readonly MadeTable[];
  readonly replaced: ReturnType<typeof replacedTables>;
}

const read = new WeakMap<readonly Statement[], Tables>();

function tablesOf(all: readonly Statement[]): Tables {
  const known = read.get(all);
  // Those of TypeScript come one after the other.
  if (known?.length === all.length) return known;
  const tables = { length: all.length, made: madeTables(all), replaced: replacedTables(all) };
  read.set(all, tables);
  return tables;
}

/** The table that is called so behind a statement, where the statements make it. */
function targetOf(all: readonly Statement[], statement: Statement, name: string | undefined): MadeTable | undefined {
  return name === undefined ? undefined : madeTableAt(tablesOf(all).made, all.indexOf(statement), name);
}

/** With the names that they are given. */
function withMoves(tables: readonly string[], statements: readonly Statement[]): readonly string[] {
  const names = [...tables];
  for (const statement of statements.filter(mayMoveTable)) {
    const move = moveOf(statement);
    if (move !== undefined && names.some((name) => mayBeSame(name, move.from))) names.push(move.to);
  }
  return names;
}

/** Roles that no policy stops, folded; where there is no database yet, that of PostgreSQL itself. */
async function mightyIn(database: Database | undefined): Promise<ReadonlySet<string>> {
  if (database === undefined) return new Set(["postgres"]);
  const rows = await database.query<{ name: string }>(
    "select pg_catalog.quote_ident(rolname) as name from pg_catalog.pg_roles where rolsuper or rolbypassrls",
  );
  return new Set(rows.map(({ name }) => name));
}

async function securedIn(database: Database): Promise<string[]> {
  // In whatever transaction and search_path there is: a scratch database is asked in the middle of a migration.
  const rows = await database.query<{ schema: string; name: string }>(
    `select pg_catalog.quote_ident(n.nspname) as schema, pg_catalog.quote_ident(c.relname) as name
       from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace
      where c.relrowsecurity`,
  );
  return rows.map(({ schema, name }) => `${schema}.${name}`);
}
