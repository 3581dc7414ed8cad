import type { Database } from "#database/database.ts";
import { runStatements } from "#database/run-script.ts";
import type { Script } from "#database/script.ts";
import { ConfitureError } from "#errors/error.ts";
import type { LoadedMigration } from "#migrate/files/body.ts";
import type { Performer } from "#migrate/run/performer.ts";
import { transactionControl } from "#sql/classify.ts";
import { quoteLiteral } from "#sql/quote.ts";
import { Statement } from "#sql/statement.ts";
import { callsInRows } from "#sql/alike.ts";
import { lossOfSwallowed, type SwallowedWrites } from "#sql/effects/swallowed-writes.ts";
import { giveBackMemory } from "../engine/memory.ts";
import type { ScratchSite } from "#scratch/site.ts";
import type { StatementFacts } from "./facts.ts";
import { backToSavepoint, releaseSavepoint, setSavepoint } from "./guarded.ts";
import { conversionOf } from "./kept-values.ts";
import { addsRowsAlone, changesRowsAlone, factsOf, type Measured } from "./measured.ts";
import type { Meter } from "./meter.ts";
import { Places } from "./places.ts";
import type { RowsInTheWay } from "./rows-in-the-way.ts";
import { asServerError, MEASURED, StatementRunner } from "./run-statement.ts";
import { insertsRows, MOST_ROWS, rowsFrom } from "./seeds.ts";
import { emptiedBesides, type Losses, lossesOf, NOTHING_LOST } from "./statement-losses.ts";
import { swallowedRows } from "./swallowed-rows.ts";
import { NOTHING_TOLD, Teller, type Told } from "./told.ts";
import { whyTooNew } from "./too-new.ts";
import { COUNT_CALLS } from "./watch-queries.ts";
import { type TimeLimit, withinLimit } from "../runs/within-limit.ts";

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
  /** How many times statements were run together. */
  #groups = 0;
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
    let most = MOST_ROWS;
    for (let at = 0; at < statements.length;) {
      const rows = rowsFrom(statements, at, most);
      const isMany = rows.length > (insertsRows(statements[at]!) ? 1 : FEW_ROWS);
      if (isMany && (await this.#takeRows(database, script, rows))) {
        if (this.#options.isApart && this.#isTransactional()) await this.#nextPart(database, rows[0]!);
        at += rows.length;
        most = Math.min(MOST_ROWS, most * 2);
        continue;
      }
      if (isMany && rows.length > FEW_ROWS) {
        most = Math.max(FEW_ROWS, Math.floor(rows.length / 4));
        continue;
      }
      // One by one where not all of them do no more than that.
      for (const statement of rows.length > 1 ? rows : statements.slice(at, at + 1)) {
        await this.#take(database, script, statement, isTogether, async () => {
          await runStatements(database, script, [statement]);
        });
        at++;
      }
      most = Math.min(MOST_ROWS, most * 2);
    }
  }

  /**
   * Runs statements together that add, change or delete rows, of which files hold tens of thousands.
   * @param statements one like the other
   * @returns whether they do nothing but that; otherwise nothing was done
   */
  async #takeRows(database: Database, script: Script, statements: readonly Statement[]): Promise<boolean> {
    const { meter, rows, limit } = this.#options;
    const [first] = statements;
    await this.#prepare(database);
    const text = script.text.slice(first?.start, statements.at(-1)?.end);
    if (limit.reached.has(text) || statements.some((one) => database.leavesOut?.why(one) !== undefined)) return false;
    const addsRows = first !== undefined && insertsRows(first);
    const told: Told[] = [];
    // What they say is looked at before they run, and of each by itself.
    for (const statement of statements) {
      if ((await this.#tooNew(database, statement)) !== undefined) return false;
      // Where PostgreSQL does not count calls, nobody would see what defaults and triggers run.
      const saysNothing = addsRows && meter.countsCalls && !callsInRows(statement);
      told.push(!saysNothing && !this.#options.isApart ? await this.#teller.of(database, statement) : NOTHING_TOLD);
      await rows.noteBefore(database, statement);
    }
    if (!(await setSavepoint(database))) return false;
    try {
      const run = (): Promise<void> =>
        withinLimit(database, limit, text, () => runStatements(database, script, statements));
      const measured = await meter.watch(run, { text: addsRows ? "" : first!.text, isPlanned: true });
      if (!(addsRows ? addsRowsAlone(measured) : changesRowsAlone(measured))) {
        await backToSavepoint(database);
        await releaseSavepoint(database);
        await meter.refresh();
        return false;
      }
      await releaseSavepoint(database);
      const facts = factsOf(measured);
      let losses = NOTHING_LOST;
      for (const [index, statement] of statements.entries()) {
        rows.noteInserted(statement);
        const isPlain = addsRows && told[index] === NOTHING_TOLD;
        const own = isPlain ? NOTHING_LOST : await this.#lossesOf(statement, measured, told[index]!);
        // Of tens of thousands, the same is kept once.
        if (!Bun.deepEquals(own, losses)) losses = own;
        this.statementFacts.push({
          ...this.#places.of(script, statement, true),
          how: MEASURED,
          ...facts,
          ...losses,
          error: undefined,
          tooNew: undefined,
          opaque: false,
          together: addsRows ? undefined : statements.length,
        });
      }
      if (++this.#groups % BREATH === 0) giveBackMemory();
      return true;
    } catch (error) {
      asServerError(error);
      await backToSavepoint(database);
      await releaseSavepoint(database);
      return false;
    }
  }

  /** Of one of several that were measured together. */
  async #lossesOf(
    statement: Statement,
    measured: Measured,
    told: Told,
  ): Promise<Losses & Pick<StatementFacts, "exposes">> {
    const losses = lossesOf(statement, measured, told.isFill, told.isSpent || told.isNew, [], told.runs);
    return {
      ...losses,
      loses: [...losses.loses, ...told.replaces, ...(await this.#teller.followersOf(losses.loses))],
      endangers: told.endangers.length > 0 ? told.endangers : losses.endangers,
      exposes: told.exposes,
    };
  }

  async #tooNew(database: Database, statement: Statement): Promise<string | undefined> {
    const { postgres, lost } = this.#options;
    return postgres === undefined ? undefined : await whyTooNew(database, statement, postgres, !lost.any);
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
    const tooNew = await this.#tooNew(database, statement);
    // Of statements by themselves, nobody asks for more than their locks.
    const told = this.#options.isApart ? NOTHING_TOLD : await this.#teller.of(database, statement);
    const conversion = await conversionOf(database, statement);
    // Reading it has left several times its size behind, and the engine is about to take as much.
    const isLong = statement.end - statement.start > LONG;
    if (isLong) giveBackMemory();
    const taken = await this.#runner.run(database, statement, work);
    const keeps = told.isFill || (await conversion?.keepsValues()) === true;
    const verb = transactionControl(statement);
    if (verb !== undefined) this.#begun = verb === "BEGIN" || verb === "START TRANSACTION";
    if (this.#options.isApart && this.#isTransactional()) await this.#nextPart(database, statement);
    const { measured, how, error } = taken;
    if (taken.stopped === undefined) this.#options.rows.noteInserted(statement);
    if (how.kind === "not-traced" || (error !== undefined && error.onRows === undefined)) this.#options.lost.any = true;
    if (isLong) giveBackMemory();
    const emptied = await emptiedBesides(database, statement, measured);
    const losses = lossesOf(statement, measured, keeps, told.isSpent || told.isNew, emptied, told.runs);
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

/** So many are run one by one where they cannot be run together. */
const FEW_ROWS = 8;

/** UTF-16 units of a statement from which on memory that is not needed any more is given back. */
const LONG = 1 << 20;

/** After so many groups of statements that were run together, memory that is not needed any more is given back. */
const BREATH = 5;

/** What may be in a body and not be entered. */
const HAS_BRANCHES = /\b(?:if|case|loop|for|while|foreach|exception|execute)\b/i;
