import type { Database } from "#database/database.ts";
import { type ApprovedPlan, requireApproved } from "./approval/approved-plan.ts";
import { requireSameObjects } from "./approval/named-objects.ts";
import {
  askedAmong,
  refuseHeldContract,
  refuseUnreached,
  stillPending,
  withApproved,
} from "./phases/asked-contracts.ts";
import { type Discovery, requireMigrations, requireRecognised } from "./files/discover.ts";
import type { MigrationFile } from "./files/migration-file.ts";
import { orSameWayUp } from "./files/edits.ts";
import { exclusively, type MigrateOptions } from "./exclusive.ts";
import { createLedger } from "./ledger/change.ts";
import { findLedger } from "./ledger/find.ts";
import type { Ledger } from "./ledger/ledger.ts";
import { invalidAmong, invalidInWay } from "./run/invalid-in-way.ts";
import { unitsOf } from "./run/steps.ts";
import { beginningsOf } from "./beginnings.ts";
import { bodyOf } from "./files/body.ts";
import { GentleSignal } from "./run/gentle-signal.ts";
import { refuseHiddenFills } from "./fill/hidden.ts";
import { claimFill } from "./fill/run-fill.ts";
import { loadAll, withRecordedVersions } from "./files/load-all.ts";
import { type Loss, lossesOf } from "./warnings/losses.ts";
import { readPlannedDatabase, requireSameDatabase } from "./approval/planned-database.ts";
import { missing, planDown, type PlanDownOptions, planUp, type PlanUpOptions, requireKnown } from "./plan.ts";
import { nothingToResolve } from "./record.ts";
import { refuseRenamedLedger } from "./renamed-ledger.ts";
import { ReadAhead } from "./files/read-ahead.ts";
import { readHistory } from "./status.ts";
import { canonicalVersion } from "./files/version.ts";
import { withWaysBack } from "./ways-back.ts";
import { requireSchemaOfTool } from "./import/tool-settings.ts";
import { findUnreadHistory, unreadHistory } from "./import/unread-history.ts";
import type { MigrationResult, RunReport } from "./run/report.ts";
import { heldWithin } from "./phases/held-migrations.ts";
import { type FillLimits, runAll } from "./run/in-order.ts";
import { requireTransactional, runTogether } from "./run/together.ts";

export interface UpOptions extends PlanUpOptions {
  /** All of them in one transaction: all or none. */
  readonly singleTransaction?: boolean | undefined;
  /** Nothing but this may be run. */
  readonly approved?: ApprovedPlan | undefined;
  /** Told what will be lost, under the lock and before the first migration runs; stops the run by throwing. */
  readonly permit?: ((losses: readonly Loss[]) => void) | undefined;
  /** Milliseconds behind which no migration and no batch of a backfill begins. */
  readonly timeLimit?: number | undefined;
}

/**
 * Applies what is pending. Everything that can be checked is checked before the first migration runs.
 * @throws ConfitureError when nothing was run; a failure on the way is in the report
 */
export async function up(options: MigrateOptions, plan: UpOptions): Promise<RunReport> {
  // Files that are wrong in themselves are reported without a connection.
  const recognised = discoverToRun(options);
  const deadline = plan.timeLimit === undefined ? undefined : performance.now() + plan.timeLimit;
  using gentle = new GentleSignal(options.signal);
  using ahead = new ReadAhead(options.projectDir, recognised);
  const onEvent: MigrateOptions["onEvent"] = (event) => {
    // Somebody may change files in the meantime.
    if (event.type.startsWith("waiting-")) ahead.forget();
    options.onEvent?.(event);
  };
  const gently = { ...options, signal: gentle.signal, onEvent };
  return await exclusively(gently, async (database, ledger) => {
    const busy = new Set<string>();
    const results: MigrationResult[] = [];
    for (;;) {
      // After a backfill others may have applied something: everything is looked at anew.
      const found = results.length === 0 ? ledger : { ...(await findLedger(database, options.table)) };
      const done = results.filter(({ outcome }) => outcome === "done").length;
      const steps = plan.steps === undefined ? undefined : plan.steps - done;
      const round = await upRound(
        database,
        found,
        gently,
        { ...plan, steps, busy },
        { deadline, gentle, isFirst: results.length === 0 },
        ahead,
      );
      // The next round looks at the files as they are then.
      ahead.forget();
      results.push(...round.results);
      for (const { migration, outcome } of round.results) {
        if (outcome === "unfinished") busy.add(canonicalVersion(migration.version));
      }
      if (!round.isOver && round.error === undefined) continue;
      const isDone = round.results.length > 0 && round.results.every(({ outcome }) => outcome === "done");
      // What has run may have been all that something waited for.
      const held =
        isDone && round.error === undefined && (round.held ?? []).length > 0
          ? heldWithin(await readHistory(database, await findLedger(database, options.table), gently, ahead), {
              ...plan,
              busy,
            })
          : (round.held ?? []);
      const error = round.error ?? refuseHeldContract(held, plan.contracts) ?? refuseUnreached(round.asked, results);
      return { results, error, held };
    }
  });
}

/** One look at what there is to do, and what was done. */
interface Round extends RunReport {
  readonly isOver: boolean;
  /** Contracts that were asked for and that nothing but time keeps from running. */
  readonly asked?: readonly MigrationFile[];
}

/** Applies what can be applied up to the end of the first backfill. */
async function upRound(
  database: Database,
  ledger: Ledger,
  options: MigrateOptions,
  asked: UpOptions,
  { isFirst, ...how }: FillLimits & { readonly isFirst: boolean },
  ahead: ReadAhead,
): Promise<Round> {
  const history = await readHistory(database, ledger, options, ahead);
  const plan = { ...asked, contracts: withApproved(history, asked) };
  if (!ledger.exists) await refuseRenamedLedger(database, ledger, history, options.projectDir);
  const files = await orSameWayUp(database, ledger, options.projectDir, history, () =>
    planUp(history, { ...plan, contracts: stillPending(history, plan.contracts, isFirst ? options : undefined) }),
  );
  const unread = ledger.exists ? undefined : await findUnreadHistory(database, files, options.projectDir, ledger);
  if (unread !== undefined) throw unreadHistory(unread);
  const [next] = files;
  if (next !== undefined && isFirst) await requireSchemaOfTool(database, options.projectDir, next.layout);
  const migrations = await loadAll(files, "up", options);
  if (plan.approved !== undefined && isFirst) {
    const other = requireSameDatabase(plan.approved.database, await readPlannedDatabase(database, options));
    if (other !== undefined) options.onEvent?.({ type: "planned-elsewhere", message: other });
    requireApproved(plan.approved, history, migrations);
    await requireSameObjects(plan.approved.named, migrations, database);
  }
  if (plan.singleTransaction === true) migrations.forEach(requireTransactional);
  const held = heldWithin(history, plan);
  if (migrations.length === 0) return { results: [], error: undefined, held, isOver: true };
  if (plan.permit !== undefined) {
    plan.permit(await lossesOf(migrations, await beginningsOf(history, migrations, options), database));
  }
  if (isFirst) await refuseHiddenFills(database, migrations);
  const created = await createLedger(database, ledger);
  if (plan.singleTransaction === true) {
    return { ...(await runTogether(database, created, migrations, options)), held, isOver: true };
  }
  const round = await runAll(database, created, migrations, "up", options, { fills: how, untilFill: true, history });
  return { ...round, held, asked: askedAmong(files, history, plan.contracts) };
}

/** What is no migration is told. */
function discoverToRun(options: MigrateOptions): Discovery {
  const found = requireRecognised(options);
  if (found.ignored.length > 0) options.onEvent?.({ type: "ignored", ignored: found.ignored });
  return found;
}

/**
 * Rolls migrations back, newest first.
 * @throws ConfitureError when nothing was run; a failure on the way is in the report
 */
export async function down(options: MigrateOptions, plan: PlanDownOptions): Promise<RunReport> {
  const { layout } = requireMigrations(options);
  return await exclusively(options, async (database, ledger) => {
    const history = await readHistory(database, ledger, options);
    return await withWaysBack({ database, ledger, history, layout }, options, plan, async (migrations, rows) => {
      for (const { state, version } of rows) if (state === "applying") await claimFill(database, ledger, version);
      return await runAll(database, ledger, migrations, "down", options);
    });
  });
}

/** Rolls the last migrations back and applies them again, under one lock. */
export async function redo(options: MigrateOptions, steps: number): Promise<RunReport> {
  requireMigrations(options);
  return await exclusively(options, async (database, ledger) => {
    const history = await readHistory(database, ledger, options);
    const applied = await orSameWayUp(database, ledger, options.projectDir, history, () =>
      planDown(history, { steps }),
    );
    const files = applied.map(({ file, row }) => {
      if (file === undefined) throw missing(history.find((entry) => entry.row === row) ?? row, history);
      return file;
    });
    const loaded = await loadAll(files, "down", options);
    const migrations = withRecordedVersions(loaded, applied);
    const undone = await runAll(database, ledger, migrations, "down", options);
    if (undone.error !== undefined) return undone;
    using gentle = new GentleSignal(options.signal);
    const fills = { deadline: undefined, gentle };
    const redone = await runAll(database, ledger, loaded.toReversed(), "up", options, { fills, history });
    return { results: [...undone.results, ...redone.results], error: redone.error };
  });
}

/**
 * Goes on with a migration that stopped half way outside a transaction, from the statement after the last one
 * that was counted.
 * @param skip leaves that statement out: it was done, though the runner ended before it could count it
 * @throws ConfitureError `migration_unknown` when it did not stop, or has no file
 */
export async function resume(options: MigrateOptions, version: string, skip: boolean): Promise<RunReport> {
  return await exclusively(options, async (database, ledger) => {
    const entry = requireKnown(await readHistory(database, ledger, options), version);
    const { file, row } = entry;
    if (entry.standing !== "stopped" || file === undefined || row === undefined) {
      throw nothingToResolve(entry, file === undefined ? "its file is not here" : "it did not stop half way");
    }
    const direction = row.state === "applying" ? "up" : "down";
    const loaded = await loadAll([file], direction, options);
    const [migration] = withRecordedVersions(loaded, [{ row }]);
    if (migration === undefined || bodyOf(migration, direction).transactional) {
      throw nothingToResolve(entry, "its file runs in a transaction now; say --applied or --rolled-back");
    }
    const done = row.statementsDone ?? 0;
    if (skip && done === row.statementsTotal) throw nothingToResolve(entry, "every statement of it is done already");
    const doneBefore = done + (skip ? 1 : 0);
    if (direction === "up" && migration.up.kind === "sql") {
      const taken = unitsOf(migration.up.script).slice(0, doneBefore).flat();
      const invalid = await invalidAmong(database, taken);
      if (invalid.length > 0) throw invalidInWay(invalid, "the statement that makes it is not done");
    }
    return await runAll(database, ledger, [migration], direction, options, { doneBefore });
  });
}
