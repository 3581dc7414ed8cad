import type { Database } from "#database/database.ts";
import { rollback } from "#database/rollback.ts";
import { placeIn, runStatements, type Script } from "#database/script.ts";
import { ConfitureError, type Location } from "#errors/error.ts";
import { join } from "node:path";
import { readRegularFile } from "#files/read.ts";
import type { LoadedMigration } from "#migrate/body.ts";
import type { Performer } from "#migrate/performer.ts";
import { cannotRunInTransaction, transactionControl } from "#sql/classify.ts";
import { lossOf } from "#sql/loss.ts";
import { locateInFile } from "#sql/position.ts";
import { quoteLiteral } from "#sql/quote.ts";
import { Statement } from "#sql/statement.ts";
import { explainMissing, withMissingRoles } from "../scratch/missing.ts";
import type { ScratchSite } from "../scratch/site.ts";
import { isMissingObject } from "../sources/sources.ts";
import type { How, StatementError, StatementFacts } from "./facts.ts";
import { backToSavepoint, isUnguarded, releaseSavepoint, setSavepoint } from "./guarded.ts";
import { runKnown } from "./run-known.ts";
import { type Measured, type Meter, NOTHING_MEASURED } from "./meter.ts";
import { dependsOnRows, exampleOf, type RowsInTheWay } from "./rows-in-the-way.ts";

export interface TracerOptions {
  readonly projectDir: string;
  readonly migration: LoadedMigration;
  readonly meter: Meter;
  readonly scratch: ScratchSite;
  readonly rows: RowsInTheWay;
  /** Whether something that came before could not run: then a thing may be missing that is there elsewhere. */
  readonly lost: { any: boolean };
  /** Whether each statement has a transaction of its own: then its locks are those that it asked for itself. */
  readonly isApart: boolean;
  readonly timeZone: string | undefined;
}

/** invalid_transaction_termination */
const COMMITS_BY_ITSELF = "2D000";
/** active_sql_transaction: PostgreSQL alone knew that the statement cannot be inside one. */
const NOT_IN_TRANSACTION = "25001";

/** Runs a migration's statements one by one and takes down what each of them does. */
export class Tracer implements Performer {
  readonly statementFacts: StatementFacts[] = [];
  readonly #options: TracerOptions;
  /** The file's own BEGIN was there, and its COMMIT was not. */
  #begun = false;
  #isZoned = false;
  /** Behind the last call that was found in a TypeScript file. */
  #foundUpTo = 0;
  /** What holds only within the transaction, which is set again in each part of it. */
  readonly #settings: string[] = [];

  constructor(options: TracerOptions) {
    this.#options = options;
  }

  async statements(database: Database, script: Script, statements: readonly Statement[]): Promise<void> {
    const isTogether = statements.length > 1;
    for (const statement of statements) {
      await this.#take(database, script, statement, isTogether, async () => {
        await runStatements(database, script, [statement]);
      });
    }
  }

  async query(database: Database, script: Script, sql: string, parameters: readonly unknown[]): Promise<object[]> {
    const statement = script.statements[0] ?? new Statement(sql, 0, sql.length, false);
    let rows: object[] | undefined;
    const error = await this.#take(database, script, statement, false, async () => {
      rows = await database.query(sql, parameters);
    });
    // Without an answer the migration cannot go on.
    if (rows === undefined) throw error ?? new ConfitureError("migration_failed", "The statement gave no rows");
    return rows;
  }

  /** @returns what kept it from running, if anything did */
  async #take(
    database: Database,
    script: Script,
    statement: Statement,
    isTogether: boolean,
    work: () => Promise<void>,
  ): Promise<ConfitureError | undefined> {
    await this.#setTimeZone(database);
    const isTransactional = this.#isTransactional() || this.#begun || isTogether;
    const taken = await this.#run(database, statement, work);
    const verb = transactionControl(statement);
    if (verb !== undefined) this.#begun = verb === "BEGIN" || verb === "START TRANSACTION";
    if (this.#options.isApart && this.#isTransactional()) await this.#nextPart(database, statement);
    const { measured, how, error } = taken;
    if (how.kind === "not-traced" || (error !== undefined && error.onRows === undefined)) this.#options.lost.any = true;
    const isCode = statement.firstWord === "DO" || statement.firstWord === "CALL";
    const loss = isCode ? undefined : lossOf(statement);
    this.statementFacts.push({
      sql: statement.text,
      place: this.#placeOf(script, statement),
      span:
        this.#isTypeScript() || script.outline !== undefined
          ? undefined
          : { start: statement.start, end: statement.end },
      inTransaction: isTransactional && verb === undefined,
      how,
      ...measured,
      held: isTransactional ? measured.held : measured.locks,
      loses: loss === undefined ? [] : [loss],
      error,
      opaque: isCode && (statement.firstWord === "CALL" || HAS_BRANCHES.test(statement.text)),
    });
    return taken.stopped;
  }

  /** Once for the migration, behind what the runner sets back and before what the migration sets itself. */
  async #setTimeZone(database: Database): Promise<void> {
    const { timeZone } = this.#options;
    if (timeZone === undefined || this.#isZoned) return;
    this.#isZoned = true;
    // No query: SET TRANSACTION may come next.
    await database.execute(`set time zone ${quoteLiteral(timeZone)}`);
  }

  async #nextPart(database: Database, statement: Statement): Promise<void> {
    const [first, second] = statement.words;
    if (first === "SET" && (second === "LOCAL" || second === "CONSTRAINTS")) this.#settings.push(statement.text);
    await database.execute(["commit; begin", ...this.#settings].join("; "));
  }

  async #run(database: Database, statement: Statement, work: () => Promise<void>): Promise<Taken> {
    if (isUnguarded(statement)) {
      await work();
      return { measured: NOTHING_MEASURED, how: MEASURED };
    }
    if (await setSavepoint(database)) return await this.#inTransaction(database, work);
    if (cannotRunInTransaction(statement) !== undefined) return await this.#known(database, statement, work);
    return await this.#inOwnTransaction(database, work);
  }

  async #inTransaction(database: Database, work: () => Promise<void>): Promise<Taken> {
    const { meter, rows } = this.#options;
    const attempt = async (): Promise<Measured> => {
      try {
        return await meter.watch(work);
      } catch (error) {
        await backToSavepoint(database);
        throw error;
      }
    };
    try {
      const measured = await withMissingRoles(database, attempt);
      await releaseSavepoint(database);
      return { measured, how: MEASURED };
    } catch (thrown) {
      const error = asServerError(thrown);
      if (error.server?.sqlstate === NOT_IN_TRANSACTION && !this.#isTransactional()) throw error;
      const reason = this.#whyNotTraced(error);
      const onRows = reason === undefined && dependsOnRows(error) ? await exampleOf(database, error, rows) : undefined;
      if (onRows !== undefined) {
        for (const tables of rows.choices(error, meter)) {
          try {
            await rows.remove(database, tables);
            const measured = await attempt();
            await releaseSavepoint(database);
            await rows.refill(database, tables, true);
            return { measured, how: MEASURED, error: statementError(error, onRows) };
          } catch (again) {
            asServerError(again);
            await backToSavepoint(database);
          }
        }
      }
      await releaseSavepoint(database);
      return failed(error, reason);
    }
  }

  /** DO and CALL outside a transaction, which may commit, and mostly do not. */
  async #inOwnTransaction(database: Database, work: () => Promise<void>): Promise<Taken> {
    await database.execute("begin");
    await setSavepoint(database);
    const taken = await this.#inTransaction(database, work);
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
  #whyNotTraced(error: ConfitureError): string | undefined {
    const explained = explainMissing(error, this.#options.scratch);
    if (explained.code === "extension_missing") return explained.message;
    if (!this.#options.lost.any || !isMissingObject(error)) return undefined;
    return `a statement before it did not run: ${error.message}`;
  }

  #isTransactional(): boolean {
    const { up } = this.#options.migration;
    return up.kind !== "refused" && up.transactional;
  }

  #isTypeScript(): boolean {
    return this.#options.migration.up.kind === "typescript";
  }

  #placeOf(script: Script, statement: Statement): Location {
    const { up } = this.#options.migration;
    if (up.kind !== "typescript" || script.file !== up.file) return placeIn(script, statement.start);
    const source = readRegularFile(join(this.#options.projectDir, up.file), up.file).toString();
    const behind = source.indexOf(statement.text, this.#foundUpTo);
    const at = behind < 0 ? source.indexOf(statement.text) : behind;
    if (at < 0) return { file: up.file };
    this.#foundUpTo = at + statement.text.length;
    return locateInFile(up.file, source, at);
  }
}

interface Taken {
  readonly measured: Measured;
  readonly how: How;
  readonly error?: StatementError;
  /** Set when it did not run at all. */
  readonly stopped?: ConfitureError;
}

const MEASURED: How = { kind: "measured" };

/** What may be in a body and not be entered. */
const HAS_BRANCHES = /\b(?:if|case|loop|for|while|foreach|exception|execute)\b/i;

function failed(error: ConfitureError, reason: string | undefined): Taken {
  return {
    measured: NOTHING_MEASURED,
    how: { kind: "not-traced", reason: reason ?? "it fails" },
    stopped: error,
    ...(reason === undefined ? { error: statementError(error, undefined) } : {}),
  };
}

function statementError(error: ConfitureError, onRows: StatementError["onRows"]): StatementError {
  return { error, sqlstate: error.server?.sqlstate, onRows };
}

/** @throws what is no error of PostgreSQL's, or ended the session */
function asServerError(error: unknown): ConfitureError {
  if (error instanceof ConfitureError && error.code === "sql_failed") return error;
  throw error;
}
