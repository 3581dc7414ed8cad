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

  test.each([
    ["all of them", ["001", "002"], [], ["003", "004", "005"]],
    ["an old number is there again", ["007", "008"], ["003_late.sql"], ["009", "010", "011"]],
    ["newer ones are there", ["001", "002"], ["0040_new.up.sql"], ["0041", "0042", "0043"]],
    ["timestamps", ["20250101000000"], [], ["20260102030459", "20260102030460", "20260102030461"]],
    ["a clock that went back", ["20270101000000"], [], ["20270101000001", "20270101000002", "20270101000003"]],
  ])("come behind those that were squashed: %s", async (_what, squashed, left, versions) => {
    const lines = squashed.map((version) => `-- squashed: ${version} ${"0".repeat(64)} old\n`).join("");
    await using project = await temporaryProject({
      "db/migrations/base.sql": `${lines}CREATE TABLE t ();\n`,
      ...Object.fromEntries(left.map((name) => [`db/migrations/${name}`, ""])),
    });
    // One after the other, as `migrate new` writes them.
    const written = [];
    for (const draft of DRAFTS) written.push(...(await create(project.dir, [draft])));
    expect(written.map((path) => path.split("/").at(-1)?.split("_")[0])).toEqual(versions);
  });

  test("are written all or not at all", async () => {
    await using project = await temporaryProject({ "db/migrations/001_last.sql": "" });
    const tooLong = { name: "x".repeat(300), content: "-- migrate:up\n" };
    expect(await failureOf(() => create(project.dir, [...DRAFTS, tooLong]))).toMatchObject({ code: "file_unreadable" });
    expect(await readdir(project.path("db/migrations"))).toEqual(["001_last.sql"]);
  });
});
