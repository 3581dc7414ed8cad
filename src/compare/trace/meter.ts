import type { Database } from "#database/database.ts";
import { rollback } from "#database/rollback.ts";
import { hasCode } from "#migrate/warnings/known-code.ts";
import { ConfitureError } from "#errors/error.ts";
import type { Statement } from "#sql/statement.ts";
import { Dependents, type GoneObject, relationObject } from "./dependents.ts";
import type { Relation } from "./facts.ts";
import { type Called, type Measured, UTILITY, type Watching } from "./measured.ts";
import { Relations } from "./relations.ts";
import { moved, readPlaces, setBack } from "./sequence-places.ts";
import { dropsNewAlone, followersOf } from "./lookups.ts";
import {
  type After,
  AFTER,
  AS_ALWAYS,
  type Before,
  BEFORE,
  BY_INDEX,
  CODE,
  COUNT_CALLS,
  IS_OWN,
  RELATION,
  type RelationRow,
} from "./watch-queries.ts";
import { type Code, FORGETS, MAKES_CODE, NO_CODE, RUNS_CODE, scopeOf, SETS_BACK, tableAltered } from "./code-words.ts";
import { PreparedQueries } from "./prepared-queries.ts";

/**
 * Measures instead of guessing: PostgreSQL itself tells which locks a session has, in which files tables and indexes are,
 * and how often it began to read them. It counts the scan of an empty table as it does that of a full one.
 */
export class Meter {
  readonly #database: Database;
  /** As they were before the statement that is watched next. */
  readonly #relations = new Relations();
  readonly #queries: PreparedQueries;
  /** What functions may do; undefined until somebody asks, after each that may have changed. */
  #code: Code | undefined;
  /** As it was when somebody last asked, as long as no functions and rules can have been made. */
  #hasCode: boolean | undefined;
  /** As they were when somebody last asked, as long as nothing but rows can have changed. */
  #dependents: Dependents | undefined;
  /** By the name of a table, as long as no foreign key can have changed. */
  readonly #followers = new Map<string, string[]>();
  /** Objects with higher numbers were made since the start. */
  #newest = 0;
  /** Whether PostgreSQL counts calls of functions for this role, once it is set to. */
  countsCalls = false;

  private constructor(database: Database) {
    this.#database = database;
    this.#queries = PreparedQueries.of(database);
  }

  /**
   * @param without tables that are the tool's own, as `Relation.name`
   * @returns a meter to which everything else that is there now is in use
   */
  static async start(database: Database, without: ReadonlySet<string> = new Set()): Promise<Meter> {
    const meter = new Meter(database);
    await meter.refresh();
    meter.#relations.takeIntoUse(without);
    meter.#newest = await Dependents.newest(database);
    meter.countsCalls = await meter.#canCountCalls();
    return meter;
  }

  /** Only a superuser may, unless it was granted. */
  async #canCountCalls(): Promise<boolean> {
    try {
      await this.#database.execute(COUNT_CALLS);
      return true;
    } catch (error) {
      if (error instanceof ConfitureError && error.server?.sqlstate === INSUFFICIENT_PRIVILEGE) return false;
      throw error;
    }
  }

  #look<Row extends object>(sql: string): Promise<Row[]> {
    return this.#queries.run<Row>(sql, this.#relations.size);
  }

  /** Looks at everything anew: after what was not watched. */
  async refresh(): Promise<void> {
    await this.#queries.forgetLost();
    this.#relations.look(await this.#look<RelationRow>(`${RELATION} where ${IS_OWN}`));
    this.#forget();
    this.#hasCode = undefined;
  }

  /** As `refresh`, behind a migration that is in use and was not watched: what it has made is in use as well. */
  async takeIntoUse(): Promise<void> {
    const before = this.#relations.now;
    await this.refresh();
    this.#relations.addToUse(before);
  }

  /** What may be another after a statement that is not about rows alone. */
  #forget(): void {
    this.#code = undefined;
    this.#dependents = undefined;
    this.#followers.clear();
  }

  /** The relation of that name (as `Relation.name`), as it was at the last look. */
  find(name: string): Relation | undefined {
    return this.#relations.find(name);
  }

  /** The relation that a name in a statement stands for now. */
  async resolve(written: string): Promise<Relation | undefined> {
    const [row] = await this.#database.query<{ oid: number | null }>(
      "select pg_catalog.to_regclass($1)::pg_catalog.oid::pg_catalog.int8::pg_catalog.float8 as oid",
      [written],
    );
    return this.#relations.get(row?.oid ?? 0);
  }

  /** Tables whose rows go or change with rows of this one, by foreign keys: "deletes rows of public.posts (ON DELETE CASCADE)". */
  async followers(written: string): Promise<readonly string[]> {
    const known = this.#followers.get(written);
    if (known !== undefined) return known;
    const found = (await followersOf(this.#database, written))
      .filter(({ name }) => this.find(name)?.isNew === false)
      .map(({ name, action }) =>
        action === "c"
          ? `deletes rows of ${name} (ON DELETE CASCADE)`
          : `updates rows of ${name} (ON DELETE SET ${action === "n" ? "NULL" : "DEFAULT"})`,
      );
    this.#followers.set(written, found);
    return found;
  }

  /** Whether somebody may be using anything. */
  get hasInUse(): boolean {
    return this.#relations.hasInUse;
  }

  /** Everything that is there, in an order of its own: "table public.users". */
  all(): string[] {
    return this.#relations
      .all()
      .map(({ kind, name }) => `${kind} ${name}`)
      .toSorted();
  }

  /** Every table, partitioned ones and partitions among them. */
  tables(): string[] {
    return this.#relations.all().flatMap(({ kind, name }) => (kind === "table" ? [name] : []));
  }

  /** Every index of a table. */
  indexesOf(table: string): Relation[] {
    return this.#relations.all().filter((relation) => relation.table === table);
  }

  /**
   * Runs statements in a transaction of their own.
   * @param end what becomes of what they did
   * @throws ConfitureError as `Database.execute`; they have done nothing then
   */
  async runAlone(sql: string, end: "commit" | "rollback"): Promise<Measured> {
    const before = this.#relations.now;
    try {
      await this.#database.execute("begin");
      const measured = await this.watch(() => this.#database.execute(sql));
      await this.#database.execute(end);
      if (end === "rollback") this.#relations.goBack(before);
      return measured;
    } catch (error) {
      this.#relations.goBack(before);
      await rollback(this.#database);
      throw error;
    }
  }

  /**
   * Watches statements inside the transaction that is open. Locks that this transaction had before, in the same mode, are among `held`
   * and not among `locks`: PostgreSQL does not count how often one was asked for.
   * @throws whatever `work` throws; the caller then rolls back what was watched
   */
  async watch(work: () => Promise<void>, watching: Watching = UTILITY): Promise<Measured> {
    const { isPlanned, text } = watching;
    const [before] = await this.#look<Before>(isPlanned ? `${BEFORE}, ${BY_INDEX}` : BEFORE);
    const runsCode = isPlanned ? (this.#code ??= await this.#readCode()) : NO_CODE;
    const scope = scopeOf(text, runsCode);
    const dependents = scope && (await this.#lookAtDependents(scope, text));
    const sequences = SETS_BACK.test(text) || runsCode.setsBack ? this.#sequencesInUse() : [];
    const places = await readPlaces(this.#database, sequences);
    try {
      await work();
    } finally {
      // Also by what fails: that is not rolled back.
      if (FORGETS.test(text)) this.#queries.forget();
    }
    if (runsCode.forgets) await this.#queries.forgetLost();
    const [after] = await this.#look<After>(isPlanned ? `${AFTER}, ${AS_ALWAYS}` : AFTER);
    const compared = this.#relations.compare(before!, after!.relations, watching);
    const runs = called(before!, after!, watching);
    const now = sequences.length === 0 ? places : await readPlaces(this.#database, [...places.keys()]);
    const setsBack = setBack(places, now);
    const isRowsAlone = isPlanned && !RUNS_CODE.test(text) && !runs.some(({ takes }) => takes);
    if (!isRowsAlone) this.#forget();
    if (runs.length > 0 || MAKES_CODE.test(text)) this.#hasCode = undefined;
    // An index goes with its table, its column or its constraint, and so does the sequence of a column.
    const isBySelf = ({ kind, table }: Relation): boolean =>
      kind === "index" ? /^drop\b/i.test(text) && this.find(table ?? "") !== undefined : kind !== "sequence";
    const relations = compared.drops.filter(isBySelf);
    const objects: GoneObject[] = dependents === undefined || isRowsAlone ? [] : await dependents.gone();
    return {
      ...compared,
      runs,
      gone: [...relations.map(relationObject), ...objects],
      setsBack,
      sets: moved(places, now).filter((name) => !setsBack.includes(name)),
      writes: after!.numbers > before!.numbers,
    };
  }

  async #lookAtDependents(scope: Dependents["scope"], text: string): Promise<Dependents> {
    const table = scope === "constraints" ? tableAltered(text) : undefined;
    const known = this.#dependents;
    if (known?.scope === scope && known.table === table) return known;
    return (this.#dependents = await Dependents.look(this.#database, scope, table, this.#newest));
  }

  /** As `dropsNewAlone` of lookups.ts, since the start. */
  async dropsNewAlone(statement: Statement): Promise<boolean> {
    return await dropsNewAlone(this.#database, statement, this.#newest);
  }

  /** Whether functions or rules may take or expose something, as `hasCode` says. */
  async hasCode(): Promise<boolean> {
    return (this.#hasCode ??= await hasCode(this.#database));
  }

  async #readCode(): Promise<Code> {
    const [code] = await this.#look<Code>(CODE);
    return code ?? NO_CODE;
  }

  #sequencesInUse(): string[] {
    return this.#relations.all().flatMap(({ kind, name, isNew }) => (kind === "sequence" && !isNew ? [name] : []));
  }

  /**
   * What has changed since the last look, and is kept already: for statements that one connection cannot watch.
   * Locks and scans are not among it.
   */
  async lookAgain(): Promise<Pick<Measured, "rewrites" | "rewritesIndexes" | "buildsIndexes" | "drops">> {
    const before = this.#relations.now;
    await this.refresh();
    return this.#relations.since(before);
  }
}

function called(before: Before, after: After, { text }: Watching): Called[] {
  const counts = new Map(before.calls);
  return (
    after.functions
      .filter(({ oid, calls, bare, isCounted }) =>
        isCounted ? calls > (counts.get(oid) ?? 0) : text.toLowerCase().includes(bare.toLowerCase()),
      )
      // Triggers wake for applications as well: only what they may take away counts.
      .map(({ name, hasBranches, takes, isTrigger }) => ({
        name,
        hasBranches: hasBranches && (takes || !isTrigger),
        takes,
      }))
  );
}

const INSUFFICIENT_PRIVILEGE = "42501";
