import { describe, expect, test } from "bun:test";
import { resume } from "#migrate/migrator.ts";
import { resolveMigration } from "#migrate/record.ts";
import { status } from "#migrate/status.ts";
import { newestAndEmbedded, newestServer } from "../../support/engines.ts";
import { few } from "../../support/long.ts";
import { failureOf, placeOf } from "../failure.ts";
import { type Migrating, migrating, outcomeOf } from "./migrating.ts";

const TABLE = { "001_a.sql": "CREATE TABLE a (id int, name text); INSERT INTO a VALUES (1, 'x'), (1, 'y')" };

/** A statement that goes on until a table is there. */
const untilThere = (table: string): string =>
  `DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM pg_class WHERE relname = '${table}') LOOP PERFORM pg_sleep(0.02); END LOOP; END $$;`;

const progressOf = (m: Migrating): Promise<object[]> =>
  m.query("SELECT version, state, statements_done AS done, statements_total AS total FROM confiture_migrations");
const last = async (m: Migrating): Promise<object | undefined> => (await progressOf(m)).at(-1);

for (const engine of few(1, newestAndEmbedded)) {
  describe(engine.name, () => {
    test("a file that is one CREATE INDEX CONCURRENTLY needs no declaration", async () => {
      await using m = await migrating(engine, {
        ...TABLE,
        "002_b.sql": "-- for the search\nCREATE INDEX CONCURRENTLY a_name ON a (name);\n",
      });
      expect((await m.up()).error).toBeUndefined();
      expect(await m.has("a_name")).toBe(true);
      expect(await last(m)).toEqual({ version: "002", state: "applied", done: 1, total: 1 });
    });

    test("BEGIN ... COMMIT blocks among other statements run as they stand, each a step of its own", async () => {
      const blocks = `ALTER TABLE a ADD b int;
SET work_mem = '7MB';
BEGIN;
ALTER TABLE a ADD c int;
INSERT INTO a (id) SELECT count(*) FROM a;
COMMIT;
BEGIN;
CREATE TABLE seen AS SELECT current_setting('work_mem') AS work_mem;
SELECT 1/(SELECT count(*) FROM a WHERE name = 'there');
COMMIT;
CREATE INDEX CONCURRENTLY a_name ON a (name);
`;
      await using m = await migrating(engine, {
        ...TABLE,
        "002_b.up.sql": blocks,
        "002_b.down.sql":
          "DROP INDEX a_name; BEGIN; DROP TABLE seen; COMMIT; BEGIN; ALTER TABLE a DROP b, DROP c; COMMIT;",
        "003_c.sql": "SELECT 1",
      });
      const { results, error } = await m.up();
      expect(results).toEqual(["001 done", "002 failed", "003 not-run"]);
      expect(error?.server?.sqlstate).toBe("22012");
      expect(placeOf(error)).toBe("db/migrations/002_b.up.sql:9:1");
      expect(error?.data).toMatchObject({ statementsDone: 3, statementsTotal: 5 });
      expect(await last(m)).toEqual({ version: "002", state: "applying", done: 3, total: 5 });
      // What the failed block did is gone, and what came before it is there once.
      expect(await m.has("seen")).toBe(false);
      expect(await m.query("SELECT id FROM a ORDER BY id")).toEqual([{ id: 1 }, { id: 1 }, { id: 2 }]);

      await m.query("INSERT INTO a VALUES (9, 'there')");
      expect((await outcomeOf(resume(m.options, "002", false))).results).toEqual(["002 done"]);
      expect(await m.query("SELECT work_mem FROM seen")).toEqual([{ work_mem: "7MB" }]);
      expect(await m.query("SELECT id FROM a ORDER BY id")).toEqual([{ id: 1 }, { id: 1 }, { id: 2 }, { id: 9 }]);
      expect(await last(m)).toEqual({ version: "002", state: "applied", done: 5, total: 5 });
      expect((await m.down()).results).toEqual(["002 done"]);
      expect([await m.has("seen"), await m.has("a_name")]).toEqual([false, false]);
    });

    test("a failure in the middle is written down, blocks what follows, and is resolved", async () => {
      await using m = await migrating(engine, {
        "001_a.sql": `-- migrate:up transaction:false
CREATE TABLE one (id int);
CREATE TABLE two (id int);
CREATE TABLE one (id int);
CREATE TABLE three (id int);
`,
        "002_b.sql": "SELECT 1",
      });
      const first = await m.up();
      expect(first.results).toEqual(["001 failed", "002 not-run"]);
      expect(first.error).toMatchObject({
        code: "sql_failed",
        server: { sqlstate: "42P07" },
        data: { statementsDone: 2, statementsTotal: 4 },
      });
      expect(placeOf(first.error)).toStartWith("db/migrations/001_a.sql:4:");
      expect(first.error?.hint).toContain("2 of 4");
      expect(first.error?.hint).toContain("confiture migrate resolve 001");
      expect(await progressOf(m)).toEqual([{ version: "001", state: "applying", done: 2, total: 4 }]);
      expect(await m.standings()).toEqual(["001 stopped", "002 pending"]);

      for (const refusal of [await m.up(), await m.down()]) {
        expect(refusal.error).toMatchObject({ code: "history_stopped", exitCode: 7 });
        expect(refusal.error?.message).toContain("after statement 2 of 4");
        expect(refusal.refused).toBe(true);
      }

      await resolveMigration(m.options, "1", "applied");
      expect(await m.standings()).toEqual(["001 applied", "002 pending"]);
      expect((await m.up()).results).toEqual(["002 done"]);
    });
  });
}

for (const engine of newestServer) {
  describe(engine.name, () => {
    test("resolved as rolled back, it runs once more", async () => {
      await using m = await migrating(engine, {
        "001_a.sql": "-- migrate:up transaction:false\nCREATE TABLE one (id int);\nSELECT 1/0;",
      });
      expect((await m.up()).error?.server?.sqlstate).toBe("22012");
      await m.query("DROP TABLE one");
      await resolveMigration(m.options, "001", "rolled-back");
      expect(await m.standings()).toEqual(["001 pending"]);
      await m.write("001_a.sql", "-- migrate:up transaction:false\nCREATE TABLE one (id int);");
      expect((await m.up()).results).toEqual(["001 done"]);
      expect(await resolveMigration(m.options, "001", "applied")).toMatchObject({ changed: false });
      expect((await failureOf(resolveMigration(m.options, "999", "applied"))).code).toBe("migration_unknown");
    });

    test("a first statement that fails leaves no trace", async () => {
      await using m = await migrating(engine, {
        "001_a.sql": "-- migrate:up transaction:false\nCREATE TABLE one (id int) nonsense;\nSELECT 1;",
      });
      const { error } = await m.up();
      expect(error?.code).toBe("sql_failed");
      expect(error?.hint ?? "").not.toContain("resolve");
      expect(await progressOf(m)).toEqual([]);
      expect(await m.standings()).toEqual(["001 pending"]);
    });

    test.each([
      ["002_b.sql", 'CREATE UNIQUE INDEX CONCURRENTLY "A unique" ON a (id) WHERE id > 0;'],
      [
        "002_b.ts",
        `import { Migration } from "confiture";
         export default class extends Migration {
           transaction = false;
           up() { this.execute('CREATE UNIQUE INDEX CONCURRENTLY "A unique" ON a (id) WHERE id > 0'); }
         }`,
      ],
    ])("status names an invalid index with what makes it and what drops it: %s", async (file, text) => {
      await using m = await migrating(engine, { ...TABLE, [file]: text });
      expect((await m.up({ steps: 1 })).error).toBeUndefined();
      // An index of a partitioned table that waits for its partitions is not broken.
      await m.query("CREATE TABLE parts (id int) PARTITION BY LIST (id)");
      await m.query("CREATE INDEX waits ON ONLY parts (id)");
      expect((await m.up()).error?.server?.sqlstate).toBe("23505");
      expect((await status(m.options)).invalidIndexes).toEqual([
        {
          name: 'public."A unique"',
          statement: 'CREATE UNIQUE INDEX CONCURRENTLY "A unique" ON public.a USING btree (id) WHERE (id > 0)',
          drop: 'DROP INDEX CONCURRENTLY public."A unique"',
        },
      ]);
    });

    test.each([
      ["as it was", "CREATE UNIQUE INDEX CONCURRENTLY a_id ON a (id)", "42P07"],
      ["with IF NOT EXISTS", "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS a_id ON a (id)", undefined],
    ])("an invalid index is never taken for made: the statement %s", async (_how, statement, sqlstate) => {
      const file = (sql: string): string => `-- migrate:up transaction:false\n${sql};\nSELECT 1;\n`;
      await using m = await migrating(engine, {
        ...TABLE,
        "002_b.sql": file("CREATE UNIQUE INDEX CONCURRENTLY a_id ON a (id)"),
      });
      expect((await m.up()).error?.server?.sqlstate).toBe("23505");
      await m.write("002_b.sql", file(statement));
      const again = await outcomeOf(resume(m.options, "002", false));
      expect(again.results).toEqual(["002 failed"]);
      expect(again.error?.server?.sqlstate).toBe(sqlstate as string);
      expect(again.error?.hint).toContain("DROP INDEX CONCURRENTLY public.a_id;");
      expect(again.error?.hint).not.toContain("--fresh");
      for (const refused of [
        await failureOf(resume(m.options, "002", true)),
        await failureOf(resolveMigration(m.options, "002", "applied")),
      ]) {
        expect(refused.code).toBe("index_invalid");
        expect(refused.hint).toContain("DROP INDEX CONCURRENTLY public.a_id;");
      }
      await m.write("003_c.sql", "CREATE UNIQUE INDEX IF NOT EXISTS a_id ON a (id)");
      expect(await last(m)).toMatchObject({ version: "002", state: "applying", done: 0 });

      await m.query("DROP INDEX a_id");
      await m.query("DELETE FROM a WHERE name = 'y'");
      expect((await outcomeOf(resume(m.options, "002", false))).results).toEqual(["002 done"]);
      // In a transaction as well.
      await m.query("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'a_id'::regclass");
      expect((await m.up()).error).toMatchObject({
        code: "index_invalid",
        location: { file: "db/migrations/003_c.sql" },
      });
    });

    test("what is there already has the same kind of help outside a transaction and inside", async () => {
      for (const how of ["", "-- migrate:up transaction:false\n"]) {
        await using m = await migrating(engine, { ...TABLE, "002_b.sql": `${how}CREATE TABLE a ();` });
        const { error } = await m.up();
        expect(error?.hint).toContain("confiture migrate resolve 002 --applied");
        expect(error?.hint).not.toContain("build --fresh");
      }
    });

    test("an invalid index that is left behind is named, and only that one", async () => {
      await using m = await migrating(engine, {
        ...TABLE,
        "002_b.sql": 'CREATE UNIQUE INDEX CONCURRENTLY "A unique" ON a (id);',
      });
      expect((await m.up({ steps: 1 })).error).toBeUndefined();
      // One from an earlier accident is none of this migration's business.
      await m.query("CREATE UNIQUE INDEX CONCURRENTLY older ON a (id)").catch(() => {});
      const { error } = await m.up();
      expect(error?.server?.sqlstate).toBe("23505");
      expect(error?.data).toMatchObject({ invalidIndexes: [{ name: 'public."A unique"' }], statementsDone: 0 });
      expect(error?.hint).toContain(`To go on:
  1. Put right what the error names.
  2. DROP INDEX CONCURRENTLY public."A unique";
  3. confiture migrate resolve 002 --continue
`);
      expect(error?.hint).not.toContain("older");
      // The index is there, so the migration cannot pass for untried.
      expect(await last(m)).toEqual({ version: "002", state: "applying", done: 0, total: 1 });

      await m.query("DELETE FROM a WHERE name = 'y'");
      await m.query('DROP INDEX CONCURRENTLY public."A unique"');
      expect((await outcomeOf(resume(m.options, "002", false))).results).toEqual(["002 done"]);
      await m.query('DROP INDEX CONCURRENTLY public."A unique"');
      await m.query("UPDATE confiture_migrations SET state = 'applying' WHERE version = '002'");
      await resolveMigration(m.options, "002", "rolled-back");
      expect((await m.up()).results).toEqual(["002 done"]);
    });

    test.each([
      ["CREATE INDEX CONCURRENTLY", "CREATE INDEX CONCURRENTLY i ON a (id)"],
      ["VACUUM", "VACUUM a"],
      ["ALTER SYSTEM", "ALTER SYSTEM SET work_mem = '5MB'"],
      ["DROP INDEX CONCURRENTLY", "DROP INDEX CONCURRENTLY IF EXISTS i"],
      ["REINDEX CONCURRENTLY", "REINDEX TABLE CONCURRENTLY a"],
    ])("%s among other statements is refused before anything runs", async (name, statement) => {
      await using m = await migrating(engine, { ...TABLE, "002_b.sql": `ALTER TABLE a ADD b int;\n  ${statement};\n` });
      const { error, refused } = await m.up();
      expect(error).toMatchObject({ code: "migration_mixed", exitCode: 1 });
      expect(error?.message).toContain(name);
      expect(error?.hint).toContain("-- no-transaction");
      expect(placeOf(error)).toBe("db/migrations/002_b.sql:2:3");
      expect(refused).toBe(true);
      expect([await m.has("a"), await m.has("confiture_migrations")]).toEqual([false, false]);
    });

    test.each([
      ["dbmate's option", "-- migrate:up transaction:false\n"],
      ["sqlx's first line", "-- no-transaction\n"],
    ])("declared with %s, each statement runs by itself", async (_what, head) => {
      await using m = await migrating(engine, {
        ...TABLE,
        "002_b.sql": `${head}CREATE TABLE b AS SELECT txid_current() AS id;
INSERT INTO b SELECT txid_current();
CREATE INDEX CONCURRENTLY i ON a (id);
VACUUM a;
COPY a FROM stdin;
7\tseven
\\.
ALTER TABLE a ADD c int;
`,
      });
      expect((await m.up()).error).toBeUndefined();
      expect(await m.query("SELECT count(DISTINCT id)::int AS n FROM b")).toEqual([{ n: 2 }]);
      expect(await m.query("SELECT id FROM a WHERE name = 'seven'")).toEqual([{ id: 7 }]);
      expect(await last(m)).toEqual({ version: "002", state: "applied", done: 6, total: 6 });
      const [row] = await m.query<{ execution_ms: string | null }>(
        "SELECT execution_ms FROM confiture_migrations WHERE version = '002'",
      );
      expect(Number(row?.execution_ms ?? -1)).toBeWithin(0, 30_000);
    });

    test("a transaction of the file's own is one step of it", async () => {
      await using m = await migrating(engine, {
        "001_a.sql": `-- migrate:up transaction:false
CREATE TABLE a (id int);
BEGIN;
INSERT INTO a VALUES (1);
INSERT INTO a VALUES (2);
COMMIT;
BEGIN;
INSERT INTO a VALUES (3);
SELECT 1/0;
COMMIT;
CREATE TABLE b (id int);
`,
      });
      const { error } = await m.up();
      expect(error?.server?.sqlstate).toBe("22012");
      expect(placeOf(error)).toStartWith("db/migrations/001_a.sql:9:");
      expect(await m.query("SELECT id FROM a ORDER BY id")).toEqual([{ id: 1 }, { id: 2 }]);
      expect(await progressOf(m)).toEqual([{ version: "001", state: "applying", done: 2, total: 4 }]);
    });

    test("a BEGIN that is never committed does not pass for done", async () => {
      await using m = await migrating(engine, {
        "001_a.sql": "-- migrate:up transaction:false\nCREATE TABLE a (id int);\nBEGIN;\nCREATE TABLE b (id int);\n",
      });
      const { error } = await m.up();
      expect(error?.code).toBe("sql_transaction_control");
      expect(placeOf(error)).toBe("db/migrations/001_a.sql:3:1");
      expect(await m.has("b")).toBe(false);
    });

    test("while it runs, the ledger says how far it is", async () => {
      await using m = await migrating(engine, {
        "001_a.sql": `-- migrate:up transaction:false\nSELECT 1;\n${untilThere("first")}\nSELECT 3;\n-- migrate:down transaction:false\nSELECT 1;\n${untilThere("second")}\n`,
      });
      /** Fails by the test's own time, however slow the machine. */
      const watch = async (expected: object): Promise<void> => {
        while (!Bun.deepEquals((await m.has("confiture_migrations")) ? await last(m) : undefined, expected)) {
          await Bun.sleep(5);
        }
      };
      const going = m.up();
      await watch({ version: "001", state: "applying", done: 1, total: 3 });
      await m.query("CREATE TABLE first ()");
      expect((await going).error).toBeUndefined();
      const coming = m.down();
      await watch({ version: "001", state: "reverting", done: 1, total: 2 });
      await m.query("CREATE TABLE second ()");
      expect((await coming).error).toBeUndefined();
      expect(await progressOf(m)).toEqual([]);
    });

    test("a way back that stops half way is written down too", async () => {
      await using m = await migrating(engine, {
        "001_a.sql":
          "-- migrate:up\nCREATE TABLE a (id int); CREATE TABLE b (id int);\n-- migrate:down transaction:false\nDROP TABLE a;\nDROP TABLE nowhere;\nDROP TABLE b;",
      });
      expect((await m.up()).error).toBeUndefined();
      expect((await m.down()).error?.data).toMatchObject({ statementsDone: 1, statementsTotal: 3 });
      expect(await progressOf(m)).toEqual([{ version: "001", state: "reverting", done: 1, total: 3 }]);
      const { error } = await m.up();
      expect(error?.code).toBe("history_stopped");
      expect(error?.message).toContain("rolling back");
      await resolveMigration(m.options, "001", "rolled-back");
      expect(await m.standings()).toEqual(["001 pending"]);
    });

    test("a way back whose first statement fails leaves it applied", async () => {
      await using m = await migrating(engine, {
        "001_a.sql": "-- migrate:up\nSELECT 1;\n-- migrate:down transaction:false\nDROP TABLE nowhere;\nSELECT 1;",
      });
      expect((await m.up()).error).toBeUndefined();
      expect((await m.down()).error?.server?.sqlstate).toBe("42P01");
      expect(await progressOf(m)).toEqual([{ version: "001", state: "applied", done: null, total: null }]);
    });

    test("settings of the run and a clean session hold outside transactions as well", async () => {
      await using m = await migrating(engine, {
        "001_a.sql": "SET search_path = pg_catalog; SET work_mem = '77MB'; SET ROLE pg_monitor",
        "002_b.sql": `-- migrate:up transaction:false
CREATE TABLE seen AS SELECT current_setting('lock_timeout') AS lock_timeout, current_setting('work_mem') AS work_mem, current_user::text AS who;
SET search_path = pg_catalog; SET ROLE pg_monitor; SELECT 1; RESET ROLE; SET SESSION AUTHORIZATION pg_monitor;`,
        "003_c.sql": "CREATE TABLE more (id int)",
      });
      expect((await m.up()).error).toBeUndefined();
      expect(await m.query("SELECT * FROM seen")).toEqual([{ lock_timeout: "5s", work_mem: "4MB", who: "postgres" }]);
      expect(await m.has("public.more")).toBe(true);
    });
  });
}
