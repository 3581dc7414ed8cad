import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { AT_THE_GATE, type Bench, bench, LOCK_IS_HELD, lockIsFree, runs, waitsForLock } from "./bench.ts";
import { NEWEST_ALONE } from "../../support/servers.ts";

setDefaultTimeout(120_000);

const SIGNALS = [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const;

/** A runner that waited for its statement to end by itself would be killed first: 137 is no exit code of ours. */
const BEFORE_THE_STATEMENT_ENDS = { timeout: 100_000 };

/** The lock and every statement of the runner are gone soon after it. */
async function requireGone(b: Bench): Promise<void> {
  await lockIsFree(b.query);
  expect(await b.query(runs("pg_sleep(120"))).toEqual([]);
}

for (const major of NEWEST_ALONE) {
  for (const [signal, code] of SIGNALS) {
    describe(`PostgreSQL ${major}, ${signal}`, () => {
      test.concurrent("while it waits for the lock", async () => {
        await using b = await bench(major, { "001_a.sql": `CREATE TABLE a (id int); ${AT_THE_GATE}` });
        const first = await b.start(["migrate", "up"]);
        const { pid } = await b.until(LOCK_IS_HELD);
        const second = await b.start(["migrate", "up"]);
        await b.until(waitsForLock(Number(pid)));
        second.process.kill(signal);
        const { exitCode, stderr } = await second.result;
        expect({ exitCode, stderr }).toMatchObject({ exitCode: code, stderr: expect.stringContaining("Interrupted") });
        await b.openGate();
        expect((await first.result).exitCode).toBe(0);
      });

      test.concurrent.each([
        ["SQL", "002_b.sql", "CREATE TABLE b (id int); SELECT pg_sleep(120);"],
        [
          "TypeScript",
          "002_b.ts",
          'import { Migration } from "confiture";\nexport default class B extends Migration { up() { this.execute("CREATE TABLE b (id int)"); this.execute("SELECT pg_sleep(120)"); } }',
        ],
      ])("in a long statement in a transaction (%s): cancelled and rolled back", async (_form, file, text) => {
        await using b = await bench(major, { "001_a.sql": "CREATE TABLE a (id int)", [file]: text });
        const runner = await b.start(["migrate", "up"], BEFORE_THE_STATEMENT_ENDS);
        await b.until(runs("pg_sleep(120"));
        runner.process.kill(signal);
        const { exitCode, stderr } = await runner.result;
        expect(exitCode).toBe(code);
        expect(stderr).toContain("Interrupted during migration 002_b, which was rolled back");
        expect(await b.ledger()).toEqual(["001 applied"]);
        expect(await b.has("b")).toBe(false);
        await requireGone(b);
      });

      test.concurrent("in a long statement outside one: it stops there and says how far it came", async () => {
        const text =
          "-- migrate:up transaction:false\nCREATE TABLE a (id int);\nSELECT pg_sleep(120);\nCREATE TABLE b (id int);\n";
        await using b = await bench(major, { "001_a.sql": text });
        const runner = await b.start(["migrate", "up", "--format", "json"], BEFORE_THE_STATEMENT_ENDS);
        await b.until(runs("pg_sleep(120"));
        runner.process.kill(signal);
        const { exitCode, stdout } = await runner.result;
        expect(exitCode).toBe(code);
        expect(JSON.parse(stdout)).toMatchObject({
          ok: false,
          error: { code: "interrupted", data: { statementsDone: 1, statementsTotal: 3 } },
        });
        expect([await b.has("a"), await b.has("b")]).toEqual([true, false]);
        await requireGone(b);
        await b.write("001_a.sql", text.replace("pg_sleep(120)", "1"));
        expect((await b.migrate("resolve", "001", "--continue")).exitCode).toBe(0);
        expect(await b.has("b")).toBe(true);
      });

      test.concurrent("in CREATE INDEX CONCURRENTLY: the invalid index is named", async () => {
        const files = {
          "001_a.sql": "CREATE TABLE a (id int)",
          "002_b.sql": "CREATE INDEX CONCURRENTLY a_id ON a (id)",
        };
        await using b = await bench(major, files);
        const holder = b.session();
        await holder.unsafe("BEGIN ISOLATION LEVEL REPEATABLE READ");
        await holder.unsafe("SELECT 1");
        const runner = await b.start(["migrate", "up"]);
        await b.until("SELECT 1 FROM pg_index WHERE indexrelid = to_regclass('a_id') AND NOT indisvalid");
        runner.process.kill(signal);
        const { exitCode, stderr } = await runner.result;
        await holder.unsafe("ROLLBACK");
        expect(exitCode).toBe(code);
        expect(stderr).toContain("DROP INDEX CONCURRENTLY public.a_id;");
        expect(await b.ledger()).toEqual(["001 applied", "002 applying"]);
        await b.query("DROP INDEX CONCURRENTLY public.a_id");
        expect((await b.migrate("resolve", "002", "--continue")).exitCode).toBe(0);
      });

      test.concurrent("during a build: rolled back", async () => {
        await using b = await bench(major, {
          "db/schema/1.sql": "CREATE TABLE a (id int);",
          "db/schema/2.sql": "SELECT pg_sleep(120);",
        });
        const runner = await b.start(["build"], BEFORE_THE_STATEMENT_ENDS);
        await b.until(runs("pg_sleep(120"));
        runner.process.kill(signal);
        const { exitCode, stderr } = await runner.result;
        expect(exitCode).toBe(code);
        expect(stderr).toContain("Interrupted; the build was rolled back");
        expect(await b.has("a")).toBe(false);
        await requireGone(b);
      });

      test.concurrent("while it waits for a server that is not there, or does not answer", async () => {
        await using b = await bench(major, { "001_a.sql": "CREATE TABLE a (id int)" });
        const called = Promise.withResolvers<void>();
        using silent = Bun.listen({
          hostname: "127.0.0.1",
          port: 0,
          socket: { open: () => called.resolve(), data() {} },
        });
        for (const url of ["postgres://x@127.0.0.1:1/x", `postgres://x@127.0.0.1:${silent.port}/x`]) {
          const runner = await b.start(["migrate", "up", "--wait", "60s", "--database-url", url], {
            timeout: 30_000,
          });
          await (url.includes(":1/") ? runner.says("trying again") : called.promise);
          runner.process.kill(signal);
          const { exitCode, stderr } = await runner.result;
          expect(exitCode).toBe(code);
          expect(stderr).toContain("Interrupted while connecting");
        }
      });

      test.concurrent(
        "one that a wrapper such as npm passes on right behind the terminal's is still the first",
        async () => {
          await using b = await bench(major, { "001_a.sql": "CREATE TABLE a (id int); SELECT pg_sleep(120);" });
          const runner = await b.start(["migrate", "up"], BEFORE_THE_STATEMENT_ENDS);
          await b.until(runs("pg_sleep(120"));
          runner.process.kill(signal);
          await Bun.sleep(10);
          runner.process.kill(signal);
          const { exitCode, stderr } = await runner.result;
          expect({ exitCode, stderr }).toMatchObject({
            exitCode: code,
            stderr: expect.stringContaining("Interrupted during migration 001_a, which was rolled back"),
          });
        },
        // The test itself may be kept waiting between the two.
        { retry: 4 },
      );

      test.concurrent(
        "a second one exits at once, and the server notices",
        async () => {
          await using b = await bench(major, {
            "001_a.sql":
              "CREATE TABLE a (id int);\nDO $$ BEGIN LOOP BEGIN PERFORM pg_sleep(120); EXCEPTION WHEN query_canceled THEN NULL; END; END LOOP; END $$;",
          });
          const runner = await b.start(["migrate", "up"]);
          await b.until(runs("pg_sleep(120"));
          runner.process.kill(signal);
          // The statement takes no notice of being cancelled, so one signal is not enough.
          await Bun.sleep(600);
          expect(runner.process.exitCode).toBeNull();
          runner.process.kill(signal);
          expect((await runner.result).exitCode).toBe(code);
          await lockIsFree(b.query);
          expect(await b.has("a")).toBe(false);
        },
        // The test itself may be kept waiting between the two, until the first alone has ended it.
        { retry: 4 },
      );
    });
  }
}
