import { CATALOGUE_PATH, inOrder, queryCatalogue } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import type { SquashedMigration } from "./migration-file.ts";
import { canonicalVersion, isRepeatable } from "./version.ts";
import { parseQualifiedName, quoteLiteral, quoteQualified } from "#sql/quote.ts";

/**
 * `applied`: done. `applying` and `reverting`: a migration outside a transaction began its way up or down
 * and has not finished; `statementsDone` tells how far it came.
 */
export type LedgerState = "applied" | "applying" | "reverting";

/** One row of the ledger, docs/formats.md "Ledger". */
export interface LedgerRow {
  readonly version: string;
  readonly name: string;
  /** sha256 in hex, or null where the history was taken over without files to hash. */
  readonly checksum: string | null;
  /** PostgreSQL's text where no Date can say it (infinity, 4000 BC); null where someone took it away. */
  readonly appliedAt: Date | string | null;
  readonly executionMs: number | null;
  readonly appliedBy: string;
  readonly toolVersion: string;
  readonly state: LedgerState;
  readonly statementsDone: number | null;
  readonly statementsTotal: number | null;
}

/** What a new row says about a migration; the database adds who and when. */
export interface LedgerEntry {
  readonly version: string;
  readonly name: string;
  readonly checksum: string | null;
  /** Undefined where nothing of it is kept. */
  readonly kept?: KeptText | undefined;
}

/** The texts of a migration that the ledger keeps: an edit can be shown then, and a way back be found without its file. */
export interface KeptText {
  /** The file's path below the project. */
  readonly file: string | null;
  /** The file's text; null where it is too long, or no text. */
  readonly source: string | null;
  /** That of the file with its way back, where that is a file of its own. */
  readonly sourceDown: string | null;
}

/** The ledger's table in one database: where it is, whether it exists, and the statements that change it. */
export interface Ledger {
  readonly schema: string;
  readonly table: string;
  readonly exists: boolean;
  /** Which texts of files it can take: those of the database's encoding. Undefined: none, as in a scratch database. */
  readonly keeps?: "any" | "ascii" | undefined;
  /** Columns for texts that are to be added by whoever writes next. */
  readonly lacks?: readonly KeptColumn[];
}

/** Younger than the others: a ledger may lack them, and older versions of this tool do not know them. */
const KEPT_COLUMNS = ["source", "source_down", "source_file"] as const;

type KeptColumn = (typeof KEPT_COLUMNS)[number];

/** How each column is made. */
const DEFINITIONS = {
  version: "text primary key",
  name: "text not null",
  checksum: "text",
  applied_at: "timestamptz not null",
  execution_ms: "bigint",
  applied_by: "text not null",
  tool_version: "text not null",
  state: "text not null check (state in ('applied', 'applying', 'reverting'))",
  statements_done: "integer",
  statements_total: "integer",
} as const;

type Column = keyof typeof DEFINITIONS;

const COLUMNS = Object.keys(DEFINITIONS) as Column[];

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
    hint: "Name the ledger's schema in the environment file: migrations: {table: public.confiture_migrations}",
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

/** How a table that this tool made is told from others. */
export const LEDGER_COMMENT = "Migrations applied by confiture";

function createLedgerSql(ledger: Ledger): string {
  const table = quoteQualified(ledger.schema, ledger.table);
  return `create table ${table} (
  ${COLUMNS.map((column) => `${column} ${DEFINITIONS[column]}`).join(",\n  ")},
  ${KEPT_COLUMNS.map((column) => `${column} text`).join(",\n  ")}
);
comment on table ${table} is ${quoteLiteral(LEDGER_COMMENT)}`;
}

/**
 * All rows, in no particular order; none when the table does not exist yet.
 * @throws ConfitureError `ledger_unusable`, also where two rows are of one version ("1" and "01"), which cannot both be true
 */
export async function readLedger(database: Database, ledger: Ledger): Promise<LedgerRow[]> {
  if (!ledger.exists) return [];
  const [answer] = await queryCatalogue<{ rows: JsonRow[] | null }>(
    database,
    // One document: the driver reads it many times faster than so many rows.
    `select json_agg(json_build_array(${COLUMNS.join(", ")})) as rows
       from ${quoteQualified(ledger.schema, ledger.table)}`,
  ).catch((error: unknown) => {
    throw explainLedgerError(ledger, error);
  });
  const rows = (answer?.rows ?? []).map(
    ([version, name, checksum, appliedAt, executionMs, appliedBy, toolVersion, state, statementsDone, total]) => ({
      version,
      name,
      checksum,
      appliedAt: timeOf(appliedAt),
      executionMs,
      appliedBy,
      toolVersion,
      state,
      statementsDone,
      statementsTotal: total,
    }),
  );
  requireOneEach(ledger, rows);
  return rows;
}

function timeOf(text: string | null): Date | string | null {
  if (text === null) return null;
  const time = new Date(text);
  return Number.isNaN(time.getTime()) ? text : time;
}

function requireOneEach(ledger: Ledger, rows: readonly LedgerRow[]): void {
  const seen = new Map<string, string>();
  for (const { version } of rows) {
    const canonical = canonicalVersion(version);
    const other = seen.get(canonical);
    seen.set(canonical, version);
    if (other !== undefined) throw recordedTwice(ledger, canonical, other, version);
  }
}

/** For two rows of one version, which may be written in two ways: `1` and `001`. */
function recordedTwice(ledger: Ledger, version: string, one: string, other: string): ConfitureError {
  const table = quoteQualified(ledger.schema, ledger.table);
  const which = `version = ${quoteLiteral(other)}`;
  const hint =
    one === other
      ? [
          // Only their places tell such rows apart (https://www.postgresql.org/docs/current/ddl-system-columns.html).
          "Look at the rows:",
          `  SELECT ctid, * FROM ${table} WHERE ${which};`,
          "Keep one of them, for example the youngest, and give the table its primary key back:",
          `  DELETE FROM ${table} WHERE ${which} AND ctid <> (SELECT ctid FROM ${table} WHERE ${which} ORDER BY applied_at DESC LIMIT 1);`,
          `  ALTER TABLE ${table} ADD PRIMARY KEY (version);`,
        ].join("\n")
      : `Look at both rows and delete the wrong one, for example: DELETE FROM ${table} WHERE ${which};`;
  return new ConfitureError(
    "ledger_unusable",
    `The ledger ${table} has version ${one === other ? `${one} twice` : `${version} twice: as ${one} and as ${other}`}`,
    { hint },
  );
}

/** A row of the ledger as JSON, in the order of `COLUMNS`. */
type JsonRow = [
  version: string,
  name: string,
  checksum: string | null,
  appliedAt: string | null,
  executionMs: number | null,
  appliedBy: string,
  toolVersion: string,
  state: LedgerState,
  statementsDone: number | null,
  statementsTotal: number | null,
];

/** The search_path of the session with the system catalogue before it: event triggers may look up names of the user's. */
const CATALOGUE_FIRST =
  "reset search_path; select pg_catalog.set_config('search_path', pg_catalog.btrim(pg_catalog.concat('pg_catalog, ', pg_catalog.current_setting('search_path')), ', '), true)";

/** Creates the table where it does not exist. Nobody else does so at the same time: the caller holds the lock. */
export async function createLedger(database: Database, ledger: Ledger): Promise<Ledger> {
  if (ledger.exists) return (ledger.lacks ?? []).length > 0 ? await addKeptColumns(database, ledger) : ledger;
  await changeLedger(database, ledger, `${CATALOGUE_FIRST}; ${createLedgerSql(ledger)}`);
  return { ...ledger, exists: true };
}

/** Adds the columns for texts to a ledger of an older version, if that can be done at once: they are a help and no need. */
async function addKeptColumns(database: Database, ledger: Ledger): Promise<Ledger> {
  const columns = (ledger.lacks ?? []).map((column) => `add column ${column} text`).join(", ");
  const sql = `set local lock_timeout = '1s'; ${CATALOGUE_FIRST}; alter table ${quoteQualified(ledger.schema, ledger.table)} ${columns}`;
  try {
    await changeLedger(database, ledger, sql);
    return { ...ledger, lacks: [] };
  } catch (error) {
    // Not the owner, a view, or someone reads it for a long time.
    if (error instanceof ConfitureError && ADD_LATER.has(error.server?.sqlstate ?? "")) return ledger;
    throw error;
  }
}

const ADD_LATER: ReadonlySet<string> = new Set(["42501", "42809", "55P03"]);

/** The texts of applied migrations as they were then, by version; those of which nothing is kept are left out. */
export async function readKept(
  database: Database,
  ledger: Ledger,
  versions: readonly string[],
): Promise<ReadonlyMap<string, KeptText>> {
  const columns = keptColumns(ledger);
  if (!ledger.exists || columns.length === 0 || versions.length === 0) return new Map();
  const values = KEPT_COLUMNS.map((column) => `${columns.includes(column) ? column : "null"} as ${column}`);
  const rows = await queryCatalogue<{ version: string } & Readonly<Record<KeptColumn, string | null>>>(
    database,
    `select version, ${values.join(", ")} from ${quoteQualified(ledger.schema, ledger.table)}
      where version in (select json_array_elements_text($1::text::json))`,
    [JSON.stringify(versions)],
  ).catch((error: unknown) => {
    throw explainLedgerError(ledger, error);
  });
  return new Map(
    rows
      .filter((row) => KEPT_COLUMNS.some((column) => row[column] !== null))
      .map(({ version, source, source_down: sourceDown, source_file: file }) => [
        version,
        { file, source, sourceDown },
      ]),
  );
}

function keptColumns({ keeps, lacks = [] }: Ledger): KeptColumn[] {
  return keeps === undefined ? [] : KEPT_COLUMNS.filter((column) => !lacks.includes(column));
}

/** What each of the columns for texts is to hold, as SQL. */
function keptValues(ledger: Ledger, kept: KeptText | undefined): [column: KeptColumn, value: string][] {
  const texts = { source: kept?.source, source_down: kept?.sourceDown, source_file: kept?.file };
  return keptColumns(ledger).map((column) => [column, keptValue(ledger, texts[column])]);
}

/** What the ledger takes of a text: all of it or nothing. */
function keptValue({ keeps }: Ledger, text: string | null | undefined): string {
  // oxlint-disable-next-line no-control-regex
  const fits = text !== null && text !== undefined && (keeps === "any" || /^[\u0001-\u007f]*$/.test(text));
  return fits ? quoteLiteral(text) : "null";
}

/** Says of a failed statement of ours that it was the ledger's, and what to do. */
function explainLedgerError(ledger: Ledger, error: unknown): unknown {
  if (!(error instanceof ConfitureError) || error.server === undefined) return error;
  const name = quoteQualified(ledger.schema, ledger.table);
  if (error.server.sqlstate === NOT_WRITTEN) return notWritten(name, error);
  const hints: Record<string, string> = {
    "42501": `The role needs rights on it: GRANT SELECT, INSERT, UPDATE, DELETE ON ${name} TO the role, and CREATE on the schema for the first run.`,
    "25006": "The database is read-only: a standby, or default_transaction_read_only is on. Connect to the primary.",
    "3F000": `Make its schema first: CREATE SCHEMA "${ledger.schema}"`,
    "42P01": "It was there a moment ago: someone dropped or renamed it. Nothing was recorded since.",
  };
  return error.with({
    code: "ledger_unusable",
    message: `The ledger ${name} cannot be used: ${error.server.message}`,
    hint: ROW_SECURITY.has(error.server.routine ?? "") ? rowSecurity(name) : hints[error.server.sqlstate],
  });
}

/** The functions of PostgreSQL that report rows which row-level security would hide, and rows that it refuses. */
const ROW_SECURITY: ReadonlySet<string> = new Set(["check_enable_rls", "ExecWithCheckOptions"]);

function rowSecurity(name: string): string {
  return [
    "Row-level security on it would hide migrations that are applied. One of these lets the role see all of them:",
    `  ALTER TABLE ${name} DISABLE ROW LEVEL SECURITY;`,
    `  ALTER TABLE ${name} OWNER TO the role; (the owner sees everything, unless the table says FORCE ROW LEVEL SECURITY)`,
    "  ALTER ROLE the role BYPASSRLS; (as a superuser)",
  ].join("\n");
}

/** What a division by zero is called. It is an error that needs no procedural language. */
const NOT_WRITTEN = "22012";

function notWritten(name: string, error: ConfitureError): ConfitureError {
  return error.with({
    code: "ledger_unusable",
    message: `The ledger ${name} did not take a change: its row is not as it was written`,
    hint: `A trigger or a rule on the table suppresses what is written, or changes it. psql shows them: \\d ${name}\nDisable it (ALTER TABLE ${name} DISABLE TRIGGER USER, or DROP RULE) and run the command again.`,
  });
}

/**
 * Before a statement of ours inside the migration's transaction: whatever role and search_path the migration
 * left behind, the ledger is written as the user who connected. It is sent by itself, since the server reads a
 * whole message in one encoding.
 */
const AS_OURSELVES = `set local session authorization default; set local role to default; set local client_encoding = 'UTF8'; ${CATALOGUE_PATH}`;

/** What was put off to COMMIT happens now. */
export const CHECK_DEFERRED = "set constraints all immediate";

/**
 * Changes the ledger inside a transaction that is open and will be committed by the caller.
 * @param before a statement of the migration's, sent along; its failure is thrown as it is
 */
export async function changeLedgerInTransaction(
  database: Database,
  ledger: Ledger,
  sql: string,
  before?: string,
): Promise<void> {
  const entering = database.execute(before === undefined ? AS_OURSELVES : `${before}; ${AS_OURSELVES}`);
  const changing = database.execute(sql);
  await inOrder([
    entering.catch((error: unknown) => {
      const isMigrations = error instanceof ConfitureError && error.server?.completedStatements === 0;
      throw before !== undefined && isMigrations ? error : explainLedgerError(ledger, error);
    }),
    changing.catch((error: unknown) => {
      throw explainLedgerError(ledger, error);
    }),
  ]);
}

/** Changes the ledger in a transaction of its own. */
export async function changeLedger(database: Database, ledger: Ledger, sql: string): Promise<void> {
  try {
    await database.execute(`begin; ${AS_OURSELVES}`);
    await database.execute(`${sql}; commit`);
  } catch (error) {
    if (error instanceof ConfitureError && error.code === "sql_failed") await database.execute("rollback");
    throw explainLedgerError(ledger, error);
  }
}

/**
 * A query that fails unless the row is there, or is not. It is sent along with what wrote it: a trigger or a rule can suppress a
 * statement, which then succeeds. Without an aggregate, which takes the server longer to plan.
 */
function verifySql(ledger: Ledger, rows: 0 | 1, version: string, conditions: readonly string[] = []): string {
  const where = [`version = ${quoteLiteral(version)}`, ...conditions].join(" and ");
  const found = `coalesce((select 1 from ${quoteQualified(ledger.schema, ledger.table)} where ${where}), 0)`;
  return `select 1 / ${rows === 1 ? found : `(1 - ${found})`}`;
}

/**
 * Statements that write a row.
 * @param row.executionMs a SQL expression
 */
export function insertSql(
  ledger: Ledger,
  entry: LedgerEntry,
  toolVersion: string,
  row: {
    readonly state: LedgerState;
    readonly executionMs?: string;
    readonly statementsTotal?: number;
    /** Now and the session's user unless another tool's record says otherwise. */
    readonly appliedAt?: Date;
    readonly appliedBy?: string;
  },
): string {
  const outside = row.state !== "applied";
  const kept = keptValues(ledger, entry.kept);
  const values = [
    quoteLiteral(entry.version),
    quoteLiteral(entry.name),
    entry.checksum === null ? "null" : quoteLiteral(entry.checksum),
    row.appliedAt === undefined ? "clock_timestamp()" : quoteLiteral(row.appliedAt.toISOString()),
    row.executionMs ?? "null",
    row.appliedBy === undefined ? "session_user" : quoteLiteral(row.appliedBy),
    quoteLiteral(toolVersion),
    quoteLiteral(row.state),
    outside ? "0" : "null",
    row.statementsTotal === undefined ? "null" : String(row.statementsTotal),
    ...kept.map(([, value]) => value),
  ];
  // What runs again has a row of the time before.
  const before = isRepeatable(entry.version) ? `${deleteSql(ledger, entry.version)}; ` : "";
  const columns = [...COLUMNS, ...kept.map(([column]) => column)];
  const insert = `insert into ${quoteQualified(ledger.schema, ledger.table)} (${columns.join(", ")}) values (${values.join(", ")})`;
  return `${before}${insert}; ${verifySql(ledger, 1, entry.version, [`state = ${quoteLiteral(row.state)}`])}`;
}

/** Statements that record what a base stands for as applied together with it. */
export function squashedSql(ledger: Ledger, squashed: readonly SquashedMigration[], toolVersion: string): string[] {
  return squashed.map((entry) => insertSql(ledger, entry, toolVersion, { state: "applied", executionMs: "0" }));
}

/** How long the transaction that records it has been going on, in milliseconds. */
export const TRANSACTION_MS = "(extract(epoch from clock_timestamp() - transaction_timestamp()) * 1000)::bigint";

/** Statements that take a row away. */
export function deleteSql(ledger: Ledger, version: string): string {
  const remove = `delete from ${quoteQualified(ledger.schema, ledger.table)} where version = ${quoteLiteral(version)}`;
  return `${remove}; ${verifySql(ledger, 0, version)}`;
}

/** Statements that change the state or progress of one row. */
export function updateSql(
  ledger: Ledger,
  version: string,
  changes: Partial<{
    state: LedgerState;
    statementsDone: number | null;
    statementsTotal: number | null;
    executionMs: number;
    checksum: string | null;
    name: string;
    kept: KeptText | undefined;
    /** It has come to its end now; the row is from its beginning. */
    endsNow: true;
  }>,
): string {
  const columns: Record<string, string | number | null | undefined> = {
    state: changes.state,
    statements_done: changes.statementsDone,
    statements_total: changes.statementsTotal,
    execution_ms: changes.executionMs === undefined ? undefined : Math.round(changes.executionMs),
    checksum: changes.checksum,
    name: changes.name,
  };
  const assignments = Object.entries(columns)
    .filter(([, value]) => value !== undefined)
    .map(([column, value]) => `${column} = ${typeof value === "string" ? quoteLiteral(value) : String(value)}`);
  if (changes.endsNow === true) assignments.push("applied_at = clock_timestamp()");
  if (changes.kept !== undefined) {
    assignments.push(...keptValues(ledger, changes.kept).map(([column, value]) => `${column} = ${value}`));
  }
  const update = `update ${quoteQualified(ledger.schema, ledger.table)} set ${assignments.join(", ")} where version = ${quoteLiteral(version)}`;
  return `${update}; ${verifySql(
    ledger,
    1,
    version,
    VERIFIED.flatMap(([column, change]) => toVerify(column, changes[change])),
  )}`;
}

/** What `up` and `down` go by. */
const VERIFIED = [
  ["state", "state"],
  ["statements_done", "statementsDone"],
  ["checksum", "checksum"],
] as const;

function toVerify(column: string, value: string | number | null | undefined): string[] {
  if (value === undefined) return [];
  return [
    value === null ? `${column} is null` : `${column} = ${typeof value === "string" ? quoteLiteral(value) : value}`,
  ];
}
