import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import { type ApprovedPlan, requireApproved } from "./approved-plan.ts";
import { namedObjects, requireSameObjects } from "./named-objects.ts";
import { askedAmong, refuseHeldContract, refuseUnreached, stillPending, withApproved } from "./asked-contracts.ts";
import { afterthought, endLeftOpen, type LeftOpenBodies } from "./afterthought.ts";
import { type Discovery, requireMigrations, unrecognised } from "./discover.ts";
import { type MigrationFile, migrationId } from "./migration-file.ts";
import { orSameWayUp } from "./edits.ts";
import type { Direction } from "./events.ts";
import { exclusively, type MigrateOptions } from "./exclusive.ts";
import { explainFailure, throwIfInterrupted, wasKept } from "./failure.ts";
import { AllLeftOpen } from "./guest/left-open.ts";
import { createLedger } from "./ledger/change.ts";
import { findLedger } from "./ledger/find.ts";
import type { Ledger } from "./ledger/ledger.ts";
import { invalidAmong, invalidInWay, refuseOverInvalid } from "./invalid-in-way.ts";
import { unitsOf } from "./steps.ts";
import { checkSubscribed } from "./subscribed.ts";
import { beginningsOf } from "./beginnings.ts";
import { backfillOf, bodyOf, type LoadedMigration } from "./body.ts";
import { GentleSignal } from "./gentle-signal.ts";
import { checkContract } from "./contract.ts";
import { notedAgain } from "./contract-back.ts";
import { heldBack, isAskedFor } from "./held.ts";
import type { HistoryEntry } from "./history.ts";
import { claimFill, explainFillFailure, fillHeld, runBackfill } from "./run-fill.ts";
import { loadAll, withRecordedVersions } from "./load-all.ts";
import { lockKey } from "./lock.ts";
import { type Loss, lossesOf } from "./losses.ts";
import { readPlannedDatabase, requireSameDatabase } from "./planned-database.ts";
import { missing, planDown, type PlanDownOptions, planUp, type PlanUpOptions, requireKnown } from "./plan.ts";
import { nothingToResolve } from "./record.ts";
import { refuseRenamedLedger } from "./renamed-ledger.ts";
import { ReadAhead } from "./read-ahead.ts";
import { runMigration } from "./run.ts";
import { inOneTransaction } from "./run-in-transaction.ts";
import type { RunOptions } from "./run-session.ts";
import { readHistory } from "./status.ts";
import { canonicalVersion, compareVersions } from "./version.ts";
import { withWaysBack } from "./ways-back.ts";
import { findUnreadHistory, unreadHistory } from "./unread-history.ts";

export interface MigrationResult {
  readonly migration: MigrationFile;
  readonly direction: Direction;
  /** `unfinished`: a backfill that the next run goes on with, or that another runner works on. */
  readonly outcome: "done" | "failed" | "not-run" | "unfinished";
  /** Milliseconds; only when done. */
  readonly duration?: number;
}

/** What a run did. `error` is what stopped it; the results before it stand. */
export interface RunReport {
  readonly results: readonly MigrationResult[];
  readonly error: ConfitureError | undefined;
  /** What waits for something else than this run. */
  readonly held?: readonly HeldMigration[];
}

/** A migration that is not run for the time being. */
export interface HeldMigration {
  readonly migration: MigrationFile;
  /** Completes "NAME waits: ". */
  readonly why: string;
  /** Whether it is a contract that somebody named. */
  readonly isAskedFor?: boolean;
}

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
  const recognised = requireRecognised(options);
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
  const unread = ledger.exists ? undefined : await findUnreadHistory(database, files, options.projectDir);
  if (unread !== undefined) throw unreadHistory(unread);
  const migrations = await loadAll(files, "up", options);
  if (plan.approved !== undefined && isFirst) {
    const other = requireSameDatabase(plan.approved.database, await readPlannedDatabase(database, options));
    if (other !== undefined) options.onEvent?.({ type: "planned-elsewhere", message: other });
    requireApproved(plan.approved, history, migrations);
    requireSameObjects(plan.approved.named, await namedObjects(migrations, database));
  }
  if (plan.singleTransaction === true) migrations.forEach(requireTransactional);
  const held = heldWithin(history, plan);
  if (migrations.length === 0) return { results: [], error: undefined, held, isOver: true };
  if (plan.permit !== undefined) {
    plan.permit(await lossesOf(migrations, await beginningsOf(history, migrations, options), database));
  }
  const created = await createLedger(database, ledger);
  if (plan.singleTransaction === true) {
    return { ...(await runTogether(database, created, migrations, options)), held, isOver: true };
  }
  const round = await runAll(database, created, migrations, "up", options, { fills: how, untilFill: true, history });
  return { ...round, held, asked: askedAmong(files, history, plan.contracts) };
}

/** What waits, of all that this run was asked for. */
export function heldWithin(history: readonly HistoryEntry[], plan: PlanUpOptions): HeldMigration[] {
  const to = plan.to === undefined ? undefined : requireKnown(history, plan.to).version;
  return [...heldBack(history, plan).values()].flatMap(({ entry, why }) => {
    const { file, version } = entry;
    if (file === undefined || (to !== undefined && compareVersions(version, to) > 0)) return [];
    return [{ migration: file, why, isAskedFor: isAskedFor(entry, plan.contracts ?? []) }];
  });
}

/** @throws ConfitureError `migrations_unrecognised` for a folder in which nothing is taken for a migration, though something could be one */
function requireRecognised(options: MigrateOptions): Discovery {
  const found = requireMigrations(options);
  const { layout, base, migrations, ignored } = found;
  if (ignored.length === 0) return found;
  if (migrations.length === 0 && base === undefined) throw unrecognised(options.dir, layout, ignored);
  options.onEvent?.({ type: "ignored", ignored });
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
      if (file === undefined) throw missing(row);
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

export function runOptionsOf(options: MigrateOptions, ledger: Ledger): RunOptions {
  return { ...options, ledger, lockKey: lockKey(ledger), requireStatement: true };
}

/** What backfills of a run go by. */
interface FillLimits {
  readonly deadline: number | undefined;
  readonly gentle: GentleSignal;
}

async function runAll(
  database: Database,
  ledger: Ledger,
  migrations: readonly LoadedMigration[],
  direction: Direction,
  options: MigrateOptions,
  how: {
    /** Statements that an earlier run has done, of the one migration. */
    readonly doneBefore?: number;
    /** Runs backfills in batches. */
    readonly fills?: FillLimits;
    /** What contracts are checked against. */
    readonly history?: readonly HistoryEntry[];
    /** Stops behind a backfill, since others may have done something meanwhile. */
    readonly untilFill?: boolean;
  } = {},
): Promise<RunReport & { readonly isOver: boolean }> {
  using leftOpen: LeftOpenBodies = new AllLeftOpen();
  const runOptions = { ...runOptionsOf(options, ledger), leftOpen };
  const results: MigrationResult[] = [];
  const notRun = (from: number): MigrationResult[] =>
    migrations.slice(from).map(({ file }) => ({ migration: file, direction, outcome: "not-run" }));
  options.onEvent?.({ type: "planned", migrations: migrations.map(({ file }) => file) });
  for (const [index, migration] of migrations.entries()) {
    const { file } = migration;
    const late = await afterthought(leftOpen, true);
    if (late !== undefined) return { results: [...results, ...notRun(index)], error: late, isOver: true };
    if (how.fills?.deadline !== undefined && performance.now() >= how.fills.deadline) {
      return { results: [...results, ...notRun(index)], error: await endLeftOpen(leftOpen, options), isOver: true };
    }
    const isFill = how.fills !== undefined && direction === "up" && backfillOf(migration.up) !== undefined;
    try {
      throwIfInterrupted(options.signal);
      options.onEvent?.({ type: "started", direction, migration: file });
      const started = performance.now();
      if (isFill) {
        const outcome = await fillGently(database, migration, runOptions, options, how.fills);
        if (outcome.outcome !== "done") {
          const result = { migration: file, direction, outcome: "unfinished" } as const;
          const isElsewhere = outcome.outcome === "elsewhere";
          const left = await endLeftOpen(leftOpen, options);
          const isRefused = isElsewhere && options.lockWait === 0;
          const error = isRefused ? fillHeld(file.version, outcome.holder, WHILE_OTHERS_FILL) : left;
          return isElsewhere && !isRefused
            ? { results: [...results, result], error, isOver: false }
            : { results: [...results, result, ...notRun(index + 1)], error, isOver: true };
        }
      } else {
        if (direction === "up" && how.history !== undefined) {
          await checkContract(database, options.projectDir, how.history, migration, runOptions);
          await checkSubscribed(database, migration, runOptions);
        }
        const alsoRecord = direction === "down" ? await notedAgain(database, migration, runOptions) : undefined;
        await runMigration(database, migration, direction, { ...runOptions, alsoRecord }, how.doneBefore);
      }
      const duration = performance.now() - started;
      options.onEvent?.({ type: "finished", direction, migration: file, duration });
      results.push({ migration: file, direction, outcome: "done", duration });
      if (isFill && how.untilFill === true) {
        return { results, error: await endLeftOpen(leftOpen, options), isOver: false };
      }
    } catch (cause) {
      const error = isFill
        ? explainFillFailure(cause, file)
        : await explainFailure(cause, migration, direction, options, database);
      const outcome = wasKept(error) ? "done" : "failed";
      return {
        results: [...results, { migration: file, direction, outcome }, ...notRun(index + 1)],
        error,
        isOver: true,
      };
    }
  }
  return { results, error: await endLeftOpen(leftOpen, options), isOver: true };
}

const WHILE_OTHERS_FILL =
  "What comes behind it waits for its end. `confiture migrate status` shows how far it is; without --no-wait, `confiture migrate up` runs what does not wait for it.";

/** A backfill whose batch under way comes to its end when the command is interrupted. */
async function fillGently(
  database: Database,
  migration: LoadedMigration,
  runOptions: RunOptions,
  options: MigrateOptions,
  { deadline, gentle }: FillLimits,
): Promise<Awaited<ReturnType<typeof runBackfill>>> {
  const body = bodyOf(migration, "up");
  if (body.kind !== "sql") throw new Error("a backfill that is no SQL");
  gentle.hold();
  const end = await runBackfill(database, migration, body, runOptions, {
    throttle: options.throttle ?? {},
    lockWait: options.lockWait,
    deadline,
    soft: gentle.asked,
    onEvent: options.onEvent,
  }).finally(() => gentle.letGo());
  if (end.outcome !== "unfinished" || end.why === "deadline") return end;
  throw new ConfitureError("interrupted", `Interrupted during backfill ${migrationId(migration.file)}`, {
    hint: "The batch that was running was completed and recorded. `confiture migrate up` goes on behind it.",
  });
}

/** @throws ConfitureError `migration_not_transactional` */
function requireTransactional(migration: LoadedMigration): void {
  const { file } = migration;
  const body = bodyOf(migration, "up");
  const hasOwn = body.kind === "sql" && body.opening !== undefined;
  const isFill = backfillOf(body) !== undefined;
  const isContract = body.kind === "sql" && body.marks?.phase === "contract";
  if (body.transactional && !hasOwn && !isFill && !isContract) return;
  throw new ConfitureError(
    "migration_not_transactional",
    hasOwn
      ? `${file.path} says how its transaction is to be, so it cannot share one`
      : isFill
        ? `${file.path} is a backfill, whose batches have transactions of their own`
        : isContract
          ? `${file.path} is a contract, before which what is committed is checked`
          : `${file.path} runs outside a transaction, so it cannot share one`,
    { location: { file: file.path }, hint: "Leave --single-transaction out, or stop before it with --to." },
  );
}

/** All in one transaction. What is shown as done is committed. */
async function runTogether(
  database: Database,
  ledger: Ledger,
  migrations: readonly LoadedMigration[],
  options: MigrateOptions,
): Promise<RunReport> {
  const direction: Direction = "up";
  const durations: number[] = [];
  let current = migrations[0]!;
  options.onEvent?.({ type: "planned", migrations: migrations.map(({ file }) => file) });
  using leftOpen: LeftOpenBodies = new AllLeftOpen();
  try {
    for (const migration of migrations) {
      current = migration;
      await checkSubscribed(database, migration, runOptionsOf(options, ledger));
    }
    await inOneTransaction(database, { ...runOptionsOf(options, ledger), leftOpen }, async (transaction) => {
      for (const migration of migrations) {
        current = migration;
        throwIfInterrupted(options.signal);
        options.onEvent?.({ type: "started", direction, migration: migration.file });
        const started = performance.now();
        if (migration.up.kind === "sql") {
          await refuseOverInvalid(database, migration.up.script, migration.up.script.statements);
        }
        await transaction.run(migration);
        durations.push(performance.now() - started);
      }
      const late = await afterthought(leftOpen, false);
      if (late !== undefined) throw late;
      return current;
    });
  } catch (cause) {
    const error = await explainFailure(cause, current, direction, options, database);
    const results = migrations.map(({ file }) => ({
      migration: file,
      direction,
      outcome: wasKept(error) ? ("done" as const) : file === current.file ? ("failed" as const) : ("not-run" as const),
    }));
    return { results, error };
  }
  const results = migrations.map(({ file }, index) => {
    const duration = durations[index] ?? 0;
    options.onEvent?.({ type: "finished", direction, migration: file, duration });
    return { migration: file, direction, outcome: "done" as const, duration };
  });
  return { results, error: await endLeftOpen(leftOpen, options) };
}
