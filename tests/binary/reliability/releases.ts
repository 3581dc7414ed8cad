import { setTimeout as sleep } from "node:timers/promises";
import postgres from "postgres";
import type { TestServer } from "../../support/servers.ts";
import { Random } from "../../unit/sql/random.ts";

/** undefined_column: this release is not at work in this phase. */
const NOT_ITS_TIME = "42703";

/** Errors after which a statement has certainly done nothing: the server says so, and goes on. */
const DID_NOTHING = /^(?:40P01|55P03|53100|53200)$/;

/** Milliseconds between two statements. */
const PAUSE = 3;

/**
 * An old and a new release of an application that write to the same rows while a column is renamed, whatever happens to the
 * server. It keeps what every row has to be; where nobody knows whether the last statement was done, both values.
 */
export class Releases {
  readonly #server: TestServer;
  readonly #database: string;
  readonly #random: Random;
  readonly #rows = new Map<number, ReadonlySet<string | undefined>>();
  readonly #over = new AbortController();
  #playing: Promise<void> = Promise.resolve();
  #isResting: Promise<void> = Promise.resolve();
  #next = 0;
  #failure: Error | undefined;

  private constructor(server: TestServer, database: string, seed: number) {
    this.#server = server;
    this.#database = database;
    this.#random = new Random(seed);
  }

  static async start(server: TestServer, database: string, seed: number): Promise<Releases> {
    const releases = new Releases(server, database, seed);
    const session = server.connect(database);
    for (const row of await session`
      select id::int as id, coalesce(to_jsonb(u) ->> 'full_name', to_jsonb(u) ->> 'name') as name from users u`) {
      releases.#rows.set(row["id"] as number, new Set([row["name"] as string]));
    }
    await session.end();
    releases.#next = Math.max(...releases.#rows.keys()) + 1;
    releases.#playing = releases.#play().catch((error: unknown) => {
      releases.#failure = error as Error;
    });
    return releases;
  }

  async end(): Promise<void> {
    this.#over.abort();
    await this.#playing;
  }

  /** @throws Error for a row that is not what was written, in any column that there is */
  async check(): Promise<void> {
    let goOn: () => void = () => {};
    this.#isResting = new Promise((resolve) => (goOn = resolve));
    try {
      // One that has just begun is seen a turn later.
      do await sleep(1);
      while (this.#isBusy);
      if (this.#failure !== undefined) throw this.#failure;
      const session = this.#server.connect(this.#database);
      const rows = await session<{ row: Record<string, unknown> }[]>`select to_jsonb(u) as row from users u`;
      await session.end();
      const found = new Map(rows.map(({ row }) => [Number(row["id"]), row]));
      for (const [id, wanted] of this.#rows) {
        const row = found.get(id);
        const values = ["name", "full_name"].flatMap((column) =>
          row !== undefined && column in row ? [row[column]] : [],
        );
        const isRight =
          row === undefined
            ? wanted.has(undefined)
            : values.length > 0 && values.every((value) => value === values[0]) && wanted.has(values[0] as string);
        if (!isRight) throw new Error(`row ${id} is ${JSON.stringify(row)} and not ${[...wanted].join(" or ")}`);
      }
      const extra = [...found.keys()].find((id) => !this.#rows.has(id));
      if (extra !== undefined) throw new Error(`row ${extra} should not be there`);
    } finally {
      goOn();
      this.#isResting = Promise.resolve();
    }
  }

  #isBusy = false;

  async #play(): Promise<void> {
    let session: postgres.Sql | undefined;
    while (!this.#over.signal.aborted) {
      await this.#isResting;
      this.#isBusy = true;
      try {
        session ??= this.#server.connect(this.#database);
        await this.#one(session);
      } catch (error) {
        // The server is not there; what the statement asked for is noted as not known.
        if (!(error instanceof Lost)) throw error;
        await session?.end({ timeout: 1 }).catch(() => {});
        session = undefined;
        await sleep(50);
      } finally {
        this.#isBusy = false;
      }
      await sleep(PAUSE);
    }
    await session?.end({ timeout: 1 }).catch(() => {});
  }

  async #one(session: postgres.Sql): Promise<void> {
    const column = this.#random.below(2) === 0 ? "name" : "full_name";
    const id = this.#random.below(10) === 0 ? this.#next++ : 1 + this.#random.below(this.#next - 1);
    const value = `${column} ${this.#random.below(1_000_000)}`;
    const before = this.#rows.get(id);
    if (before === undefined) {
      await this.#do(id, value, () => session`insert into users (id, ${session(column)}) values (${id}, ${value})`);
    } else if (this.#random.below(12) === 0) {
      await this.#do(id, undefined, () => session`delete from users where id = ${id}`);
    } else if (this.#random.below(4) === 0) {
      await this.#do(id, before, () => session`update users set visits = visits + 1 where id = ${id}`);
    } else if (!before.has(undefined)) {
      await this.#do(id, value, () => session`update users set ${session(column)} = ${value} where id = ${id}`);
    }
  }

  /** @param after what the row is then: a value, none, or what it was */
  async #do(
    id: number,
    after: string | undefined | ReadonlySet<string | undefined>,
    statement: () => Promise<unknown>,
  ): Promise<void> {
    const before = this.#rows.get(id) ?? new Set([undefined]);
    const done = typeof after === "object" ? after : new Set([after]);
    try {
      await statement();
      this.#note(id, done);
    } catch (error) {
      const code = (error as { readonly code?: unknown }).code;
      if (typeof code === "string" && (code === NOT_ITS_TIME || DID_NOTHING.test(code))) return;
      this.#note(id, new Set([...before, ...done]));
      if (error instanceof postgres.PostgresError && !/^(?:57P|08|58)/.test(error.code)) throw error;
      throw new Lost();
    }
  }

  #note(id: number, values: ReadonlySet<string | undefined>): void {
    if (values.size === 1 && values.has(undefined)) this.#rows.delete(id);
    else this.#rows.set(id, values);
  }
}

/** The server has gone away in the middle. */
class Lost extends Error {}
