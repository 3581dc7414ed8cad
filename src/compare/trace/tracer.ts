import type { Database } from "#database/database.ts";
import { rollback } from "#database/rollback.ts";
import { placeIn, runStatements, type Script } from "#database/script.ts";
import { ConfitureError, type Location } from "#errors/error.ts";
import { join } from "node:path";
import { readRegularFile } from "#files/read.ts";
import { backfillOf, type LoadedMigration } from "#migrate/body.ts";
import type { Performer } from "#migrate/performer.ts";
import { cannotRunInTransaction, transactionControl } from "#sql/classify.ts";
import { lossOf } from "#sql/loss.ts";
import { locateInFile } from "#sql/position.ts";
import { type Need, needsMajor } from "#sql/needs-major.ts";
import { quoteLiteral } from "#sql/quote.ts";
import { Statement } from "#sql/statement.ts";
import { explainMissing, withMissingRoles } from "../scratch/missing.ts";
import type { ScratchSite } from "../scratch/site.ts";
import { isMissingObject } from "../sources/sources.ts";
import type { How, StatementError, StatementFacts } from "./facts.ts";
import { backToSavepoint, isUnguarded, releaseSavepoint, setSavepoint } from "./guarded.ts";
import { namesFrom } from "./known.ts";
import { runKnown } from "./run-known.ts";
import { keepsEveryValue } from "./wider-types.ts";
import { type ColumnType, COUNT_CALLS, type Measured, type Meter, NOTHING_MEASURED } from "./meter.ts";
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
  /** The major version that the migration is for. */
  readonly postgres: number | undefined;
}

/** invalid_transaction_termination */
const COMMITS_BY_ITSELF = "2D000";
/** invalid_catalog_name */
const NO_SUCH_DATABASE = "3D000";
/** active_sql_transaction: PostgreSQL alone knew that the statement cannot be inside one. */
const NOT_IN_TRANSACTION = "25001";

/** Runs a migration's statements one by one and takes down what each of them does. */
export class Tracer implements Performer {
  readonly statementFacts: StatementFacts[] = [];
  /** False once the file itself may have taken something back: the meter then knows too much. */
  isWatched = true;
  readonly #options: TracerOptions;
  /** The file's own BEGIN was there, and its COMMIT was not. */
  #begun = false;
  #isPrepared = false;
  /** Behind the last call that was found in a TypeScript file. */
  #foundUpTo = 0;
  /** What holds only within the transaction, which is set again in each part of it. */
  readonly #settings: string[] = [];

  constructor(options: TracerOptions) {
    this.#options = options;
  }

  async statements(database: Database, script: Script, statements: readonly Statement[]): Promise<void> {
    const isTogether = statements.length > 1;
    for (let at = 0; at < statements.length;) {
      const rows = insertsFrom(statements, at);
      if (rows.length > 1 && (await this.#takeRows(database, script, rows))) {
        at += rows.length;
        continue;
      }
      // One by one where not all of them do no more than that.
      for (const statement of rows.length > 1 ? rows : statements.slice(at, at + 1)) {
        await this.#take(database, script, statement, isTogether, async () => {
          await runStatements(database, script, [statement]);
        });
        at++;
      }
    }
  }

  /**
   * Runs INSERTs together, of which files hold thousands.
   * @returns whether they do nothing but add rows; otherwise nothing was done
   */
  async #takeRows(database: Database, script: Script, statements: readonly Statement[]): Promise<boolean> {
    const { meter, isApart } = this.#options;
    await this.#prepare(database);
    if (isApart || !(await setSavepoint(database))) return false;
    try {
      const run = (): Promise<void> => runStatements(database, script, statements);
      const { runs, dropsColumns, reaches, ...facts } = await meter.watch(run, { text: "", isPlanned: true });
      const { held: _held, ...lists } = facts;
      if ([runs, dropsColumns, reaches, ...Object.values(lists)].some((list) => list.length > 0)) {
        await backToSavepoint(database);
        await releaseSavepoint(database);
        await meter.refresh();
        return false;
      }
      await releaseSavepoint(database);
      for (const statement of statements) {
        const where = this.#whereOf(script, statement, true);
        this.statementFacts.push({
          ...where,
          how: MEASURED,
          ...facts,
          loses: [],
          error: undefined,
          tooNew: undefined,
          opaque: false,
        });
      }
      return true;
    } catch (error) {
      asServerError(error);
      await backToSavepoint(database);
      await releaseSavepoint(database);
      return false;
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
    await this.#prepare(database);
    const isTransactional = this.#isTransactional() || this.#begun || isTogether;
    const tooNew = await this.#whyTooNew(statement);
    const types = await this.#typesBefore(statement);
    const taken = await this.#run(database, statement, work);
    const keepsValues = types !== undefined && (await this.#meter.typesOf(types.table)).every(types.isWider);
    const verb = transactionControl(statement);
    if (verb !== undefined) this.#begun = verb === "BEGIN" || verb === "START TRANSACTION";
    if (this.#options.isApart && this.#isTransactional()) await this.#nextPart(database, statement);
    const { measured, how, error } = taken;
    if (how.kind === "not-traced" || (error !== undefined && error.onRows === undefined)) this.#options.lost.any = true;
    const { runs, dropsColumns: _told, reaches: _reached, ...facts } = measured;
    const loses = lossesOf(statement, measured).filter((loss) => !keepsValues || !CONVERTS.test(loss));
    this.statementFacts.push({
      ...this.#whereOf(script, statement, isTransactional && verb === undefined),
      how,
      ...facts,
      held: isTransactional ? measured.held : measured.locks,
      loses: [...loses, ...(await this.#followersOf(loses))],
      error,
      tooNew,
      opaque:
        runs.some(({ hasBranches }) => hasBranches) ||
        (statement.firstWord === "DO" && HAS_BRANCHES.test(statement.text)),
    });
    return taken.stopped;
  }

  #whereOf(
    script: Script,
    statement: Statement,
    inTransaction: boolean,
  ): Pick<StatementFacts, "sql" | "place" | "span" | "inTransaction" | "inBatches"> {
    const isOwnText = !this.#isTypeScript() && script.outline === undefined;
    return {
      sql: statement.text,
      place: this.#placeOf(script, statement),
      span: isOwnText ? { start: statement.start, end: statement.end } : undefined,
      inTransaction,
      inBatches: backfillOf(this.#options.migration.up) !== undefined,
    };
  }

  /** Once for the migration, behind what the runner sets back and before what the migration sets itself. */
  async #prepare(database: Database): Promise<void> {
    const { timeZone, meter } = this.#options;
    if (this.#isPrepared) return;
    this.#isPrepared = true;
    const settings = [
      ...(timeZone === undefined ? [] : [`set time zone ${quoteLiteral(timeZone)}`]),
      ...(meter.countsCalls ? [COUNT_CALLS] : []),
    ];
    // No query: SET TRANSACTION may come next.
    if (settings.length > 0) await database.execute(settings.join("; "));
  }

  async #nextPart(database: Database, statement: Statement): Promise<void> {
    const [first, second] = statement.words;
    if (first === "SET" && (second === "LOCAL" || second === "CONSTRAINTS")) this.#settings.push(statement.text);
    await database.execute(["commit; begin", ...this.#settings].join("; "));
  }

  async #run(database: Database, statement: Statement, work: () => Promise<void>): Promise<Taken> {
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
    const isPlanned = PLANNED.has(statement.firstWord ?? "");
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
      return { measured, how: MEASURED };
    } catch (thrown) {
      const error = asServerError(thrown);
      if (error.server?.sqlstate === NOT_IN_TRANSACTION && !this.#isTransactional()) throw error;
      const reason = this.#whyNotTraced(error);
      const onRows =
        reason === undefined && dependsOnRows(error)
          ? await exampleOf(database, error, rows, statement.text)
          : undefined;
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

  get #meter(): Meter {
    return this.#options.meter;
  }

  /** The types of a table's columns before a statement that changes some of them, without an expression of its own. */
  async #typesBefore(
    statement: Statement,
  ): Promise<{ readonly table: string; readonly isWider: (now: ColumnType) => boolean } | undefined> {
    if (statement.firstWord !== "ALTER" || !CONVERTS.test(lossOf(statement) ?? "")) return undefined;
    const tokens = statement.tokens();
    const [table] = namesFrom(tokens, tokens[2] === "IF" ? 4 : 2);
    if (table === undefined || tokens.includes("USING")) return undefined;
    const before = new Map((await this.#meter.typesOf(table)).map(({ name, type }) => [name, type]));
    return { table, isWider: ({ name, type }) => keepsEveryValue(before.get(name) ?? type, type) };
  }

  /** What goes with deleted rows by foreign keys, whether or not rows were there to show it. */
  async #followersOf(loses: readonly string[]): Promise<string[]> {
    const table = loses.map((loss) => DELETES.exec(loss)?.[1]).find((name) => name !== undefined);
    if (table === undefined) return [];
    const told = loses.join("\n");
    return (await this.#meter.followers(table)).filter((loss) => !told.includes(loss.replace(/ \(.*/, "")));
  }

  /** What the version that it is for does not know. */
  async #whyTooNew(statement: Statement): Promise<string | undefined> {
    const { postgres, meter } = this.#options;
    if (postgres === undefined) return undefined;
    const need = needsMajor(statement);
    if (need !== undefined && need.major > postgres) return tooNewFor(postgres, need);
    const table = postgres < UNVALIDATED_KEYS.major ? addsUnvalidatedKey(statement) : undefined;
    return table !== undefined && (await meter.isPartitioned(table))
      ? tooNewFor(postgres, UNVALIDATED_KEYS)
      : undefined;
  }

  /** What this PostgreSQL cannot do, or lacks because of that, says nothing about the statement. */
  #whyNotTraced(error: ConfitureError): string | undefined {
    const explained = explainMissing(error, this.#options.scratch);
    if (explained.code === "extension_missing") return explained.message;
    if (error.server?.sqlstate === NO_SUCH_DATABASE) return "it names a database, and this is another one";
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

/** Statements for which PostgreSQL's planner decides how rows are read; code runs such. */
const PLANNED: ReadonlySet<string> = new Set(["SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "WITH", "DO", "CALL"]);

/** So many are run at once; if one of them fails, all are tried again. */
const MOST_ROWS = 200;

/** INSERTs that stand one after the other and only bring rows along. */
function insertsFrom(statements: readonly Statement[], from: number): readonly Statement[] {
  let end = from;
  while (end < statements.length && end - from < MOST_ROWS && bringsRows(statements[end]!)) end++;
  return statements.slice(from, end);
}

function bringsRows(statement: Statement): boolean {
  return statement.firstWord === "INSERT" && !/\bselect\b|\bdo\s+update\b/i.test(statement.text);
}

/** What may be in a body and not be entered. */
const HAS_BRANCHES = /\b(?:if|case|loop|for|while|foreach|exception|execute)\b/i;

/** What the statement says that it takes, and what code and triggers were seen to take. */
function lossesOf(statement: Statement, { rows, drops, dropsColumns, reaches, runs }: Measured): string[] {
  const { firstWord = "" } = statement;
  const told = firstWord === "DO" || firstWord === "CALL" ? undefined : lossOf(statement);
  const changed = rows.flatMap(({ name, isNew, updated, deleted, partitionOf = [] }) => {
    const verbs = [...(updated > 0 ? ["updates"] : []), ...(deleted > 0 ? ["deletes"] : [])];
    const isTold = [name, ...partitionOf].some(
      (one) => told?.endsWith(` ${one}`) === true || told?.endsWith(` ${one.split(".").at(-1)}`) === true,
    );
    return isNew || isTold || verbs.length === 0 ? [] : [`${verbs.join(" and ")} rows of ${name}`];
  });
  // No query drops anything but through code.
  const isSeen = PLANNED.has(firstWord);
  const gone = drops.filter(({ isNew, kind }) => !isNew && kind !== "index" && kind !== "sequence");
  const reached =
    isSeen && told === undefined ? reaches.filter(({ isNew, name }) => !isNew && !isNamed(statement, name)) : [];
  const taking = changed.length + gone.length + reached.length > 0 ? [] : runs.filter(({ takes }) => takes);
  return [
    ...(told === undefined ? [] : [told]),
    ...changed,
    ...reached.map(({ name }) => `may update or delete rows of ${name}`),
    ...taking.map(({ name }) => `runs ${name}, which may change or delete something`),
    ...(isSeen ? gone.map(({ kind, name }) => `drops ${kind.toUpperCase()} ${name}`) : []),
    ...(isSeen || firstWord === "DROP"
      ? dropsColumns.flatMap(({ isNew, name }) => (isNew ? [] : [`drops a COLUMN of ${name}`]))
      : []),
  ];
}

/** As `lossOf` and what was measured say it. */
const DELETES = /\bdeletes rows of (\S+)$/;

function isNamed({ text }: Statement, name: string): boolean {
  return text.toLowerCase().includes((name.split(".").at(-1) ?? name).replaceAll('"', "").toLowerCase());
}

/** As `lossOf` says it. */
const CONVERTS = /^converts values of/;

const UNVALIDATED_KEYS: Need = { major: 18, what: "a foreign key of a partitioned table that is NOT VALID" };

function tooNewFor(postgres: number, { major, what }: Need): string {
  return `PostgreSQL ${major} is the first to know ${what}, and the database is PostgreSQL ${postgres}`;
}

/** The table that gets a foreign key which is not validated, as it stands in the statement. */
function addsUnvalidatedKey(statement: Statement): string | undefined {
  if (statement.firstWord !== "ALTER" || !/\breferences\b[^]*\bnot\s+valid\b/i.test(statement.text)) return undefined;
  const tokens = statement.tokens();
  return tokens[1] === "TABLE" ? namesFrom(tokens, tokens[2] === "IF" ? 4 : 2)[0] : undefined;
}

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
