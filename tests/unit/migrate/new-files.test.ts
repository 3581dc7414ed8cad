import { describe, expect, test } from "bun:test";
import { createMigration, createMigrations } from "#migrate/create.ts";
import { discoverMigrations } from "#migrate/files/discover.ts";
import { LAYOUT_NAMES, type LayoutName } from "#migrate/layouts/names.ts";
import { LAYOUTS } from "#migrate/layouts/registry.ts";
import { bodyOf, type LoadedMigration } from "#migrate/files/body.ts";
import { loadMigration } from "#migrate/files/load.ts";
import { failureOf } from "../../database/failure.ts";
import { temporaryProject } from "../../support/project.ts";

const NOW = new Date("2026-01-02T03:04:59Z");

interface Example {
  readonly files: Readonly<Record<string, string>>;
  readonly layout: LayoutName;
  readonly written: readonly string[];
  /** Files that say that it runs outside a transaction. */
  readonly beside?: readonly string[];
  /** The way back has no place there. */
  readonly oneWay?: true;
}

const EXAMPLES: Readonly<Record<string, Example>> = {
  "an empty folder": { files: {}, layout: "confiture", written: ["001_add_bio.sql"] },
  "sections, as dbmate's": {
    files: { "20240101000000_a.sql": "-- migrate:up\nSELECT 1;\n-- migrate:down\n" },
    layout: "confiture",
    written: ["20260102030459_add_bio.sql"],
  },
  "two files, as golang-migrate's": {
    files: { "000001_a.up.sql": "SELECT 1;", "000001_a.down.sql": "SELECT 1;" },
    layout: "confiture",
    written: ["000002_add_bio.up.sql", "000002_add_bio.down.sql"],
  },
  "two files with timestamps, as sqlx's, and a class among them": {
    files: {
      "20240101000000_a.up.sql": "SELECT 1;",
      "20240101000000_a.down.sql": "SELECT 1;",
      "20240201000000_b.ts": "",
    },
    layout: "confiture",
    written: ["20260102030459_add_bio.up.sql", "20260102030459_add_bio.down.sql"],
  },
  "files of both kinds: the newest counts": {
    files: { "001_a.up.sql": "SELECT 1;", "001_a.down.sql": "SELECT 1;", "002_b.sql": "SELECT 1;" },
    layout: "confiture",
    written: ["003_add_bio.sql"],
  },
  Flyway: {
    files: { "V1__a.sql": "SELECT 1;", "V1.2__b.sql": "SELECT 1;", "R__c.sql": "SELECT 1;" },
    layout: "flyway",
    written: ["V2__add_bio.sql"],
    beside: ["V2__add_bio.sql.conf"],
    oneWay: true,
  },
  "Flyway with files that undo": {
    files: { "V1__a.sql": "SELECT 1;", "U1__a.sql": "SELECT 1;" },
    layout: "flyway",
    written: ["V2__add_bio.sql", "U2__add_bio.sql"],
    beside: ["V2__add_bio.sql.conf"],
  },
  Prisma: {
    files: { "20240101000000_a/migration.sql": "SELECT 1;" },
    layout: "prisma",
    written: ["20260102030459_add_bio/migration.sql"],
    oneWay: true,
  },
  Diesel: {
    files: { "2024-01-01-000000_a/up.sql": "SELECT 1;", "2024-01-01-000000_a/down.sql": "SELECT 1;" },
    layout: "diesel",
    written: ["2026-01-02-030459_add_bio/up.sql", "2026-01-02-030459_add_bio/down.sql"],
    beside: ["2026-01-02-030459_add_bio/metadata.toml"],
  },
  "Diesel without dashes": {
    files: { "20240101000000_a/up.sql": "SELECT 1;", "20240101000000_a/down.sql": "SELECT 1;" },
    layout: "diesel",
    written: ["20260102030459_add_bio/up.sql", "20260102030459_add_bio/down.sql"],
    beside: ["20260102030459_add_bio/metadata.toml"],
  },
  "separate folders": {
    files: { "deploy/001_a.sql": "SELECT 1;", "revert/001_a.sql": "SELECT 1;" },
    layout: "separate-folders",
    written: ["deploy/002_add_bio.sql", "revert/002_add_bio.sql"],
  },
  "separate folders with endings": {
    files: { "up/001_a.up.sql": "SELECT 1;", "down/001_a.down.sql": "SELECT 1;" },
    layout: "separate-folders",
    written: ["up/002_add_bio.up.sql", "down/002_add_bio.down.sql"],
  },
  goose: {
    files: { "00001_a.sql": "-- +goose Up\nSELECT 1;\n" },
    layout: "goose",
    written: ["00002_add_bio.sql"],
  },
  "sql-migrate": {
    files: { "20240101000000-a.sql": "-- +migrate Up\nSELECT 1;\n" },
    layout: "sql-migrate",
    written: ["20260102030459-add_bio.sql"],
  },
  "sql-migrate with underscores": {
    files: { "1_a.sql": "-- +migrate Up\nSELECT 1;\n" },
    layout: "sql-migrate",
    written: ["2_add_bio.sql"],
  },
  "node-pg-migrate": {
    files: { "1700000000000_a.sql": "-- Up Migration\nSELECT 1;\n-- Down Migration\n" },
    layout: "node-pg-migrate",
    written: [`${NOW.getTime()}_add_bio.sql`],
  },
  tern: {
    files: { "001_a.sql": "SELECT 1;\n---- create above / drop below ----\nSELECT 1;\n" },
    layout: "tern",
    written: ["002_add_bio.sql"],
  },
  Rails: {
    files: { "20240101000000_a.rb": "", "20240102000000_b.sql": "SELECT 1;" },
    layout: "rails",
    written: ["20260102030459_add_bio.sql"],
    oneWay: true,
  },
};

const OPTIONS = { dir: "db/migrations", form: "sql", timestamp: false, now: NOW } as const;

async function projectOf(files: Readonly<Record<string, string>>) {
  return await temporaryProject(
    Object.fromEntries(Object.entries(files).map(([name, text]) => [`db/migrations/${name}`, text])),
  );
}

async function reread(projectDir: string, layout: string | undefined): Promise<LoadedMigration> {
  const found = discoverMigrations(projectDir, "db/migrations", layout).migrations;
  return await loadMigration(
    projectDir,
    found.findLast(({ name }) => name === "add_bio")!,
  );
}

function statementsOf(migration: LoadedMigration, way: "up" | "down"): string[] {
  const body = bodyOf(migration, way);
  if (body.kind !== "sql") throw new Error(body.kind);
  const { text, statements } = body.script;
  return statements.map(({ start, end }) => text.slice(start, end));
}

const FUNCTION = "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN NULL; END $$";

describe.each(Object.entries(EXAMPLES))("a new migration in a folder of %s", (_what, example) => {
  const { files, layout, written, beside = [], oneWay } = example;

  test("has the form of the others, and is read as what it says", async () => {
    await using project = await projectOf(files);
    const content = `-- migrate:up\n\n${FUNCTION};\nSELECT 1;\n\n-- migrate:down\n\nDROP FUNCTION f;\n`;
    const [migration] = await createMigrations({ ...OPTIONS, projectDir: project.dir }, [{ name: "add bio", content }]);
    expect(migration).toMatchObject({ layout, keepsWayBack: oneWay !== true });
    expect(migration?.files).toEqual(written.map((name) => `db/migrations/${name}`));
    const read = await reread(project.dir, undefined);
    expect(read.file).toMatchObject({ path: migration!.path, version: migration!.version, layout });
    expect(statementsOf(read, "up").map((sql) => sql.trim())).toEqual([FUNCTION, "SELECT 1"]);
    if (oneWay === true) expect(read.down).toBeUndefined();
    else expect(statementsOf(read, "down")).toEqual(["DROP FUNCTION f"]);
  });

  test("can run outside a transaction", async () => {
    await using project = await projectOf(files);
    const index = "CREATE INDEX CONCURRENTLY i ON t (a)";
    const content = `-- migrate:up transaction:false\n\n${index};\n\n-- migrate:down transaction:false\n\nSELECT 1;\n`;
    const [migration] = await createMigrations({ ...OPTIONS, projectDir: project.dir }, [{ name: "add bio", content }]);
    expect(migration?.files).toEqual([...written, ...beside].map((name) => `db/migrations/${name}`));
    const read = await reread(project.dir, undefined);
    expect(read.up).toMatchObject({ kind: "sql", transactional: false });
    if (oneWay !== true) expect(read.down).toMatchObject({ kind: "sql", transactional: false });
  });
});

test("a layout without any file is written as the environment says", async () => {
  await using project = await temporaryProject({});
  const created = await createMigration({ ...OPTIONS, projectDir: project.dir, layout: "supabase", name: "add bio" });
  expect(created.path).toBe("db/migrations/20260102030459_add_bio.sql");
});

test("where the tool keeps a record of its files, nothing is written, and the hint names its command", async () => {
  const own = LAYOUT_NAMES.filter((name) => "byItsTool" in LAYOUTS[name].creation);
  expect(own.length).toBeGreaterThan(0);
  for (const layout of own) {
    await using project = await temporaryProject({});
    const failure = await failureOf(() =>
      createMigration({ ...OPTIONS, projectDir: project.dir, layout, name: "add bio" }),
    );
    const { creation } = LAYOUTS[layout];
    expect(failure).toMatchObject({ code: "layout_foreign" });
    expect(failure.hint).toContain("byItsTool" in creation ? creation.byItsTool : "");
  }
});

test("a class is refused where migrations are SQL", async () => {
  await using project = await projectOf({ "V1__a.sql": "SELECT 1;" });
  const options = { ...OPTIONS, projectDir: project.dir, form: "typescript", name: "add bio" } as const;
  expect(await failureOf(() => createMigration(options))).toMatchObject({ code: "layout_foreign" });
});
