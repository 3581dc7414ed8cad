import { describe, expect, test } from "bun:test";
import { Secret } from "#database/target.ts";
import type { MigrateEvent } from "#migrate/events.ts";
import { status } from "#migrate/status.ts";
import { newestServer } from "../../support/engines.ts";
import { type Migrating, migrating } from "./migrating.ts";

const TABLE = `CREATE TABLE t (id int PRIMARY KEY, a int, b int);
INSERT INTO t SELECT i, i FROM generate_series(1, 600) AS i;`;
const FILL = "UPDATE t SET b = a * 2 WHERE b IS NULL AND a IS NOT NULL;";
const fill = (options: string): string => `-- migrate:up backfill:t ${options}\n${FILL}`;

async function left(m: Migrating): Promise<number> {
  const [row] = await m.query<{ n: number }>("SELECT count(*)::int AS n FROM t WHERE b IS DISTINCT FROM a * 2");
  return row!.n;
}

/** Resolves with the first event of a type; what it was is looked at by the test. */
function when(type: MigrateEvent["type"]): {
  readonly seen: Promise<MigrateEvent>;
  readonly onEvent: (event: MigrateEvent) => void;
} {
  let resolve: (event: MigrateEvent) => void = () => {};
  const seen = new Promise<MigrateEvent>((done) => (resolve = done));
  return { seen, onEvent: (event) => event.type === type && resolve(event) };
}

for (const engine of newestServer) {
  describe(engine.name, () => {
    test("a partitioned table is filled by its own key, rows in every partition", async () => {
      await using m = await migrating(engine, {
        "001_t.sql": `CREATE TABLE t (id int, region text, a int, b int, PRIMARY KEY (region, id)) PARTITION BY LIST (region);
CREATE TABLE t_north PARTITION OF t FOR VALUES IN ('north'); CREATE TABLE t_rest PARTITION OF t DEFAULT;
INSERT INTO t SELECT i, CASE i % 3 WHEN 0 THEN 'north' WHEN 1 THEN 'south' ELSE 'west' END, i FROM generate_series(1, 600) AS i;`,
        "002_fill.sql": fill("batch:70"),
      });
      expect(await m.up()).toMatchObject({ error: undefined, results: ["001 done", "002 done"] });
      expect(await left(m)).toBe(0);
    });

    test("it comes to an end while unfilled rows keep coming, and says that they do", async () => {
      await using m = await migrating(engine, { "001_t.sql": TABLE, "002_fill.sql": fill("batch:200 triggers:on") });
      await m.up({ to: "001" });
      // Every batch that changes rows adds one that is not filled, above all others.
      await m.query(`CREATE FUNCTION more() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN INSERT INTO t SELECT max(id) + 1, 1 FROM t; RETURN NULL; END $$`);
      await m.query("CREATE TRIGGER more AFTER UPDATE ON t FOR EACH STATEMENT EXECUTE FUNCTION more()");
      const warned = when("fill-rows-keep-coming");
      expect(await m.up({}, { onEvent: warned.onEvent })).toMatchObject({ error: undefined, results: ["002 done"] });
      expect(await warned.seen).toMatchObject({ rows: expect.any(Number) as number });
    });

    test("an inactive replication slot makes it wait, and it goes on when somebody drops that", async () => {
      await using m = await migrating(engine, { "001_t.sql": TABLE, "002_fill.sql": fill("batch:200") });
      await m.up({ to: "001" });
      const slot = `lagging_${process.pid}`;
      await m.query(`SELECT pg_create_physical_replication_slot('${slot}')`);
      let running: ReturnType<Migrating["up"]>;
      try {
        const waiting = when("fill-waiting");
        running = m.up({}, { throttle: { maxLag: 1000 }, onEvent: waiting.onEvent });
        expect(await waiting.seen).toMatchObject({
          reason: `for the replica slot ${slot}: how far it is behind is not known`,
        });
        expect(await left(m)).toBe(600);
        expect((await status(m.options)).history[1]?.progress?.waits).toContain(slot);
      } finally {
        await m.query(`SELECT pg_drop_replication_slot('${slot}')`);
      }
      expect(await running).toMatchObject({ error: undefined, results: ["002 done"] });
      expect(await left(m)).toBe(0);
    });

    test("WAL that a slot holds back makes it wait, and it goes on when that is gone", async () => {
      await using m = await migrating(engine, { "001_t.sql": TABLE, "002_fill.sql": fill("batch:200") });
      await m.up({ to: "001" });
      const slot = `holding_${process.pid}`;
      await m.query(`SELECT pg_create_physical_replication_slot('${slot}', true)`);
      let running: ReturnType<Migrating["up"]>;
      try {
        await m.query("CREATE TABLE noise AS SELECT generate_series(1, 1000)");
        const waiting = when("fill-waiting");
        running = m.up({}, { throttle: { maxWalBacklog: 1 }, onEvent: waiting.onEvent });
        expect(await waiting.seen).toMatchObject({
          reason: expect.stringContaining(`for the replication slot ${slot}, which holds`) as string,
        });
        expect(await left(m)).toBe(600);
      } finally {
        await m.query(`SELECT pg_drop_replication_slot('${slot}')`);
      }
      expect(await running).toMatchObject({ error: undefined, results: ["002 done"] });
      expect(await left(m)).toBe(0);
    });

    test("a table that a subscription writes to is filled once its trigger fires for that", async () => {
      await using publisher = await engine.fresh();
      await publisher.query("CREATE TABLE t (id int PRIMARY KEY, a int, b int)");
      await publisher.query("CREATE PUBLICATION news FOR TABLE t");
      await using m = await migrating(engine, {
        "001_t.sql": `${TABLE} CREATE FUNCTION sync() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.b := NEW.a * 2; RETURN NEW; END';
CREATE TRIGGER "~sync" BEFORE INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION sync();`,
        "002_fill.sql": fill(""),
      });
      await m.up({ to: "001" });
      await m.query(
        `CREATE SUBSCRIPTION news_${process.pid} CONNECTION '${publisher.url}' PUBLICATION news WITH (create_slot = false, slot_name = NONE, enabled = false)`,
      );
      try {
        const outcome = await m.up();
        expect(outcome).toMatchObject({ results: ["002 failed"], error: { code: "backfill_refused" } });
        expect(outcome.error?.message).toContain("the trigger ~sync does not fire for what it writes");
        await m.query(/ALTER TABLE [^;]*;/.exec(outcome.error?.hint ?? "")![0]);
        expect(await m.up()).toMatchObject({ error: undefined, results: ["002 done"] });
        // An expand that is to come would stop the subscription at the first row that does not fit.
        const expand = `-- migrate:up phase:expand change:c
CREATE TRIGGER "~more" BEFORE INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION sync();\n`;
        await m.write("003_expand.sql", expand);
        const { error } = await m.up();
        for (const refused of [error, (await m.up({ singleTransaction: true })).error]) {
          expect(refused).toMatchObject({ code: "migration_invalid", location: { line: 2 } });
        }
        await m.write("003_expand.sql", `${expand}${/ALTER TABLE [^;]*;/.exec(error?.hint ?? "")![0]}`);
        expect(await m.up()).toMatchObject({ error: undefined, results: ["003 done"] });
      } finally {
        await m.query(`DROP SUBSCRIPTION news_${process.pid}`);
      }
    });

    test("a deadlock with the application costs one of the two a second attempt, and no row", async () => {
      await using m = await migrating(engine, { "001_t.sql": TABLE, "002_fill.sql": fill("batch:600") });
      await m.up({ to: "001" });
      await m.query("BEGIN");
      await m.query("SET LOCAL deadlock_timeout = '1h'");
      await m.query("UPDATE t SET a = a WHERE id = 500");
      const retried = when("retrying");
      const running = m.up({}, { onEvent: retried.onEvent });
      for (;;) {
        // pg_stat_activity stays the same within a transaction.
        const [waiting] = await m.query("SELECT pid FROM pg_locks WHERE NOT granted");
        if (waiting !== undefined) break;
        await Bun.sleep(10);
      }
      // The fill has this row already, and waits for 500: of the two it is the fill that notices.
      await m.query("UPDATE t SET a = a WHERE id = 3");
      expect(await retried.seen).toMatchObject({ error: { server: { sqlstate: "40P01" } } });
      await m.query("COMMIT");
      expect(await running).toMatchObject({ error: undefined, results: ["002 done"] });
      expect(await left(m)).toBe(0);
    });

    test("where transactions are serializable, a batch that meets a change is tried again", async () => {
      await using m = await migrating(engine, { "001_t.sql": TABLE, "002_fill.sql": fill("batch:600") });
      await m.up({ to: "001" });
      const [{ name } = { name: "" }] = await m.query<{ name: string }>("SELECT current_database() AS name");
      await m.query(`ALTER DATABASE "${name}" SET default_transaction_isolation = 'serializable'`);
      await m.query("BEGIN");
      await m.query("UPDATE t SET a = a WHERE id = 500");
      const retried = when("retrying");
      const running = m.up({}, { onEvent: retried.onEvent });
      for (;;) {
        const [waiting] = await m.query("SELECT pid FROM pg_locks WHERE NOT granted");
        if (waiting !== undefined) break;
        await Bun.sleep(10);
      }
      await m.query("COMMIT");
      expect(await retried.seen).toMatchObject({ error: { server: { sqlstate: "40001" } } });
      expect(await running).toMatchObject({ error: undefined, results: ["002 done"] });
      expect(await left(m)).toBe(0);
    });

    test("a batch that takes longer than statement_timeout becomes smaller until it fits", async () => {
      await using m = await migrating(
        engine,
        { "001_t.sql": TABLE, "002_fill.sql": fill("batch:128").replace("a * 2", "slow(a * 2)") },
        { statementTimeout: 700 },
      );
      await m.up({ to: "001" });
      await m.query(`CREATE FUNCTION slow(n int) RETURNS int LANGUAGE plpgsql STABLE AS
        $$ BEGIN IF n <= 256 THEN PERFORM pg_sleep(0.01); END IF; RETURN n; END $$`);
      const retried = when("retrying");
      expect(await m.up({}, { onEvent: retried.onEvent })).toMatchObject({ error: undefined, results: ["002 done"] });
      expect(await retried.seen).toMatchObject({ error: { server: { sqlstate: "57014" } } });
      expect(await left(m)).toBe(0);
    });

    test("two runners at once: one fills, the other leaves it to that one", async () => {
      await using m = await migrating(engine, { "001_t.sql": TABLE, "002_fill.sql": fill("batch:20 pause:5ms") });
      await m.up({ to: "001" });
      const runs = await Promise.all([m.up(), m.up(), m.up()]);
      expect(runs.map(({ error }) => error)).toEqual([undefined, undefined, undefined]);
      expect(runs.flatMap(({ results }) => results).filter((result) => result === "002 done")).toHaveLength(1);
      const [progress] = await m.query("SELECT rows_changed::int AS rows FROM confiture_migrations_progress");
      expect(progress).toEqual({ rows: 600 });
      expect(await left(m)).toBe(0);
    });

    test("rows that row security hides are not left out without a word", async () => {
      await using m = await migrating(engine, {
        "001_t.sql": `${TABLE} ALTER TABLE t ENABLE ROW LEVEL SECURITY; ALTER TABLE t FORCE ROW LEVEL SECURITY;
CREATE POLICY first_ones ON t USING (id < 100);`,
        "002_fill.sql": fill(""),
      });
      const role = `filler_${process.pid}`;
      await m.query(`CREATE ROLE ${role} LOGIN PASSWORD 'secret'`);
      try {
        await m.query(`GRANT ALL ON SCHEMA public TO ${role}`);
        const target = { ...m.options.target, user: role, password: new Secret("secret") } as typeof m.options.target;
        const outcome = await m.up({}, { target });
        expect(outcome).toMatchObject({ results: ["001 done", "002 failed"], error: { code: "backfill_refused" } });
        expect(outcome.error?.message).toContain("Row-level security hides rows");
      } finally {
        await m.query(`DROP OWNED BY ${role}`);
        await m.query(`DROP ROLE ${role}`);
      }
    });
  });
}
