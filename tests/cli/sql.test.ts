import { describe, expect, test } from "bun:test";
import { BINARY, peakMemory, runBinary, startBinary } from "../support/cli.ts";
import { long } from "../support/long.ts";
import { temporaryProject } from "../support/project.ts";
import { PSQL, psql } from "../support/psql.ts";
import { readDocument } from "./document.ts";
import { cliProject, environmentFile, executableProject, OLDEST_AND_NEWEST } from "./project.ts";

const EMBEDDED = "database:\n  engine: embedded\n  path: .confiture/local\n";

/** One statement or several, of every kind that prints something of its own. */
const SCRIPTS = {
  "types, to the left and right": `SELECT 1::int2 AS a, 2::int4 AS bb, 3::int8 AS ccc, 1.50::numeric AS d, 'NaN'::float8 AS e, 7::oid AS f,
    '12.5'::money::text AS g, true AS h, 'x'::text AS i, NULL::int AS j, NULL::text AS k, '2026-01-02'::date AS l, '{1,2}'::int[] AS m;`,
  "a row, no row, and no column":
    "SELECT 1 AS one; SELECT 1 AS none WHERE false; SELECT; SELECT FROM generate_series(1, 2);",
  "names wider than values, and the other way round": `SELECT 1 AS "a long name", 'a long value' AS b; SELECT 'abc' AS x, 'd' AS "five!";`,
  tags: `CREATE TABLE t (id int, name text); INSERT INTO t VALUES (1, 'a'), (2, 'b'); UPDATE t SET name = 'c' WHERE id = 2;
    BEGIN; DELETE FROM t WHERE id = 5; COMMIT; DROP TABLE t;`,
  "rows of statements that change": `CREATE TABLE t (id int, name text); INSERT INTO t VALUES (1, 'a') RETURNING *;
    UPDATE t SET name = 'b' RETURNING id; DELETE FROM t RETURNING name; DROP TABLE t;`,
  "values of several lines": `SELECT E'a\\nbb\\nccc' AS x, 1 AS n, E'\\n' AS y; SELECT E'first\\nsecond' AS "two
lines", 'z' AS z;`,
  "tabs, carriage returns and other control characters": `SELECT E'a\\tb' AS tab, E'a\\rb' AS cr, E'a\\x1b[31mb' AS esc, E'\\u0085' AS c1;`,
  "wide, combining and invisible characters": `SELECT '日本語' AS "名前", 'é' AS e, E'e\\u0301' AS combined, '🍓' AS emoji, 'ｶﾅ' AS half, '한국' AS ko, 'русский' AS ru;
    SELECT 'x' AS "日本", 'long enough' AS z;`,
  "COPY both ways":
    "CREATE TEMP TABLE c (id int, name text);\nCOPY c FROM stdin;\n1\ta\n2\t\\N\n\\.\nTABLE c; COPY c TO STDOUT;",
  "what explains": "EXPLAIN (COSTS OFF) SELECT 1; SHOW standard_conforming_strings;",
  "text that looks like something else": `SELECT '"quoted", and, commas' AS q, '\\.' AS dot, '' AS empty, NULL AS "null", ' ' AS space;`,
  nothing: "-- a comment\n;;",
};

describe.each(OLDEST_AND_NEWEST)("db sql as psql prints it, PostgreSQL %d", (major) => {
  test.skipIf(PSQL === null)("tables, tags and CSV", async () => {
    await using project = await cliProject({}, { major });
    const script = Object.entries(SCRIPTS)
      .map(([name, text]) => `SELECT '${name}' AS script;\n${text}`)
      .join("\n");
    await project.write("script.sql", script);
    const [table, theirTable, theirCsv] = await Promise.all([
      project.run(["db", "sql", "-f", "script.sql"]),
      psql(project.url, `SET search_path = pg_temp; ${script}`),
      psql(project.url, `SET search_path = pg_temp; ${script}`, ["--csv", "-q"]),
    ]);
    expect({ stdout: `SET\n${table.stdout}`, exitCode: table.exitCode }).toEqual(theirTable);
    // Tags are no CSV: they go to standard error.
    const csv = await project.run(["db", "sql", "-f", "script.sql", "--format", "csv"]);
    expect({ stdout: csv.stdout, exitCode: csv.exitCode }).toEqual(theirCsv);
    expect(csv.stderr).toContain("CREATE TABLE\n");
  });
});

test("a large table is printed in parts, each aligned, with one heading and one count", async () => {
  await using project = await cliProject();
  const { stdout } = await project.succeed(["db", "sql", "SELECT n, 'x' AS x FROM generate_series(1, 10001) AS n"]);
  const lines = stdout.split("\n");
  expect(lines.slice(0, 3)).toEqual(["   n   | x ", "-------+---", "     1 | x"]);
  expect(lines.slice(-4)).toEqual([" 10001 | x", "(10001 rows)", "", ""]);
  expect(lines.filter((line) => line.includes("---"))).toHaveLength(1);
});

test("JSON: values as they are, names that come twice, and what failed in the middle", async () => {
  await using project = await cliProject();
  const json = async (sql: string) => readDocument(await project.run(["db", "sql", sql, "--format", "json"]));
  const values = await project.run([
    "db",
    "sql",
    `SELECT 1 AS n, 12345678901234567890::numeric AS big, 'NaN'::float8 AS nan, true AS yes, NULL AS nothing, E'{"a":\\n\\t[1]}'::json AS j,
       E'\\u202e\\x1b' AS bidi, 2 AS n; CREATE TEMP TABLE t (); COPY (SELECT 1, E'ä"') TO STDOUT`,
    "--format",
    "json",
  ]);
  expect(values.stdout).toContain('"big": 12345678901234567890');
  expect(values.stdout).not.toContain("\u202e");
  expect(values.stdout).not.toContain("\u001b");
  expect(readDocument(values)).toMatchObject({
    ok: true,
    results: [
      {
        columns: ["n", "big", "nan", "yes", "nothing", "j", "bidi", "n_2"],
        rows: [{ n: 1, nan: "NaN", yes: true, nothing: null, j: { a: [1] }, bidi: "\u202e\u001b", n_2: 2 }],
        command: "SELECT 1",
      },
      { command: "CREATE TABLE" },
      { copied: '1\tä"\n', command: "COPY 1" },
    ],
  });
  expect(await json("SELECT 1 AS a; SELECT 6 / (2 - n) AS x FROM generate_series(1, 5) AS n; SELECT 3")).toMatchObject({
    ok: false,
    exitCode: 1,
    results: [{ rows: [{ a: 1 }] }, { rows: [{ x: 6 }], command: null }],
    error: { code: "sql_failed", server: { sqlstate: "22012" } },
  });
  expect(await json("SELECT 1; SELECT nope")).toMatchObject({ error: { server: { completedStatements: 1 } } });
  expect(await json("BEGIN; SELECT 1")).toMatchObject({ ok: true, rolledBack: true });
  expect(await json("SELECT 1; COPY (SELECT 1) TO STDOUT (FORMAT binary)")).toMatchObject({
    ok: false,
    error: { code: "usage", location: { column: 11 } },
  });
  expect(await json("")).toMatchObject({ ok: true, results: [] });
  expect(await json("SELECT 'open")).toMatchObject({ ok: false, error: { code: "sql_unterminated" } });
});

test("an error names file, line and column; what ran before it is done, and nothing behind it", async () => {
  await using project = await cliProject({
    "report.sql": "CREATE TABLE kept ();\nSELECT 1;\n\nSELECT nme FROM pg_class;\nCREATE TABLE never ();\n",
  });
  const file = await project.run(["db", "sql", "-f", "report.sql"]);
  expect(file).toMatchObject({ exitCode: 1, stdout: expect.stringContaining("(1 row)") });
  expect(file.stderr).toContain("--> report.sql:4:8\n4 | SELECT nme FROM pg_class;\n  |        ^\n");
  expect(await project.query("SELECT to_regclass('kept')::text AS kept, to_regclass('never')::text AS never")).toEqual([
    { kept: "kept", never: null },
  ]);
  expect((await project.run(["db", "sql", "SELECT 1; SELEC 2"])).stderr).toContain("--> <command line>:1:11\n");
  const input = await project.run(["db", "sql", "-f", "-"], { stdin: "SELECT 1;\nSELEC 2;\n" });
  expect(input).toMatchObject({ exitCode: 1, stdout: expect.stringContaining("(1 row)") });
  expect(input.stderr).toContain("--> <standard input>:2:1\n");
  expect((await project.run(["db", "sql", "\\d users"])).stderr).toContain("is a command of psql");
  expect((await project.run(["db", "sql", "\\copy t to stdout"])).stderr).toContain("COPY users TO STDOUT");
});

test("the command line: SQL or a file, and one of them", async () => {
  await using project = await cliProject();
  expect((await project.run(["db", "sql"])).exitCode).toBe(2);
  expect((await project.run(["db", "sql", "SELECT 1", "-f", "x.sql"])).exitCode).toBe(2);
  const missing = await project.run(["db", "sql", "-f", "missing.sql"]);
  expect(missing).toMatchObject({ exitCode: 1, stdout: "" });
  expect(missing.stderr).toContain("missing.sql");
  const comment = await project.run(["db", "sql", "-- monthly\nSELECT 1"]);
  expect(comment).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('confiture db sql -- "-- monthly') });
  expect((await project.succeed(["db", "sql", "--", "-- monthly\nSELECT 1"])).stdout).toContain("(1 row)");
  expect((await project.run(["db", "sql", "-f", "/dev/null"])).stderr).toContain(
    "Standard input is read as well: -f -",
  );
  const psqls = await project.run(["db", "sql", "\\dt"]);
  expect(psqls.exitCode).toBe(1);
  expect(psqls.stderr).toMatch(/confiture db shell\n.*FROM pg_tables/);
  const open = await project.run(["db", "sql", "BEGIN; CREATE TABLE gone ()"]);
  expect(open).toMatchObject({ exitCode: 0, stderr: expect.stringContaining("was not committed") });
  expect(await project.query("SELECT to_regclass('gone') AS gone")).toEqual([{ gone: null }]);
  expect(
    (await project.succeed(["db", "sql", "DO $$ BEGIN RAISE NOTICE 'hello' USING HINT = 'there'; END $$"])).stderr,
  ).toContain("NOTICE:  hello\n  HINT:  there\n");
});

test("a protected environment is only read, whatever the statements try, until --write and its name allow more", async () => {
  await using project = await cliProject();
  await project.write(
    "db/environments/live.yaml",
    environmentFile(project.server, project.database, "protected: true\n"),
  );
  await project.query("CREATE TABLE t AS SELECT 1 AS id");
  const live = (...args: string[]) => project.run(["db", "sql", "-e", "live", ...args]);
  expect(await live("SELECT * FROM t")).toMatchObject({ exitCode: 0, stdout: " id \n----\n  1\n(1 row)\n\n" });
  const attempts = [
    "DELETE FROM t",
    "SELECT 1; DELETE FROM t",
    "BEGIN; DELETE FROM t; COMMIT",
    "BEGIN READ WRITE; DELETE FROM t; COMMIT",
    "SET default_transaction_read_only = off; DELETE FROM t",
    "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE; DELETE FROM t",
    "SELECT set_config('default_transaction_read_only', 'off', false); DELETE FROM t",
    "DO $$ BEGIN PERFORM set_config('default_transaction_' || 'read_only', 'off', false); END $$; DELETE FROM t",
    "RESET ALL; DELETE FROM t",
    "BEGIN; ROLLBACK; DELETE FROM t",
    "VACUUM FULL t",
    "CREATE TEMP TABLE mine ()",
    "BEGIN; LOCK TABLE t; COMMIT",
    "REINDEX TABLE t",
    "ALTER SYSTEM SET work_mem = '5MB'",
    "COPY (SELECT id FROM t) TO PROGRAM 'cat > /dev/null'",
    "COPY t TO '/tmp/confiture-written'",
    "DO $$ BEGIN COMMIT; SET TRANSACTION READ WRITE; DELETE FROM t; END $$",
    "SELECT lo_from_bytea(0, 'x')",
    'SELECT pg_catalog."lo_unlink" (1)',
    "DO $$ BEGIN PERFORM lo_creat(-1); END $$",
    `BEGIN; SET U&"transaction!005fread!005fonly" UESCAPE '!' = off; DELETE FROM t; COMMIT`,
  ];
  for (const sql of attempts) {
    const result = await live(sql);
    expect({ sql, exitCode: result.exitCode === 0 }).toEqual({ sql, exitCode: false });
    expect(result.stderr).toContain("--write --yes live");
  }
  expect((await live('COPY (SELECT id AS "TO" FROM t) TO STDOUT')).stdout).toBe("1\n");
  expect((await live("SELECT 'lo_unlink(1)' AS lo_unlink; DO $$ BEGIN PERFORM 1; END $$")).exitCode).toBe(0);
  // What docs/using-the-database.md says is not stopped.
  expect((await live("NOTIFY x; ANALYZE t; SELECT pg_advisory_lock(1)")).exitCode).toBe(0);
  expect((await live("--write", "DELETE FROM t")).exitCode).toBe(2);
  expect((await live("--write", "--yes", "local", "DELETE FROM t")).exitCode).toBe(2);
  expect((await live("--yes", "live", "DELETE FROM t")).exitCode).toBe(1);
  expect(await project.query("SELECT count(*)::int AS n FROM t")).toEqual([{ n: 1 }]);
  expect(await live("--write", "--yes", "live", "DELETE FROM t")).toMatchObject({ exitCode: 0, stdout: "DELETE 1\n" });
});

test("text is in UTF-8, also behind a client_encoding that the SQL sets", async () => {
  await using project = await cliProject({ "db/environments/inside.yaml": EMBEDDED });
  const sql = "SET client_encoding TO 'LATIN1'; SELECT chr(233) AS x, octet_length('é') AS n; SHOW client_encoding";
  for (const environment of ["local", "inside"]) {
    const { stdout } = await project.succeed(["db", "sql", "-q", "-e", environment, "--format", "json", sql]);
    expect(JSON.parse(stdout)).toMatchObject({
      results: [{}, { rows: [{ x: "é", n: 2 }] }, { rows: [{ client_encoding: "UTF8" }] }],
    });
  }
});

test("the embedded engine, over several runs", async () => {
  await using project = await temporaryProject({ "db/environments/local.yaml": EMBEDDED });
  const sql = (...args: string[]) => runBinary(["db", "sql", ...args], { cwd: project.dir });
  expect(await sql("CREATE TABLE t (id int, name text); INSERT INTO t VALUES (1, 'é')")).toMatchObject({
    exitCode: 0,
    stdout: "CREATE TABLE\nINSERT 0 1\n",
  });
  const input = {
    cwd: project.dir,
    stdin: "COPY t FROM stdin;\n2\t\\N\n\\.\nTABLE t;\nCOPY t TO STDOUT;\nSELECT 1/0;",
  };
  const result = await runBinary(["db", "sql", "-f", "-"], input);
  expect(result).toMatchObject({
    exitCode: 1,
    stdout: "COPY 1\n id | name \n----+------\n  1 | é\n  2 | \n(2 rows)\n\n1\té\n2\t\\N\n",
  });
  expect(result.stderr).toContain("<standard input>:6:1");
});

test("COPY FROM STDIN in an argument reads what is piped in, as psql does, and is refused where there are no rows", async () => {
  await using project = await executableProject({
    "db/environments/inside.yaml": EMBEDDED,
    "without.sql": "SELECT 1;\nCOPY t FROM stdin;\n",
  });
  for (const environment of ["local", "inside"]) {
    const sql = (stdin: string, ...args: string[]) => project.run(["db", "sql", "-e", environment, ...args], { stdin });
    await sql("", "CREATE TABLE t (id int, name text)");
    expect(await sql("7\tzed\n8\té", "COPY t FROM stdin; TABLE t")).toMatchObject({
      exitCode: 0,
      stdout: "COPY 2\n id | name \n----+------\n  7 | zed\n  8 | é\n(2 rows)\n\n",
    });
    const failed = await sql("9\ta\nnine\ta\n", "COPY t FROM stdin");
    expect(failed).toMatchObject({ exitCode: 1, stdout: "" });
    expect(failed.stderr).toMatch(/<command line>:1:1\n[^]*COPY t, line 2, column id/);
    const second = await sql("9\ta\n", "COPY t FROM stdin; SELECT 1; COPY t FROM stdin");
    expect(second).toMatchObject({ exitCode: 1, stdout: "" });
    expect(second.stderr).toContain("<command line>:1:30");
    const without = await sql("9\ta\n", "-f", "without.sql");
    expect(without).toMatchObject({ exitCode: 1, stdout: "" });
    expect(without.stderr).toMatch(/No rows follow this COPY[^]*without\.sql:2:1[^]*COPY users FROM STDIN" < FILE/);
    expect((await sql("", "COPY t TO STDOUT")).stdout).toBe("7\tzed\n8\té\n");
  }
});

test("COPY with the name of a file is refused on the embedded engine, and on a server it is said whose file that is", async () => {
  await using project = await cliProject({ "db/environments/inside.yaml": EMBEDDED });
  const refused = async (environment: string, sql: string) => {
    const { stderr, exitCode, stdout } = await project.run(["db", "sql", "-e", environment, sql]);
    expect({ sql, exitCode, stdout }).toEqual({ sql, exitCode: 1, stdout: "" });
    return stderr;
  };
  await project.succeed(["db", "sql", "-e", "inside", "CREATE TABLE t (id int)"]);
  expect(await refused("inside", "COPY t TO '/tmp/t.csv'")).toContain(
    'confiture db sql -e inside "COPY users TO STDOUT" > FILE',
  );
  expect(await refused("inside", "COPY t FROM '/tmp/t.csv'")).toContain('"COPY users FROM STDIN" < FILE');
  expect(await refused("inside", "COPY t TO PROGRAM 'cat'")).toContain("runs no programs");
  // From whatever code; what it catches, it may go on from.
  const inCode = (sql: string) => `DO $$ BEGIN EXECUTE 'COPY t ${sql}'; END $$`;
  expect(await refused("inside", inCode("TO ''/tmp/t.csv''"))).toContain("Read-only file system");
  expect(await refused("inside", inCode("TO ''/dev/shm/t.csv''"))).toContain("Read-only file system");
  expect(await refused("inside", inCode("FROM PROGRAM ''cat''"))).toContain("runs no programs");
  expect(await refused("inside", "CREATE TABLESPACE t LOCATION '/tmp'")).toContain("Read-only file system");
  await project.query("CREATE TABLE t (id int)");
  const missing = await refused("local", "COPY t FROM '/confiture/nothing'");
  expect(missing).toMatch(/on the server's machine\.[^]*"COPY users FROM STDIN" < FILE/);
  expect(missing).not.toContain("extension");

  // What stands before it in the transaction is not kept, and nothing is recorded.
  await project.write(
    "db/migrations/001_t.sql",
    "DROP TABLE t;\nCREATE TABLE u (id int);\nCOPY u FROM '/tmp/u.csv';\n",
  );
  const { exitCode, stderr } = await project.run(["migrate", "up", "-e", "inside"]);
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("001_t.sql:3:1") });
  expect((await project.run(["migrate", "status", "-e", "inside"])).stdout).toContain("001_t (pending)");
  await project.succeed(["db", "sql", "-e", "inside", "TABLE t"]);
});

const ENDLESS =
  "SELECT a, b, c FROM generate_series(1, 1000) AS a, generate_series(1, 1000) AS b, generate_series(1, 1000) AS c";

long("a result of a million rows needs little memory, and a reader that has seen enough ends it", async () => {
  await using project = await executableProject({ "db/environments/inside.yaml": EMBEDDED });
  for (const [environment, rows, megabytes] of [
    ["local", 1_000_000, 300],
    ["inside", 400_000, 400],
  ] as const) {
    const sql = `SELECT n, repeat('x', 40) AS x FROM generate_series(1, ${rows}) AS n`;
    const all = await startBinary(["db", "sql", "-e", environment, "--format", "csv", sql], { cwd: project.dir });
    const [memory, result] = await Promise.all([peakMemory(all.process), all.result]);
    expect(result.stdout.length).toBeGreaterThan(rows * 40);
    expect(result.exitCode).toBe(0);
    expect(memory / 2 ** 20).toBeLessThan(megabytes);
  }
  for (const [environment, formats] of [
    ["local", ["human", "json"]],
    ["inside", ["csv"]],
  ] as const) {
    for (const [format, behind, said] of [
      ...formats.map((one) => [one, "", ""] as const),
      ["human", "; CREATE TABLE behind ()", "Nobody reads the results any more, so the rest was not run"] as const,
    ]) {
      const command = `"$0" db sql -q -e ${environment} --format ${format} "${ENDLESS}${behind}" | head -n 1; echo "\${PIPESTATUS[0]}"`;
      const child = Bun.spawn(["bash", "-c", command, BINARY], { cwd: project.dir, stdout: "pipe", stderr: "pipe" });
      const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
      expect({ environment, format, lines: stdout.split("\n").length, exit: stdout.trim().split("\n").at(-1) }).toEqual(
        {
          environment,
          format,
          lines: 3,
          // As of a program that SIGPIPE ends.
          exit: "141",
        },
      );
      if (said === "") expect(stderr).toBe("");
      else expect(stderr).toContain(said);
    }
  }
  expect(
    await project.query("SELECT count(*)::int AS n FROM pg_stat_activity WHERE query LIKE 'SELECT a, b, c %'"),
  ).toEqual([{ n: 0 }]);
});

test("where nobody reads what a change returns, it is told whether the change is there", async () => {
  await using project = await executableProject({ "db/environments/inside.yaml": EMBEDDED });
  for (const environment of ["local", "inside"]) {
    const counted = async (): Promise<unknown> => {
      const { stdout } = await project.succeed(["db", "sql", "-e", environment, "--format", "csv", "TABLE counted"]);
      return Number(stdout.split("\n")[1]);
    };
    const unread = async (sql: string, reader: string): Promise<{ exit: string; stderr: string }> => {
      const command = `"$0" db sql -q -e ${environment} "${sql}" | ${reader}; echo "\${PIPESTATUS[0]}"`;
      const child = Bun.spawn(["bash", "-c", command, BINARY], { cwd: project.dir, stdout: "pipe", stderr: "pipe" });
      const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
      return { exit: stdout.trim().split("\n").at(-1)!, stderr };
    };
    await project.succeed([
      "db",
      "sql",
      "-e",
      environment,
      "CREATE TABLE made (n int); CREATE VIEW counted AS SELECT count(*) FROM made",
    ]);
    // A server may be done before it is known that nobody reads; the embedded engine is not.
    const many = "INSERT INTO made SELECT generate_series(1, 300000) RETURNING *";
    const large = await unread(many, "head -n 1");
    expect(large.exit).toBe("141");
    const isDone = large.stderr.includes("every statement was run");
    if (!isDone) expect(large.stderr).toContain("what it did is undone");
    if (environment === "inside") expect(isDone).toBe(false);
    const before = isDone ? 300_000 : 0;
    expect(await counted()).toBe(before);

    const small = await unread("INSERT INTO made VALUES (0) RETURNING *", "exec 0<&-");
    expect(small).toMatchObject({ exit: "141", stderr: expect.stringContaining("every statement was run") });
    expect(await counted()).toBe(before + 1);

    // What fails by itself is told as it is, where it was run at all.
    const failed = await unread(
      "INSERT INTO made VALUES (0) RETURNING *; INSERT INTO made VALUES (1 / 0)",
      "exec 0<&-",
    );
    const said = environment === "local" ? "division by zero" : "What was run before is done";
    expect(failed).toMatchObject({
      exit: environment === "local" ? "1" : "141",
      stderr: expect.stringContaining(said),
    });
  }
});

test("SIGINT cancels the statement and exits with 130", async () => {
  await using project = await executableProject({ "db/environments/inside.yaml": EMBEDDED });
  const running = await startBinary(["db", "sql", "CREATE TABLE before (); SELECT pg_sleep(60)"], { cwd: project.dir });
  const sleeping =
    "SELECT count(*)::int AS n FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'SELECT pg_sleep(60)%'";
  while ((await project.query(sleeping))[0]?.["n"] !== 1) await Bun.sleep(20);
  running.process.kill("SIGINT");
  expect(await running.result).toMatchObject({ exitCode: 130, stdout: "CREATE TABLE\n" });
  expect(await project.query(sleeping)).toEqual([{ n: 0 }]);
  expect(await project.query("SELECT to_regclass('before')::text AS before")).toEqual([{ before: "before" }]);
  const changing = await startBinary(
    ["db", "sql", "CREATE TABLE kept (); CREATE TABLE undone AS SELECT 1 AS n FROM pg_sleep(60)"],
    { cwd: project.dir },
  );
  const making = sleeping.replace("SELECT pg_sleep(60)", "CREATE TABLE undone");
  while ((await project.query(making))[0]?.["n"] !== 1) await Bun.sleep(20);
  changing.process.kill("SIGINT");
  const stopped = await changing.result;
  expect(stopped.exitCode).toBe(130);
  expect(stopped.stderr).toContain("what it did is undone, unless it works outside of transactions. Those before it");
  expect(await project.query("SELECT to_regclass('kept')::text AS kept, to_regclass('undone') AS undone")).toEqual([
    { kept: "kept", undone: null },
  ]);
  // The embedded engine keeps the thread; another one hears the signal.
  const told = "CREATE TABLE before (); DO $$ BEGIN RAISE NOTICE 'made'; END $$; SELECT pg_sleep(60)";
  const inside = await startBinary(["db", "sql", "-e", "inside", told], { cwd: project.dir });
  await inside.says("made");
  await Bun.sleep(1000);
  inside.process.kill("SIGINT");
  expect(await inside.result).toMatchObject({ exitCode: 130, stdout: "CREATE TABLE\nDO\n" });
});
