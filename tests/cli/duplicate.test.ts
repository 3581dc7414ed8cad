import { expect, test } from "bun:test";
import { rm } from "node:fs/promises";
import { readDocument } from "./document.ts";
import { cliProject } from "./project.ts";

const FILES = {
  "db/migrations/001_users.sql": "CREATE TABLE users (id int);\n",
  "db/migrations/002_a.sql": "CREATE TABLE a (id int);\n",
  "db/schema/users.sql": "CREATE TABLE users (id int);\nCREATE TABLE a (id int);\n",
};
const OTHER = "db/migrations/002_b.sql";
const COMMANDS = [
  ["migrate", "status"],
  ["migrate", "up"],
  ["migrate", "down"],
  ["migrate", "plan"],
  ["migrate", "new", "more"],
  ["migrate", "show", "2"],
  ["verify"],
  ["build"],
];

test("of two migrations of one version every command says which the database has, and which is to be renamed", async () => {
  await using project = await cliProject(FILES);
  await project.succeed(["migrate", "up"]);
  await project.write(OTHER, "CREATE TABLE b (id int);\n");
  for (const command of COMMANDS) {
    const { exitCode, stderr } = await project.run(command);
    const said = stderr.replaceAll(/\s+/g, " ");
    expect({ command, exitCode }).toEqual({ command, exitCode: 7 });
    expect(said).toContain(
      "Applied in the database of environment local is 002_a: db/migrations/002_a.sql, which has the text that ran",
    );
    expect(said).toContain(`db/migrations/002_a.sql keeps its number. Rename ${OTHER} to a version of its own`);
  }
  const { error } = readDocument(await project.run(["migrate", "status", "--format", "json"]));
  expect(error).toMatchObject({
    code: "migration_duplicate",
    location: { file: OTHER },
    data: { version: "002", files: ["db/migrations/002_a.sql", OTHER], applied: "db/migrations/002_a.sql" },
  });
});

test("it is told by the text where files were renamed, by the name where the text was edited, and else not", async () => {
  await using project = await cliProject(FILES);
  const asked = async (): Promise<string> => (await project.run(["migrate", "status"])).stderr.replaceAll(/\s+/g, " ");
  await project.write(OTHER, "CREATE TABLE b (id int);\n");
  expect(await asked()).toContain("Neither is applied in the database of environment local");
  await rm(project.path(OTHER));
  await project.succeed(["migrate", "up"]);
  await project.write(OTHER, FILES["db/migrations/002_a.sql"]);
  expect(await asked()).toContain("db/migrations/002_a.sql, which has the text that ran");
  await project.write("db/migrations/002_a.sql", "CREATE TABLE c (id int);\n");
  expect(await asked()).toContain(`002_a: ${OTHER}, which has the text that ran`);
  expect(await asked()).toContain("Rename db/migrations/002_a.sql to");
  await project.write(OTHER, "CREATE TABLE b (id int);\n");
  expect(await asked()).toContain("002_a: db/migrations/002_a.sql, by its name (its text was edited since)");
  await rm(project.path("db/migrations/002_a.sql"));
  await project.write("db/migrations/002_c.sql", "CREATE TABLE c (id int);\n");
  expect(await asked()).toContain("002_a, and neither has its text or its name");
});

test("without a database it is said as before", async () => {
  await using project = await cliProject(FILES);
  await project.write(OTHER, "CREATE TABLE b (id int);\n");
  const { exitCode, stderr } = await project.run(["migrate", "status", "--database-url", "postgres://x@127.0.0.1:1/x"]);
  expect(exitCode).toBe(7);
  expect(stderr).toContain("One that was applied somewhere already must keep its number");
});
