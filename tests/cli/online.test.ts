import { expect, test } from "bun:test";
import { rm } from "node:fs/promises";
import { runHere } from "../support/in-process.ts";
import { temporaryProject } from "../support/project.ts";
import { cliProject, OLDEST_AND_NEWEST } from "./project.ts";

/** The first version that knows a NOT NULL that is not validated yet. */
const UNCHECKED_NOT_NULL = 18;

test.each(OLDEST_AND_NEWEST)(
  "generate --online writes for PostgreSQL %d, on which the database runs, wherever the migration is proven",
  async (major) => {
    await using project = await cliProject(
      {
        "db/migrations/001_users.sql": "CREATE TABLE users (id int PRIMARY KEY, name text);\n",
        "db/schema/users.sql": "CREATE TABLE users (id int PRIMARY KEY, name text NOT NULL);\n",
      },
      { major },
    );
    const generate = ["migrate", "generate", "named", "--online", "--from", "migrations", "--scratch", "embedded"];
    const written = async (): Promise<string> => {
      const { stdout } = await project.succeed([...generate, "--format", "json"]);
      const { migrations } = JSON.parse(stdout) as { migrations: { files: string[] }[] };
      const files = migrations.flatMap((migration) => migration.files);
      const text = (await Promise.all(files.map((file) => project.read(file)))).join("");
      await Promise.all(files.map((file) => rm(project.path(file))));
      return text;
    };
    expect(/NOT NULL "?name"? NOT VALID/.test(await written())).toBe(major >= UNCHECKED_NOT_NULL);
    // Nobody answers: what every version knows.
    await project.write("db/environments/local.yaml", "database:\n  url: postgres://nobody@127.0.0.1:1/none\n");
    expect(await written()).not.toMatch(/NOT NULL "?name"? NOT VALID/);
  },
);

test("generate --online says what it has no other form for", async () => {
  const table = (type: string) =>
    `CREATE TABLE orders (id int PRIMARY KEY, amount ${type});\nCREATE VIEW amounts AS SELECT amount FROM orders;\n`;
  await using project = await temporaryProject({
    "db/environments/local.yaml": "database:\n  engine: embedded\n",
    "db/migrations/001_orders.sql": table("int"),
    "db/schema/orders.sql": table("bigint"),
  });
  const { exitCode, stderr } = await runHere(["migrate", "generate", "larger", "--online"], { cwd: project.dir });
  expect(exitCode).toBe(0);
  expect(stderr).toContain(
    "--online has no other form for this, so others wait while it runs: ALTER TABLE public.orders",
  );
});

test("a contract that generated migrations come behind is spoken of for as long as it has not run", async () => {
  const files = {
    "db/migrations/001_t.sql": "CREATE TABLE t (id int, name text);\n",
    "db/migrations/002_contract.sql":
      "-- migrate:up phase:contract change:names after:001\nALTER TABLE t DROP COLUMN name;\n-- migrate:down\nALTER TABLE t ADD COLUMN name text;\n",
    "db/schema/t.sql": "CREATE TABLE t (id int, name int);\n",
  };
  await using project = await cliProject(files, { major: 18 });
  const generate = async (): Promise<string> => {
    const { stderr } = await project.succeed(["migrate", "generate", "again", "--from", "migrations"]);
    await rm(project.path("db/migrations/003_again.sql"));
    return stderr;
  };
  await project.succeed(["migrate", "up", "--to", "001"]);
  await project.query("CREATE PUBLICATION news FOR ALL TABLES");
  const told = await generate();
  expect(told).toContain("Where the contract 002_contract has not run yet, this waits for it");
  // Of which no file speaks.
  expect(told).toContain("the publication news sends public.t to its subscribers: add the new column there first");
  await project.succeed(["migrate", "up", "--contract", "names"]);
  expect(await generate()).not.toContain("Where the contract 002_contract has not run yet");
});

test("what belongs to a conversion is refused without one", async () => {
  const forward = "-- confiture:forward\nUPDATE t SET b = a;\n";
  await using project = await temporaryProject({ "forward.sql": forward });
  const refusals = [
    [["--convert", "forward.sql"], "add --online"],
    [["--online", "--lossy"], "--lossy belongs to --convert FILE"],
    [["--online", "--lossy", "--convert", "forward.sql"], "below -- confiture:backward in forward.sql"],
  ] as const;
  for (const [options, why] of refusals) {
    const { exitCode, stderr } = await runHere(["migrate", "generate", "n", ...options], { cwd: project.dir });
    expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringContaining(why) });
  }
});
