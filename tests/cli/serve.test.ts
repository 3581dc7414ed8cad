import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { Client, type ClientConfig, Pool } from "pg";
import postgres from "postgres";
import { ALEMBIC_APPLICATION, ALEMBIC_OUTPUT } from "../support/alembic.ts";
import { runBinary } from "../support/cli.ts";
import { javaWithDriver, JDBC_CLIENT, JDBC_OUTPUT } from "../support/jdbc.ts";
import { few } from "../support/long.ts";
import { temporaryProject, type TemporaryProject } from "../support/project.ts";
import { PSQL, psql } from "../support/psql.ts";
import { serve, type ServedDatabase } from "../support/served.ts";

const ENVIRONMENT = "database:\n  engine: embedded\n  path: .confiture/local\n";

let project: TemporaryProject;
let served: ServedDatabase;

beforeAll(async () => {
  project = await temporaryProject({
    "db/environments/local.yaml": ENVIRONMENT,
    "db/environments/server.yaml": "database: postgres://someone@127.0.0.1:1/nowhere\n",
    "db/migrations/001_users.sql": "CREATE TABLE users (id int PRIMARY KEY, name text);\n",
  });
  served = await serve(project.dir);
});

afterAll(async () => {
  await served[Symbol.asyncDispose]();
  await project.remove();
});

async function connect(options: ClientConfig = {}): Promise<Client & AsyncDisposable> {
  const client = new Client({ connectionString: served.url, ...options });
  client.on("error", () => {});
  await client.connect();
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.end() });
}

const code = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => "done",
    (error: { code?: string }) => error.code,
  );

/** Whether something is still waiting after others have had their turn. */
async function isWaiting(work: Promise<unknown>): Promise<boolean> {
  let settled = false;
  void work.then(
    () => (settled = true),
    () => (settled = true),
  );
  await Bun.sleep(200);
  return !settled;
}

describe.skipIf(PSQL === null)("psql", () => {
  test("over the port and the socket: statements, COPY both ways, settings from the start", async () => {
    const script =
      "CREATE TABLE p (id int, name text);\nCOPY p FROM stdin;\n1\ta\n2\t\\N\n\\.\nCOPY p TO STDOUT;\n\\d p\n\\dt p\n";
    const { exitCode, stdout } = await psql(served.url, script);
    expect(exitCode).toBe(0);
    expect(stdout).toStartWith("CREATE TABLE\nCOPY 2\n1\ta\n2\t\\N\n");
    expect(stdout).toContain('Table "public.p"');
    expect(await psql(served.socketUrl, "SELECT name FROM p WHERE id = 1; SHOW TimeZone;", ["-At"])).toMatchObject({
      stdout: "a\nUTC\n",
    });
    const options = `${served.url}?application_name=shop&options=-c%20search_path%3Dapp%20--statement-timeout%3D1234`;
    expect(
      await psql(options, "SHOW application_name; SHOW search_path; SHOW statement_timeout;", ["-At"]),
    ).toMatchObject({ stdout: "shop\napp\n1234ms\n" });
    expect(await psql(served.url, "SHOW search_path;", ["-At"])).toMatchObject({ stdout: '"$user", public\n' });
  });

  test("whoever acts for another role does so alone, and until the end of the session", async () => {
    await using other = await connect();
    const who = async () => (await other.query("SELECT session_user AS name")).rows;
    await other.query("CREATE ROLE served_app");
    const script = "SET SESSION AUTHORIZATION served_app;\nSELECT session_user;\n";
    expect((await psql(served.url, script, ["-At"])).stdout).toBe("SET\nserved_app\n");
    expect(await who()).toEqual([{ name: "postgres" }]);
    await other.query("SET SESSION AUTHORIZATION served_app");
    expect((await psql(served.url, "SELECT session_user;", ["-At"])).stdout).toBe("postgres\n");
    expect(await who()).toEqual([{ name: "served_app" }]);
    await other.query("RESET SESSION AUTHORIZATION");
    await other.query("DROP ROLE served_app");
  });

  test("another encoding than UTF-8 is taken back, and said", async () => {
    const { exitCode, stdout } = await psql(
      served.url,
      "SET client_encoding TO 'LATIN1';\nSELECT chr(233);\n\\encoding\nSET NAMES 'WIN1252';\nSELECT chr(233);\nSHOW client_encoding;\n",
      ["-At"],
    );
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: "SET\né\nUTF8\nSET\né\nUTF8\n" });
    await using client = await connect();
    const said: unknown[] = [];
    client.on("notice", ({ message }) => said.push(message));
    await client.query({ name: "s", text: "SET SESSION client_encoding = 'LATIN1'", values: [] });
    const text = "SET NAMES 'LATIN1'";
    expect((await client.query(`SELECT chr(233) AS x, $$${text}$$ AS y`)).rows).toEqual([{ x: "é", y: text }]);
    expect(said).toEqual([expect.stringContaining("UTF8 alone")]);
  });

  test("an error leaves the session usable, and tells the place", async () => {
    const { stdout } = await psql(served.url, "BEGIN;\nSELECT 1/0;\nSELECT 1;\nROLLBACK;\nSELECT 'on';\n", [
      "-At",
      "-v",
      "ON_ERROR_STOP=0",
    ]);
    expect(stdout).toBe("BEGIN\nROLLBACK\non\n");
  });
});

test("nobody comes in without the password, in the wrong database, or with TLS", async () => {
  const { port } = served;
  const config = { host: "127.0.0.1", port, user: "postgres", database: "postgres" };
  const attempt = async (options: ClientConfig): Promise<unknown> => {
    const client = new Client(options);
    client.on("error", () => {});
    const result = await client.connect().then(
      () => "in",
      (error: { code?: string; message: string }) => error.code ?? error.message,
    );
    await client.end().catch(() => {});
    return result;
  };
  expect(await attempt({ ...config, password: "wrong" })).toBe("28P01");
  expect(await attempt({ ...config, password: "" })).not.toBe("in");
  const { password } = new URL(served.url);
  expect(await attempt({ ...config, password, database: "shop" })).toBe("3D000");
  expect(await attempt({ ...config, password, user: "alice" })).toBe("28000");
  expect(await attempt({ ...config, password, ssl: { rejectUnauthorized: false } })).toMatch(/SSL/);
  expect(await attempt({ connectionString: served.url })).toBe("in");
});

test("what is no PostgreSQL client harms nobody", async () => {
  const send = async (bytes: Uint8Array): Promise<void> => {
    const ended = Promise.withResolvers<void>();
    const socket = await Bun.connect({
      hostname: "127.0.0.1",
      port: served.port,
      socket: { data() {}, close: () => ended.resolve(), error: () => ended.resolve() },
    });
    socket.write(bytes);
    await ended.promise;
  };
  await send(Buffer.from("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  await send(Buffer.from([0, 0, 0, 4, 1, 2, 3, 4]));
  await send(Buffer.from([0, 0, 0, 9, 0, 2, 0, 0, 0]));
  await send(Buffer.alloc(30_000, 1));
  await using client = await connect();
  expect((await client.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
});

describe("several clients", () => {
  test("a pool's transactions take turns, and none is lost", async () => {
    const pool = new Pool({ connectionString: served.url, max: 5 });
    await pool.query("CREATE TABLE counter (n int); INSERT INTO counter VALUES (0)");
    await Promise.all(
      Array.from({ length: 10 }, async () => {
        const client = await pool.connect();
        await client.query("BEGIN");
        const { rows } = await client.query("SELECT n FROM counter");
        await client.query("UPDATE counter SET n = $1", [rows[0].n + 1]);
        await client.query("COMMIT");
        client.release();
      }),
    );
    expect((await pool.query("SELECT n FROM counter")).rows).toEqual([{ n: 10 }]);
    await pool.end();
  });

  test("prepared statements of the same name are each client's own", async () => {
    await using one = await connect();
    await using two = await connect();
    for (let round = 0; round < 3; round++) {
      const results = await Promise.all([
        one.query({ name: "q", text: "SELECT $1::int + 1 AS x", values: [round] }),
        two.query({ name: "q", text: "SELECT $1::text || '!' AS x", values: [`r${round}`] }),
      ]);
      expect(results.map(({ rows }) => rows[0])).toEqual([{ x: round + 1 }, { x: `r${round}!` }]);
    }
    await one.query("PREPARE mine AS SELECT 'one' AS x");
    await two.query("PREPARE mine AS SELECT 'two' AS x");
    expect((await one.query("EXECUTE mine")).rows).toEqual([{ x: "one" }]);
    expect((await two.query("EXECUTE mine")).rows).toEqual([{ x: "two" }]);
    await one.query("DISCARD ALL");
    expect((await two.query("EXECUTE mine")).rows).toEqual([{ x: "two" }]);
    expect(await code(one.query("EXECUTE mine"))).toBe("26000");
    expect((await two.query({ name: "q", text: "SELECT $1::text || '!' AS x", values: ["z"] })).rows).toEqual([
      { x: "z!" },
    ]);
  });

  test("an error in the middle of prepared statements leaves those of the others", async () => {
    await using one = await connect();
    await using two = await connect();
    const half = { name: "half", text: "SELECT 10 / $1::int AS x" };
    expect((await one.query({ ...half, values: [5] })).rows).toEqual([{ x: 2 }]);
    expect(await code(two.query({ name: "half", text: "SELECT nonsense" }))).toBe("42703");
    expect(await code(one.query({ ...half, values: [0] }))).toBe("22012");
    expect((await one.query({ ...half, values: [2] })).rows).toEqual([{ x: 5 }]);
    expect((await two.query({ name: "other", text: "SELECT 1 AS x" })).rows).toEqual([{ x: 1 }]);
  });

  test("settings and roles are each client's own", async () => {
    await using one = await connect();
    await using two = await connect();
    await one.query("CREATE ROLE guest; SET search_path = app; SET TIME ZONE 'Asia/Tokyo'; SET ROLE guest");
    await two.query({ name: "tenant", text: "SELECT set_config('app.tenant', $1, false)", values: ["a"] });
    const who =
      "SELECT current_user AS who, current_setting('TimeZone') AS zone, current_setting('app.tenant', true) AS tenant";
    expect((await two.query(who)).rows).toEqual([{ who: "postgres", zone: "UTC", tenant: "a" }]);
    expect((await one.query(who)).rows).toMatchObject([{ who: "guest", zone: "Asia/Tokyo" }]);
    await two.query({ name: "tenant", text: "SELECT set_config('app.tenant', $1, false)", values: ["b"] });
    expect((await one.query(who)).rows).not.toMatchObject([{ tenant: "b" }]);
    expect((await two.query(who)).rows).toEqual([{ who: "postgres", zone: "UTC", tenant: "b" }]);
    await using three = await connect();
    expect((await three.query(who)).rows).toMatchObject([{ who: "postgres", zone: "UTC" }]);
  });

  test("a client that goes away in the middle of a transaction is rolled back, and the next one comes", async () => {
    await using other = await connect();
    await other.query("CREATE TABLE gone (id int)");
    const client = await connect();
    await client.query("BEGIN; INSERT INTO gone VALUES (1)");
    const count = other.query("SELECT count(*)::int AS n FROM gone");
    expect(await isWaiting(count)).toBe(true);
    (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
    expect((await count).rows).toEqual([{ n: 0 }]);
  });

  test("who waits can be cancelled, and goes on", async () => {
    const sql = postgres(served.url, { max: 1, onnotice: () => {} });
    await sql`SELECT 1`;
    await using holder = await connect();
    await holder.query("BEGIN");
    const waiting = sql`SELECT 2`.simple();
    expect(await isWaiting(waiting.execute())).toBe(true);
    waiting.cancel();
    expect(await code(waiting)).toBe("57014");
    await holder.query("COMMIT");
    expect([...(await sql`SELECT 3 AS x`)]).toEqual([{ x: 3 }]);
    await sql.end();
  });

  test("who wants to LISTEN is told that nobody would tell it anything, and the rest of its session works", async () => {
    await using one = await connect();
    for (const query of ["LISTEN news", "SELECT 1; lisTen news", { name: "l", text: "LISTEN news", values: [] }]) {
      expect(await code(one.query(query as string))).toBe("0A000");
    }
    await one.query("NOTIFY news; UNLISTEN *");
    expect((await one.query("SELECT 'LISTEN news' AS text")).rows).toEqual([{ text: "LISTEN news" }]);
  });

  test("CREATE DATABASE, which would make one that nobody can connect to, is refused with what to do", async () => {
    await using one = await connect();
    for (const query of ["CREATE DATABASE more", "SELECT 1; create  database more TEMPLATE template0"]) {
      const error = (await one.query(query).catch((reason: unknown) => reason)) as Record<string, unknown>;
      expect(error).toMatchObject({
        code: "0A000",
        message: 'CREATE DATABASE does not work here: there is one database, "postgres"',
        hint: expect.stringContaining("confiture db serve -e NAME"),
      });
    }
    const { rows } = await one.query("SELECT count(*)::int AS n, 'create database' AS text FROM pg_database");
    expect(rows).toEqual([{ n: 3, text: "create database" }]);
  });

  test("what is refused says nothing of how, and an error of the client's own says where", async () => {
    await using one = await connect();
    const errorOf = async (query: string) => (await one.query(query).catch((reason: unknown) => reason)) as object;
    for (const query of ["LISTEN news", "CREATE DATABASE more"]) {
      expect(await errorOf(query)).toMatchObject({ where: undefined, file: undefined, routine: undefined });
    }
    expect(await errorOf("DO $$ BEGIN RAISE 'own'; END $$")).toMatchObject({ where: expect.stringContaining("RAISE") });
  });

  test("an advisory lock of a session keeps the others out until it is free", async () => {
    await using one = await connect();
    await using two = await connect();
    await one.query("SELECT pg_advisory_lock(7)");
    const taken = two.query("SELECT pg_try_advisory_lock(7) AS taken");
    expect(await isWaiting(taken)).toBe(true);
    await one.query("SELECT pg_advisory_unlock(7)");
    expect((await taken).rows).toEqual([{ taken: true }]);
  });
});

test("postgres.js: parameters, arrays, transactions and COPY both ways", async () => {
  const sql = postgres(served.url, { max: 3, onnotice: () => {} });
  await sql`CREATE TABLE things (id int, tags text[], data jsonb)`;
  await Promise.all(
    [1, 2, 3, 4].map((id) =>
      sql.begin(async (own) => {
        await own`INSERT INTO things VALUES (${id}, ${["a", "b"]}, ${own.json({ id })})`;
      }),
    ),
  );
  expect([...(await sql`SELECT tags, data FROM things WHERE id = ${3}`)]).toEqual([
    { tags: ["a", "b"], data: { id: 3 } },
  ]);
  const writable = await sql`COPY things (id) FROM STDIN`.writable();
  await new Promise<void>((resolve, reject) => writable.on("error", reject).on("finish", resolve).end("10\n11\n"));
  const rows: string[] = [];
  for await (const chunk of await sql`COPY (SELECT id FROM things WHERE id >= 10 ORDER BY id) TO STDOUT`.readable()) {
    rows.push(String(chunk));
  }
  expect(rows.join("")).toBe("10\n11\n");
  const seen: number[] = [];
  await sql`SELECT id FROM things ORDER BY id`.cursor(2, (batch) => void seen.push(...batch.map((row) => row["id"])));
  expect(seen).toEqual([1, 2, 3, 4, 10, 11]);
  await sql.end();
});

const PYTHON = `
import sys, psycopg
with psycopg.connect(sys.argv[1]) as one, psycopg.connect(sys.argv[1], autocommit=True) as two:
    one.prepare_threshold = 0
    two.prepare_threshold = 0
    one.execute("CREATE TABLE snakes (id int, name text)")
    with one.cursor().copy("COPY snakes FROM STDIN") as copy:
        for row in [(1, "python"), (2, None)]:
            copy.write_row(row)
    one.commit()
    for n in range(3):
        assert two.execute("SELECT %s::int + 1", [n]).fetchone() == (n + 1,)
        assert one.execute("SELECT %s::text", [f"s{n}"]).fetchone() == (f"s{n}",)
        one.commit()
    two.execute("DEALLOCATE ALL")
    assert two.execute("SELECT %s::int", [5]).fetchone() == (5,)
    with two.cursor().copy("COPY snakes TO STDOUT") as copy:
        print([bytes(chunk).decode() for chunk in copy])
    with two.pipeline():
        a = two.execute("SELECT 1"); b = two.execute("SELECT 2")
    print(a.fetchall(), b.fetchall())
    with two.transaction():
        with two.cursor(name="c") as c:
            c.execute("SELECT generate_series(1, 5)")
            print(c.fetchmany(2), c.fetchall())
`;
/** Debian's packages are for Debian's own Python, which need not be the first one. */
function pythonWith(modules: string, packages: string): string | undefined {
  const found = ["python3", "/usr/bin/python3"].find(
    (python) => Bun.which(python) !== null && Bun.spawnSync([python, "-c", `import ${modules}`]).exitCode === 0,
  );
  if (found === undefined) console.warn(`no Python has ${modules}: its test is left out (Debian: ${packages})`);
  return found;
}

const WITH_PSYCOPG = pythonWith("psycopg", "python3-psycopg");
const WITH_ALEMBIC = pythonWith("alembic, psycopg2", "python3-alembic python3-psycopg2");

test.skipIf(WITH_PSYCOPG === undefined)(
  "psycopg: prepared statements, COPY both ways, a pipeline, a cursor",
  async () => {
    const child = Bun.spawn([WITH_PSYCOPG ?? "python3", "-c", PYTHON, served.url], { stdout: "pipe", stderr: "pipe" });
    const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
    expect(stderr).toBe("");
    expect(stdout).toBe(`['1\\tpython\\n', '2\\t\\\\N\\n']\n[(1,)] [(2,)]\n[(1,), (2,)] [(3,), (4,), (5,)]\n`);
  },
);

test.skipIf(WITH_ALEMBIC === undefined)(
  "an ORM writes and runs its own migrations there, and back (SQLAlchemy and Alembic, over psycopg2)",
  async () => {
    await using application = await temporaryProject(ALEMBIC_APPLICATION);
    const url = served.url.replace(/^postgres:/, "postgresql:");
    const child = Bun.spawn([WITH_ALEMBIC ?? "python3", "-B", "-W", "ignore", "app.py", url], {
      cwd: application.dir,
      stdout: "pipe",
      stderr: "pipe",
    });
    const [stdout, stderr, exitCode] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
    expect({
      stdout: stdout.replaceAll(/^Generating .*\n/gm, "").replaceAll(/^ .*done\n/gm, ""),
      stderr,
      exitCode,
    }).toEqual({
      stdout: ALEMBIC_OUTPUT,
      stderr: "",
      exitCode: 0,
    });
  },
);

const JAVA = javaWithDriver();

test.skipIf(JAVA === undefined)(
  "JDBC: batches, statements prepared on the server, a fetch size, an error",
  async () => {
    await using application = await temporaryProject({ "Client.java": JDBC_CLIENT });
    const { hostname, port, pathname, username, password } = new URL(served.url);
    const url = `jdbc:postgresql://${hostname}:${port}${pathname}?user=${username}&password=${password}`;
    const child = Bun.spawn([...(JAVA ?? []), "Client.java", url], {
      cwd: application.dir,
      stdout: "pipe",
      stderr: "pipe",
    });
    const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
    expect({ stdout, stderr }).toEqual({ stdout: JDBC_OUTPUT, stderr: "" });
  },
);

test("Confiture itself works on it, and says who has the folder when it is not asked to", async () => {
  const options = { cwd: project.dir };
  const direct = await runBinary(["db", "sql", "SELECT 1"], options);
  expect(direct).toMatchObject({ exitCode: 6, stderr: expect.stringContaining("--database-url") });
  const up = await runBinary(["migrate", "up", "--database-url", served.url], options);
  expect(up).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("001_users") });
  await using client = await connect();
  expect((await client.query("SELECT version FROM confiture_migrations")).rows).toEqual([{ version: "001" }]);
});

test("a port that is taken, one that is none, and a server's environment are errors", async () => {
  const options = { cwd: project.dir };
  expect((await runBinary(["db", "serve", "--port", "nine"], options)).exitCode).toBe(2);
  const server = await runBinary(["db", "serve", "-e", "server"], options);
  expect(server.exitCode).toBe(2);
  expect(server.stderr).toContain("on a server already");
  // The command that was refused is no advice.
  expect(server.stderr).not.toContain("confiture db serve");
  expect((await runBinary(["db", "serve"], options)).exitCode).toBe(6);
  await project.write("db/environments/memory.yaml", "database:\n  engine: embedded\n  path: ':memory:'\n");
  const taken = await runBinary(["db", "serve", "-e", "memory", "--port", String(served.port)], options);
  expect(taken).toMatchObject({ exitCode: 5, stdout: "", stderr: expect.stringContaining("it is in use") });
});

test.each(few(1, ["SIGTERM", "SIGINT"]))(
  "%s ends sessions, rolls back what is open, and leaves the folder free",
  async (signal) => {
    await using own = await temporaryProject({ "db/environments/local.yaml": ENVIRONMENT });
    await using running = await serve(own.dir, [], { CONFITURE_SERVE_PASSWORD: "a password of one's own" });
    expect(running.url).not.toContain("password");
    const { port } = running;
    const client = new Client({ host: "127.0.0.1", port, user: "postgres", password: "a password of one's own" });
    const lost = new Promise<Error>((resolve) => client.on("error", resolve));
    await client.connect();
    await client.query("CREATE TABLE kept ()");
    // What takes long gives signals back to the system only as long as it takes.
    if (signal === "SIGTERM") await client.query("SELECT pg_sleep(1.2)");
    await client.query("BEGIN; CREATE TABLE undone ()");
    const socketFolder = new URL(running.socketUrl.replace("@/", "@host/")).searchParams.get("host")!;
    expect(existsSync(socketFolder)).toBe(true);
    running.process.kill(signal);
    expect(await running.result).toMatchObject({ exitCode: 0 });
    expect(await lost).toMatchObject({ code: "57P01" });
    expect(existsSync(socketFolder)).toBe(false);
    const tables = "SELECT relname FROM pg_class WHERE relname IN ('kept', 'undone')";
    const after = await runBinary(["db", "sql", tables, "--format", "csv"], { cwd: own.dir });
    expect(after).toMatchObject({ exitCode: 0, stdout: "relname\nkept\n" });
  },
);

test("a signal cancels a statement that does not end, and what is committed stays", async () => {
  await using own = await temporaryProject({ "db/environments/local.yaml": ENVIRONMENT });
  await using running = await serve(own.dir);
  const client = new Client({ connectionString: running.url });
  client.on("error", () => {});
  await client.connect();
  await client.query("CREATE TABLE kept ()");
  const endless = code(client.query("CREATE TABLE undone (); DO $$ BEGIN LOOP END LOOP; END $$"));
  await Bun.sleep(1500);
  running.process.kill("SIGTERM");
  expect(await running.result).toMatchObject({ exitCode: 0 });
  expect(await endless).not.toBe("done");
  const tables = "SELECT relname FROM pg_class WHERE relname IN ('kept', 'undone')";
  const after = await runBinary(["db", "sql", tables, "--format", "csv"], { cwd: own.dir });
  expect(after).toMatchObject({ exitCode: 0, stdout: "relname\nkept\n" });
});
