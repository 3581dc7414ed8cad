import { afterEach, describe, expect, test } from "bun:test";
import { appendFile, mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import type { Database, Notice } from "#database/database.ts";
import { type EmbeddedEngine, openEmbedded, openEmbeddedDatabase } from "#database/embedded/embedded.ts";
import { backendMessages, message, simpleQuery } from "#database/embedded/protocol.ts";
import { ConfitureError } from "#errors/error.ts";
import { long } from "../support/long.ts";

const MEMORY = { engine: "embedded" } as const;
const PROGRAM = Bun.fileURLToPath(import.meta.resolve("../support/embedded-entry.ts"));

/** Overflows the stack before PostgreSQL can see it coming. */
const BREAKDOWN = "SELECT repeat('[', 1000000)::json";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function open(path?: string, onNotice?: (notice: Notice) => void): Promise<Database> {
  const database = await openEmbeddedDatabase(
    { engine: "embedded", ...(path === undefined ? {} : { path }) },
    onNotice === undefined ? {} : { onNotice },
  );
  cleanups.push(() => database.close());
  return database;
}

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(await realpath(tmpdir()), "confiture-embedded-"));
  cleanups.push(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** What a promise is rejected with. */
async function failure(work: Promise<unknown>): Promise<ConfitureError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof ConfitureError) return error;
  throw new Error(`no ConfitureError but ${Bun.inspect(error)}`);
}

/** A client that speaks the protocol itself, for what the driver hides. */
class RawClient {
  readonly socket: Duplex;
  #received = Buffer.alloc(0);

  constructor(engine: EmbeddedEngine) {
    this.socket = engine.connect();
    this.socket.on("data", (bytes: Buffer) => (this.#received = Buffer.concat([this.#received, bytes])));
    this.socket.on("error", () => {});
  }

  start(parameters: Readonly<Record<string, string>> = {}): Promise<string[]> {
    const text = Object.entries({ user: "postgres", ...parameters })
      .flat()
      .map((word) => `${word}\0`)
      .join("");
    const body = Buffer.from(`\0\0\0\0\0\x03\0\0${text}\0`);
    body.writeUInt32BE(body.length);
    return this.exchange(body);
  }

  /** Sends bytes and returns the answer up to ReadyForQuery: types, with the text of errors and rows. */
  async exchange(...messages: Buffer[]): Promise<string[]> {
    this.#received = Buffer.alloc(0);
    for (const bytes of messages) this.socket.write(bytes);
    while (this.#received.at(-6) !== "Z".charCodeAt(0)) {
      if (this.socket.destroyed) throw new Error("the connection is closed");
      await Bun.sleep(1);
    }
    return backendMessages(this.#received).map((bytes) => {
      const type = String.fromCharCode(bytes[0]!);
      const words = bytes.toString("latin1", 5).split("\0");
      if (type === "E") return `E ${words.find((word) => word.startsWith("C"))?.slice(1)}`;
      if (type === "D") return `D ${bytes.toString("utf8", 11)}`;
      return type === "C" ? `C ${words[0]}` : type;
    });
  }

  async end(): Promise<void> {
    const closed = new Promise((resolve) => this.socket.once("close", resolve));
    this.socket.end(message("X"));
    await closed;
  }
}

describe("a session in memory", () => {
  test("takes parameters and returns values, arrays and NULL", async () => {
    const database = await open();
    expect(database).toMatchObject({ engine: "embedded" });
    expect(database.serverVersion).toBeGreaterThanOrEqual(180_000);
    expect(await database.query("SELECT $1::int[] AS list, $2::text AS text, NULL AS none", [[1, 2], "é"])).toEqual([
      { list: [1, 2], text: "é", none: null },
    ]);
  });

  test("has a server's defaults", async () => {
    const database = await open();
    const names = ["search_path", "application_name", "server_encoding", "TimeZone"];
    expect(
      await database.query("SELECT name, setting FROM pg_settings WHERE name = ANY ($1) ORDER BY name", [names]),
    ).toEqual([
      { name: "TimeZone", setting: "UTC" },
      { name: "application_name", setting: "confiture" },
      { name: "search_path", setting: '"$user", public' },
      { name: "server_encoding", setting: "UTF8" },
    ]);
  });

  long("holds more tables than files may be open, and what is in them", async () => {
    const database = await open();
    const each = (sql: (n: number) => string): string => Array.from({ length: 600 }, (_, n) => sql(n)).join("");
    await database.execute(
      `BEGIN; ${each((n) => `CREATE TABLE t${n} (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, n int);`)} COMMIT`,
    );
    await database.execute(each((n) => `INSERT INTO t${n} (n) VALUES (${n}), (1);`));
    await database.execute("CHECKPOINT");
    await database.execute(each((n) => `UPDATE t${n} SET n = n + 1 WHERE id = 1;`));
    const all = Array.from({ length: 600 }, (_, n) => `SELECT sum(n) FROM t${n}`).join(" UNION ALL ");
    expect(await database.query(`SELECT sum(sum)::int FROM (${all}) AS all_of_them`)).toEqual([
      { sum: (599 * 600) / 2 + 2 * 600 },
    ]);
    expect(await database.query("SELECT id FROM t7 WHERE id = 2")).toEqual([{ id: 2 }]);
  });

  test("goes on after errors, in and out of transactions", async () => {
    const database = await open();
    const error = await failure(database.execute("SELECT 1;\nSELECT 1/0"));
    expect(error).toMatchObject({ code: "sql_failed", server: { sqlstate: "22012" } });
    await database.execute("BEGIN");
    expect((await failure(database.query("SELECT nothing"))).server).toMatchObject({ sqlstate: "42703", position: 8 });
    expect((await failure(database.query("SELECT 1"))).server?.sqlstate).toBe("25P02");
    await database.execute("ROLLBACK");
    expect(await database.query("SELECT 1 AS one")).toEqual([{ one: 1 }]);
  });

  test("answers pipelined queries in order and reports notices", async () => {
    const notices: string[] = [];
    const database = await open(undefined, (notice) => notices.push(notice.message));
    const [, rows] = await Promise.all([
      database.execute("DO $$ BEGIN RAISE NOTICE 'first'; RAISE WARNING 'second'; END $$; CREATE TABLE t (a int)"),
      database.query("SELECT count(*)::int AS count FROM t"),
      database.execute("INSERT INTO t VALUES (1)"),
    ]);
    expect(rows).toEqual([{ count: 0 }]);
    expect(notices).toEqual(["first", "second"]);
  });

  test("takes large queries and returns large results", async () => {
    const database = await open();
    await database.execute(`CREATE TABLE large AS SELECT '${"x".repeat(8_000_000)}'::text AS text`);
    expect(await database.query("SELECT length(text) AS length FROM large")).toEqual([{ length: 8_000_000 }]);
    expect((await database.query<{ text: string }>("SELECT text FROM large"))[0]?.text).toHaveLength(8_000_000);
    expect(await database.query("SELECT * FROM generate_series(1, 50000)")).toHaveLength(50_000);
  });

  long("has room for the locks of 10,000 tables in one transaction, and says what to do beyond that", async () => {
    const database = await open();
    const locks = (count: number): string =>
      `SELECT count(pg_advisory_xact_lock(i))::int AS count FROM generate_series(1, ${count}) i`;
    // A table with a key and a text is four relations.
    expect(await database.query(locks(40_000))).toEqual([{ count: 40_000 }]);
    const error = await failure(database.query(locks(4_000_000)));
    expect(error.server?.sqlstate).toBe("53200");
    expect(error.hint).not.toContain("max_locks_per_transaction");
    expect(await database.query("SELECT 1 AS one")).toEqual([{ one: 1 }]);
  });

  test("keeps statistics of 2,500 tables", async () => {
    const database = await open();
    const eachTable = (statement: string): string =>
      `DO $$ BEGIN FOR i IN 1..2500 LOOP EXECUTE format('${statement}', i); END LOOP; END $$`;
    await database.execute(eachTable("CREATE TABLE t%s ()"));
    await database.execute(`SELECT pg_stat_force_next_flush(); ${eachTable("SELECT FROM t%s")}`);
    expect(await database.query("SELECT count(*)::int AS read FROM pg_stat_user_tables WHERE seq_scan > 0")).toEqual([
      { read: 2500 },
    ]);
  });

  test("reports a runaway recursion and goes on", async () => {
    const database = await open();
    await database.execute(
      "CREATE FUNCTION runaway(i int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN runaway(i + 1); END $$",
    );
    expect((await failure(database.query("SELECT runaway(1)"))).server?.sqlstate).toBe("54001");
    expect(await database.query("SELECT 1 AS one")).toEqual([{ one: 1 }]);
  });

  test("says so when the engine breaks down, and can be closed", async () => {
    const database = await open();
    expect((await failure(database.query(BREAKDOWN))).code).toBe("embedded_failed");
    expect((await failure(database.query("SELECT 1"))).code).toMatch(/^(embedded_failed|connection_lost)$/);
    await database.close();
  });

  test("refuses a conversion between encodings that the engine cannot do, and goes on", async () => {
    const database = await open();
    const conversions = await database.query<{ from: string; to: string }>(
      `select pg_encoding_to_char(conforencoding) as "from", pg_encoding_to_char(contoencoding) as "to" from pg_conversion`,
    );
    const [euro, ascii] = [`'\\xe282ac'`, `'\\x6162'`];
    const codes = new Set<string | undefined>();
    for (const { from, to } of conversions) {
      const convert = (bytes: string): string => `select convert(${bytes}, '${from}', '${to}') as same`;
      expect(await database.query(convert(ascii))).toEqual([{ same: Buffer.from("ab") }]);
      await database
        .query(convert(euro))
        .catch((error: unknown) => codes.add((error as ConfitureError).server?.sqlstate));
    }
    expect(codes).toEqual(new Set(["0A000", "22021"]));
    expect((await failure(database.query("select convert_to('é', 'LATIN1')"))).server?.sqlstate).toBe("0A000");
    // Behind a function, nobody sees the setting coming.
    await database.execute("do $$ begin set client_encoding to 'LATIN2'; end $$");
    expect(await database.query("select 'é' as e, 1 as one")).toEqual([{ e: "é", one: 1 }]);
  });

  test.each([
    ["SET SESSION AUTHORIZATION app", "RESET SESSION AUTHORIZATION"],
    ["set session_authorization = app", "set session authorization default"],
    ["SET SESSION SESSION AUTHORIZATION app", "RESET session_authorization"],
    ["do $$ begin set session authorization app; end $$", "SET SESSION SESSION AUTHORIZATION DEFAULT"],
  ])("%s, and %s leads back as it does on a server", async (there, back) => {
    const database = await open();
    await database.execute("CREATE ROLE app");
    const who = async () => await database.query("SELECT session_user::text AS session, current_user::text AS current");
    await database.execute(there);
    expect(await who()).toEqual([{ session: "app", current: "app" }]);
    await database.execute(`SELECT '${back}'; ${back}; SELECT 1`);
    expect(await who()).toEqual([{ session: "postgres", current: "postgres" }]);
    await database.execute(
      `BEGIN; ${there}; SET LOCAL SESSION AUTHORIZATION DEFAULT; CREATE TABLE ours (a int); COMMIT`,
    );
    expect(await database.query("SELECT tableowner::text FROM pg_tables WHERE tablename = 'ours'")).toEqual([
      { tableowner: "postgres" },
    ]);
    expect(await who()).toEqual([{ session: "app", current: "app" }]);
  });

  test("is of its own", async () => {
    const first = await open();
    await first.execute("CREATE TABLE here (a int)");
    const second = await open();
    expect(await second.query("SELECT to_regclass('here') AS found")).toEqual([{ found: null }]);
  });
});

describe("COPY", () => {
  test("takes rows, in several pieces", async () => {
    const database = await open();
    await database.execute("CREATE TABLE t (a int, b text)");
    await database.copyIn('COPY t ("a", b) FROM STDIN', ["1\to", "ne\n2\ttwo\n"]);
    await database.copyIn("/* all */ COPY public . t\nFROM stdin WITH (FORMAT csv)", ["3,three\n"]);
    expect(await database.query("SELECT * FROM t ORDER BY a")).toEqual([
      { a: 1, b: "one" },
      { a: 2, b: "two" },
      { a: 3, b: "three" },
    ]);
  });

  test("reports a bad row and a missing table, and goes on", async () => {
    const database = await open();
    await database.execute("CREATE TABLE t (a int)");
    const error = await failure(database.copyIn("COPY t FROM STDIN", ["1\n", "x\n"]));
    expect(error.server).toMatchObject({ sqlstate: "22P02", context: 'COPY t, line 2, column a: "x"' });
    expect((await failure(database.copyIn("COPY missing FROM STDIN", ["1\n"]))).server?.sqlstate).toBe("42P01");
    expect(await database.query("SELECT * FROM t")).toEqual([]);
  });

  test("is part of its transaction", async () => {
    const database = await open();
    await database.execute("CREATE TABLE t (a int)");
    await database.execute("BEGIN");
    await database.copyIn("COPY t FROM STDIN", ["1\n"]);
    expect(await database.query("SELECT * FROM t")).toEqual([{ a: 1 }]);
    await database.execute("ROLLBACK");
    expect(await database.query("SELECT * FROM t")).toEqual([]);
  });

  test("without data to come fails instead of waiting for ever", async () => {
    const database = await open();
    await database.execute("CREATE TABLE t (a int)");
    const error = await failure(database.execute("SELECT 1; COPY t FROM STDIN"));
    expect(error.server?.sqlstate).toBe("57014");
    expect(await database.query("SELECT 'stdin' AS word")).toEqual([{ word: "stdin" }]);
  });
});

describe("the protocol", () => {
  async function client(): Promise<RawClient> {
    const engine = await openEmbedded(MEMORY);
    cleanups.push(() => engine.close());
    const raw = new RawClient(engine);
    await raw.start();
    return raw;
  }

  test("may arrive a byte at a time", async () => {
    const raw = await client();
    const bytes = [...simpleQuery("SELECT 'whole'")].map((byte) => Buffer.from([byte]));
    expect(await raw.exchange(...bytes)).toContain("D whole");
  });

  test("may ask for a COPY in a prepared statement, and gets an error", async () => {
    const raw = await client();
    await raw.exchange(simpleQuery("CREATE TABLE t (a int)"));
    const parse = message("P", "\0COPY t FROM STDIN\0\0\0");
    const bind = message("B", "\0\0\0\0\0\0\0\0");
    const answer = await raw.exchange(parse, bind, message("E", "\0\0\0\0\0"), message("S"));
    expect(answer).toEqual(["1", "2", "E 57014", "Z"]);
    expect(await raw.exchange(simpleQuery("SELECT 1"))).toContain("D 1");
  });

  test("answers an aborted COPY, and COPY TO STDOUT", async () => {
    const raw = await client();
    await raw.exchange(simpleQuery("CREATE TABLE t (a int)"));
    const copy = simpleQuery("COPY t FROM STDIN");
    expect(await raw.exchange(copy, message("d", "1\n"), message("f", "no\0"))).toEqual(["G", "E 57014", "Z"]);
    expect(await raw.exchange(copy, message("d", "1\n"), message("c"))).toEqual(["G", "C COPY 1", "Z"]);
    expect(await raw.exchange(simpleQuery("COPY t TO STDOUT"))).toEqual(["H", "d", "c", "C COPY 1", "Z"]);
  });

  test("refuses an encrypted connection and an unknown setting", async () => {
    const engine = await openEmbedded(MEMORY);
    cleanups.push(() => engine.close());
    const answers: string[] = [];
    const socket = engine.connect();
    socket.on("data", (bytes: Buffer) => answers.push(bytes.toString("latin1")));
    socket.write(Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]));
    await Bun.sleep(10);
    expect(answers).toEqual(["N"]);
    socket.destroy();
    await new Promise((resolve) => socket.once("close", resolve));

    const raw = new RawClient(engine);
    const ended = new Promise((resolve) => raw.socket.once("end", resolve));
    expect(await raw.start({ nonsense: "1" }).catch((error: Error) => error.message)).toBe("the connection is closed");
    await ended;
  });

  test("serves one connection at a time, each with a clean session", async () => {
    const engine = await openEmbedded(MEMORY);
    cleanups.push(() => engine.close());
    const first = new RawClient(engine);
    await first.start();
    expect(() => engine.connect()).toThrow("one connection at a time");
    await first.exchange(
      simpleQuery("SET work_mem = '99MB'; CREATE TEMP TABLE gone (a int); SELECT pg_advisory_lock(1)"),
    );
    await first.exchange(simpleQuery("PREPARE gone AS SELECT 1"));
    await first.exchange(simpleQuery("BEGIN"));
    await first.exchange(simpleQuery("CREATE TABLE undone (a int)"));
    await first.end();

    const second = new RawClient(engine);
    await second.start();
    const question = `SELECT concat_ws(' ', current_setting('work_mem'),
      to_regclass('gone') IS NULL, to_regclass('undone') IS NULL,
      (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'), (SELECT count(*) FROM pg_prepared_statements))`;
    expect(await second.exchange(simpleQuery(question))).toContain("D 4MB t t 0 0");
  });
});

describe("extensions", () => {
  test("are all there", async () => {
    const database = await open();
    const names = await database.query<{ name: string }>("SELECT name FROM pg_available_extensions ORDER BY name");
    expect(names.length).toBeGreaterThanOrEqual(38);
    for (const { name } of names) await database.execute(`CREATE EXTENSION IF NOT EXISTS "${name}" CASCADE`);
    expect(
      await database.query(`SELECT uuid_generate_v5(uuid_ns_url(), 'x')::text AS uuid, 'a=>1'::hstore -> 'a' AS value,
        similarity('word', 'world') > 0.3 AS similar, digest('x', 'md5') IS NOT NULL AS digested`),
    ).toEqual([{ uuid: expect.stringMatching(/^.{14}5/), value: "1", similar: true, digested: true }]);
  });

  test("that are not there are named, and harm nothing", async () => {
    const database = await open();
    const error = await failure(database.execute("CREATE EXTENSION postgis"));
    expect(error.server?.sqlstate).toBe("0A000");
    expect(error.hint).toContain("postgis");
    expect(await database.query("SELECT 1 AS one")).toEqual([{ one: 1 }]);
  });
});

describe("a data folder", () => {
  test("is made with its parents, hidden from git, and keeps what is committed", async () => {
    const parent = await temporaryFolder();
    const path = join(parent, ".confiture", "deep", "local");
    const first = await open(path);
    await first.execute("CREATE EXTENSION hstore; CREATE TABLE t (a hstore); INSERT INTO t VALUES ('a=>1')");
    await first.close();
    const second = await open(path);
    expect(await second.query("SELECT a -> 'a' AS value FROM t")).toEqual([{ value: "1" }]);
    expect(await readFile(join(parent, ".confiture", ".gitignore"), "utf8")).toBe("*\n");
  });

  test("may be an empty folder, and replaces one that was left unfinished", async () => {
    const path = join(await temporaryFolder(), "local");
    await mkdir(path);
    await mkdir(`${path}.unfinished/base`, { recursive: true });
    await writeFile(`${path}.unfinished/PG_VERSION`, "18\n");
    const database = await open(path);
    expect(await database.query("SELECT 1 AS one")).toEqual([{ one: 1 }]);
    expect((await readdir(join(path, ".."))).toSorted()).toEqual(["local", "local.lock"]);
  });

  test.each([
    ["anything else", { "notes.txt": "mine" }],
    ["another version's", { PG_VERSION: "16\n" }],
    ["a server's", { PG_VERSION: "18\n", "postmaster.pid": "4711\n/var/lib/postgresql\n" }],
  ])("is refused and left alone when it is %s", async (_, files) => {
    const path = await temporaryFolder();
    for (const [name, text] of Object.entries(files)) await writeFile(join(path, name), text);
    const error = await failure(open(path));
    expect(error.code).toBe("embedded_failed");
    expect(error.message).toContain(path);
    expect(error.hint).toContain("touched");
    expect((await readdir(path)).toSorted()).toEqual(Object.keys(files).toSorted());
    await rm(`${path}.lock`);
  });

  test("that is damaged is reported, and free again", async () => {
    const path = join(await temporaryFolder(), "local");
    await (await open(path)).close();
    const control = join(path, "global", "pg_control");
    const intact = await readFile(control);
    await writeFile(control, "damaged");
    for (let attempt = 0; attempt < 2; attempt++) {
      const error = await failure(open(path));
      expect(error.code).toBe("embedded_failed");
      expect(error.message).toContain("pg_control");
    }
    await writeFile(control, intact);
    expect(await (await open(path)).query("SELECT 1 AS one")).toEqual([{ one: 1 }]);
  });

  test("with a line in its configuration that PostgreSQL does not understand is not to be deleted: file and line are named", async () => {
    const path = join(await temporaryFolder(), "local");
    await (await open(path)).close();
    await appendFile(join(path, "postgresql.conf"), "\nwork_mem = = 1\n");
    const error = await failure(open(path));
    expect(error).toMatchObject({
      code: "embedded_failed",
      message: expect.stringContaining(`"${path}/postgresql.conf"`),
    });
    expect(error.hint).toMatch(/^Mend the file in .*"postgresql.conf" line \d+/);
  });

  test("survives a breakdown of the engine", async () => {
    const path = join(await temporaryFolder(), "local");
    const database = await open(path);
    await database.execute("CREATE TABLE kept AS SELECT 1 AS a");
    expect((await failure(database.query(BREAKDOWN))).code).toBe("embedded_failed");
    await database.close();
    expect(await (await open(path)).query("SELECT a FROM kept")).toEqual([{ a: 1 }]);
  });
});

describe("one process at a time", () => {
  /** Another process; resolves when it printed its first line. */
  async function program(...args: string[]) {
    const child = Bun.spawn([process.execPath, PROGRAM, ...args], { stdin: "pipe", stdout: "pipe", stderr: "inherit" });
    cleanups.push(() => child.kill(9));
    const reader = child.stdout.getReader();
    const decoder = new TextDecoder();
    let text = decoder.decode((await reader.read()).value);
    /** Everything it printed until it ended. */
    const rest = async (): Promise<string> => {
      for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read())
        text += decoder.decode(chunk.value);
      await child.exited;
      return text;
    };
    return { child, rest, first: text };
  }

  test("names the process that has the folder, also by another path", async () => {
    const parent = await temporaryFolder();
    const path = join(parent, "local");
    const { child, rest } = await program(path, "hold");
    await symlink(parent, join(parent, "link"));
    for (const name of [path, join(parent, "link", "local")]) {
      const error = await failure(open(name));
      expect(error).toMatchObject({ code: "embedded_in_use", exitCode: 6, data: { pid: child.pid } });
      expect(error.message).toContain(`pid ${child.pid}`);
    }
    void child.stdin.end();
    await rest();
    expect(await (await open(path)).query("SELECT 1 AS one")).toEqual([{ one: 1 }]);
  });

  test("also within one process", async () => {
    const path = join(await temporaryFolder(), "local");
    const first = await open(path);
    expect((await failure(open(path))).message).toStartWith("This process has");
    await first.close();
    await open(path);
  });

  test("waits for it, until it is killed", async () => {
    const path = join(await temporaryFolder(), "local");
    const { child } = await program(path, "hold");
    const started = performance.now();
    setTimeout(() => child.kill(9), 300);
    const database = await openEmbeddedDatabase({ engine: "embedded", path }, { lockWait: 30_000 });
    expect(performance.now() - started).toBeGreaterThan(250);
    await database.close();
  });

  test("stops waiting when it is interrupted", async () => {
    const path = join(await temporaryFolder(), "local");
    await open(path);
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 100);
    const waiting = openEmbeddedDatabase({ engine: "embedded", path }, { lockWait: 30_000, signal: abort.signal });
    expect((await failure(waiting)).code).toBe("interrupted");
  });

  long("killed at any moment, it keeps every commit", async () => {
    const path = join(await temporaryFolder(), "local");
    let committed = 0;
    for (let round = 0; round < 4; round++) {
      const { child, rest, first } = await program(path, "insert");
      // What it finds is all that the last process had reported, and at most what it was just doing.
      expect(Number(first.split("\n")[0])).toBeWithin(committed, committed + 2);
      setTimeout(() => child.kill(9), 20 + Math.random() * 150);
      committed = Number((await rest()).split("\n").at(-2));
    }
    const database = await open(path);
    const rows = await database.query("SELECT count(*)::int AS count, max(number) AS last FROM inserted");
    expect(rows[0]).toMatchObject({ count: rows[0]?.["last"] });
    expect(rows[0]?.["last"]).toBeWithin(committed, committed + 2);
  });

  test("killed while it makes the folder, it leaves nothing in the way", async () => {
    const path = join(await temporaryFolder(), "local");
    for (let round = 0; round < 5; round++) {
      const child = Bun.spawn([process.execPath, PROGRAM, path, "hold"], { stdin: "pipe", stdout: "ignore" });
      await Bun.sleep(50 + Math.random() * 250);
      child.kill(9);
      await child.exited;
    }
    expect(await (await open(path)).query("SELECT 1 AS one")).toEqual([{ one: 1 }]);
  });
});
