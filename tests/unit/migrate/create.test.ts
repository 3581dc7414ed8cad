import { describe, expect, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { createMigrations } from "#migrate/create.ts";
import { failureOf } from "../../database/failure.ts";
import { temporaryProject } from "../../support/project.ts";

const NOW = new Date("2026-01-02T03:04:59Z");
const DRAFTS = ["add", "add_validate", "add_indexes"].map((name) => ({ name, content: `-- migrate:up\n-- ${name}\n` }));

async function create(projectDir: string, drafts = DRAFTS): Promise<string[]> {
  const options = { projectDir, dir: "db/migrations", form: "sql", timestamp: false, now: NOW } as const;
  return (await createMigrations(options, drafts)).map(({ path }) => path);
}

describe("migrations that belong together", () => {
  test.each([
    ["the first ones", [], ["001", "002", "003"]],
    ["numbers", ["8_last.sql"], ["9", "10", "11"]],
    ["padded numbers", ["0098_last.sql"], ["0099", "0100", "0101"]],
    ["timestamps", ["20250101000000_last.sql"], ["20260102030459", "20260102030460", "20260102030461"]],
    ["a clock that went back", ["20270101000000_last.sql"], ["20270101000001", "20270101000002", "20270101000003"]],
  ])("are numbered in order: %s", async (_what, last, versions) => {
    await using project = await temporaryProject(Object.fromEntries(last.map((name) => [`db/migrations/${name}`, ""])));
    expect(await create(project.dir)).toEqual(
      DRAFTS.map(({ name }, index) => `db/migrations/${versions[index]}_${name}.sql`),
    );
    expect(await project.read(`db/migrations/${versions[2]}_add_indexes.sql`)).toBe("-- migrate:up\n-- add_indexes\n");
  });

  test("get numbers that no database has used up", async () => {
    await using project = await temporaryProject({ "db/migrations/007_last.sql": "" });
    const options = { projectDir: project.dir, dir: "db/migrations", form: "sql", timestamp: false, now: NOW } as const;
    const [created] = await createMigrations({ ...options, taken: ["008", "002"] }, DRAFTS.slice(0, 1));
    expect(created?.path).toBe("db/migrations/009_add.sql");
  });

  test("are written all or not at all", async () => {
    await using project = await temporaryProject({ "db/migrations/001_last.sql": "" });
    const tooLong = { name: "x".repeat(300), content: "-- migrate:up\n" };
    expect(await failureOf(() => create(project.dir, [...DRAFTS, tooLong]))).toMatchObject({ code: "file_unreadable" });
    expect(await readdir(project.path("db/migrations"))).toEqual(["001_last.sql"]);
  });
});
