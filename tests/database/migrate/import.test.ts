import { describe, expect, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { adoptHistory } from "#migrate/adopt.ts";
import { importMigrations } from "#migrate/import.ts";
import { status } from "#migrate/status.ts";
import { engines } from "../../support/engines.ts";
import { failureOf } from "../failure.ts";
import { type Migrating, migrating } from "./migrating.ts";

const GOOSE = {
  "00001_one.sql":
    "-- +goose Up\n-- +goose StatementBegin\nCREATE TABLE one (id int, note text DEFAULT 'a  \n')\n-- +goose StatementEnd\nCREATE INDEX ON one (id);\n\n-- +goose Down\nDROP TABLE one;\n",
  "00002_two.sql":
    "-- +goose NO TRANSACTION\n-- +goose Up\nCREATE TABLE two (id int);\nCREATE INDEX CONCURRENTLY ON two (id);\n-- +goose Down\nDROP TABLE two;\n",
};

const FOLDERS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  goose: GOOSE,
  flyway: {
    "V1.2__one.sql": "CREATE TABLE one (id int);",
    "V1.10__two.sql": "CREATE TABLE two (id int);",
    "U1.10__two.sql": "DROP TABLE two;",
    "R__view.sql": "CREATE OR REPLACE VIEW v AS SELECT * FROM two;",
  },
  prisma: {
    "20240101000000_one/migration.sql": "CREATE TABLE one (id int);",
    "20240101000000_two/migration.sql": "CREATE TABLE two (id int);",
    "migration_lock.toml": 'provider = "postgresql"\n',
  },
  "sql-migrate": {
    "1-one.sql": "-- +migrate Up\nCREATE TABLE one (id int);\n-- +migrate Down\nDROP TABLE one;\n",
    "10-two.sql":
      "-- +migrate Down\nDROP TABLE two;\n-- +migrate Up notransaction\nCREATE TABLE two (id int);\nCREATE INDEX CONCURRENTLY ON two (id);\n",
  },
  drizzle: {
    "meta/_journal.json": '{"entries":[{"tag":"0000_one","when":5},{"tag":"0001_two","when":6}]}',
    "0000_one.sql": "CREATE TABLE one (id int)\n--> statement-breakpoint\nCREATE INDEX ON one (id)\n",
    "0001_two.sql": "CREATE TABLE two (id int);",
  },
};

const options = (m: Migrating, to = "db/migrations") => ({
  projectDir: m.project.dir,
  from: "db/migrations",
  layout: undefined,
  to,
});

const catalogue = (m: Migrating): Promise<object[]> =>
  m.query(
    "SELECT relname, relkind::text, pg_get_expr(adbin, adrelid) AS value FROM pg_class LEFT JOIN pg_attrdef ON adrelid = pg_class.oid WHERE relnamespace = 'public'::regnamespace AND relname NOT LIKE 'confiture%' ORDER BY 1",
  );

for (const engine of engines) {
  describe(engine.name, () => {
    test.each(Object.entries(FOLDERS))("a folder of %s does the same after it was rewritten", async (layout, files) => {
      const named = Object.fromEntries(Object.entries(files).map(([name, text]) => [`db/migrations/${name}`, text]));
      await using before = await migrating(engine, named);
      expect((await before.up()).error).toBeUndefined();
      await using after = await migrating(engine, named);
      const { migrations, movedTo } = await importMigrations(options(after));
      expect(movedTo).toBe(`db/migrations-${layout}`);
      expect(await status(after.options)).toMatchObject({ layout: "confiture", ignored: [] });
      expect(await after.up()).toMatchObject({
        error: undefined,
        results: migrations.map(({ version }) => `${version} done`),
      });
      expect(await catalogue(after)).toEqual(await catalogue(before));
      for (const [name, text] of Object.entries(files))
        expect(await after.project.read(`${movedTo}/${name}`)).toBe(text);
      if (layout === "goose" || layout === "sql-migrate") {
        expect((await after.down({ to: "0" })).error).toBeUndefined();
        expect(await catalogue(after)).toEqual([]);
      }
    });

    test("the history of the tool is taken over after the folder was rewritten", async () => {
      await using m = await migrating(engine, FOLDERS["sql-migrate"]!);
      await importMigrations(options(m));
      await m.query("CREATE TABLE gorp_migrations (id text, applied_at timestamptz)");
      await m.query("INSERT INTO gorp_migrations VALUES ('1-one.sql', now())");
      expect((await adoptHistory(m.options, "sql-migrate", undefined)).map(({ version }) => version)).toEqual(["1"]);
      expect((await m.up()).results).toEqual(["10 done"]);
    });
  });
}

describe("nothing is written", () => {
  const [engine] = engines;

  test("over a folder that holds something", async () => {
    await using m = await migrating(engine!, { ...GOOSE, "db/other/a.txt": "mine" });
    expect(await failureOf(() => importMigrations(options(m, "db/other")))).toMatchObject({ code: "folder_not_empty" });
    expect(await readdir(m.project.path("db/other"))).toEqual(["a.txt"]);
    await m.project.write("db/migrations-goose/a.txt", "mine");
    expect(await failureOf(() => importMigrations(options(m)))).toMatchObject({ code: "folder_not_empty" });
    expect(await readdir(m.project.path("db/migrations"))).toEqual(Object.keys(GOOSE));
  });

  test("where one of them cannot be rewritten", async () => {
    await using program = await migrating(engine!, { ...GOOSE, "00003_seed.go": "package m" });
    const error = await failureOf(() => importMigrations(options(program)));
    expect(error).toMatchObject({ code: "migration_foreign" });
    expect(error.message).toContain("00003_seed.go");
    expect((await readdir(program.project.path("db"))).toSorted()).toEqual(["migrations"]);

    await using template = await migrating(engine!, { "V1__a.sql": "SELECT 1;", "V2__b.sql": "SELECT '${x}';" });
    expect(await failureOf(() => importMigrations(options(template, "db/new")))).toMatchObject({
      code: "migration_template",
    });
    expect((await readdir(template.project.path("db"))).toSorted()).toEqual(["migrations"]);
  });

  test("of a folder that is in the form already", async () => {
    await using m = await migrating(engine!, { "001_a.sql": "SELECT 1;" });
    expect(await failureOf(() => importMigrations(options(m)))).toMatchObject({ code: "layout_foreign" });
  });
});
