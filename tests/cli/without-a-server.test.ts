import { describe, expect, test } from "bun:test";
import { runBinary } from "../support/cli.ts";
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
      const { exitCode, stderr } = await runBinary(["migrate", "status", ...args], { cwd: project.dir });
      expect(exitCode).toBe(5);
      expect(stderr).toContain(`confiture config show ${named}`);
      expect(stderr).not.toContain("hunter2");
    }
  });

  test("and names no environment that is only about to be made", async () => {
    await using project = await temporaryProject({});
    const init = ["init", "--from", "postgres://app@localhost:1/shop", "--env", "production"];
    const { exitCode, stderr } = await runBinary(init, { cwd: project.dir });
    expect(exitCode).toBe(5);
    expect(stderr).toContain("confiture config show --database-url postgres://app@localhost:1/shop");
  });
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
    const { exitCode, stderr } = await runBinary(args, options);
    expect({ exitCode, says: stderr.includes("DATABASE_URL") }).toEqual({ exitCode: 0, says: false });
  }
  for (const args of [
    ["config", "show"],
    ["migrate", "status"],
  ]) {
    expect((await runBinary(args, options)).stderr).toContain("DATABASE_URL is set and not used");
  }
});

test("a new migration looks like the others of its folder, and what is said is about its files", async () => {
  await using project = await temporaryProject({
    "db/environments/local.yaml": NOWHERE,
    "db/migrations/000001_a.up.sql": "SELECT 1;",
    "db/migrations/000001_a.down.sql": "SELECT 1;",
  });
  const { stdout, stderr } = await runBinary(["migrate", "new", "add bio"], { cwd: project.dir });
  const files = ["db/migrations/000002_add_bio.up.sql", "db/migrations/000002_add_bio.down.sql"];
  expect(stdout).toBe(files.map((file) => `✅ Created ${file}\n`).join(""));
  expect(stderr).toContain(`into ${files[0]} and its way back into ${files[1]}`);
  const json = readDocument(await runBinary(["migrate", "new", "more", "--format", "json"], { cwd: project.dir }));
  expect(json).toMatchObject({
    file: "db/migrations/000003_more.up.sql",
    files: [{}, {}].map(() => expect.any(String)),
  });
});
