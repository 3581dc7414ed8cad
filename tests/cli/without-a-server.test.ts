import { readdir, rm } from "node:fs/promises";
import { describe, expect, test } from "bun:test";
import { runHere } from "../support/in-process.ts";
import { temporaryProject } from "../support/project.ts";
import { readDocument } from "./document.ts";

const NOWHERE = "database:\n  host: localhost\n  port: 1\n";

describe("a hint can be pasted into a shell", () => {
  test.each([
    ["postgres://app@localhost:1/shop", "--database-url postgres://app@localhost:1/shop"],
    ["host=localhost port=1 dbname=shop", "--database-url 'host=localhost port=1 dbname=shop'"],
    ["postgres://app:hunter2@localhost:1/shop", "--database-url postgres://app@localhost:1/shop"],
  ])("with the URL of the command line: %s", async (url, named) => {
    await using project = await temporaryProject({ "db/migrations/001_a.sql": "SELECT 1;" });
    for (const args of [["--database-url", url], [`--database-url=${url}`]]) {
      const { exitCode, stderr } = await runHere(["migrate", "status", ...args], { cwd: project.dir });
      expect(exitCode).toBe(5);
      expect(stderr).toContain(`confiture config show ${named}`);
      expect(stderr).not.toContain("hunter2");
    }
  });

  test("and names no environment that is only about to be made", async () => {
    await using project = await temporaryProject({});
    const init = ["init", "--from", "postgres://app@localhost:1/shop", "--env", "production"];
    const { exitCode, stderr } = await runHere(init, { cwd: project.dir });
    expect(exitCode).toBe(5);
    expect(stderr).toContain("confiture config show --database-url postgres://app@localhost:1/shop");
  });
});

test("in a folder below a project, every command says where the project is", async () => {
  await using project = await temporaryProject({ "db/environments/local.yaml": NOWHERE, "db/schema/a.sql": "" });
  const below = { cwd: project.path("db/schema") };
  for (const args of [["build"], ["lint"], ["migrate", "status"], ["config", "show"], ["db", "sql", "SELECT 1"]]) {
    const { exitCode, stderr } = await runHere(args, below);
    expect({ args, exitCode, stderr }).toMatchObject({
      exitCode: 4,
      stderr: expect.stringContaining(`With -C ../.. it works on the project in ${project.dir}`),
    });
  }
  const from = await runHere(["build", "-C", "db/schema"], { cwd: project.dir });
  expect(from.stderr).toContain("With -C . it works on the project");
  // What works without an environment says so as well: its files would be made here.
  const made = await runHere(["migrate", "new", "b"], below);
  expect(made.stderr).toContain("there is no project in this folder. With -C ../.. it works on the project in");
  const above = await runHere(["migrate", "new", "b"], { cwd: project.dir });
  expect(above.stderr).not.toContain("no project");
});

test("that DATABASE_URL is not used is said where a connection is made, and nowhere else", async () => {
  await using project = await temporaryProject({
    "db/environments/local.yaml": NOWHERE,
    "db/schema/a.sql": "CREATE TABLE a ();",
    "db/migrations/001_a.sql": "CREATE TABLE a ();",
  });
  const options = { cwd: project.dir, env: { DATABASE_URL: "postgres://elsewhere/d" } };
  for (const args of [
    ["migrate", "new", "b"],
    ["build", "--dry-run"],
    ["build", "--output", "-"],
  ]) {
    const { exitCode, stderr } = await runHere(args, options);
    expect({ exitCode, says: stderr.includes("DATABASE_URL") }).toEqual({ exitCode: 0, says: false });
  }
  for (const args of [
    ["config", "show"],
    ["migrate", "status"],
  ]) {
    expect((await runHere(args, options)).stderr).toContain("DATABASE_URL is set and not used");
  }
});

test("settings stand below each other, also with wide characters in them", async () => {
  await using project = await temporaryProject({
    "db/environments/local.yaml": "database:\n  host: localhost\n  database: 名前の長いデータベース\n",
  });
  const { stdout } = await runHere(["config", "show"], { cwd: project.dir });
  const rows = stdout.trimEnd().split("\n");
  const origins = rows.map((row) => Bun.stringWidth(row.slice(0, row.lastIndexOf("  "))));
  expect(stdout).toContain("名前の長いデータベース");
  expect(new Set(origins).size).toBe(1);
});

test("an assembled script goes to no folder, and not among the schema files", async () => {
  await using project = await temporaryProject({
    "db/environments/local.yaml": NOWHERE,
    "db/environments/whole.yaml": `${NOWHERE}include_dirs: [.]\n`,
    "db/schema/a.sql": "CREATE TABLE a ();",
    "db/schema/notes.txt": "",
  });
  for (const [output, said, environment = "local"] of [
    ["db/schema/out.sql", "error: db/schema/out.sql would be one of the schema files in db/schema"],
    ["./db/schema/a.sql", "next: Write it somewhere else: --output schema.sql\n"],
    ["db", "next: Name a file.\n"],
    ["schema.sql", "next: Write it somewhere else: --output ../schema.sql\n", "whole"],
  ] as const) {
    const refused = await runHere(["build", "--output", output, "-e", environment], { cwd: project.dir });
    expect(refused).toMatchObject({ stdout: "", stderr: expect.stringContaining(said) });
  }
  for (const output of ["db/schema.sql", "db/schema/notes.txt"])
    expect(await runHere(["build", "--output", output], { cwd: project.dir })).toMatchObject({ exitCode: 0 });
});

test("a snapshot and a plan go over one that their command wrote, and over no other file", async () => {
  const files = {
    "db/environments/local.yaml": "database:\n  engine: embedded\n",
    "db/schema/a.sql": "CREATE TABLE a ();\n",
    "db/migrations/001_a.sql": "CREATE TABLE a ();\n",
    "notes.json": '{"by": "hand"}\n',
    "empty.json": "",
  };
  await using project = await temporaryProject(files);
  const snapshot = ["snapshot", "schema", "--output"];
  const plan = ["migrate", "plan", "--out"];
  for (const [command, what, example] of [
    [snapshot, "is no snapshot", "--output snapshot.json\n"],
    [plan, "is no plan", "--out plan.json\n"],
  ] as const) {
    for (const [output, said, next] of [
      ["notes.json", `notes.json is there already, and ${what}`, "Remove it, or name another"],
      ["db/schema/a.sql", `db/schema/a.sql is there already, and ${what}`, "Remove it, or name another"],
      ["db/migrations/002_new.sql", "is in db/migrations, the folder of the migrations", example],
      ["db/environments/local.yaml", "is in db/environments, the folder of the environments", example],
      ["none/now.json", "the folder none does not exist", "mkdir -p"],
    ] as const) {
      const { exitCode, stdout, stderr } = await runHere([...command, output], { cwd: project.dir });
      expect({ output, exitCode, stdout }).toEqual({ output, exitCode: 2, stdout: "" });
      for (const text of [said, next]) expect(stderr).toContain(text);
    }
    for (const [path, content] of Object.entries(files)) expect(await project.read(path)).toBe(content);
    for (const output of ["own.json", "own.json", "/dev/null", "empty.json"])
      expect(await runHere([...command, output], { cwd: project.dir })).toMatchObject({ exitCode: 0 });
    await project.write("empty.json", "");
    await rm(project.path("own.json"));
  }
});

test("an assembled script goes over one that a build wrote, and over no other file", async () => {
  const files = {
    "db/environments/local.yaml": NOWHERE,
    "db/schema/a.sql": "CREATE TABLE a ();",
    "db/migrations/001_a.sql": "CREATE TABLE a ();",
    "notes.sql": "SELECT 1; -- by hand\n",
    "empty.sql": "",
  };
  await using project = await temporaryProject(files);
  const build = async (output: string) => await runHere(["build", "-o", output], { cwd: project.dir });
  for (const [output, said, next] of [
    [
      "notes.sql",
      "notes.sql is there already, and is no script that confiture build wrote",
      "Remove it, or name another",
    ],
    ["db/migrations/001_a.sql", "is in db/migrations, the folder of the migrations", "--output schema.sql\n"],
    ["db/migrations/002_new.sql", "is in db/migrations, the folder of the migrations", "--output schema.sql\n"],
    ["./db/environments/local.yaml", "is in db/environments, the folder of the environments", "--output schema.sql\n"],
    ["db/environments/new.yaml", "is in db/environments, the folder of the environments", "--output schema.sql\n"],
  ] as const) {
    const { exitCode, stdout, stderr } = await build(output);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    for (const text of [said, "nothing was done", next]) expect(stderr).toContain(text);
  }
  for (const [path, content] of Object.entries(files)) expect(await project.read(path)).toBe(content);
  for (const output of ["schema.sql", "schema.sql", "empty.sql", "/dev/null"])
    expect(await build(output)).toMatchObject({ exitCode: 0 });
  expect(await project.read("schema.sql")).toStartWith(
    "-- The schema of this project, assembled from 1 file by confiture build.\n",
  );
  await project.write("db/schema/b.sql", "CREATE TABLE b ();");
  expect(await build("schema.sql")).toMatchObject({ exitCode: 0 });
  expect(await project.read("schema.sql")).toContain("assembled from 2 files");
});

test("a new migration looks like the others of its folder, and what is said is about its files", async () => {
  await using project = await temporaryProject({
    "db/environments/local.yaml": NOWHERE,
    "db/migrations/000001_a.up.sql": "SELECT 1;",
    "db/migrations/000001_a.down.sql": "SELECT 1;",
  });
  const { stdout, stderr } = await runHere(["migrate", "new", "add bio"], { cwd: project.dir });
  const files = ["db/migrations/000002_add_bio.up.sql", "db/migrations/000002_add_bio.down.sql"];
  expect(stdout).toBe(files.map((file) => `✅ Created ${file}\n`).join(""));
  expect(stderr).toContain(`into ${files[0]} and its way back into ${files[1]}`);
  const json = readDocument(await runHere(["migrate", "new", "more", "--format", "json"], { cwd: project.dir }));
  expect(json).toMatchObject({
    file: "db/migrations/000003_more.up.sql",
    files: [{}, {}].map(() => expect.any(String)),
  });
});

test("a path is no name of a migration, and what becomes of another name is said", async () => {
  await using project = await temporaryProject({ "db/environments/local.yaml": NOWHERE });
  const create = (name: string) => runHere(["migrate", "new", name], { cwd: project.dir });
  for (const path of ["../x", "db/migrations/x", "..\\x", "x/"]) {
    const { exitCode, stdout, stderr } = await create(path);
    expect([exitCode, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(`"${path}" is a path`);
    expect(stderr).toContain("Give the name alone: x\n");
  }
  expect((await create("../..")).stderr).toContain("Give the name alone\n");
  const { stdout, stderr } = await create("add_bio.sql");
  expect(stdout).toBe("✅ Created db/migrations/001_add_bio_sql.sql\n");
  expect(stderr).toContain('"add_bio.sql" became add_bio_sql');
  expect((await create("Add More")).stderr).not.toContain("became");
});

const EMBEDDED = 'database:\n  engine: embedded\n  path: ":memory:"\n';

test("`apply --dry-run` and `diff` leave no database where there was none", async () => {
  await using project = await temporaryProject({
    "db/environments/local.yaml": "database:\n  engine: embedded\n",
    "db/schema/a.sql": "CREATE TABLE a (id int);\n",
  });
  const compared = await runHere(["diff", "env:local", "schema"], { cwd: project.dir });
  expect(compared).toMatchObject({ exitCode: 3, stdout: expect.stringContaining("+ table public.a") });
  const dry = await runHere(["apply", "--dry-run"], { cwd: project.dir });
  expect(dry).toMatchObject({ exitCode: 0, stdout: "CREATE TABLE public.a (\n  id integer\n);\n" });
  expect(await readdir(project.dir)).toEqual(["db"]);
});

test("`init` beside an environment file that is kept goes by what that says", async () => {
  await using project = await temporaryProject({ "db/environments/local.yml": EMBEDDED });
  const kept = await runHere(["init"], { cwd: project.dir });
  expect(kept.exitCode).toBe(0);
  expect(kept.stderr).not.toContain("db create");
  await using other = await temporaryProject({ "db/environments/local.yml": NOWHERE });
  const onServer = await runHere(["init", "--embedded"], { cwd: other.dir });
  expect(onServer.stderr).toMatch(/confiture db create +# .*local\.yml/);
});

test("what is nothing without migrations fails in the wrong folder, as `up` does; in a folder without migrations yet it does not", async () => {
  await using project = await temporaryProject({ "db/environments/local.yaml": EMBEDDED });
  for (const line of ["migrate status", "migrate test", "migrate plan", "migrate baseline"]) {
    const { exitCode, stderr } = await runHere(line.split(" "), { cwd: project.dir });
    expect({ line, exitCode, stderr }).toEqual({ line, exitCode: 1, stderr: expect.stringContaining("-C DIR") });
  }
  await project.write("db/migrations/confiture.d.ts", "");
  const empty = await runHere(["migrate", "status"], { cwd: project.dir });
  expect(empty).toMatchObject({
    exitCode: 0,
    stderr: expect.stringMatching(/^Database: .*\nNo migrations in db\/migrations\n$/),
  });
});

test("after a build in memory, no next step speaks of a database that is gone", async () => {
  await using project = await temporaryProject({
    "db/environments/local.yaml": EMBEDDED,
    "db/schema/a.sql": "CREATE TABLE a ();",
    "db/migrations/001_a.sql": "CREATE TABLE a ();",
  });
  const { exitCode, stderr } = await runHere(["build"], { cwd: project.dir });
  expect({ exitCode, says: stderr.includes("baseline") }).toEqual({ exitCode: 0, says: false });
});

test("where none of several hosts answers, the next step says where they are written", async () => {
  await using project = await temporaryProject({ "db/migrations/001_a.sql": "SELECT 1;" });
  const url = "postgres://app@localhost:1,127.0.0.1:1/shop?target_session_attrs=primary";
  const { exitCode, stderr } = await runHere(["migrate", "status", "--database-url", url], { cwd: project.dir });
  expect(exitCode).toBe(5);
  expect(stderr).toContain("confiture config show --database-url 'postgres://");
  expect(stderr).toContain("one that is primary (target_session_attrs)");
});

test("what only reads makes no embedded database where there is none yet", async () => {
  await using project = await temporaryProject({
    "db/environments/local.yaml": "database:\n  engine: embedded\n  path: .confiture/local\n",
    "db/schema/a.sql": "CREATE TABLE a ();",
    "db/migrations/001_a.sql": "CREATE TABLE a ();",
  });
  for (const [args, exits] of [
    [["migrate", "status"], 0],
    [["drift"], 3],
    [["diff", "env:local", "schema"], 3],
  ] as const) {
    expect((await runHere(args, { cwd: project.dir })).exitCode).toBe(exits);
    expect(await readdir(project.dir)).not.toContain(".confiture");
  }
});

test("a project of schema files alone has a status; where some are recorded, their folder is missing", async () => {
  await using project = await temporaryProject({
    "db/environments/local.yaml": "database:\n  engine: embedded\n  path: .confiture/local\n",
    "db/schema/a.sql": "CREATE TABLE a (id int);\n",
  });
  const run = (...args: string[]) => runHere(args, { cwd: project.dir });
  const none = await run("migrate", "status", "--exit-code");
  expect(none).toMatchObject({ exitCode: 0, stdout: "" });
  expect(none.stderr).toContain("No migrations in db/migrations\n");
  expect(await run("migrate", "up")).toMatchObject({ exitCode: 1 });
  await project.write("db/migrations/1_a.sql", "CREATE TABLE a (id int);\n");
  expect(await run("migrate", "up")).toMatchObject({ exitCode: 0 });
  await rm(project.path("db/migrations"), { recursive: true });
  const missing = await run("migrate", "status");
  expect(missing.exitCode).toBe(1);
  expect(missing.stderr).toContain("There is no folder of migrations db/migrations");
}, 120_000);
