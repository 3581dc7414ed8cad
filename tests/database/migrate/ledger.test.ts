import { describe, expect, test } from "bun:test";
import { dryRunUp } from "#migrate/dry-run.ts";
import { baseline } from "#migrate/record.ts";
import { status } from "#migrate/status.ts";
import { oldestServer } from "../../support/engines.ts";
import { failureOf } from "../failure.ts";
import { migrating } from "./migrating.ts";

const FILES = { "001_a.sql": "CREATE TABLE public.a (id int)" };

for (const engine of oldestServer) {
  describe(engine.name, () => {
    test.each([
      ["ops.history", "CREATE SCHEMA ops", "ops.history"],
      ["Ops.History", "CREATE SCHEMA ops", "ops.history"],
      [`"Odd ""Schema"""."sélect ; drop'"`, `CREATE SCHEMA "Odd ""Schema"""`, `"Odd ""Schema"""."sélect ; drop'"`],
      ["select", "SELECT 1", `public."select"`],
    ])("a ledger named %s", async (table, prepare, found) => {
      await using m = await migrating(engine, FILES, { table });
      await m.query(prepare);
      expect((await m.up()).error).toBeUndefined();
      expect(await m.query(`SELECT version FROM ${found}`)).toEqual([{ version: "001" }]);
      expect((await status(m.options)).history).toMatchObject([{ standing: "applied" }]);
      expect((await m.up()).results).toEqual([]);
    });

    test.each(["", ".", "a.b.c", "a b", '"open', "a;drop", '""'])("%j is no name for a ledger", async (table) => {
      await using m = await migrating(engine, FILES, { table });
      expect((await m.up()).error).toMatchObject({ code: "ledger_unusable", exitCode: 1 });
      expect(await m.has("public.a")).toBe(false);
    });

    test("a schema that does not exist is told before anything runs", async () => {
      await using m = await migrating(engine, FILES, { table: "nowhere.history" });
      const { error, refused } = await m.up();
      expect(error?.code).toBe("ledger_unusable");
      expect(`${error?.message} ${error?.hint}`).toContain("nowhere");
      expect(error?.hint).toContain("CREATE SCHEMA");
      expect(refused).toBe(true);
      expect(await m.has("public.a")).toBe(false);
    });

    test("two rows of one version stop everything that reads them, until one is deleted", async () => {
      await using m = await migrating(engine, FILES);
      expect((await m.up()).error).toBeUndefined();
      await m.query(
        "INSERT INTO confiture_migrations SELECT '1', 'other', null, applied_at, 1, applied_by, tool_version, state FROM confiture_migrations",
      );
      for (const error of [(await m.up()).error, (await m.down()).error, await failureOf(status(m.options))]) {
        expect(error).toMatchObject({
          code: "ledger_unusable",
          message: expect.stringMatching(/ as (?:001 and as 1|1 and as 001)$/),
        });
        expect(error?.hint).toContain(`DELETE FROM "public"."confiture_migrations" WHERE version = '`);
      }
      expect(await m.has("public.a")).toBe(true);
      await m.query("DELETE FROM confiture_migrations WHERE version = '1'");
      expect((await status(m.options)).history).toMatchObject([{ standing: "applied" }]);
    });

    const setPath = (path: string): string =>
      `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = ${path}', current_database()); END $$`;

    test("the ledger is found wherever the database's search_path points later", async () => {
      await using m = await migrating(engine, {
        "001_a.sql": "CREATE SCHEMA other; CREATE TABLE public.a (id int)",
        "002_b.sql": "-- migrate:up\nCREATE TABLE public.b (id int);\n-- migrate:down\nDROP TABLE public.b;",
      });
      // At first there is no such schema.
      await m.query(setPath("other, public"));
      expect((await m.up()).error).toBeUndefined();
      expect(await m.up()).toMatchObject({ results: [] });
      expect((await m.down()).error).toBeUndefined();
      await m.query(setPath("other"));
      expect((await m.up()).results).toHaveLength(1);
      expect((await status(m.options)).history.map(({ row }) => row?.state)).toEqual(["applied", "applied"]);
      expect(await m.has("other.confiture_migrations")).toBe(false);
      await m.query(setPath("nowhere"));
      expect(await m.up()).toMatchObject({ results: [] });
      // What only has the name is not in the way.
      await m.query("CREATE TABLE other.confiture_migrations (id int)");
      await m.query(setPath("other, public"));
      expect(await m.up()).toMatchObject({ results: [] });
    });

    test("a ledger in another schema is not taken for that of a role whose search_path points elsewhere", async () => {
      await using m = await migrating(engine, FILES);
      await m.query("CREATE SCHEMA other");
      expect((await m.up()).error).toBeUndefined();
      await m.query(
        "DO $$ BEGIN EXECUTE format('ALTER ROLE postgres IN DATABASE %I SET search_path = other', current_database()); END $$",
      );
      for (const run of [() => m.up(), () => m.down()]) {
        const { error, refused } = await run();
        expect(error?.code).toBe("ledger_unusable");
        expect(error?.hint).toContain("public.confiture_migrations");
        expect(refused).toBe(true);
      }
      expect(await m.has("other.confiture_migrations")).toBe(false);
      expect((await m.up({}, { table: "public.confiture_migrations" })).error).toBeUndefined();
    });

    test("a search_path without a schema that exists is told", async () => {
      await using m = await migrating(engine, FILES);
      await m.query(
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = nowhere', current_database()); END $$",
      );
      expect((await m.up()).error?.code).toBe("ledger_unusable");
      expect((await m.up({}, { table: "public.confiture_migrations" })).error).toBeUndefined();
    });

    test.each([
      ["another tool's table", "CREATE TABLE confiture_migrations (id int, version text)"],
      ["a view", "CREATE VIEW confiture_migrations AS SELECT 1 AS version"],
    ])("%s is not taken for a ledger, and stays as it is", async (_what, sql) => {
      await using m = await migrating(engine, FILES);
      await m.query(sql);
      for (const failure of [
        (await m.up()).error,
        (await m.down()).error,
        await failureOf(status(m.options)),
        await failureOf(dryRunUp(m.options, {})),
        await failureOf(baseline(m.options, undefined)),
      ]) {
        expect(failure).toMatchObject({ code: "ledger_unusable" });
      }
      expect(await m.has("public.a")).toBe(false);
    });

    test("a sequence, an index or a type of the ledger's name is an error of PostgreSQL, not a crash", async () => {
      await using m = await migrating(engine, FILES);
      await m.query("CREATE SEQUENCE confiture_migrations");
      const { error, refused } = await m.up();
      expect(error?.code).toBe("ledger_unusable");
      expect(refused).toBe(true);
      expect(await m.has("public.a")).toBe(false);
    });

    test("what a search_path shadows does no harm to the ledger", async () => {
      await using m = await migrating(
        engine,
        {
          "001_a.sql": "CREATE TABLE public.a (id int)",
          "002_b.sql":
            "-- migrate:up transaction:false\nCREATE TABLE public.b (id int);\nCREATE TABLE public.c (id int);",
        },
        { table: "public.confiture_migrations" },
      );
      await m.query("CREATE SCHEMA evil");
      const lie = (name: string, args: string, result: string, value: string): string =>
        `CREATE FUNCTION evil.${name}(${args}) RETURNS ${result} LANGUAGE sql AS $$ SELECT ${value} $$`;
      for (const statement of [
        lie("clock_timestamp", "", "timestamptz", "'1970-01-01'::timestamptz"),
        lie("transaction_timestamp", "", "timestamptz", "'1970-01-01'::timestamptz"),
        lie("pg_backend_pid", "", "int", "1"),
        lie("current_schema", "", "name", "'evil'::name"),
        lie("current_database", "", "name", "'evil'::name"),
        lie("pg_try_advisory_lock", "bigint", "boolean", "true"),
        lie("format", "text, name, name", "text", "'lie'"),
        lie("current_setting", "text", "text", "'90000'"),
        lie("set_config", "text, text, boolean", "text", "'lie'"),
        lie("same", "text, text", "boolean", "false"),
        lie("same", "name, name", "boolean", "false"),
        lie("same", "name, text", "boolean", "false"),
        lie("same", "oid, oid", "boolean", "false"),
        lie("minus", "timestamptz, timestamptz", "interval", "'7 days'::interval"),
        lie("divided", "int, int", "int", "1"),
        "CREATE OPERATOR evil.= (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.same)",
        "CREATE OPERATOR evil.= (LEFTARG = name, RIGHTARG = name, FUNCTION = evil.same)",
        "CREATE OPERATOR evil.= (LEFTARG = name, RIGHTARG = text, FUNCTION = evil.same)",
        "CREATE OPERATOR evil.- (LEFTARG = timestamptz, RIGHTARG = timestamptz, FUNCTION = evil.minus)",
        "CREATE OPERATOR evil./ (LEFTARG = int, RIGHTARG = int, FUNCTION = evil.divided)",
        "CREATE DOMAIN evil.text AS pg_catalog.varchar(1)",
        "CREATE DOMAIN evil.timestamptz AS pg_catalog.varchar(1)",
        "CREATE DOMAIN evil.int8 AS pg_catalog.varchar(1)",
        "CREATE VIEW evil.pg_class AS SELECT 1 AS oid WHERE false",
        "CREATE VIEW evil.pg_locks AS SELECT 1 AS pid WHERE false",
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = evil, pg_catalog, public', current_database()); END $$",
      ]) {
        await m.query(statement);
      }
      const before = Date.now();
      expect((await m.up()).error).toBeUndefined();
      expect((await m.up()).results).toEqual([]);
      const rows = await m.query<{ version: string; at: Date; execution_ms: string; type: string }>(
        "SELECT version, applied_at AS at, execution_ms, pg_typeof(name)::pg_catalog.text AS type FROM public.confiture_migrations ORDER BY version",
      );
      expect(rows.map(({ version }) => version)).toEqual(["001", "002"]);
      for (const row of rows) {
        expect(row.at.getTime()).toBeGreaterThan(before - 60_000);
        expect(Number(row.execution_ms)).toBeLessThan(60_000);
        expect(row.type).toBe("text");
      }
      const one = m.up({}, { lockWait: 0 });
      expect((await one).error).toBeUndefined();
    });

    test("rows that other tools or older versions wrote are read as they are", async () => {
      await using m = await migrating(engine, FILES);
      expect((await m.up()).error).toBeUndefined();
      await m.query("UPDATE confiture_migrations SET checksum = NULL, execution_ms = NULL, version = '1'");
      await m.query("ALTER TABLE confiture_migrations ADD extra text DEFAULT 'x'");
      expect(await m.standings()).toEqual(["001 applied"]);
      expect((await m.up()).results).toEqual([]);
    });
  });
}
