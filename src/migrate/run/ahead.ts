import type { Database } from "#database/database.ts";
import { waitsForStandbys } from "#database/standbys.ts";
import type { Direction } from "../events.ts";
import { backfillOf, type LoadedMigration } from "../files/body.ts";
import { isRecorded } from "../ledger/statements.ts";
import { isSentWhole, ledgerChange, sendBeginning, sendWhole, type Sent } from "./in-transaction.ts";
import { mayPassOverInvalid } from "./invalid-in-way.ts";
import { withOwnSettings } from "./run.ts";
import { maySetSequences } from "./sequence-places.ts";
import { noteSettings, type RunOptions } from "./session.ts";

/** A migration that was sent, or begun, while the one before it was still running. */
export interface SentAhead {
  readonly migration: LoadedMigration;
  readonly sent: Sent;
}

/**
 * Sends a migration behind the one that runs, so that the server does not wait for us between them. Nothing of it runs unless the one
 * before is recorded: a failure leaves that one's transaction open, in which the server runs nothing more, and its first statement looks into
 * the ledger, since a failure of COMMIT leaves none open. Of TypeScript, only the beginning of its transaction is sent, which the caller
 * rolls back after a failure of the one before.
 * @returns undefined where something has to be looked at before it runs
 */
export function sendAhead(
  database: Database,
  running: LoadedMigration,
  next: LoadedMigration,
  direction: Direction,
  options: RunOptions,
): SentAhead | undefined {
  if (database.engine !== "server" || options.signal?.aborted === true) return undefined;
  // An interruption ends that wait, and nothing else: the server would go on with the next migration.
  if (waitsForStandbys(database)) return undefined;
  const before = running[direction];
  const body = next[direction];
  if (before === undefined || before.kind === "refused" || !before.transactional) return undefined;
  if (body === undefined || body.kind === "refused" || !body.transactional) return undefined;
  // Where sequences are is to be seen before.
  if (maySetSequences(next, direction)) return undefined;
  if (body.kind === "typescript") {
    noteSettings(database, next);
    const beginning = sendBeginning(database, body, options);
    // A failure of the one before fails it as well.
    beginning.catch(() => {});
    return { migration: next, sent: { beginning, change: ledgerChange(next, direction, options) } };
  }
  if (!isSentWhole(body, options)) return undefined;
  // Backfills run in batches; an expand or a contract is checked against the database before it begins.
  if (backfillOf(before) !== undefined || next.up.kind !== "sql" || next.up.marks?.phase !== undefined)
    return undefined;
  if (backfillOf(next.up) !== undefined || body.opening !== undefined) return undefined;
  if (direction === "up" && body.script.statements.some(mayPassOverInvalid)) return undefined;
  noteSettings(database, next);
  const guard = isRecorded(options.ledger, running.file.version, direction === "up" ? { state: "applied" } : undefined);
  const outcome = sendWhole(database, next, direction, body, withOwnSettings(body, options), guard);
  // Nobody waits for it where the one before fails.
  outcome.catch(() => {});
  return { migration: next, sent: { whole: outcome } };
}
