import { describe, expect, test } from "bun:test";
import { createServer, type Socket } from "node:net";
import { inspect } from "node:util";
import { createDatabase, dropDatabase } from "#database/administer.ts";
import { openDatabase, withDatabase } from "#database/open.ts";
import { Secret, type ServerTarget } from "#database/target.ts";
import type { Notice } from "#database/database.ts";
import type { ConfitureError } from "#errors/error.ts";
import { MAJORS, server } from "../../support/servers.ts";
import { failureOf } from "../failure.ts";

const PASSWORD = "hunter2-🍓-s3cr3t";

/** A listener that treats every connection like this. */
async function listening(behave: (socket: Socket) => void, work: (port: number) => Promise<void>): Promise<void> {
  const sockets = new Set<Socket>();
  const listener = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    behave(socket);
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  try {
    await work((listener.address() as { port: number }).port);
  } finally {
    for (const socket of sockets) socket.destroy();
    listener.close();
  }
}

/** All the ways an error can be written down. */
function everyForm(error: ConfitureError): string {
  const chain: unknown[] = [];
  for (let at: unknown = error; at !== undefined && at !== null; at = (at as { cause?: unknown }).cause) chain.push(at);
  return chain
    .flatMap((link) => [
      String(link),
      JSON.stringify(link),
      inspect(link, { depth: Infinity, showHidden: true, getters: true }),
      Bun.inspect(link, { depth: 20 }),
      String((link as Error).stack),
      JSON.stringify(Object.getOwnPropertyDescriptors(link)),
    ])
    .join("\n");
}

for (const major of MAJORS) {
  describe(`PostgreSQL ${major}`, () => {
    test("TCP and the unix socket, with what the session is", async () => {
      const instance = await server(major);
      for (const host of [instance.host, instance.socketDir, `${instance.socketDir}/`, "localhost"]) {
        await withDatabase({ ...instance.target("postgres"), host }, {}, async (database) => {
          expect(database).toMatchObject({ engine: "server", pooled: false });
          expect(Math.floor(database.serverVersion / 10_000)).toBe(major);
          const [row] = await database.query(
            "SELECT pg_backend_pid() AS pid, current_setting('application_name') AS application",
          );
          expect(row).toEqual({ pid: database.backendPid, application: "confiture-tests" });
        });
      }
    });

    test("options for the server process", async () => {
      const target = {
        ...(await server(major)).target("postgres"),
        options: "-c work_mem=7MB -c search_path=pg_catalog",
      };
      await withDatabase(target, {}, async (database) => {
        expect(await database.query("SHOW work_mem")).toEqual([{ work_mem: "7MB" }]);
      });
    });

    test("a wrong password, an unknown role and a missing database, and no password in any of it", async () => {
      const instance = await server(major);
      const target: ServerTarget = { ...instance.target("postgres"), password: new Secret(PASSWORD) };
      const { password: _none, ...without } = target;
      const failures = [
        ["connect_auth", target],
        ["connect_auth", { ...target, user: "nobody_at_all" }],
        ["connect_auth", without],
        ["connect_no_database", { ...instance.target("postgres"), database: "no such database" }],
        ["connect_failed", { ...target, port: 1 }],
        ["connect_failed", { ...target, host: "no-such-host.invalid" }],
        ["connect_failed", { ...target, host: "/no/such/socket" }],
        ["connect_tls", { ...target, tls: { mode: "require" } }],
        ["connect_failed", { ...instance.target("postgres"), options: "-c no_such_setting=1" }],
      ] as const;
      for (const [code, wrong] of failures) {
        const error = await failureOf(openDatabase(wrong));
        expect(error).toMatchObject({ code, exitCode: 5 });
        expect(error.hint ?? error.server?.message).toBeString();
        expect(everyForm(error)).not.toContain(PASSWORD);
        expect(everyForm(error)).not.toContain(Buffer.from(PASSWORD).toString("base64"));
      }
    });

    test("nobody waits for what waiting cannot mend", async () => {
      const target = (await server(major)).target("postgres");
      for (const options of ["-c no_such_setting=1", "project=x"]) {
        const retries: string[] = [];
        const onRetry = ({ code }: ConfitureError): void => void retries.push(code);
        const error = await failureOf(openDatabase({ ...target, options }, { wait: 20_000, onRetry }));
        expect(error).toMatchObject({ code: "connect_failed", server: { severity: "FATAL" } });
        expect(retries).toEqual([]);
      }
    });

    test("a database whose name the server cuts short is found and dropped", async () => {
      const name = "long_".repeat(14);
      const target = { ...(await server(major)).target("postgres"), database: name };
      expect(await createDatabase(target, {})).toBe(true);
      expect(await createDatabase(target, {})).toBe(false);
      expect(await withDatabase(target, {}, (database) => database.query("SELECT 1 AS one"))).toEqual([{ one: 1 }]);
      expect(await dropDatabase(target, false, {})).toBe(true);
      expect(await dropDatabase(target, false, {})).toBe(false);
    });

    test("rows of every common type arrive as they are", async () => {
      await withDatabase((await server(major)).target("postgres"), {}, async (database) => {
        expect(
          await database.query(
            `SELECT 1::int AS int, 9007199254740993::bigint AS big, 1.5::float8 AS float, true AS yes, 'ü🍓' AS text, NULL::text AS none,
               ARRAY[1,2] AS ints, ARRAY['a,b',NULL] AS texts, '{"a": [1]}'::jsonb AS json, '\\x00ff'::bytea AS bytes, $1::text AS given, $2::int[] AS list`,
            ["it's", [3, 4]],
          ),
        ).toEqual([
          {
            int: 1, big: "9007199254740993", float: 1.5, yes: true, text: "ü🍓", none: null,
            ints: [1, 2], texts: ["a,b", null], json: { a: [1] }, bytes: Buffer.from([0, 255]), given: "it's", list: [3, 4],
          },
        ]); // prettier-ignore
      });
    });

    test("arrays of every type come and go as arrays, also of a type that the session has just made", async () => {
      const instance = await server(major);
      await withDatabase(instance.target("postgres"), {}, async (database) => {
        await database.execute("begin; create type mood as enum ('sad', 'very happy')");
        const query =
          "select array['sad', null, 'very happy']::mood[] as moods, 'sad'::mood as mood, null::mood[] as none";
        const row = { moods: ["sad", null, "very happy"], mood: "sad", none: null };
        expect(await database.query(query)).toEqual([row]);
        expect(await database.query(query)).toEqual([row]);
        expect(await database.query("select $1::mood[] as moods", [row.moods])).toEqual([{ moods: row.moods }]);
        await database.execute("create type pair as (a int, b int)");
        const pairs = ["(1,2)", "(,3)"];
        expect(await database.query("select array[(1, 2), (null, 3)]::pair[] as pairs")).toEqual([{ pairs }]);
        await database.execute("rollback");
      });
      // The first thing that the session does.
      await withDatabase(instance.target("postgres"), {}, async (database) => {
        expect(await database.query("select $1::text[] as a, $2::jsonb as b", [["x", null], ["y"]])).toEqual([
          { a: ["x", null], b: ["y"] },
        ]);
      });
    });

    test("calls made without waiting run in order, and a failure in the middle is the right one's", async () => {
      await withDatabase((await server(major)).target("postgres"), {}, async (database) => {
        await database.execute("CREATE TEMP TABLE t (n serial, name text)");
        const calls = Array.from({ length: 60 }, (_, n) =>
          n % 20 === 7
            ? database.execute(`INSERT INTO t (name) VALUES ('no'); SELECT ${n}/0`)
            : database.execute(`INSERT INTO t (name) VALUES ('${n}')`),
        );
        const outcomes = await Promise.allSettled(calls);
        const failed = outcomes.flatMap(({ status }, n) => (status === "rejected" ? [n] : []));
        expect(failed).toEqual([7, 27, 47]);
        for (const n of failed) {
          const { reason } = outcomes[n] as PromiseRejectedResult & { reason: ConfitureError };
          expect((reason as ConfitureError).server).toMatchObject({ sqlstate: "22012", completedStatements: 1 });
        }
        const rows = await database.query<{ name: string }>("SELECT name FROM t ORDER BY n");
        expect(rows.map(({ name }) => name)).toEqual(
          Array.from({ length: 60 }, (_, n) => String(n)).filter((n) => Number(n) % 20 !== 7),
        );
      });
    });

    test("notices are passed on; a session that is closed twice is closed once; after it nothing runs", async () => {
      const notices: Notice[] = [];
      const database = await openDatabase((await server(major)).target("postgres"), {
        onNotice: (notice) => notices.push(notice),
      });
      await database.execute("DO $$ BEGIN RAISE NOTICE 'hello' USING DETAIL = 'd'; END $$");
      expect(notices).toMatchObject([{ severity: "NOTICE", message: "hello", detail: "d" }]);
      await Promise.all([database.close(), database.close()]);
      await database.close();
      await failureOf(database.execute("SELECT 1"));
    });

    test("who leaves at once says goodbye all the same, and nothing runs afterwards", async () => {
      const instance = await server(major);
      const database = await openDatabase(instance.target("postgres"), { leavesAtOnce: true });
      await database.query("SELECT 1");
      await Promise.all([database.close(), database.close()]);
      await failureOf(database.execute("SELECT 1"));
      const left = (): Promise<unknown[]> =>
        instance.sql("SELECT FROM pg_stat_activity WHERE pid = $1", [database.backendPid]);
      while ((await left()).length > 0) await Bun.sleep(10);
      const log = await Bun.file(instance.logFile).text();
      const own = log.split("\n").filter((line) => line.includes(`[${database.backendPid}]`));
      expect(own.filter((line) => /could not receive data|unexpected EOF/.test(line))).toEqual([]);
    });

    test("a session that was ended is lost for good: it never comes back as another", async () => {
      const instance = await server(major);
      const database = await openDatabase(instance.target("postgres"));
      const running = failureOf(database.execute("SELECT pg_sleep(30)"));
      await instance.sql("SELECT pg_terminate_backend($1)", [database.backendPid]);
      expect((await running).code).toBe("connection_lost");
      expect((await failureOf(database.query("SELECT 1"))).code).toBe("connection_lost");
      const started = performance.now();
      await database.close();
      // A farewell to a server that is there would wait 5 s for its answer.
      expect(performance.now() - started).toBeLessThan(4500);
    });
  });
}

describe("what answers is not PostgreSQL, or does not answer", () => {
  const target = (port: number, mode: "disable" | "prefer" | "require" = "disable"): ServerTarget => ({
    engine: "server",
    host: "127.0.0.1",
    port,
    database: "x",
    user: "x",
    password: new Secret(PASSWORD),
    tls: { mode },
    connectTimeout: 300,
    applicationName: "tests",
  });

  test.each([
    ["silence", (): void => {}],
    ["hanging up", (socket: Socket): void => void socket.end()],
    ["another protocol", (socket: Socket): void => void socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")],
    ["another protocol that stays", (socket: Socket): void => void socket.write("SSH-2.0-OpenSSH_9.2\r\n")],
  ] as const)("%s", async (_what, behave) => {
    await listening(behave, async (port) => {
      for (const mode of ["disable", "prefer", "require"] as const) {
        const error = await failureOf(openDatabase(target(port, mode)));
        expect(error.exitCode).toBe(5);
        expect(error.message).toContain(String(port));
        expect(everyForm(error)).not.toContain(PASSWORD);
      }
    });
  });

  test("bytes sent along with the answer to the request for encryption are refused", async () => {
    const inject = (socket: Socket): void => {
      socket.once("data", () => void socket.write("Sinjected"));
    };
    await listening(inject, async (port) => {
      expect((await failureOf(openDatabase(target(port, "require")))).code).toBe("connect_tls");
    });
  });

  test("with a wait, it is tried again until the time is over", async () => {
    const retries: string[] = [];
    const started = performance.now();
    const error = await failureOf(openDatabase(target(1), { wait: 500, onRetry: ({ code }) => retries.push(code) }));
    expect(error.code).toBe("connect_failed");
    expect(performance.now() - started).toBeGreaterThan(450);
    expect(retries.length).toBeGreaterThan(1);
  });
});
