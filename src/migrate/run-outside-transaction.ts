import { isThereAlready } from "#database/advice.ts";
import type { Database } from "#database/database.ts";
import { rollback } from "#database/rollback.ts";
import { placeIn, runStatements, type Script } from "#database/script.ts";
import { ConfitureError } from "#errors/error.ts";
import { isSessionSetting } from "#sql/classify.ts";
import type { Statement } from "#sql/statement.ts";
import { migrationId } from "./migration-file.ts";
import type { Direction } from "./events.ts";
import { hintForThere, resolveInvalid, resolveStopped } from "./failure.ts";
import { hintForInvalidIndex, refuseOverInvalid } from "./invalid-in-way.ts";
import { invalidIndexes } from "./invalid-indexes.ts";
import { changeLedger, changeLedgerInTransaction, CHECK_DEFERRED } from "./ledger/change.ts";
import { deleteSql, insertSql, squashedSql, updateSql } from "./ledger/statements.ts";
import type { LoadedMigration, RunnableBody } from "./body.ts";
import { isPatient } from "./patient.ts";
import { DIRECTLY } from "./performer.ts";
import { entryOf, prepareSession, type RunOptions } from "./run-session.ts";
import { howToRun, unitsOf } from "./steps.ts";

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
  );
}

/** One run, for the functions that share it. */
interface OutsideRun {
  readonly database: Database;
  readonly migration: LoadedMigration;
  readonly direction: Direction;
  readonly options: RunOptions;
  /** Undefined for TypeScript, which tells only as it goes. */
  readonly total: number | undefined;
  /** An earlier run began it, and may have left more than its count says. */
  readonly isResumed: boolean;
  readonly invalidBefore: readonly string[];
  /** Steps that are in the database. */
  done: number;
  /** Whether the migration has set its lock_timeout itself. */
  setsLockTimeout: boolean;
  /** What the ledger says of that. */
  counted: number;
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
    requireStatement: run.direction === "up" && options.requireStatement === true,
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
  await count(run);
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
    await changeLedgerInTransaction(database, options.ledger, sql, CHECK_DEFERRED);
    await commit();
  } catch (error) {
    await rollback(database);
    throw error;
  }
  run.done = counted;
  run.counted = counted;
}

/** Writes the count down. The interruption of the statement before may still have been on its way. */
async function count(run: OutsideRun): Promise<void> {
  const { database, migration, options } = run;
  const sql = updateSql(options.ledger, migration.file.version, { statementsDone: run.done });
  try {
    await changeLedger(database, options.ledger, sql);
  } catch (error) {
    if (!(error instanceof ConfitureError) || error.server?.sqlstate !== "57014") throw error;
    await changeLedger(database, options.ledger, sql);
  }
  run.counted = run.done;
}

/**
 * A statement failed. If it was the first and left nothing behind, the migration is as if it had not been
 * tried; otherwise the row stays and says how far it came.
 */
async function afterFailure(run: OutsideRun, error: unknown): Promise<unknown> {
  if (!(error instanceof ConfitureError) || error.code === "connection_lost") return error;
  try {
    return await tellHowFar(run, error);
  } catch (cause) {
    if (!(cause instanceof ConfitureError)) throw cause;
    // Why it failed must not be hidden by what cannot be written down about it.
    return withHints(error, [
      `${progressOf(run)}; what it did before stays. The ledger could not be changed to say so: ${cause.message}`,
      cause.hint,
    ]);
  }
}

async function tellHowFar(run: OutsideRun, error: ConfitureError): Promise<ConfitureError> {
  const { database, migration, direction, options, total } = run;
  const { ledger } = options;
  const { version } = migration.file;
  const left = (await invalidIndexes(database)).filter(({ name }) => !run.invalidBefore.includes(name));
  if (run.done === 0 && left.length === 0 && !run.isResumed) {
    await changeLedger(
      database,
      ledger,
      direction === "up"
        ? deleteSql(ledger, version)
        : updateSql(ledger, version, { state: "applied", statementsDone: null, statementsTotal: null }),
    );
    if (error.code === "interrupted") return withHints(error, ["It had done nothing yet."]);
    return direction === "up" ? await helpedWhereThere(run, error) : error;
  }
  if (run.counted !== run.done) await count(run);
  return withHints(
    direction === "up" ? await helpedWhereThere(run, error) : error,
    [
      `${progressOf(run)}; what it did before stays.`,
      left.length === 0 ? resolveStopped(version) : resolveInvalid(version, left, namesCause(error)),
    ],
    { statementsDone: run.done, statementsTotal: total, invalidIndexes: left },
  );
}

/** deadlock_detected, lock_not_available, query_canceled, admin_shutdown: the same statement may work the next time. */
const MAY_WORK_AGAIN: ReadonlySet<string> = new Set(["40P01", "55P03", "57014", "57P01"]);

/** Whether an error is about something that has to be put right, as duplicate rows under a unique index. */
function namesCause({ code, server }: ConfitureError): boolean {
  return code !== "interrupted" && server !== undefined && !MAY_WORK_AGAIN.has(server.sqlstate);
}

/** With what to do about what a statement makes and is there already. */
async function helpedWhereThere({ database, migration, done }: OutsideRun, error: ConfitureError) {
  if (!isThereAlready(error)) return error;
  const hint = (await hintForInvalidIndex(database, error, migration)) ?? hintForThere(migration, done > 0);
  return error.with({ hint });
}

function progressOf({ done, total }: OutsideRun): string {
  return `The migration stopped after statement ${done}${total === undefined ? "" : ` of ${total}`}`;
}

function withHints(
  error: ConfitureError,
  lines: readonly (string | undefined)[],
  data: Readonly<Record<string, unknown>> = {},
): ConfitureError {
  return error.with({
    hint: [error.hint, ...lines].filter((line) => line !== undefined).join("\n"),
    data: { ...error.data, ...data },
  });
}
