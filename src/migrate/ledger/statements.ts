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
 * An expression for a select list, under any search_path, that fails unless a migration is recorded as applied, or is not recorded.
 */
export function isRecorded(ledger: Ledger, version: string, applied: boolean): string {
  const where = `version operator(pg_catalog.=) ${quoteLiteral(version)}${applied ? " and state operator(pg_catalog.=) 'applied'" : ""}`;
  const found = `coalesce((select 1 from ${quoteQualified(ledger.schema, ledger.table)} where ${where}), 0)`;
  return `1 operator(pg_catalog./) ${applied ? found : `(1 operator(pg_catalog.-) ${found})`}`;
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
