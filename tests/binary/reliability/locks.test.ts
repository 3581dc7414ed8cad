import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { PGBOUNCER, startPooler } from "../../support/pgbouncer.ts";
import { startServer, OLDEST_ALONE } from "../../support/servers.ts";
import { AT_THE_GATE, bench, LOCK_IS_HELD, lockIsFree, RUNNER, runs } from "./bench.ts";

setDefaultTimeout(120_000);

const SLOW = { "001_a.sql": `CREATE TABLE a (id int); ${AT_THE_GATE}` };

if (PGBOUNCER === null) console.log("skipped: PgBouncer (not installed; the Debian package is pgbouncer)");

for (const major of OLDEST_ALONE) {
  describe(`PostgreSQL ${major}, the lock`, () => {
    test.concurrent("the lock is waited for as long as lock_wait says, and the holder is named", async () => {
      await using b = await bench(major, SLOW);
      const first = await b.start(["migrate", "up"]);
      const { pid } = await b.until(LOCK_IS_HELD);
      const began = performance.now();
      const { exitCode, stderr } = await b.migrate("up", "--lock-wait", "1500ms");
      // Without the option it would be 30 s.
      expect(performance.now() - began).toBeWithin(1500, 20_000);
      expect(exitCode).toBe(6);
      expect(stderr).toContain(`process ${Number(pid)} (postgres@127.0.0.1, confiture, since `);
      await b.openGate();
      expect((await first.result).exitCode).toBe(0);
    });

    test.concurrent("--no-wait gives up at once, and JSON names the holder", async () => {
      await using b = await bench(major, SLOW);
      const first = await b.start(["migrate", "up"]);
      const { pid } = await b.until(LOCK_IS_HELD);
      for (const command of [
        ["migrate", "up"],
        ["migrate", "down"],
        ["migrate", "redo"],
        ["migrate", "baseline"],
      ]) {
        const { exitCode, error } = await b.json(...command, "--no-wait");
        expect(exitCode).toBe(6);
        expect(error).toMatchObject({ code: "lock_held", data: { holder: { pid, application: "confiture" } } });
      }
      // Looking is always allowed.
      expect((await b.migrate("status")).exitCode).toBe(0);
      await b.openGate();
      expect((await first.result).exitCode).toBe(0);
      expect(await b.ledger()).toEqual(["001 applied"]);
    });

    test.concurrent("two ledgers in one database do not block each other", async () => {
      await using b = await bench(major, SLOW);
      await using other = await bench(
        major,
        { "001_b.sql": "CREATE TABLE b (id int)" },
        {
          database: b.database,
          migrations: { table: "other_ledger" },
        },
      );
      const first = await b.start(["migrate", "up"]);
      await b.until(runs("gate"));
      expect((await other.migrate("up", "--no-wait")).exitCode).toBe(0);
      expect(await b.query(runs("gate"))).toHaveLength(1);
      await b.openGate();
      expect((await first.result).exitCode).toBe(0);
    });

    test.concurrent("CREATE INDEX CONCURRENTLY is not held up by the runners that wait for it", async () => {
      const files = {
        "001_a.sql": "CREATE TABLE a AS SELECT generate_series(1, 1000) AS id; SELECT pg_sleep(1);",
        "002_b.sql": "CREATE INDEX CONCURRENTLY a_id ON a (id)",
        "003_c.sql": "CREATE TABLE c (id int)",
      };
      await using b = await bench(major, files, { migrations: { lock_wait: "30s" } });
      const first = await b.start(["migrate", "up"]);
      await b.until(LOCK_IS_HELD);
      const others = await Promise.all([1, 2, 3].map(() => b.start(["migrate", "up"])));
      expect((await first.result).exitCode).toBe(0);
      for (const { result } of others) expect((await result).exitCode).toBe(0);
      expect(await b.ledger()).toEqual(["001 applied", "002 applied", "003 applied"]);
      await lockIsFree(b.query);
    });
  });

  describe(`PostgreSQL ${major}, a server that is not what it says`, () => {
    const files = { "001_a.sql": "CREATE TABLE a (id int)", "db/schema/a.sql": "CREATE TABLE a (id int);" };

    test.concurrent("a lock that cannot be seen is none: nothing is run", async () => {
      await using b = await bench(major, files);
      // As CockroachDB: the function is there, always answers true, and locks nothing.
      await b.query("ALTER FUNCTION pg_catalog.pg_try_advisory_lock(bigint) RENAME TO pg_try_advisory_lock_for_real");
      await b.query(
        "CREATE FUNCTION pg_catalog.pg_try_advisory_lock(bigint) RETURNS boolean LANGUAGE sql AS 'SELECT true'",
      );
      for (const args of [["migrate", "up"], ["migrate", "baseline"], ["build"]]) {
        const { error, exitCode } = await b.json(...args);
        expect({ code: error.code, exitCode }).toEqual({ code: "lock_unseen", exitCode: 5 });
        expect(error.hint).toContain("nothing was run");
      }
      expect([await b.has("a"), await b.has("confiture_migrations")]).toEqual([false, false]);
      expect((await b.migrate("status")).exitCode).toBe(0);
    });

    test.concurrent("settings that it lacks are reported once, and migrations run without them", async () => {
      await using b = await bench(
        major,
        {
          ...files,
          "002_b.sql":
            "DO $$ BEGIN IF current_setting('statement_timeout') <> '12345ms' THEN RAISE EXCEPTION 'no'; END IF; END $$",
        },
        { migrations: { statement_timeout: "12345ms" } },
      );
      // A server without a setting answers 42704, and one that has it by name only 0A000.
      await b.query("ALTER FUNCTION pg_catalog.set_config(text, text, boolean) RENAME TO set_config_for_real");
      await b.query(`CREATE FUNCTION pg_catalog.set_config(name text, value text, local boolean) RETURNS text LANGUAGE plpgsql AS $$
        BEGIN
          IF name = 'client_connection_check_interval' THEN
            RAISE EXCEPTION 'unrecognized configuration parameter' USING ERRCODE = '42704';
          ELSIF name = 'lock_timeout' THEN
            RAISE EXCEPTION 'not supported' USING ERRCODE = '0A000';
          END IF;
          RETURN pg_catalog.set_config_for_real(name, value, local);
        END $$`);
      const { exitCode, stderr } = await b.migrate("up");
      expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
      expect(stderr.match(/warning:.*/g)).toEqual([
        "warning: the server does not support lock_timeout, client_connection_check_interval: migrations run without",
      ]);
      expect(await b.ledger()).toEqual(["001 applied", "002 applied"]);
    });
  });

  describe(`PostgreSQL ${major}, no connection left`, () => {
    test("max_connections is named with a next step, and no pooler is blamed", async () => {
      const instance = await startServer({
        major,
        settings: ["max_connections = 4", "superuser_reserved_connections = 0", "max_wal_senders = 0"],
      });
      await using b = await bench(major, { "001_a.sql": "CREATE TABLE a (id int)" }, { instance });
      await b.query("SELECT 1");
      const others = [b.session(), b.session(), b.session()];
      await Promise.all(others.map((session) => session.unsafe("SELECT 1").catch(() => {})));
      const { error, exitCode } = await b.json("migrate", "up");
      expect({ code: error.code, exitCode }).toEqual({ code: "connect_failed", exitCode: 5 });
      expect(error.server?.sqlstate).toBe("53300");
      expect(error.hint).toContain("max_connections");
      expect(error.message + error.hint).not.toContain("pool");
      await instance.stop("fast");
    });
  });

  describe.skipIf(PGBOUNCER === null)(`PostgreSQL ${major}, PgBouncer`, () => {
    const files = {
      "001_a.sql": "-- migrate:up\nCREATE TABLE a (id int);\n-- migrate:down\nDROP TABLE a;\n",
      "002_b.sql": "CREATE INDEX CONCURRENTLY a_id ON a (id)",
    };

    test.concurrent.each(["transaction", "statement"] as const)(
      "%s pooling is refused, with the reason and the way out",
      async (mode) => {
        await using b = await bench(major, files);
        await using pooler = await startPooler(b.instance, mode);
        const url = b.url.replace(`:${b.instance.port}/`, `:${pooler.port}/`);
        const { error, exitCode } = await b.json("migrate", "up", "--database-url", url);
        expect({ code: error.code, exitCode }).toEqual({ code: "transaction_pooling", exitCode: 5 });
        expect(error.message).toContain("transaction pooling");
        expect(error.hint).toContain("pool_mode = session");
        expect(await b.has("a")).toBe(false);
        expect(await b.has("confiture_migrations")).toBe(false);
      },
    );

    test.concurrent("statement pooling is named by commands that only read, too", async () => {
      await using b = await bench(major, { ...files, "db/schema/a.sql": "CREATE TABLE a (id int);" });
      await using pooler = await startPooler(b.instance, "statement");
      const url = b.url.replace(`:${b.instance.port}/`, `:${pooler.port}/`);
      for (const args of [["migrate", "status"], ["drift"], ["diff", url], ["snapshot"]]) {
        const { error, exitCode } = await b.json(...args, "--database-url", url);
        expect({ args, code: error.code, exitCode }).toEqual({ args, code: "transaction_pooling", exitCode: 5 });
        expect(error.message).toContain("statement pooling");
      }
    });

    test.concurrent.each(["session", "transaction"] as const)(
      "a pool of one connection (%s pooling) ends in a refusal with the reason, and a signal ends it before",
      async (mode) => {
        await using b = await bench(major, files);
        await using pooler = await startPooler(b.instance, mode, { poolSize: 1 });
        const url = `${b.url.replace(`:${b.instance.port}/`, `:${pooler.port}/`)}?connect_timeout=3`;
        const { error, exitCode } = await b.json("migrate", "up", "--no-wait", "--database-url", url);
        expect(exitCode).toBe(5);
        expect(error.code).toBe(mode === "session" ? "pooler_busy" : "transaction_pooling");
        expect(error.hint).toContain(mode === "session" ? "default_pool_size" : "pool_mode = session");
        if (mode === "transaction") return;
        const forEver = url.replace("connect_timeout=3", "connect_timeout=0");
        // The pooler keeps its one session with the server; what is new is the query in it.
        const [now] = await b.query<{ time: string }>("SELECT clock_timestamp()::text AS time");
        const runner = await b.start(["migrate", "up", "--database-url", forEver]);
        await b.until(`SELECT 1 FROM pg_stat_activity WHERE ${RUNNER} AND query_start > '${now?.time}'`);
        runner.process.kill("SIGINT");
        const interrupted = await runner.result;
        expect(interrupted.exitCode).toBe(130);
        expect(interrupted.stderr).toContain("Interrupted");
      },
    );

    test.concurrent("session pooling works, the lock included", async () => {
      await using b = await bench(major, files);
      await using pooler = await startPooler(b.instance, "session");
      const url = b.url.replace(`:${b.instance.port}/`, `:${pooler.port}/`);
      const runners = await Promise.all([1, 2, 3].map(() => b.json("migrate", "up", "--database-url", url)));
      expect(runners.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0]);
      expect(runners.flatMap(({ migrations }) => migrations.map(({ version }) => version))).toEqual(["001", "002"]);
      expect((await b.migrate("status", "--exit-code", "--database-url", url)).exitCode).toBe(0);
      // The pooler keeps its sessions; what the runner had set and locked must not stay in them.
      await lockIsFree(b.query);
    });
  });
}
