import { expect, test } from "bun:test";
import { stat } from "node:fs/promises";
import { runBinary } from "../support/cli.ts";
import { temporaryProject } from "../support/project.ts";
import { atTerminal } from "../support/terminal.ts";
import { readDocument } from "./document.ts";
import { environmentFile, executableProject } from "./project.ts";

const EMBEDDED = "database:\n  engine: embedded\n  path: .confiture/local\n";
const CTRL_C = "\u0003";
const CTRL_D = "\u0004";
const UP = "\u001b[A";

const PROMPT = /local=> /;

test("on a terminal: statements of several lines, commands, errors, and the end", async () => {
  await using project = await temporaryProject({
    "db/environments/local.yaml": EMBEDDED,
    "two.sql": "SELECT 22 AS file;\n",
  });
  const { exitCode, screen } = await atTerminal(
    project.dir,
    ["db", "shell"],
    [
      [PROMPT, "CREATE TABLE t (id int PRIMARY KEY,\r"],
      [/local-> /, "name text DEFAULT 'a;b');\r"],
      [/CREATE TABLE[\s\S]*local=> /, "BEGIN; SELECT 1/0;\r"],
      [/division by zero[\s\S]*local=!> /, "ROLLBACK;\r"],
      [/ROLLBACK[\s\S]*local=> /, "\\dt\r"],
      [/\(1 row\)[\s\S]*local=> /, "\\dt nothere*\r"],
      [/any relation named "nothere\*"\.[\s\S]*local=> /, "\\d nothere\r"],
      [/any relation named "nothere"\.[\s\S]*local=> /, "\\d T?\r"],
      [/any relation named "T\?"\.[\s\S]*local=> /, "\\df\r"],
      [/any functions\.[\s\S]*local=> /, "\\df pg_catalog.pg_relation_size*\r"],
      [/\(2 rows\)[\s\S]*local=> /, "\\x\r"],
      [/display is on[\s\S]*local=> /, "SELECT 7 AS seven, 'a' AS b;\r"],
      [/RECORD 1[\s\S]*b {5}\| a[\s\S]*local=> /, "\\x\r"],
      [/display is off[\s\S]*local=> /, "\\d public.T\r"],
      [/Table "public\.t"[\s\S]*PRIMARY KEY \(id\)[\s\S]*local=> /, "\\du\r"],
      [/postgres[\s\S]*Superuser[\s\S]*local=> /, "\\i two.sql\r"],
      [/22[\s\S]*local=> /, "\\nonsense\r"],
      [/there is no command[\s\S]*local=> /, "\\copy t to 'x'\r"],
      [/Leave the shell:[\s\S]*COPY users TO STDOUT[\s\S]*local=> /, "help\r"],
      [/this help[\s\S]*local=> /, "SELECT 1\r"],
      [/local-> /, "quit\r"],
      [/Type \\q to quit[\s\S]*local-> /, "help\r"],
      [/Type \\\? for help[\s\S]*local-> /, "\\?\r"],
      [/this help[\s\S]*local-> /, CTRL_C],
      [/\^C[\s\S]*local=> /, "SELECT '\r"],
      [/local-> /, "\\q\r"],
      [/local-> /, "exit\r"],
      [/Ctrl-C throws away[\s\S]*local-> /, CTRL_C],
      [/\^C[\s\S]*local=> /, `SELECT 'thrown away${CTRL_C}`],
      [/\^C[\s\S]*local=> /, "ALTER ROLE postgres PASSWORD\r"],
      [/local-> /, "'hunter2'; BEGIN;\r"],
      [/BEGIN\r?\n[\s\S]*local=\*> /, "SELECT 'last' AS typed;\r"],
      [/typed[\s\S]*\(1 row\)[\s\S]*local=\*> /, CTRL_D],
    ],
  );
  expect(Bun.stripANSI(screen)).toContain("--> <input>:1:8\n");
  expect(screen).toContain(" public | t    | table | postgres");
  expect(screen).toContain("the transaction was not committed, so it is rolled back");
  expect(exitCode).toBe(0);
  const history = await project.read(".confiture_history");
  expect(history).toContain("SELECT 'last' AS typed;\n");
  expect(history).toContain("CREATE TABLE t (id int PRIMARY KEY,\nname text DEFAULT 'a;b');\n");
  expect(history).not.toContain("hunter2");
  expect((await stat(project.path(".confiture_history"))).mode & 0o777).toBe(0o600);

  const again = await atTerminal(
    project.dir,
    ["db", "shell"],
    [
      [PROMPT, UP],
      [/SELECT 'last'/, "\r"],
      [/\(1 row\)[\s\S]*local=> /, "quit;\r"],
    ],
  );
  expect(again).toMatchObject({ exitCode: 0, screen: expect.stringContaining(" last") });
});

test("Ctrl-C cancels the statement, and the session goes on", async () => {
  await using project = await executableProject();
  const { exitCode, screen } = await atTerminal(
    project.dir,
    ["db", "shell"],
    [
      [PROMPT, "SET application_name = 'kept'; SELECT pg_sleep(60);\r"],
      [/SET\r?\n/, CTRL_C],
      [/user request[\s\S]*local=> /, "SHOW application_name;\r"],
      [/kept\s+\(1 row\)[\s\S]*local=> /, CTRL_D],
    ],
  );
  expect({ exitCode, canceled: Bun.stripANSI(screen).includes("SQLSTATE: 57014") }).toEqual({
    exitCode: 0,
    canceled: true,
  });
});

test("a protected environment is only read", async () => {
  await using project = await executableProject();
  await project.write(
    "db/environments/live.yaml",
    environmentFile(project.server, project.database, "protected: true\n"),
  );
  const { screen } = await atTerminal(
    project.dir,
    ["db", "shell", "-e", "live"],
    [
      [/live=> /, "CREATE TABLE t ();\r"],
      [/read-only transaction[\s\S]*live=> /, "SELECT 1\r"],
      [/live-> /, "\\q\r"],
    ],
  );
  expect(screen).toContain("--write --yes live");
});

test("where nobody types, it runs what comes in", async () => {
  await using project = await temporaryProject({ "db/environments/local.yaml": EMBEDDED });
  const shell = (stdin: string, ...args: string[]) => runBinary(["db", "shell", ...args], { cwd: project.dir, stdin });
  expect(await shell("SELECT 1 AS one;\nSELECT 2")).toMatchObject({
    exitCode: 0,
    stdout: " one \n-----\n   1\n(1 row)\n\n ?column? \n----------\n        2\n(1 row)\n\n",
  });
  expect(readDocument(await shell("SELECT 1 AS one", "--format", "json"))).toMatchObject({
    results: [{ rows: [{ one: 1 }] }],
  });
  expect((await shell("SELECT 1;\nSELEC 2;\n")).stderr).toContain("<standard input>:2:1");
});
