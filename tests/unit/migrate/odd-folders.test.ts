import { describe, expect, test } from "bun:test";
import { symlinkSync } from "node:fs";
import { discoverMigrations } from "#migrate/files/discover.ts";
import { loadMigration } from "#migrate/files/load.ts";
import { failureOf } from "../../database/failure.ts";
import { temporaryProject } from "../../support/project.ts";

const SQL = "-- migrate:up\nSELECT 1;\n";
const TYPESCRIPT = 'import { Migration } from "confiture";\nexport default class A extends Migration { up() {} }\n';

describe("migrations are inside the project, as schema files are", () => {
  test("a folder that is a link to somewhere else is refused", async () => {
    await using elsewhere = await temporaryProject({ "m/001_a.sql": SQL });
    await using project = await temporaryProject({ "db/x": "" });
    symlinkSync(elsewhere.path("m"), project.path("db/migrations"));
    const error = await failureOf(() => discoverMigrations(project.dir, "db/migrations", undefined));
    expect(error).toMatchObject({ code: "migrations_outside_project", location: { file: "db/migrations" } });
  });

  test("so is a file, and a folder that the settings name", async () => {
    await using elsewhere = await temporaryProject({ "001_a.sql": SQL });
    await using project = await temporaryProject({ "db/migrations/002_b.sql": SQL });
    symlinkSync(elsewhere.path("001_a.sql"), project.path("db/migrations/001_a.sql"));
    for (const dir of ["db/migrations", "../../"]) {
      const error = await failureOf(() => discoverMigrations(project.dir, dir, undefined));
      expect(error).toMatchObject({ code: "migrations_outside_project" });
    }
  });

  test("a date alone among names with a time is the end of its day, as it is for tools that go by texts", async () => {
    const folders = ["20230518193415_a", "20230529101010_b", "20230529_c", "20230530000000_d"];
    await using project = await temporaryProject(
      Object.fromEntries(folders.map((name) => [`db/migrations/${name}/migration.sql`, SQL])),
    );
    const { migrations } = discoverMigrations(project.dir, "db/migrations", undefined);
    const versions = ["20230518193415", "20230529101010", "20230529235959", "20230530000000"];
    expect(migrations.map(({ version }) => version)).toEqual(versions);
    // Where both orders are the same, it is what is written.
    await using plain = await temporaryProject({
      "db/migrations/20230101_a/migration.sql": SQL,
      "db/migrations/20230102000000_b/migration.sql": SQL,
    });
    const same = discoverMigrations(plain.dir, "db/migrations", undefined);
    expect(same.migrations.map(({ version }) => version)).toEqual(["20230101", "20230102000000"]);
  });

  test("files with the names of migrations in a folder inside it are named, and no others", async () => {
    await using project = await temporaryProject({
      "db/migrations/001_a.sql": SQL,
      "db/migrations/2024/002_b.sql": SQL,
      "db/migrations/old/001_a.sql": SQL,
      "db/migrations/old/002_b.ts": TYPESCRIPT,
      "db/migrations/parts/users.sql": SQL,
    });
    const { migrations, ignored } = discoverMigrations(project.dir, "db/migrations", undefined);
    expect(migrations.map(({ path }) => path)).toEqual(["db/migrations/001_a.sql"]);
    const rest = "the name of a migration, but only files directly inside db/migrations count";
    expect(ignored).toEqual([
      { path: "db/migrations/2024", why: `002_b.sql in it has ${rest}` },
      { path: "db/migrations/old", why: `2 files in it have ${rest}` },
    ]);
  });

  test("Flyway's files in folders below are in one order with the others, and what is none of them is named", async () => {
    await using project = await temporaryProject({
      "db/migrations/V1__a.sql": "",
      "db/migrations/2024/V3__c.sql": "",
      "db/migrations/2024/q1/V2__b.sql": "",
      "db/migrations/2024/q1/V2__b.sql.conf": "executeInTransaction=false\n",
      "db/migrations/2024/q1/notes.sql": "",
      "db/migrations/undo/U3__c.sql": "",
      "db/migrations/base/B2__all.sql": "",
      "db/migrations/views/R__view1.sql": "",
      "db/migrations/views/R__view_2.sql": "",
      "db/migrations/callbacks/beforeMigrate.sql": "",
      "db/migrations/callbacks/afterMigrate.sql": "",
      "db/migrations/callbacks/check.sql": "",
      "db/migrations/2024/afterEachMigrate.sql": "",
      "db/migrations/manual/fix.sql": "",
      "db/migrations/.hidden/V9__x.sql": "",
    });
    symlinkSync("..", project.path("db/migrations/2024/around"));
    const { layout, migrations, ignored } = discoverMigrations(project.dir, "db/migrations", undefined);
    expect(layout).toBe("flyway");
    expect(migrations.map(({ version, baseline }) => `${version}${baseline === true ? " base" : ""}`)).toEqual([
      "1",
      "2",
      "2 base",
      "3",
      // By what Flyway shows of them: "view 2" comes before "view1".
      "R__view_2",
      "R__view1",
    ]);
    expect(migrations.find(({ version }) => version === "2")).toMatchObject({ transaction: false });
    expect(migrations.find(({ version }) => version === "3")).toMatchObject({
      path: "db/migrations/2024/V3__c.sql",
      downPath: "db/migrations/undo/U3__c.sql",
    });
    const names = "V1__name.sql, R__name.sql";
    expect(ignored).toEqual([
      { path: "db/migrations/2024/afterEachMigrate.sql", why: "callbacks of Flyway do not run here" },
      { path: "db/migrations/2024/q1/notes.sql", why: "names are V1__name.sql or R__name.sql" },
      { path: "db/migrations/callbacks", why: "callbacks of Flyway do not run here" },
      { path: "db/migrations/manual", why: `fix.sql in it is not run, since migrations are ${names}` },
    ]);
  });

  test("a version of Flyway that two folders have is refused, with the folder that may be meant", async () => {
    await using project = await temporaryProject({
      "db/migration/h2/V1__a.sql": "",
      "db/migration/postgresql/V01__a.sql": "",
    });
    const error = await failureOf(() => discoverMigrations(project.dir, "db/migration", undefined));
    expect(error).toMatchObject({
      code: "migration_duplicate",
      location: { file: "db/migration/postgresql/V01__a.sql" },
      hint: expect.stringContaining("  migrations:\n    dir: db/migration/"),
    });
    const { migrations } = discoverMigrations(project.dir, "db/migration/postgresql", undefined);
    expect(migrations).toHaveLength(1);
    await using undone = await temporaryProject({
      "m/V1__a.sql": "",
      "m/U1__a.sql": "",
      "m/x/U1__b.sql": "",
    });
    expect(await failureOf(() => discoverMigrations(undone.dir, "m", undefined))).toMatchObject({
      code: "migration_duplicate",
    });
  });

  test("a folder below with files of Flyway makes none of this tool's folder", async () => {
    await using project = await temporaryProject({ "m/001_a.sql": SQL, "m/old/V1__a.sql": SQL });
    expect(discoverMigrations(project.dir, "m", undefined)).toMatchObject({ layout: "confiture" });
  });

  const FOLDER = "directly inside m";
  test.each<[string, string, Record<string, string>]>([
    ["supabase", "TIMESTAMP_name.sql", { "1_a.sql": SQL }],
    ["goose", "VERSION_name.sql", { "1_a.sql": "-- +goose Up\n" }],
    ["sql-migrate", "VERSION_name.sql or VERSION-name.sql", { "1-a.sql": "-- +migrate Up\n" }],
    ["tern", "001_name.sql", { "001_a.sql": "---- create above / drop below ----\n" }],
    ["node-pg-migrate", "TIMESTAMP_name.sql", { "1_a.sql": "-- Up Migration\n" }],
    ["prisma", "folders with a migration.sql", { "1_a/migration.sql": SQL }],
    ["diesel", "folders with an up.sql and a down.sql", { "1_a/up.sql": SQL }],
    [
      "drizzle",
      "files that meta/_journal.json lists, or folders with a migration.sql and a snapshot.json",
      { "meta/_journal.json": '{"entries":[{"tag":"0000_a","when":1}]}', "0000_a.sql": "" },
    ],
  ])("what %s does not run in folders below is named, each once", async (layout, names, files) => {
    const inside = { ...files, "more/deep/2_b.sql": SQL, "more/3_c.txt": "", "parts/readme.md": "" };
    await using project = await temporaryProject(
      Object.fromEntries(Object.entries(inside).map(([name, text]) => [`m/${name}`, text])),
    );
    const found = discoverMigrations(project.dir, "m", layout);
    expect(found.migrations).toHaveLength(1);
    const told = found.ignored.filter(({ path }) => path.startsWith("m/more"));
    const isFolder = layout === "prisma" || layout === "diesel";
    expect(told).toEqual([
      {
        path: "m/more",
        why: isFolder
          ? `it holds no ${layout === "prisma" ? "migration.sql" : "up.sql"}`
          : `2_b.sql in it is not run, since migrations are ${names}, ${FOLDER}`,
      },
    ]);
  });

  test("Ruby files of Rails in folders below are migrations as well", async () => {
    await using project = await temporaryProject({
      "m/20240101000000_a.rb": "",
      "m/2025/20250101000000_b.rb": "",
    });
    const { layout, migrations } = discoverMigrations(project.dir, "m", undefined);
    expect([layout, ...migrations.map(({ path }) => path)]).toEqual([
      "rails",
      "m/20240101000000_a.rb",
      "m/2025/20250101000000_b.rb",
    ]);
  });

  test("a file beside each of Prisma's migrations is named once for all of them", async () => {
    const stems = ["1_a", "2_b", "3_c", "4_d"];
    const files = stems.flatMap((stem) => [`m/${stem}/migration.sql`, `m/${stem}/down.sql`]);
    await using project = await temporaryProject(Object.fromEntries(files.map((name) => [name, SQL])));
    expect(discoverMigrations(project.dir, "m", undefined).ignored).toEqual([
      {
        path: "m/1_a/down.sql",
        why: "migrations are folders with a migration.sql; 3 more of this name are left out as well",
      },
    ]);
  });

  test("SQL in folders below a folder without any migration is named, whatever its names", async () => {
    await using project = await temporaryProject({ "m/changes/users.sql": SQL });
    expect(discoverMigrations(project.dir, "m", undefined).ignored).toMatchObject([{ path: "m/changes" }]);
  });

  test("a link to a folder inside it is a folder", async () => {
    const files = { "db/migrations/1_a/migration.sql": SQL, "real/migration.sql": SQL };
    await using project = await temporaryProject(files);
    symlinkSync("../../real", project.path("db/migrations/2_b"));
    symlinkSync("..", project.path("db/migrations/3_around"));
    const { layout, migrations } = discoverMigrations(project.dir, "db/migrations", undefined);
    expect({ layout, versions: migrations.map(({ version }) => version) }).toEqual({
      layout: "prisma",
      versions: ["1", "2"],
    });
  });

  test("a link inside it is none of that", async () => {
    await using project = await temporaryProject({ "real/001_a.sql": SQL, "db/x": "" });
    symlinkSync("../real", project.path("db/migrations"));
    expect(discoverMigrations(project.dir, "db/migrations", undefined).migrations).toHaveLength(1);
  });
});

test("folders of Diesel come in its order: by moment, with and without dashes, and with the number of newer versions", async () => {
  const stems = ["20170102000000_a", "2017-11-12-195324_b", "2025-12-29-110242-0000_c", "2026-01-20-162913_d"];
  stems.push("2026-01-20-162913-0000_e", "2026-01-20-162913-0001_f");
  const files = Object.fromEntries(stems.map((stem) => [`db/migrations/${stem}/up.sql`, "SELECT 1;\n"]));
  await using project = await temporaryProject(files);
  const { layout, migrations } = discoverMigrations(project.dir, "db/migrations", undefined);
  expect(layout).toBe("diesel");
  expect(migrations.map(({ version, key, name }) => [version, key, name])).toEqual([
    ["20170102000000", "20170102000000", "a"],
    ["20171112195324", "20171112195324", "b"],
    ["20251229110242-0000", "202512291102420000", "c"],
    ["20260120162913", "20260120162913", "d"],
    ["20260120162913-0000", "202601201629130000", "e"],
    ["20260120162913-0001", "202601201629130001", "f"],
  ]);
});

test("a folder with the name of a migration is named", async () => {
  await using project = await temporaryProject({ "db/migrations/1_a.sql/x": "", "db/migrations/2_b.up.sql/x": "" });
  const { migrations, ignored } = discoverMigrations(project.dir, "db/migrations", undefined);
  expect(migrations).toEqual([]);
  expect(ignored.map(({ path }) => path)).toEqual(["db/migrations/1_a.sql", "db/migrations/2_b.up.sql"]);
});

test.each(["a\\b", "q'uo\"te", "new\nline", "sp ace", "50%25 off", "ünï ☕", "#hash", "$HOME"])(
  "a project may be in the folder %j",
  async (name) => {
    const files = { "db/migrations/001_a.sql": SQL, "db/migrations/002_b.ts": TYPESCRIPT };
    await using project = await temporaryProject(files, name);
    const [sql, typescript] = discoverMigrations(project.dir, "db/migrations", undefined).migrations;
    expect(await loadMigration(project.dir, sql!)).toMatchObject({ file: { version: "001" } });
    if (name.includes("\\")) {
      // The runtime takes it for a slash.
      const error = await failureOf(() => loadMigration(project.dir, typescript!));
      expect(error).toMatchObject({ code: "migration_invalid", hint: expect.stringContaining("Rename") });
    } else {
      expect(await loadMigration(project.dir, typescript!)).toMatchObject({ file: { version: "002" } });
    }
  },
);
