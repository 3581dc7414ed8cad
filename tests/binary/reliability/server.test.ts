import { afterAll, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startServer, type TestServer, NEWEST_ALONE } from "../../support/servers.ts";
import { smallDisk } from "../../support/small-disk.ts";
import { type Bench, bench, runs } from "./bench.ts";

setDefaultTimeout(120_000);

const SLOW = {
  "001_a.sql": "CREATE TABLE a (id int)",
  "002_b.sql": "CREATE TABLE b (id int); SELECT pg_sleep(30);",
};
const FAST = "CREATE TABLE b (id int)";

const disk = await smallDisk(6);
if (disk === undefined) console.log("skipped: a full disk (needs root and mount)");

for (const major of NEWEST_ALONE) {
  // One after the other: they stop the server.
  describe(`PostgreSQL ${major}, a server that goes away`, () => {
    let instance: TestServer;
    const own = (files: Readonly<Record<string, string>>): Promise<Bench> => bench(major, files, { instance });

    beforeAll(async () => {
      instance = await startServer({ major, durable: true });
    });

    // One that failed half way may have left it stopped.
    beforeEach(async () => {
      if (!(await instance.isRunning())) await instance.start();
    });

    test("stopped in the middle of a migration: what is not known is not claimed, and the next run repairs it", async () => {
      await using b = await own(SLOW);
      const runner = await b.start(["migrate", "up"]);
      await b.until(runs("pg_sleep"));
      await instance.stop("immediate");
      const { exitCode, stderr } = await runner.result;
      expect(exitCode).toBe(1);
      expect(stderr).toContain("error: The connection to the database was lost during migration 002_b");
      // The server may be gone by then, or be closing its last connections: the reason is one of several.
      expect(stderr).toMatch(/Whether migration 002_b was committed is not known: .*127\.0\.0\.1/);
      const refused = await b.migrate("status");
      expect(refused.exitCode).toBe(5);
      expect(refused.stderr).toContain("Is the server running");
      await instance.start();
      expect(await b.session().unsafe("SELECT version, state FROM confiture_migrations")).toMatchObject([
        { version: "001", state: "applied" },
      ]);
      await b.write("002_b.sql", FAST);
      expect((await b.migrate("up")).exitCode).toBe(0);
    });

    test("stopped and started again, with --wait: the ledger is read again and the truth is told", async () => {
      await using b = await own(SLOW);
      const runner = await b.start(["migrate", "up", "--wait", "30s"]);
      await b.until(runs("pg_sleep"));
      await instance.stop("immediate");
      await runner.says("trying again");
      await instance.start();
      const { exitCode, stderr } = await runner.result;
      expect(exitCode).toBe(1);
      expect(stderr).toContain("Migration 002_b is not applied: it was rolled back");
      await b.write("002_b.sql", FAST);
      expect((await b.migrate("up")).exitCode).toBe(0);
    });

    test("--wait and db wait last until the server is there, and no longer than asked", async () => {
      await using b = await own({ "001_a.sql": "CREATE TABLE a (id int)" });
      await instance.stop();
      const short = await b.run(["migrate", "up", "--wait", "400ms"], { timeout: 30_000 });
      expect(short.exitCode).toBe(5);
      const waiting = await b.start(["migrate", "up", "--wait", "30s"]);
      const answering = await b.start(["db", "wait", "--wait", "30s", "--format", "json"]);
      await Promise.all([waiting.says("trying again"), answering.says("trying again")]);
      await instance.start();
      expect((await waiting.result).exitCode).toBe(0);
      const answer = await answering.result;
      expect(answer.exitCode).toBe(0);
      expect(JSON.parse(answer.stdout)).toMatchObject({ ok: true, database: b.database });
      // What waiting does not mend ends it at once.
      const missing = await b.run(["db", "wait", "--wait", "30s", "--database-url", instance.url("nowhere")]);
      expect(missing.exitCode).toBe(5);
      expect(missing.stderr).toContain("confiture db create");
    });

    test("a server that is shutting down is told apart from one that is broken", async () => {
      await using b = await own(SLOW);
      const runner = await b.start(["migrate", "up"]);
      await b.until(runs("pg_sleep"));
      await instance.stop("fast");
      const { exitCode, stderr } = await runner.result;
      expect(exitCode).toBe(1);
      expect(stderr).toContain("terminating connection due to administrator command");
      await instance.start();
    });

    test("a standby is read-only: up says so and changes nothing, status reads it", async () => {
      await using b = await own({ "001_a.sql": "CREATE TABLE a (id int)", "002_b.sql": FAST });
      expect((await b.migrate("up", "--steps", "1")).exitCode).toBe(0);
      const signal = join(instance.dataDir, "standby.signal");
      await instance.stop();
      await writeFile(signal, "");
      await instance.start();
      const status = await b.migrate("status");
      expect(status.exitCode).toBe(0);
      expect(status.stdout).toContain("002_b (pending)");
      const { exitCode, stderr } = await b.migrate("up");
      expect(exitCode).toBe(1);
      expect(stderr).toContain("25006");
      expect(stderr).toContain("connect to the primary");
      await instance.stop();
      await rm(signal);
      await instance.start();
      expect((await b.migrate("up")).exitCode).toBe(0);
    });

    describe.skipIf(disk === undefined)("disk full", () => {
      beforeAll(async () => {
        await instance.sql(`CREATE TABLESPACE small LOCATION '${disk?.path}'`);
      });

      const fill = "CREATE TABLE big TABLESPACE small AS SELECT repeat('x', 500) AS x FROM generate_series(1, 40000);";

      test("in a transaction: nothing of it is kept, and it is applied when there is room", async () => {
        await using b = await own({ "001_a.sql": `CREATE TABLE a (id int);\n${fill}\n` });
        const { exitCode, stderr } = await b.migrate("up");
        expect(exitCode).toBe(1);
        expect(stderr).toContain("53100");
        expect(stderr).toContain("disk is full");
        expect([await b.has("a"), await b.has("big")]).toEqual([false, false]);
        expect(await b.ledger()).toEqual([]);
        await b.write("001_a.sql", "CREATE TABLE a (id int)");
        expect((await b.migrate("up")).exitCode).toBe(0);
      });

      test("outside one: it stops after the statement before, and goes on when there is room", async () => {
        await using b = await own({
          "001_a.sql": `-- migrate:up transaction:false\nCREATE TABLE a (id int);\n${fill}\nCREATE TABLE b (id int);\n`,
        });
        const { exitCode, stderr } = await b.migrate("up");
        expect(exitCode).toBe(1);
        expect(stderr).toContain("stopped after statement 1 of 3");
        expect([await b.has("a"), await b.has("big"), await b.has("b")]).toEqual([true, false, false]);
        disk?.resize(120);
        expect((await b.migrate("resolve", "001", "--continue")).exitCode).toBe(0);
        expect([await b.has("a"), await b.has("big"), await b.has("b")]).toEqual([true, true, true]);
        expect(await b.ledger()).toEqual(["001 applied"]);
      });

      afterAll(async () => {
        await instance.sql("DROP TABLESPACE small");
        disk?.resize(6);
      });
    });

    afterAll(() => instance.stop("immediate"));
  });
}

afterAll(() => disk?.[Symbol.asyncDispose]());
