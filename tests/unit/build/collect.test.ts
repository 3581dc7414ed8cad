import { describe, expect, test } from "bun:test";
import { chmod, mkdir, symlink } from "node:fs/promises";
import { collectSchemaFiles, listSchemaFiles, type SourceDir } from "#build/collect.ts";
import { ConfitureError } from "#errors/error.ts";
import { type TemporaryProject, temporaryProject } from "../../support/project.ts";

const files = (...names: string[]): Record<string, string> =>
  Object.fromEntries(names.map((name) => [name, "SELECT 1"]));

function collect(
  project: TemporaryProject,
  dirs: (string | Partial<SourceDir>)[] = ["db/schema"],
  excludeDirs: string[] = [],
): string[] {
  const includeDirs = dirs.map((dir) => ({
    path: "db/schema",
    recursive: true,
    include: ["**/*.sql"],
    exclude: [],
    ...(typeof dir === "string" ? { path: dir } : dir),
  }));
  return collectSchemaFiles({ projectDir: project.dir, includeDirs, excludeDirs });
}

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof ConfitureError) return error.code;
    throw error;
  }
  return "none";
}

describe("which files", () => {
  test("every .sql below, and nothing else", async () => {
    await using project = await temporaryProject(
      files(
        "db/schema/b.sql",
        "db/schema/a/b/c.sql",
        "db/schema/x.SQL",
        "db/schema/x.sql.bak",
        "db/schema/.hidden.sql",
        "db/schema/.git/x.sql",
        "db/schema/with space/ü.sql",
        "db/other/x.sql",
      ),
    );
    expect(collect(project)).toEqual(["db/schema/a/b/c.sql", "db/schema/b.sql", "db/schema/with space/ü.sql"]);
  });

  test("include, exclude and recursive", async () => {
    await using project = await temporaryProject(
      files("db/schema/a.sql", "db/schema/draft_b.sql", "db/schema/sub/c.sql", "db/schema/sub/deep/d.sql"),
    );
    expect(collect(project, [{ recursive: false }])).toEqual(["db/schema/a.sql", "db/schema/draft_b.sql"]);
    expect(collect(project, [{ include: ["*.sql"] }])).toEqual(["db/schema/a.sql", "db/schema/draft_b.sql"]);
    expect(collect(project, [{ include: ["sub/**/*.sql"] }])).toEqual([
      "db/schema/sub/c.sql",
      "db/schema/sub/deep/d.sql",
    ]);
    expect(collect(project, [{ exclude: ["**/draft_*.sql", "sub/deep/**"] }])).toEqual([
      "db/schema/a.sql",
      "db/schema/sub/c.sql",
    ]);
    expect(collect(project, ["db/schema"], ["db/schema/sub"])).toEqual(["db/schema/a.sql", "db/schema/draft_b.sql"]);
    expect(collect(project, ["db/schema"], ["./db/schema/sub/deep/"])).toHaveLength(3);
  });

  test("folders that overlap, in any order, and the project itself: each file once, in one order", async () => {
    await using project = await temporaryProject(files("db/schema/a.sql", "db/schema/sub/b.sql", "db/aaa/c.sql"));
    const expected = ["db/aaa/c.sql", "db/schema/a.sql", "db/schema/sub/b.sql"];
    for (const dirs of [["db/schema", "db/aaa", "db/schema/sub"], ["db"], ["."], ["./db/schema/", "db/../db"]]) {
      expect(collect(project, dirs)).toEqual(expected);
    }
  });

  test("no files, no folder, a file for a folder", async () => {
    await using project = await temporaryProject(files("db/empty/readme.txt", "db/a.sql"));
    expect(codeOf(() => collect(project, ["db/empty"]))).toBe("schema_no_files");
    expect(codeOf(() => collect(project, ["db/absent"]))).toBe("schema_no_files");
    expect(codeOf(() => collect(project, ["db/a.sql"]))).toBe("schema_no_files");
    expect(codeOf(() => collect(project, [".."]))).toBe("schema_outside_project");
  });

  test.skipIf(process.getuid?.() === 0)("a folder that cannot be read", async () => {
    await using project = await temporaryProject(files("db/schema/a.sql", "db/schema/closed/b.sql"));
    await chmod(project.path("db/schema/closed"), 0);
    expect(codeOf(() => collect(project))).toBe("file_unreadable");
    await chmod(project.path("db/schema/closed"), 0o700);
  });
});

describe.skipIf(process.platform === "win32")("symbolic links", () => {
  test("a file that is reached twice counts once, under its first name", async () => {
    await using project = await temporaryProject(files("db/schema/m.sql", "db/schema/folder/x.sql"));
    await symlink("m.sql", project.path("db/schema/a.sql"));
    await symlink("m.sql", project.path("db/schema/z.sql"));
    await symlink("folder", project.path("db/schema/alias"));
    expect(collect(project)).toEqual(["db/schema/a.sql", "db/schema/alias/x.sql"]);
  });

  test("a link to a folder that holds it", async () => {
    await using project = await temporaryProject(files("db/schema/a.sql", "db/schema/sub/b.sql"));
    await symlink("..", project.path("db/schema/sub/up"));
    expect(codeOf(() => collect(project))).toBe("schema_link_loop");
  });

  test("two links that point at each other, and one at itself", async () => {
    await using project = await temporaryProject(files("db/schema/a.sql"));
    await symlink("two", project.path("db/schema/one"));
    await symlink("one", project.path("db/schema/two"));
    expect(codeOf(() => collect(project))).toBe("schema_link_loop");
  });

  test("two folders that link into each other", async () => {
    await using project = await temporaryProject(files("db/schema/a/x.sql", "db/schema/b/y.sql"));
    await symlink("../b", project.path("db/schema/a/to_b"));
    await symlink("../a", project.path("db/schema/b/to_a"));
    expect(codeOf(() => collect(project))).toBe("schema_link_loop");
  });

  test("out of the project: a file, a folder, the included folder itself", async () => {
    await using outside = await temporaryProject(files("secret.sql", "folder/x.sql"));
    for (const target of ["secret.sql", "folder"]) {
      await using project = await temporaryProject(files("db/schema/a.sql"));
      await symlink(outside.path(target), project.path(`db/schema/${target === "folder" ? "folder" : "link.sql"}`));
      expect(codeOf(() => collect(project))).toBe("schema_outside_project");
    }
    await using project = await temporaryProject({ "x.txt": "" });
    await mkdir(project.path("db"));
    await symlink(outside.path("folder"), project.path("db/schema"));
    expect(codeOf(() => collect(project))).toBe("schema_outside_project");
  });

  test("a link to nothing is told, not passed over", async () => {
    await using project = await temporaryProject(files("db/schema/a.sql"));
    await symlink("absent.sql", project.path("db/schema/b.sql"));
    expect(codeOf(() => collect(project))).toBe("file_unreadable");
  });

  test("a project that is itself a link", async () => {
    await using project = await temporaryProject(files("real/db/schema/a.sql"));
    await symlink("real", project.path("linked"));
    expect(collect({ ...project, dir: project.path("linked") })).toEqual(["db/schema/a.sql"]);
  });
});

test("the list of all schema files has those that others include as well", async () => {
  await using project = await temporaryProject({
    "db/schema/a.sql": "\\ir parts/b.sql\n",
    "db/schema/parts/b.sql": "SELECT 1;\n",
  });
  const includeDirs = [{ path: "db/schema", recursive: true, include: [], exclude: [] }];
  const options = { projectDir: project.dir, includeDirs, excludeDirs: [] };
  expect(collectSchemaFiles(options)).toEqual(["db/schema/a.sql"]);
  expect(listSchemaFiles(options).toSorted()).toEqual(["db/schema/a.sql", "db/schema/parts/b.sql"]);
});
