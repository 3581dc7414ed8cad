import { describe, expect, test } from "bun:test";
import { createServer, connect as connectTo, type Server, type AddressInfo } from "node:net";
import type { ServerTarget } from "#database/target.ts";
import { oldestServer } from "../../support/engines.ts";
import { failureOf } from "../failure.ts";
import { type Migrating, migrating, outcomeOf } from "./migrating.ts";
import { down, up } from "#migrate/migrator.ts";
import { status } from "#migrate/status.ts";

const advisoryLocks = async (m: Migrating): Promise<number> => {
  const [row] = await m.query<{ n: number }>("SELECT count(*)::int AS n FROM pg_locks WHERE locktype = 'advisory'");
  return row?.n ?? -1;
};

/** Waits until a migration sleeps in a statement like this, and returns its process. What writes the text to the ledger does not sleep. */
async function busyWith(m: Migrating, text: string): Promise<number> {
  for (;;) {
    const [row] = await m.query<{ pid: number }>(
      "SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database() AND strpos(query, $1) > 0",
      [text],
    );
    if (row !== undefined) return row.pid;
    await Bun.sleep(5);
  }
}

/** Between client and server; when the client sends `text`, the server still gets it, and then both lines are cut. */
async function cuttingProxy(target: ServerTarget, text: string): Promise<{ target: ServerTarget; close(): void }> {
  let armed = true;
  const proxy: Server = createServer((client) => {
    const server = connectTo(target.port, target.host);
    let deaf = false;
    client.on("data", (chunk) => {
      server.write(chunk);
      if (!armed || !chunk.toString("latin1").includes(text)) return;
      armed = false;
      deaf = true;
      setTimeout(() => client.destroy(), 150);
    });
    server.on("data", (chunk) => {
      if (!deaf) client.write(chunk);
    });
    client.on("close", () => server.destroy()).on("error", () => {});
    server.on("close", () => client.destroy()).on("error", () => {});
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  const { port } = proxy.address() as AddressInfo;
  return { target: { ...target, host: "127.0.0.1", port }, close: () => void proxy.close() };
}

for (const engine of oldestServer) {
  describe(engine.name, () => {
    test.each([
      ["SQL", "001_a.sql", "CREATE TABLE a (id int); SELECT pg_sleep(300); CREATE TABLE b (id int)"],
      ["a COPY file", "001_a.sql", "CREATE TABLE a (id int); COPY a FROM stdin;\n1\n\\.\nSELECT pg_sleep(300);"],
      [
        "TypeScript",
        "001_a.ts",
        `import { Migration } from "confiture";
         export default class extends Migration { up() { this.execute("CREATE TABLE a (id int)"); this.execute("SELECT pg_sleep(300)"); this.execute("SELECT 2"); } }`,
      ],
    ])("an interrupt in the middle of %s: nothing is kept, the lock is free", async (_what, name, text) => {
      await using m = await migrating(engine, { [name]: text, "002_b.sql": "SELECT 1" });
      const interrupt = new AbortController();
      const run = m.up({}, { signal: interrupt.signal });
      // Longer than a test may take: not to cancel it is to fail.
      await busyWith(m, "pg_sleep(300)");
      interrupt.abort();
      const { results, error } = await run;
      expect(results).toEqual(["001 failed", "002 not-run"]);
      expect(error).toMatchObject({ code: "interrupted", exitCode: 130 });
      expect([await m.has("a"), await m.recorded(), await advisoryLocks(m)]).toEqual([false, [], 0]);
    });

    test("an interrupt while TypeScript computes: nothing is kept", async () => {
      await using m = await migrating(engine, {
        "001_a.ts": `import { Migration } from "confiture";
          export default class extends Migration {
            async up() {
              await this.execute("CREATE TABLE a (id int)");
              await new Promise(() => setInterval(() => {}, 1000));
              await this.execute("CREATE TABLE b (id int)");
            }
          }`,
      });
      const interrupt = new AbortController();
      const { results, error } = await m.up(
        {},
        {
          signal: interrupt.signal,
          onEvent: (event) => {
            if (event.type === "started") setTimeout(() => interrupt.abort(), 150);
          },
        },
      );
      expect(results).toEqual(["001 failed"]);
      expect(error?.code).toBe("interrupted");
      expect([await m.has("a"), await m.recorded(), await advisoryLocks(m)]).toEqual([false, [], 0]);
    });

    test("an interrupt outside a transaction: the ledger says how far it came", async () => {
      await using m = await migrating(engine, {
        "001_a.sql": "-- migrate:up transaction:false\nCREATE TABLE a (id int);\nSELECT pg_sleep(300);\nSELECT 3;\n",
      });
      const interrupt = new AbortController();
      const run = m.up({}, { signal: interrupt.signal });
      // Longer than a test may take: not to cancel it is to fail.
      await busyWith(m, "pg_sleep(300)");
      interrupt.abort();
      const { error } = await run;
      expect(error).toMatchObject({ code: "interrupted", data: { statementsDone: 1, statementsTotal: 3 } });
      expect(error?.hint).toContain("resolve 001");
      expect(await m.standings()).toEqual(["001 stopped"]);
      expect(await advisoryLocks(m)).toBe(0);
    });

    test("an interrupt between two migrations, while waiting for the lock, and before the start", async () => {
      await using m = await migrating(engine, {
        "001_a.sql": "CREATE TABLE a (id int)",
        // One that is not sent before the first is done.
        "002_b.sql": "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; CREATE TABLE b (id int)",
      });
      const between = new AbortController();
      const first = await m.up(
        {},
        {
          signal: between.signal,
          onEvent: (event) => {
            if (event.type === "finished") between.abort();
          },
        },
      );
      expect(first.results).toEqual(["001 done", "002 failed"]);
      expect(first.error?.code).toBe("interrupted");

      const already = await m.up({}, { signal: AbortSignal.abort() });
      expect(already).toMatchObject({ error: { code: "interrupted" }, refused: true });

      await m.write(
        "003_c.sql",
        "DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM pg_class WHERE relname = 'gate') LOOP PERFORM pg_sleep(0.02); END LOOP; END $$",
      );
      const holder = m.up();
      await busyWith(m, "gate");
      const waiting = new AbortController();
      const second = await m.up(
        {},
        {
          signal: waiting.signal,
          onEvent: (event) => {
            if (event.type === "waiting-for-lock") setTimeout(() => waiting.abort(), 50);
          },
        },
      );
      expect(second).toMatchObject({ error: { code: "interrupted" }, refused: true });
      await m.query("CREATE TABLE gate ()");
      expect((await holder).results).toEqual(["002 done", "003 done"]);
    });

    test("a backend that is killed in the middle of a transaction: lost, and rolled back", async () => {
      await using m = await migrating(engine, {
        "001_a.sql": "CREATE TABLE a (id int)",
        "002_b.sql": "CREATE TABLE b (id int); SELECT pg_sleep(300)",
        "003_c.sql": "CREATE TABLE c (id int)",
      });
      const run = m.up();
      await m.query("SELECT pg_terminate_backend($1)", [await busyWith(m, "pg_sleep(300)")]);
      const { results, error } = await run;
      expect(results).toEqual(["001 done", "002 failed", "003 not-run"]);
      expect(error).toMatchObject({ code: "connection_lost", exitCode: 1, data: { recorded: null } });
      expect(error?.message).toContain("terminating connection due to administrator command");
      expect(error?.hint).toContain("002_b is not applied");
      expect([await m.has("b"), await m.recorded(), await advisoryLocks(m)]).toEqual([false, ["001"], 0]);
    });

    test.each([
      ["checks what was put off to COMMIT", "t"],
      ["writes the ledger", "confiture_migrations"],
    ])("a backend that is killed while it %s: lost, and the ledger is read again", async (_, table) => {
      await using m = await migrating(engine, {
        "001_a.sql": "CREATE TABLE t (id int);",
        "002_b.sql": `CREATE FUNCTION put_off() RETURNS trigger LANGUAGE plpgsql AS $$
          BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$;
          CREATE CONSTRAINT TRIGGER put_off AFTER INSERT ON ${table} ${table === "t" ? "DEFERRABLE INITIALLY DEFERRED" : ""}
          FOR EACH ROW EXECUTE FUNCTION put_off();
          INSERT INTO t VALUES (1);`,
        "003_c.sql": "CREATE TABLE c (id int)",
      });
      const { results, error } = await m.up();
      expect(results).toEqual(["001 done", "002 failed", "003 not-run"]);
      expect(error).toMatchObject({ code: "connection_lost", data: { recorded: null } });
      expect(error?.message).toContain("The connection to the database was lost during migration 002_b");
      expect(error?.hint).toContain("002_b is not applied");
      expect([await m.has("c"), await m.recorded()]).toEqual([false, ["001"]]);
    });

    test("a backend that is killed outside a transaction: the ledger's count is told", async () => {
      await using m = await migrating(engine, {
        "001_a.sql":
          "-- migrate:up transaction:false\nCREATE TABLE a (id int);\nSELECT pg_terminate_backend(pg_backend_pid());\nCREATE TABLE b (id int);",
      });
      const { error } = await m.up();
      expect(error).toMatchObject({ code: "connection_lost", data: { recorded: "applying" } });
      expect(error?.hint).toContain("001_a stopped after statement 1");
      expect(error?.hint).toContain("confiture migrate resolve 001 --continue | --applied | --rolled-back");
      expect(error?.hint).not.toContain("Run the command again");
      expect(await m.standings()).toEqual(["001 stopped"]);
    });

    test("the line is cut after COMMIT was sent: what is true is told", async () => {
      await using m = await migrating(engine, {
        "001_a.sql": "-- migrate:up\nCREATE TABLE a (id int);\n-- migrate:down\nDROP TABLE a;\n",
        "002_b.ts": `import { Migration } from "confiture";
          export default class extends Migration { up() { this.execute("CREATE TABLE b (id int)"); } }`,
      });
      for (const [version, name] of [
        ["001", "001_a"],
        ["002", "002_b"],
      ] as const) {
        const proxy = await cuttingProxy(m.options.target as ServerTarget, "insert into");
        const { results, error } = await outcomeOf(up({ ...m.options, target: proxy.target }, { to: version }));
        proxy.close();
        expect(results).toEqual([`${version} done`]);
        expect(error).toMatchObject({ code: "connection_lost", data: { recorded: "applied" } });
        expect(error?.hint).toContain(`${name} is applied: it was committed`);
        expect(await m.recorded()).toContain(version);
      }
      const proxy = await cuttingProxy(m.options.target as ServerTarget, "delete from");
      await m.query("DELETE FROM confiture_migrations WHERE version = '002'");
      const { error } = await outcomeOf(down({ ...m.options, target: proxy.target }, {}));
      proxy.close();
      expect(error?.code).toBe("connection_lost");
      const isApplied = (await m.recorded()).includes("001");
      expect(error?.hint).toContain(isApplied ? "001_a is still applied" : "001_a is rolled back");
      expect(await m.has("a")).toBe(isApplied);
    });

    test("the line is cut in the middle of the statements: what is true is told", async () => {
      await using m = await migrating(engine, {
        "001_a.sql": "CREATE TABLE a (id int);\nCOPY a FROM stdin;\n1\n\\.\nSELECT 'the last';\n",
      });
      const proxy = await cuttingProxy(m.options.target as ServerTarget, "the last");
      const { error } = await outcomeOf(up({ ...m.options, target: proxy.target }, {}));
      proxy.close();
      expect(error).toMatchObject({ code: "connection_lost", data: { recorded: null } });
      expect(error?.hint).toContain("001_a is not applied");
      expect(await m.has("a")).toBe(false);
      expect((await m.up()).results).toEqual(["001 done"]);
    });

    test("a server that is gone is a failure to connect", async () => {
      await using m = await migrating(engine, { "001_a.sql": "SELECT 1" });
      const target = { ...m.options.target, port: 1 } as ServerTarget;
      expect((await m.up({}, { target })).error).toMatchObject({ code: "connect_failed", exitCode: 5 });
      expect(await failureOf(status({ ...m.options, target }))).toMatchObject({ code: "connect_failed" });
    });
  });
}
