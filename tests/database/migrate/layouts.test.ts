import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { adoptHistory } from "#migrate/import/adopt.ts";
import { flywayChecksum } from "#migrate/layouts/flyway.ts";
import { migrationId } from "#migrate/files/migration-file.ts";
import { status } from "#migrate/status.ts";
import { newestAndEmbedded } from "../../support/engines.ts";
import { few } from "../../support/long.ts";
import { failureOf } from "../failure.ts";
import { type Migrating, migrating } from "./migrating.ts";

/** A folder as its tool leaves it, that makes the tables "one" and "two" and can take "two" back. */
interface Example {
  readonly layout: string;
  /** Nothing in the folder itself tells the layout. */
  readonly asked?: true;
  readonly files: Readonly<Record<string, string>>;
  /** The versions in order. */
  readonly versions: readonly string[];
  /** Whether the tool knows ways back. */
  readonly hasDown: boolean;
  /** The tool's own history of both, as its own statements would leave it. */
  readonly history?: string;
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

const PRISMA_ONE = "-- CreateTable\nCREATE TABLE one (id int);\n";
const PRISMA_TWO = "CREATE TABLE two (id int);\n";
const DRIZZLE_ONE = "CREATE TABLE one (id int)\n--> statement-breakpoint\nCREATE INDEX ON one (id);\n";
const DRIZZLE_TWO = "CREATE TABLE two (id int);";
const FLYWAY_ONE = "CREATE TABLE one (id int);\r\n";
const FLYWAY_TWO = "CREATE TABLE two (id int);\n";

/** As `atlas migrate hash` writes it: every hash is of all that stands before it, too. */
function atlasSum(files: Readonly<Record<string, string>>): string {
  const hash = createHash("sha256");
  const total = createHash("sha256");
  const lines = Object.entries(files).map(([name, text]) => {
    const sum = hash.update(name).update(text).copy().digest("base64");
    total.update(name).update(sum);
    return `${name} h1:${sum}\n`;
  });
  return `h1:${total.digest("base64")}\n${lines.join("")}`;
}

const ATLAS = {
  "20240101000000_one.sql": "CREATE TABLE one (id int);\n",
  "20240102000000_two.sql":
    "-- atlas:txmode none\n\nCREATE TABLE two (id int);\nCREATE INDEX CONCURRENTLY ON two (id);\n",
};

const EXAMPLES: readonly Example[] = [
  {
    layout: "flyway",
    files: { "V1.2__one.sql": FLYWAY_ONE, "V1_10__two.sql": FLYWAY_TWO, "U1.10__two.sql": "DROP TABLE two;" },
    versions: ["1.2", "1.10"],
    hasDown: true,
    history: `CREATE TABLE flyway_schema_history (installed_rank int PRIMARY KEY, version varchar(50), description varchar(200) NOT NULL,
        type varchar(20) NOT NULL, script varchar(1000) NOT NULL, checksum int, installed_by varchar(100) NOT NULL,
        installed_on timestamp NOT NULL DEFAULT now(), execution_time int NOT NULL, success boolean NOT NULL);
      INSERT INTO flyway_schema_history VALUES
        (1, '1.2', 'one', 'SQL', 'V1.2__one.sql', ${flywayChecksum([Buffer.from(FLYWAY_ONE)])}, 'ann', now(), 5, true),
        (2, '1.10', 'two', 'SQL', 'V1_10__two.sql', ${flywayChecksum([Buffer.from(FLYWAY_TWO)])}, 'ann', now(), 5, true)`,
  },
  {
    layout: "flyway",
    files: {
      "2024/q1/V1.2__one.sql": FLYWAY_ONE,
      "2025/V1_10__two.sql": FLYWAY_TWO,
      "undo/U1.10__two.sql": "DROP TABLE two;",
      "views/R__one.sql": "CREATE OR REPLACE VIEW of_one AS SELECT * FROM one;",
    },
    versions: ["1.2", "1.10", "R__one"],
    hasDown: true,
    history: `CREATE TABLE flyway_schema_history (installed_rank int PRIMARY KEY, version varchar(50), description varchar(200) NOT NULL,
        type varchar(20) NOT NULL, script varchar(1000) NOT NULL, checksum int, installed_by varchar(100) NOT NULL,
        installed_on timestamp NOT NULL DEFAULT now(), execution_time int NOT NULL, success boolean NOT NULL);
      INSERT INTO flyway_schema_history VALUES
        (1, '1.2', 'one', 'SQL', '2024/q1/V1.2__one.sql', ${flywayChecksum([Buffer.from(FLYWAY_ONE)])}, 'ann', now(), 5, true),
        (2, '1.10', 'two', 'SQL', '2025/V1_10__two.sql', ${flywayChecksum([Buffer.from(FLYWAY_TWO)])}, 'ann', now(), 5, true),
        (3, null, 'one', 'SQL', 'views/R__one.sql', ${flywayChecksum([Buffer.from("CREATE OR REPLACE VIEW of_one AS SELECT * FROM one;")])}, 'ann', now(), 5, true)`,
  },
  {
    layout: "prisma",
    files: {
      "20240101000000_one/migration.sql": PRISMA_ONE,
      "20240102000000_two/migration.sql": PRISMA_TWO,
      "migration_lock.toml": 'provider = "postgresql"\n',
    },
    versions: ["20240101000000", "20240102000000"],
    hasDown: false,
    history: `CREATE TABLE _prisma_migrations (id varchar(36) PRIMARY KEY, checksum varchar(64) NOT NULL, finished_at timestamptz,
        migration_name varchar(255) NOT NULL, logs text, rolled_back_at timestamptz, started_at timestamptz NOT NULL DEFAULT now(),
        applied_steps_count int NOT NULL DEFAULT 0);
      INSERT INTO _prisma_migrations VALUES
        ('a', '${sha256(PRISMA_ONE)}', now(), '20240101000000_one', null, null, now(), 1),
        ('b', '${sha256("an attempt")}', null, '20240102000000_two', 'failed', now(), now(), 0),
        ('c', '${sha256(PRISMA_TWO)}', now(), '20240102000000_two', null, null, now(), 1)`,
  },
  {
    layout: "diesel",
    files: {
      "2024-01-01-000000_one/up.sql": "CREATE TABLE one (id int);",
      "2024-01-01-000000_one/down.sql": "DROP TABLE one;",
      "2024-01-02-000000_two/up.sql": "CREATE TABLE two (id int); CREATE INDEX CONCURRENTLY ON two (id);",
      "2024-01-02-000000_two/down.sql": "DROP TABLE two;",
      "2024-01-02-000000_two/metadata.toml": "run_in_transaction = false\n",
    },
    versions: ["20240101000000", "20240102000000"],
    hasDown: true,
    history: `CREATE TABLE __diesel_schema_migrations (version varchar(50) PRIMARY KEY, run_on timestamp NOT NULL DEFAULT now());
      INSERT INTO __diesel_schema_migrations (version) VALUES ('20240101000000'), ('20240102000000')`,
  },
  {
    layout: "goose",
    files: {
      "00001_one.sql":
        "-- +goose Up\n-- +goose StatementBegin\nCREATE TABLE one (id int)\n-- +goose StatementEnd\nCREATE INDEX ON one (id);\n\n-- +goose Down\nDROP TABLE one;\n",
      "00002_two.sql":
        "-- +goose NO TRANSACTION\n-- +goose Up\nCREATE TABLE two (id int);\nCREATE INDEX CONCURRENTLY ON two (id);\n-- +goose Down\nDROP TABLE two;\n",
    },
    versions: ["00001", "00002"],
    hasDown: true,
    history: `CREATE TABLE goose_db_version (id serial PRIMARY KEY, version_id bigint NOT NULL, is_applied boolean NOT NULL, tstamp timestamp DEFAULT now());
      INSERT INTO goose_db_version (version_id, is_applied) VALUES (0, true), (1, true), (2, true), (2, false), (2, true)`,
  },
  {
    layout: "sql-migrate",
    files: {
      "1-one.sql": "-- +migrate Up\nCREATE TABLE one (id int);\n-- +migrate Down\nDROP TABLE one;\n",
      "10-two.sql":
        "-- +migrate Down\nDROP TABLE two;\n-- +migrate Up notransaction\nCREATE TABLE two (id int);\nCREATE INDEX CONCURRENTLY ON two (id);\n",
    },
    versions: ["1", "10"],
    hasDown: true,
    history: `CREATE TABLE gorp_migrations (id text PRIMARY KEY, applied_at timestamptz);
      INSERT INTO gorp_migrations VALUES ('1-one.sql', now()), ('10-two.sql', now())`,
  },
  {
    layout: "drizzle",
    files: {
      "meta/_journal.json": JSON.stringify({
        version: "7",
        dialect: "postgresql",
        entries: [
          { idx: 0, version: "7", when: 1704067200000, tag: "0000_one", breakpoints: true },
          { idx: 1, version: "7", when: 1704153600000, tag: "0001_two", breakpoints: true },
        ],
      }),
      "0000_one.sql": DRIZZLE_ONE,
      "0001_two.sql": DRIZZLE_TWO,
    },
    versions: ["0000", "0001"],
    hasDown: false,
    history: `CREATE SCHEMA drizzle; CREATE TABLE drizzle.__drizzle_migrations (id serial PRIMARY KEY, hash text NOT NULL, created_at bigint);
      INSERT INTO drizzle.__drizzle_migrations (hash, created_at) VALUES ('${sha256(DRIZZLE_ONE)}', 1704067200000), ('${sha256(DRIZZLE_TWO)}', 1704153600000)`,
  },
  {
    layout: "drizzle",
    files: {
      "20240101000000_one/migration.sql": DRIZZLE_ONE,
      "20240101000000_one/snapshot.json": "{}",
      "20240102000000_two/migration.sql": DRIZZLE_TWO,
      "20240102000000_two/snapshot.json": "{}",
    },
    versions: ["20240101000000", "20240102000000"],
    hasDown: false,
    history: `CREATE SCHEMA drizzle; CREATE TABLE drizzle.__drizzle_migrations (id serial PRIMARY KEY, hash text NOT NULL, created_at bigint);
      INSERT INTO drizzle.__drizzle_migrations (hash, created_at) VALUES ('${sha256(DRIZZLE_ONE)}', 1704067200000), ('${sha256(DRIZZLE_TWO)}', 1704153600000)`,
  },
  {
    layout: "node-pg-migrate",
    files: {
      "1704067200000_one.sql": "CREATE TABLE one (id int);\n",
      "1704153600000_two.sql":
        "-- Up Migration\nCREATE TABLE two (id int);\n\n---- Down Migration ----\nDROP TABLE two;\n",
    },
    versions: ["1704067200000", "1704153600000"],
    hasDown: true,
    history: `CREATE TABLE pgmigrations (id serial PRIMARY KEY, name varchar(255) NOT NULL, run_on timestamp NOT NULL);
      INSERT INTO pgmigrations (name, run_on) VALUES ('1704067200000_one', now()), ('1704153600000_two', now())`,
  },
  {
    layout: "tern",
    files: {
      "001_one.sql": "CREATE TABLE one (id int);\n---- create above / drop below ----\nDROP TABLE one;\n",
      "002_two.sql":
        "---- tern: disable-tx ----\nCREATE TABLE two (id int);\nCREATE INDEX CONCURRENTLY ON two (id);\n---- create above / drop below ----\nDROP TABLE two;\n",
    },
    versions: ["001", "002"],
    hasDown: true,
    history: "CREATE TABLE schema_version (version int4 NOT NULL); INSERT INTO schema_version VALUES (2)",
  },
  {
    layout: "atlas",
    files: { ...ATLAS, "atlas.sum": atlasSum(ATLAS) },
    versions: ["20240101000000", "20240102000000"],
    hasDown: false,
    history: `CREATE SCHEMA atlas_schema_revisions; CREATE TABLE atlas_schema_revisions.atlas_schema_revisions (
        version varchar PRIMARY KEY, description varchar NOT NULL, type bigint NOT NULL DEFAULT 2, applied bigint NOT NULL DEFAULT 0,
        total bigint NOT NULL DEFAULT 0, executed_at timestamptz NOT NULL, execution_time bigint NOT NULL, error text, error_stmt text,
        hash varchar NOT NULL, partial_hashes jsonb, operator_version varchar NOT NULL);
      INSERT INTO atlas_schema_revisions.atlas_schema_revisions
        (version, description, type, applied, total, executed_at, execution_time, hash, operator_version)
        VALUES ('.atlas_cloud_identifier', '', 2, 0, 0, now(), 0, '', ''),
          ('20240101000000', 'one', 2, 1, 1, now(), 5000000, 'h', ''), ('20240102000000', 'two', 2, 2, 2, now(), 5000000, 'h', '')`,
  },
  {
    layout: "supabase",
    asked: true,
    files: {
      "20240101000000_one.sql": "CREATE TABLE one (id int);",
      "20240102000000_two.sql": "CREATE TABLE two (id int);",
    },
    versions: ["20240101000000", "20240102000000"],
    hasDown: false,
    history: `CREATE SCHEMA supabase_migrations; CREATE TABLE supabase_migrations.schema_migrations (version text PRIMARY KEY, statements text[], name text);
      INSERT INTO supabase_migrations.schema_migrations (version) VALUES ('20240101000000'), ('20240102000000')`,
  },
  {
    layout: "rails",
    asked: true,
    files: {
      "20240101000000_one.sql": "CREATE TABLE one (id int);",
      "20240102000000_two.sql": "CREATE TABLE two (id int);",
    },
    versions: ["20240101000000", "20240102000000"],
    hasDown: false,
    history: `CREATE TABLE schema_migrations (version varchar PRIMARY KEY); INSERT INTO schema_migrations VALUES ('20240101000000'), ('20240102000000')`,
  },
  {
    layout: "separate-folders",
    files: {
      "up/001_one.up.sql": "CREATE TABLE one (id int);",
      "down/001_one.down.sql": "DROP TABLE one;",
      "up/002_two.up.sql": "CREATE TABLE two (id int);",
      "down/002_two.down.sql": "DROP TABLE two;",
    },
    versions: ["001", "002"],
    hasDown: true,
  },
];

const inFolder = (files: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(files).map(([name, text]) => [`db/migrations/${name}`, text]));

const adopt = async (m: Migrating, tool: string): Promise<string[]> =>
  (await adoptHistory(m.options, tool, undefined)).map(migrationId);

for (const engine of few(1, newestAndEmbedded)) {
  describe(engine.name, () => {
    // How a folder is read is the same on every engine, and the embedded one takes its time to start.
    const examples = engine.name === "embedded" ? EXAMPLES.slice(0, 1) : EXAMPLES;
    test.each(examples.map((example) => [example.layout, example] as const))(
      "a folder of %s is read as it is",
      async (_layout, { layout, asked, files, versions, hasDown, history }) => {
        await using m = await migrating(engine, inFolder(files), asked === true ? { layout } : {});
        expect(await status(m.options)).toMatchObject({ layout, ignored: [] });
        expect(await m.standings()).toEqual(versions.map((version) => `${version} pending`));
        expect(await m.up()).toMatchObject({ error: undefined, results: versions.map((version) => `${version} done`) });
        expect([await m.has("one"), await m.has("two")]).toEqual([true, true]);
        expect(await m.standings()).toEqual(versions.map((version) => `${version} applied`));
        if (hasDown) {
          expect(await m.down({ to: versions[0]! })).toMatchObject({
            error: undefined,
            results: [`${versions[1]} done`],
          });
          expect([await m.has("one"), await m.has("two")]).toEqual([true, false]);
        } else {
          expect(await m.down()).toMatchObject({ refused: true, error: { code: "migration_irreversible" } });
        }
        if (history === undefined) return;
        await m.query("DROP TABLE confiture_migrations");
        for (const statement of history.split(/;\s+/)) await m.query(statement);
        // What that tool has applied does not run once more.
        expect((await status(m.options)).unread?.tools).toContain(layout);
        expect(await m.up()).toMatchObject({ refused: true, error: { code: "adoption_refused" } });
        expect(await adopt(m, layout)).toHaveLength(versions.length);
        expect(await m.standings()).toEqual(versions.map((version) => `${version} applied`));
      },
    );

    test("what runs again runs again when it changed, after everything else, and is never rolled back", async () => {
      await using m = await migrating(engine, {
        "V1__one.sql": "CREATE TABLE one (id int);",
        "R__views.sql": "CREATE OR REPLACE VIEW v AS SELECT id FROM one;",
      });
      expect((await m.up()).results).toEqual(["1 done", "R__views done"]);
      expect((await m.up()).results).toEqual([]);
      await m.write("V2__two.sql", "ALTER TABLE one ADD COLUMN name text;");
      await m.write("R__views.sql", "CREATE OR REPLACE VIEW v AS SELECT id, name FROM one;");
      expect(await m.standings()).toEqual(["1 applied", "2 pending", "R__views changed"]);
      expect((await m.up()).results).toEqual(["2 done", "R__views done"]);
      expect((await m.recorded()).toSorted()).toEqual(["1", "2", "R__views"]);
      expect(await m.query("SELECT * FROM v")).toEqual([]);
      expect((await m.up({ to: "2" })).results).toEqual([]);
      expect(await m.down()).toMatchObject({ error: { code: "migration_irreversible" } });
      expect((await m.down()).error?.location?.file).toContain("V2__two.sql");
    });

    test("a file that holds nothing but statements without a transaction needs no word for it", async () => {
      await using m = await migrating(engine, {
        "V1__one.sql": "CREATE TABLE one (id int);",
        "V2__indexes.sql": "DROP INDEX CONCURRENTLY IF EXISTS b;\nCREATE INDEX CONCURRENTLY a ON one (id);",
      });
      expect((await m.up()).results).toEqual(["1 done", "2 done"]);
      expect(await m.has("a")).toBe(true);
    });

    test("an empty database begins with the newest baseline, any other passes it over", async () => {
      const files = {
        "V1__one.sql": "CREATE TABLE one (id int);",
        "V2__two.sql": "CREATE TABLE two (id int);",
        "B2__all.sql": "CREATE TABLE one (id int); CREATE TABLE two (id int); CREATE TABLE from_baseline ();",
        "V3__three.sql": "CREATE TABLE three (id int);",
      };
      await using fresh = await migrating(engine, files);
      expect((await fresh.up()).results).toEqual(["2 done", "3 done"]);
      expect(await fresh.has("from_baseline")).toBe(true);
      expect(await fresh.standings()).toEqual(["1 covered", "2 applied", "3 applied"]);
      expect((await fresh.up()).results).toEqual([]);

      const { "B2__all.sql": baseline, ...before } = files;
      await using old = await migrating(engine, before);
      expect((await old.up({ to: "1" })).results).toEqual(["1 done"]);
      await old.write("B2__all.sql", baseline);
      expect((await old.up()).results).toEqual(["2 done", "3 done"]);
      expect(await old.has("from_baseline")).toBe(false);
    });

    test("a program among the migrations is listed, stops what would run, and can be recorded", async () => {
      await using m = await migrating(engine, {
        "00001_one.sql": "-- +goose Up\nCREATE TABLE one (id int);\n",
        "00002_seed.go": "package migrations\n",
        "00002_seed_test.go": "package migrations\n",
        "00003_three.sql": "-- +goose Up\nCREATE TABLE three (id int);\n",
      });
      expect(await m.standings()).toEqual(["00001 pending", "00002 pending", "00003 pending"]);
      const { error, refused } = await m.up();
      expect({ refused, code: error?.code, file: error?.location?.file }).toEqual({
        refused: true,
        code: "migration_foreign",
        file: "db/migrations/00002_seed.go",
      });
      expect(await m.has("one")).toBe(false);
      expect((await m.up({ to: "1" })).results).toEqual(["00001 done"]);
    });
  });
}

describe("a folder that cannot be run as it is", () => {
  const [engine] = newestAndEmbedded;

  test.each([
    [
      "goose with variables",
      { "1_a.sql": "-- +goose Up\n-- +goose ENVSUB ON\nSELECT ${A};\n" },
      "migration_template",
      2,
    ],
    ["Flyway's placeholders", { "V1__a.sql": "-- ${comment}\nCREATE TABLE ${table} ();\n" }, "migration_template", 2],
    [
      "tern's templates",
      { "001_a.sql": 'SELECT 1;\n{{ template "shared/a.sql" . }}\n---- create above / drop below ----\n' },
      "migration_template",
      2,
    ],
    [
      "goose without a mark",
      { "1_a.sql": "-- +goose Up\nSELECT 1;\n", "2_b.sql": "SELECT 1;\n" },
      "migration_invalid",
      1,
    ],
    [
      "a mark of goose that it does not know",
      { "1_a.sql": "-- +goose Up\nSELECT 1;\n-- +goose Donw\nSELECT 2;\n" },
      "migration_invalid",
      3,
    ],
    [
      "a mark of sql-migrate that it does not know",
      { "1_a.sql": "-- +migrate Up\nSELECT 1;\n-- +migrate\nSELECT 2;\n" },
      "migration_invalid",
      3,
    ],
    ["SQL above the first mark", { "1_a.sql": "SELECT 1;\n-- +migrate Up\nSELECT 1;\n" }, "migration_invalid", 1],
    [
      "a journal's file that is gone",
      { "meta/_journal.json": '{"entries":[{"tag":"0000_a","when":1}]}' },
      "migration_invalid",
      undefined,
    ],
    ["a journal that is none", { "meta/_journal.json": "{", "0000_a.sql": "" }, "migration_invalid", undefined],
    [
      "an edited file of Atlas",
      { ...ATLAS, "20240101000000_one.sql": "SELECT 1;", "atlas.sum": atlasSum(ATLAS) },
      "migration_invalid",
      undefined,
    ],
    [
      "a file that Atlas has not seen",
      { ...ATLAS, "20240103000000_x.sql": "SELECT 1;", "atlas.sum": atlasSum(ATLAS) },
      "migration_invalid",
      undefined,
    ],
    [
      "another delimiter of Atlas",
      { "1_a.sql": "-- atlas:delimiter \\n\\n\n\nSELECT 1\n\n\nSELECT 2\n" },
      "migration_invalid",
      1,
    ],
    [
      "two layouts",
      { "V1__a.sql": "SELECT 1;", "20240101000000_b/migration.sql": "SELECT 1;" },
      "layout_unclear",
      undefined,
    ],
    [
      "another layout beside this tool's own form",
      { "V1__a.sql": "SELECT 1;", "002_b.sql": "SELECT 1;" },
      "layout_unclear",
      undefined,
    ],
    [
      "folders whose order as texts is another",
      { "2_b/migration.sql": "SELECT 1;", "10_c/migration.sql": "SELECT 1;" },
      "migration_invalid",
      undefined,
    ],
    [
      "names that nobody knows",
      { "a.sql": "SELECT 1;", "20240101-b.sql": "SELECT 1;" },
      "migrations_unrecognised",
      undefined,
    ],
    ["Ruby", { "20240101000000_a.rb": "class A; end" }, "migration_foreign", undefined],
  ])("%s", async (what, files, code, line) => {
    const more = what === "another delimiter of Atlas" ? { "atlas.sum": atlasSum(files) } : {};
    await using m = await migrating(engine!, { ...inFolder({ ...files, ...more }) });
    const { error, results } = await m.up();
    expect(results).toEqual([]);
    expect(error).toMatchObject({ code });
    if (line !== undefined) expect(error?.location?.line).toBe(line);
    expect(await m.has("confiture_migrations")).toBe(false);
  });

  test("a folder of Supabase is its, whatever its comments say, but what stands below a way back is refused", async () => {
    const up = "-- Up migration\nCREATE TABLE one (id int);\n-- Down migration\n";
    await using m = await migrating(
      engine!,
      {
        "supabase/migrations/1_a.sql": up,
        "supabase/migrations/2_b.sql": `${up.replace("one", "two")}DROP TABLE two;\n`,
      },
      { dir: "supabase/migrations" },
    );
    expect((await m.up({ to: "1" })).results).toEqual(["1 done"]);
    expect(await m.up()).toMatchObject({ refused: true, error: { code: "migration_marks", location: { line: 3 } } });
  });

  test("what tern is told about one way says nothing about the other", async () => {
    await using m = await migrating(engine!, {
      "001_a.sql":
        "---- tern: disable-tx ----\nCREATE TABLE one (id int);\nCREATE INDEX CONCURRENTLY a ON one (id);\n---- create above / drop below ----\nDROP TABLE one;\nSELECT 1/0;\n",
    });
    expect((await m.up()).results).toEqual(["001 done"]);
    expect((await m.down()).results).toEqual(["001 failed"]);
    expect(await m.standings()).toEqual(["001 applied"]);
    expect(await m.has("one")).toBe(true);
  });

  test("goose reads dashes behind a mark as a part of the comment", async () => {
    await using m = await migrating(engine!, {
      "1_a.sql": "-- +goose Up --\nCREATE TABLE one (id int);\n--+goose down ----\nDROP TABLE one;\n",
    });
    expect((await m.up()).results).toEqual(["1 done"]);
    expect(await m.has("one")).toBe(true);
    expect((await m.down()).results).toEqual(["1 done"]);
  });

  test.each([
    ["as they are", sha256(PRISMA_ONE)],
    ["as Windows has them", sha256(PRISMA_ONE.replaceAll("\n", "\r\n"))],
    [
      "as an old version wrote them, without zeros",
      [...createHash("sha256").update(PRISMA_ONE).digest()].map((byte) => byte.toString(16)).join(""),
    ],
  ])("Prisma's hashes are known %s", async (_how, hash) => {
    await using m = await migrating(engine!, inFolder({ "20240101000000_one/migration.sql": PRISMA_ONE }));
    await m.query(
      "CREATE TABLE _prisma_migrations (id text, checksum text, finished_at timestamptz, migration_name text, rolled_back_at timestamptz, started_at timestamptz)",
    );
    await m.query(`INSERT INTO _prisma_migrations VALUES ('a', '${hash}', now(), '20240101000000_one', null, now())`);
    expect(await adopt(m, "prisma")).toEqual(["20240101000000_one"]);
    await m.query(`DROP TABLE confiture_migrations`);
    await m.write("20240101000000_one/migration.sql", "CREATE TABLE other (id int);\n");
    expect(await failureOf(() => adopt(m, "prisma"))).toMatchObject({ code: "adoption_refused" });
  });

  test("a layout that is asked for is taken, and the rest is left out", async () => {
    await using m = await migrating(
      engine!,
      { "V1__a.sql": "SELECT 1;", "002_b.sql": "SELECT 1;" },
      { layout: "flyway" },
    );
    expect((await m.up()).results).toEqual(["1 done"]);
    expect(m.events.find(({ type }) => type === "ignored")).toMatchObject({
      ignored: [{ path: "db/migrations/002_b.sql" }],
    });
  });

  test("a history of other files than these is not taken over", async () => {
    await using m = await migrating(engine!, { "V1__a.sql": "SELECT 1;", "R__v.sql": "SELECT 2;" });
    await m.query(
      "CREATE TABLE flyway_schema_history (installed_rank int, version text, type text, script text, checksum int, installed_by text, installed_on timestamp DEFAULT now(), execution_time int, success boolean)",
    );
    await m.query("INSERT INTO flyway_schema_history VALUES (1, '1', 'SQL', 'V1__a.sql', 7, 'ann', now(), 1, true)");
    expect(await failureOf(() => adopt(m, "flyway"))).toMatchObject({
      code: "adoption_refused",
      hint: "Nothing was recorded. Put edited files back as they were, or run `flyway repair` first.",
    });
    await m.query("UPDATE flyway_schema_history SET checksum = null");
    // What runs again is taken over only where it is still what ran.
    await m.query("INSERT INTO flyway_schema_history VALUES (2, null, 'SQL', 'R__v.sql', 7, 'ann', now(), 1, true)");
    expect(await adopt(m, "flyway")).toEqual(["1_a"]);
    await m.query(
      `UPDATE flyway_schema_history SET checksum = ${flywayChecksum([Buffer.from("SELECT 2;")])} WHERE version IS NULL`,
    );
    expect(await adopt(m, "flyway")).toEqual(["R__v"]);
  });
});
