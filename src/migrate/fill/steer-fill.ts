import { ConfitureError } from "#errors/error.ts";
import type { MigrateOptions } from "../exclusive.ts";
import { FIRST } from "./batch-size.ts";
import {
  beginProgressSql,
  changeProgress,
  createProgressSql,
  type Progress,
  type ProgressChanges,
  readProgress,
} from "./progress.ts";
import { WAITING } from "../phases/held.ts";
import type { HistoryEntry } from "../history.ts";
import { migrationId } from "../files/migration-file.ts";
import { requireKnown } from "../plan.ts";
import { changeLedger } from "../ledger/change.ts";
import { quoteQualified } from "#sql/quote.ts";
import { withHistory } from "../status.ts";

/** What somebody wants of a backfill. */
export type Steering =
  | { readonly kind: "pause" }
  | { readonly kind: "resume" }
  /** `null` gives back what the migration says; undefined leaves it. Rows, and milliseconds. */
  | { readonly kind: "throttle"; readonly batch: number | null | undefined; readonly pause: number | null | undefined };

/** A backfill that was told, and how it stands now. */
export interface Steered {
  readonly entry: HistoryEntry;
  readonly progress: Progress;
}

/**
 * Tells a backfill what to do, from anywhere: it reads that from its row of progress before each batch. Takes no lock.
 * @param version the backfill; the only one that has begun when undefined
 * @throws ConfitureError `migration_unknown` for what is no backfill, or is done
 */
export async function steerFill(
  options: MigrateOptions,
  version: string | undefined,
  steering: Steering,
): Promise<Steered> {
  return await withHistory(options, async ({ database, ledger, history }) => {
    const begun = history.filter(({ standing }) => standing === "filling");
    const waiting = history.filter(({ standing, marks }) => marks?.backfill !== undefined && WAITING.has(standing));
    // One that stopped in its first batch counts as not begun.
    const filling = begun.length > 0 ? begun : waiting;
    const entry = version === undefined ? filling[0] : requireKnown(history, version);
    if (entry === undefined || database === undefined || (version === undefined && filling.length > 1)) {
      throw new ConfitureError(
        "migration_unknown",
        filling.length > 1 ? "There are several backfills" : "No backfill has begun or is to be run",
        {
          hint:
            filling.length > 1
              ? `Say which: ${filling.map((one) => one.version).join(", ")}`
              : "`confiture migrate status` shows how each migration stands.",
        },
      );
    }
    const recorded = entry.row?.version ?? entry.version;
    const isWaiting = waiting.includes(entry);
    if (isWaiting && entry.standing !== "filling") await expectFill(entry, recorded);
    const [before] = isWaiting ? await readProgress(database, ledger, recorded) : [];
    if (before === undefined) {
      throw new ConfitureError("migration_unknown", `${migrationId(entry)} is no backfill, or is done`, {
        hint: "`confiture migrate status` shows how each migration stands.",
      });
    }
    const changes = await changesOf();
    await changeProgress(database, ledger, recorded, changes);
    return { entry, progress: { ...before, ...changes } };

    /** A row for one that has not begun, which it finds when it does. */
    async function expectFill({ marks }: HistoryEntry, expected: string): Promise<void> {
      const [known] = await readProgress(database!, ledger, expected);
      if (known !== undefined && known.finishedAt === null) return;
      const { schema, name } = marks!.backfill!.table;
      const row = { table: quoteQualified(schema, name), key: [], upper: null, rowsEstimate: null, batch: FIRST };
      const asked = { wantedBatch: null, wantedPause: null, pausedBy: null };
      const begin = beginProgressSql(ledger, expected, { ...row, ...asked, triggers: null, pid: null });
      await changeLedger(database!, ledger, [createProgressSql(ledger), begin].join("; "));
    }

    async function changesOf(): Promise<ProgressChanges> {
      if (steering.kind === "resume") return { pausedBy: null };
      if (steering.kind === "throttle") {
        return {
          ...(steering.batch === undefined ? {} : { wantedBatch: steering.batch }),
          ...(steering.pause === undefined ? {} : { wantedPause: steering.pause }),
        };
      }
      const [who] = await database!.query<{ name: string }>(
        "select pg_catalog.concat(session_user, '@' operator(pg_catalog.||) pg_catalog.host(pg_catalog.inet_client_addr())) as name",
      );
      return { pausedBy: who?.name ?? "somebody" };
    }
  });
}
