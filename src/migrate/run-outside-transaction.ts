import { inOrder } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import { runStatements, type Script } from "#database/script.ts";
import { ConfitureError } from "#errors/error.ts";
import { transactionControl } from "#sql/classify.ts";
import type { Statement } from "#sql/statement.ts";
import type { Direction } from "./events.ts";
import { invalidIndexes, repairStatements } from "./invalid-indexes.ts";
import { changeLedger, deleteSql, insertSql, updateSql } from "./ledger.ts";
import type { Body, LoadedMigration } from "./load.ts";
import { entryOf, prepareSession, requireLock, rollback, type RunOptions } from "./run-session.ts";

/**
 * Runs one migration statement by statement, each in its own transaction or none, with the count in the ledger
 * advanced after each: whatever ends the runner, the ledger says how far it came.
 * @param from steps that an earlier run has done; its row is in the ledger then
 */
export async function runOutsideTransaction(
  database: Database,
  migration: LoadedMigration,
  direction: Direction,
  body: Body,
  options: RunOptions,
  from: number,
): Promise<void> {
  const { ledger } = options;
  const { version } = migration.file;
  const started = performance.now();
  const total = body.kind === "sql" ? unitsOf(body.script).length : undefined;
  await inOrder([database.execute(prepareSession(options, database)), requireLock(database, options)]);
  const run: OutsideRun = {
    database,
    migration,
    direction,
    options,
    total,
    invalidBefore: await invalidIndexes(database),
    done: from,
  };
  await changeLedger(database, ledger, startedSql(run, from));
  const advance = async (): Promise<void> => {
    run.done++;
    // The last step is recorded together with the end of the migration.
    if (run.done !== total)
      await changeLedger(database, ledger, updateSql(ledger, version, { statementsDone: run.done }));
  };
  try {
    await runSteps(database, body, from, advance);
  } catch (error) {
    throw await afterFailure(run, error);
  }
  await changeLedger(
    database,
    ledger,
    direction === "up"
      ? updateSql(ledger, version, {
          state: "applied",
          checksum: migration.checksum,
          statementsDone: run.done,
          statementsTotal: run.done,
          executionMs: performance.now() - started,
        })
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
  readonly invalidBefore: readonly string[];
  done: number;
}

function startedSql({ migration, direction, options, total }: OutsideRun, from: number): string {
  const { ledger, toolVersion } = options;
  if (direction === "up" && from === 0) {
    return insertSql(ledger, entryOf(migration), toolVersion, {
      state: "applying",
      ...(total === undefined ? {} : { statementsTotal: total }),
    });
  }
  return updateSql(ledger, migration.file.version, {
    state: direction === "up" ? "applying" : "reverting",
    statementsDone: from,
    statementsTotal: total ?? null,
  });
}

async function runSteps(database: Database, body: Body, from: number, advance: () => Promise<void>): Promise<void> {
  if (body.kind === "sql") {
    for (const unit of unitsOf(body.script).slice(from)) {
      await runUnit(database, body.script, unit);
      await advance();
    }
    return;
  }
  const { runTypeScript } = await import("./statement-queue.ts");
  await runTypeScript(body, { database, outside: { skip: from, onStatementDone: advance } });
}

/**
 * Statements that count as one step: usually one; from a BEGIN of the file's own to its COMMIT all of them,
 * since the ledger can only be advanced between transactions.
 */
export function unitsOf(script: Script): Statement[][] {
  const units: Statement[][] = [];
  let open: Statement[] | undefined;
  for (const statement of script.statements) {
    const verb = transactionControl(statement);
    if (open !== undefined) {
      open.push(statement);
      if (verb !== undefined) open = undefined;
      continue;
    }
    const unit = [statement];
    units.push(unit);
    if (verb === "BEGIN" || verb === "START TRANSACTION") open = unit;
  }
  return units;
}

async function runUnit(database: Database, script: Script, unit: readonly Statement[]): Promise<void> {
  try {
    for (const statement of unit) await runStatements(database, script, [statement]);
  } catch (error) {
    if (unit.length > 1) await rollback(database);
    throw error;
  }
}

/**
 * A statement failed. If it was the first and left nothing behind, the migration is as if it had not been
 * tried; otherwise the row stays and says how far it came.
 */
async function afterFailure(run: OutsideRun, error: unknown): Promise<unknown> {
  if (!(error instanceof ConfitureError) || error.code === "connection_lost") return error;
  const { database, migration, direction, options, total, done } = run;
  const { ledger } = options;
  const { version } = migration.file;
  const left = (await invalidIndexes(database)).filter((index) => !run.invalidBefore.includes(index));
  if (done === 0 && left.length === 0) {
    await changeLedger(
      database,
      ledger,
      direction === "up"
        ? deleteSql(ledger, version)
        : updateSql(ledger, version, { state: "applied", statementsDone: null, statementsTotal: null }),
    );
    return error;
  }
  const progress = total === undefined ? `after statement ${done}` : `after statement ${done} of ${total}`;
  return error.with({
    hint: [
      error.hint,
      `The migration stopped ${progress}; what it did before stays.`,
      ...(left.length === 0 ? [] : [`It left an invalid index behind:${repairStatements(left)}`]),
      `Put things right, then: confiture migrate resolve ${version} --continue | --applied | --rolled-back`,
    ]
      .filter((line) => line !== undefined)
      .join("\n"),
    data: { ...error.data, statementsDone: done, statementsTotal: total, invalidIndexes: left },
  });
}
