import { expect, test } from "bun:test";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { withRevision } from "#compare/sources/git.ts";
import { failureOf } from "../../database/failure.ts";
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

/** The folder for temporary files: whatever leads out of it still ends in the project. */
const DEEP = "a/b/c/d";

test.skipIf(Bun.which("git") === null).each([
  ["..", ["..", "..", "..", "..", "stray.sql"]],
  [".", [".", "stray.sql"]],
  ["a path that leads up", ["x/../../../../stray.sql"]],
  ["an absolute path", ["/tmp/stray.sql"]],
  ["an empty name", ["", "stray.sql"]],
  [".git", [".git", "hooks", "stray.sql"]],
  [".GIT", [".GIT", "stray.sql"]],
])("a commit that leads out of its folder is refused before anything is written: %s", async (_what, names) => {
  await using project = await temporaryProject({ "db/a.sql": "", [`${DEEP}/keep`]: "" });
  commitAll(project, "first");
  const commit = commitOf(project.dir, ["db", ...names]);
  const parent = process.env["TMPDIR"];
  process.env["TMPDIR"] = project.path(DEEP);
  try {
    let worked = false;
    const error = await failureOf(
      withRevision(project.dir, commit, ["db"], async () => {
        worked = true;
        await Promise.resolve();
      }),
    );
    expect(error).toMatchObject({ code: "git_failed" });
    expect(worked).toBeFalse();
  } finally {
    if (parent === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = parent;
  }
  const found = await readdir(project.dir, { recursive: true });
  expect(found.filter((name) => name.includes("stray") || name.includes("confiture-"))).toEqual([]);
  expect(await readdir(project.path(DEEP))).toEqual(["keep"]);
});

test.skipIf(Bun.which("git") === null)(
  "a branch that a clone has only from elsewhere is named as it has it",
  async () => {
    await using project = await temporaryProject({ "db/a.sql": "" });
    commitAll(project, "first");
    const git = (...args: string[]) => {
      expect(Bun.spawnSync(["git", ...args], { cwd: project.dir }).exitCode).toBe(0);
    };
    git("update-ref", "refs/remotes/origin/release/2", "HEAD");
    const look = (revision: string) => failureOf(withRevision(project.dir, revision, ["db"], () => Promise.resolve()));
    expect(await look("release/2")).toMatchObject({
      code: "git_failed",
      hint: expect.stringContaining("git:origin/release/2") as string,
    });
    expect(await look("release/3")).toMatchObject({ hint: expect.not.stringContaining("origin") as string });
    expect(await withRevision(project.dir, "origin/release/2", ["db"], () => Promise.resolve(true))).toBe(true);
  },
);

/** A commit of one file below folders of these names, which git itself would not make. */
function commitOf(dir: string, names: readonly string[]): string {
  const git = (args: readonly string[], stdin: Uint8Array): string => {
    const { exitCode, stdout, stderr } = Bun.spawnSync(["git", ...args], { cwd: dir, stdin });
    if (exitCode !== 0) throw new Error(`git ${args.join(" ")}: ${stderr.toString()}`);
    return stdout.toString().trim();
  };
  let name = git(["hash-object", "-w", "--stdin"], Buffer.from("SELECT 1;"));
  for (const [index, entry] of names.toReversed().entries()) {
    const tree = Buffer.concat([Buffer.from(`${index === 0 ? 100644 : 40000} ${entry}\0`), Buffer.from(name, "hex")]);
    name = git(["hash-object", "-w", "-t", "tree", "--literally", "--stdin"], tree);
  }
  const author = ["-c", "user.name=t", "-c", "user.email=t@example.com"];
  return git([...author, "commit-tree", "-m", "evil", name], Buffer.of());
}
