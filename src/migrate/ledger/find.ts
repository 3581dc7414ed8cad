import { inOrder, queryCatalogue } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import { parseQualifiedName, quoteLiteral, quoteQualified } from "#sql/quote.ts";
import { type Column, COLUMNS, DEFINITIONS, KEPT_COLUMNS, type Ledger } from "./ledger.ts";

/** So many columns can be gone from a ledger that is still told from any other table. */
const MOST_LACKING = 3;

/**
 * Finds the ledger. A name without a schema is looked up along the session's search_path, as PostgreSQL does, and a new
 * ledger belongs in the current schema, as any CREATE TABLE does. One that the database's own search_path has left behind
 * is found all the same.
 * @throws ConfitureError `ledger_unusable` when it cannot be told which table is meant, or when that is no ledger
 */
export async function findLedger(database: Database, setting: string): Promise<Ledger> {
  const ledger = await lookForLedger(database, setting);
  if (ledger !== undefined) return ledger;
  throw new ConfitureError("ledger_unusable", "The search_path of this session names no schema that exists", {
    hint: "The database or the role may set it (ALTER DATABASE, ALTER ROLE ... RESET search_path takes that back). Or name the ledger's schema in the environment file: migrations: {table: public.confiture_migrations}",
  });
}

/**
 * `findLedger` for whoever only reads: undefined where there can be none, because there is no schema for it.
 * @throws ConfitureError as `findLedger`
 */
export async function lookForLedger(database: Database, setting: string): Promise<Ledger | undefined> {
  const name = readName(setting);
  const { path, encoding, tables } = await lookAround(database, name.name);
  const places = name.schema === undefined ? path : [name.schema];
  const found = inFirst(places, tables);
  const keeps = encoding === "UTF8" ? "any" : "ascii";
  if (found !== undefined) return { ...asLedger(name.name, found), keeps };
  const elsewhere = tables.filter((candidate) => isLedger(candidate.columns));
  if (name.schema === undefined && elsewhere.length > 0) {
    // Creating a second, empty ledger here would apply every migration once more.
    const [only, ...others] = elsewhere;
    if (others.length === 0 && (await isDatabasesOwnPath(database))) return { ...asLedger(name.name, only!), keeps };
    throw isElsewhere(name.name, elsewhere, path[0]);
  }
  const [schema] = places;
  return schema === undefined ? undefined : { schema, table: name.name, exists: false, keeps };
}

/**
 * Every ledger of that name, for whoever wants to leave them out: each may be that of one role's search_path.
 * @throws ConfitureError `ledger_unusable` when the table that the session would use is no ledger
 */
export async function allLedgers(database: Database, setting: string): Promise<Ledger[]> {
  const { schema, name } = readName(setting);
  const { path, tables } = await lookAround(database, name);
  const places = schema === undefined ? path : [schema];
  const [meant, others] = [inFirst(places, tables), schema === undefined ? tables : []];
  return [
    ...(meant === undefined ? [] : [asLedger(name, meant)]),
    ...others
      .filter((table) => table !== meant && lackingOf(table.columns).length === 0)
      .map((table) => asLedger(name, table)),
  ];
}

/** A table or view of the ledger's name. */
interface Candidate {
  readonly schema: string;
  readonly columns: readonly string[];
}

/** The schemas of the session's search_path that exist, and what bears the name anywhere. */
async function lookAround(
  database: Database,
  table: string,
): Promise<{ readonly path: readonly string[]; readonly encoding: string; readonly tables: readonly Candidate[] }> {
  const current = database.query<{ path: string[]; encoding: string }>(
    "select pg_catalog.to_json(pg_catalog.current_schemas(false)) as path, pg_catalog.getdatabaseencoding() as encoding",
  );
  const candidates = queryCatalogue<Candidate>(
    database,
    `select n.nspname::text as schema, json_agg(a.attname) as columns
       from pg_class c
       join pg_namespace n on n.oid = c.relnamespace
       join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      where c.relname = ${quoteLiteral(table)} and c.relkind in ('r', 'p', 'v', 'm', 'f')
        and n.nspname !~ '^pg_(toast|temp)'
      group by n.nspname
      order by n.nspname`,
  );
  await inOrder([current, candidates]);
  const [[here], tables] = await Promise.all([current, candidates]);
  return { path: here?.path ?? [], encoding: here?.encoding ?? "", tables };
}

/** The table that is first along a search_path. What is a ledger comes before what only has its name. */
function inFirst(path: readonly string[], tables: readonly Candidate[]): Candidate | undefined {
  const along = path.flatMap((schema) => tables.filter((table) => table.schema === schema));
  return along.find(({ columns }) => isLedger(columns)) ?? along.find(({ schema }) => schema === path[0]);
}

function asLedger(table: string, { schema, columns }: Candidate): Ledger {
  requireLedgerColumns(schema, table, columns);
  return { schema, table, exists: true, lacks: KEPT_COLUMNS.filter((column) => !columns.includes(column)) };
}

/**
 * Whether the session has the search_path that ALTER DATABASE gave to all of the database's sessions. One of a role's or a
 * connection's own may choose among the schemas of several customers, each with a ledger.
 */
async function isDatabasesOwnPath(database: Database): Promise<boolean> {
  const rows = await queryCatalogue(
    database,
    `select from pg_db_role_setting, unnest(setconfig) as setting
      where setrole = 0 and setdatabase = (select oid from pg_database where datname = current_database())
        and setting = 'search_path=' || (select reset_val from pg_settings where name = 'search_path')
        and strpos(setting, '$user') = 0`,
  );
  return rows.length > 0;
}

function isElsewhere(table: string, elsewhere: readonly Candidate[], here: string | undefined): ConfitureError {
  const schemas = elsewhere.map(({ schema }) => `"${schema}"`).join(", ");
  return new ConfitureError(
    "ledger_unusable",
    `The ledger "${table}" is in schema ${schemas}, but this session's search_path puts it in ${here === undefined ? "no schema" : `"${here}"`}`,
    {
      hint: `Say which one is meant in the environment file, for example:\n  migrations:\n    table: ${elsewhere[0]!.schema}.${table}`,
    },
  );
}

function readName(setting: string): { schema?: string; name: string } {
  const name = parseQualifiedName(setting);
  if (name !== undefined) return name;
  throw new ConfitureError("ledger_unusable", `migrations.table is "${setting}", which is no table name`, {
    hint: 'Write table, schema.table, or "Odd Name" in double quotes.',
  });
}

/** Also one that has lost some of its columns: nothing may run as if it were not there. */
function isLedger(columns: readonly string[]): boolean {
  return lackingOf(columns).length <= MOST_LACKING;
}

function lackingOf(columns: readonly string[]): Column[] {
  return COLUMNS.filter((column) => !columns.includes(column));
}

function requireLedgerColumns(schema: string, table: string, columns: readonly string[]): void {
  const lacking = lackingOf(columns);
  if (lacking.length === 0) return;
  if (isLedger(columns)) throw damaged(schema, table, lacking);
  throw new ConfitureError(
    "ledger_unusable",
    `The table "${schema}"."${table}" is not a ledger of this tool: it has no column ${lacking.join(", ")}`,
    {
      hint: `Give the ledger another name with migrations.table in the environment file. If it is the ledger of Confiture for Python, take its history over then: confiture migrate baseline --from confiture-py`,
    },
  );
}

/** What the rows get that are there, where a column may not be empty. */
const FILLED: Partial<Record<Column, string>> = {
  name: "''",
  applied_at: "now()",
  applied_by: "current_user",
  tool_version: "''",
  state: "'applied'",
};

function damaged(schema: string, table: string, lacking: readonly Column[]): ConfitureError {
  const name = quoteQualified(schema, table);
  const added = lacking.map((column) => {
    const filling = FILLED[column];
    return `ADD COLUMN ${column} ${DEFINITIONS[column]}${filling === undefined ? "" : ` DEFAULT ${filling}`}`;
  });
  const isFilled = lacking.includes("state");
  return new ConfitureError(
    "ledger_unusable",
    `The ledger "${schema}"."${table}" lacks its column ${lacking.join(", ")}`,
    {
      hint: lacking.includes("version")
        ? "Without it nothing tells which migrations are applied. Restore the table from a backup."
        : `Someone changed the table. Give it back:\n  ALTER TABLE ${name} ${added.join(", ")};${isFilled ? "\nThat records every row as applied: if a migration had stopped half way, restore the table from a backup instead." : ""}`,
    },
  );
}
