import type { Database } from "#database/database.ts";
import { runStatements, type Script } from "#database/script.ts";
import { ConfitureError } from "#errors/error.ts";
import type { LoadedMigration } from "#migrate/files/body.ts";
import type { Performer } from "#migrate/run/performer.ts";
import { transactionControl } from "#sql/classify.ts";
import { quoteLiteral } from "#sql/quote.ts";
import { Statement } from "#sql/statement.ts";
import { lossOfSwallowed, type SwallowedWrites } from "#sql/effects/swallowed-writes.ts";
import { giveBackMemory } from "../engine/memory.ts";
import type { ScratchSite } from "../scratch/site.ts";
import type { StatementFacts } from "./facts.ts";
import { backToSavepoint, releaseSavepoint, setSavepoint } from "./guarded.ts";
import { conversionOf } from "./kept-values.ts";
import type { Measured } from "./measured.ts";
import type { Meter } from "./meter.ts";
import { Places } from "./places.ts";
import { CODE_OR_QUERY } from "./planned.ts";
import type { RowsInTheWay } from "./rows-in-the-way.ts";
import { asServerError, MEASURED, StatementRunner } from "./run-statement.ts";
import { insertsFrom } from "./seeds.ts";
import { lossesOf } from "./statement-losses.ts";
import { swallowedRows } from "./swallowed-rows.ts";
import { NOTHING_TOLD, Teller } from "./told.ts";
import { whyTooNew } from "./too-new.ts";
import { COUNT_CALLS } from "./watch-queries.ts";
import { type TimeLimit, withinLimit } from "../scratch/within-limit.ts";

export interface TracerOptions {
  readonly projectDir: string;
  readonly migration: LoadedMigration;
  readonly meter: Meter;
  readonly scratch: ScratchSite;
  readonly rows: RowsInTheWay;
  /** Whether something that came before could not run: then a thing may be missing that is there elsewhere. */
  readonly lost: { any: boolean };
  /** Statements of migrations before it that may have renamed tables or columns. */
  readonly before: readonly Statement[];
  /** Whether each statement has a transaction of its own: then its locks are those that it asked for itself. */
  readonly isApart: boolean;
  readonly timeZone: string | undefined;
  /** The major version that the migration is for. */
  readonly postgres: number | undefined;
  readonly limit: TimeLimit;
}

/** Runs a migration's statements one by one and takes down what each of them does. */
export class Tracer implements Performer {
  readonly limitsItself = true;
  readonly statementFacts: StatementFacts[] = [];
  readonly #options: TracerOptions;
  readonly #runner: StatementRunner;
  readonly #places: Places;
  readonly #teller: Teller;
  /** The file's own BEGIN was there, and its COMMIT was not. */
  #begun = false;
  #isPrepared = false;
  /** What holds only within the transaction, which is set again in each part of it. */
  readonly #settings: string[] = [];

  constructor(options: TracerOptions) {
    this.#options = options;
    const { projectDir, migration, meter, before } = options;
    this.#places = new Places(projectDir, migration);
    this.#teller = new Teller(meter, migration, before);
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
        if (this.#options.isApart && this.#isTransactional()) await this.#nextPart(database, rows[0]!);
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
    const { meter, rows, limit } = this.#options;
    await this.#prepare(database);
    const text = script.text.slice(statements[0]?.start, statements.at(-1)?.end);
    if (limit.reached.has(text) || !(await setSavepoint(database))) return false;
    try {
      const run = (): Promise<void> =>
        withinLimit(database, limit, text, () => runStatements(database, script, statements));
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
        rows.noteInserted(statement);
        const where = this.#places.of(script, statement, true);
        this.statementFacts.push({
          ...where,
          how: MEASURED,
          ...factsOf(measured),
          loses: [],
          takesAlong: [],
          endangers: [],
          exposes: [],
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
    // Of statements by themselves, nobody asks for more than their locks.
    const told = this.#options.isApart ? NOTHING_TOLD : await this.#teller.of(database, statement);
    const conversion = await conversionOf(database, statement);
    // Reading it has left several times its size behind, and the engine is about to take as much.
    const isLong = statement.end - statement.start > LONG;
    if (isLong) giveBackMemory();
    const taken = await this.#runner.run(database, statement, work);
    const keepsValues = await conversion?.keepsValues();
    const verb = transactionControl(statement);
    if (verb !== undefined) this.#begun = verb === "BEGIN" || verb === "START TRANSACTION";
    if (this.#options.isApart && this.#isTransactional()) await this.#nextPart(database, statement);
    const { measured, how, error } = taken;
    if (taken.stopped === undefined) this.#options.rows.noteInserted(statement);
    if (how.kind === "not-traced" || (error !== undefined && error.onRows === undefined)) this.#options.lost.any = true;
    if (isLong) giveBackMemory();
    const emptied = await emptiedByCode(database, statement, measured);
    const losses = lossesOf(statement, measured, keepsValues === true, told.isSpent || told.isNew, emptied, told.runs);
    const swallows = taken.stopped === undefined ? await this.#swallows(database, told.swallows) : [];
    const where = this.#places.of(script, statement, isTransactional && verb === undefined);
    this.statementFacts.push({
      ...where,
      how,
      ...factsOf(measured),
      // TRUNCATE gives a table a new file as well, and writes nothing into it.
      rewrites: measured.rewrites.filter(({ name }) => !emptied.includes(name)),
      ...losses,
      held: isTransactional ? measured.held : measured.locks,
      loses: [
        ...losses.loses,
        ...swallows.map((one) => lossOfSwallowed(one, one.fate === "branch")),
        ...told.replaces,
        ...(await this.#teller.followersOf(losses.loses)),
      ],
      endangers: told.endangers.length > 0 ? told.endangers : losses.endangers,
      exposes: told.exposes,
      error: error && this.#places.located(error, script, statement, where.place),
      tooNew,
      opaque:
        measured.runs.some(({ hasBranches }) => hasBranches) ||
        (statement.firstWord === "DO" && HAS_BRANCHES.test(statement.text)),
    });
    return taken.stopped;
  }

  /** Of writes that may be swallowed on one way through a trigger alone, those that are. */
  async #swallows(database: Database, all: readonly SwallowedWrites[]): Promise<SwallowedWrites[]> {
    const swallows: SwallowedWrites[] = [];
    for (const one of all) {
      if (one.fate !== "branch") swallows.push(one);
      else if (!this.#options.isApart) {
        const events = await swallowedRows(database, one, this.#options.limit);
        if (events.length > 0) swallows.push({ ...one, events });
      }
    }
    return swallows;
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

  #isTransactional(): boolean {
    const { up } = this.#options.migration;
    return up.kind !== "refused" && up.transactional;
  }
}

/** UTF-16 units of a statement from which on memory that is not needed any more is given back. */
const LONG = 1 << 20;

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
  sets,
}: Measured): Omit<Measured, "gone" | "dropsColumns" | "reaches" | "runs" | "setsBack" | "writes"> {
  return { locks, held, rewrites, rewritesIndexes, scans, buildsIndexes, drops, rows, sets };
}
