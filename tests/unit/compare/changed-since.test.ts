import { describe, expect, test } from "bun:test";
import { rename, rm } from "node:fs/promises";
import { changedSince } from "#compare/sources/changed-since.ts";
import { checksumOf } from "#migrate/files/checksum.ts";
import { commitAll } from "../../support/git.ts";
import { type TemporaryProject, temporaryProject } from "../../support/project.ts";

const FILES = {
  "001_a.sql": "CREATE TABLE a (id int);\n",
  "002_b.up.sql": "CREATE TABLE b (id int);\n",
  "002_b.down.sql": "DROP TABLE b;\n",
  "003_c.sql": "-- migrate:up\nCREATE TABLE c (id int);\n-- migrate:down\nDROP TABLE c;\n",
};

const squashed = (version: string, text: string): string =>
  `-- squashed: ${version} ${checksumOf(Buffer.from(text))} a\nCREATE TABLE a (id int);\n`;

type Work = (files: {
  write: (name: string, text: string) => Promise<unknown>;
  remove: (name: string) => Promise<void>;
  move: (from: string, to: string) => Promise<void>;
}) => Promise<unknown>;

async function committed(): Promise<{ project: TemporaryProject; commit: (message: string) => void }> {
  const project = await temporaryProject(
    Object.fromEntries(Object.entries(FILES).map(([name, text]) => [`db/migrations/${name}`, text])),
  );
  git(project, "init", "-q", "-b", "main");
  const commit = (message: string): void => commitAll(project, message);
  commit("first");
  return { project, commit };
}

function git({ dir }: TemporaryProject, ...args: string[]): void {
  const { exitCode, stderr } = Bun.spawnSync(["git", ...args], { cwd: dir });
  if (exitCode !== 0) throw new Error(stderr.toString());
}

function inFolder(project: TemporaryProject): Parameters<Work>[0] {
  const path = (name: string): string => project.path(`db/migrations/${name}`);
  return {
    write: (name, text) => project.write(`db/migrations/${name}`, text),
    remove: (name) => rm(path(name)),
    move: (from, to) => rename(path(from), path(to)),
  };
}

/** "history_edited 001_a.sql", one for each. */
async function found(project: TemporaryProject): Promise<string[]> {
  const changed = await changedSince(
    { projectDir: project.dir, migrationsDir: "db/migrations", migrationsLayout: undefined },
    "main",
  );
  return changed.map(
    ({ error, path, isSameWayUp }) => `${error.code} ${path.split("/").at(-1)}${isSameWayUp ? ", same way up" : ""}`,
  );
}

const CASES: readonly (readonly [string, Work, readonly string[]])[] = [
  ["nothing", async () => undefined, []],
  ["a new one", ({ write }) => write("004_d.sql", "CREATE TABLE d ();"), []],
  ["the line ends", ({ write }) => write("001_a.sql", FILES["001_a.sql"].replaceAll("\n", "\r\n")), []],
  ["the name", ({ move }) => move("001_a.sql", "001_accounts.sql"), []],
  ["the way up", ({ write }) => write("001_a.sql", "CREATE TABLE a (id bigint);\n"), ["history_edited 001_a.sql"]],
  [
    "a comment",
    ({ write }) => write("001_a.sql", `-- why\n${FILES["001_a.sql"]}`),
    ["history_edited 001_a.sql, same way up"],
  ],
  [
    "the way back",
    ({ write }) => write("003_c.sql", FILES["003_c.sql"].replace("DROP TABLE", "DROP TABLE IF EXISTS")),
    ["history_edited 003_c.sql, same way up"],
  ],
  ["a way back of its own file", ({ write }) => write("002_b.down.sql", "DROP TABLE IF EXISTS b;"), []],
  ["one that is gone", ({ remove }) => remove("003_c.sql"), ["history_missing 003_c.sql"]],
  ["the version", ({ move }) => move("001_a.sql", "004_a.sql"), ["history_missing 001_a.sql"]],
  [
    "one that was squashed",
    async ({ write, remove }) => {
      await remove("001_a.sql");
      await write("base.sql", squashed("001", FILES["001_a.sql"]));
    },
    [],
  ],
  [
    "one that was edited, then squashed",
    async ({ write, remove }) => {
      await remove("001_a.sql");
      await write("base.sql", squashed("001", "CREATE TABLE a (id bigint);\n"));
    },
    ["history_squashed 001_a.sql"],
  ],
];

test.each(CASES)("what databases would not know again: %s", async (_what, work, expected) => {
  const { project } = await committed();
  await using _ = project;
  await work(inFolder(project));
  expect(await found(project)).toEqual([...expected]);
});

describe("the other branch went on", () => {
  test("what only it did is not this one's doing, and a version that both have used is", async () => {
    const { project, commit } = await committed();
    await using _ = project;
    const files = inFolder(project);
    git(project, "branch", "feature");
    await files.write("001_a.sql", "CREATE TABLE a (id bigint);\n");
    await files.write("004_theirs.sql", "CREATE TABLE theirs ();\n");
    commit("on main");
    git(project, "checkout", "-q", "feature");
    expect(await found(project)).toEqual([]);
    await files.write("004_ours.sql", "CREATE TABLE ours ();\n");
    const [taken, ...others] = await changedSince(
      { projectDir: project.dir, migrationsDir: "db/migrations", migrationsLayout: undefined },
      "main",
    );
    expect(others).toEqual([]);
    expect(taken?.error).toMatchObject({ code: "history_edited" });
    expect(taken?.error.hint).toContain("005_ours.sql");
  });

  test("the base forgets what was squashed into it", async () => {
    const { project, commit } = await committed();
    await using _ = project;
    const files = inFolder(project);
    await files.remove("001_a.sql");
    await files.write("base.sql", squashed("001", FILES["001_a.sql"]));
    commit("squash");
    expect(await found(project)).toEqual([]);
    await files.write("base.sql", "CREATE TABLE a (id int);\n");
    expect(await found(project)).toEqual(["history_squashed base.sql"]);
  });
});
