import { describe, expect, test } from "bun:test";
import { dryRunUp } from "#migrate/dry-run.ts";
import { baseline } from "#migrate/record.ts";
import { status } from "#migrate/status.ts";
import { importMigrations } from "#migrate/import/import.ts";
import { temporaryProject } from "../../support/project.ts";
import { newestAndEmbedded } from "../../support/engines.ts";
import { few } from "../../support/long.ts";
import { migrating } from "./migrating.ts";

const BASE = "CREATE TABLE users (id int PRIMARY KEY);\nINSERT INTO users VALUES (1);\n";
const BIO = "-- migrate:up\nALTER TABLE users ADD bio text;\n-- migrate:down\nALTER TABLE users DROP bio;\n";
const FILES = { "base.sql": BASE, "001_bio.sql": BIO };

test("an import of another tool's folder keeps it", async () => {
  await using project = await temporaryProject({
    "db/migrations/base.sql": BASE,
    "db/migrations/1_bio.sql": "-- +goose Up\nALTER TABLE users ADD bio text;\n",
  });
  const options = { projectDir: project.dir, from: "db/migrations", layout: undefined, to: "db/migrations" };
  expect(await importMigrations(options)).toMatchObject({ layout: "goose", leftOut: [] });
  expect(await project.read("db/migrations/base.sql")).toBe(BASE);
});

for (const engine of few(1, newestAndEmbedded)) {
  describe(engine.name, () => {
    test("an empty database begins with the base, once, and keeps it when everything is rolled back", async () => {
      await using m = await migrating(engine, FILES);
      expect(await m.standings()).toEqual(["base.sql pending", "001 pending"]);
      expect((await dryRunUp(m.options, {})).map(({ file }) => file.path)).toEqual([
        "db/migrations/base.sql",
        "db/migrations/001_bio.sql",
      ]);
      expect(await m.up()).toMatchObject({ results: ["base.sql done", "001 done"], error: undefined });
      expect(await m.recorded()).toEqual(["base.sql", "001"]);
      expect(await m.query("SELECT id, bio FROM users")).toEqual([{ id: 1, bio: null }]);
      expect((await m.up()).results).toEqual([]);
      expect((await m.down({ to: "0" })).results).toEqual(["001 done"]);
      expect((await m.down({ steps: 5 })).results).toEqual([]);
      expect(await m.has("users")).toBe(true);
      expect((await m.up()).results).toEqual(["001 done"]);
    });

    test("a base that was moved forward, or is gone, is no concern of a database that began with it", async () => {
      await using m = await migrating(engine, FILES);
      await m.up();
      await m.write("base.sql", "CREATE TABLE other ();\n");
      expect(await m.standings()).toEqual(["base.sql applied", "001 applied"]);
      expect(await m.up()).toMatchObject({ results: [], error: undefined });
      await Bun.file(m.project.path("db/migrations/base.sql")).delete();
      expect(await m.up()).toMatchObject({ results: [], error: undefined });
      expect(await m.has("other")).toBe(false);
    });

    test.each([
      ["a table", "CREATE TABLE users (id int)"],
      ["a view", "CREATE VIEW users_too AS SELECT 1 AS id; CREATE TABLE users (id int)"],
    ])("a database that holds %s is not empty: the base never runs", async (_what, sql) => {
      await using m = await migrating(engine, FILES);
      for (const statement of sql.split("; ")) await m.query(statement);
      expect(await m.standings()).toEqual(["001 pending"]);
      expect((await m.up()).results).toEqual(["001 done"]);
      expect(await m.recorded()).toEqual(["001"]);
      expect(await m.query("SELECT * FROM users")).toEqual([]);
    });

    test.each([
      ["a function", "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'"],
      ["a type", "CREATE TYPE mood AS ENUM ('good')"],
      ["a domain", "CREATE DOMAIN email AS text"],
      ["a sequence", "CREATE SEQUENCE s"],
    ])("nor is one that holds nothing but %s", async (_what, sql) => {
      await using m = await migrating(engine, { "base.sql": BASE });
      await m.query(sql);
      expect((await status(m.options)).history).toEqual([]);
      expect((await m.up()).results).toEqual([]);
    });

    test("an extension and a schema that an administrator has made beforehand leave it empty", async () => {
      await using m = await migrating(engine, FILES);
      await m.query("CREATE EXTENSION hstore");
      await m.query("CREATE SCHEMA app");
      expect((await m.up()).results).toEqual(["base.sql done", "001 done"]);
    });

    test("one that fails leaves the database empty, and runs when it is right", async () => {
      await using m = await migrating(engine, { ...FILES, "base.sql": `${BASE}SELECT nonsense;\n` });
      expect(await m.up()).toMatchObject({ results: ["base.sql failed", "001 not-run"] });
      expect(await m.has("users")).toBe(false);
      await m.write("base.sql", BASE);
      expect((await m.up({ singleTransaction: true })).results).toEqual(["base.sql done", "001 done"]);
    });

    test("a database that was built is told of its migrations, and not of the base", async () => {
      await using m = await migrating(engine, FILES);
      await m.query("CREATE TABLE users (id int PRIMARY KEY, bio text)");
      await baseline(m.options, undefined);
      expect(await m.recorded()).toEqual(["001"]);
      expect((await m.up()).results).toEqual([]);
    });

    test("no layout takes it for a migration", async () => {
      for (const files of [
        { "20240101000000_bio.sql": "-- +goose Up\nALTER TABLE users ADD bio text;\n" },
        { "db/migrations/001_bio/up.sql": "ALTER TABLE users ADD bio text;", "db/migrations/001_bio/down.sql": "" },
        { "db/migrations/001_bio/migration.sql": "ALTER TABLE users ADD bio text;" },
        { "V1__bio.sql": "ALTER TABLE users ADD bio text;" },
      ]) {
        await using m = await migrating(engine, { "base.sql": BASE, ...files });
        const { ignored, history } = await status(m.options);
        expect(ignored).toEqual([]);
        expect(history.map(({ version }) => version)).toHaveLength(2);
        expect(await m.up()).toMatchObject({ results: ["base.sql done", expect.any(String)], error: undefined });
      }
    });

    test("a layout with a base of its own keeps it, and this one is named as left out", async () => {
      await using m = await migrating(engine, {
        "base.sql": BASE,
        "B1__all.sql": "CREATE TABLE theirs (id int);",
        "V2__more.sql": "ALTER TABLE theirs ADD more int;",
      });
      expect((await status(m.options)).ignored).toMatchObject([{ path: "db/migrations/base.sql" }]);
      expect((await m.up()).results).toEqual(["1 done", "2 done"]);
      expect(await m.has("users")).toBe(false);
    });
  });
}
