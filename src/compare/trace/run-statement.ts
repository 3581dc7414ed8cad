import type { Database } from "#database/database.ts";
import { rollback } from "#database/rollback.ts";
import { ConfitureError } from "#errors/error.ts";
import { formatDuration } from "#sql/duration.ts";
import { cannotRunInTransaction } from "#sql/classify.ts";
import type { Statement } from "#sql/statement.ts";
import { explainMissing, withMissingRoles } from "#scratch/missing.ts";
import type { ScratchSite } from "#scratch/site.ts";
import { isMissingObject } from "../sources/sources.ts";
import { failsOnEveryRow, isByItself } from "./every-row.ts";
import type { How, Lock, NotTraced, StatementError } from "./facts.ts";
import { backToSavepoint, isUnguarded, releaseSavepoint, setSavepoint } from "./guarded.ts";
import { type Measured, NOTHING_MEASURED } from "./measured.ts";
import type { Meter } from "./meter.ts";
import { CODE_OR_QUERY } from "./planned.ts";
import { dependsOnRows, exampleOf, type RowsInTheWay } from "./rows-in-the-way.ts";
import { runKnown } from "./run-known.ts";
import { meetsKeys, meetsMadeUpKeys, refersToRowsInUse } from "./seeds.ts";
import { type TimeLimit, withinLimit } from "../runs/within-limit.ts";

/** What came of one statement. */
export interface Taken {
  readonly measured: Measured;
  readonly how: How;
  readonly error?: StatementError;
  /** Set when it did not run at all. */
  readonly stopped?: ConfitureError;
}

export const MEASURED: How = { kind: "measured" };

export interface RunnerOptions {
  readonly meter: Meter;
  readonly scratch: ScratchSite;
  readonly rows: RowsInTheWay;
  /** Whether something that came before could not run: then a thing may be missing that is there elsewhere. */
  readonly lost: { any: boolean };
  /** Whether the runner has one transaction around the whole migration. */
  readonly isTransactional: boolean;
  readonly limit: TimeLimit;
}

/** Runs single statements so that what each does can be read off; a failure leaves the others as if it had not been tried. */
export class StatementRunner {
  /** False once the file itself may have taken something back: the meter then knows too much. */
  isWatched = true;
  readonly #options: RunnerOptions;

  constructor(options: RunnerOptions) {
    this.#options = options;
  }

  async run(database: Database, statement: Statement, work: () => Promise<void>): Promise<Taken> {
    const reach = database.leavesOut?.why(statement);
    if (reach !== undefined) return notTried(`it ${reach}, and is not run for a try`);
    const { limit, rows } = this.#options;
    if (limit.reached.has(statement.text)) return notTried(tookLonger(limit.milliseconds));
    await rows.noteBefore(database, statement);
    return await this.#try(database, statement, () => withinLimit(database, limit, statement.text, work));
  }

  async #try(database: Database, statement: Statement, work: () => Promise<void>): Promise<Taken> {
    if (isUnguarded(statement)) {
      this.isWatched = false;
      await work();
      return { measured: NOTHING_MEASURED, how: MEASURED };
    }
    if (await setSavepoint(database)) return await this.#inTransaction(database, statement, work);
    if (cannotRunInTransaction(statement) !== undefined) return await this.#known(database, statement, work);
    return await this.#inOwnTransaction(database, statement, work);
  }

  async #inTransaction(database: Database, statement: Statement, work: () => Promise<void>): Promise<Taken> {
    const { meter, rows } = this.#options;
    const mayLack = await rows.rowless.note(database, statement);
    const isPlanned = CODE_OR_QUERY.has(statement.firstWord ?? "");
    const attempt = async (): Promise<Measured> => {
      try {
        return await meter.watch(work, { text: statement.text, isPlanned });
      } catch (error) {
        await backToSavepoint(database);
        throw error;
      }
    };
    try {
      const measured = await withMissingRoles(database, attempt);
      await releaseSavepoint(database);
      const error = mayLack ? await rows.rowless.lacking(database) : undefined;
      return { measured, how: MEASURED, ...(error === undefined ? {} : { error }) };
    } catch (thrown) {
      const error = asServerError(thrown);
      if (error.server?.sqlstate === NOT_IN_TRANSACTION && !this.#options.isTransactional) throw error;
      const why = this.#whyNotTraced(error);
      const onRows =
        why === undefined && dependsOnRows(error) ? await exampleOf(database, error, rows, statement.text) : undefined;
      if (onRows !== undefined) {
        const elsewhere = await this.#withSequenceElsewhere(database, statement, error);
        if (elsewhere !== undefined) {
          await releaseSavepoint(database);
          return { measured: elsewhere, how: MEASURED, error: statementError(error, onRows) };
        }
        // While the rows are there.
        const isEvery =
          isByItself(statement, error) && (await failsOnEveryRow(database, onRows.table, error, rows, work));
        const others = meetsKeys(statement, error) ? await rows.others(database, statement, error) : undefined;
        for (const tables of rows.choices(error, meter, others)) {
          try {
            await rows.remove(database, tables);
            const measured = await attempt();
            await releaseSavepoint(database);
            await rows.refill(database, tables === others ? [onRows.table ?? ""] : tables, true);
            const found = statementError(error, { ...onRows, isEvery });
            return { measured, how: MEASURED, ...(meetsMadeUpKeys(statement, found) ? {} : { error: found }) };
          } catch (again) {
            const left = asServerError(again);
            await backToSavepoint(database);
            if (tables !== others || !meetsKeys(statement, left)) continue;
            // Migrations have brought along both: no database has room for them.
            await releaseSavepoint(database);
            return failed(left, undefined);
          }
        }
      }
      const measured = onRows && (await this.#withoutDeadRows(database, statement, attempt));
      if (measured !== undefined) {
        await releaseSavepoint(database);
        return { measured, how: MEASURED, error: statementError(error, onRows) };
      }
      const isOfOthers = rows.isMadeUp(undefined) && (await refersToRowsInUse(database, statement, error, meter));
      await releaseSavepoint(database);
      return failed(error, isOfOthers ? { reason: "the rows that it refers to are not here (--fixtures)" } : why);
    }
  }

  /**
   * An index is built over rows that its own transaction has deleted as well, so that these can still be in its way. In emptied tables
   * none are, but emptying them takes every lock that the statement takes itself: that is known, and what was done is taken back.
   */
  async #withoutDeadRows(
    database: Database,
    { firstWord, text }: Statement,
    attempt: () => Promise<Measured>,
  ): Promise<Measured | undefined> {
    if (!/^(?:CREATE|ALTER)$/.test(firstWord ?? "") || !/\b(?:index|exclude)\b/i.test(text)) return undefined;
    const { meter, rows, lost } = this.#options;
    try {
      const { held } = await meter.watch(() => Promise.resolve());
      await rows.empty(database, meter);
      await meter.refresh();
      const measured = await attempt();
      await backToSavepoint(database);
      // What needs the index does not find it.
      lost.any = true;
      const mode = firstWord === "CREATE" ? "SHARE" : "ACCESS EXCLUSIVE";
      const tables = new Set(measured.buildsIndexes.flatMap(({ table }) => meter.find(table ?? "") ?? []));
      const locks: Lock[] = [...measured.locks, ...[...tables].map((table) => ({ ...table, mode }) as const)];
      return { ...measured, locks, held: [...held, ...locks] };
    } catch (again) {
      asServerError(again);
      await backToSavepoint(database);
      return undefined;
    } finally {
      await meter.refresh();
    }
  }

  /** New bounds of a sequence that only fail because of where it stands: how far one in use has come is not known here. */
  async #withSequenceElsewhere(
    database: Database,
    { firstWord, text }: Statement,
    { server }: ConfitureError,
  ): Promise<Measured | undefined> {
    if (firstWord !== "ALTER" || server?.sqlstate !== INVALID_VALUE || !/\b(?:min|max)value\b/i.test(text))
      return undefined;
    try {
      return await this.#options.meter.watch(() => database.execute(`${text} restart`), { text, isPlanned: false });
    } catch (error) {
      asServerError(error);
      await backToSavepoint(database);
      return undefined;
    }
  }

  /** DO and CALL outside a transaction, which may commit, and mostly do not. */
  async #inOwnTransaction(database: Database, statement: Statement, work: () => Promise<void>): Promise<Taken> {
    await database.execute("begin");
    await setSavepoint(database);
    const taken = await this.#inTransaction(database, statement, work);
    if (taken.stopped?.server?.sqlstate !== COMMITS_BY_ITSELF) {
      await database.execute("commit");
      return taken;
    }
    await rollback(database);
    await work();
    await this.#options.meter.refresh();
    return {
      measured: NOTHING_MEASURED,
      how: { kind: "not-traced", reason: "it commits by itself, so its locks are gone when they could be read" },
    };
  }

  async #known(database: Database, statement: Statement, work: () => Promise<void>): Promise<Taken> {
    const { meter, rows } = this.#options;
    const run = (): Promise<Measured> => runKnown(meter, statement, () => withMissingRoles(database, work));
    try {
      return { measured: await run(), how: { kind: "known" } };
    } catch (thrown) {
      const error = asServerError(thrown);
      await rows.dropInvalidIndexes(database, meter);
      const onRows = dependsOnRows(error) ? await exampleOf(database, error, rows) : undefined;
      if (onRows === undefined) return failed(error, this.#whyNotTraced(error));
      for (const tables of rows.choices(error, meter)) {
        try {
          await rows.remove(database, tables);
          const measured = await run();
          await rows.refill(database, tables, false);
          return { measured, how: { kind: "known" }, error: statementError(error, onRows) };
        } catch (again) {
          asServerError(again);
          await rows.dropInvalidIndexes(database, meter);
        }
      }
      return failed(error, undefined);
    }
  }

  /** What this PostgreSQL cannot do, or lacks because of that, says nothing about the statement. */
  #whyNotTraced(error: ConfitureError): NotTraced | undefined {
    const { limit } = this.#options;
    if (error.data?.["timeLimit"] !== undefined) {
      return { reason: tookLonger(limit.milliseconds) };
    }
    const explained = explainMissing(error, this.#options.scratch);
    if (explained.code === "extension_missing") return { reason: explained.message };
    if (error.server?.sqlstate === NO_SUCH_DATABASE) return { reason: "it names a database, and this is another one" };
    if (!this.#options.lost.any || !isMissingObject(error)) return undefined;
    return { reason: `a statement before it did not run: ${error.message}`, follows: true };
  }
}

/** invalid_transaction_termination */
const COMMITS_BY_ITSELF = "2D000";
/** invalid_catalog_name */
const NO_SUCH_DATABASE = "3D000";
/** active_sql_transaction: PostgreSQL alone knew that the statement cannot be inside one. */
const NOT_IN_TRANSACTION = "25001";
/** invalid_parameter_value */
const INVALID_VALUE = "22023";

function notTried(reason: string): Taken {
  return {
    measured: NOTHING_MEASURED,
    how: { kind: "not-traced", reason },
    stopped: new ConfitureError("migration_failed", `A statement was not run: ${reason}`),
  };
}

function tookLonger(milliseconds: number): string {
  return `it took longer than ${formatDuration(milliseconds)}, and was cancelled (--time-limit)`;
}

function failed(error: ConfitureError, why: NotTraced | undefined): Taken {
  return {
    measured: NOTHING_MEASURED,
    how: { kind: "not-traced", ...(why ?? { reason: "it fails" }) },
    stopped: error,
    ...(why === undefined ? { error: statementError(error, undefined) } : {}),
  };
}

function statementError(error: ConfitureError, onRows: StatementError["onRows"]): StatementError {
  return { error, sqlstate: error.server?.sqlstate, onRows };
}

/** @throws what is no error of PostgreSQL's, or ended the session */
export function asServerError(error: unknown): ConfitureError {
  if (error instanceof ConfitureError && error.code === "sql_failed") return error;
  throw error;
}
