import { CATALOGUE_PATH, queryCatalogue } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import { clipName, NAME_BYTES } from "#sql/clip-name.ts";
import { quoteIdentifier, quoteLiteral, quoteQualified } from "#sql/quote.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { Position } from "./key.ts";
import TRIGGERS from "./table-triggers.sql" with { type: "text" };

/** One row of the table of progress, docs/formats.md "Progress of backfills". */
export interface Progress {
  readonly version: string;
  /** "public.users" */
  readonly table: string;
  /** Columns, or `ctid` for pages. */
  readonly key: readonly string[];
  /** The last key that is done; null at the beginning of a pass. */
  readonly position: Position | null;
  /** The greatest key when the pass began; null in an empty table. */
  readonly upper: Position | null;
  /** 0 in the first pass; then the number of the sweep. */
  readonly sweep: number;
  readonly rowsChanged: number;
  /** Of this pass. */
  readonly passChanged: number;
  /** Of this pass. */
  readonly rowsScanned: number;
  /** Null where nobody has counted the table. */
  readonly rowsEstimate: number | null;
  readonly batches: number;
  /** Rows in the next batch. */
  readonly batch: number;
  /** Milliseconds that it should take; null before the first. */
  readonly batchMs: number | null;
  /** What the table's triggers were when it began: fingerprints by name (`table-triggers.ts`). */
  readonly triggers: Readonly<Record<string, string>> | null;
  /** What `migrate throttle` asks for. */
  readonly wantedBatch: number | null;
  readonly wantedPause: number | null;
  /** Who has paused it. */
  readonly pausedBy: string | null;
  /** Why it waits. */
  readonly waits: string | null;
  readonly waitsSince: Date | null;
  readonly waitedMs: number;
  /** The session that works on it, or did. */
  readonly pid: number | null;
  readonly startedAt: Date;
  readonly updatedAt: Date;
  readonly finishedAt: Date | null;
}

/** Column, what it is called here, and how it is made. */
const COLUMNS: readonly (readonly [column: string, key: keyof Progress, definition: string])[] = [
  ["version", "version", "text primary key"],
  ["table_name", "table", "text not null"],
  ["key_columns", "key", "text[] not null"],
  ["position", "position", "text[]"],
  ["upper", "upper", "text[]"],
  ["sweep", "sweep", "integer not null default 0"],
  ["rows_changed", "rowsChanged", "bigint not null default 0"],
  ["pass_changed", "passChanged", "bigint not null default 0"],
  ["rows_scanned", "rowsScanned", "bigint not null default 0"],
  ["rows_estimate", "rowsEstimate", "bigint"],
  ["batches", "batches", "bigint not null default 0"],
  ["batch", "batch", "integer not null"],
  ["batch_ms", "batchMs", "double precision"],
  ["triggers", "triggers", "jsonb"],
  ["wanted_batch", "wantedBatch", "integer"],
  ["wanted_pause", "wantedPause", "integer"],
  ["paused_by", "pausedBy", "text"],
  ["waits", "waits", "text"],
  ["waits_since", "waitsSince", "timestamptz"],
  ["waited_ms", "waitedMs", "bigint not null default 0"],
  ["pid", "pid", "integer"],
  ["started_at", "startedAt", "timestamptz not null default clock_timestamp()"],
  ["updated_at", "updatedAt", "timestamptz not null default clock_timestamp()"],
  ["finished_at", "finishedAt", "timestamptz"],
];

/** The table of progress of a ledger; it stands beside it. PostgreSQL itself would cut the suffix off a long name. */
export function progressTable({ schema, table }: Pick<Ledger, "schema" | "table">): { schema: string; table: string } {
  const suffix = "_progress";
  return { schema, table: clipName(table, NAME_BYTES - suffix.length) + suffix };
}

function nameOf(ledger: Ledger): string {
  const { schema, table } = progressTable(ledger);
  return quoteQualified(schema, table);
}

/** Statements that make the table where it does not exist, for a transaction that writes to the ledger. */
export function createProgressSql(ledger: Ledger): string {
  const columns = COLUMNS.map(([column, , definition]) => `${quoteIdentifier(column)} ${definition}`).join(", ");
  return `create table if not exists ${nameOf(ledger)} (${columns})`;
}

/** What the table says of some migrations, or of all; nothing where there is no table. */
export async function readProgress(database: Database, ledger: Ledger, version?: string): Promise<readonly Progress[]> {
  const { schema, table } = progressTable(ledger);
  const [found] = await queryCatalogue<{ found: boolean }>(
    database,
    "select true as found from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = $1 and c.relname = $2",
    [schema, table],
  );
  if (found === undefined) return [];
  const fields = COLUMNS.map(([column, key]) => `'${key}', ${quoteIdentifier(column)}`).join(", ");
  const where = version === undefined ? "" : ` where version = ${quoteLiteral(version)}`;
  const rows = await queryCatalogue<{ row: Record<string, unknown> }>(
    database,
    `select json_build_object(${fields}) as row from ${nameOf(ledger)}${where}`,
  );
  return rows.map(({ row }) => fromJson(row));
}

function fromJson(row: Record<string, unknown>): Progress {
  const time = (value: unknown): Date | null => (typeof value === "string" ? new Date(value) : null);
  return {
    ...(row as unknown as Progress),
    waitsSince: time(row["waitsSince"]),
    startedAt: time(row["startedAt"]) ?? new Date(0),
    updatedAt: time(row["updatedAt"]) ?? new Date(0),
    finishedAt: time(row["finishedAt"]),
  };
}

/** What somebody has asked for, which holds whatever becomes of a run. */
export type Asked = Pick<Progress, "wantedBatch" | "wantedPause" | "pausedBy">;

/** What is asked for in a row; nothing where there is none, or its backfill is done. Pure. */
export function askedIn(progress: Progress | undefined): Asked {
  if (progress === undefined || progress.finishedAt !== null)
    return { wantedBatch: null, wantedPause: null, pausedBy: null };
  const { wantedBatch, wantedPause, pausedBy } = progress;
  return { wantedBatch, wantedPause, pausedBy };
}

/** Values for columns; `raw` ones are SQL. */
export type ProgressChanges = Partial<Omit<Progress, "version">>;

/** A statement that starts again, whatever is left of an earlier time. */
export function beginProgressSql(
  ledger: Ledger,
  version: string,
  {
    table,
    key,
    upper,
    rowsEstimate,
    batch,
    triggers,
    pid,
    wantedBatch,
    wantedPause,
    pausedBy,
  }: Pick<Progress, "table" | "key" | "upper" | "rowsEstimate" | "batch" | "triggers" | "pid" | keyof Asked>,
): string {
  const values = { version, table, key, upper, rowsEstimate, batch, triggers, pid, wantedBatch, wantedPause, pausedBy };
  const named = COLUMNS.filter(([, name]) => name in values);
  const columns = named.map(([column]) => quoteIdentifier(column)).join(", ");
  const literals = named.map(([, name]) => literal(values[name as keyof typeof values])).join(", ");
  return `delete from ${nameOf(ledger)} where version = ${quoteLiteral(version)}; insert into ${nameOf(ledger)} (${columns}) values (${literals})`;
}

/**
 * A statement that changes a row.
 * @param add numbers to add to what is there
 */
export function changeProgressSql(
  ledger: Ledger,
  version: string,
  changes: ProgressChanges,
  add: Partial<Record<"rowsChanged" | "passChanged" | "rowsScanned" | "batches" | "waitedMs", number>> = {},
): string {
  const sets = COLUMNS.flatMap(([column, key]) => {
    const name = quoteIdentifier(column);
    if (key in add) return [`${name} = ${name} + ${Math.round(add[key as keyof typeof add] ?? 0)}`];
    return key in changes ? [`${name} = ${literal(changes[key as keyof ProgressChanges])}`] : [];
  });
  return `update ${nameOf(ledger)} set ${[...sets, "updated_at = clock_timestamp()"].join(", ")} where version = ${quoteLiteral(version)}`;
}

/** A statement that notes a trigger of a table anew, where the table's backfills have noted it before. */
export function noteTriggerSql(ledger: Ledger, table: number, trigger: string): string {
  const name = quoteLiteral(trigger);
  return `update ${nameOf(ledger)} as p set triggers = jsonb_set(p.triggers, array[${name}], to_jsonb(f.fingerprint))
    from (${TRIGGERS.replaceAll("$1", String(table))}) as f
   where f.name = ${name} and jsonb_exists(p.triggers, ${name}) and to_regclass(p.table_name)::oid = ${table}`;
}

export function deleteProgressSql(ledger: Ledger, version: string): string {
  return `delete from ${nameOf(ledger)} where version = ${quoteLiteral(version)}`;
}

/** Changes a row in a transaction of its own. */
export async function changeProgress(
  database: Database,
  ledger: Ledger,
  version: string,
  changes: ProgressChanges,
  add: Parameters<typeof changeProgressSql>[3] = {},
): Promise<void> {
  await database.execute(`begin; ${CATALOGUE_PATH}; ${changeProgressSql(ledger, version, changes, add)}; commit`);
}

function literal(
  value: string | number | Date | readonly string[] | Readonly<Record<string, string>> | null | undefined,
): string {
  if (value === null || value === undefined) return "null";
  if (value instanceof Date) return quoteLiteral(value.toISOString());
  if (typeof value === "number") return String(value);
  if (typeof value === "string") return quoteLiteral(value);
  if (isList(value)) return `array[${value.map(quoteLiteral).join(", ")}]::text[]`;
  return `${quoteLiteral(JSON.stringify(value))}::jsonb`;
}

function isList(value: object): value is readonly string[] {
  return Array.isArray(value);
}
