import { describe, expect, test } from "bun:test";
import type { MigrateEvent } from "#migrate/events.ts";
import { resume } from "#migrate/migrator.ts";
import { oldestAndEmbedded, oldestServer } from "../../support/engines.ts";
import { long } from "../../support/long.ts";
import { caretOf, placeOf } from "../failure.ts";
import { migrating, outcomeOf } from "./migrating.ts";

/** PostgreSQL's own error at the first attempt: a sequence does not go back with a transaction. */
const DEADLOCK_ONCE = `DO $$ BEGIN
  IF nextval('tries') = 1 THEN RAISE EXCEPTION 'deadlock detected' USING ERRCODE = 'deadlock_detected'; END IF;
END $$`;

for (const engine of oldestAndEmbedded) {
  describe(engine.name, () => {
    test("a migration that fails leaves nothing of itself; those before it stay; those after it wait", async () => {
      await using m = await migrating(engine, {
        "001_a.sql": "CREATE TABLE a (id int);",
        "002_b.sql":
          "CREATE TABLE b (id int);\n-- ä🎉\nALTER TABLE /* ö🎈 */ nowhere ADD c int;\nCREATE TABLE c (id int);",
        "003_d.sql": "CREATE TABLE d (id int);",
      });
      const { results, error, refused } = await m.up();
      expect(refused).toBe(false);
      expect(results).toEqual(["001 done", "002 failed", "003 not-run"]);
      expect(error).toMatchObject({ code: "sql_failed", exitCode: 1, server: { sqlstate: "42P01" } });
      expect(placeOf(error)).toStartWith("db/migrations/002_b.sql:3:");
      expect(await m.recorded()).toEqual(["001"]);
      expect(await m.query("SELECT relname FROM pg_class WHERE relname IN ('a', 'b', 'c', 'd')")).toEqual([
        { relname: "a" },
      ]);

      await m.write("002_b.sql", "CREATE TABLE b (id int);");
      expect((await m.up()).results).toEqual(["002 done", "003 done"]);
      expect(await m.standings()).toEqual(["001 applied", "002 applied", "003 applied"]);
    });

    long("a migration of several megabytes is applied whole or not at all", async () => {
      const rows = (n: number): string => `INSERT INTO big VALUES ('${"x".repeat(8000)}');\n`.repeat(n);
      const down = "-- migrate:down\nDROP TABLE big;\n";
      const text = (last: string): string =>
        `-- migrate:up\nCREATE TABLE big (text text);\n${rows(300)}${last};\n${rows(100)}${down}`;
      await using m = await migrating(engine, { "001_big.sql": text("SELECT nothing") });
      const { results, error } = await m.up();
      expect(results).toEqual(["001 failed"]);
      expect(placeOf(error)).toBe("db/migrations/001_big.sql:303:8");
      expect(await m.has("big")).toBe(false);
      expect(await m.recorded()).toEqual([]);
      await m.write("001_big.sql", text("SELECT 1"));
      expect((await m.up()).results).toEqual(["001 done"]);
      expect(await m.query("SELECT count(*)::int AS n FROM big")).toEqual([{ n: 400 }]);
      expect((await m.down()).results).toEqual(["001 done"]);
    });

    long(
      "a migration that fails puts back the sequences that it set back, and names those that it moved on",
      async () => {
        const moves = "SELECT setval('behind', 1); SELECT setval('ahead', 900);";
        await using m = await migrating(engine, {
          "001_a.sql": "CREATE SEQUENCE behind; CREATE SEQUENCE ahead; SELECT setval('behind', 5), setval('ahead', 7);",
          "002_b.sql": "SELECT 1",
        });
        await m.up();
        const failed = [
          {
            name: "public.ahead",
            from: "8",
            to: "901",
            putBack: false,
            sql: `SELECT setval('"public"."ahead"', 7, true)`,
          },
          { name: "public.behind", from: "6", to: "2", putBack: true },
        ];
        await m.write("003_c.sql", "SELECT 1");
        await m.write("004_d.sql", `${moves} CREATE TABLE a (id int); CREATE TABLE a (id int);`);
        const { results, error } = await m.up();
        expect(results).toEqual(["003 done", "004 failed"]);
        expect(error?.hint).toContain("is there already");
        expect(error?.hint).toContain("  public.behind gave 6 next, was set to 2, and is put back");
        expect(error?.data).toMatchObject({ sequences: failed });
        expect(await m.query("SELECT last_value::int AS n FROM behind")).toEqual([{ n: 5 }]);
        await m.query("SELECT setval('ahead', 7)");
        await m.write("004_d.sql", "SELECT 1");
        await m.write(
          "005_e.ts",
          `import { Migration } from "confiture";
         export default class extends Migration {
           async up() { await this.execute("${moves} SELECT 1 / 0"); }
           async down() {}
         }`,
        );
        expect((await m.up()).error?.data).toMatchObject({ sequences: failed });
      },
    );

    test("a constraint that is checked at COMMIT fails the migration, and nothing is kept", async () => {
      await using m = await migrating(engine, {
        "001_a.sql": `CREATE TABLE parent (id int PRIMARY KEY);
          CREATE TABLE child (parent int REFERENCES parent DEFERRABLE INITIALLY DEFERRED);`,
        "002_b.sql": "INSERT INTO parent VALUES (1); INSERT INTO child VALUES (2);",
        "003_c.sql": "SELECT 1",
      });
      const { results, error } = await m.up();
      expect(results).toEqual(["001 done", "002 failed", "003 not-run"]);
      expect(error).toMatchObject({ code: "sql_failed", server: { sqlstate: "23503" } });
      expect(placeOf(error)).toBe("db/migrations/002_b.sql");
      expect(await m.recorded()).toEqual(["001"]);
      expect(await m.query("SELECT * FROM parent")).toEqual([]);
    });
  });
}

for (const engine of oldestServer) {
  describe(engine.name, () => {
    test("limits of the database are lifted for every migration, whatever the one before did with them", async () => {
      const limits = ["idle_in_transaction_session_timeout", "idle_session_timeout"];
      const noted = `INSERT INTO seen SELECT ${limits.map((name) => `current_setting('${name}')`).join(", ")};`;
      await using m = await migrating(engine, {
        "001_a.sql": `CREATE TABLE seen (a text, b text); ${noted} RESET ALL; SET idle_session_timeout = '2h';`,
        "002_b.sql": noted,
        "003_c.sql": `-- migrate:up transaction:false\n${noted}`,
      });
      const [{ name } = { name: "" }] = await m.query<{ name: string }>("SELECT current_database() AS name");
      for (const limit of limits) await m.query(`ALTER DATABASE ${name} SET ${limit} = '1h'`);
      expect((await m.up()).error).toBeUndefined();
      expect(await m.query("SELECT DISTINCT a, b FROM seen")).toEqual([{ a: "0", b: "0" }]);
    });

    test.each([
      ["an unknown table", "SELECT * FROM nowhere", "nowhere"],
      ["no position from the server", "CREATE TABLE a (id int)", "CREATE TABLE a"],
      ["a syntax error", "CREATE TABLE x (id int,, b int)", ", b int"],
    ])("the place of a failure in a later statement: %s", async (_what, statement, caret) => {
      await using m = await migrating(engine, {
        "001_a.sql": `-- migrate:up\nCREATE TABLE a (id int);\nSELECT 'ä🎉;';\n  /* ✂️ */ ${statement};\nSELECT 2;\n-- migrate:down\nDROP TABLE a;`,
      });
      const { error } = await m.up();
      expect(placeOf(error)).toStartWith("db/migrations/001_a.sql:4:");
      expect(caretOf(error)).toStartWith(caret);
      expect(await m.has("a")).toBe(false);
    });

    test("the place of a failure in a way back", async () => {
      await using m = await migrating(engine, {
        "001_a.sql": "-- migrate:up\nSELECT 1;\n-- migrate:down\nSELECT 1;\nDROP TABLE nowhere;\n",
        "002_b.up.sql": "SELECT 1",
        "002_b.down.sql": "SELECT 1;\nSELECT 2; DROP TABLE nowhere;\n",
      });
      expect((await m.up()).error).toBeUndefined();
      expect(placeOf((await m.down()).error)).toBe("db/migrations/002_b.down.sql:2:11");
      await m.write("002_b.down.sql", "SELECT 1");
      expect((await m.down()).results).toEqual(["002 done"]);
      const { error, results } = await m.down();
      expect(results).toEqual(["001 failed"]);
      expect(placeOf(error)).toBe("db/migrations/001_a.sql:5:1");
      expect(await m.recorded()).toEqual(["001"]);
    });

    test("COMMIT and BEGIN cut a migration into transactions of their own, which are counted", async () => {
      await using m = await migrating(engine, {
        "001_a.sql": "CREATE TYPE mood AS ENUM ('sad'); CREATE TABLE a (it mood);",
        "002_b.sql":
          "ALTER TYPE mood ADD VALUE 'glad';\nCREATE TABLE b (id int);\nCOMMIT;\nBEGIN;\nINSERT INTO a VALUES ('glad');\nSELECT 1/(SELECT count(*) FROM b);\n",
      });
      expect(await m.up()).toMatchObject({ results: ["001 done", "002 failed"], error: { location: { line: 6 } } });
      expect(await m.standings()).toEqual(["001 applied", "002 stopped"]);
      // The second transaction is rolled back as a whole, the first one stays.
      expect([await m.has("b"), await m.query("SELECT * FROM a")]).toEqual([true, []]);
      await m.query("INSERT INTO b VALUES (1)");
      expect((await outcomeOf(resume(m.options, "2", false))).results).toEqual(["002 done"]);
      expect(await m.query("SELECT it::text FROM a")).toEqual([{ it: "glad" }]);
      expect(await m.standings()).toEqual(["001 applied", "002 applied"]);
    });

    test("what stands between COMMIT and BEGIN runs by itself, outside a transaction", async () => {
      await using m = await migrating(engine, {
        "001_a.sql": "CREATE TABLE a (id int);\nCOMMIT;\nCREATE INDEX CONCURRENTLY i ON a (id);\nBEGIN;\n",
        "002_b.sql": "COMMIT;\nCREATE INDEX CONCURRENTLY j ON a (id);\nVACUUM a;\nBEGIN;\nCREATE TABLE b (id int);\n",
      });
      expect(await m.up()).toMatchObject({ results: ["001 done", "002 done"], error: undefined });
      expect([await m.has("i"), await m.has("j"), await m.has("b")]).toEqual([true, true, true]);
    });

    test("the first of these transactions leaves nothing when it fails", async () => {
      await using m = await migrating(engine, {
        "001_a.sql": "CREATE TABLE a (id int);\nSELECT 1/0;\nCOMMIT;\nBEGIN;\nCREATE TABLE b (id int);\n",
        "002_b.sql": "CREATE TABLE c (id int);\nCREATE INDEX CONCURRENTLY i ON c (id);\nCOMMIT;\nBEGIN;\nSELECT 1;\n",
      });
      expect((await m.up()).results).toEqual(["001 failed", "002 not-run"]);
      expect([await m.has("a"), await m.standings()]).toEqual([false, ["001 pending", "002 pending"]]);
      await m.write("001_a.sql", "SELECT 1;");
      expect(await m.up()).toMatchObject({
        results: ["001 done", "002 failed"],
        error: { code: "sql_transaction_control" },
      });
      expect(await m.has("c")).toBe(false);
    });

    test("a file wholly wrapped in BEGIN ... COMMIT runs as if it were not", async () => {
      await using m = await migrating(engine, {
        "001_a.sql": "-- head\nBEGIN;\nCREATE TABLE a (id int);\nCOMMIT;\n-- tail\n",
        "002_b.sql": "START TRANSACTION; CREATE TABLE b (id int); SELECT 1/0; END",
        "003_c.sql":
          "-- migrate:up\nBEGIN; CREATE TABLE c (id int); COMMIT;\n-- migrate:down\nBEGIN; DROP TABLE c; COMMIT;",
      });
      const { results, error } = await m.up();
      expect(results).toEqual(["001 done", "002 failed", "003 not-run"]);
      expect(error?.server?.sqlstate).toBe("22012");
      expect([await m.has("a"), await m.has("b")]).toEqual([true, false]);
      await m.write("002_b.sql", "BEGIN TRANSACTION; SELECT 1; COMMIT WORK;");
      expect((await m.up()).error).toBeUndefined();
      expect((await m.down()).results).toEqual(["003 done"]);
      expect(await m.has("c")).toBe(false);
    });

    test.each([
      ["COMMIT in the middle", "CREATE TABLE b (id int);\nCOMMIT;\nCREATE TABLE c (id int);", "2:1"],
      ["ROLLBACK at the end", "CREATE TABLE b (id int); ROLLBACK", "1:26"],
      ["a block that is rolled back", "SELECT 1; BEGIN; SELECT 2; ROLLBACK;", "1:11"],
      ["a block that begins in another", "BEGIN; BEGIN; SELECT 1; COMMIT; COMMIT;", "1:1"],
      ["a block that never ends, after one that does", "BEGIN; SELECT 1; COMMIT; BEGIN; SELECT 2", "1:1"],
      ["COMMIT AND CHAIN", "BEGIN; SELECT 1; COMMIT AND CHAIN; SELECT 2; COMMIT", "1:1"],
      ["PREPARE TRANSACTION", "SELECT 1; PREPARE TRANSACTION 'x'", "1:11"],
    ])("other control stops its own migration before it does anything: %s", async (_what, sql, place) => {
      await using m = await migrating(engine, {
        "001_a.sql": "CREATE TABLE a (id int)",
        "002_b.sql": sql,
        "003_c.sql": "CREATE TABLE c (id int)",
      });
      for (const results of [
        ["001 done", "002 failed", "003 not-run"],
        ["002 failed", "003 not-run"],
      ]) {
        const outcome = await m.up();
        expect(outcome.results).toEqual(results);
        expect(outcome.error).toMatchObject({ code: "sql_transaction_control", exitCode: 1 });
        expect(outcome.error?.hint).toContain("-- no-transaction");
        expect(placeOf(outcome.error)).toBe(`db/migrations/002_b.sql:${place}`);
        expect([await m.has("a"), await m.has("b"), await m.has("c")]).toEqual([true, false, false]);
        expect(await m.recorded()).toEqual(["001"]);
      }
      // Together they would be nothing at all.
      expect((await m.up({ singleTransaction: true })).refused).toBe(true);
    });

    test("a BEGIN that nothing ends is no more than in a transaction of PostgreSQL's", async () => {
      await using m = await migrating(engine, {
        "001_a.sql": "CREATE TABLE a (id int);\n-- and now\nBEGIN;\nCREATE TABLE b (id int);\nSELECT 1/0;",
      });
      const { error } = await m.up();
      expect(error?.server?.sqlstate).toBe("22012");
      expect(placeOf(error)).toBe("db/migrations/001_a.sql:5:1");
      expect([await m.has("a"), await m.has("b")]).toEqual([false, false]);
      await m.write("001_a.sql", "CREATE TABLE a (id int);\n-- and now\nBEGIN;\nCREATE TABLE b (id int);");
      expect((await m.up()).error).toBeUndefined();
      expect([await m.has("a"), await m.has("b")]).toEqual([true, true]);
    });

    test.each([
      ["wrapped, and set by its first statement", "BEGIN;\nSET TRANSACTION ISOLATION LEVEL SERIALIZABLE;\n%\nCOMMIT;"],
      ["wrapped, and set by BEGIN", "START TRANSACTION ISOLATION LEVEL SERIALIZABLE;\n%\nCOMMIT;"],
      ["set by its first statement", "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE;\n%"],
      ["set by its first statement, as a parameter", "SET LOCAL transaction_isolation = 'serializable';\n%"],
    ])("a migration has the isolation level it asks for: %s", async (_what, sql) => {
      const level = "INSERT INTO seen SELECT current_setting('transaction_isolation');";
      await using m = await migrating(engine, {
        "001_a.sql": "CREATE TABLE seen (level text)",
        "002_b.sql": `-- migrate:up\n${sql.replace("%", level)}\n-- migrate:down\n${sql.replace("%", level)}`,
        "003_c.sql": level,
      });
      expect((await m.up()).error).toBeUndefined();
      expect((await m.up({ singleTransaction: true })).error).toBeUndefined();
      expect((await m.down({ to: "1" })).error?.code).toBe("migration_irreversible");
      await m.write("003_c.sql", "SELECT 1");
      await m.query("DELETE FROM confiture_migrations WHERE version = '003'");
      expect((await m.down()).error).toBeUndefined();
      expect(await m.query("SELECT level FROM seen")).toEqual(
        ["serializable", "read committed", "serializable"].map((name) => ({ level: name })),
      );
      const together = await m.up({ singleTransaction: true });
      expect(together.error?.code).toBe("migration_not_transactional");
      expect(together.refused).toBe(true);
    });

    test("a setting before BEGIN holds inside it", async () => {
      await using m = await migrating(engine, {
        "001_a.sql":
          "-- head\nSET work_mem = '7MB'; -- no line of its own\nBEGIN;\nCREATE TABLE a AS SELECT current_setting('work_mem') AS it;\nSELECT 1/0;\nCOMMIT;",
      });
      const { error } = await m.up();
      expect(error?.server?.sqlstate).toBe("22012");
      expect(placeOf(error)).toBe("db/migrations/001_a.sql:5:1");
      expect(await m.has("a")).toBe(false);
      await m.write(
        "001_a.sql",
        "SET work_mem = '7MB'; BEGIN; CREATE TABLE a AS SELECT current_setting('work_mem') AS it; COMMIT",
      );
      expect((await m.up()).error).toBeUndefined();
      expect(await m.query("SELECT it FROM a")).toEqual([{ it: "7MB" }]);
    });

    test.each([
      [
        "SET TRANSACTION too late",
        "SELECT 1;\nSET TRANSACTION ISOLATION LEVEL SERIALIZABLE;",
        /beginning of the file/,
        /transaction:false|no-transaction/,
      ],
      ["CALL of a procedure that commits", "CALL commits();", /-- no-transaction$/, /migrate:up/],
      [
        "the same below a marker",
        "-- migrate:up\nCALL commits();",
        /-- migrate:up transaction:false$/,
        /no-transaction/,
      ],
      ["DO that commits", "DO $$ BEGIN COMMIT; END $$;", /-- no-transaction$/, /migrate:up/],
      [
        "CONCURRENTLY inside DO",
        "DO $$ BEGIN EXECUTE 'CREATE INDEX CONCURRENTLY ON t (id)'; END $$;",
        /statement of its own/,
        /transaction:false|no-transaction/,
      ],
      [
        "a search_path that was emptied",
        "SELECT pg_catalog.set_config('search_path', '', false);\nALTER TABLE t ADD n int;",
        /^Line 1 .*schema/,
        /transaction/,
      ],
      [
        "a new value of an enum",
        "ALTER TYPE e ADD VALUE 'b';\nSELECT 'b'::e;",
        /migration of its own/,
        /transaction:false/,
      ],
    ])("what helps is said, and nothing that does not: %s", async (_what, sql, helps, not) => {
      await using m = await migrating(engine, {
        "001_a.sql": `CREATE TABLE t (id int); CREATE TYPE e AS ENUM ('a');
          CREATE PROCEDURE commits() LANGUAGE plpgsql AS $$ BEGIN COMMIT; END $$;`,
        "002_b.sql": sql,
      });
      const { error } = await m.up();
      expect(error?.code).toBe("sql_failed");
      expect(error?.hint).toMatch(helps);
      expect(error?.hint).not.toMatch(not);
    });

    test("the line that a hint names makes the migration run", async () => {
      await using m = await migrating(engine, {
        "001_a.sql": "CREATE PROCEDURE commits() LANGUAGE plpgsql AS $$ BEGIN COMMIT; END $$;",
        "002_b.up.sql": "CALL commits();",
        "002_b.down.sql": "CALL commits(); SELECT 1;",
      });
      const { error } = await m.up();
      const line = /-- no-transaction$/.exec(error?.hint ?? "")?.[0];
      await m.write("002_b.up.sql", `${line}\nCALL commits();`);
      expect((await m.up()).error).toBeUndefined();
      expect((await m.down()).error?.hint).toContain(line ?? "nothing");
      await m.write("002_b.down.sql", `${line}\nCALL commits(); SELECT 1;`);
      expect((await m.down()).error).toBeUndefined();
    });

    test("savepoints, and words inside bodies and strings, are no transaction control", async () => {
      await using m = await migrating(engine, {
        "001_a.sql": `CREATE TABLE a (id int);
          SAVEPOINT s; INSERT INTO a VALUES (1); ROLLBACK TO s; RELEASE s;
          CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 2; END;
          DO $$ BEGIN PERFORM 1; END $$;
          SELECT 'COMMIT; ROLLBACK';`.replace(engine.major < 14 ? /CREATE FUNCTION.*\n/ : /$^/, ""),
      });
      expect((await m.up()).error).toBeUndefined();
      expect(await m.query("SELECT * FROM a")).toEqual([]);
    });

    test("nothing that a migration does to the session reaches the next one", async () => {
      await using m = await migrating(engine, {
        "001_a.sql": `CREATE SCHEMA other; CREATE TABLE other.marker (id int);
          SET search_path = other; SET ROLE pg_monitor; SET work_mem = '77MB'; SET lock_timeout = '1ms';
          SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY;`,
        "002_b.sql": `SET search_path = other;
          CREATE TEMP TABLE leftover (id int); PREPARE leftover AS SELECT 1;
          DECLARE leftover CURSOR WITH HOLD FOR SELECT 1;
          CREATE SEQUENCE public.numbers; SELECT nextval('public.numbers'); LISTEN leftover; SET leftover.own = 'x';`,
        "003_c.sql": `CREATE TABLE public.seen AS SELECT current_schemas(false)::text AS path, current_user::text AS who,
            current_setting('work_mem') AS work_mem, current_setting('lock_timeout') AS lock_timeout,
            to_regclass('leftover')::text AS temporary,
            (SELECT count(*) FROM pg_prepared_statements) AS prepared,
            (SELECT count(*) FROM pg_cursors WHERE name = 'leftover') AS cursors,
            (SELECT count(*) FROM pg_listening_channels()) AS channels, current_setting('leftover.own') AS own;
          DO $$ BEGIN PERFORM lastval(); RAISE 'a sequence was used'; EXCEPTION WHEN object_not_in_prerequisite_state THEN END $$;`,
        "004_d.sql": "LISTEN leftover",
        "005_e.ts": `import { Migration } from "confiture";
          export default class extends Migration {
            async up() {
              const [row] = await this.query("SELECT count(*)::int AS n FROM pg_listening_channels()");
              if (row.n !== 0) throw new Error("it listens");
              this.execute("SELECT 1");
            }
          }`,
        "006_f.sql": "-- migrate:up transaction:false\nLISTEN leftover;\nSELECT 1;",
        "007_g.sql":
          "-- migrate:up transaction:false\nSELECT 1 / (1 - count(*)) FROM pg_listening_channels();\nSELECT 1;",
      });
      expect((await m.up()).error).toBeUndefined();
      expect(await m.query("SELECT * FROM seen")).toEqual([
        {
          path: "{public}",
          who: "postgres",
          work_mem: "4MB",
          lock_timeout: "5s",
          temporary: null,
          prepared: "0",
          cursors: "0",
          channels: "0",
          own: "",
        },
      ]);
    });

    test.each([
      "SET ROLE pg_monitor",
      "SET LOCAL ROLE pg_monitor",
      "SET SESSION AUTHORIZATION pg_monitor",
      "SET search_path = nowhere",
      "SET LOCAL search_path TO ''",
      "SELECT set_config('search_path', 'pg_temp', false)",
      "SET CONSTRAINTS ALL DEFERRED",
      "SET standard_conforming_strings = off",
      "SET client_encoding = 'LATIN1'",
      "SET DateStyle = 'SQL, DMY'",
      "SET statement_timeout = '1s'",
      "SET TIME ZONE 'Asia/Kathmandu'",
    ])("the ledger is written as the user who connected, after %s", async (statement) => {
      await using m = await migrating(engine, {
        "001_a.sql": `-- migrate:up\n${statement};\n-- migrate:down\n${statement};\n`,
        "002_it's_back\\slash_ü.sql": `-- migrate:up\nSELECT 1;\n${statement};\n-- migrate:down\n${statement}`,
      });
      expect((await m.up()).error).toBeUndefined();
      expect(await m.query("SELECT name, applied_by FROM confiture_migrations ORDER BY version")).toEqual([
        { name: "a", applied_by: "postgres" },
        { name: "it's_back\\slash_ü", applied_by: "postgres" },
      ]);
      expect((await m.down({ to: "0" })).error).toBeUndefined();
      expect(await m.recorded()).toEqual([]);
    });

    test("a deferred trigger runs with the role and the search_path of its migration", async () => {
      await using m = await migrating(engine, {
        "001_a.sql": `CREATE TABLE a (id int); CREATE TABLE log (who text);
          CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO log VALUES (current_user); RETURN NULL; END $$;
          CREATE CONSTRAINT TRIGGER note AFTER INSERT ON a DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION note();
          GRANT ALL ON a, log TO pg_monitor;`,
        "002_b.sql": "SET ROLE pg_monitor; INSERT INTO a VALUES (1)",
        "003_c.ts": `import { Migration } from "confiture";
          export default class extends Migration { up() { this.execute("INSERT INTO a VALUES (2)"); } }`,
      });
      expect((await m.up()).error).toBeUndefined();
      expect(await m.query("SELECT who FROM log")).toEqual([{ who: "pg_monitor" }, { who: "postgres" }]);

      await m.write("004_d.sql", "INSERT INTO a VALUES (3)");
      await m.write("005_e.sql", "INSERT INTO a VALUES (4); SET search_path = nowhere");
      expect((await m.up({ singleTransaction: true })).error).toBeUndefined();
      expect(await m.query("SELECT count(*)::int AS n FROM log")).toEqual([{ n: 4 }]);
    });

    test("an event trigger that logs DDL may look its table up", async () => {
      await using m = await migrating(engine, { "001_a.sql": "CREATE TABLE a (id int)" });
      await m.query("CREATE TABLE ddl_log (tag text)");
      await m.query(
        "CREATE FUNCTION note() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO ddl_log VALUES (tg_tag); END $$",
      );
      await m.query("CREATE EVENT TRIGGER note ON ddl_command_end EXECUTE FUNCTION note()");
      expect((await m.up()).error).toBeUndefined();
      expect(await m.query("SELECT tag FROM ddl_log")).toContainEqual({ tag: "CREATE TABLE" });
    });

    test.each([
      ["SET TRANSACTION READ ONLY;\nCREATE TABLE a ();", "Line 1 of this file makes the transaction read-only"],
      ["BEGIN READ ONLY;\nCREATE TABLE a ();\nCOMMIT;", "makes the transaction read-only"],
    ])("a transaction that the migration itself makes read-only: %s", async (sql, hint) => {
      await using m = await migrating(engine, { "001_a.sql": sql });
      const { error } = await m.up();
      expect(error).toMatchObject({ code: "sql_failed", server: { sqlstate: "25006" } });
      expect(error?.hint).toContain(hint);
      expect(error?.hint).not.toContain("standby");
    });

    test.each([
      [
        "001_a.sql",
        "SET TRANSACTION READ ONLY; SELECT 1",
        "Line 1 of this file makes the transaction read-only",
        "standby",
      ],
      ["001_a.sql", "SELECT set_config('transaction_read_only', 'on', true)", "Line 1 of this file makes", "standby"],
      [
        "001_a.ts",
        `import { Migration } from "confiture";
         export default class extends Migration { up() { this.execute("SET TRANSACTION READ ONLY"); } }`,
        "If the migration runs SET TRANSACTION READ ONLY, leave that out",
        "Line",
      ],
    ])(
      "a migration that makes its transaction read-only is not half recorded: %s, %s",
      async (name, text, hint, not) => {
        await using m = await migrating(engine, { [name]: text });
        const { error } = await m.up();
        expect(error).toMatchObject({ code: "ledger_unusable", server: { sqlstate: "25006" } });
        expect(error?.location?.file).toBe(`db/migrations/${name}`);
        expect(error?.hint).toContain(hint);
        expect(error?.hint).not.toContain(not);
        expect(await m.recorded()).toEqual([]);
      },
    );

    test("lock_timeout and statement_timeout hold inside a migration, which is tried again without a lock", async () => {
      await using m = await migrating(
        engine,
        { "001_a.sql": `ALTER TABLE busy ADD c int; ${DEADLOCK_ONCE}`, "002_b.sql": "SELECT pg_sleep(300)" },
        { lockTimeout: 500 },
      );
      await m.query("CREATE TABLE busy (id int)");
      await m.query("CREATE SEQUENCE tries");
      await m.query("BEGIN");
      await m.query("LOCK TABLE busy");
      const retries: MigrateEvent[] = [];
      const release = (event: MigrateEvent): void => {
        if (event.type !== "retrying") return;
        retries.push(event);
        void m.query("ROLLBACK");
      };
      const { results, error } = await m.up({}, { statementTimeout: 2000, onEvent: release });
      expect(retries).toMatchObject([
        { attempt: 1, error: { server: { sqlstate: "55P03" } } },
        { attempt: 2, error: { server: { sqlstate: "40P01" }, hint: expect.stringContaining("Run it again") } },
      ]);
      // The lock was released, so that an attempt of the first came through.
      expect(results).toEqual(["001 done", "002 failed"]);
      expect(error).toMatchObject({ code: "sql_failed", server: { sqlstate: "57014" } });
    });

    test("LOCK TABLE and a COPY block work inside a migration", async () => {
      await using m = await migrating(engine, {
        "001_a.sql":
          "CREATE TABLE a (id int, name text);\nLOCK TABLE a;\nCOPY a FROM stdin;\n1\tone; two\n2\t\\N\n\\.\nALTER TABLE a ADD b int;\n",
        "002_b.sql": "COPY a (id) FROM stdin;\n7\nseven\n\\.\n",
      });
      const { results, error } = await m.up();
      expect(results).toEqual(["001 done", "002 failed"]);
      expect(error?.server?.sqlstate).toBe("22P02");
      expect(placeOf(error)).toBe("db/migrations/002_b.sql:3:1");
      expect(await m.query("SELECT * FROM a")).toEqual([
        { id: 1, name: "one; two", b: null },
        { id: 2, name: null, b: null },
      ]);
      expect(await m.recorded()).toEqual(["001"]);
    });

    test("what PostgreSQL alone knows cannot run in a transaction is answered with the way out", async () => {
      await using m = await migrating(engine, {
        "001_a.sql":
          "CREATE TABLE p (id int) PARTITION BY RANGE (id); CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (1) TO (9); CREATE INDEX ON p (id);",
        "002_b.sql": "REINDEX TABLE p;\nSELECT 1;",
      });
      const { error } = await m.up();
      expect(error?.server?.sqlstate).toBe("25001");
      expect(error?.hint).toContain("-- no-transaction");
    });

    test("a role that may not write the ledger is told so, and nothing of the migration stays", async () => {
      await using m = await migrating(engine, { "001_a.sql": "SELECT 1", "002_b.sql": "CREATE TABLE b (id int)" });
      expect((await m.up({ steps: 1 })).error).toBeUndefined();
      const role = `reader_${process.pid}_${engine.major}`;
      await m.query(`CREATE ROLE ${role} LOGIN PASSWORD 'postgres'`);
      try {
        await m.query(`GRANT SELECT ON confiture_migrations TO ${role}`);
        await m.query(`GRANT CREATE ON SCHEMA public TO ${role}`);
        const target = { ...m.options.target, user: role } as typeof m.options.target;
        const { results, error } = await m.up({}, { target });
        expect(results).toEqual(["002 failed"]);
        expect(error).toMatchObject({ code: "ledger_unusable", server: { sqlstate: "42501" } });
        expect(error?.hint).toContain("GRANT");
        expect(await m.has("b")).toBe(false);
      } finally {
        await m.query(`DROP OWNED BY ${role}`);
        await m.query(`DROP ROLE ${role}`);
      }
    });
  });
}
