import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ConfitureError } from "#errors/error.ts";
import { readRules } from "#sync/rules/read.ts";

test("rules are all *.yaml of db/sync together; without one, or with one that nobody would read, that is said", async () => {
  const project = mkdtempSync(join(tmpdir(), "confiture-rules-"));
  const codeOf = async (): Promise<string> =>
    await readRules(project).then(
      () => "read",
      (error: ConfitureError) => error.code,
    );
  try {
    expect(await codeOf()).toBe("config_not_found");
    mkdirSync(join(project, "db/sync"), { recursive: true });
    writeFileSync(join(project, "db/sync/b.yaml"), "tables: { b: skip }\n");
    writeFileSync(join(project, "db/sync/a.yaml"), "tables:\r\n  a: skip\r\n");
    const { tables, files } = await readRules(project);
    expect(tables.map(({ name }) => name)).toEqual(["a", "b"]);
    expect(files.map(({ file }) => file)).toEqual(["db/sync/a.yaml", "db/sync/b.yaml"]);
    writeFileSync(join(project, "db/sync/c.yml"), "tables: { c: skip }\n");
    expect(await codeOf()).toBe("config_invalid");
  } finally {
    rmSync(project, { recursive: true, force: true });
  }
});
