import { describe, expect, test } from "bun:test";
import { assembleSchema, executeSchema } from "#build/builder.ts";
import { collectSchemaFiles, type SchemaOrder } from "#build/collect.ts";
import { withDatabase } from "#database/open.ts";
import { oldestAndEmbedded } from "../../support/engines.ts";
import { few } from "../../support/long.ts";
import { temporaryProject } from "../../support/project.ts";
import { failureOf } from "../failure.ts";

/** Each needs some of those before it. */
const FILES = [
  "CREATE SCHEMA shop;",
  "CREATE TYPE shop.status AS ENUM ('open', 'paid');",
  "CREATE TABLE shop.users (id int PRIMARY KEY, email text NOT NULL);",
  "CREATE FUNCTION shop.touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;",
  "CREATE SEQUENCE shop.order_numbers;",
  "CREATE TABLE shop.orders (id int PRIMARY KEY DEFAULT nextval('shop.order_numbers'), user_id int REFERENCES shop.users, status shop.status);",
  "CREATE TRIGGER touch BEFORE UPDATE ON shop.orders FOR EACH ROW EXECUTE FUNCTION shop.touch();",
  "CREATE VIEW shop.open_orders AS SELECT o.id, u.email FROM shop.orders o JOIN shop.users u ON u.id = o.user_id;",
  "CREATE FUNCTION shop.open_count() RETURNS bigint LANGUAGE sql STABLE AS 'SELECT count(*) FROM shop.open_orders';",
  "CREATE MATERIALIZED VIEW shop.totals AS SELECT shop.open_count() AS open;",
  "INSERT INTO shop.users VALUES (1, 'a@example.com');",
  "INSERT INTO shop.orders (user_id, status) VALUES (1, 'open');",
];

const dir = (projectDir: string, order: SchemaOrder) => ({
  projectDir,
  includeDirs: [{ path: "db/schema", recursive: true, include: ["**/*.sql"], exclude: [] }],
  excludeDirs: [],
  order,
});

for (const engine of few(1, oldestAndEmbedded)) {
  describe(engine.name, () => {
    // Each name begins with another number than the file's place among those that it needs.
    test.each([
      ["backwards", (at: number) => FILES.length - 1 - at],
      ["every fifth", (at: number) => (at * 5) % FILES.length],
      ["every seventh", (at: number) => (at * 7) % FILES.length],
    ])("files that are named %s build, and give the same script every time", async (_what, place) => {
      const named = FILES.map((sql, at) => [`db/schema/${String.fromCharCode(97 + place(at))}.sql`, sql] as const);
      await using project = await temporaryProject(Object.fromEntries(named));
      await using fresh = await engine.fresh();
      const build = (order: SchemaOrder) => ({
        projectDir: project.dir,
        files: collectSchemaFiles(dir(project.dir, order)),
        resetBetweenFiles: false,
        transaction: true,
        order,
      });
      await withDatabase(fresh.target, {}, async (database) => {
        const failure = await failureOf(executeSchema(database, { ...build("path"), fresh: false }));
        expect(failure.code).toBe("sql_failed");
        await executeSchema(database, { ...build("dependencies"), fresh: false });
        expect(await database.query("SELECT count(*)::int AS n FROM shop.open_orders")).toEqual([{ n: 1 }]);
        const [script, again] = [1, 2].map(() => [...assembleSchema(build("dependencies"))].join(""));
        expect(script).toBe(again);
        await database.execute("DROP SCHEMA shop CASCADE");
        await database.execute(script ?? "");
      });
    });

    test.each([
      [
        "a function whose body is a string",
        {
          "a.sql": "-- first\nCREATE VIEW v AS SELECT\n  f() AS n;",
          "b.sql": "CREATE FUNCTION f() RETURNS bigint LANGUAGE sql AS $$\n  SELECT count(*) FROM v\n$$;",
        },
        [
          "a.sql:3 needs function f, which db/schema/b.sql:1 creates",
          "b.sql:2 needs view v, which db/schema/a.sql:2 creates",
        ],
      ],
      [
        "a function whose body is SQL, through another view",
        {
          "a.sql": "CREATE VIEW v AS SELECT * FROM w;",
          "b.sql": "CREATE FUNCTION f() RETURNS bigint BEGIN ATOMIC SELECT count(*) FROM v; END;",
          "c.sql": "CREATE VIEW w AS SELECT f() AS n;",
        },
        [
          "a.sql:1 needs view w, which db/schema/c.sql:1 creates",
          "b.sql:1 needs view v, which db/schema/a.sql:1 creates",
          "c.sql:1 needs function f, which db/schema/b.sql:1 creates",
        ],
      ],
      [
        "functions that call each other, in one file",
        {
          "a.sql": `CREATE FUNCTION s.f() RETURNS bigint LANGUAGE sql AS 'SELECT n FROM s.v';
CREATE FUNCTION s.g() RETURNS bigint LANGUAGE sql AS 'SELECT s.f()';
CREATE VIEW s.v AS SELECT s.g() AS n;`,
          "0.sql": "CREATE SCHEMA s;",
        },
        [
          "a.sql:1 needs view s.v, which db/schema/a.sql:3 creates",
          "a.sql:2 needs function s.f, which db/schema/a.sql:1 creates",
          "a.sql:3 needs function s.g, which db/schema/a.sql:2 creates",
        ],
      ],
    ])("a circle through %s is named with all its lines, in either order", async (_what, files, reasons) => {
      await using project = await temporaryProject(
        Object.fromEntries(Object.entries(files).map(([name, sql]) => [`db/schema/${name}`, sql])),
      );
      await using fresh = await engine.fresh();
      await withDatabase(fresh.target, {}, async (database) => {
        for (const order of ["path", "dependencies"] as const) {
          const ordered = collectSchemaFiles(dir(project.dir, order));
          const options = {
            projectDir: project.dir,
            files: ordered,
            resetBetweenFiles: false,
            transaction: true,
            order,
          };
          const { code, data, hint, server } = await failureOf(executeSchema(database, { ...options, fresh: false }));
          expect(code).toBe("schema_circle");
          expect(server?.sqlstate).toMatch(/^42/);
          const given = data?.["reasons"] as readonly string[];
          expect(given.toSorted()).toEqual(reasons.map((reason) => `db/schema/${reason}`));
          for (const reason of given) expect(hint).toContain(`  ${reason}\n`);
        }
      });
    });

    test("what only looks like a circle is none: another function of the name, a body that nothing reads, another statement of the file", async () => {
      await using project = await temporaryProject({
        "db/schema/a.sql": "CREATE VIEW v AS SELECT f(1) AS n;",
        "db/schema/b.sql": `CREATE FUNCTION f(text) RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM v';
CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT $1';`,
      });
      await using fresh = await engine.fresh();
      const options = { projectDir: project.dir, resetBetweenFiles: false, transaction: true, fresh: false };
      await withDatabase(fresh.target, {}, async (database) => {
        const code = async (): Promise<string> => {
          const files = collectSchemaFiles(dir(project.dir, "path"));
          return (await failureOf(executeSchema(database, { ...options, files }))).code;
        };
        expect(await code()).toBe("sql_failed");
        await project.write(
          "db/schema/b.sql",
          "CREATE FUNCTION f(int) RETURNS bigint LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT count(*) FROM v); END';",
        );
        expect(await code()).toBe("sql_failed");
        await project.write(
          "db/schema/b.sql",
          "SET check_function_bodies = off; CREATE FUNCTION f(int) RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM v';",
        );
        expect(await code()).toBe("sql_failed");
        await project.write(
          "db/schema/b.sql",
          "CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT $1'; CREATE VIEW w AS SELECT * FROM v;",
        );
        expect(await code()).toBe("sql_failed");
      });
    });

    test("the failure that names the later file names the setting, and not where it is set", async () => {
      await using project = await temporaryProject({
        "db/schema/a.sql": "CREATE TABLE a (b int REFERENCES b);",
        "db/schema/b.sql": "CREATE TABLE b (id int PRIMARY KEY);",
      });
      await using fresh = await engine.fresh();
      const files = collectSchemaFiles(dir(project.dir, "path"));
      const options = { projectDir: project.dir, files, resetBetweenFiles: false, transaction: true, fresh: false };
      await withDatabase(fresh.target, {}, async (database) => {
        expect((await failureOf(executeSchema(database, options))).hint).toContain("order: dependencies");
        const other = await failureOf(executeSchema(database, { ...options, order: "dependencies" }));
        expect(other.hint).not.toContain("order: dependencies");
      });
    });
  });
}
