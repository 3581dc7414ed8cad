import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { PGBOUNCER, startPooler } from "../../support/pgbouncer.ts";
import { BINARY } from "../../support/cli.ts";
import { AT_THE_GATE, bench, LOCK_IS_HELD, lockIsFree, OUTER_MAJORS, runs } from "./bench.ts";

setDefaultTimeout(120_000);

const SLOW = { "001_a.sql": `CREATE TABLE a (id int); ${AT_THE_GATE}` };

if (PGBOUNCER === null) console.log("skipped: PgBouncer (not installed; the Debian package is pgbouncer)");

for (const major of OUTER_MAJORS) {
  describe(`PostgreSQL ${major}, the lock`, () => {
    test(
      "lock_wait is respected within 250 ms, and the holder is named",
      async () => {
        await using b = await bench(major, SLOW);
        const first = await b.start(["migrate", "up"]);
        const { pid } = await b.until(LOCK_IS_HELD);
        const second = Bun.spawn([BINARY, "migrate", "up", "--lock-wait", "1500ms"], {
          cwd: b.project.dir,
          env: { PATH: process.env["PATH"] ?? "" },
          stdin: "ignore",
          stdout: "ignore",
          stderr: "pipe",
        });
        let text = "";
        let began = 0;
        for await (const chunk of second.stderr.pipeThrough(new TextDecoderStream())) {
          text += chunk;
          if (began === 0 && text.includes("another runner is at work")) began = performance.now();
          if (text.includes("error:")) break;
        }
        const waited = performance.now() - began;
        expect(await second.exited).toBe(6);
        expect(Math.abs(waited - 1500)).toBeLessThan(250);
        expect(text).toContain(`process ${Number(pid)} (postgres@127.0.0.1, confiture, since `);
        await b.openGate();
        expect((await first.result).exitCode).toBe(0);
      },
      { timeout: 120_000, retry: 2 },
    );

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
