import { describe, expect, test } from "bun:test";
import { oldestAndEmbedded, oldestServer } from "../../support/engines.ts";
import { caretOf, failureOf, placeOf } from "../failure.ts";
import { building } from "./building.ts";

for (const engine of oldestAndEmbedded) {
  describe(engine.name, () => {
    test("files run in order, folder by folder", async () => {
      const step = (name: string): string => `INSERT INTO steps (name) VALUES ('${name}');`;
      await using b = await building(engine, {
        "00_first.sql": "CREATE TABLE steps (id serial, name text)",
        "10_a/b.sql": step("10_a/b"),
        "10_a/Z.sql": step("10_a/Z"),
        "10_a.sql": step("10_a.sql"),
        "10_a-b.sql": step("10_a-b"),
        "9_last.sql": step("9_last"),
        "20/deeper/x.sql": step("20/deeper/x"),
        "20/a.sql": step("20/a"),
        "é.sql": step("é"),
        "z.sql": step("z"),
      });
      const seen: string[] = [];
      await b.build({ onFile: (file) => seen.push(file) });
      const rows = await b.query<{ name: string }>("SELECT name FROM steps ORDER BY id");
      expect(rows.map(({ name }) => name)).toEqual([
        "10_a/Z", "10_a/b", "10_a-b", "10_a.sql", "20/a", "20/deeper/x", "9_last", "z", "é",
      ]); // prettier-ignore
      expect(seen).toHaveLength(10);
    });

    test("a failure in the last file leaves nothing", async () => {
      await using b = await building(engine, {
        "1.sql": "CREATE TABLE one (id int); CREATE SCHEMA extra; CREATE TABLE extra.two (id int);",
        "2.sql": "CREATE TABLE three (id int);\nSELECT 'ä🎉' ,  missing_column FROM three;\n",
      });
      const error = await failureOf(b.build());
      expect(error).toMatchObject({ code: "sql_failed", exitCode: 1, server: { sqlstate: "42703" } });
      expect(placeOf(error)).toBe("db/schema/2.sql:2:16");
      expect(caretOf(error)).toBe("missing_column FROM three;");
      expect(await b.relations()).toEqual([]);
      expect(await b.relations("extra")).toEqual([]);
      // The session can be used again.
      await b.project.write("db/schema/2.sql", "CREATE TABLE three (id int);");
      await b.build();
      expect(await b.relations()).toEqual(["one", "three"]);
    });

    test("8 MB in one file and 1000 statements in another", async () => {
      const row = `INSERT INTO big VALUES ('${"x".repeat(8000)} ;''🍓'); -- ;\n`;
      await using b = await building(engine, {
        "1_big.sql": `CREATE TABLE big (text text);\n${row.repeat(1024)}`,
        "2_copy.sql": `COPY big FROM stdin;\n${`${"y🍓".repeat(1000)}\n`.repeat(1600)}\\.\n`,
        "3_many.sql": Array.from({ length: 1000 }, (_, n) => `COMMENT ON TABLE big IS '${n}';`).join("\n"),
      });
      await b.build();
      expect(await b.query("SELECT count(*)::int AS n, sum(length(text))::int AS length FROM big")).toEqual([
        { n: 2624, length: 1024 * 8004 + 1600 * 2000 },
      ]);
      expect(await b.query("SELECT obj_description('big'::regclass) AS d")).toEqual([{ d: "999" }]);
    });

    test("a failure behind megabytes of other statements: its place, and nothing is left", async () => {
      const row = `INSERT INTO big VALUES ('${"🍓".repeat(4000)}');\n`;
      await using b = await building(engine, {
        "big.sql": `CREATE TABLE big (text text);\n${row.repeat(300)}SELECT 'ä🎉',  nothing FROM big;\n${row.repeat(300)}`,
      });
      const error = await failureOf(b.build());
      expect(placeOf(error)).toBe("db/schema/big.sql:302:15");
      expect(caretOf(error)).toBe("nothing FROM big;");
      expect(await b.relations()).toEqual([]);
    });
  });
}

for (const engine of oldestServer) {
  describe(engine.name, () => {
    test.each([
      ["a syntax error", "SELEC 1", "SELEC 1;", undefined],
      ["at the end of the file", "SELECT (1", undefined, undefined],
      ["no position from the server", "CREATE TABLE a (id int)", "CREATE TABLE a (id int);", "It is there already"],
      [
        "an index that is there",
        "CREATE INDEX i ON a (id); CREATE INDEX i ON a (id)",
        "CREATE INDEX i ON a (id);",
        "It is there already",
      ],
      ["a constraint", "INSERT INTO a VALUES (1), (1)", "INSERT INTO a VALUES (1), (1);", undefined],
      ["inside a function that is called", "SELECT 1; SELECT f()", "SELECT f();", undefined],
      [
        "inside a function body",
        "CREATE FUNCTION g() RETURNS int LANGUAGE sql AS $$ SELECT nowhere $$",
        "nowhere $$;",
        undefined,
      ],
      ["a type that does not exist", "CREATE TABLE ü (a int, b 🍓)", "🍓);", undefined],
    ])("the place of a failure: %s", async (_what, statement, caret, hint) => {
      await using b = await building(engine, {
        "a.sql":
          "CREATE TABLE a (id int PRIMARY KEY);\nCREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 1/0; END $$;",
        "b.sql": `\ufeff-- ü🍓\r\nSELECT 'ä🎉;';\r\n/* 🎈 */ ${statement};\r\nSELECT 1;\r\n`,
      });
      const error = await failureOf(b.build());
      expect(error.code).toBe("sql_failed");
      expect(placeOf(error)).toStartWith("db/schema/b.sql:3:");
      if (caret !== undefined) expect(caretOf(error)).toBe(caret);
      if (hint !== undefined) expect(error.hint).toContain(hint);
    });

    test("the place counts characters after a byte order mark, tabs and other scripts", async () => {
      await using b = await building(engine, { "a.sql": "\ufeffSELECT\t'日本語', nowhere;" });
      const error = await failureOf(b.build());
      expect(placeOf(error)).toBe("db/schema/a.sql:1:15");
      expect(caretOf(error)).toBe("nowhere;");
    });

    test("DETAIL, HINT and CONTEXT come along", async () => {
      await using b = await building(engine, {
        "a.sql": `DO $$ BEGIN RAISE EXCEPTION 'no' USING DETAIL = 'the detail', HINT = 'the hint', ERRCODE = '45000'; END $$`,
      });
      expect((await failureOf(b.build())).server).toMatchObject({
        severity: "ERROR",
        sqlstate: "45000",
        message: "no",
        detail: "the detail",
        hint: "the hint",
        context: expect.stringContaining("inline_code_block"),
      });
    });

    test.each([
      ["a table", "CREATE VIEW v AS SELECT * FROM app.users", "CREATE TABLE IF NOT EXISTS app.users (id int);"],
      ["a quoted table", `CREATE VIEW v AS SELECT * FROM "My Users"`, `CREATE TABLE "My Users" (id int);`],
      [
        "a function",
        "CREATE VIEW v AS SELECT app.norm('x')",
        "CREATE OR REPLACE FUNCTION app.norm(x text) RETURNS text LANGUAGE sql RETURN x;",
      ],
      ["a type", "CREATE TABLE t (mood mood)", "CREATE TYPE mood AS ENUM ('fine');"],
      ["a schema", "CREATE TABLE billing.t (id int)", "CREATE SCHEMA billing;"],
      ["a materialized view", "SELECT * FROM mv", "CREATE MATERIALIZED VIEW mv AS SELECT 1 AS one;"],
      ["a sequence", "SELECT nextval('counter')", "CREATE SEQUENCE counter;"],
      ["a role-like domain", "CREATE TABLE t (e email)", "CREATE DOMAIN email AS text;"],
    ])("an object that a later file makes is named with its place: %s", async (_what, use, definition) => {
      const written = engine.major < 14 ? definition.replace("RETURN x;", "AS 'SELECT x';") : definition;
      await using b = await building(engine, {
        "0.sql": "CREATE SCHEMA app;",
        "1_use.sql": `SELECT 1;\n${use};\n`,
        "2_def.sql": `-- ;\nSELECT 1;\n\n${written}\n`,
      });
      const error = await failureOf(b.build());
      expect(placeOf(error)).toStartWith("db/schema/1_use.sql:2:");
      expect(error.data).toMatchObject({ definedIn: { file: "db/schema/2_def.sql", line: 4 } });
      expect(error.hint).toContain("db/schema/2_def.sql:4");
    });

    test("an object that the same file makes further down is named with its line", async () => {
      await using b = await building(engine, { "1.sql": "SELECT * FROM users;\n\nCREATE TABLE users (id int);\n" });
      expect((await failureOf(b.build())).hint).toContain("line 3");
    });

    test("an object that nobody makes is not made up", async () => {
      await using b = await building(engine, {
        "1.sql": "SELECT * FROM users;",
        "2.sql": "CREATE TABLE users2 (id int); SELECT 'users';",
      });
      const error = await failureOf(b.build());
      expect(error.data?.["definedIn"]).toBeUndefined();
    });

    test.each([
      ["CREATE INDEX CONCURRENTLY", "CREATE TABLE a (id int);\nCREATE INDEX CONCURRENTLY i ON a (id);"],
      ["VACUUM", "SELECT 1;\nVACUUM;"],
    ])("%s is answered with the way out", async (_what, sql) => {
      await using b = await building(engine, { "1.sql": sql });
      const error = await failureOf(b.build());
      expect(error.server?.sqlstate).toBe("25001");
      expect(error.hint).toContain("--no-transaction");
      expect(placeOf(error)).toBe("db/schema/1.sql:2:1");
      await b.build({ transaction: false });
    });

    test.each([
      ["of pg_dump's", "SELECT pg_catalog.set_config('search_path', '', false);", "ALTER TABLE boats ADD n int;"],
      ["that makes", "SET search_path TO '';", "CREATE TABLE more (id int);"],
      ["that names one schema", "CREATE SCHEMA s; SET search_path = s;", "ALTER TABLE boats ADD n int;"],
    ])(
      "a search_path left by another file is named where it hides things: one %s",
      async (_what, setting, statement) => {
        const files = {
          "1.sql": `CREATE TABLE public.boats (id int);\n${setting}`,
          "2.sql": "SELECT 1",
          "3.sql": statement,
        };
        await using b = await building(engine, files);
        const error = await failureOf(b.build());
        expect(error.hint).toContain("db/schema/1.sql:2");
        expect(error.hint).toContain("reset_between_files: true");
        expect(error.data).toMatchObject({ searchPathSetIn: { file: "db/schema/1.sql", line: 2 } });
        expect(placeOf(error)).toStartWith("db/schema/3.sql:1");
        await b.build({ resetBetweenFiles: true });

        await b.project.write("db/schema/2.sql", "RESET search_path; ALTER TABLE nowhere ADD n int;");
        expect((await failureOf(b.build({ fresh: true }))).data?.["searchPathSetIn"]).toBeUndefined();
        await b.project.write("db/schema/1.sql", `CREATE TABLE public.boats (id int);\n${setting}\n${statement}`);
        const same = await failureOf(b.build({ fresh: true }));
        expect(same.hint).toContain("db/schema/1.sql:2");
        expect(same.hint).not.toContain("reset_between_files");
      },
    );

    test("SET TRANSACTION, and CONCURRENTLY in a function, are no reason to build without a transaction", async () => {
      for (const sql of [
        "SELECT 1; SET TRANSACTION ISOLATION LEVEL SERIALIZABLE;",
        "CREATE TABLE a (id int); DO $$ BEGIN EXECUTE 'CREATE INDEX CONCURRENTLY ON a (id)'; END $$;",
      ]) {
        await using b = await building(engine, { "1.sql": sql });
        const error = await failureOf(b.build());
        expect(error.server?.sqlstate).toBe("25001");
        expect(error.hint).toBeDefined();
        expect(error.hint).not.toContain("--no-transaction");
      }
    });

    test("a procedure that commits is answered with the way out", async () => {
      await using b = await building(engine, {
        "1.sql": "CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN COMMIT; END $$;\nCALL p();",
      });
      const error = await failureOf(b.build());
      expect(error.server?.sqlstate).toBe("2D000");
      expect(error.hint).toContain("--no-transaction");
      await b.build({ transaction: false });
    });

    test("a file wholly wrapped in BEGIN ... COMMIT runs as if it were not", async () => {
      await using b = await building(engine, {
        "1.sql": "-- c\nBEGIN;\nCREATE TABLE a (id int);\nCOMMIT;\n",
        "2.sql": "start transaction; CREATE TABLE b (id int); end transaction",
        "3.sql": "SET work_mem = '7MB';\nBEGIN;\nCREATE TABLE c AS SELECT current_setting('work_mem') AS it;\nCOMMIT;",
        "4.sql": "SELECT 1/0",
      });
      await failureOf(b.build());
      expect(await b.relations()).toEqual([]);
      await b.project.write("db/schema/4.sql", "BEGIN; COMMIT;");
      await b.build();
      expect(await b.relations()).toEqual(["a", "b", "c"]);
      expect(await b.query("SELECT it FROM c")).toEqual([{ it: "7MB" }]);
      await b.build({ fresh: true });
      expect(b.assemble()).not.toMatch(/BEGIN|COMMIT/);
    });

    test.each([
      ["COMMIT", "SELECT 1;\nCOMMIT;\nSELECT 2;", "2:1"],
      ["BEGIN", "BEGIN;\nSELECT 1;", "1:1"],
      ["ROLLBACK", "CREATE TABLE b (id int);\n ROLLBACK;", "2:2"],
      ["COMMIT AND CHAIN", "BEGIN; SELECT 1; COMMIT AND CHAIN;", "1:1"],
    ])("other control in a later file leaves nothing: %s", async (_what, sql, place) => {
      await using b = await building(engine, { "1.sql": "CREATE TABLE a (id int)", "2.sql": sql });
      const error = await failureOf(b.build());
      expect(error.code).toBe("sql_transaction_control");
      expect(error.hint).toContain("--no-transaction");
      expect(placeOf(error)).toBe(`db/schema/2.sql:${place}`);
      expect(await b.relations()).toEqual([]);
    });

    test("search_path and other settings carry over to the next file, unless each starts clean", async () => {
      const files = {
        "1.sql": "CREATE SCHEMA one; SET search_path = one; SET work_mem = '7MB'; SET ROLE pg_monitor; RESET ROLE;",
        "2.sql": "CREATE TABLE here AS SELECT current_setting('work_mem') AS work_mem;",
        "3.sql": "SET ROLE pg_monitor;",
        "4.sql": "CREATE TABLE one.who AS SELECT current_user::text AS who;",
      };
      await using b = await building(engine, files);
      await failureOf(b.build());
      await b.build({ resetBetweenFiles: true });
      expect(await b.relations("one")).toEqual(["who"]);
      expect(await b.query("SELECT * FROM public.here")).toEqual([{ work_mem: "4MB" }]);
      expect(await b.query("SELECT * FROM one.who")).toEqual([{ who: "postgres" }]);

      await using carried = await building(engine, { "1.sql": files["1.sql"], "2.sql": files["2.sql"] });
      await carried.build();
      expect(await carried.query("SELECT * FROM one.here")).toEqual([{ work_mem: "7MB" }]);
    });

    test("without the transaction every statement stands by itself", async () => {
      await using b = await building(engine, {
        "1.sql": "CREATE TABLE a (id int);\nCOPY a FROM stdin;\n1\n\\.\nCREATE INDEX CONCURRENTLY i ON a (id);\n",
        "2.sql": "BEGIN;\nINSERT INTO a VALUES (2);\nSELECT 1/0;\nCOMMIT;\n",
        "3.sql": "CREATE TABLE never (id int);",
      });
      const error = await failureOf(b.build({ transaction: false }));
      expect(placeOf(error)).toBe("db/schema/2.sql:3:1");
      expect(await b.relations()).toEqual(["a", "i"]);
      expect(await b.query("SELECT id FROM a")).toEqual([{ id: 1 }]);
      await b.project.write(
        "db/schema/1.sql",
        "BEGIN; INSERT INTO a VALUES (3); COMMIT; BEGIN; INSERT INTO a VALUES (4); ROLLBACK;",
      );
      await b.project.write("db/schema/2.sql", "");
      await b.build({ transaction: false });
      expect(await b.query("SELECT id FROM a ORDER BY id")).toEqual([{ id: 1 }, { id: 3 }]);
    });

    test("without the transaction, too, what a file cannot be is refused before anything runs", async () => {
      for (const [sql, code] of [
        ["\\connect other", "sql_psql_command"],
        ["SELECT 'open", "sql_unterminated"],
        ["<<<<<<< ours\nSELECT 1;\n=======\nSELECT 2;\n>>>>>>> theirs\n", "file_conflict_marker"],
      ] as const) {
        await using b = await building(engine, { "1.sql": "CREATE TABLE a (id int)", "2.sql": sql });
        expect((await failureOf(b.build({ transaction: false }))).code).toBe(code);
        expect(await b.relations()).toEqual([]);
      }
    });

    test("a BEGIN without a COMMIT does not pass for a build", async () => {
      await using b = await building(engine, { "1.sql": "CREATE TABLE a (id int);\nBEGIN;\nCREATE TABLE b (id int);" });
      const error = await failureOf(b.build({ transaction: false }));
      expect(error.code).toBe("sql_transaction_control");
      expect(placeOf(error)).toBe("db/schema/1.sql:2:1");
    });

    test.each([["CREATE TABLE a (id int);"], ["BEGIN; CREATE TABLE a (id int); COMMIT;"]])(
      "without the transaction, an interrupt rolls back nothing that is not open: %s",
      async (text) => {
        await using b = await building(engine, { "1.sql": text, "2.sql": "CREATE TABLE never (id int);" });
        const interrupt = new AbortController();
        const onFile = (_file: unknown, index: number): void => {
          if (index === 1) interrupt.abort();
        };
        const run = b.build({ transaction: false, signal: interrupt.signal, onFile });
        expect(await failureOf(run)).toMatchObject({ code: "interrupted" });
        expect(await b.relations()).toEqual(["a"]);
        expect(b.notices).toEqual([]);
      },
    );

    test("an interrupt rolls everything back", async () => {
      await using b = await building(engine, {
        "1.sql": "CREATE TABLE a (id int)",
        "2.sql": "SELECT 1",
        "3.sql": "SELECT 1",
      });
      const interrupt = new AbortController();
      const onFile = (_file: string, index: number): void => {
        if (index === 1) interrupt.abort();
      };
      const error = await failureOf(b.build({ signal: interrupt.signal, onFile }));
      expect(error).toMatchObject({ code: "interrupted", exitCode: 130 });
      expect(await b.relations()).toEqual([]);
    });

    test("a deferred constraint that fails at COMMIT leaves nothing", async () => {
      await using b = await building(engine, {
        "1.sql":
          "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE c (p int REFERENCES p DEFERRABLE INITIALLY DEFERRED);",
        "2.sql": "INSERT INTO c VALUES (1);",
      });
      expect((await failureOf(b.build())).server?.sqlstate).toBe("23503");
      expect(await b.relations()).toEqual([]);
    });

    test.each([
      [
        "invalid UTF-8",
        Buffer.from([...Buffer.from("SELECT 1;\nSELECT '"), 0xe9, ...Buffer.from("';\n")]),
        "file_not_utf8",
        "2:9",
      ],
      ["a NUL", "SELECT 1;\nSEL\0ECT 2;", "file_not_utf8", "2:4"],
      ["UTF-16", Buffer.from("\ufeffSELECT 1;", "utf16le"), "file_not_utf8", "1:1"],
      [
        "a conflict marker",
        "SELECT 1;\n<<<<<<< HEAD\nSELECT 2;\n=======\nSELECT 3;\n>>>>>>> branch\n",
        "file_conflict_marker",
        "2:1",
      ],
      ["an open string", "SELECT 1;\nSELECT 'open;\n", "sql_unterminated", "2:8"],
      ["an open dollar quote", "SELECT $a$ x $b$;\n", "sql_unterminated", "1:8"],
      ["an open comment", "/* a /* b */\nSELECT 1;", "sql_unterminated", "1:1"],
      ["a COPY without rows", "SELECT 1;\nCOPY a FROM stdin;\n", "sql_unterminated", "2:1"],
    ] as const)("%s is refused with its place", async (_what, content, code, place) => {
      await using b = await building(engine, { "1.sql": "CREATE TABLE a (id int)", "2.sql": content });
      const error = await failureOf(b.build());
      expect(error).toMatchObject({ code, exitCode: 1 });
      expect(placeOf(error)).toBe(`db/schema/2.sql:${place}`);
      expect(await b.relations()).toEqual([]);
    });

    test("empty files, comments, byte order marks, CR LF, and no last semicolon", async () => {
      await using b = await building(engine, {
        "1.sql": "",
        "2.sql": "\ufeff",
        "3.sql": "-- nothing\n/* at /* all */ */\n;;\n",
        "4.sql": "\ufeffCREATE TABLE a (\r\n  id int -- ;\r\n);\r\nCREATE TABLE b (id int)",
        "5.sql": "CREATE TABLE c (id int) -- end",
        "6.sql":
          "SELECT E'\\';', $x$ ; $x$, U&'d\\0061t' FROM a AS \";\";\nCREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $_$ BEGIN; RETURN 1; END $_$;".replace(
            "BEGIN;",
            "BEGIN",
          ),
      });
      await b.build();
      expect(await b.relations()).toEqual(["a", "b", "c"]);
    });
  });
}
