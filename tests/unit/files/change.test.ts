import { describe, expect, test } from "bun:test";
import {
  chmodSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { ConfitureError } from "#errors/error.ts";
import { changeFiles, type FileChange, writeFile } from "#files/change.ts";
import { shellWord } from "#errors/shell.ts";
import { finishChanges } from "#files/leftovers.ts";
import { failureOf } from "../../database/failure.ts";
import { temporaryProject } from "../../support/project.ts";

function create(path: string, content = `new ${path}`): FileChange {
  return { kind: "create", path, content };
}

function replace(path: string, backup?: string): FileChange {
  return { kind: "replace", path, content: `new ${path}`, ...(backup === undefined ? {} : { backup }) };
}

/** Everything below a folder, also what has a dot in front. */
function names(dir: string): string[] {
  return readdirSync(dir, { recursive: true, encoding: "utf8" }).toSorted();
}

const failing: Iterable<string> = {
  *[Symbol.iterator]() {
    yield "the first half";
    throw new ConfitureError("usage", "no second half");
  },
};

describe("several changes", () => {
  test("are made together, and nothing else is left", async () => {
    await using project = await temporaryProject({
      "a/old.sql": "old",
      "a/gone.sql": "gone",
      "b/old.sql": "old",
      "b/moved.sql": "moved",
    });
    await changeFiles(project.dir, [
      create("new/deep/c.sql"),
      replace("a/old.sql", "a/old.sql.bak"),
      replace("b/old.sql"),
      { kind: "move", path: "b/moved.sql", to: "b/moved.sql.bak" },
      { kind: "remove", path: "a/gone.sql" },
    ]);
    expect(names(project.dir)).toEqual([
      "a",
      "a/old.sql",
      "a/old.sql.bak",
      "b",
      "b/moved.sql.bak",
      "b/old.sql",
      "new",
      "new/deep",
      "new/deep/c.sql",
    ]);
    expect(await project.read("a/old.sql")).toBe("new a/old.sql");
    expect(await project.read("a/old.sql.bak")).toBe("old");
    expect(await project.read("b/old.sql")).toBe("new b/old.sql");
    expect(await project.read("new/deep/c.sql")).toBe("new new/deep/c.sql");
  });

  const FAILING: readonly [string, FileChange][] = [
    ["a new file whose name is taken", create("b/taken.sql")],
    ["a name that is too long", create(`b/${"x".repeat(300)}`)],
    ["a folder in place of a file", replace("folder")],
    ["a file in place of a folder", create("a/old.sql/c.sql")],
    ["a backup whose name is taken", replace("a/old.sql", "b/taken.sql")],
    ["a file that is not there", { kind: "remove", path: "b/nothing.sql" }],
    ["content that cannot be made", { kind: "create", path: "b/c.sql", content: failing }],
  ];
  test.each(FAILING)("are none where one cannot be made: %s", async (_what, wrong) => {
    await using project = await temporaryProject({
      "a/old.sql": "old",
      "a/gone.sql": "gone",
      "a/moved.sql": "moved",
      "b/taken.sql": "taken",
      "folder/x": "x",
    });
    const before = names(project.dir);
    const good: FileChange[] = [
      create("new/deep/c.sql"),
      ...(wrong.path === "a/old.sql" ? [] : [replace("a/old.sql", "a/old.sql.bak")]),
      { kind: "move", path: "a/moved.sql", to: "a/moved.sql.bak" },
      { kind: "remove", path: "a/gone.sql" },
    ];
    for (const changes of [[...good, wrong], [wrong, ...good], [wrong]]) {
      expect(await failureOf(() => changeFiles(project.dir, changes))).toBeInstanceOf(Error);
      expect(names(project.dir)).toEqual(before);
      expect(await project.read("a/old.sql")).toBe("old");
      expect(await project.read("b/taken.sql")).toBe("taken");
    }
  });
});

describe("a file that is replaced", () => {
  test("keeps its permissions, and its place where it is a link", async () => {
    await using project = await temporaryProject({ "real/x.sh": "old" });
    chmodSync(project.path("real/x.sh"), 0o750);
    symlinkSync("real/x.sh", project.path("link"));
    await writeFile(project.dir, "link", "new");
    expect(readlinkSync(project.path("link"))).toBe("real/x.sh");
    expect(await project.read("real/x.sh")).toBe("new");
    expect(statSync(project.path("real/x.sh")).mode & 0o777).toBe(0o750);
  });

  test("is none that is write-protected: it stays, with whatever goes with it, and the error says how it may be changed", async () => {
    await using project = await temporaryProject({ "a/x.sql": "old", "a/it's.sql": "old", "b.sql": "old" });
    symlinkSync("a/x.sql", project.path("link"));
    for (const path of ["a/x.sql", "a/it's.sql"]) chmodSync(project.path(path), 0o444);
    const before = names(project.dir);
    const refused: readonly FileChange[] = [
      replace("a/x.sql"),
      replace("a/x.sql", "a/x.sql.bak"),
      replace("link"),
      { kind: "remove", path: "a/x.sql" },
      { kind: "move", path: "a/x.sql", to: "c.sql" },
    ];
    for (const change of refused) {
      const error = await failureOf(() => changeFiles(project.dir, [create("new.sql"), replace("b.sql"), change]));
      expect(error).toMatchObject({
        code: "file_unreadable",
        message: `Cannot write ${change.path}: it is read-only`,
        hint: `Nothing was written. If it may be changed: chmod u+w ${change.path}`,
      });
      expect(names(project.dir)).toEqual(before);
      expect(await project.read("a/x.sql")).toBe("old");
      expect(await project.read("b.sql")).toBe("old");
    }
    const both = await failureOf(() => changeFiles(project.dir, [replace("a/x.sql"), replace("a/it's.sql")]));
    expect(both).toMatchObject({
      message: "Cannot write a/x.sql: it is read-only (and 1 more of these files)",
      hint: `Nothing was written. If it may be changed: chmod u+w a/x.sql ${shellWord("a/it's.sql")}`,
    });
    // What is protected is the file that a link leads to, not the link.
    await changeFiles(project.dir, [{ kind: "remove", path: "link" }]);
    expect(names(project.dir)).toEqual(before.filter((name) => name !== "link"));
  });

  test.each([
    ["alone", []],
    ["with others", [create("new.sql"), { kind: "remove", path: "gone.sql" } as const]],
  ])("stays where somebody saves it meanwhile, %s", async (_, others) => {
    await using project = await temporaryProject({ "old.sql": "old", "gone.sql": "gone" });
    const saved: Iterable<string> = {
      *[Symbol.iterator]() {
        writeFileSync(project.path("old.sql"), "saved by an editor");
        yield "new";
      },
    };
    const changes: FileChange[] = [...others, { kind: "replace", path: "old.sql", content: saved }];
    expect(await failureOf(changeFiles(project.dir, changes))).toMatchObject({ code: "file_changed" });
    expect(names(project.dir)).toEqual(["gone.sql", "old.sql"]);
    expect(await project.read("old.sql")).toBe("saved by an editor");
    expect(await project.read("gone.sql")).toBe("gone");
  });

  test("is another file: who has the old one open, or linked, still has the old one", async () => {
    await using project = await temporaryProject({ x: "old" });
    linkSync(project.path("x"), project.path("second"));
    await writeFile(project.dir, "x", "new");
    expect(await project.read("second")).toBe("old");
  });
});

test("a device gets what is written to it, and stays", async () => {
  await using project = await temporaryProject({});
  await writeFile(project.dir, "/dev/null", "gone");
  expect(statSync("/dev/null").isCharacterDevice()).toBe(true);
});

test("a folder is no file to be written over", async () => {
  await using project = await temporaryProject({ "folder/x": "x" });
  expect(await failureOf(() => writeFile(project.dir, "folder", "x"))).toMatchObject({ code: "file_not_regular" });
});

describe("what a killed process left", () => {
  /** A process that was: its number is free again, or somebody else's. */
  const gone = async (): Promise<string> => {
    const script = `import { ownerKey } from "#files/owner.ts"; console.log(ownerKey());`;
    const child = Bun.spawn([process.execPath, "-e", script], { cwd: import.meta.dir, stdout: "pipe" });
    return (await child.stdout.text()).trim();
  };

  const steps = [
    { kind: "create", from: "a/new-1", to: "a/1.sql" },
    { kind: "create", from: "a/new-2", to: "a/2.sql" },
    { kind: "replace", from: "a/new-3", to: "a/3.sql", keep: "a/3.sql.bak", drop: false },
    { kind: "move", from: "a/4.sql", to: "a/4.sql.bak" },
    { kind: "remove", from: "a/5.sql", to: "a/old-5" },
  ];
  const journal = JSON.stringify({ steps, folders: ["a", "b"] });

  test("is taken back where it was only begun", async () => {
    const files = { "a/new-1": "1", "a/new-3": "cut", "a/3.sql": "old", "a/4.sql": "4", "a/5.sql": "5" };
    await using project = await temporaryProject({ ...files, [`.confiture-${await gone()}-1.begun`]: journal });
    mkdirSync(project.path("b"));
    await finishChanges(project.dir);
    expect(names(project.dir)).toEqual(["a", "a/3.sql", "a/4.sql", "a/5.sql"]);
    expect(await project.read("a/3.sql")).toBe("old");
  });

  test.each([0, 1, 2, 3, 4, 5])("is finished where it was decided, after %d of 5 steps", async (already) => {
    const before = [
      { "a/new-1": "1" },
      { "a/new-2": "2" },
      { "a/new-3": "3", "a/3.sql": "old" },
      { "a/4.sql": "4" },
      { "a/5.sql": "5" },
    ].slice(already);
    const after = [
      { "a/1.sql": "1" },
      { "a/2.sql": "2" },
      { "a/3.sql": "3", "a/3.sql.bak": "old" },
      { "a/4.sql.bak": "4" },
      { "a/old-5": "5" },
    ].slice(0, already);
    const note = { [`.confiture-${await gone()}-1.decided`]: journal };
    await using project = await temporaryProject(
      Object.assign({}, note, ...before, ...after) as Record<string, string>,
    );
    await finishChanges(project.dir);
    expect(names(project.dir)).toEqual(["a", "a/1.sql", "a/2.sql", "a/3.sql", "a/3.sql.bak", "a/4.sql.bak"]);
    expect(await project.read("a/3.sql")).toBe("3");
    expect(await project.read("a/3.sql.bak")).toBe("old");
  });

  test("leaves what was edited since, and says what it has finished", async () => {
    const was = (text: string): string => new Bun.CryptoHasher("sha256").update(text).digest("hex");
    const note = (base: string): string =>
      JSON.stringify({
        steps: [
          { kind: "replace", from: "new", to: "base.sql", keep: "old", drop: true, was: was(base) },
          { kind: "remove", from: "1.sql", to: "old-1", was: was("1") },
          { kind: "remove", from: "2.sql", to: "old-2", was: was("2") },
        ],
        folders: [],
      });
    const files = { "base.sql": "base", new: "base 1 2", "1.sql": "1", "2.sql": "2, edited" };
    const key = await gone();
    await using one = await temporaryProject({ ...files, [`.confiture-${key}-1.decided`]: note("base") });
    expect(await finishChanges(one.dir)).toEqual({ changed: ["base.sql", "1.sql"], kept: ["2.sql"] });
    expect(names(one.dir)).toEqual(["2.sql", "base.sql"]);
    expect(await one.read("2.sql")).toBe("2, edited");
    // Without the new base, nothing that it holds is removed.
    await using other = await temporaryProject({ ...files, [`.confiture-${key}-1.decided`]: note("other") });
    expect(await finishChanges(other.dir)).toEqual({ changed: [], kept: ["base.sql"] });
    expect(names(other.dir)).toEqual(["1.sql", "2.sql", "base.sql"]);
    expect(await other.read("base.sql")).toBe("base");
  });

  test("that was put back after it was removed stays, and is not said to be gone", async () => {
    const key = await gone();
    const removals = ["1.sql", "2.sql"].map((from) => ({
      kind: "remove",
      from,
      to: `.confiture-${key}-${from[0]}.old`,
      was: Bun.SHA256.hash(from, "hex"),
    }));
    await using project = await temporaryProject({
      "1.sql": "1.sql",
      "2.sql": "2.sql",
      [`.confiture-${key}-1.old`]: "1.sql",
      [`.confiture-${key}-9.decided`]: JSON.stringify({ steps: removals, folders: [] }),
    });
    expect(await finishChanges(project.dir)).toEqual({ changed: ["2.sql"], kept: ["1.sql"] });
    expect(names(project.dir)).toEqual(["1.sql"]);
  });

  test("is left alone while the process lives", async () => {
    const { ownerKey } = await import("#files/owner.ts");
    await using project = await temporaryProject({ "a/new-1": "1", [`.confiture-${ownerKey()}-1.begun`]: journal });
    const before = names(project.dir);
    await finishChanges(project.dir);
    expect(names(project.dir)).toEqual(before);
  });

  test("beside a file is removed with the next that is written there", async () => {
    await using project = await temporaryProject({ [`a/.confiture-${await gone()}-7.new`]: "half" });
    await writeFile(project.dir, "a/x", "x");
    expect(names(project.dir)).toEqual(["a", "a/x"]);
  });
});
