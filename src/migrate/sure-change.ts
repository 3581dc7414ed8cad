import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import { exclusively, type MigrateOptions } from "./exclusive.ts";
import { changeLedger } from "./ledger/change.ts";
import type { Ledger, LedgerRow } from "./ledger/ledger.ts";
import { readLedger } from "./ledger/read.ts";
import { canonicalVersion } from "./files/version.ts";

/** A change to the ledger, and how to see afterwards whether it was made. */
export interface SureChange {
  readonly sql: string;
  /** @param row of a version, as the ledger has it now */
  readonly isMade: (row: (version: string) => LedgerRow | undefined) => boolean;
}

/**
 * Changes the ledger. When the connection is lost over it, perhaps with the COMMIT on its way, the ledger is read again over
 * a new one and the error says what it says: `data.kept` tells whether the change was made.
 * @throws ConfitureError `connection_lost`, `ledger_unusable`
 */
export async function changeLedgerSurely(
  options: MigrateOptions,
  database: Database,
  ledger: Ledger,
  change: SureChange,
): Promise<void> {
  try {
    await changeLedger(database, ledger, change.sql);
  } catch (error) {
    throw error instanceof ConfitureError && error.code === "connection_lost"
      ? await tellTruth(error, options, change)
      : error;
  }
}

async function tellTruth(
  lost: ConfitureError,
  options: MigrateOptions,
  { isMade }: SureChange,
): Promise<ConfitureError> {
  try {
    // The old session holds the lock for as long as it works, so whoever gets the lock sees its final state.
    const kept = await exclusively({ ...options, signal: undefined }, async (database, ledger) => {
      const rows = ledger.exists ? await readLedger(database, ledger) : [];
      const byVersion = new Map(rows.map((row) => [canonicalVersion(row.version), row]));
      return isMade((version) => byVersion.get(canonicalVersion(version)));
    });
    const truth = kept
      ? "The change was committed: the ledger has it."
      : "The change was rolled back: the ledger is as it was. Run the command again.";
    return lost.with({
      hint: `The ledger was read again over a new connection. ${truth}`,
      data: { ...lost.data, kept },
    });
  } catch (cause) {
    if (!(cause instanceof ConfitureError)) throw cause;
    return lost.with({
      hint: `Whether the change to the ledger was committed is not known: ${cause.message}. \`confiture migrate status\` tells when the server is back.`,
    });
  }
}
