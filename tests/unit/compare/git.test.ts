import { expect, test } from "bun:test";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { withRevision } from "#compare/sources/git.ts";
import { commitAll } from "../../support/git.ts";
import { temporaryProject } from "../../support/project.ts";

test.skipIf(Bun.which("git") === null)("the files of a commit are read whole, whatever is in them", async () => {
  const files = {
    "db/a.sql": "",
    "db/b.sql": "SELECT 'ünïcode';",
    "db/deep/er/c d.sql": "x".repeat(100_000),
    "db/é.sql": "\n\nabc blob 3\n",
    "other/e.sql": "not asked for",
  };
  await using project = await temporaryProject(files);
  commitAll(project, "first");
  await project.write("db/a.sql", "changed since");
  await withRevision(project.dir, "HEAD", ["db"], async (dir) => {
    const found = (await readdir(dir, { recursive: true })).filter((name) => name.endsWith(".sql")).toSorted();
    expect(found).toEqual(Object.keys(files).slice(0, 4).toSorted());
    for (const name of found) {
      expect(await readFile(join(dir, name), "utf8")).toBe(files[name as keyof typeof files]);
    }
  });
});
