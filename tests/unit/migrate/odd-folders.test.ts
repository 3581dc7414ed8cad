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
