import { queryCatalogue } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import { runStatements, type Script } from "#database/script.ts";
import { ConfitureError } from "#errors/error.ts";
import { transactionControl } from "#sql/classify.ts";
import type { Direction } from "./events.ts";
import { NOTICE_A_DEAD_CLIENT } from "./exclusive.ts";
import {
  changeLedger,
  changeLedgerInTransaction,
  deleteSql,
  insertSql,
  type Ledger,
  TRANSACTION_MS,
  updateSql,
} from "./ledger.ts";
import type { Body, LoadedMigration } from "./load.ts";

export interface RunOptions {
  readonly ledger: Ledger;
  readonly lockKey: bigint;
  readonly toolVersion: string;
  /** Milliseconds; PostgreSQL's settings of the same names for the migration's statements. */
  readonly lockTimeout: number;
  readonly statementTimeout: number;
}

/**
 * Runs one migration in one direction and records it.
 * @throws ConfitureError `sql_failed`, `migration_failed`, `ledger_unusable`, `connection_lost`
 */
export async function runMigration(
  database: Database,
  migration: LoadedMigration,
  direction: Direction,
  options: RunOptions,
): Promise<void> {
  const body = bodyOf(migration, direction);
  if (body.transactional) await runInTransaction(database, migration, direction, body, options);
  else await runOutsideTransaction(database, migration, direction, body, options);
}

/** @throws ConfitureError `migration_irreversible` */
export function bodyOf(migration: LoadedMigration, direction: Direction): Body {
  if (direction === "up") return migration.up;
  if (migration.down !== undefined) return migration.down;
  const { file } = migration;
  const ways = {
    typescript: "a method down() to its class",
    sql: "a `-- migrate:down` section to it",
    "sql-pair": `its .down.sql beside it`,
  };
  throw new ConfitureError("migration_irreversible", `${file.path} has no way back`, {
    hint: `Nothing was changed. To make it reversible, add ${ways[file.form]}.`,
    location: { file: file.path },
  });
}

/**
 * Everything a migration before may have left in the session goes; then the settings of this run. It is
 * DISCARD ALL without the part that would give up the advisory lock, which is asked for again instead: a
 * migration may have released it.
 */
function prepareSession(options: RunOptions, database: Database): string {
  const settings = [
    `set lock_timeout = ${options.lockTimeout}`,
    `set statement_timeout = ${options.statementTimeout}`,
    ...(database.engine === "server" ? [NOTICE_A_DEAD_CLIENT] : []),
  ];
  return `close all; reset session authorization; reset role; reset all; deallocate all; unlisten *; discard temp; discard sequences; ${settings.join("; ")}`;
}

async function runInTransaction(
  database: Database,
  migration: LoadedMigration,
  direction: Direction,
  body: Body,
  options: RunOptions,
): Promise<void> {
  const record =
    direction === "up"
      ? insertSql(options.ledger, entryOf(migration), options.toolVersion, {
          state: "applied",
          executionMs: TRANSACTION_MS,
        })
      : deleteSql(options.ledger, migration.file.version);
  const begin = [
    database.execute(prepareSession(options, database)),
    database.execute("begin"),
    requireLock(database, options),
  ];
  const finish = (): Promise<void>[] => [
    changeLedgerInTransaction(database, options.ledger, record),
    database.execute("commit").catch((error: unknown) => {
      throw explainCommit(error, migration);
    }),
  ];
  if (canPipeline(body)) {
    // One round trip: should a statement fail, the server skips the rest and turns COMMIT into ROLLBACK.
    await inOrder([...begin, runStatements(database, body.script), ...finish()]);
    return;
  }
  await inOrder(begin);
  try {
    await runBody(database, body, undefined);
  } catch (error) {
    await rollback(database);
    throw explainInTransaction(error, body);
  }
  await inOrder(finish());
}

function canPipeline(body: Body): body is Extract<Body, { kind: "sql" }> {
  return body.kind === "sql" && body.script.statements.every((statement) => statement.copyData === undefined);
}

async function runBody(
  database: Database,
  body: Body,
  onStatementDone: (() => Promise<void>) | undefined,
): Promise<void> {
  if (body.kind === "sql") {
    await runStatements(database, body.script);
    return;
  }
  const { runTypeScript } = await import("./statement-queue.ts");
  await runTypeScript(body, { database, onStatementDone });
}

/** Waits for all, then throws the first failure: those behind it are its consequences. */
async function inOrder(steps: readonly Promise<unknown>[]): Promise<void> {
  for (const outcome of await Promise.allSettled(steps)) if (outcome.status === "rejected") throw outcome.reason;
}

async function rollback(database: Database): Promise<void> {
  await database.execute("rollback").catch((error: unknown) => {
    // A lost connection is rolled back by the server.
    if (!(error instanceof ConfitureError) || error.code !== "connection_lost") throw error;
  });
}

/**
 * Fails unless this session has the lock. As a statement of the migration's own transaction it also stops what
 * is sent behind it: a division by zero is an error that needs no procedural language.
 */
async function requireLock(database: Database, options: RunOptions): Promise<void> {
  const locked = `pg_catalog.pg_try_advisory_lock(${options.lockKey})::pg_catalog.int4`;
  try {
    await database.execute(`select 1 operator(pg_catalog./) ${locked}`);
  } catch (error) {
    if (!(error instanceof ConfitureError) || error.server?.sqlstate !== "22012") throw error;
    throw new ConfitureError("lock_held", "A migration released the lock, and another runner took it", {
      hint: "A migration must not call pg_advisory_unlock_all() or DISCARD ALL.",
    });
  }
}

/** 25001 is PostgreSQL's "cannot run inside a transaction block". */
function explainInTransaction(error: unknown, body: Body): unknown {
  if (!(error instanceof ConfitureError) || error.server?.sqlstate !== "25001") return error;
  return error.with({
    hint:
      body.kind === "typescript"
        ? "Give the class the line: transaction = false"
        : "Put transaction:false behind the marker: -- migrate:up transaction:false",
  });
}

function explainCommit(error: unknown, migration: LoadedMigration): unknown {
  if (!(error instanceof ConfitureError) || error.server === undefined) return error;
  return error.with({
    message: `COMMIT failed: ${error.server.message}`,
    location: { file: migration.file.path },
    hint: "A deferred constraint or constraint trigger is checked at COMMIT. The migration was rolled back.",
  });
}

function entryOf(migration: LoadedMigration): { version: string; name: string; checksum: string } {
  return { version: migration.file.version, name: migration.file.name, checksum: migration.checksum };
}

/**
 * Statement by statement, each in its own transaction or none, with the count in the ledger advanced after
 * each: whatever ends the runner, the ledger says how far it came.
 */
async function runOutsideTransaction(
  database: Database,
  migration: LoadedMigration,
  direction: Direction,
  body: Body,
  options: RunOptions,
): Promise<void> {
  const { ledger } = options;
  const { version } = migration.file;
  const started = performance.now();
  const total = body.kind === "sql" ? unitsOf(body.script).length : undefined;
  await inOrder([requireLock(database, options), database.execute(prepareSession(options, database))]);
  const invalidBefore = await invalidIndexes(database);
  await changeLedger(
    database,
    ledger,
    direction === "up"
      ? insertSql(ledger, entryOf(migration), options.toolVersion, {
          state: "applying",
          ...(total === undefined ? {} : { statementsTotal: total }),
        })
      : updateSql(ledger, version, { state: "reverting", statementsDone: 0, statementsTotal: total ?? null }),
  );
  let done = 0;
  const advance = async (): Promise<void> => {
    done++;
    // The last step is recorded together with the end of the migration.
    if (done !== total) await changeLedger(database, ledger, updateSql(ledger, version, { statementsDone: done }));
  };
  try {
    if (body.kind === "sql") {
      for (const unit of unitsOf(body.script)) {
        await runUnit(database, body.script, unit);
        await advance();
      }
    } else {
      await runBody(database, body, advance);
    }
  } catch (error) {
    throw await afterFailure(database, migration, direction, ledger, error, done, total, invalidBefore);
  }
  await changeLedger(
    database,
    ledger,
    direction === "up"
      ? updateSql(ledger, version, {
          state: "applied",
          statementsDone: done,
          statementsTotal: done,
          executionMs: performance.now() - started,
        })
      : deleteSql(ledger, version),
  );
}

/**
 * Statements that count as one step: usually one; from a BEGIN of the file's own to its COMMIT all of them,
 * since the ledger can only be advanced between transactions.
 */
export function unitsOf(script: Script): Script["statements"][] {
  const units: Script["statements"][number][][] = [];
  let open: Script["statements"][number][] | undefined;
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

async function runUnit(database: Database, script: Script, unit: Script["statements"]): Promise<void> {
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
async function afterFailure(
  database: Database,
  migration: LoadedMigration,
  direction: Direction,
  ledger: Ledger,
  error: unknown,
  done: number,
  total: number | undefined,
  invalidBefore: readonly string[],
): Promise<unknown> {
  if (!(error instanceof ConfitureError) || error.code === "connection_lost") return error;
  const left = (await invalidIndexes(database)).filter((index) => !invalidBefore.includes(index));
  const { version } = migration.file;
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
  const repair = left.map((index) => `\n  DROP INDEX CONCURRENTLY ${index};`).join("");
  return error.with({
    hint: [
      error.hint ?? error.server?.hint,
      `The migration stopped ${progress}; what it did before stays.${repair === "" ? "" : ` It left an invalid index behind:${repair}`}`,
      `Put things right, then record it: confiture migrate resolve ${version} --applied | --rolled-back`,
    ]
      .filter((line) => line !== undefined)
      .join("\n"),
    data: { ...error.data, statementsDone: done, statementsTotal: total, invalidIndexes: left },
  });
}

/** Indexes that a failed CREATE INDEX CONCURRENTLY or REINDEX CONCURRENTLY leaves, as quoted qualified names. */
async function invalidIndexes(database: Database): Promise<string[]> {
  const rows = await queryCatalogue<{ name: string }>(
    database,
    `select format('%I.%I', n.nspname, c.relname) as name
       from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace
      where not i.indisvalid order by 1`,
  );
  return rows.map((row) => row.name);
}
