import { queryCatalogue } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import { canonicalVersion } from "../files/version.ts";
import { explainLedgerError } from "./explain.ts";
import {
  COLUMNS,
  KEPT_COLUMNS,
  type KeptColumn,
  keptColumns,
  type KeptText,
  type Ledger,
  type LedgerRow,
  type LedgerState,
} from "./ledger.ts";
import { quoteLiteral, quoteQualified } from "#sql/quote.ts";

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
