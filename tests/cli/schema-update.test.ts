import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { readdir, readFile, rm } from "node:fs/promises";
import { runHere } from "../support/in-process.ts";
import type { RunResult } from "../support/cli.ts";
import { long } from "../support/long.ts";
import { temporaryProject, type TemporaryProject } from "../support/project.ts";
import { atTerminal } from "../support/terminal.ts";
import { readDocument } from "./document.ts";

// Many processes in a row, each with engines.
setDefaultTimeout(300_000);

const USERS = "-- Everybody\nCREATE TABLE users (\n    id INT PRIMARY KEY -- a number\n);\n";
const FILES = {
  "db/environments/local.yaml": "database:\n  engine: embedded\n  path: .confiture/local\n",
  "db/migrations/001_users.sql": "CREATE TABLE users (id int PRIMARY KEY);\n",
  "db/migrations/002_bio.sql": "ALTER TABLE users ADD COLUMN bio TEXT;\nCREATE TABLE posts (id INT PRIMARY KEY);\n",
  "db/schema/users.sql": USERS,
};
const UPDATED = "-- Everybody\nCREATE TABLE users (\n    id INT PRIMARY KEY, -- a number\n    bio TEXT\n);\n";
const POSTS = "CREATE TABLE posts (id INT PRIMARY KEY);\n";
const DIFF = `--- /dev/null
+++ db/schema/posts.sql
@@ -0,0 +1 @@
+CREATE TABLE posts (id INT PRIMARY KEY);
--- db/schema/users.sql
+++ db/schema/users.sql
@@ -1,4 +1,5 @@
 -- Everybody
 CREATE TABLE users (
-    id INT PRIMARY KEY -- a number
+    id INT PRIMARY KEY, -- a number
+    bio TEXT
 );
`;

const update = (project: TemporaryProject, ...args: string[]): Promise<RunResult> =>
  runHere(["schema", "update", ...args], { cwd: project.dir });
const files = async (project: TemporaryProject): Promise<Record<string, string>> => {
  const names = (await readdir(project.path("db/schema"))).toSorted();
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await project.read(`db/schema/${name}`)])),
  );
};

describe("schema update", () => {
  test("what protected something and goes from the files is named, with the migration that took it away", async () => {
    const made =
      "CREATE TABLE notes (id int PRIMARY KEY, owner text NOT NULL);\nALTER TABLE notes ENABLE ROW LEVEL SECURITY;\nCREATE POLICY own ON notes USING (owner = current_user) WITH CHECK (owner = current_user);\nCREATE POLICY other ON notes USING (true);\n";
    await using project = await temporaryProject({
      "db/environments/local.yaml": FILES["db/environments/local.yaml"],
      "db/migrations/001_notes.sql": made,
      "db/migrations/002_open.sql":
        "ALTER TABLE notes DISABLE ROW LEVEL SECURITY;\nDROP POLICY own ON notes;\nALTER POLICY other ON notes RENAME TO another;\n",
      "db/migrations/003_more.sql": "ALTER TABLE notes ADD more text;\n",
      "db/schema/notes.sql": made,
    });
    const { stderr, stdout } = await update(project, "--check");
    expect(stdout).toContain("-ALTER TABLE notes ENABLE ROW LEVEL SECURITY;");
    expect(stderr).toContain(
      "migrations took away what protected something, and the schema files follow them (where that was not meant, a new migration brings it back):\n" +
        "  row security public.notes, by db/migrations/002_open.sql:1\n" +
        "  policy public.notes.own, by db/migrations/002_open.sql:2\n",
    );
    const { unprotected } = readDocument(await update(project, "--yes", "--format", "json"));
    expect(unprotected).toEqual([
      { kind: "row security", name: "public.notes", fate: null, takenBy: "db/migrations/002_open.sql:1" },
      { kind: "policy", name: "public.notes.own", fate: null, takenBy: "db/migrations/002_open.sql:2" },
    ]);
  });

  test("shows a diff, and writes only with --yes where there is no terminal; verify names it and is green afterwards", async () => {
    await using project = await temporaryProject(FILES);
    const before = await runHere(["verify"], { cwd: project.dir });
    expect(before.exitCode).toBe(3);
    expect(before.stdout).toContain(
      "  Next: confiture schema update brings what the migrations did into the schema files\n",
    );
    const shown = await update(project);
    expect(shown).toMatchObject({ exitCode: 1, stdout: DIFF });
    expect(shown.stderr).toContain("1 new, 1 edited\n");
    expect(shown.stderr).toContain("confiture schema update --yes");
    expect(await files(project)).toEqual({ "users.sql": USERS });
    const written = await update(project, "--yes");
    expect(written).toMatchObject({ exitCode: 0, stdout: `${DIFF}✅ Updated 2 schema files, proven\n` });
    expect(await files(project)).toEqual({ "posts.sql": POSTS, "users.sql": UPDATED });
    expect((await runHere(["verify"], { cwd: project.dir })).exitCode).toBe(0);
    const again = await update(project);
    expect(again).toMatchObject({ exitCode: 0, stdout: "" });
    expect(again.stderr).toContain("Nothing to update");
  });

  test("migrations that could not be run are named: nobody knows whether the files hold them", async () => {
    await using project = await temporaryProject({
      ...FILES,
      "db/migrations/001_users.sql": "ALTER TABLE users ADD email text;\n",
      "db/migrations/002_bio.sql":
        "-- migrate:up\nALTER TABLE users ADD COLUMN bio TEXT;\n-- migrate:down\nALTER TABLE users DROP COLUMN bio;\n",
    });
    const named = "warning: 001_users was not run, and whether the schema files hold what it does is not known: ";
    const written = await update(project, "--yes");
    expect(written).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("✅ Updated 1 schema file") });
    expect(written.stderr).toContain(named);
    expect(await files(project)).toEqual({ "users.sql": UPDATED });
    const again = await update(project);
    expect(again.stderr).toContain(named);
    expect(again.stderr).toContain("the schema files hold everything that the other migrations make");
  });

  test("what belongs nowhere comes behind the other objects, and not into a file of rows; where only behind rows works, that is said", async () => {
    await using project = await temporaryProject({
      "db/environments/local.yaml":
        "database:\n  engine: embedded\n  path: .confiture/local\ninclude_dirs: [db/schema, db/seeds]\n",
      "db/schema/made.sql":
        "DO $$ BEGIN EXECUTE 'CREATE TABLE made (a int)'; END $$;\nCREATE TABLE t (a int, b text);\n",
      "db/seeds/t.sql": "INSERT INTO t VALUES (1, 'x');\n",
      "db/migrations/base.sql": "CREATE TABLE made (a int);\nCREATE TABLE t (a int, b text);\n",
      "db/migrations/1_more.sql": "ALTER TABLE made ADD c int;\n",
    });
    const beside = await update(project, "--yes");
    expect(beside).toMatchObject({ exitCode: 0, stderr: expect.not.stringContaining("nothing but rows") });
    expect(await project.read("db/schema/made.sql")).toEndWith("ALTER TABLE made\n  ADD COLUMN c integer;\n");
    expect(await project.read("db/seeds/t.sql")).toBe("INSERT INTO t VALUES (1, 'x');\n");

    await project.write("db/migrations/2_less.sql", "ALTER TABLE t DROP b;\n");
    const behind = await update(project, "--yes");
    expect(behind.exitCode).toBe(0);
    expect(await project.read("db/seeds/t.sql")).toContain("DROP COLUMN b");
    expect(behind.stderr).toContain(
      "db/seeds/t.sql held nothing but rows, and this is written behind them: ALTER TABLE",
    );
  });

  test("what a migration that was edited made before stays, and the command that brings in what it makes now is named", async () => {
    const bio = FILES["db/migrations/002_bio.sql"];
    await using project = await temporaryProject(FILES);
    expect(await update(project, "--yes")).toMatchObject({ exitCode: 0 });
    await project.write("db/migrations/002_bio.sql", bio.replace(/bio text/i, "bio varchar(9)"));
    const { exitCode, stderr, stdout } = await update(project, "--yes");
    expect([stdout, stderr]).toEqual(["", expect.stringContaining("Nothing to write: what differs is named above")]);
    expect([exitCode, await project.read("db/schema/users.sql")]).toEqual([3, UPDATED]);
    expect(stderr).toContain("confiture schema update --take public.users.bio\n");
    expect(stderr).toContain("db/schema/users.sql:4 then says what db/migrations/002_bio.sql:1 makes");
    expect(stderr).not.toContain("no migration makes this yet");
    for (const args of [["--check"], []]) expect(await update(project, ...args)).toMatchObject({ exitCode: 3 });
    const unknown = await update(project, "--take", "public.users.bios");
    expect([unknown.exitCode, unknown.stderr]).toEqual([2, expect.stringContaining("public.users.bio")]);
    expect(await update(project, "--take", "public.users.bio", "--yes")).toMatchObject({ exitCode: 0 });
    expect(await project.read("db/schema/users.sql")).toBe(UPDATED.replace("TEXT", "VARCHAR(9)"));
    expect(await update(project, "--check")).toMatchObject({ exitCode: 0 });
  });

  test("where the ledger knows what a migration made before it was edited, what the files have of that follows the edit", async () => {
    const bio = FILES["db/migrations/002_bio.sql"];
    await using project = await temporaryProject(FILES);
    expect(await runHere(["migrate", "up"], { cwd: project.dir })).toMatchObject({ exitCode: 0 });
    expect(await update(project, "--yes")).toMatchObject({ exitCode: 0 });
    await project.write("db/migrations/002_bio.sql", bio.replace(/bio text/i, "bio varchar(9)"));
    // Work in progress besides.
    await project.write("db/schema/posts.sql", POSTS.replace("INT", "BIGINT"));
    const { exitCode, stderr, stdout } = await update(project, "--yes");
    expect(stdout).toEndWith(
      "✅ Updated 1 schema file, proven\n⚠️  Schema files and migrations still have this in two ways, as said above: column public.posts.id\n",
    );
    expect([exitCode, await project.read("db/schema/users.sql")]).toEqual([3, UPDATED.replace("TEXT", "VARCHAR(9)")]);
    expect(stderr).toContain("before it was edited, which the ledger still knows: public.users.bio");
    expect(stderr).toContain("--take public.posts.id\n");
    expect(await project.read("db/schema/posts.sql")).toBe(POSTS.replace("INT", "BIGINT"));
  });

  test("a role that a file takes on and keeps owns what comes behind it: that is said where it is in the way, and what helps", async () => {
    const table = "GRANT ALL ON SCHEMA public TO keeper;\nSET ROLE keeper;\nCREATE TABLE t (a int);\n";
    await using project = await temporaryProject({
      "db/environments/local.yaml": FILES["db/environments/local.yaml"],
      "db/schema/t.sql": table,
      "db/migrations/base.sql": `${table}RESET ROLE;\n`,
      "db/migrations/1_u.sql": "CREATE TABLE u (a int);\n",
    });
    const refused = await update(project, "--yes");
    expect([refused.exitCode, refused.stderr]).toEqual([1, expect.stringContaining("(owner: keeper -> postgres)")]);
    expect(refused.stderr).toContain("RESET ROLE");
    await project.write("db/migrations/1_u.sql", "CREATE TABLE u (a int);\nALTER TABLE u OWNER TO keeper;\n");
    expect(await update(project, "--yes")).toMatchObject({ exitCode: 0 });
  });

  test("--check writes nothing and exits with 3; the document tells everything", async () => {
    await using project = await temporaryProject(FILES);
    const result = await update(project, "--check", "--format", "json");
    expect(result.exitCode).toBe(3);
    expect(readDocument(result)).toMatchObject({
      ok: true,
      written: false,
      files: [
        { path: "db/schema/posts.sql", change: "created" },
        { path: "db/schema/users.sql", change: "changed" },
      ],
      edits: [
        { how: "added", name: "public.posts" },
        { how: "edited", name: "public.users.bio", file: "db/schema/users.sql" },
      ],
      kept: [],
    });
    expect(await files(project)).toEqual({ "users.sql": USERS });
    const both = await update(project, "--check", "--yes");
    expect(both.exitCode).toBe(2);
  });

  test("rows that migrations leave are named as verify names them, and nothing is said to be held", async () => {
    await using project = await temporaryProject({
      ...FILES,
      "db/migrations/002_bio.sql": "INSERT INTO users VALUES (1);\n",
    });
    const lacking = "1 row of public.users, which migrations leave";
    const verified = await runHere(["verify"], { cwd: project.dir });
    expect(verified).toMatchObject({ exitCode: 0, stdout: expect.stringContaining(lacking) as string });
    const result = await update(project, "--check");
    expect([result.exitCode, result.stdout]).toEqual([0, ""]);
    expect(result.stderr).toContain(lacking);
    expect(result.stderr).toContain("INSERT INTO users (id) VALUES\n      (1);\n");
    expect(result.stderr).toContain("behind what makes the table (db/schema/users.sql:2)");
    expect(result.stderr).not.toContain("hold everything");
    const document = readDocument(await update(project, "--format", "json"));
    expect(document).toMatchObject({ files: [], lackingRows: [{ table: '"public"."users"', rows: 1 }] });
    await project.write("db/schema/users.sql", `${USERS}INSERT INTO users VALUES (2);\n`);
    expect(await update(project, "--yes")).toMatchObject({ exitCode: 0 });
    expect(await project.read("db/schema/users.sql")).toEndWith("(2);\n\nINSERT INTO users (id) VALUES\n    (1);\n");
    const { stdout } = await runHere(["verify"], { cwd: project.dir });
    expect(stdout).not.toContain("which migrations leave and");
    expect(stdout).toContain(
      "1 row of public.users, which the schema files build and which is not in what migrations leave",
    );
  });

  test("values that only migrations give to columns with computed defaults are named, as verify does; chance is not", async () => {
    const keys = "CREATE TABLE keys (id int PRIMARY KEY, k uuid DEFAULT gen_random_uuid());\n";
    const rows = "INSERT INTO keys (id) VALUES (1), (2);\n";
    await using project = await temporaryProject({
      "db/environments/local.yaml": FILES["db/environments/local.yaml"],
      "db/schema/keys.sql": keys + rows,
      "db/migrations/001_keys.sql": keys + rows,
    });
    const same = await update(project, "--check", "--format", "json");
    expect(readDocument(same)).toMatchObject({ otherValues: [], lackingRows: [] });
    const fix = "UPDATE keys SET k = '00000000-0000-0000-0000-000000000001' WHERE id = 1;\n";
    await project.write("db/migrations/002_fix.sql", fix);
    const other = await update(project, "--check");
    expect(other.stderr).toContain("1 row of public.keys: migrations give other values");
    expect((await runHere(["verify"], { cwd: project.dir })).stdout).toContain(
      "1 row of public.keys, which migrations leave with",
    );
  });

  test("a row of the files that a migration has taken away is named with its place", async () => {
    await using project = await temporaryProject({
      ...FILES,
      "db/migrations/002_bio.sql": "INSERT INTO users VALUES (1);\nDELETE FROM users;\n",
      "db/migrations/003_more.sql": "INSERT INTO users VALUES (1);\n",
      "db/migrations/004_less.sql": "DELETE FROM users;\n",
      "db/schema/users.sql": `${USERS}INSERT INTO users VALUES (1);\n`,
    });
    const { stderr } = await update(project, "--check");
    expect(stderr).toContain("Change it in the schema files (db/schema/users.sql:5), or take it out");
  });

  long("asks on a terminal", async () => {
    await using project = await temporaryProject(FILES);
    const no = await atTerminal(project.dir, ["schema", "update"], [[/\[y\/N\] /, "\r"]]);
    expect(no.screen).toContain("+    bio TEXT");
    expect(no).toMatchObject({ exitCode: 3, screen: expect.stringContaining("Nothing was written") as string });
    expect(await files(project)).toEqual({ "users.sql": USERS });
    // None of those that it would write, but what it was proven with.
    const migration = await project.read("db/migrations/002_bio.sql");
    const edited = async (): Promise<string> => {
      await project.write("db/migrations/002_bio.sql", `${migration}DROP TABLE posts;\n`);
      return "y\r";
    };
    const stale = await atTerminal(project.dir, ["schema", "update"], [[/\[y\/N\] /, edited]]);
    expect(stale).toMatchObject({ exitCode: 1, screen: expect.stringContaining("since this was planned") as string });
    await project.write("db/migrations/002_bio.sql", migration);
    // Nor those, but what says which they are, or one of them that it would leave alone.
    const local = "db/environments/local.yaml";
    const settings = await project.read(local);
    for (const [path, text, before] of [
      [local, `${settings}exclude_dirs: [db/schema/old]\n`, settings],
      ["db/schema/views.sql", "-- none\n", undefined],
    ] as const) {
      const changed = async (): Promise<string> => {
        await project.write(path, text);
        return "y\r";
      };
      const other = await atTerminal(project.dir, ["schema", "update"], [[/\[y\/N\] /, changed]]);
      expect(other).toMatchObject({ exitCode: 1, screen: expect.stringContaining(`${path} was`) as string });
      await (before === undefined ? rm(project.path(path)) : project.write(path, before));
    }
    expect(await files(project)).toEqual({ "users.sql": USERS });
    const yes = await atTerminal(project.dir, ["schema", "update"], [[/Write these 2 files\? \[y\/N\] /, "y\r"]]);
    expect(yes).toMatchObject({ exitCode: 0, screen: expect.stringContaining("✅ Updated 2 schema files") as string });
    expect(await files(project)).toEqual({ "posts.sql": POSTS, "users.sql": UPDATED });
  });

  test("without migrations from nothing, what the migrations do to the built schema is brought in", async () => {
    const { "db/migrations/001_users.sql": _, ...rest } = FILES;
    await using project = await temporaryProject({
      ...rest,
      "db/migrations/002_bio.sql":
        "-- migrate:up\nALTER TABLE users ADD COLUMN bio TEXT;\n-- migrate:down\nALTER TABLE users DROP COLUMN bio;\n",
    });
    expect(await update(project, "--yes")).toMatchObject({ exitCode: 0 });
    expect(await files(project)).toEqual({ "users.sql": UPDATED });
    expect((await runHere(["verify"], { cwd: project.dir })).exitCode).toBe(0);
  });

  test("a file that is in the way is an error, and nothing is written", async () => {
    await using project = await temporaryProject({ ...FILES, "db/schema/posts.sql/note.txt": "a folder\n" });
    const result = await update(project, "--yes");
    expect(result.exitCode).toBe(4);
    expect(await readFile(project.path("db/schema/users.sql"), "utf8")).toBe(USERS);
  });

  test("a file that a build leaves out is neither written nor replaced: what would belong there comes elsewhere", async () => {
    const hidden = "db/environments/local.yaml";
    await using project = await temporaryProject({
      ...FILES,
      [hidden]: `${FILES[hidden]}include_dirs:\n  - path: db/schema\n    include: ["users.sql", "p*.sql"]\n    exclude: ["posts.sql"]\n`,
      "db/schema/posts.sql": "-- a note\n",
    });
    expect((await update(project, "--yes")).exitCode).toBe(0);
    const { "users.sql": users, ...others } = await files(project);
    expect(others).toEqual({ "posts.sql": "-- a note\n" });
    expect(users).toContain("CREATE TABLE public.posts");
    expect((await runHere(["verify"], { cwd: project.dir })).exitCode).toBe(0);
  });
});
