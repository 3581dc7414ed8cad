import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { executeSchema } from "#build/builder.ts";
import { comparePaths } from "#build/order.ts";
import { type ExportedSchema, exportSchema } from "#compare/export.ts";
import type { ScratchSite } from "#compare/scratch.ts";
import { schemaBuild } from "#compare/sources.ts";
import { withDatabase } from "#database/open.ts";
import { engines, type TestDatabase, type TestEngine } from "../../support/engines.ts";
import { temporaryProject } from "../../support/project.ts";
import { fingerprint } from "../build/catalogue.ts";
import { filesOf } from "./project-files.ts";

const EVERYTHING = readFileSync(new URL("everything.sql", import.meta.url), "utf8");
const ROLES = ["everything_reader", "everything_writer"];

async function emptyDatabase(engine: TestEngine): Promise<TestDatabase> {
  const database = await engine.fresh();
  await withDatabase(database.target, {}, async (session) => {
    for (const role of ROLES) {
      const there = await session.query("select 1 from pg_roles where rolname = $1", [role]);
      if (there.length === 0) await session.execute(`create role ${role}`);
    }
  });
  return database;
}

async function databaseOf(engine: TestEngine, sql: string): Promise<TestDatabase> {
  const database = await emptyDatabase(engine);
  await withDatabase(database.target, {}, (session) => session.execute(sql));
  return database;
}

async function exportOf({ target }: TestDatabase, owners = false): Promise<ExportedSchema> {
  const scratch: ScratchSite = target.engine === "embedded" ? { engine: "embedded" } : target;
  return await exportSchema({ target, table: "confiture_migrations", owners, scratch });
}

/** The definition of everything that the files make in a new database, as lines to compare. */
async function built(engine: TestEngine, { files }: ExportedSchema): Promise<string[]> {
  await using project = await temporaryProject(
    Object.fromEntries(files.map(({ path, text }) => [`db/schema/${path}`, text])),
  );
  await using database = await emptyDatabase(engine);
  return await withDatabase(database.target, {}, async (session) => {
    await executeSchema(session, { ...schemaBuild(filesOf(project.dir)), fresh: false });
    return await fingerprint((sql) => session.query(sql));
  });
}

for (const engine of engines) {
  describe(engine.name, () => {
    test("files of one of everything make the same database", async () => {
      await using database = await databaseOf(engine, EVERYTHING);
      const exported = await exportOf(database);
      const paths = exported.files.map(({ path }) => path);
      expect(paths).toEqual(paths.toSorted(comparePaths));
      const live = await withDatabase(database.target, {}, (session) => fingerprint((sql) => session.query(sql)));
      expect(await built(engine, exported)).toEqual(live);
      expect(exported.notExported).toEqual([]);
    });
  });
}
