import { describe, expect, test } from "bun:test";
import { readlinkSync, symlinkSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { adoptHistory } from "#migrate/import/adopt.ts";
import { acceptEdited } from "#migrate/record.ts";
import { importMigrations } from "#migrate/import/import.ts";
import { flywayChecksum } from "#migrate/layouts/flyway.ts";
import { status } from "#migrate/status.ts";
import { newestAndEmbedded } from "../../support/engines.ts";
import { few } from "../../support/long.ts";
import { temporaryProject } from "../../support/project.ts";
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

const LOCK = { "db/migrations/migration_lock.toml": 'provider = "postgresql"\n' };

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

for (const engine of few(1, newestAndEmbedded)) {
  describe(engine.name, () => {
    test.each(few(4, Object.entries(FOLDERS)))(
      "a folder of %s does the same after it was rewritten",
      async (layout, files) => {
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
      },
    );

    test.each(
      few(3, [
        ["goose", "00001_one.sql", "-- +goose Up\n", "-- migrate:up\n"],
        [
          "goose",
          "00001_one.sql",
          "-- +goose Up\n-- nothing yet\n-- +goose Down\nDROP TABLE two;",
          "\n-- migrate:down\nDROP TABLE",
        ],
        ["sql-migrate", "1-one.sql", "-- +migrate Up", "-- migrate:up\n"],
        ["flyway", "V1__one.sql", "-- for later", "-- for later\n"],
        ["prisma", "20230101000000_one/migration.sql", "", "-- migrate:up\n"],
      ]),
    )(
      "a migration of %s that is empty on purpose runs after it was rewritten, too: %s %j",
      async (layout, name, text, kept) => {
        const [second, content] = Object.entries(FOLDERS[layout]!)[1]!;
        const files = { [`db/migrations/${name}`]: text, [`db/migrations/${second}`]: content };
        await using before = await migrating(engine, { ...files, ...(layout === "prisma" ? LOCK : {}) });
        expect((await before.up()).error).toBeUndefined();
        const [first] = (await importMigrations(options(before))).migrations;
        expect(await before.up()).toMatchObject({ error: undefined, results: [] });
        const written = await before.project.read(first!.path);
        expect(written).toContain(kept);
        expect(written).toContain("\nSELECT 1; -- There is no statement.\n");
        await using after = await migrating(engine, { "001_one.sql": written });
        expect(await after.up()).toMatchObject({ error: undefined, results: ["001 done"] });
      },
    );

    test("a migration that nobody has written yet is rewritten as it is, and refused as before", async () => {
      await using m = await migrating(engine, {
        "00001_one.sql": "-- +goose Up\n-- Write the change here.\n-- +goose Down\n",
      });
      await importMigrations(options(m));
      expect((await m.up()).error).toMatchObject({ code: "migration_empty" });
    });

    test.each(few(3, Object.entries(FOLDERS)))(
      "a database that ran a folder of %s has what it was rewritten to, and an edit is found",
      async (_layout, files) => {
        const named = Object.fromEntries(Object.entries(files).map(([name, text]) => [`db/migrations/${name}`, text]));
        await using m = await migrating(engine, named);
        expect((await m.up()).error).toBeUndefined();
        const { migrations } = await importMigrations(options(m));
        const versions = migrations.map(({ version }) => version);
        expect(await m.standings()).toEqual(versions.map((version) => `${version} applied`));
        expect(await m.up()).toMatchObject({ error: undefined, results: [] });
        const [first] = migrations;
        await m.project.write(
          first!.path,
          (await m.project.read(first!.path)).replace("one (id int", "one (id bigint"),
        );
        expect(await m.standings()).toContain(`${first!.version} edited`);
        expect(await m.up()).toMatchObject({ refused: true, error: { code: "history_edited" } });
        const error = await failureOf(acceptEdited(m.options, first!.version));
        expect(error).toMatchObject({ code: "accept_refused" });
        expect(error.data?.["added"]).toEqual(
          ["CREATE TABLE one (id bigint, note text DEFAULT 'a ')", "CREATE TABLE one (id bigint)"].filter(
            (text) => text.includes("note") === (files === GOOSE),
          ),
        );
      },
    );

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

/** Flyway's history of files that it ran in this order. */
function flywayHistory(files: Readonly<Record<string, string>>): string {
  const rows = Object.entries(files).map(([name, text], index) => {
    const version = /^V(\d+)/.exec(name)?.[1];
    const sum = flywayChecksum([Buffer.from(text)]);
    return `(${index + 1}, ${version === undefined ? "null" : `'${version}'`}, 'SQL', '${name}', ${sum})`;
  });
  return `CREATE TABLE flyway_schema_history (installed_rank int, version text, type text, script text, checksum int,
      installed_by text DEFAULT 'ann', installed_on timestamp DEFAULT now(), execution_time int DEFAULT 1, success boolean DEFAULT true);
    INSERT INTO flyway_schema_history VALUES ${rows.join(", ")}`;
}

describe("after the folder of a tool that has run it was rewritten", () => {
  const [engine] = newestAndEmbedded;
  const ONE = { "V1__one.sql": "CREATE TABLE one (id int, note text);\n" };
  const TWO = { "V2__two.sql": "CREATE TABLE two (id int);\n" };
  const VIEW = { "R__v.sql": "CREATE OR REPLACE VIEW v AS SELECT id FROM one;\n" };
  const EDITED = { "R__v.sql": "CREATE OR REPLACE VIEW v AS SELECT id, note FROM one;\n" };
  const OTHER = { "R__w.sql": "CREATE OR REPLACE VIEW w AS SELECT 1 AS a;\n" };

  /** A database in which Flyway ran `ran`, and the folder of today in this tool's form. */
  async function left(
    ran: Readonly<Record<string, string>>,
    today: Readonly<Record<string, string>>,
  ): Promise<Migrating> {
    const m = await migrating(engine!, today);
    for (const text of Object.values(ran)) await m.query(text);
    for (const statement of flywayHistory(ran).split(";\n")) await m.query(statement);
    await importMigrations(options(m));
    return m;
  }

  const adopt = async (m: Migrating): Promise<string[]> =>
    (await adoptHistory(m.options, "flyway", undefined)).map(({ version }) => version);

  test("what ran again and was edited since is pending, and runs", async () => {
    await using m = await left({ ...ONE, ...VIEW, ...OTHER }, { ...ONE, ...EDITED, ...OTHER });
    expect(await adopt(m)).toEqual(["1", "1.2"]);
    expect(await m.standings()).toEqual(["1 applied", "1.1 pending", "1.2 applied"]);
    expect((await m.up()).results).toEqual(["1.1 done"]);
    expect(await m.query("SELECT * FROM v")).toEqual([]);
    expect(await m.query("SELECT attname FROM pg_attribute WHERE attrelid = 'v'::regclass")).toHaveLength(2);
    expect(await m.standings()).toEqual(["1 applied", "1.1 applied", "1.2 applied"]);
  });

  test("what ran again leaves an earlier one pending, which runs, and is rolled back alone", async () => {
    const pending = { "V2__two.sql": TWO["V2__two.sql"], "U2__two.sql": "DROP TABLE two;\n" };
    await using m = await left({ ...ONE, ...VIEW }, { ...ONE, ...pending, ...VIEW });
    expect(await adopt(m)).toEqual(["1", "2.1"]);
    expect(await m.standings()).toEqual(["1 applied", "2 pending", "2.1 applied"]);
    expect((await m.up()).results).toEqual(["2 done"]);
    expect((await m.down()).results).toEqual(["2 done"]);
    expect(await adopt(m)).toEqual([]);
  });

  test("the same where the history was taken over before", async () => {
    await using m = await migrating(engine!, { ...ONE, ...TWO, ...VIEW });
    for (const text of [...Object.values({ ...ONE, ...VIEW }), ...flywayHistory({ ...ONE, ...VIEW }).split(";\n")])
      await m.query(text);
    expect(await adopt(m)).toEqual(["1", "R__v"]);
    await importMigrations(options(m));
    expect(await m.standings()).toEqual(["1 applied", "2 pending", "2.1 applied"]);
    expect((await m.up()).results).toEqual(["2 done"]);
  });

  test("an edited migration that ran once is refused, whenever it was edited", async () => {
    const edited = { "V1__one.sql": "CREATE TABLE one (id int, note text, more text);\n" };
    await using before = await left(ONE, edited);
    const refusal = {
      code: "adoption_refused",
      data: { disagreements: ["db/migrations/1_one.sql is not the file that was applied"] },
    };
    expect(await failureOf(adopt(before))).toMatchObject(refusal);
    await using after = await left(ONE, ONE);
    await after.write("1_one.sql", (await after.project.read("db/migrations/1_one.sql")).replace("text", "date"));
    expect(await failureOf(adopt(after))).toMatchObject(refusal);
  });

  test("line ends that Git changed are no edit", async () => {
    const returns = Object.fromEntries(
      Object.entries({ ...ONE, ...VIEW }).map(([name, text]) => [name, text.replaceAll("\n", "\r\n")]),
    );
    await using m = await left({ ...ONE, ...VIEW }, returns);
    expect(await adopt(m)).toEqual(["1", "1.1"]);
    expect(await m.standings()).toEqual(["1 applied", "1.1 applied"]);
  });

  test("a hash of Prisma is compared, of any line ends and in either of its forms", async () => {
    const text = "CREATE TABLE one (id int);\nCREATE TABLE two (id int);\n";
    const sha256 = (of: string): string => Bun.SHA256.hash(of, "hex");
    const hash = sha256(text);
    for (const [recorded, isIt] of [
      [hash, true],
      [sha256(text.replaceAll("\n", "\r\n")), true],
      [hash.replaceAll(/(..)/g, (pair) => pair.replace(/^0/, "")), true],
      [sha256(`${text}\n`), false],
    ] as const) {
      await using m = await migrating(engine!, { "db/migrations/20240101000000_one/migration.sql": text, ...LOCK });
      await m.query(
        "CREATE TABLE _prisma_migrations (migration_name text, checksum text, started_at timestamptz DEFAULT now(), finished_at timestamptz DEFAULT now(), rolled_back_at timestamptz)",
      );
      await m.query("INSERT INTO _prisma_migrations VALUES ('20240101000000_one', $1)", [recorded]);
      await importMigrations(options(m));
      const adopted = adoptHistory(m.options, "prisma", undefined);
      if (isIt) expect(await adopted).toHaveLength(1);
      else expect(await failureOf(adopted)).toMatchObject({ code: "adoption_refused" });
    }
  });
});

describe("after the folder was rewritten", () => {
  const [engine] = newestAndEmbedded;

  test("what a tool's marks ended is accepted when only comments changed, and rolled back", async () => {
    await using m = await migrating(engine!, GOOSE);
    await m.up();
    const { migrations } = await importMigrations(options(m));
    for (const { path } of migrations) await m.project.write(path, `${await m.project.read(path)}\n-- a remark\n`);
    expect(await m.standings()).toEqual(["00001 edited", "00002 edited"]);
    await acceptEdited(m.options, "1");
    await acceptEdited(m.options, "2");
    expect(await m.standings()).toEqual(["00001 applied", "00002 applied"]);
    expect((await m.down({ to: "0" })).results).toEqual(["00002 done", "00001 done"]);
  });

  test("semicolons stand where statements end, and nowhere else", async () => {
    await using m = await migrating(engine!, {
      "1_a.sql": [
        "-- +goose Up",
        "-- +goose StatementBegin",
        "CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$",
        "",
        "  SELECT '-- +goose StatementEnd';  ",
        "$$;",
        "-- +goose StatementEnd",
        "-- +goose StatementBegin",
        "CREATE TABLE one (id int) -- the end; not",
        "/* ; */",
        "-- +goose StatementEnd",
        "",
        "-- +goose Down",
        "DROP TABLE one;",
        "",
      ].join("\n"),
    });
    const [file] = (await importMigrations(options(m))).migrations;
    const lines = (await m.project.read(file!.path)).split("\n");
    expect(lines.slice(3)).toEqual([
      "-- migrate:up",
      "CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$",
      "",
      "  SELECT '-- +goose StatementEnd';  ",
      "$$;",
      "CREATE TABLE one (id int); -- the end; not",
      "/* ; */",
      "",
      "-- migrate:down",
      "DROP TABLE one;",
      "",
    ]);
    expect((await m.up()).results).toEqual(["1 done"]);
    expect((await m.down()).results).toEqual(["1 done"]);
  });

  test("names that share their digits keep their order, and their rows", async () => {
    await using m = await migrating(engine!, {
      "db/migrations/20240101_b/migration.sql": "CREATE TABLE b (id int);",
      "db/migrations/20240101_a/migration.sql": "CREATE TABLE a (id int);",
      "db/migrations/20240102_c/migration.sql": "ALTER TABLE a ADD COLUMN c int;",
      "db/migrations/init/migration.sql": "CREATE TABLE last (id int);",
    });
    await m.up({ to: "20240102" });
    const { migrations } = await importMigrations(options(m));
    expect(migrations.map(({ path }) => path.slice("db/migrations/".length))).toEqual([
      "20240101.1_a.sql",
      "20240101.2_b.sql",
      "20240102_c.sql",
      "20240103_init.sql",
    ]);
    expect((await m.up()).results).toEqual(["20240103 done"]);
    expect((await m.down({ to: "0" })).error?.code).toBe("migration_irreversible");
    expect(await m.recorded()).toEqual(["20240101_a", "20240101_b", "20240102", "20240103"]);
  });

  test("links move aside as links", async () => {
    await using m = await migrating(engine!, {
      "db/migrations/1_a/migration.sql": "CREATE TABLE a (id int);",
      "real/migration.sql": "CREATE TABLE b (id int);",
    });
    symlinkSync("../../real", m.project.path("db/migrations/2_b"));
    expect((await importMigrations(options(m))).migrations.map(({ version }) => version)).toEqual(["1", "2"]);
    expect(readlinkSync(m.project.path("db/migrations-prisma/2_b"))).toBe("../../real");
    expect(await m.project.read("db/migrations-prisma/2_b/migration.sql")).toBe("CREATE TABLE b (id int);");
    expect((await m.up()).results).toEqual(["1 done", "2 done"]);
  });

  test("comments that another tool reads as marks do not change what the new folder is", async () => {
    const files = {
      "supabase/migrations/20240101000000_one.sql":
        "-- Up migration\nCREATE TABLE one (id int);\n\n-- Down migration\n-- DROP TABLE one;\n",
    };
    await using m = await migrating(engine!, files, { dir: "supabase/migrations" });
    expect((await status(m.options)).layout).toBe("supabase");
    expect((await m.up()).results).toEqual(["20240101000000 done"]);
    expect(await m.has("one")).toBe(true);
    const { layout } = await importMigrations({
      ...options(m),
      from: "supabase/migrations",
      to: "supabase/migrations",
    });
    expect(layout).toBe("supabase");
    expect(await status(m.options)).toMatchObject({ layout: "confiture", history: [{ standing: "applied" }] });
  });

  test("what ran again comes last and leaves the next number free", async () => {
    await using m = await migrating(engine!, {
      "V1.0.9__a.sql": "CREATE TABLE a (id int);",
      "R__v.sql": "CREATE VIEW v AS SELECT * FROM a;",
    });
    expect((await importMigrations(options(m))).migrations.map(({ version }) => version)).toEqual(["1.0.9", "1.0.9.1"]);
  });

  test("a database that began with a baseline has what that stood for", async () => {
    const files = {
      "V1__one.sql": "CREATE TABLE one (id int);",
      "V2__two.sql": "CREATE TABLE two (id int);",
      "B2__all.sql": "CREATE TABLE one (id int); CREATE TABLE two (id int);",
      "V3__three.sql": "CREATE TABLE three (id int);",
    };
    await using fresh = await migrating(engine!, files);
    const { "B2__all.sql": baseline, ...before } = files;
    await using old = await migrating(engine!, before);
    await fresh.up();
    await importMigrations(options(fresh));
    expect(await fresh.standings()).toEqual(["1 covered", "2 applied", "3 applied"]);
    expect((await fresh.up()).results).toEqual([]);
    await old.up();
    await old.write("B2__all.sql", baseline);
    await importMigrations(options(old));
    expect(await old.standings()).toEqual(["1 applied", "2 applied", "3 applied"]);
  });

  test("what runs again and has changed runs once more, and then stands", async () => {
    await using m = await migrating(engine!, {
      "V1__one.sql": "CREATE TABLE one (id int);",
      "R__v.sql": "CREATE VIEW v AS SELECT 1 AS a;",
    });
    await m.up();
    await m.write("R__v.sql", "CREATE OR REPLACE VIEW v AS SELECT 1 AS a, 2 AS b;");
    await importMigrations(options(m));
    expect(await m.standings()).toEqual(["1 applied", "1.1 changed"]);
    // As the file and `status` call it.
    expect(await m.up()).toMatchObject({ error: undefined, results: ["1.1 done"] });
    expect(await m.standings()).toEqual(["1 applied", "1.1 applied"]);
    expect((await m.recorded()).toSorted()).toEqual(["1", "1.1"]);
    expect(await m.query("SELECT * FROM v")).toEqual([{ a: 1, b: 2 }]);
    await m.write("1.1_v.sql", `${await m.project.read("db/migrations/1.1_v.sql")}SELECT 1;\n`);
    expect(await m.standings()).toEqual(["1 applied", "1.1 edited"]);
    // The next migration of the team comes behind it, and is nobody's number.
    await m.write("2_next.sql", "-- migrate:up\nCREATE TABLE two (id int);\n");
    expect(await m.standings()).toContain("2 pending");
  });

  test.each([
    ["goose", "1_a.sql", "-- +goose Up", "-- +goose NO TRANSACTION\n"],
    ["sql-migrate", "1-a.sql", "-- +migrate Up notransaction", "-- no-transaction\n"],
    ["node-pg-migrate", "1_a.sql", "-- Up Migration", "-- no-transaction\n"],
  ])("what stands above the first mark of %s stays, and its commands do not", async (_layout, name, mark, command) => {
    const remarks = "/* Licence:\n   ours */\n-- Why this is here\n";
    await using m = await migrating(engine!, {
      [name]: `\n${command}${remarks}\n${mark}\n-- What it does\nCREATE TABLE one (id int);\n`,
    });
    const [file] = (await importMigrations(options(m))).migrations;
    const lines = (await m.project.read(file!.path)).split("\n").slice(3);
    expect(lines.join("\n")).toBe(
      `${remarks}\n-- migrate:up transaction:false\n-- What it does\nCREATE TABLE one (id int);\n`,
    );
    expect((await m.up()).error).toBeUndefined();
  });
});

describe("nothing is written", () => {
  const [engine] = newestAndEmbedded;

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

  test.each(["../outside", "/tmp", ".", "", "db/away/inner"])(
    "into %j, which is not inside the project",
    async (to) => {
      await using m = await migrating(engine!, { ...GOOSE, "x/y": "" });
      await using elsewhere = await temporaryProject({});
      symlinkSync(elsewhere.dir, m.project.path("db/away"));
      expect(await failureOf(() => importMigrations(options(m, to)))).toMatchObject({
        code: "migrations_outside_project",
      });
      expect(await failureOf(() => importMigrations({ ...options(m), from: to }))).toMatchObject({
        code: "migrations_outside_project",
      });
      expect(await readdir(elsewhere.dir)).toEqual([]);
      expect((await readdir(m.project.path("db"))).toSorted()).toEqual(["away", "migrations"]);
    },
  );

  test("of a folder that is not there", async () => {
    await using m = await migrating(engine!, GOOSE);
    const error = await failureOf(() => importMigrations({ ...options(m, "db/new"), from: "db/nowhere" }));
    expect(error).toMatchObject({ code: "migrations_missing" });
  });

  test("where the two ways of writing one folder differ, it is rewritten in place", async () => {
    await using m = await migrating(engine!, GOOSE);
    const { movedTo } = await importMigrations({
      ...options(m, "./db/migrations/"),
      from: m.project.path("db/migrations"),
    });
    expect(movedTo).toBe("db/migrations-goose");
  });

  test("of a folder that is in the form already", async () => {
    await using m = await migrating(engine!, { "001_a.sql": "SELECT 1;" });
    expect(await failureOf(() => importMigrations(options(m)))).toMatchObject({ code: "layout_foreign" });
    await m.write("001_a.sql", "-- migrate:up\nSELECT 1;\n");
    expect(await failureOf(() => importMigrations(options(m)))).toMatchObject({
      message: expect.stringContaining("it runs as it is"),
      hint: expect.stringContaining("confiture migrate baseline --from dbmate."),
    });
  });
});
