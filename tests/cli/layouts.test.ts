import { expect, test } from "bun:test";
import { readDocument } from "./document.ts";
import { cliProject } from "./project.ts";
import { expectRefusal } from "./refusal.ts";

test("a folder in which no name is understood is no folder without migrations", async () => {
  await using project = await cliProject({
    "db/migrations/users.sql": "CREATE TABLE users ();",
    "db/migrations/20240101-posts.sql": "CREATE TABLE posts ();",
  });
  await expectRefusal(project, ["migrate", "up"], {
    exitCode: 1,
    code: "migrations_unrecognised",
    names: ["users.sql", "20240101-posts.sql"],
    next: /VERSION_name\.sql[^]*layout:/,
  });
  expect((await project.run(["migrate", "status"])).exitCode).toBe(0);
  const status = await project.run(["migrate", "status", "--exit-code"]);
  expect(status.exitCode).toBe(3);
  expect(status.stderr).toContain("db/migrations/users.sql is left out");
  await project.write("db/migrations/001_first.sql", "CREATE TABLE first ();");
  const up = await project.succeed(["migrate", "up"]);
  expect(up.stderr).toContain("db/migrations/users.sql is left out");
});

test("status says which layout was read, and versions are given as it shows them", async () => {
  await using project = await cliProject({
    "db/migrations/V1.2__one.sql": "CREATE TABLE one ();",
    "db/migrations/V1.10__two.sql": "CREATE TABLE two ();",
    "db/migrations/R__view.sql": "CREATE OR REPLACE VIEW v AS SELECT 1 AS a;",
  });
  expect((await project.succeed(["migrate", "status"])).stderr).toContain("Flyway");
  await project.succeed(["migrate", "up", "--to", "1.2"]);
  expect(readDocument(await project.run(["migrate", "status", "--format", "json"]))).toMatchObject({
    layout: "flyway",
    migrations: [
      { version: "1.2", name: "one", state: "applied" },
      { version: "1.10", name: "two", state: "pending" },
      { version: "R__view", name: "", state: "pending" },
    ],
  });
  await project.succeed(["migrate", "resolve", "1.10_two", "--applied"]);
  await project.succeed(["migrate", "up"]);
  await project.write("db/migrations/R__view.sql", "CREATE OR REPLACE VIEW v AS SELECT 2 AS a;");
  const changed = await project.run(["migrate", "status", "--exit-code"]);
  expect({ exitCode: changed.exitCode, says: changed.stdout.includes("runs again") }).toEqual({
    exitCode: 3,
    says: true,
  });
  await project.succeed(["migrate", "up"]);
  expect(await project.query("SELECT a FROM v")).toEqual([{ a: 2 }]);
  await project.write("db/migrations/V1.2__one.sql", "CREATE TABLE one ();\n-- Later\n");
  await expectRefusal(project, ["migrate", "up"], {
    exitCode: 7,
    code: "history_edited",
    names: ["1.2_one"],
    next: "confiture migrate accept 1.2",
  });
});

test("a mark of another tool is refused before anything runs, and the environment can say whose the folder is", async () => {
  const boats = "-- +goose Up\nCREATE TABLE boats ();\n\n-- +goose Down\nDROP TABLE boats;\n";
  await using project = await cliProject({
    "db/migrations/00001_a.sql": "SELECT 1;",
    "db/migrations/00002_b.sql": "SELECT 1;",
    "db/migrations/00003_c.sql": "SELECT 1;",
    "db/migrations/00004_boats.sql": boats,
    "db/migrations/00005_d.sql": "SELECT 1;",
    "db/migrations/00006_e.sql": "SELECT 1;",
    "db/migrations/00007_f.sql": "SELECT 1;",
  });
  await expectRefusal(project, ["migrate", "up"], {
    exitCode: 1,
    code: "migration_marks",
    place: "db/migrations/00004_boats.sql:1",
    names: ["+goose Up"],
    next: "layout: goose",
  });
});

test("an unknown layout is an error with the nearest one", async () => {
  await using project = await cliProject({ "db/migrations/001_a.sql": "SELECT 1;" });
  const environment = await project.read("db/environments/local.yaml");
  await project.write("db/environments/local.yaml", `${environment}migrations:\n  layout: gose\n`);
  const { exitCode, stderr } = await project.run(["migrate", "up"]);
  expect({ exitCode, says: stderr.includes('"goose"') && stderr.includes("local.yaml:") }).toEqual({
    exitCode: 4,
    says: true,
  });
});
