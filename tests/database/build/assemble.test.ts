import { describe, expect, test } from "bun:test";
import { runStatements } from "#database/run-script.ts";
import { parseScript } from "#database/script.ts";
import { newestAndEmbedded, newestServer, serverEngines, type TestEngine } from "../../support/engines.ts";
import { failureOf, placeOf } from "../failure.ts";
import { type Building, building } from "./building.ts";
import { fingerprint } from "./catalogue.ts";

/** Files that are awkward to put one behind the other. */
const FILES: Record<string, string> = {
  "00_schema.sql": "\ufeffCREATE SCHEMA app;\r\nSET search_path = app;\r\n",
  "10_users.sql": "CREATE TABLE users (id int PRIMARY KEY, name text DEFAULT 'a;b') -- no semicolon, no line end",
  "11_nothing.sql": "-- nothing at all",
  "12_comment.sql": "CREATE TYPE mood AS ENUM ('x') /* open-ended */ -- ;",
  "20_wrapped.sql": "BEGIN;\nCREATE VIEW v AS SELECT id FROM users;\nCOMMIT",
  "21_wrapped.sql": "-- a comment\nBEGIN; -- begins\nCREATE INDEX i ON users (name);\nCOMMIT; -- ends\n",
  "30_dump.sql":
    "\\restrict abc\nCREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS $$ SELECT $1; $$;\n\\unrestrict abc\n",
  "40_data.sql": "COPY users FROM stdin;\n1\tone\n2\t\\N",
  "41_data.sql":
    "COPY users FROM stdin;\r\n3\tthree\r\n\\.\r\nCREATE FUNCTION g() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 2; END;",
  "50_trigger.sql":
    "CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';;\nCREATE TRIGGER t BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION tf()\n\n",
  "60_comment.sql": "COMMENT ON TABLE users IS E'it\\'s; \ud83c\udf53\\nnew line'",
};

const PSQL = Bun.which("psql");

/** Runs a script in one transaction, as a user without this tool would. */
async function runWithPsql(b: Building, script: string): Promise<void> {
  await b.project.write("script.sql", script);
  const child = Bun.spawn(
    [
      PSQL!,
      "--no-psqlrc",
      "--quiet",
      "--single-transaction",
      "-v",
      "ON_ERROR_STOP=1",
      "-f",
      b.project.path("script.sql"),
      b.url!,
    ],
    { stdout: "pipe", stderr: "pipe" },
  );
  const [stderr, exitCode] = await Promise.all([child.stderr.text(), child.exited]);
  if (exitCode !== 0) throw new Error(`psql exited with ${exitCode}: ${stderr}`);
}

async function runWithStatements(b: Building, script: string): Promise<void> {
  await b.database.execute("BEGIN");
  await runStatements(b.database, parseScript({ file: "script.sql", text: script }));
  await b.database.execute("COMMIT");
}

async function expectSame(engine: TestEngine, run: typeof runWithPsql): Promise<void> {
  await using built = await building(engine, FILES);
  await built.build();
  await using other = await building(engine, FILES);
  await run(other, other.assemble());
  for (const b of [built, other]) await b.database.execute("RESET ALL");
  const lines = await fingerprint((sql) => built.query(sql));
  expect(lines.length).toBeGreaterThan(15);
  expect(await fingerprint((sql) => other.query(sql))).toEqual(lines);
  const data = "SELECT id, name FROM app.users ORDER BY id";
  expect(await other.query(data)).toEqual(await built.query(data));
  expect(await other.query(data)).toEqual([
    { id: 1, name: "one" },
    { id: 2, name: null },
    { id: 3, name: "three" },
  ]);
}

for (const engine of newestAndEmbedded) {
  describe(engine.name, () => {
    test("the assembled script in one transaction makes what the build makes", async () => {
      await expectSame(engine, runWithStatements);
    });
  });
}

for (const engine of newestServer) {
  describe(engine.name, () => {
    test.skipIf(PSQL === null)("psql makes of the assembled script what the build makes", async () => {
      await expectSame(engine, runWithPsql);
    });

    test("the script of a clean session for each file makes the same, too", async () => {
      const files = {
        "1.sql": "CREATE SCHEMA one; SET search_path = one; CREATE TABLE a (id int); SET ROLE pg_monitor",
        "2.sql": "CREATE TABLE b AS SELECT current_user::text AS who",
      };
      await using built = await building(engine, files);
      await built.build({ resetBetweenFiles: true });
      await using other = await building(engine, files);
      await runWithStatements(other, other.assemble({ resetBetweenFiles: true }));
      expect(await fingerprint((sql) => other.query(sql))).toEqual(await fingerprint((sql) => built.query(sql)));
      expect(await other.query("SELECT * FROM public.b")).toEqual([{ who: "postgres" }]);
    });
  });
}

const [engine] = serverEngines;
describe.skipIf(engine === undefined)("the script", () => {
  test("is the same bytes each time, whatever the clock, the user or the folder", async () => {
    await using one = await building(engine!, FILES);
    await using two = await building(engine!, Object.fromEntries(Object.entries(FILES).toReversed()));
    const script = one.assemble();
    expect(one.assemble()).toBe(script);
    expect(two.assemble()).toBe(script);
    expect(script).not.toContain(one.project.dir);
  });

  test("names each file, keeps its text, and loses what only the file needed", async () => {
    await using b = await building(engine!, FILES);
    const script = b.assemble();
    for (const name of Object.keys(FILES)) expect(script).toContain(`-- File: db/schema/${name}\n`);
    expect(script).not.toContain("\ufeff");
    expect(script).not.toContain("restrict");
    expect(script).not.toMatch(/\bCOMMIT\b/);
    expect(script).toContain("-- begins");
    expect(script).toContain("\n2\t\\N\n\\.\n");
  });

  test("is refused as a whole when a file cannot be run", async () => {
    await using b = await building(engine!, { ...FILES, "99.sql": "SELECT 1;\nROLLBACK;" });
    const error = await failureOf(() => b.assemble());
    expect(error.code).toBe("sql_transaction_control");
    expect(placeOf(error)).toBe("db/schema/99.sql:2:1");
  });

  test("of files with transactions of their own keeps them where the build keeps them", async () => {
    await using b = await building(engine!, {
      "1.sql": "BEGIN;\nCREATE TABLE a (id int);\nCOMMIT;\nCREATE INDEX CONCURRENTLY i ON a (id);\n",
    });
    const script = b.assemble({ transaction: false });
    expect(script).toContain("BEGIN;\nCREATE TABLE a (id int);\nCOMMIT;\n");
    for (const statement of parseScript({ file: "s.sql", text: script }).statements)
      await b.database.execute(statement.text);
    expect(await b.relations()).toEqual(["a", "i"]);
  });
});
