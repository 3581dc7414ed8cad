import { describe, expect, test } from "bun:test";
import { withDatabase } from "#database/open.ts";
import type { MigrateEvent } from "#migrate/events.ts";
import { acquireLock, lockKey } from "#migrate/run/lock.ts";
import { describeProgress, describeWait, type Wait } from "#migrate/run/waits.ts";
import { newestServer } from "../../support/engines.ts";
import { type Migrating, migrating, type Outcome, outcomeOf } from "./migrating.ts";
import { up } from "#migrate/migrator.ts";

const LEDGER = { schema: "public", table: "confiture_migrations" };

const steps = (count: number): Record<string, string> => ({
  "0_a.sql": "CREATE TABLE steps (n int, pid int)",
  ...Object.fromEntries(
    Array.from({ length: count }, (_, n) => [
      `${n + 1}_b.sql`,
      `INSERT INTO steps VALUES (${n + 1}, pg_backend_pid()); SELECT pg_sleep(0.01)`,
    ]),
  ),
});

/** Holds the runner's lock for the time of `work`, as another runner would. */
async function whileHeld(m: Migrating, work: (pid: number) => Promise<void>): Promise<void> {
  await withDatabase({ ...m.options.target, applicationName: "the other runner" } as never, {}, async (database) => {
    await acquireLock(database, lockKey(LEDGER), { wait: 0 });
    await work(database.backendPid);
  });
}

const isLockFree = async (m: Migrating): Promise<boolean> => {
  const [row] = await m.query<{ n: number }>("SELECT count(*)::int AS n FROM pg_locks WHERE locktype = 'advisory'");
  return row?.n === 0;
};

for (const engine of newestServer) {
  describe(engine.name, () => {
    test("of several runners at once, each migration is applied exactly once", async () => {
      await using m = await migrating(engine, steps(8));
      const runs = await Promise.all(Array.from({ length: 5 }, () => m.up()));
      expect(runs.map(({ error }) => error)).toEqual(runs.map(() => undefined));
      const done = runs.flatMap(({ results }) => results);
      expect(done.toSorted()).toEqual(Array.from({ length: 9 }, (_, n) => `${n} done`));
      expect(await m.query("SELECT n FROM steps ORDER BY ctid")).toEqual(
        Array.from({ length: 8 }, (_, n) => ({ n: n + 1 })),
      );
      expect(await isLockFree(m)).toBe(true);
    });

    test("when a runner has ended, the next one need not wait", async () => {
      await using m = await migrating(engine, {
        "1_a.sql": "-- migrate:up\nCREATE TABLE a (id int);\n-- migrate:down\nDROP TABLE a;",
      });
      for (let run = 0; run < 20; run++) {
        expect((await m.up({}, { lockWait: 0 })).error).toBeUndefined();
        expect((await m.down({}, { lockWait: 0 })).error).toBeUndefined();
      }
      expect(await isLockFree(m)).toBe(true);
    });

    test("of several that do not wait, one works and the others say who holds the lock", async () => {
      await using m = await migrating(engine, steps(3));
      const runs = await Promise.all(Array.from({ length: 4 }, () => m.up({}, { lockWait: 0 })));
      const winners = runs.filter(({ error }) => error === undefined);
      expect(winners.length).toBeGreaterThan(0);
      expect(winners.flatMap(({ results }) => results).toSorted()).toEqual(["0 done", "1 done", "2 done", "3 done"]);
      for (const { error } of runs)
        if (error !== undefined) expect(error).toMatchObject({ code: "lock_held", exitCode: 6 });
    });

    test.each([0, 400])("waiting %p ms for the lock is as long as was asked for", async (lockWait) => {
      await using m = await migrating(engine, steps(1));
      await whileHeld(m, async (pid) => {
        const started = performance.now();
        const { error, refused } = await m.up({}, { lockWait });
        const elapsed = performance.now() - started;
        expect(error).toMatchObject({ code: "lock_held", exitCode: 6 });
        expect(refused).toBe(true);
        // A pause between two attempts, and whatever a busy machine adds; without the option it would be 30 s.
        expect(elapsed).toBeWithin(lockWait, lockWait + 10_000);
        expect(error?.data).toMatchObject({
          holder: { pid, user: "postgres", host: "127.0.0.1", application: "the other runner" },
        });
        for (const fact of [String(pid), "postgres", "127.0.0.1", "the other runner"]) {
          expect(error?.message).toContain(fact);
        }
        const waited = m.events.filter(({ type }) => type === "waiting-for-lock");
        expect(waited).toHaveLength(lockWait === 0 ? 0 : 1);
      });
      expect(await m.has("confiture_migrations")).toBe(false);
      expect((await m.up()).error).toBeUndefined();
    });

    test("a runner goes on when the lock is released, also when the holder is killed", async () => {
      await using m = await migrating(engine, {
        "001_a.sql": "SELECT pg_sleep(300)",
        "002_b.sql": "CREATE TABLE b (id int)",
      });
      const first = m.up();
      const holder = await new Promise<number>((resolve) => {
        const look = async (): Promise<void> => {
          const [row] = await m.query<{ pid: number }>(
            "SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()",
          );
          if (row === undefined) setTimeout(() => void look(), 10);
          else resolve(row.pid);
        };
        void look();
      });
      await m.write("001_a.sql", "SELECT 1");
      const events: MigrateEvent[] = [];
      const second = m.up({}, { onEvent: (event) => events.push(event) });
      while (events.length === 0) await Bun.sleep(10);
      expect(events[0]).toMatchObject({ type: "waiting-for-lock", holder: { pid: holder } });
      await m.query("SELECT pg_terminate_backend($1)", [holder]);
      expect((await second).results).toEqual(["001 done", "002 done"]);
      expect((await first).error?.code).toBe("connection_lost");
    });

    test("files that change while a runner waits for the lock are read as they are then", async () => {
      await using m = await migrating(engine, { "001_a.sql": "CREATE TABLE a ()", "002_b.sql": "CREATE TABLE b ()" });
      await m.up({ steps: 1 });
      let run: ReturnType<Migrating["up"]> | undefined;
      await whileHeld(m, async () => {
        const waiting = new Promise<void>((resolve) => {
          run = m.up({}, { onEvent: ({ type }) => type === "waiting-for-lock" && resolve() });
        });
        await waiting;
        await m.write("001_a.sql", "CREATE TABLE other ()");
      });
      expect((await run)?.error).toMatchObject({ code: "history_edited" });
      await m.write("001_a.sql", "CREATE TABLE a ()");
      await whileHeld(m, async () => {
        const waiting = new Promise<void>((resolve) => {
          run = m.up({}, { onEvent: ({ type }) => type === "waiting-for-lock" && resolve() });
        });
        await waiting;
        await m.write("003_c.sql", "CREATE TABLE c ()");
      });
      expect((await run)?.results).toEqual(["002 done", "003 done"]);
    });

    test("what a statement waits for is told: the lock, and the session that has it", async () => {
      await using m = await migrating(engine, { "001_a.sql": "CREATE TABLE a (id int)" });
      await m.up();
      await m.write("002_b.sql", "ALTER TABLE a ADD b int");
      const target = { ...m.options.target, applicationName: "an application" } as never;
      await withDatabase(target, {}, async (other) => {
        await other.query("BEGIN");
        await other.query("LOCK TABLE a IN ACCESS SHARE MODE");
        const waits: Wait[] = [];
        const onEvent = (event: MigrateEvent): void => {
          if (event.type === "waiting-for-session") waits.push(event.wait);
        };
        const running = m.up({}, { lockTimeout: 0, onEvent });
        while (waits.length === 0) await Bun.sleep(10);
        await other.query("COMMIT");
        expect((await running).results).toEqual(["002 done"]);
        expect(waits).toEqual([
          {
            pid: other.backendPid,
            user: "postgres",
            application: "an application",
            state: "idle in transaction",
            query: "LOCK TABLE a IN ACCESS SHARE MODE",
            mode: "AccessExclusiveLock",
            on: "public.a",
          },
        ]);
        expect(describeWait(waits[0]!)).toBe(
          `AccessExclusiveLock on public.a, behind process ${other.backendPid} (postgres, an application; idle in transaction): LOCK TABLE a IN ACCESS SHARE MODE`,
        );
      });
    });

    test("how far an index is built is told", async () => {
      await using m = await migrating(engine, { "001_a.sql": "CREATE TABLE a (id int)" });
      await m.up();
      await m.write("002_i.sql", "-- migrate:up transaction:false\nCREATE INDEX CONCURRENTLY i ON a (id);\n");
      await withDatabase(m.options.target, {}, async (writer) => {
        await writer.query("BEGIN");
        await writer.query("INSERT INTO a VALUES (1)");
        const told: string[] = [];
        const onEvent = (event: MigrateEvent): void => {
          if (event.type === "statement-progress") told.push(describeProgress(event.progress));
        };
        const running = m.up({}, { onEvent });
        while (told.length === 0) await Bun.sleep(10);
        await writer.query("COMMIT");
        expect((await running).results).toEqual(["002 done"]);
        expect(told[0]).toBe("CREATE INDEX CONCURRENTLY: waiting for writers before build");
      });
    });

    test("two ledgers of one database do not block each other", async () => {
      await using m = await migrating(engine, steps(1));
      await whileHeld(m, async () => {
        expect((await m.up({}, { lockWait: 0, table: "other_ledger" })).results).toEqual(["0 done", "1 done"]);
      });
    });

    test("status takes no lock and waits for none", async () => {
      await using m = await migrating(engine, steps(1));
      await whileHeld(m, async () => {
        expect(await m.standings()).toEqual(["0 pending", "1 pending"]);
      });
    });

    test("a waiting runner does not stand in the way of CREATE INDEX CONCURRENTLY", async () => {
      await using m = await migrating(engine, {
        "001_a.sql": "CREATE TABLE a (id int)",
        "002_b.sql":
          "-- migrate:up transaction:false\nSELECT pg_sleep(0.3);\nCREATE INDEX CONCURRENTLY i ON a (id);\nREINDEX INDEX CONCURRENTLY i;\n",
      });
      const runs = await Promise.all([m.up(), m.up(), m.up()]);
      expect(runs.map(({ error }) => error?.message)).toEqual([undefined, undefined, undefined]);
      expect(runs.flatMap(({ results }) => results).toSorted()).toEqual(["001 done", "002 done"]);
    });

    test("a migration that gives the lock up does not let another runner repeat what is done", async () => {
      await using m = await migrating(engine, {
        "001_a.sql": "CREATE TABLE steps (n int); SELECT pg_advisory_unlock_all();",
        "002_b.sql":
          "-- migrate:up transaction:false\nINSERT INTO steps VALUES (2);\nDISCARD ALL;\nSELECT pg_sleep(0.2);\nINSERT INTO steps VALUES (22);\n",
        "003_c.sql": "INSERT INTO steps VALUES (3)",
      });
      const runs = await Promise.all([m.up(), m.up()]);
      for (const { error } of runs) {
        if (error !== undefined) expect(["lock_held", "history_stopped"]).toContain(error.code);
      }
      for (let tries = 0; (await m.recorded()).length < 3 && tries < 3; tries++) await m.up();
      expect(await m.query("SELECT n FROM steps ORDER BY n")).toEqual([{ n: 2 }, { n: 3 }, { n: 22 }]);
      expect(await m.standings()).toEqual(["001 applied", "002 applied", "003 applied"]);
      expect(await isLockFree(m)).toBe(true);
    });

    /** One statement that gives the lock up and waits until somebody has it. */
    const GIVES_UP = `DO $$ BEGIN
      PERFORM pg_advisory_unlock_all();
      WHILE NOT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted) LOOP PERFORM pg_sleep(0.02); END LOOP;
    END $$`;

    /** Runs migrations, and takes the lock as another runner would when one of them gives it up. */
    async function robbed(m: Migrating): Promise<Outcome & { readonly giveBack: () => Promise<void> }> {
      let taken: Promise<void> | undefined;
      const { promise: finished, resolve: finish } = Promise.withResolvers<void>();
      const onEvent = (event: MigrateEvent): void => {
        if (event.type !== "started" || taken !== undefined) return;
        taken = withDatabase(m.options.target, {}, async (database) => {
          await acquireLock(database, lockKey(LEDGER), { wait: 60_000 });
          await finished;
        });
      };
      const outcome = await outcomeOf(up({ ...m.options, onEvent }, {}));
      const giveBack = async (): Promise<void> => {
        finish();
        await taken;
      };
      return { ...outcome, giveBack };
    }

    test("a migration whose lock another runner took is rolled back, and nothing runs behind it", async () => {
      await using m = await migrating(engine, {
        "001_a.sql": `CREATE TABLE a (id int); ${GIVES_UP}`,
        "002_b.sql": "CREATE TABLE b (id int)",
        "003_c.sql": "-- migrate:up transaction:false\nCREATE TABLE c (id int)",
      });
      const { results, error, giveBack } = await robbed(m);
      expect(results).toEqual(["001 failed", "002 not-run", "003 not-run"]);
      expect(error).toMatchObject({ code: "lock_lost", exitCode: 1, location: { file: "db/migrations/001_a.sql" } });
      expect(await m.recorded()).toEqual([]);
      expect([await m.has("a"), await m.has("b")]).toEqual([false, false]);
      expect((await m.up({ to: "3" }, { lockWait: 0 })).error?.code).toBe("lock_held");
      await giveBack();
      await m.write("001_a.sql", "CREATE TABLE a (id int)");
      expect((await m.up()).results).toEqual(["001 done", "002 done", "003 done"]);
    });

    test("outside a transaction, a migration whose lock another runner took stops behind the statement that gave it up", async () => {
      await using m = await migrating(engine, {
        "001_a.sql": "CREATE TABLE steps (n int)",
        "002_b.sql": `-- migrate:up transaction:false\nINSERT INTO steps VALUES (1);\n${GIVES_UP};\nINSERT INTO steps VALUES (2);\n`,
        "003_c.sql": "INSERT INTO steps VALUES (3)",
      });
      const { results, error, giveBack } = await robbed(m);
      expect(results).toEqual(["001 done", "002 failed", "003 not-run"]);
      expect(error).toMatchObject({ code: "lock_lost", exitCode: 1 });
      await giveBack();
      expect(await m.query("SELECT n FROM steps")).toEqual([{ n: 1 }]);
      expect(await m.standings()).toEqual(["001 applied", "002 stopped", "003 pending"]);
    });
  });
}
