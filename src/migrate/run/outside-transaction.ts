import type { Database } from "#database/database.ts";
import { rollback } from "#database/rollback.ts";
import { runStatements } from "#database/run-script.ts";
import { placeIn, type Script } from "#database/script.ts";
import { ConfitureError } from "#errors/error.ts";
import { isSessionSetting } from "#sql/classify.ts";
import type { Statement } from "#sql/statement.ts";
import { migrationId } from "../files/migration-file.ts";
import type { Direction } from "../events.ts";
import { refuseOverInvalid } from "./invalid-in-way.ts";
import { invalidIndexes } from "./invalid-indexes.ts";
import { changeLedger, changeLedgerInTransaction, CHECK_DEFERRED } from "../ledger/change.ts";
import { deleteSql, insertSql, squashedSql, updateSql } from "../ledger/statements.ts";
import type { LoadedMigration, RunnableBody } from "../files/body.ts";
import { isPatient } from "./patient.ts";
import { DIRECTLY } from "./performer.ts";
import { ranNothing } from "./ran-nothing.ts";
import { entryOf, prepareSession, type RunOptions } from "./session.ts";
import { howToRun, unitsOf } from "./steps.ts";
import { afterFailure } from "./stopped-outside.ts";
import { type OutsideRun, count } from "./outside-run.ts";

/**
 * Runs one migration statement by statement, with the count in the ledger advanced after each: whatever ends the
 * runner, the ledger says how far it came. A statement that PostgreSQL takes inside a transaction shares one with
 * its count, so that the two cannot disagree; of the others, the one under way may be done and not counted.
 * @param resume steps that an earlier run has done; undefined for the first run, which has no row yet
 */
export async function runOutsideTransaction(
  database: Database,
  migration: LoadedMigration,
  direction: Direction,
  body: RunnableBody,
  options: RunOptions,
  resume: number | undefined,
): Promise<void> {
  const { ledger } = options;
  const { version } = migration.file;
  const started = performance.now();
  await prepareSession(database, options);
  const run: OutsideRun = {
    database,
    migration,
    direction,
    options,
    total: body.kind === "sql" ? unitsOf(body.script).length : undefined,
    isResumed: resume !== undefined,
    invalidBefore: (await invalidIndexes(database)).map(({ name }) => name),
    done: resume ?? 0,
    counted: resume ?? 0,
    setsLockTimeout: false,
  };
  await changeLedger(database, ledger, startedSql(run, resume));
  try {
    await runSteps(run, body);
  } catch (error) {
    throw await afterFailure(run, error);
  }
  await changeLedger(
    database,
    ledger,
    direction === "up"
      ? [
          updateSql(ledger, version, {
            state: "applied",
            checksum: migration.checksum,
            kept: migration.kept,
            statementsDone: run.done,
            statementsTotal: run.done,
            executionMs: performance.now() - started,
            endsNow: true,
          }),
          ...squashedSql(ledger, migration.file.squashed ?? [], options.toolVersion),
        ].join("; ")
      : deleteSql(ledger, version),
    options.lockKey,
  );
}

function startedSql({ migration, direction, options, total }: OutsideRun, resume: number | undefined): string {
  const { ledger, toolVersion } = options;
  if (direction === "up" && resume === undefined) {
    return insertSql(ledger, entryOf(migration), toolVersion, {
      state: "applying",
      ...(total === undefined ? {} : { statementsTotal: total }),
    });
  }
  return updateSql(ledger, migration.file.version, {
    state: direction === "up" ? "applying" : "reverting",
    statementsDone: resume ?? 0,
    statementsTotal: total ?? null,
  });
}

async function runSteps(run: OutsideRun, body: RunnableBody): Promise<void> {
  const { performer = DIRECTLY } = run.options;
  if (body.kind === "sql") {
    const { script } = body;
    await restoreSettings(run, script);
    for (const unit of unitsOf(script).slice(run.done)) {
      try {
        if (run.direction === "up" && run.options.performer === undefined)
          await refuseOverInvalid(run.database, script, unit);
        await runStep(run, unit, (part) => performer.statements(run.database, script, part));
      } catch (error) {
        if (!(error instanceof ConfitureError) || error.code !== "sql_failed" || error.location !== undefined)
          throw error;
        throw error.with({ location: placeIn(script, unit[0]?.start ?? 0) });
      }
    }
    return;
  }
  const { runTypeScript } = await import("./statement-queue.ts");
  const { database, migration, options } = run;
  const { leftOpen } = options;
  await runTypeScript(body, {
    database,
    performer,
    onNothing: () => ranNothing(body, migration, run.direction, options),
    signal: options.signal,
    onProgress: (statements) => options.onEvent?.({ type: "progress", migration: migration.file, statements }),
    onTold: (done, total) => options.onEvent?.({ type: "told-progress", migration: migration.file, done, total }),
    onLeftOpen: leftOpen && ((left) => leftOpen.add(body, left)),
    outside: { skip: run.done, runStep: (statements, work) => runStep(run, statements, work) },
  });
}

/** What the statements of an earlier run have set went with its session. */
async function restoreSettings({ database, done }: OutsideRun, script: Script): Promise<void> {
  for (const statement of unitsOf(script).slice(0, done).flat()) {
    if (isSessionSetting(statement)) await runStatements(database, script, [statement]);
  }
}

/** Runs neighbouring statements of one step. */
type Work = (part: readonly Statement[]) => Promise<void>;

async function runStep(run: OutsideRun, unit: readonly Statement[], work: Work): Promise<void> {
  // What a migration says about its own timeout stands.
  run.setsLockTimeout ||= unit.some((statement) => /lock_timeout/i.test(statement.text.slice(0, 1000)));
  const { lockTimeout, concurrentlyLockTimeout = 0 } = run.options;
  const isPatientStep = unit.length > 0 && unit.every(isPatient);
  if (!isPatientStep || run.setsLockTimeout || lockTimeout === concurrentlyLockTimeout) {
    await runUnderLimits(run, unit, work);
    return;
  }
  await run.database.execute(lockTimeoutSql(concurrentlyLockTimeout));
  await runUnderLimits(run, unit, work);
  await run.database.execute(lockTimeoutSql(lockTimeout));
}

/** As `settingsOf` sets it: a server that does not know the setting goes on without. */
function lockTimeoutSql(milliseconds: number): string {
  return `select pg_catalog.set_config('lock_timeout', '${milliseconds}', false) from pg_catalog.pg_settings where name operator(pg_catalog.=) 'lock_timeout'`;
}

async function runUnderLimits(run: OutsideRun, unit: readonly Statement[], work: Work): Promise<void> {
  const { database, migration, options } = run;
  if (options.signal?.aborted === true) {
    throw new ConfitureError("interrupted", `Interrupted during migration ${migrationId(migration.file)}`);
  }
  switch (howToRun(unit)) {
    case "alone":
      await runAlone(run, unit, work);
      return;
    case "own-transaction":
      await countBeforeCommit(
        run,
        () => work(unit.slice(0, -1)),
        () => work(unit.slice(-1)),
      );
      return;
    case "with-count":
      try {
        await database.execute("begin");
        await countBeforeCommit(
          run,
          () => work(unit),
          () => database.execute("commit"),
        );
      } catch (error) {
        // PostgreSQL alone knew that it cannot run in a transaction. It has done nothing yet.
        const isRefusal = error instanceof ConfitureError && error.server?.sqlstate === "25001" && unit.length === 1;
        if (!isRefusal) throw error;
        await runAlone(run, unit, work);
      }
  }
}

async function runAlone(run: OutsideRun, unit: readonly Statement[], work: Work): Promise<void> {
  try {
    await work(unit);
  } catch (error) {
    if (unit.length > 1) await rollback(run.database);
    throw error;
  }
  run.done++;
  await count(run, run.options.lockKey);
}

async function countBeforeCommit(
  run: OutsideRun,
  work: () => Promise<void>,
  commit: () => Promise<void>,
): Promise<void> {
  const { database, migration, options } = run;
  const counted = run.done + 1;
  try {
    await work();
    const sql = updateSql(options.ledger, migration.file.version, { statementsDone: counted });
    // What was put off to COMMIT belongs to the statement, not to the ledger's search_path.
    await changeLedgerInTransaction(database, options.ledger, sql, { before: CHECK_DEFERRED, lock: options.lockKey });
    await commit();
  } catch (error) {
    await rollback(database);
    throw error;
  }
  run.done = counted;
  run.counted = counted;
}
