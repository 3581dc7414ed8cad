import { setTimeout as sleep } from "node:timers/promises";
import { BINARY, peakMemory, runBinary } from "../../support/cli.ts";
import { temporaryProject, type TemporaryProject } from "../../support/project.ts";
import type { TestServer } from "../../support/servers.ts";
import { Random } from "../../unit/sql/random.ts";
import { renamedColumn } from "./renamed-column.ts";

/** What writers met, in milliseconds. */
export interface Latencies {
  readonly statements: number;
  readonly p50: number;
  readonly p99: number;
}

/** A fill by a whole process, from its start to its end. */
export interface FillFigures {
  readonly seconds: number;
  /** Until the last row had its turn; the command then goes through the table once more, for rows that came meanwhile. */
  readonly filledAfter: number;
  /** Undefined where nobody wrote. */
  readonly latencies: Latencies | undefined;
  /** Of the process, in bytes. */
  readonly memory: number;
}

/** Milliseconds that a writer waits between two statements, as an application has its own work to do. */
export const THINKS = 10;

/** Rows of a batch of the plain loop. */
export const PLAIN_BATCH = 10_000;

/** Milliseconds between two looks at how far a fill is. */
const LOOKS = 50;

/** A table of which the expand is done, copied for each fill, so that all of them begin alike. */
export class FillBench {
  readonly #server: TestServer;
  readonly #project: TemporaryProject;
  readonly #base: string;
  readonly rows: number;

  private constructor(server: TestServer, project: TemporaryProject, base: string, rows: number) {
    this.#server = server;
    this.#project = project;
    this.#base = base;
    this.rows = rows;
  }

  static async open(server: TestServer, rows: number): Promise<FillBench> {
    const base = await server.createDatabase("base");
    const project = await temporaryProject(renamedColumn({ rows }));
    const bench = new FillBench(server, project, base, rows);
    const { exitCode, stderr } = await runBinary(["migrate", "up", "--to", "2", "--database-url", server.url(base)], {
      cwd: project.dir,
    });
    if (exitCode !== 0) throw new Error(stderr);
    const session = server.connect(base);
    await session.unsafe("vacuum (freeze, analyze) users");
    await session.end();
    return bench;
  }

  /** How writers fare while nobody fills. */
  async alone(writers: number, milliseconds: number): Promise<Latencies> {
    return await this.#onCopy(async (database) => {
      const playing = new Writers(this.#server, database, this.rows, writers);
      await sleep(milliseconds);
      return await playing.end();
    });
  }

  /** The command, which can be killed at any time. */
  async fill(writers: number): Promise<FillFigures> {
    return await this.#onCopy(async (database) => {
      const url = this.#server.url(database);
      return await this.#measure(database, writers, [
        BINARY,
        "migrate",
        "up",
        "--only-backfill",
        "--database-url",
        url,
      ]);
    });
  }

  /** What a person would write: an UPDATE in a loop that commits, inside the server. Killed, nobody knows how far it was. */
  async plain(writers: number): Promise<FillFigures> {
    const loop = `DO $$
      DECLARE at bigint := 0; upper bigint;
      BEGIN
        SELECT max(id) INTO upper FROM users;
        WHILE at < upper LOOP
          UPDATE users SET full_name = name WHERE full_name IS NULL AND id > at AND id <= at + ${PLAIN_BATCH};
          at := at + ${PLAIN_BATCH};
          COMMIT;
        END LOOP;
      END $$`;
    return await this.#onCopy(async (database) => {
      const url = this.#server.url(database);
      return await this.#measure(database, writers, [
        "psql",
        "-X",
        "-q",
        "-v",
        "ON_ERROR_STOP=1",
        "-d",
        url,
        "-c",
        loop,
      ]);
    });
  }

  async close(): Promise<void> {
    await this.#server.dropDatabase(this.#base);
    await this.#project.remove();
  }

  async #onCopy<T>(work: (database: string) => Promise<T>): Promise<T> {
    const copy = `${this.#base}_copy`;
    await this.#server.sql(`create database "${copy}" template "${this.#base}"`);
    await this.#server.sql("checkpoint");
    try {
      return await work(copy);
    } finally {
      await this.#server.dropDatabase(copy);
    }
  }

  async #measure(database: string, writers: number, command: readonly string[]): Promise<FillFigures> {
    const session = this.#server.connect(database);
    const playing = writers === 0 ? undefined : new Writers(this.#server, database, this.rows, writers);
    const started = performance.now();
    const child = Bun.spawn([...command], {
      cwd: this.#project.dir,
      env: { PATH: process.env["PATH"] ?? "", HOME: this.#project.dir },
      stdin: "ignore",
      stdout: "ignore",
      stderr: "pipe",
    });
    const memory = peakMemory(child);
    const output = child.stderr.text();
    const state = { isOver: false };
    void child.exited.then(() => (state.isOver = true));
    let filledAfter: number | undefined;
    const knows = command[0] === BINARY;
    while (!state.isOver) {
      await Promise.race([sleep(LOOKS), child.exited]);
      if (!knows || filledAfter !== undefined) continue;
      const [progress] = await session
        .unsafe<{ sweep: number }[]>("select sweep from confiture_migrations_progress")
        .catch(() => []);
      if ((progress?.sweep ?? 0) > 0) filledAfter = performance.now() - started;
    }
    const seconds = (performance.now() - started) / 1000;
    const latencies = await playing?.end();
    if ((await child.exited) !== 0) throw new Error(await output);
    const [left] = await session.unsafe("select 1 from users where full_name is distinct from name limit 1");
    await session.end();
    if (left !== undefined) throw new Error(`${command[0]}: a row is not filled`);
    return {
      seconds,
      filledAfter: filledAfter === undefined ? seconds : filledAfter / 1000,
      latencies,
      memory: await memory,
    };
  }
}

/** Sessions of an application: single statements, mostly of something else than what is filled. */
class Writers {
  readonly #ended = new AbortController();
  readonly #playing: readonly Promise<void>[];
  readonly #times: number[] = [];

  constructor(server: TestServer, database: string, rows: number, count: number) {
    this.#playing = Array.from({ length: count }, (_, index) => this.#play(server, database, rows, index));
  }

  async #play(server: TestServer, database: string, rows: number, index: number): Promise<void> {
    const session = server.connect(database);
    const random = new Random(4711 + index);
    try {
      for (let next = rows + 1 + index * 1_000_000_000; !this.#ended.signal.aborted; next++) {
        const id = 1 + random.below(rows);
        const started = performance.now();
        switch (random.below(10)) {
          case 0:
            await session`insert into users (id, name) values (${next}, ${`New ${next}`})`;
            break;
          case 1:
            await session`update users set name = ${`Renamed ${next}`} where id = ${id}`;
            break;
          case 2:
            await session`select name from users where id = ${id}`;
            break;
          default:
            await session`update users set visits = visits + 1 where id = ${id}`;
        }
        this.#times.push(performance.now() - started);
        await sleep(THINKS);
      }
    } finally {
      await session.end();
    }
  }

  async end(): Promise<Latencies> {
    this.#ended.abort();
    await Promise.all(this.#playing);
    const sorted = this.#times.toSorted((a, b) => a - b);
    const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
    return { statements: sorted.length, p50: at(0.5), p99: at(0.99) };
  }
}
