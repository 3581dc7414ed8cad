import { isRepeatable } from "../files/version.ts";
import type { SquashedMigration } from "../files/migration-file.ts";
import { quoteLiteral, quoteQualified } from "#sql/quote.ts";
import {
  COLUMNS,
  type KeptColumn,
  keptColumns,
  type KeptText,
  type Ledger,
  type LedgerEntry,
  type LedgerState,
} from "./ledger.ts";

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

/** What a row says, by its columns. */
type Said = Readonly<Record<string, string | number | null>>;

/**
 * An expression for a select list, under any search_path, that fails unless the row of a migration says this; without `said`, unless there is
 * none. Without an aggregate, which takes the server longer to plan.
 */
export function isRecorded(ledger: Ledger, version: string, said: Said | undefined): string {
  const where = Object.entries({ version, ...said }).map(([column, value]) =>
    value === null
      ? `${column} is null`
      : `${column} operator(pg_catalog.=) ${typeof value === "string" ? quoteLiteral(value) : value}`,
  );
  const found = `coalesce((select 1 from ${quoteQualified(ledger.schema, ledger.table)} where ${where.join(" and ")}), 0)`;
  return `1 operator(pg_catalog./) ${said === undefined ? `(1 operator(pg_catalog.-) ${found})` : found}`;
}

/** Sent along with what wrote the row: a trigger or a rule can suppress a statement, which then succeeds. */
function verifySql(ledger: Ledger, version: string, said: Said | undefined): string {
  return `select ${isRecorded(ledger, version, said)}`;
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
  const former = entry.replaces ?? (isRepeatable(entry.version) ? entry.version : undefined);
  const before = former === undefined ? "" : `${deleteSql(ledger, former)}; `;
  const columns = [...COLUMNS, ...kept.map(([column]) => column)];
  const insert = `insert into ${quoteQualified(ledger.schema, ledger.table)} (${columns.join(", ")}) values (${values.join(", ")})`;
  return `${before}${insert}; ${verifySql(ledger, entry.version, { state: row.state })}`;
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
  return `${remove}; ${verifySql(ledger, version, undefined)}`;
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
  const said = VERIFIED.flatMap(([column, change]) => {
    const value = changes[change];
    return value === undefined ? [] : [[column, value] as const];
  });
  return `${update}; ${verifySql(ledger, version, Object.fromEntries(said))}`;
}

/** What `up` and `down` go by. */
const VERIFIED = [
  ["state", "state"],
  ["statements_done", "statementsDone"],
  ["checksum", "checksum"],
] as const;
