import { adviceFor } from "#database/advice.ts";
import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import { parseQualifiedName } from "#sql/quote.ts";
import { Statement } from "#sql/statement.ts";
import type { MigrationFacts, StatementError, StatementFacts, Trace } from "./facts.ts";
import { speaksOf } from "./rowless-tables.ts";

/** Tables of which policies hide rows from the role of a session, as `Relation.name`; none where it asks for policies itself. */
export async function hiddenTables(database: Database): Promise<ReadonlySet<string>> {
  const rows = await database.query<{ name: string }>(`
    select pg_catalog.quote_ident(n.nspname) operator(pg_catalog.||) '.' operator(pg_catalog.||) pg_catalog.quote_ident(c.relname) as name
      from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace
     where c.relrowsecurity and pg_catalog.row_security_active(c.oid) and not exists (
       select from pg_catalog.pg_settings s where s.name operator(pg_catalog.=) 'row_security'
          and s.source operator(pg_catalog.=) 'client' and s.setting operator(pg_catalog.=) 'on')`);
  return new Set(rows.map(({ name }) => name));
}

/** Whether something is read that was there before, so that it has to be asked whether rows of it are hidden. Pure. */
export function readsTables({ migrations }: Trace): boolean {
  return migrations.some(({ statements }) => statements.some((facts) => readUnderPolicies(facts).length > 0));
}

/** A trace in which statements fail that PostgreSQL refuses, because policies would leave rows out of them. Pure. */
export function withHiddenRows(trace: Trace, hidden: ReadonlySet<string>): Trace {
  if (hidden.size === 0) return trace;
  /** Where it is not sure any more. */
  const lifted = new Set<string>();
  const ofMigration = (migration: MigrationFacts): MigrationFacts => {
    let isOwnRole = false;
    const statements = migration.statements.map((facts) => {
      isOwnRole ||= OWN_ROLE.test(facts.sql);
      const spoken = MAY_LIFT.test(facts.sql) ? [...hidden].filter((table) => speaksOf(facts.sql, table)) : [];
      for (const table of spoken) lifted.add(table);
      if (isOwnRole || facts.error !== undefined) return facts;
      const table = readUnderPolicies(facts).find((name) => hidden.has(name) && !lifted.has(name));
      return table === undefined ? facts : { ...facts, error: refusal(table, facts) };
    });
    return { ...migration, statements };
  };
  return { ...trace, migrations: trace.migrations.map(ofMigration) };
}

const OWN_ROLE = /\brow_security\b|\bset\s+(?:local\s+|session\s+)?role\b|\bsession\s+authorization\b/i;
const MAY_LIFT = /\brow\s+level\s+security\b|\bowner\s+to\b|\brename\b|\bset\s+schema\b/i;

/** Tables in use whose rows a query of the statement reads: what DDL reads by itself, it reads past policies. */
function readUnderPolicies({ sql, scans, rows }: StatementFacts): string[] {
  const changed = rows.filter(({ updated, deleted, locked }) => locked || updated + deleted > 0);
  const read = isQuery(Statement.of(sql)) ? [...scans, ...changed] : changed;
  return read.filter(({ isNew, kind }) => !isNew && kind === "table").map(({ name }) => name);
}

const QUERIES: ReadonlySet<string> = new Set(
  "COPY DELETE INSERT MERGE REFRESH SELECT TABLE UPDATE VALUES WITH".split(" "),
);

function isQuery({ firstWord = "", text }: Statement): boolean {
  if (firstWord === "CREATE") return /^create\s+(?:\w+\s+)*(?:table|materialized)\b[^]*\bas\b/i.test(text);
  if (firstWord === "ALTER") return /\breferences\b/i.test(text);
  return QUERIES.has(firstWord);
}

/** As PostgreSQL says it. */
function refusal(table: string, { place }: StatementFacts): StatementError {
  const { schema, name = table } = parseQualifiedName(table) ?? {};
  const message = `query would be affected by row-level security policy for table "${name}"`;
  const sqlstate = "42501";
  const server = {
    severity: "ERROR",
    sqlstate,
    message,
    routine: "check_enable_rls",
    table: name,
    ...(schema === undefined ? {} : { schema }),
  };
  const error = new ConfitureError("sql_failed", message, { server, hint: adviceFor(server), location: place });
  return { error, sqlstate, onRows: undefined };
}
