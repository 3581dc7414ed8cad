import type { Database } from "#database/database.ts";
import { exposureOf } from "#sql/exposure.ts";
import { mayBeSame } from "#sql/names-in.ts";
import { isTakenBack, type Opened, openedBy } from "#sql/opened.ts";
import { type ReadPastPolicies, readPastPolicies } from "#sql/read-past-policies.ts";
import type { Statement } from "#sql/statement.ts";
import { foldedName, namesAltered } from "#sql/token-names.ts";

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
    else if (reader !== undefined) readers.push([statement, reader]);
    else {
      const open = openedBy(statement);
      if (open !== undefined) opened.push([statement, open]);
    }
  }
  if (readers.length + opened.length === 0) return found;
  const before = database === undefined ? [] : await securedIn(database);
  const now = securedBy(all);
  const secured = [...now, ...before];
  for (const [statement, { what, isCopy, tables }] of readers) {
    if (tables === undefined) {
      found.set(statement, `rows of the tables of ${what} to whoever may read it, whatever their policies say`);
      continue;
    }
    const table = tables.find((name) => secured.some((one) => mayBeSame(name, one)));
    if (table === undefined) continue;
    const how = isCopy ? "which has none of its policies" : "whatever its policies say";
    found.set(statement, `rows of ${table} to whoever may read ${what}, ${how}`);
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
