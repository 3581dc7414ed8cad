import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { AT_THE_GATE, type Bench, bench, LOCK_IS_HELD, RUNNER, runs, waitsForLock } from "./bench.ts";
import { NEWEST_ALONE } from "../../support/servers.ts";

setDefaultTimeout(120_000);

/** Ends the session of the runner, as an administrator or a failover does. */
async function terminate(b: Bench, which = "true"): Promise<void> {
  await b.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${RUNNER} AND ${which}`);
}

for (const major of NEWEST_ALONE) {
  describe(`PostgreSQL ${major}, pg_terminate_backend`, () => {
    test.concurrent("while it waits for the lock", async () => {
      await using b = await bench(major, { "001_a.sql": `CREATE TABLE a (id int); ${AT_THE_GATE}` });
      const first = await b.start(["migrate", "up"]);
      const { pid } = await b.until(LOCK_IS_HELD);
      const second = await b.start(["migrate", "up"]);
      await b.until(waitsForLock(Number(pid)));
      await terminate(b, `pid <> ${Number(pid)}`);
      const { exitCode, stderr } = await second.result;
      expect(exitCode).toBe(1);
      expect(stderr).toContain("terminating connection due to administrator command");
      await b.openGate();
      expect((await first.result).exitCode).toBe(0);
      expect(await b.ledger()).toEqual(["001 applied"]);
    });

    test.concurrent("inside a transaction: it is rolled back, said so, and applied by the next run", async () => {
      await using b = await bench(major, {
        "001_a.sql": "CREATE TABLE a (id int)",
        "002_b.sql": `CREATE TABLE b (id int); ${AT_THE_GATE}`,
      });
      const runner = await b.start(["migrate", "up"]);
      await b.until(runs("gate"));
      await terminate(b);
      const { exitCode, stderr } = await runner.result;
      expect(exitCode).toBe(1);
      expect(stderr).toContain("terminating connection due to administrator command");
      expect(stderr).toContain("Migration 002_b is not applied: it was rolled back");
      expect(await b.has("b")).toBe(false);
      expect(await b.ledger()).toEqual(["001 applied"]);
      await b.openGate();
      expect((await b.migrate("up")).exitCode).toBe(0);
      expect(await b.ledger()).toEqual(["001 applied", "002 applied"]);
    });

    test.concurrent("while a baseline is proven: nothing is recorded, and that is no success", async () => {
      await using b = await bench(major, { "001_a.sql": "CREATE TABLE a (id int)" });
      await b.query("CREATE TABLE a (id int)");
      const runner = await b.start(["migrate", "baseline", "--proven"]);
      await b.until(LOCK_IS_HELD);
      await terminate(b);
      const { exitCode, stderr } = await runner.result;
      expect(exitCode).toBe(1);
      expect(stderr).toContain("error: The connection to the database was lost");
      expect((await b.migrate("baseline", "--proven")).exitCode).toBe(0);
      expect(await b.ledger()).toEqual(["001 applied"]);
    });

    test.concurrent("in a migration larger than what the socket takes at once: it ends all the same", async () => {
      const text = `CREATE TABLE a AS SELECT '${"x".repeat(3_000_000)}' AS x;\nSELECT pg_sleep(30);\n`;
      await using b = await bench(major, { "001_a.sql": text });
      const runner = await b.start(["migrate", "up"], { timeout: 20_000 });
      await b.until(`SELECT 1 FROM pg_stat_activity WHERE ${RUNNER} AND state = 'active' AND wait_event = 'PgSleep'`);
      await terminate(b);
      const { exitCode, stderr } = await runner.result;
      expect(exitCode).toBe(1);
      expect(stderr).toContain("Migration 001_a is not applied: it was rolled back");
    });

    test.concurrent("in a CONCURRENTLY statement: the invalid index is named, and the migration goes on after it", async () => {
      await using b = await bench(major, {
        "001_a.sql":
          "-- migrate:up transaction:false\nCREATE TABLE a (id int);\nCREATE INDEX CONCURRENTLY a_id ON a (id);\nCREATE TABLE b (id int);\n",
      });
      const holder = b.session();
      await holder.unsafe("BEGIN ISOLATION LEVEL REPEATABLE READ");
      await holder.unsafe("SELECT 1");
      const runner = await b.start(["migrate", "up"]);
      await b.until(runs("CREATE INDEX CONCURRENTLY"));
      await b.until("SELECT 1 FROM pg_index WHERE indexrelid = to_regclass('a_id') AND NOT indisvalid");
      await terminate(b);
      const { exitCode, stderr } = await runner.result;
      await holder.unsafe("ROLLBACK");
      expect(exitCode).toBe(1);
      expect(stderr).toContain("Migration 001_a stopped after statement 1");
      const refused = await b.migrate("up");
      expect(refused.exitCode).toBe(7);
      expect(refused.stderr).toContain("stopped after statement 1 of 3 while applying, at db/migrations/001_a.sql:3");
      expect(refused.stderr).toContain("may be done, or have left an invalid index");
      const status = await b.migrate("status");
      expect(status.stdout).toContain(
        "stopped after statement 1 of 3, at db/migrations/001_a.sql:3: CREATE INDEX CONCURRENTLY a_id ON a (id)",
      );
      expect(status.stderr).toContain("DROP INDEX CONCURRENTLY public.a_id;");
      await b.query("DROP INDEX CONCURRENTLY public.a_id");
      expect((await b.migrate("resolve", "001", "--continue")).exitCode).toBe(0);
      expect(await b.query("SELECT indisvalid AS valid FROM pg_index WHERE indexrelid = to_regclass('a_id')")).toEqual([
        { valid: true },
      ]);
      expect(await b.has("b")).toBe(true);
      expect(await b.ledger()).toEqual(["001 applied"]);
    });

    test.concurrent("after the first statement was done and not counted: --skip goes on behind it", async () => {
      await using b = await bench(major, {
        "001_a.sql": "CREATE TABLE a (id int)",
        "002_b.sql":
          "-- migrate:up transaction:false\nCREATE INDEX CONCURRENTLY a_id ON a (id);\nCREATE TABLE b (id int);\n",
      });
      expect((await b.migrate("up", "--steps", "1")).exitCode).toBe(0);
      // As a runner leaves it that dies between the two.
      await b.query(`INSERT INTO confiture_migrations (version, name, checksum, applied_at, applied_by, tool_version, state, statements_done, statements_total)
        VALUES ('002', 'b', 'x', now(), 'postgres', '1', 'applying', 0, 2)`);
      await b.query("CREATE INDEX a_id ON a (id)");
      const again = await b.json("migrate", "resolve", "002", "--continue");
      expect(again.error).toMatchObject({ server: { sqlstate: "42P07" } });
      expect(await b.has("b")).toBe(false);
      // It is still not known what the first run left, so it stays stopped.
      expect(await b.ledger()).toEqual(["001 applied", "002 applying"]);
      expect((await b.migrate("resolve", "002", "--skip", "--applied")).exitCode).toBe(2);
      expect((await b.migrate("resolve", "002", "--continue", "--skip")).exitCode).toBe(0);
      expect(await b.has("b")).toBe(true);
      expect((await b.migrate("status", "--exit-code")).exitCode).toBe(0);
    });

    test.concurrent.each([
      [
        "SQL",
        "001_a.sql",
        `-- migrate:up transaction:false\nCREATE TABLE a (id int);\n${AT_THE_GATE}\nCREATE TABLE b (id int);\n`,
      ],
      [
        "TypeScript",
        "001_a.ts",
        `import { existsSync } from "node:fs";
import { Migration } from "confiture";
export default class A extends Migration {
  transaction = false;
  async up() {
    await this.execute("CREATE TABLE a (id int)");
    while (!existsSync(import.meta.dir + "/gate")) await Bun.sleep(20);
    await this.execute("CREATE TABLE b (id int)");
  }
}`,
      ],
    ])("between statements outside a transaction (%s): the ledger says how far it came", async (_form, file, text) => {
      await using b = await bench(major, { [file]: text });
      const runner = await b.start(["migrate", "up"]);
      await b.until("SELECT WHERE to_regclass('confiture_migrations') IS NOT NULL");
      await b.until("SELECT 1 FROM confiture_migrations WHERE statements_done = 1");
      await terminate(b);
      // TypeScript hears of it with its next statement.
      await b.write("gate", "");
      const { exitCode, stderr } = await runner.result;
      expect(exitCode).toBe(1);
      expect(stderr).toContain("stopped after statement 1");
      expect(await b.query("SELECT state, statements_done FROM confiture_migrations")).toEqual([
        { state: "applying", statements_done: 1 },
      ]);
      expect((await b.migrate("up")).exitCode).toBe(7);
      expect((await b.migrate("down")).exitCode).toBe(7);
      await b.openGate();
      expect((await b.migrate("resolve", "001", "--continue")).exitCode).toBe(0);
      expect([await b.has("a"), await b.has("b")]).toEqual([true, true]);
      expect(await b.ledger()).toEqual(["001 applied"]);
    });
  });
}
