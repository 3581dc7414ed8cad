import { describe, expect, test } from "bun:test";
import { KNOWN_FORMS, type KnownForm, type KnownFormId, knownStatement } from "#compare/trace/known.ts";
import { withDatabase } from "#database/open.ts";
import { parseScript } from "#database/script.ts";
import { serverEngines } from "../../support/engines.ts";

const SETUP = `
CREATE SCHEMA app;
CREATE TABLE app.t (id int PRIMARY KEY, b text);
INSERT INTO app.t SELECT n, 'b' FROM generate_series(1, 50) n;
CREATE INDEX t_b ON app.t (b);
ALTER TABLE app.t CLUSTER ON t_pkey;
CREATE TABLE app.parts (at date NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE app.part PARTITION OF app.parts FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');`;

interface Case {
  readonly form: KnownFormId;
  readonly sql: string;
  /** What another transaction has locked, so that the statement has to wait in its middle. */
  readonly heldUpBy: string;
}

const CASES: readonly Case[] = [
  {
    form: "create-index-concurrently",
    sql: "CREATE INDEX CONCURRENTLY t_new ON app.t (b)",
    heldUpBy: "app.t IN ROW EXCLUSIVE MODE",
  },
  { form: "drop-index-concurrently", sql: "DROP INDEX CONCURRENTLY app.t_b", heldUpBy: "app.t IN ROW EXCLUSIVE MODE" },
  { form: "reindex-concurrently", sql: "REINDEX INDEX CONCURRENTLY app.t_b", heldUpBy: "app.t IN ROW EXCLUSIVE MODE" },
  { form: "reindex-concurrently", sql: "REINDEX TABLE CONCURRENTLY app.t", heldUpBy: "app.t IN ROW EXCLUSIVE MODE" },
  {
    form: "detach-concurrently",
    sql: "ALTER TABLE app.parts DETACH PARTITION app.part CONCURRENTLY",
    heldUpBy: "app.part IN ACCESS SHARE MODE",
  },
  { form: "vacuum", sql: "VACUUM app.t", heldUpBy: "app.t IN SHARE UPDATE EXCLUSIVE MODE" },
  { form: "vacuum-full", sql: "VACUUM FULL app.t", heldUpBy: "app.t IN ACCESS SHARE MODE" },
  { form: "vacuum-full", sql: "VACUUM (FULL, ANALYZE) app.t", heldUpBy: "app.t IN ACCESS SHARE MODE" },
  { form: "reindex-many", sql: "REINDEX SCHEMA app", heldUpBy: "app.t IN ROW EXCLUSIVE MODE" },
  {
    form: "reindex-many-concurrently",
    sql: "REINDEX SCHEMA CONCURRENTLY app",
    heldUpBy: "app.t IN ROW EXCLUSIVE MODE",
  },
  { form: "cluster-many", sql: "CLUSTER", heldUpBy: "app.t IN ACCESS SHARE MODE" },
];

const ORDER = [
  "ShareUpdateExclusiveLock",
  "ShareLock",
  "ShareRowExclusiveLock",
  "ExclusiveLock",
  "AccessExclusiveLock",
];
const spelt = (mode: string): string =>
  mode
    .replace(/Lock$/, "")
    .replaceAll(/(?<=[a-z])(?=[A-Z])/g, " ")
    .toUpperCase();

/** The modes that a session has or waits for, the strongest for each relation, once it waits. */
const LOCKS = `
  SELECT l.relation::regclass::text AS relation, l.mode FROM pg_locks l
    JOIN pg_stat_activity a USING (pid)
   WHERE a.datname = current_database() AND a.wait_event_type = 'Lock' AND a.query = $1 AND l.locktype = 'relation'`;

for (const engine of serverEngines) {
  describe(engine.name, () => {
    test.each(CASES.map((one) => [one.sql, one] as const))("%s", async (sql, { form, heldUpBy }) => {
      expect(knownStatement(parseScript({ file: "a.sql", text: sql }).statements[0]!).form).toBe(form);
      const known: KnownForm = KNOWN_FORMS[form];
      await using database = await engine.fresh();
      await withDatabase(database.target, {}, async (watcher) => {
        await watcher.execute(SETUP);
        await withDatabase(database.target, {}, async (holder) => {
          await holder.execute(`begin; lock table ${heldUpBy}`);
          await withDatabase(database.target, {}, async (worker) => {
            const work = worker.execute(sql);
            let seen: { relation: string; mode: string }[] = [];
            const strongest = (relation: string): string | undefined => {
              const modes = seen.filter((lock) => lock.relation === relation).map(({ mode }) => mode);
              const mode = ORDER.findLast((one) => modes.includes(one));
              return mode && spelt(mode);
            };
            const table = form === "detach-concurrently" ? "app.parts" : "app.t";
            // A first wait may be for something else.
            while (strongest(known.partition === undefined ? table : "app.part") === undefined) {
              seen = await watcher.query(LOCKS, [sql]);
            }
            expect(strongest(table)).toBe(known.table);
            if (known.partition !== undefined) expect(strongest("app.part")).toBe(known.partition);
            if (sql.includes("app.t_b")) expect(strongest("app.t_b")).toBe(known.index);
            await holder.execute("rollback");
            await work;
          });
        });
      });
    });
  });
}

test("every form that is about tables is watched", () => {
  const watched = new Set<string>(CASES.map(({ form }) => form));
  expect(Object.keys(KNOWN_FORMS).filter((form) => !watched.has(form))).toEqual(["elsewhere"]);
});
