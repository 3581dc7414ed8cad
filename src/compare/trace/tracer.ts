import { join } from "node:path";
import type { Database } from "#database/database.ts";
import { placeIn, runStatements, type Script } from "#database/script.ts";
import { ConfitureError, type Location } from "#errors/error.ts";
import { readRegularFile } from "#files/read.ts";
import { backfillOf, type LoadedMigration } from "#migrate/body.ts";
import type { Performer } from "#migrate/performer.ts";
import { transactionControl } from "#sql/classify.ts";
import { dangersOf } from "#sql/danger.ts";
import { locateInFile } from "#sql/position.ts";
import { parseQualifiedName, quoteLiteral } from "#sql/quote.ts";
import { lossOfReplaced, replacedTables } from "#sql/replaced.ts";
import { Statement } from "#sql/statement.ts";
import type { ScratchSite } from "../scratch/site.ts";
import type { StatementFacts } from "./facts.ts";
import { backToSavepoint, releaseSavepoint, setSavepoint } from "./guarded.ts";
import { conversionOf } from "./kept-values.ts";
import type { Measured } from "./measured.ts";
import type { Meter } from "./meter.ts";
import { CODE_OR_QUERY } from "./planned.ts";
import type { RowsInTheWay } from "./rows-in-the-way.ts";
import { asServerError, MEASURED, StatementRunner } from "./run-statement.ts";
import { deletedFrom, lossesOf } from "./statement-losses.ts";
import { whyTooNew } from "./too-new.ts";
import { COUNT_CALLS } from "./watch-queries.ts";

export interface TracerOptions {
  readonly projectDir: string;
  readonly migration: LoadedMigration;
  readonly meter: Meter;
  readonly scratch: ScratchSite;
  readonly rows: RowsInTheWay;
  /** Whether something that came before could not run: then a thing may be missing that is there elsewhere. */
  readonly lost: { any: boolean };
  /** Statements of migrations before it that may have renamed tables. */
  readonly before: readonly Statement[];
  /** Whether each statement has a transaction of its own: then its locks are those that it asked for itself. */
  readonly isApart: boolean;
  readonly timeZone: string | undefined;
  /** The major version that the migration is for. */
  readonly postgres: number | undefined;
}

/** Runs a migration's statements one by one and takes down what each of them does. */
export class Tracer implements Performer {
  readonly statementFacts: StatementFacts[] = [];
  readonly #options: TracerOptions;
  readonly #runner: StatementRunner;
  /** The file's own BEGIN was there, and its COMMIT was not. */
  #begun = false;
  #isPrepared = false;
  /** Behind the last call that was found in a TypeScript file. */
  #foundUpTo = 0;
  /** What holds only within the transaction, which is set again in each part of it. */
  readonly #settings: string[] = [];
  /** What is known of its statements: all of a file in SQL, those of TypeScript up to now. */
  readonly #known: Statement[];
  #replacedTables: ReturnType<typeof replacedTables> | undefined;

  constructor(options: TracerOptions) {
    this.#options = options;
    const { up } = options.migration;
    this.#known = [...options.before, ...(up.kind === "sql" ? up.script.statements : [])];
    this.#runner = new StatementRunner({ ...options, isTransactional: this.#isTransactional() });
  }

  /** False once the file itself may have taken something back: the meter then knows too much. */
  get isWatched(): boolean {
    return this.#runner.isWatched;
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
      const measured = await meter.watch(run, { text: "", isPlanned: true });
      const { held: _held, writes: _writes, ...lists } = measured;
      if (Object.values(lists).some((list) => list.length > 0)) {
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
          ...factsOf(measured),
          loses: [],
          takesAlong: [],
          endangers: [],
          absent: undefined,
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
    const statement = script.statements[0] ?? Statement.of(sql);
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
    const { postgres } = this.#options;
    const tooNew =
      postgres === undefined ? undefined : await whyTooNew(database, statement, postgres, !this.#options.lost.any);
    const endangers = await this.#endangers(statement);
    const replaced = await this.#replaced(statement);
    const conversion = await conversionOf(database, statement);
    const taken = await this.#runner.run(database, statement, work);
    const keepsValues = await conversion?.keepsValues();
    const verb = transactionControl(statement);
    if (verb !== undefined) this.#begun = verb === "BEGIN" || verb === "START TRANSACTION";
    if (this.#options.isApart && this.#isTransactional()) await this.#nextPart(database, statement);
    const { measured, how, error } = taken;
    if (how.kind === "not-traced" || (error !== undefined && error.onRows === undefined)) this.#options.lost.any = true;
    const emptied = await emptiedByCode(database, statement, measured);
    const losses = lossesOf(statement, measured, keepsValues === true, emptied);
    this.statementFacts.push({
      ...this.#whereOf(script, statement, isTransactional && verb === undefined),
      how,
      ...factsOf(measured),
      ...losses,
      held: isTransactional ? measured.held : measured.locks,
      loses: [...losses.loses, ...replaced, ...(await this.#followersOf(losses.loses))],
      endangers: endangers.length > 0 ? endangers : losses.endangers,
      error,
      tooNew,
      opaque:
        measured.runs.some(({ hasBranches }) => hasBranches) ||
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

  /** What goes with deleted rows by foreign keys, whether or not rows were there to show it. */
  async #followersOf(loses: readonly string[]): Promise<string[]> {
    const table = loses.map(deletedFrom).find((name) => name !== undefined);
    if (table === undefined) return [];
    const told = loses.join("\n");
    const followers = await this.#options.meter.followers(table);
    return followers.filter((loss) => !told.includes(loss.replace(/ \(.*/, "")));
  }

  /** What is not found any more where it puts another table in the place of one in use. */
  async #replaced(statement: Statement): Promise<string[]> {
    if (this.#isTypeScript()) {
      this.#known.push(statement);
      this.#replacedTables = undefined;
    }
    if (!/^(?:CREATE|ALTER)$/.test(statement.firstWord ?? "")) return [];
    this.#replacedTables ??= replacedTables(this.#known);
    const replaced = this.#replacedTables.get(statement);
    const loss = replaced === undefined ? undefined : lossOfReplaced(replaced);
    if (replaced === undefined || loss === undefined) return [];
    return (await this.#options.meter.resolve(replaced.now))?.isNew === false ? [loss] : [];
  }

  /** What its text says that it puts at risk, of what is in use. */
  async #endangers(statement: Statement): Promise<string[]> {
    const found: string[] = [];
    for (const { what, relation } of dangersOf(statement)) {
      // What is no name makes PostgreSQL stop, here as there.
      if (parseQualifiedName(relation) === undefined) continue;
      if ((await this.#options.meter.resolve(relation))?.isNew === false) found.push(what);
    }
    return found;
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

/** Tables in use that a statement's code has truncated: each has a new file, and nothing in it. */
async function emptiedByCode(
  database: Database,
  { firstWord = "" }: Statement,
  { rewrites }: Measured,
): Promise<string[]> {
  if (!CODE_OR_QUERY.has(firstWord)) return [];
  const emptied: string[] = [];
  for (const { isNew, kind, name } of rewrites) {
    if (isNew || kind !== "table") continue;
    const [empty] = await database.query(
      "select where pg_catalog.pg_relation_size(pg_catalog.to_regclass($1)) operator(pg_catalog.=) 0",
      [name],
    );
    if (empty !== undefined) emptied.push(name);
  }
  return emptied;
}

/** What may be in a body and not be entered. */
const HAS_BRANCHES = /\b(?:if|case|loop|for|while|foreach|exception|execute)\b/i;

/** What of it is told as it was measured. */
function factsOf({
  locks,
  held,
  rewrites,
  rewritesIndexes,
  scans,
  buildsIndexes,
  drops,
  rows,
}: Measured): Omit<Measured, "gone" | "dropsColumns" | "reaches" | "runs" | "setsBack" | "writes"> {
  return { locks, held, rewrites, rewritesIndexes, scans, buildsIndexes, drops, rows };
}
