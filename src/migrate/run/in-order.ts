import type { Database } from "#database/database.ts";
import { rollback } from "#database/rollback.ts";
import type { Sequence } from "#database/sequences.ts";
import { ConfitureError } from "#errors/error.ts";
import { afterthought, endLeftOpen, type LeftOpenBodies } from "../files/afterthought.ts";
import { migrationId } from "../files/migration-file.ts";
import type { Direction } from "../events.ts";
import type { MigrateOptions } from "../exclusive.ts";
import { explainFailure, throwIfInterrupted, wasKept } from "./failure.ts";
import { AllLeftOpen } from "../guest/left-open.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { tellRecreated } from "../warnings/recreated.ts";
import { checkSubscribed } from "../warnings/subscribed.ts";
import { backfillOf, bodyOf, type LoadedMigration } from "../files/body.ts";
import type { GentleSignal } from "./gentle-signal.ts";
import { checkContract } from "../phases/contract.ts";
import { notedAgain } from "../phases/contract-back.ts";
import type { HistoryEntry } from "../history.ts";
import { explainFillFailure, fillHeld, runBackfill } from "../fill/run-fill.ts";
import { type SentAhead, sendAhead } from "./ahead.ts";
import { runMigration } from "./run.ts";
import { placesBefore, withMovedSince } from "./sequence-places.ts";
import { type RunOptions, runOptionsOf } from "./session.ts";
import type { MigrationResult, RunReport } from "./report.ts";

/** What backfills of a run go by. */
export interface FillLimits {
  readonly deadline: number | undefined;
  readonly gentle: GentleSignal;
}

/** What is on its way. */
class Flight {
  ahead: SentAhead | undefined;

  take(): SentAhead | undefined {
    const { ahead } = this;
    this.ahead = undefined;
    return ahead;
  }
}

/** Runs migrations one behind the other, until one fails, or the time is over. What is not run is in the report as well. */
export async function runAll(
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
  await tellRecreated(database, migrations, direction, options);
  const flight = new Flight();
  const sendNext = (index: number): SentAhead | undefined => {
    const [running, next] = migrations.slice(index);
    // What TypeScript has left open may have the last word between two migrations.
    if (next === undefined || !leftOpen.isSilent || how.fills?.deadline !== undefined) return undefined;
    return sendAhead(database, running!, next, direction, runOptions);
  };
  for (const [index, migration] of migrations.entries()) {
    const { file } = migration;
    const sent = flight.take()?.sent;
    // What is sent already comes to an end of its own.
    const isUnderWay = sent !== undefined && "whole" in sent;
    const late = isUnderWay ? undefined : await afterthought(leftOpen, true);
    if (late !== undefined) {
      if (sent !== undefined) await rollback(database);
      return { results: [...results, ...notRun(index)], error: late, isOver: true };
    }
    if (how.fills?.deadline !== undefined && performance.now() >= how.fills.deadline) {
      return { results: [...results, ...notRun(index)], error: await endLeftOpen(leftOpen, options), isOver: true };
    }
    const isFill = how.fills !== undefined && direction === "up" && backfillOf(migration.up) !== undefined;
    let places: readonly Sequence[] = [];
    try {
      if (sent === undefined) throwIfInterrupted(options.signal);
      places = await placesBefore(database, [migration], direction);
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
        await runMigration(
          database,
          migration,
          direction,
          { ...runOptions, alsoRecord },
          {
            resume: how.doneBefore,
            sent,
            onSent: () => (flight.ahead = sendNext(index)),
            onRetry: () => (flight.ahead = undefined),
          },
        );
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
        : await withMovedSince(
            database,
            places,
            await explainFailure(cause, migration, direction, options, database, migrations),
          );
      const outcome = wasKept(error) ? "done" : "failed";
      results.push({ migration: file, direction, outcome });
      const ahead = flight.take();
      if (ahead === undefined || "beginning" in ahead.sent || !wasKept(error)) {
        return { results: [...results, ...notRun(index + 1)], error, isOver: true };
      }
      // The connection was lost behind the COMMIT, and what was sent behind that may be committed as well.
      const next = await explainFailure(cause, ahead.migration, direction, options, database);
      const last = { migration: ahead.migration.file, direction, outcome: wasKept(next) ? "done" : "failed" } as const;
      return { results: [...results, last, ...notRun(index + 2)], error: next, isOver: true };
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
