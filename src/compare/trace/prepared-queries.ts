import type { Database } from "#database/database.ts";

/** What the names of prepared statements begin with: those that are kept between migrations (`deallocateOthers`). */
const PREFIX = "confiture_watch_";

const LEFT = `select name from pg_catalog.pg_prepared_statements where pg_catalog.starts_with(name, '${PREFIX}')`;

/** Of all that were ever prepared. */
let count = 0;

/** So many relations make no difference to a plan. */
const FEW = 50;

/** One meter follows another in a session: a plan has one for each way of each file. */
const sessions = new WeakMap<Database, PreparedQueries>();

/** Queries that are asked again and again in a session: most of their time is PostgreSQL's for planning them. */
export class PreparedQueries {
  readonly #database: Database;
  /** By their text. */
  readonly #names = new Map<string, string>();
  /** How many relations there were when they were planned. */
  #plannedFor = 0;

  private constructor(database: Database) {
    this.#database = database;
  }

  /** Those of the session. */
  static of(database: Database): PreparedQueries {
    const known = sessions.get(database) ?? new PreparedQueries(database);
    sessions.set(database, known);
    return known;
  }

  /** @param relations how many there are now: a catalogue that has grown calls for another plan */
  async run<Row extends object>(sql: string, relations: number): Promise<Row[]> {
    if (this.#database.pooled) return await this.#database.query<Row>(sql);
    if (relations > 2 * this.#plannedFor) {
      this.#names.clear();
      this.#plannedFor = Math.max(relations, FEW);
    }
    let name = this.#names.get(sql);
    if (name === undefined) {
      name = `${PREFIX}${++count}`;
      await this.#database.execute(`prepare ${name} as ${sql}`);
      this.#names.set(sql, name);
    }
    return await this.#database.query<Row>(`execute ${name}`);
  }

  /** What ran in the session, and was not watched, may have discarded what was prepared in it. */
  async forgetLost(): Promise<void> {
    if (this.#names.size === 0) return;
    const left = new Set((await this.#database.query<{ name: string }>(LEFT)).map(({ name }) => name));
    for (const [sql, name] of this.#names) if (!left.has(name)) this.#names.delete(sql);
  }

  /** All of them were discarded. */
  forget(): void {
    this.#names.clear();
  }
}
