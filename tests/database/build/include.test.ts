import { describe, expect, test } from "bun:test";
import { symlink } from "node:fs/promises";
import { runStatements } from "#database/run-script.ts";
import { parseScript } from "#database/script.ts";
import { oldestAndEmbedded } from "../../support/engines.ts";
import { few } from "../../support/long.ts";
import { failureOf, placeOf } from "../failure.ts";
import { building } from "./building.ts";

/** As a project of psql's has them: one file that includes the others, in the order in which they are needed. */
const PROJECT = {
  "main.sql":
    "\\set ON_ERROR_STOP on\n-- begins\nBEGIN;\n\\i db/schema/views/of_users.fn.sql\n\\ir tables/users.sql\nINSERT INTO users VALUES (1);\n\\i 'views/all users.sql';\n\\i db/schema/rows/none.sql\nCOMMIT;\n",
  "tables/users.sql":
    "\\set ON_ERROR_STOP 1\nBEGIN;\n\\ir ../types/name.sql\nCREATE TABLE users (id int, name name_type)\n;COMMIT;",
  "types/name.sql": "CREATE DOMAIN name_type AS text",
  "views/all users.sql": "CREATE VIEW all_users AS SELECT * FROM users -- all",
  "views/of_users.fn.sql": "CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1';",
  "rows/none.sql": "",
  "zz_last.sql": "CREATE VIEW zz AS SELECT one() FROM all_users",
};

for (const engine of few(1, oldestAndEmbedded)) {
  describe(engine.name, () => {
    test("included files run where they are included, and not by themselves as well", async () => {
      await using b = await building(engine, PROJECT);
      await b.build();
      expect(await b.relations()).toEqual(["all_users", "users", "zz"]);
      expect(await b.query("SELECT * FROM zz")).toEqual([{ one: 1 }]);
      await b.build({ fresh: true, transaction: false });
      expect(await b.query("SELECT * FROM zz")).toEqual([{ one: 1 }]);
    });

    test("the assembled script holds their text, is the same each time, and makes the same", async () => {
      await using b = await building(engine, PROJECT);
      const script = b.assemble();
      expect(b.assemble()).toBe(script);
      expect(script).toContain("assembled from 2 files");
      for (const name of Object.keys(PROJECT)) expect(script.split(`-- File: db/schema/${name}\n`)).toHaveLength(2);
      expect(script).not.toMatch(/^\\|BEGIN|COMMIT|ON_ERROR_STOP/m);
      await b.database.execute("BEGIN");
      await runStatements(b.database, parseScript({ file: "script.sql", text: script }));
      await b.database.execute("COMMIT");
      expect(await b.query("SELECT * FROM zz")).toEqual([{ one: 1 }]);
    });

    test("a failure is in the file that was included, and so is what explains it", async () => {
      await using b = await building(engine, { ...PROJECT, "types/name.sql": "SELECT 1;\n\nSELECT nonsense;" });
      expect(placeOf(await failureOf(b.build()))).toBe("db/schema/types/name.sql:3:8");
      expect(await b.relations()).toEqual([]);
      await b.project.write("db/schema/types/name.sql", "CREATE VIEW early AS SELECT * FROM all_users;");
      const { hint, data } = await failureOf(b.build());
      expect(hint).toContain("db/schema/views/all users.sql:1");
      expect(data).toMatchObject({ definedIn: { file: "db/schema/views/all users.sql", line: 1 } });
    });

    test("a file may be included twice, and what it sets holds for what comes behind it", async () => {
      await using b = await building(engine, {
        "1.sql":
          "CREATE SCHEMA s; CREATE TABLE n (id serial);\n\\ir row.sql\n\\ir row.sql\n\\ir path.sql\nCREATE TABLE here ();",
        "row.sql": "INSERT INTO n DEFAULT VALUES",
        "path.sql": "SET search_path = s;",
      });
      await b.build();
      expect(await b.query("SELECT count(*)::int AS n FROM public.n")).toEqual([{ n: 2 }]);
      expect(await b.relations("s")).toEqual(["here"]);
    });

    test.each([
      ["to itself", { "a.sql": "SELECT 1;\n\\ir a.sql\n" }, "db/schema/a.sql:2:1"],
      ["over another", { "a.sql": "\\ir b.sql\n", "b.sql": "\n\\ir a.sql" }, "db/schema/b.sql:2:1"],
    ])("a circle is an error: %s", async (_what, files, place) => {
      await using b = await building(engine, files);
      const error = await failureOf(() => b.build());
      expect(error.code).toBe("schema_link_loop");
      expect(placeOf(error)).toBe(place);
    });

    test("what lies outside the project is not read, whatever leads there", async () => {
      await using outside = await building(engine, { "x.sql": "CREATE TABLE outside ();" });
      const path = outside.project.path("db/schema/x.sql");
      for (const name of [path, `../../${path}`, "link.sql"]) {
        await using b = await building(engine, { "main.sql": `SELECT 1;\n\\ir ${name}\n` });
        await symlink(path, b.project.path("db/schema/.link.sql"));
        if (name === "link.sql") await b.project.write("db/schema/main.sql", "SELECT 1;\n\\ir .link.sql\n");
        const error = await failureOf(() => b.build());
        expect(["schema_outside_project", "file_unreadable"]).toContain(error.code);
        if (name !== `../../${path}`) expect(error.code).toBe("schema_outside_project");
        expect(placeOf(error)).toBe("db/schema/main.sql:2:1");
        expect(await b.relations()).toEqual([]);
      }
    });

    test("\\connect to the database that is built begins a clean session, to another is refused", async () => {
      const files = {
        "1.sql":
          "CREATE SCHEMA s; SET search_path = s; CREATE TABLE inside ();\n\\c shop\nCREATE TABLE outside ();\nSET search_path = s;\n\\connect -\n",
        "2.sql": "CREATE TABLE more ();",
      };
      await using b = await building(engine, files);
      await b.build({ databaseName: "shop" });
      expect([await b.relations("s"), await b.relations()]).toEqual([["inside"], ["more", "outside"]]);
      expect(b.assemble({ databaseName: "shop" })).toMatch(/\nRESET ALL;\n+CREATE TABLE outside/);
      await b.build({ fresh: true, databaseName: "shop", transaction: false });
      expect(await b.relations()).toEqual(["more", "outside"]);
      for (const databaseName of ["other", undefined]) {
        const error = await failureOf(b.build({ fresh: true, databaseName }));
        expect(error.code).toBe("sql_psql_command");
        expect(placeOf(error)).toBe("db/schema/1.sql:2:1");
      }
    });
  });
}
