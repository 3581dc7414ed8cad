import { describe, expect, test } from "bun:test";
import { parseScript } from "#database/script.ts";
import { isPatient } from "#migrate/run/patient.ts";
import { serverEngines } from "../../support/engines.ts";
import { type Migrating, migrating } from "./migrating.ts";

test.each([
  ["CREATE INDEX CONCURRENTLY ON t (a)", true],
  ["CREATE UNIQUE INDEX CONCURRENTLY i ON t (a)", true],
  ["DROP INDEX CONCURRENTLY i", true],
  ["REINDEX (VERBOSE) TABLE CONCURRENTLY t", true],
  ["ALTER TABLE p DETACH PARTITION c CONCURRENTLY", true],
  ["ALTER TABLE t VALIDATE CONSTRAINT c", true],
  ["ALTER DOMAIN d VALIDATE CONSTRAINT c", true],
  ["ALTER TABLE t VALIDATE CONSTRAINT c, ADD COLUMN x int", false],
  ["ALTER TABLE t ADD COLUMN validate int", false],
  ["CREATE INDEX ON t (a)", false],
  ["REFRESH MATERIALIZED VIEW CONCURRENTLY m", false],
  ["VACUUM t", false],
])("%s keeps nobody waiting while it waits: %p", (text, expected) => {
  expect(isPatient(parseScript({ file: "a.sql", text }).statements[0]!)).toBe(expected);
});

/** Waits until a statement of a migration has waited for longer than its lock_timeout would have let it, if it had that. */
async function untilItHasWaited(m: Migrating, like: string): Promise<void> {
  for (;;) {
    // The transaction that holds it up would read the same again.
    await m.query("SELECT pg_stat_clear_snapshot()");
    const [row] = await m.query<{ patient: boolean }>(
      `SELECT coalesce(bool_or(clock_timestamp() - query_start > '500ms' AND wait_event_type = 'Lock'), false) AS patient
         FROM pg_stat_activity WHERE query LIKE $1 AND pid <> pg_backend_pid() AND datname = current_database()`,
      [like],
    );
    if (row?.patient === true) return;
    await Bun.sleep(20);
  }
}

for (const engine of serverEngines) {
  describe(engine.name, () => {
    test("CREATE INDEX CONCURRENTLY outlasts lock_timeout, and what comes behind it does not", async () => {
      await using m = await migrating(
        engine,
        {
          "001_a.sql": `-- migrate:up transaction:false
CREATE INDEX CONCURRENTLY busy_id ON busy (id);
CREATE TABLE seen AS SELECT current_setting('lock_timeout') AS lock_timeout;`,
        },
        { lockTimeout: 60 },
      );
      await m.query("CREATE TABLE busy (id int)");
      await m.query("BEGIN");
      await m.query("INSERT INTO busy VALUES (1)");
      const run = m.up();
      await untilItHasWaited(m, "CREATE INDEX CONCURRENTLY%");
      await m.query("COMMIT");
      expect(await run).toMatchObject({ error: undefined, results: ["001 done"] });
      expect(await m.query("SELECT indisvalid FROM pg_index WHERE indexrelid = 'busy_id'::regclass")).toEqual([
        { indisvalid: true },
      ]);
      expect(await m.query("SELECT lock_timeout FROM seen")).toEqual([{ lock_timeout: "60ms" }]);
    });

    test("a limit of its own ends it, and so does one that the migration sets", async () => {
      await using m = await migrating(
        engine,
        {
          "001_a.sql": "CREATE INDEX CONCURRENTLY busy_id ON busy (id);",
          "002_b.sql":
            "-- migrate:up transaction:false\nSET lock_timeout = '50ms';\nCREATE INDEX CONCURRENTLY ON busy (id);",
        },
        { lockTimeout: 5000 },
      );
      await m.query("CREATE TABLE busy (id int)");
      await m.query("BEGIN");
      await m.query("INSERT INTO busy VALUES (1)");
      const first = await m.up({ steps: 1 }, { concurrentlyLockTimeout: 60 });
      expect(first.error?.server?.sqlstate).toBe("55P03");
      await m.query("ROLLBACK");
      await m.query("DROP INDEX IF EXISTS busy_id");
      await m.query("DELETE FROM confiture_migrations");
      expect((await m.up({ steps: 1 })).error).toBeUndefined();
      await m.query("BEGIN");
      await m.query("INSERT INTO busy VALUES (1)");
      expect((await m.up()).error?.server?.sqlstate).toBe("55P03");
    });

    test("VALIDATE CONSTRAINT alone waits for its lock", async () => {
      await using m = await migrating(
        engine,
        { "001_a.sql": "ALTER TABLE busy VALIDATE CONSTRAINT positive;" },
        { lockTimeout: 60 },
      );
      await m.query("CREATE TABLE busy (id int)");
      await m.query("ALTER TABLE busy ADD CONSTRAINT positive CHECK (id > 0) NOT VALID");
      await m.query("BEGIN");
      await m.query("LOCK TABLE busy IN SHARE MODE");
      const run = m.up();
      await untilItHasWaited(m, "ALTER TABLE busy VALIDATE%");
      await m.query("COMMIT");
      expect(await run).toMatchObject({ error: undefined, results: ["001 done"] });
    });
  });
}
