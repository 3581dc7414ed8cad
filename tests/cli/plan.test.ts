import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { cliProject, databaseUrl, environmentFile, OLDEST_AND_NEWEST } from "./project.ts";
import { readDocument } from "./document.ts";
import { runHere } from "../support/in-process.ts";
import { ROOT } from "../support/postgres-binaries.ts";
import { NEWEST_ALONE } from "../support/servers.ts";
import { commitAll } from "../support/git.ts";
import { long } from "../support/long.ts";
import { temporaryProject } from "../support/project.ts";

const FILES = {
  "db/migrations/1_users.sql":
    "CREATE TABLE users (id serial PRIMARY KEY, email text NOT NULL, bio text);\nCREATE VIEW mails AS SELECT email FROM users;\n",
};
const TYPE =
  "-- migrate:up\nALTER TABLE users ADD token uuid DEFAULT gen_random_uuid();\n-- migrate:down\nALTER TABLE users DROP token;\n";
const CHECK = "ALTER TABLE users ADD CHECK (email <> '');\n";

async function embedded(files: Readonly<Record<string, string>>) {
  return await temporaryProject({
    "db/environments/local.yaml": "database:\n  engine: embedded\n",
    ...FILES,
    ...files,
  });
}

describe.each(OLDEST_AND_NEWEST)("migrate plan on PostgreSQL %d", (major) => {
  test("says which statements policies keep from running, for the role that would run them", async () => {
    await using project = await cliProject({}, { major });
    const role = `plan_owner_${process.pid}_${major}`;
    await project.query(`CREATE ROLE ${role} LOGIN PASSWORD 'poor'; GRANT ALL ON SCHEMA public TO ${role}; SET ROLE ${role};
      CREATE TABLE docs (id int PRIMARY KEY, a text); CREATE TABLE open_docs (id int, a text);
      ALTER TABLE docs ENABLE ROW LEVEL SECURITY; ALTER TABLE docs FORCE ROW LEVEL SECURITY;
      CREATE POLICY none ON docs USING (false) WITH CHECK (true); RESET ROLE`);
    const owner = databaseUrl(project.server, project.database, "poor").replace(/\/\/[^:]+:/, `//${role}:`);
    const failing = async (...of: readonly string[]): Promise<unknown[]> => {
      const result = await project.run(["migrate", "plan", "--format", "json", ...of]);
      const { migrations } = readDocument(result) as unknown as {
        readonly migrations: readonly {
          readonly statements: readonly { readonly line: number; readonly weight: string }[];
        }[];
      };
      const found = migrations.flatMap(({ statements }) =>
        statements.flatMap(({ line, weight }) => (weight === "fails" ? [line] : [])),
      );
      expect(result.exitCode).toBe(found.length > 0 ? 3 : 0);
      return found;
    };
    try {
      await project.write(
        "db/migrations/1_a.sql",
        [
          "ALTER TABLE docs ADD b text, ADD CHECK (id > 0);",
          "UPDATE open_docs SET a = 'x';",
          "CREATE INDEX ON docs (b);",
          "UPDATE docs SET b = a;",
          "INSERT INTO open_docs SELECT id, a FROM docs;",
          "CREATE TABLE copies AS SELECT * FROM docs;",
          "ALTER TABLE docs NO FORCE ROW LEVEL SECURITY;",
          "UPDATE docs SET b = a;",
        ].join("\n"),
      );
      await project.write("db/migrations/2_b.sql", "INSERT INTO docs VALUES (1, 'a', 'b');\n");
      expect(await failing("--database-url", owner)).toEqual([4, 5, 6]);
      expect(await failing("--database-url", `${owner}?options=-c%20row_security%3Don`)).toEqual([]);
      expect(await failing()).toEqual([]);
    } finally {
      await project.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
    }
  }, 120_000);

  test("says what is pending there, the worst first, with its size; nothing runs there", async () => {
    await using project = await cliProject(FILES, { major });
    await project.succeed(["migrate", "up"]);
    await project.query("INSERT INTO users (email) SELECT 'a' || n FROM generate_series(1, 5000) n");
    await project.query("ANALYZE users");
    await project.write("db/migrations/2_note.sql", "ALTER TABLE users ADD note text;\n");
    await project.write("db/migrations/3_token.sql", TYPE);
    const before = await project.snapshot();
    const { stdout } = await project.succeed(["migrate", "plan"]);
    expect(stdout.split("\n").slice(1, 3).join("").replaceAll(/\s+/g, " ")).toContain(
      "Worst: db/migrations/3_token.sql:2 rewrites public.users: reads and writes wait until the migration commits",
    );
    expect(stdout).toMatch(/rewrites public\.users \(about 5,000 rows, \d+ kB, 1 index\)/);
    expect(stdout.split("\n").filter((line) => line.length > 80)).toEqual([]);
    // Nobody ran the way back: that there is one is all that is known.
    expect(stdout).toContain("3_token (one transaction, has a way back)");
    expect(stdout).toContain("2_note (one transaction, no way back)");
    const document = readDocument(await project.succeed(["migrate", "plan", "--format", "json"]));
    expect(document).toMatchObject({
      worst: { weight: "rewrite", file: "db/migrations/3_token.sql", line: 2 },
      migrations: [
        { version: "2", reversible: false, statements: [{ weight: "lock", how: "measured" }] },
        { version: "3", reversible: true, statements: [{ rewrites: [{ name: "public.users", rows: 5000 }] }] },
      ],
    });
    expect(await project.snapshot()).toBe(before);
    expect(readDocument(await project.succeed(["migrate", "plan", "--steps", "1", "--format", "json"]))).toMatchObject({
      migrations: [{ version: "2" }],
    });
    await project.write(
      "db/migrations/4_code.sql",
      "DO $$ BEGIN CREATE INDEX users_bio ON users (bio); ALTER TABLE users ADD tok uuid DEFAULT gen_random_uuid(); END $$;\nDO $$ BEGIN TRUNCATE users; END $$;\n",
    );
    const [built, emptied] = (await project.succeed(["migrate", "plan"])).stdout.split("4_code ")[1]!.split("TRUNCATE");
    expect(built).toContain("rewrites public.users (");
    expect(built).toContain("builds index public.users_bio");
    expect(emptied).toContain("loses data: deletes all rows of public.users");
    expect(emptied).not.toContain("rewrites");
  });

  test("leaves out what `up` would leave out, and a plan with a contract runs it", async () => {
    await using project = await cliProject(FILES, { major });
    await project.write(
      "db/environments/precious.yaml",
      environmentFile(project.server, project.database, "protected: true\n"),
    );
    await project.succeed(["migrate", "up"]);
    await project.write(
      "db/migrations/2_fill.sql",
      "-- migrate:up backfill:users change:bio\nUPDATE users SET bio = email WHERE bio IS NULL;\n",
    );
    await project.write("db/migrations/3_old.sql", "-- migrate:up phase:contract change:bio\nDROP VIEW mails;\n");
    const asked = ["-e", "precious", "--out", "plan.json"];
    const first = await project.succeed(["migrate", "plan", ...asked]);
    expect(first.stderr).toContain("Left out, as `up` would leave it out: 3_old waits");
    expect(first.stderr).toContain("confiture migrate up -e precious --contract bio");
    expect(first.stdout).toContain("2_fill (a backfill, in batches");
    expect(first.stdout).toContain("until their batch commits");
    expect(first.stdout).not.toContain("3_old");
    const { stdout } = await project.succeed(["migrate", "status", "-e", "precious"]);
    expect(stdout).toContain("confiture migrate up -e precious --contract bio");
    // What was left out is not missed.
    await project.succeed(["migrate", "up", "-e", "precious", "--plan", "plan.json"]);
    const ends = await project.query(
      "SELECT l.applied_at >= p.finished_at AS ends FROM confiture_migrations l JOIN confiture_migrations_progress p USING (version)",
    );
    expect(ends).toEqual([{ ends: true }]);
    await project.succeed(["migrate", "plan", ...asked, "--contract", "bio"]);
    await project.succeed(["migrate", "up", "-e", "precious", "--plan", "plan.json"]);
    expect(await project.query("SELECT version FROM confiture_migrations ORDER BY 1")).toHaveLength(3);
  });

  test("asks on a protected environment for what `up` asks for, also in a contract that runs by itself", async () => {
    await using project = await cliProject({
      "db/migrations/1_names.sql": "-- migrate:up phase:expand change:names\nCREATE TABLE t (id int, name text);\n",
      "db/migrations/2_names.sql": "-- migrate:up phase:contract change:names\nALTER TABLE t DROP COLUMN name;\n",
    });
    await project.succeed(["migrate", "up", "--to", "1"]);
    await project.write(
      "db/environments/local.yaml",
      environmentFile(project.server, project.database, "protected: true\nmigrations:\n  contract: auto\n"),
    );
    const what = "drops COLUMN name of TABLE t";
    const up = await project.run(["migrate", "up"]);
    expect(up).toMatchObject({ exitCode: 3, stderr: expect.stringContaining(`2_names.sql:2: ${what}`) });
    const plan = readDocument(await project.run(["migrate", "plan", "--format", "json"]));
    expect(plan).toMatchObject({ toConfirm: [{ file: "db/migrations/2_names.sql", line: 2, what }] });
  });

  test("tries conversions of timestamps in the time zone of the database", async () => {
    await using project = await cliProject(
      { "db/migrations/1_times.sql": "CREATE TABLE times (at timestamp);\n" },
      { major },
    );
    await project.succeed(["migrate", "up"]);
    await project.write("db/migrations/2_zone.sql", "ALTER TABLE times ALTER COLUMN at TYPE timestamptz;\n");
    for (const [zone, count] of [
      ["UTC", 0],
      ["Europe/Paris", 1],
    ] as const) {
      await project.query(`ALTER DATABASE "${project.database}" SET timezone = '${zone}'`);
      const { stdout } = await project.succeed(["migrate", "plan", "--format", "json"]);
      const [migration] = (JSON.parse(stdout) as { migrations: { statements: { rewrites: object[] }[] }[] }).migrations;
      expect({ zone, rewrites: migration?.statements[0]?.rewrites }).toMatchObject({
        zone,
        rewrites: Array.from({ length: count }, () => ({ name: "public.times" })),
      });
    }
  });

  test("takes sizes from a file that stats has written, which holds no rows", async () => {
    await using project = await cliProject(FILES, { major });
    await project.succeed(["migrate", "up"]);
    await project.query("INSERT INTO users (email) VALUES ('secret@example.com')");
    await project.query("ANALYZE users");
    const { stdout } = await project.succeed(["migrate", "stats"]);
    expect(stdout).not.toContain("secret");
    readDocument(await project.succeed(["migrate", "stats", "--format", "json"]));
    await project.write("stats.json", stdout.replace(/("name": "public.users",\s*"rows": )1/, "$1123456"));
    await project.write("db/migrations/2_token.sql", TYPE);
    expect((await project.succeed(["migrate", "plan", "--stats", "stats.json"])).stdout).toContain(
      "about 123,456 rows",
    );
  });
});

describe("migrate plan", () => {
  long(
    "exits with 3 when something cannot run, and 0 when it fails on some rows only",
    async () => {
      await using project = await embedded({ "db/migrations/2_a.sql": CHECK });
      const rows = await runHere(["migrate", "plan"], { cwd: project.dir });
      expect(rows).toMatchObject({ exitCode: 0 });
      await project.write("db/migrations/2_a.sql", "ALTER TABLE users ALTER bio SET NOT NULL;\n");
      await runHere(["migrate", "up", "--to", "1"], { cwd: project.dir });
      const nulls = await runHere(["migrate", "plan"], { cwd: project.dir });
      expect(nulls.exitCode).toBe(0);
      expect(nulls.stdout).toContain("fails on rows made up for this");
      await project.write("db/migrations/3_b.sql", "ALTER TABLE users DROP COLUMN email;\n");
      const refused = await runHere(["migrate", "plan"], { cwd: project.dir });
      expect(refused.exitCode).toBe(3);
      expect(refused.stdout).toContain("Worst: db/migrations/3_b.sql:1 fails:");
      await project.write("db/migrations/3_b.sql", "SELECT 'never ends\n");
      const cut = await runHere(["migrate", "plan", "--format", "json"], { cwd: project.dir });
      // As `up` would, before anything runs.
      expect(readDocument(cut)).toMatchObject({
        exitCode: 3,
        worst: { weight: "fails", file: "db/migrations/3_b.sql", line: 1 },
        migrations: [{}, { error: { code: "sql_unterminated" } }],
      });
      // Its name stands in front, and not once more.
      const shown = await runHere(["migrate", "plan"], { cwd: project.dir });
      expect(shown.stdout).toContain("Worst: db/migrations/3_b.sql:1 cannot run: ends inside a string\n");
      expect(shown.stdout).toContain("cannot run: db/migrations/3_b.sql:1 ends inside a string; none");
      await project.write("db/migrations/3_b.sql", "SELECT 1;\n\\echo hello\n");
      const why =
        "cannot run: db/migrations/3_b.sql:2 \\echo is a command of psql, not SQL; none of its statements was tried";
      for (const form of ["human", "markdown"]) {
        const told = await runHere(["migrate", "plan", "--format", form], { cwd: project.dir });
        expect(told.stdout.replaceAll(/\s+/g, " ").replaceAll("\\\\", "\\").replaceAll("\\_", "_")).toContain(why);
        expect(told.stdout.replaceAll("\\_", "_")).toContain("Worst: db/migrations/3_b.sql:2 cannot run: ");
      }
    },
    60_000,
  );

  test("says so when nothing is pending", async () => {
    await using project = await embedded({});
    await runHere(["migrate", "up"], { cwd: project.dir });
    expect(await runHere(["migrate", "plan"], { cwd: project.dir })).toMatchObject({
      exitCode: 0,
      stdout: "No pending migrations\n",
    });
    readDocument(await runHere(["migrate", "plan", "--format", "json"], { cwd: project.dir }));
  });

  long(
    "markdown stays below what a comment may hold, the worst first and the rest counted",
    async () => {
      const many = Array.from({ length: 700 }, (_, n) => `COMMENT ON TABLE users IS '${"x".repeat(100)} ${n}';`);
      await using project = await embedded({ "db/migrations/2_a.sql": many.join("\n"), "db/migrations/3_b.sql": TYPE });
      await runHere(["migrate", "up", "--to", "1"], { cwd: project.dir });
      const { stdout } = await runHere(["migrate", "plan", "--format", "markdown"], { cwd: project.dir });
      expect(stdout.length).toBeLessThanOrEqual(60_000);
      const rows = stdout.split("\n").filter((line) => line.startsWith("| db/"));
      expect(rows[0]).toStartWith("| db/migrations/3_b.sql:2 |");
      expect(stdout).toContain(`${701 - rows.length} more statements`);
    },
    60_000,
  );

  test("markdown of what cannot run has the reason, and no table without rows", async () => {
    await using project = await embedded({ "db/migrations/2_a.sql": "ALTER TABLE users ADD a text DEFAULT 'x;\n" });
    await runHere(["migrate", "up", "--to", "1"], { cwd: project.dir });
    const { stdout } = await runHere(["migrate", "plan", "--format", "markdown"], { cwd: project.dir });
    expect(stdout.replaceAll("\\", "")).toContain(
      "- `db/migrations/2_a.sql`: cannot run: db/migrations/2_a.sql:1 ends inside a string; none of its statements was tried",
    );
    expect(stdout).not.toContain("|");
  });

  test("says in markdown how each migration runs, what is held, and what was not seen, as it does to people", async () => {
    await using project = await embedded({
      "db/migrations/2_a.sql":
        "CREATE FUNCTION purge() RETURNS void LANGUAGE sql AS '';\nCREATE TABLE logs (id int);\nCREATE TABLE orders (id int);\n",
      "db/migrations/3_b.sql":
        "DROP TABLE IF EXISTS nothere;\nDROP FUNCTION purge;\nDROP TABLE orders;\nTRUNCATE logs;\nALTER TABLE users ADD q int;\n",
      "db/migrations/4_c.ts":
        'import { Migration } from "confiture";\nexport default class C extends Migration { up() { if (Date.now() < 1) this.execute("DROP TABLE users"); } }\n',
      "db/migrations/5_d.sql": "\\echo no SQL\n",
    });
    await runHere(["migrate", "up", "--to", "2"], { cwd: project.dir });
    const plan = async (format: string) =>
      (await runHere(["migrate", "plan", "--format", format], { cwd: project.dir })).stdout.replaceAll("\\", "");
    const markdown = await plan("markdown");
    const held = "ACCESS EXCLUSIVE on public.users, ACCESS EXCLUSIVE on public.logs, ACCESS EXCLUSIVE on public.orders";
    const branches = "has branches: what they did not lead into with the rows here was not seen";
    expect(markdown.split("\n").filter((line) => /^- `\d_/.test(line))).toEqual([
      `- \`3_b\`: one transaction, no way back; held until it commits: ${held}`,
      `- \`4_c\`: one transaction, no way back; ${branches}`,
      "- `5_d`: no way back",
    ]);
    const rows = markdown.split("\n").filter((line) => line.startsWith("| db/"));
    // Rows of tables before what holds none.
    expect(rows.map((row) => row.split(" | ")[1])).toEqual([
      "`DROP TABLE orders`",
      "`TRUNCATE logs`",
      "`DROP FUNCTION purge`",
      "`ALTER TABLE users ADD q int`",
      "`DROP TABLE IF EXISTS nothere`",
    ]);
    expect(rows.at(-1)).toContain(
      "nobody has to wait for it; drops nothing: there is no TABLE nothere here; a database that has it loses it",
    );
    const human = (await plan("human")).replaceAll(/\s+/g, " ");
    for (const words of [`Held until it commits: ${held}`, branches, "5_d (no way back)"]) {
      expect(human).toContain(words);
    }
    expect(human).not.toContain("rewrites");
  }, 60_000);

  test("names what people can see afterwards who could not before, in every form", async () => {
    await using project = await embedded({
      "db/migrations/2_open.sql": [
        "ALTER TABLE users ENABLE ROW LEVEL SECURITY;",
        "CREATE MATERIALIZED VIEW copied AS SELECT email FROM users;",
        "ALTER TABLE users ADD k uuid DEFAULT gen_random_uuid(), NO FORCE ROW LEVEL SECURITY;",
        "GRANT SELECT ON users TO PUBLIC;",
        "COPY users TO PROGRAM 'cat';",
      ].join("\n"),
    });
    await runHere(["migrate", "up", "--to", "1"], { cwd: project.dir });
    const exposures = [
      "rows of users to whoever may read MATERIALIZED VIEW copied, which has none of its policies",
      "every row of users to its owner (NO FORCE ROW LEVEL SECURITY)",
      "users to every role (GRANT SELECT TO PUBLIC)",
      "rows of users to a program on the server (COPY)",
    ];
    const plan = async (format: string) => await runHere(["migrate", "plan", "--format", format], { cwd: project.dir });
    const human = (await plan("human")).stdout.replaceAll(/\s+/g, " ");
    for (const exposure of exposures) expect(human).toContain(`exposes data: ${exposure}`);
    const rows = (await plan("markdown")).stdout.split("\n").filter((line) => line.startsWith("| db/"));
    for (const exposure of exposures) {
      const shown = `exposes ${exposure}`;
      expect({ shown, is: rows.some((row) => row.replaceAll("\\", "").includes(shown)) }).toEqual({ shown, is: true });
    }
    const document = readDocument(await plan("json"));
    expect(document).toMatchObject({
      migrations: [
        {
          statements: [
            { exposes: [], weight: "lock" },
            { exposes: [{ kind: "read-past-policies", what: exposures[0], by: null }], weight: "scan" },
            { exposes: [{ kind: "row-security-not-forced", what: exposures[1], by: null }], weight: "rewrite" },
            {
              exposes: [{ kind: "granted", what: exposures[2], by: null }],
              weight: "exposure",
              worst: `exposes ${exposures[2]}`,
            },
            { exposes: [{ kind: "copied-out", what: exposures[3], by: null }], how: "not-traced" },
          ],
        },
      ],
    });
  }, 60_000);

  test.each([
    ["", "stats_invalid", 4],
    ['{"format":"confiture-stats","version":2}', "stats_invalid", 4],
    ['{"format":"confiture-stats","version":1,"relations":[{"name":1}]}', "stats_invalid", 4],
    [undefined, "file_unreadable", 1],
  ])("a file of statistics that is none (%p) is refused before anything runs", async (text, code, exitCode) => {
    await using project = await embedded(text === undefined ? {} : { "s.json": text });
    const args = ["migrate", "plan", "--stats", "s.json", "--format", "json"];
    expect(readDocument(await runHere(args, { cwd: project.dir }))).toMatchObject({ exitCode, error: { code } });
  });

  test("a server that cannot be reached is exit 5, a base that fails is told with its place", async () => {
    await using project = await embedded({
      "db/environments/far.yaml": "database:\n  host: 127.0.0.1\n  port: 1\n  database: x\n  user: x\n",
    });
    expect((await runHere(["migrate", "plan", "-e", "far"], { cwd: project.dir })).exitCode).toBe(5);
    await runHere(["migrate", "up"], { cwd: project.dir });
    await project.write("db/migrations/base.sql", "CREATE TABLE nonsense (id nonsense);\n");
    await project.write("db/migrations/2_a.sql", CHECK);
    const failed = await runHere(["migrate", "plan"], { cwd: project.dir });
    expect(failed.exitCode).toBe(1);
    expect(failed.stderr).toContain("db/migrations/base.sql:1");
  });

  test("migrations that alter what only schema files make begin with the database as it is", async () => {
    await using project = await embedded({
      "db/schema/users.sql": "CREATE TABLE people (id int PRIMARY KEY);\n",
      "db/migrations/1_users.sql": "ALTER TABLE people ADD name text;\n",
    });
    await runHere(["build"], { cwd: project.dir });
    const { exitCode, stdout } = await runHere(["migrate", "plan"], { cwd: project.dir });
    expect({ exitCode, stdout }).toMatchObject({ exitCode: 0 });
    expect(stdout).toContain("ACCESS EXCLUSIVE on public.people");
  });
});

describe.each(OLDEST_AND_NEWEST)("an approved plan, PostgreSQL %d", (major) => {
  const PROTECTED = "protected: true\n";
  const up = ["migrate", "up", "--plan", "plan.json"];

  async function planned() {
    const project = await cliProject(FILES, { major });
    await project.succeed(["migrate", "up"]);
    await project.write("db/environments/local.yaml", environmentFile(project.server, project.database, PROTECTED));
    await project.write("db/migrations/2_bio.sql", "ALTER TABLE users DROP bio;\n");
    await project.write("db/migrations/3_token.sql", TYPE);
    const { stdout } = await project.succeed(["migrate", "plan", "--out", "plan.json", "--format", "json"]);
    expect(JSON.parse(stdout)).toMatchObject({ out: "plan.json" });
    return project;
  }

  test("runs exactly that, and what is newer stays pending; on a protected environment as well", async () => {
    await using project = await planned();
    await project.write("db/migrations/4_later.sql", "CREATE TABLE later (id int);\n");
    expect((await project.run(["migrate", "up"])).exitCode).toBe(3);
    await project.succeed(up);
    expect(await project.query("SELECT version FROM confiture_migrations ORDER BY version")).toEqual([
      { version: "1" },
      { version: "2" },
      { version: "3" },
    ]);
    // Once done, it is no plan any more; as soon as the database is what it was, it is one again.
    expect(await project.run(up)).toMatchObject({
      exitCode: 7,
      stderr: expect.stringContaining("2_bio was applied since; 3_token was applied since"),
    });
    await project.write(
      "db/migrations/4_later.sql",
      "-- migrate:up\nCREATE TABLE b (id int);\n-- migrate:down\nDROP TABLE b;\n",
    );
    await project.succeed(["migrate", "plan", "--out", "plan.json"]);
    await project.succeed(up);
    expect((await project.run(up)).exitCode).toBe(7);
    await project.succeed(["migrate", "down", "--steps", "1", "--yes", "local"]);
    await project.succeed(up);
  });

  test.each([
    ["a file that was edited", { "db/migrations/3_token.sql": `${TYPE}-- more\n` }, "3_token was edited"],
    ["one that comes before", { "db/migrations/0_x.sql": "SELECT 1;\n" }, undefined],
    ["a file that is gone", { "db/migrations/3_token.sql": undefined }, "3_token is not pending any more"],
  ])("refuses %s, and says what changed", async (_what, changes, words) => {
    await using project = await planned();
    for (const [file, text] of Object.entries(changes)) {
      if (text === undefined) await rm(project.path(file));
      else await project.write(file, text);
    }
    const before = await project.snapshot();
    const { exitCode, stderr } = await project.run(up);
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 7 });
    if (words !== undefined) expect(stderr).toContain(words);
    expect(await project.snapshot()).toBe(before);
  });

  test("does not speak for what TypeScript imports, for another database, nor over a file that is no plan", async () => {
    await using project = await planned();
    const text = await project.read("db/migrations/3_token.sql");
    expect((await project.run(["migrate", "plan", "--out", "db/migrations/3_token.sql"])).exitCode).toBe(2);
    expect(await project.read("db/migrations/3_token.sql")).toBe(text);
    const url = ["--database-url", databaseUrl(project.server, project.database)];
    expect((await project.run([...up, ...url])).exitCode).toBe(7);
    await project.write("lib/helper.ts", 'export const sql = "CREATE TABLE a (i int)";\n');
    await project.write(
      "db/migrations/4_code.ts",
      'import { Migration } from "confiture";\nimport { sql } from "../../lib/helper.ts";\nexport default class Code extends Migration { up() { this.execute(sql); } }\n',
    );
    await project.succeed(["migrate", "plan", "--out", "plan.json"]);
    await project.write("lib/helper.ts", 'export const sql = "DROP TABLE users CASCADE";\n');
    expect(await project.run(up)).toMatchObject({ exitCode: 3, stderr: expect.stringContaining("4_code.ts") });
    await project.succeed([...up, "--yes", "local"]);
  });

  test("refuses another database under the name of the environment, and takes the same one at another address", async () => {
    await using project = await planned();
    const other = await project.server.createDatabase();
    await project.write("db/environments/local.yaml", environmentFile(project.server, other, PROTECTED));
    for (const command of [up, [...up, "--dry-run"]]) {
      const refused = await project.run([...command, "--format", "json"]);
      expect(readDocument(refused)).toMatchObject({
        exitCode: 7,
        error: { code: "plan_outdated", data: { planned: { name: project.database }, now: { name: other } } },
      });
    }
    // The ledger alone would not tell.
    expect((await project.run(up)).stderr).toContain(`/${project.database}, and this is`);
    await project.server.dropDatabase(other);
    const socket = environmentFile(project.server, project.database, PROTECTED).replace(
      /host: .*/,
      `host: ${project.server.socketDir}`,
    );
    await project.write("db/environments/local.yaml", socket);
    const { stderr } = await project.succeed(up);
    expect(stderr).toContain("the same database at another address, or a copy of it");
  });

  test("refuses a search_path with which its names mean other tables, of the database, the role or a new schema", async () => {
    await using project = await cliProject({ "db/migrations/1_empty.sql": "TRUNCATE cache;\n" }, { major });
    await project.query("CREATE SCHEMA other");
    await project.query("CREATE TABLE cache (id int)");
    await project.query("CREATE TABLE other.cache AS SELECT 1 AS id");
    const refuses = async (words: string) => {
      for (const command of [up, [...up, "--dry-run"]]) {
        const refused = await project.run([...command, "--format", "json"]);
        expect(readDocument(refused)).toMatchObject({
          exitCode: 7,
          error: { code: "plan_outdated", message: expect.stringContaining(words) },
        });
      }
      expect(await project.query("SELECT id FROM other.cache")).toEqual([{ id: 1 }]);
    };
    await project.succeed(["migrate", "plan", "--out", "plan.json"]);
    await project.query(`ALTER DATABASE "${project.database}" SET search_path = other, public`);
    await refuses('search_path "$user", public (public), and it is other, public now');
    await project.query(`ALTER DATABASE "${project.database}" RESET search_path`);
    const role = JSON.stringify(new URL(project.url).username);
    await project.query(`ALTER ROLE ${role} IN DATABASE "${project.database}" SET search_path = other`);
    await refuses("and it is other now");
    await project.query(`ALTER ROLE ${role} IN DATABASE "${project.database}" RESET search_path`);
    await project.query(`CREATE SCHEMA ${role}`);
    await refuses('and it is "$user", public (cli_tester, public) now');
    await project.query(`DROP SCHEMA ${role}`);
    await project.succeed(up);
  });

  test("refuses objects of its names that came, went or changed, and functions that do something else", async () => {
    await using project = await cliProject(
      {
        "db/migrations/1_clean.sql":
          "ANALYZE users;\nDROP TABLE IF EXISTS legacy;\nDO $$ BEGIN PERFORM tidy(); END $$;\n",
      },
      { major },
    );
    await project.query("CREATE TABLE users AS SELECT 1 AS id");
    await project.query("CREATE FUNCTION inner_tidy() RETURNS int LANGUAGE sql AS 'SELECT 1'");
    await project.query("CREATE FUNCTION tidy() RETURNS int LANGUAGE sql AS 'SELECT inner_tidy()'");
    await project.succeed(["migrate", "plan", "--out", "plan.json"]);
    const refuses = async (words: string) => {
      for (const command of [up, [...up, "--dry-run"]]) {
        expect(readDocument(await project.run([...command, "--format", "json"]))).toMatchObject({
          exitCode: 7,
          error: { code: "plan_outdated", message: expect.stringContaining(words) },
        });
      }
      expect(await project.query("SELECT id FROM users")).toEqual([{ id: 1 }]);
    };
    await project.query("CREATE TABLE legacy (id int)");
    await refuses("TABLE public.legacy is there now, and was not");
    await project.query("DROP TABLE legacy");
    await project.query(
      "CREATE OR REPLACE FUNCTION inner_tidy() RETURNS int LANGUAGE sql AS 'DELETE FROM users; SELECT 1'",
    );
    await refuses("FUNCTION public.inner_tidy() is another one than it was");
    await project.query("CREATE OR REPLACE FUNCTION inner_tidy() RETURNS int LANGUAGE sql AS 'SELECT 1'");
    await project.query("ALTER TABLE users ADD COLUMN bio text");
    await refuses("TABLE public.users is another one than it was");
    await project.query("ALTER TABLE users DROP COLUMN bio");
    // What no migration names may change.
    await project.query("CREATE TABLE other (id int)");
    await project.succeed(up);
  });

  test("refuses what would take something else along, or do something else, without another name", async () => {
    await using project = await cliProject(
      {
        "db/migrations/1_clean.sql":
          "DELETE FROM old;\nDELETE FROM users WHERE id = 2;\nINSERT INTO users (bio) VALUES ('x');\nALTER TABLE visits ADD note text;\nDROP SCHEMA app CASCADE;\nINSERT INTO goods (id) SELECT 1 WHERE 1 === 2 AND definer() = 2;\nALTER TABLE goods DROP note;\n",
      },
      { major },
    );
    await project.query("CREATE FUNCTION pick() RETURNS int LANGUAGE sql AS 'SELECT 3'");
    await project.query("CREATE TABLE users (id int PRIMARY KEY DEFAULT pick(), bio text)");
    await project.query("CREATE POLICY own ON users USING (true)");
    await project.query("CREATE VIEW old AS SELECT * FROM users WHERE id < 0");
    await project.query("CREATE SCHEMA app");
    await project.query("CREATE TABLE visits (user_id int REFERENCES users, at date) PARTITION BY RANGE (at)");
    await project.query("CREATE TABLE visits_1 PARTITION OF visits FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')");
    const body = (name: string, args: string) => (text: string) =>
      `CREATE OR REPLACE FUNCTION ${name}(${args}) RETURNS boolean LANGUAGE sql AS '${text}'`;
    const [fine, same] = [body("fine", "int"), body("same", "int, int")];
    await project.query(fine("SELECT true"));
    await project.query(same("SELECT true"));
    await project.query("CREATE FUNCTION definer() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'");
    await project.query("CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = same)");
    await project.query("CREATE DOMAIN amount AS int CHECK (fine(VALUE))");
    await project.query("CREATE TYPE mood AS ENUM ('good', 'bad')");
    await project.query("CREATE TABLE goods (id int, price amount, mood mood, note text)");
    await project.succeed(["migrate", "plan", "--out", "plan.json"]);
    const partition = "CREATE TABLE visits_2 PARTITION OF visits";
    const bounds = "FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')";
    for (const [change, back, words] of [
      // A partition that is not like the others.
      [`${partition} DEFAULT`, "DROP TABLE visits_2", "visits_2 as a part of public.visits is there now, and was not"],
      [`${partition} (CHECK (user_id > 1)) ${bounds}`, "DROP TABLE visits_2", "visits_2 as a part of"],
      [`${partition} (UNIQUE (user_id)) ${bounds}`, "DROP TABLE visits_2", "visits_2 as a part of"],
      [
        `${partition} ${bounds}; ALTER TABLE visits_2 ENABLE ROW LEVEL SECURITY`,
        "DROP TABLE visits_2",
        "visits_2 as a part of",
      ],
      [
        `${partition} ${bounds}; INSERT INTO visits VALUES (NULL, '2025-02-02')`,
        "DROP TABLE visits_2",
        "visits_2 as a part of",
      ],
      [
        "CREATE OR REPLACE VIEW old AS SELECT * FROM users",
        "CREATE OR REPLACE VIEW old AS SELECT * FROM users WHERE id < 0",
        "query of public.old is another one than it was",
      ],
      [
        "CREATE OR REPLACE FUNCTION pick() RETURNS int LANGUAGE sql AS 'SELECT 4'",
        "CREATE OR REPLACE FUNCTION pick() RETURNS int LANGUAGE sql AS 'SELECT 3'",
        "FUNCTION public.pick() is another one than it was",
      ],
      [
        "CREATE TABLE posts (user_id int REFERENCES users ON DELETE CASCADE)",
        "DROP TABLE posts",
        "FOREIGN KEY posts_user_id_fkey on public.posts is there now, and was not",
      ],
      [
        "CREATE TABLE more () INHERITS (users)",
        "DROP TABLE more",
        "public.more as a part of public.users is there now, and was not",
      ],
      [
        "ALTER POLICY own ON users USING (false)",
        "ALTER POLICY own ON users USING (true)",
        "POLICY own on public.users is another one than it was",
      ],
      [fine("SELECT false"), fine("SELECT true"), "FUNCTION public.fine(integer) is another one than it was"],
      [same("SELECT false"), same("SELECT true"), "FUNCTION public.same(integer, integer) is another one than it was"],
      [
        "ALTER DOMAIN amount ADD CONSTRAINT c CHECK (VALUE > 0)",
        "ALTER DOMAIN amount DROP CONSTRAINT c",
        "CHECK c of DOMAIN public.amount is there now, and was not",
      ],
      [
        "ALTER TYPE mood ADD VALUE 'fair' BEFORE 'bad'",
        "DELETE FROM pg_enum WHERE enumlabel = 'fair'",
        "TYPE public.mood is another one than it was",
      ],
      [
        "ALTER TABLE goods ADD CONSTRAINT c CHECK (id > 0)",
        "ALTER TABLE goods DROP CONSTRAINT c",
        "CONSTRAINT c on public.goods is there now, and was not",
      ],
      [
        "CREATE VIEW seen AS SELECT note FROM goods",
        "DROP VIEW seen",
        "VIEW public.seen, which uses goods is there now, and was not",
      ],
      [
        "ALTER VIEW old OWNER TO pg_monitor",
        "ALTER VIEW old OWNER TO CURRENT_USER",
        "query of public.old is another one than it was",
      ],
      [
        "ALTER FUNCTION definer() OWNER TO pg_monitor",
        "ALTER FUNCTION definer() OWNER TO CURRENT_USER",
        "FUNCTION public.definer() is another one than it was",
      ],
      [
        "ALTER TABLE goods SET UNLOGGED",
        "ALTER TABLE goods SET LOGGED",
        "TABLE public.goods is another one than it was",
      ],
      ["CREATE TABLE app.kept (id int)", "DROP TABLE app.kept", "what depends on app is there now, and was not"],
      [
        "ALTER TABLE users RENAME TO kept; CREATE TABLE users (LIKE kept INCLUDING ALL)",
        "DROP TABLE users; ALTER TABLE kept RENAME TO users",
        "TABLE public.users is another one than it was",
      ],
    ] as const) {
      for (const sql of change.split("; ")) await project.query(sql);
      const document = readDocument(await project.run([...up, "--format", "json"]));
      expect(document).toMatchObject({
        exitCode: 7,
        error: { code: "plan_outdated", message: expect.stringContaining(words) },
      });
      for (const sql of back.split("; ")) await project.query(sql);
    }
    // A partition like the others, with its foreign key, and what nobody has to wait for.
    await project.query(`${partition} ${bounds}`);
    await project.query("CREATE INDEX ON goods (note)");
    await project.query("CREATE VIEW not_named AS SELECT * FROM visits");
    await project.succeed(up);
  });

  test("refuses what came or went of that which a statement means by all, or by an owner, and says what", async () => {
    const role = `owner_${crypto.randomUUID().slice(0, 8)}`;
    await using project = await cliProject(
      {
        "db/migrations/1_all.sql": `GRANT SELECT ON ALL TABLES IN SCHEMA app TO PUBLIC;
          DO $$ BEGIN EXECUTE 'REVOKE ALL ON ALL FUNCTIONS IN SCHEMA jobs FROM PUBLIC'; END $$;
          REASSIGN OWNED BY ${role} TO CURRENT_USER;\n`,
      },
      { major },
    );
    await project.query("CREATE SCHEMA app");
    await project.query("CREATE SCHEMA jobs");
    await project.query(`CREATE ROLE ${role}`);
    const run = (body: string) => `CREATE OR REPLACE FUNCTION jobs.run() RETURNS bigint LANGUAGE sql AS '${body}'`;
    await project.query("CREATE TABLE app.visits (user_id int, at date) PARTITION BY RANGE (at)");
    await project.query(
      "CREATE TABLE app.visits_1 PARTITION OF app.visits FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')",
    );
    await project.query("CREATE TABLE other (id int PRIMARY KEY)");
    await project.query("CREATE TABLE more (id int PRIMARY KEY)");
    await project.query(run("SELECT count(*) FROM other"));
    await project.succeed(["migrate", "plan", "--out", "plan.json"]);
    for (const [change, back, changes] of [
      ["CREATE TABLE app.secrets (pw text)", "DROP TABLE app.secrets", ["TABLE app.secrets is there now, and was not"]],
      [
        "ALTER TABLE app.visits ADD pw text",
        "ALTER TABLE app.visits DROP pw",
        ["TABLE app.visits is another one than it was"],
      ],
      [
        "CREATE FUNCTION jobs.later() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "DROP FUNCTION jobs.later",
        ["FUNCTION jobs.later() is there now, and was not"],
      ],
      [
        `ALTER TABLE other OWNER TO ${role}`,
        "ALTER TABLE other OWNER TO CURRENT_USER",
        [`TABLE public.other, which ${role} owns is there now, and was not`],
      ],
      // What its code names was there all along.
      [
        "CREATE FUNCTION guard() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN DELETE FROM more; END'; CREATE EVENT TRIGGER guard ON ddl_command_end EXECUTE FUNCTION guard()",
        "DROP EVENT TRIGGER guard; DROP FUNCTION guard",
        ["EVENT TRIGGER guard is there now, and was not"],
      ],
      [run("SELECT 1"), run("SELECT count(*) FROM other"), ["FUNCTION jobs.run() is another one than it was"]],
    ] as const) {
      for (const sql of change.split("; C").map((one, at) => (at === 0 ? one : `C${one}`))) await project.query(sql);
      expect(readDocument(await project.run([...up, "--format", "json"]))).toMatchObject({
        exitCode: 7,
        error: { code: "plan_outdated", data: { changes } },
      });
      for (const sql of back.split("; ")) await project.query(sql);
    }
    await project.query(
      "CREATE TABLE app.visits_2 PARTITION OF app.visits FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')",
    );
    await project.query("CREATE TABLE not_meant (id int)");
    await project.succeed(up);
    await project.query(`DROP ROLE ${role}`);
  });

  test("refuses another transaction mode, which is said beside the file", async () => {
    await using project = await cliProject(
      { "db/migrations/V1__t.sql": "CREATE TABLE t (id int);\nCREATE TABLE u (id int);\n" },
      { major },
    );
    await project.succeed(["migrate", "plan", "--out", "plan.json"]);
    await project.write("db/migrations/V1__t.sql.conf", "executeInTransaction=false\n");
    const refused = await project.run([...up, "--format", "json"]);
    expect(readDocument(refused)).toMatchObject({
      exitCode: 7,
      error: { data: { changes: ["1_t runs statement by statement, and was planned to run in one transaction"] } },
    });
    await rm(project.path("db/migrations/V1__t.sql.conf"));
    await project.succeed(up);
  });

  test("refuses a database that went on, another environment, an edited plan, and options beside it", async () => {
    await using project = await planned();
    await project.write("db/environments/other.yaml", environmentFile(project.server, project.database));
    expect((await project.run([...up, "-e", "other"])).exitCode).toBe(7);
    expect((await project.run([...up, "--steps", "1"])).exitCode).toBe(2);
    const plan = await project.read("plan.json");
    await project.write("plan.json", plan.replace(/"3"/, '"4"'));
    const edited = await project.run([...up, "--format", "json"]);
    expect(readDocument(edited)).toMatchObject({ exitCode: 4, error: { code: "plan_invalid" } });
    await project.write("plan.json", plan.slice(0, 50));
    expect((await project.run(up)).exitCode).toBe(4);
    await project.write("plan.json", plan);
    await project.succeed(["migrate", "up", "--steps", "1", "--yes", "local"]);
    // Newer ones would have stayed pending.
    await project.write("db/migrations/9_new.sql", "CREATE TABLE new (id int);\n");
    const late = await project.run([...up, "--format", "json"]);
    expect(readDocument(late)).toMatchObject({
      exitCode: 7,
      error: { code: "plan_outdated", data: { changes: ["2_bio was applied since"] } },
    });
  });

  test("is not written for what cannot run", async () => {
    await using project = await planned();
    await project.write("db/migrations/3_token.sql", "ALTER TABLE nowhere ADD a int;\n");
    expect((await project.run(["migrate", "plan", "--out", "other.json"])).exitCode).toBe(3);
    expect(await Bun.file(project.path("other.json")).exists()).toBe(false);
  });
});

describe("docs/planning.md", () => {
  const text = readFileSync(join(ROOT, "docs/planning.md"), "utf8");
  const blocks = (language: string): string[] =>
    [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, "gm"))].map(([, body = ""]) => body);
  /** Made-up values and the day differ from run to run. */
  const settled = (shown: string): string =>
    shown.replaceAll(/\d{4}-\d\d-\d\d/g, "DATE").replaceAll(/[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}/g, "UUID");

  test("its commands run as they stand, and print what it shows", async () => {
    const [users, tokens] = blocks("sql");
    await using project = await temporaryProject({
      "db/environments/local.yaml": blocks("yaml")[0]!,
      "db/migrations/001_users.sql": users!,
      "db/migrations/002_tokens.sql": tokens!,
    });
    const commands = blocks("sh").flatMap((block) => block.trim().split("\n"));
    const shown: string[] = [];
    for (const line of commands) {
      const [command = ""] = line.split(" > ");
      const { exitCode, stdout } = await runHere(command.split(" ").slice(1), { cwd: project.dir });
      expect({ line, exitCode }).toEqual({ line, exitCode: 0 });
      shown.push(stdout);
      if (line !== command) await project.write(line.split(" > ")[1]!, stdout);
    }
    expect(settled(shown[1]!)).toBe(settled(blocks("text")[0]!));
    const git = (...args: string[]) =>
      Bun.spawnSync(["git", "-c", "user.name=t", "-c", "user.email=t@t", ...args], { cwd: project.dir });
    await project.write(".gitignore", "db/migrations/002*\n");
    for (const args of [
      ["init", "-q"],
      ["add", "."],
      ["commit", "-qm", "1"],
    ])
      expect(git(...args).exitCode).toBe(0);
    const [offline = ""] = blocks("console");
    const args = offline.trim().replace("origin/main", "HEAD").split(" ").slice(1);
    const { exitCode, stdout } = await runHere(args, { cwd: project.dir });
    expect({ exitCode, stdout: stdout.split("\n")[0] }).toEqual({ exitCode: 0, stdout: "### Migration plan" });
    expect(stdout).toContain("db/migrations/002_tokens.sql:2");
  });
});

describe.each(NEWEST_ALONE)("limits of a protected environment, PostgreSQL %d", (major) => {
  const LOCKS = "ALTER TABLE users ADD note text;\n";
  const up = ["migrate", "up"];

  async function limited(limits = "limits: {rows: 1_000}\n") {
    const project = await cliProject(FILES, { major });
    await project.succeed(up);
    await project.query("ALTER TABLE users SET (autovacuum_enabled = false)");
    await project.write(
      "db/environments/local.yaml",
      environmentFile(project.server, project.database, `protected: true\n${limits}`),
    );
    await project.query("INSERT INTO users (email) SELECT 'a' || n FROM generate_series(1, 5000) n");
    return project;
  }

  test("stop nothing in a database that has no table yet", async () => {
    await using project = await cliProject(FILES, { major });
    const environment = environmentFile(project.server, project.database, "protected: true\nlimits: {}\n");
    await project.write("db/environments/local.yaml", environment);
    await project.write("db/migrations/2_more.sql", "ALTER TABLE users ADD COLUMN more int;\n");
    await project.succeed(up);
  });

  test("stop what locks a large table, counted or not, before anything runs; --yes and an approved plan go on", async () => {
    await using project = await limited();
    await project.write("db/migrations/2_index.sql", "CREATE INDEX CONCURRENTLY users_bio ON users (bio);\n");
    await project.write("db/migrations/3_new.sql", "CREATE TABLE new (id int); ALTER TABLE new ADD a int;\n");
    await project.write("db/migrations/4_note.sql", LOCKS);
    const before = await project.snapshot();
    const uncounted = await project.run(up);
    expect(uncounted).toMatchObject({ exitCode: 3, stdout: "" });
    expect(uncounted.stderr).toMatch(
      /\n {2}db\/migrations\/4_note\.sql:1: ACCESS EXCLUSIVE on public\.users \(at most [\d,]+ rows: ANALYZE counts them\)\n/,
    );
    expect(await project.snapshot()).toBe(before);
    await project.query("ANALYZE users");
    const document = readDocument(await project.run([...up, "--format", "json"]));
    expect(document).toMatchObject({ ok: false, exitCode: 3, error: { code: "above_limits" } });
    expect(document.error?.message).toContain("ACCESS EXCLUSIVE on public.users (about 5,000 rows)");
    expect(document.error?.message).not.toMatch(/2_index|3_new/);
    await project.succeed([...up, "--steps", "2"]);
    await project.succeed(["migrate", "plan", "--out", "plan.json"]);
    await project.succeed([...up, "--plan", "plan.json"]);
    await project.write("db/migrations/5_more.sql", LOCKS.replace("note", "more"));
    await project.succeed([...up, "--yes", "local"]);
  });

  test("hold without a section as well, for locks that are seen", async () => {
    await using project = await limited("");
    await project.query("ANALYZE users");
    await project.query("UPDATE pg_class SET reltuples = 200000 WHERE relname = 'users'");
    await project.query(
      "CREATE FUNCTION one() RETURNS int LANGUAGE plpgsql AS 'BEGIN IF now() IS NULL THEN RETURN 2; END IF; RETURN 1; END'",
    );
    await project.write("db/migrations/2_code.sql", "SELECT one();\n");
    await project.succeed(up);
    await project.write("db/migrations/3_index.sql", "CREATE INDEX users_bio ON users (bio);\n");
    const refused = await project.run(up);
    expect(refused).toMatchObject({ exitCode: 3, stdout: "" });
    expect(refused.stderr).toMatch(/3_index\.sql:1: SHARE on public\.users \(about [\d,]+ rows\)/);
    const said = 'Above the limits of "local": `up` stops before anything runs';
    expect((await project.run(["migrate", "plan"])).stdout.replaceAll(/\s+/g, " ")).toContain(said);
    expect((await project.run([...up, "--dry-run"])).stderr).toContain(said);
    await project.succeed([...up, "--yes", "local"]);
  });

  test("hide nothing that is lost or exposed besides: whoever confirms, confirms that as well", async () => {
    await using project = await limited();
    await project.write(
      "db/migrations/2_more.sql",
      "ALTER TABLE users ADD note text;\nDELETE FROM users WHERE id < 0;\nGRANT ALL ON users TO PUBLIC;\n",
    );
    const { exitCode, stderr } = await project.run(up);
    expect(exitCode).toBe(3);
    expect(stderr).toContain("2_more.sql:1: ACCESS EXCLUSIVE on public.users");
    expect(stderr).toContain("2_more.sql:2: deletes rows of users");
    expect(stderr).toContain("2_more.sql:3: would expose users to every role");
    expect((await project.run([...up, "--yes", "locale"])).stderr).toContain(
      "--yes locale does not name this environment",
    );
    const { stdout } = await project.run(["migrate", "plan"]);
    const [head = ""] = stdout.split("\n\n").filter((part) => part.includes("Above the limits"));
    expect(head).toContain("2_more.sql:2: deletes rows of users");
    expect(head).toContain("2_more.sql:3: would expose users to every role");
    const bare = await project.run([...up, "--dry-run"]);
    expect(bare.stdout + bare.stderr).toContain("2_more.sql:3: would expose users to every role");
  });

  test("are the environment's own: a stronger lock, more rows, lost data", async () => {
    await using project = await limited("limits: {lock: access_exclusive, data_loss: true}\n");
    await project.write("db/migrations/2_note.sql", `${LOCKS}ALTER TABLE users DROP bio;\n`);
    await project.succeed(up);
    await project.write(
      "db/environments/local.yaml",
      environmentFile(project.server, project.database, "protected: true\nlimits: {}\n"),
    );
    await project.write("db/migrations/3_more.sql", LOCKS.replace("note", "more"));
    await project.succeed(up);
    await project.write("db/migrations/4_note.sql", "ALTER TABLE users DROP note;\n");
    expect(await project.run(up)).toMatchObject({ exitCode: 3 });
  });

  test("tell a short lock from one that is held while a large table is rewritten or read, and say so beforehand", async () => {
    await using project = await limited("limits: {lock: access_exclusive, rows: 1_000}\n");
    await project.query("ANALYZE users");
    await project.query("CREATE TABLE small (id int)");
    await project.write(
      "db/migrations/1_users.sql",
      `${FILES["db/migrations/1_users.sql"]}CREATE TABLE small (id int);\n`,
    );
    await project.query("DELETE FROM confiture_migrations");
    await project.succeed(["migrate", "baseline", "--yes", "local"]);
    await project.write("db/migrations/2_note.sql", LOCKS);
    await project.succeed(up);
    const users = "public.users (about 5,000 rows)";
    const stopping = [
      [
        "ALTER TABLE users ADD token uuid DEFAULT gen_random_uuid();",
        1,
        `ACCESS EXCLUSIVE on public.users while it rewrites ${users}`,
      ],
      [
        "ALTER TABLE users ADD CHECK (id > 0);",
        1,
        `ACCESS EXCLUSIVE on public.users while it reads all rows of ${users}`,
      ],
      ["CREATE INDEX ON users (email);", 1, `SHARE on public.users while it reads all rows of ${users}`],
      [
        "ALTER TABLE small ADD a int;\nUPDATE users SET bio = '' WHERE bio IS NULL;",
        2,
        `ACCESS EXCLUSIVE on public.small while it reads all rows of ${users}`,
      ],
    ] as const;
    for (const [at, [sql]] of stopping.entries()) await project.write(`db/migrations/${at + 3}_more.sql`, sql);
    const aboveLimits = stopping.map(([, line, what], at) => ({
      file: `db/migrations/${at + 3}_more.sql`,
      line,
      what,
    }));
    const stopped = await project.run(up);
    expect(stopped.exitCode).toBe(3);
    for (const { file, line, what } of aboveLimits) expect(stopped.stderr).toContain(`${file}:${line}: ${what}`);
    expect(readDocument(await project.succeed(["migrate", "plan", "--format", "json"]))).toMatchObject({ aboveLimits });
    for (const [command, out] of [
      [["migrate", "plan"], "stdout"],
      [["migrate", "plan", "--format", "markdown"], "stdout"],
      [[...up, "--dry-run"], "stderr"],
    ] as const) {
      const shown = (await project.succeed([...command]))[out].replaceAll("\\", "").replaceAll(/\s+/g, " ");
      expect(shown).toContain('Above the limits of "local": `up` stops before anything runs');
      expect(shown).toContain("db/migrations/6_more.sql:2: ACCESS EXCLUSIVE on public.small while it reads all rows");
    }
    await project.write(
      "db/environments/local.yaml",
      environmentFile(
        project.server,
        project.database,
        "protected: true\nlimits: {lock: access_exclusive, long_lock: access_exclusive, rows: 1_000, data_loss: true}\n",
      ),
    );
    const plan = readDocument(await project.succeed(["migrate", "plan", "--format", "json"]));
    expect(plan).toMatchObject({ aboveLimits: [] });
    await project.succeed(up);
  });

  test("count what was attached by hand, what came after ANALYZE, and what is in a schema of the database's own", async () => {
    await using project = await limited();
    await project.query("CREATE TABLE events (id int) PARTITION BY RANGE (id)");
    await project.query("CREATE TABLE ghosts (id int)");
    await project.query("ANALYZE ghosts");
    await project.query("INSERT INTO ghosts SELECT generate_series(1, 5000)");
    await project.query("CREATE SCHEMA app CREATE TABLE big (id int)");
    await project.write(
      "db/migrations/1_users.sql",
      `${FILES["db/migrations/1_users.sql"]}CREATE TABLE events (id int) PARTITION BY RANGE (id);\nCREATE TABLE ghosts (id int);\nCREATE TABLE big (id int);\n`,
    );
    await project.query("DELETE FROM confiture_migrations");
    await project.succeed(["migrate", "baseline", "--yes", "local"]);
    await project.query("CREATE TABLE events_1 PARTITION OF events DEFAULT");
    await project.query("INSERT INTO events SELECT generate_series(1, 5000)");
    await project.query("ANALYZE events_1");
    for (const [at, table] of ["events", "ghosts", "big"].entries())
      await project.write(`db/migrations/${at + 2}_more.sql`, `ALTER TABLE ${table} ADD COLUMN c int;\n`);
    const { exitCode, stderr } = await project.run(up);
    expect(exitCode).toBe(3);
    for (const words of [
      /2_more\.sql:1: ACCESS EXCLUSIVE on public\.events \(about 5,000 rows\)/,
      /3_more\.sql:1: ACCESS EXCLUSIVE on public\.ghosts \(at most [\d,]+ rows/,
      /4_more\.sql:1: ACCESS EXCLUSIVE on public\.big \(the database has no table of this name/,
    ])
      expect(stderr).toMatch(words);
  });

  test("stop code with branches, of which not all were seen: blocks and functions", async () => {
    await using project = await limited();
    const branch = "IF (SELECT count(*) FROM users) > 99 THEN DELETE FROM users; END IF;";
    const files = [
      ["2_code.sql", 1, `DO $$ BEGIN ${branch} END $$;`],
      [
        "3_code.sql",
        2,
        `CREATE FUNCTION odd() RETURNS void LANGUAGE plpgsql AS $$ BEGIN ${branch} END $$;\nSELECT odd();`,
      ],
      ["4_code.sql", 2, `CREATE PROCEDURE odd_too() LANGUAGE plpgsql AS $$ BEGIN ${branch} END $$;\nCALL odd_too();`],
    ] as const;
    for (const [name, , sql] of files) await project.write(`db/migrations/${name}`, sql);
    const { exitCode, stderr } = await project.run(up);
    expect(exitCode).toBe(3);
    for (const [name, line] of files) {
      expect(stderr).toContain(`${name}:${line}: runs code with branches, of which not all were seen`);
      await rm(project.path(`db/migrations/${name}`));
    }
    await project.write(
      "db/migrations/2_code.sql",
      "CREATE FUNCTION even() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 2; END';\nSELECT even();",
    );
    await project.succeed(up);
  });

  test("stop what cannot be tried, and say why; what only the database has is there for it", async () => {
    await using project = await limited();
    await project.write("db/migrations/2_no.sql", "ALTER TABLE userz ADD a int;\n");
    const { exitCode, stderr } = await project.run(up);
    expect(exitCode).toBe(3);
    expect(stderr).toContain('db/migrations/2_no.sql:1: fails in a scratch database: relation "userz" does not exist');
    expect(stderr).not.toContain("--out");
    await project.query("CREATE TABLE byhand (id int)");
    await project.write("db/migrations/2_no.sql", "DROP TABLE byhand;\n");
    const why = /Tried on a copy of the database's schema, because db\/migrations\/2_no\.sql:1/;
    const plan = await project.succeed(["migrate", "plan", "--out", "plan.json"]);
    expect(plan.stdout).toContain("loses data: drops TABLE byhand");
    expect(plan.stdout.replaceAll(/\s+/g, " ")).toMatch(why);
    await project.succeed([...up, "--plan", "plan.json"]);
    // What is applied by now does not run again from nothing.
    await project.write("db/migrations/3_more.sql", LOCKS);
    const stopped = await project.run(up);
    expect(stopped.exitCode).toBe(3);
    expect(stopped.stderr).toContain("3_more.sql:1: ACCESS EXCLUSIVE on public.users");
    const dry = await project.succeed([...up, "--dry-run"]);
    expect(dry.stdout).toContain("line 1: ACCESS EXCLUSIVE on public.users");
    expect(dry.stderr).toMatch(why);
    const lint = await project.run(["lint", "--format", "json"]);
    expect(lint.stderr).toMatch(why);
    expect(lint.stdout).not.toContain("byhand");
    await project.succeed(["migrate", "plan", "--out", "plan.json"]);
    await project.succeed([...up, "--plan", "plan.json"]);
  });
});

test("limits that are none are errors that say what is wrong", async () => {
  await using project = await embedded({});
  for (const [limits, words] of [
    ["{lock: sharee}", 'Did you mean "share"?'],
    ["{rows: many}", "must be a number of rows"],
    ["{row: 5}", '"rows"'],
    ["5", "limits"],
  ] as const) {
    await project.write(
      "db/environments/local.yaml",
      `database:\n  engine: embedded\nprotected: true\nlimits: ${limits}\n`,
    );
    expect(await runHere(["migrate", "up"], { cwd: project.dir })).toMatchObject({
      exitCode: 4,
      stderr: expect.stringContaining(words),
    });
  }
});

test("up --dry-run says above the statements what they do to a database in use, and psql runs what it prints", async () => {
  await using project = await temporaryProject({
    "db/environments/local.yaml": "database:\n  engine: embedded\n  path: .confiture/local\n",
    "db/migrations/001_users.sql": "CREATE TABLE users (id bigint PRIMARY KEY, email text);\n",
  });
  const run = async (...args: string[]) => await runHere(args, { cwd: project.dir });
  await run("migrate", "up");
  await project.write("db/migrations/002_type.sql", "ALTER TABLE users ALTER email TYPE varchar(9);\n");
  const { stdout } = await run("migrate", "up", "--dry-run");
  expect(stdout).toContain("\n--   line 1: ACCESS EXCLUSIVE on public.users: blocks reads and writes\n");
  expect(stdout).toMatch(/\n--   line 1: rewrites public\.users \(.*\)\n/);
  expect(stdout.replaceAll(/^--.*\n/gm, "")).toBe("ALTER TABLE users ALTER email TYPE varchar(9);\n");
});

test("rows by the thousand take two lines of a plan, and statements that do more a line each", async () => {
  const rows = (from: number): string =>
    Array.from({ length: 4 }, (_, n) => `INSERT INTO users (email) VALUES ('${from + n}');\n`).join("");
  await using project = await embedded({
    "db/migrations/2_rows.sql": `${rows(0)}UPDATE users SET bio = '';\n${rows(4)}`,
  });
  const { stdout } = await runHere(["migrate", "plan"], { cwd: project.dir });
  expect(stdout).toContain(
    "     1  INSERT INTO users (email) VALUES ('0')\n        and 3 more like it, down to line 4\n",
  );
  expect(stdout).toMatch(/ 5 {2}UPDATE users SET bio = ''\n/);
  expect(stdout).toContain(
    "     6  INSERT INTO users (email) VALUES ('4')\n        and 3 more like it, down to line 9\n",
  );
});

long("changes of rows one like the other are measured together, and those that fail each by itself", async () => {
  const update = (n: number, id = `${n}`): string => `UPDATE users SET bio = 'number ${n}' WHERE id = ${id};\n`;
  const updates = (count: number, from = 1): string[] => Array.from({ length: count }, (_, n) => update(from + n));
  await using project = await embedded({
    "db/migrations/2_alike.sql": `${updates(20).join("")}${updates(9).join("").replaceAll("bio", "email")}`,
    "db/migrations/3_fails.sql": [...updates(12), update(13, "'x'"), ...updates(12, 14)].join(""),
    "db/migrations/4_turns.sql": `CREATE TABLE notes AS SELECT * FROM users;\n${"UPDATE users SET bio = '1';\nUPDATE notes SET bio = '1';\n".repeat(10)}`,
  });
  await runHere(["migrate", "up", "--to", "1"], { cwd: project.dir });
  const { stdout } = await runHere(["migrate", "plan"], { cwd: project.dir });
  expect(stdout).toContain("        and 19 more like it, measured together, down to line 20\n");
  expect(stdout).toContain("        and 8 more like it, measured together, down to line 29\n");
  const markdown = await runHere(["migrate", "plan", "--format", "markdown"], { cwd: project.dir });
  expect(markdown.stdout.match(/; measured together, 20 like it/g)).toHaveLength(20);
  // Of emails, and behind the one that fails.
  expect(markdown.stdout.match(/; measured together, 9 like it/g)).toHaveLength(9 + 9);
  const { stdout: json } = await runHere(["migrate", "plan", "--format", "json"], { cwd: project.dir });
  const { migrations } = JSON.parse(json) as {
    migrations: {
      statements: {
        line: number;
        together: number;
        loses: string[];
        changes: { name: string }[];
        error: unknown;
      }[];
    }[];
  };
  const [alike, fails, turns] = migrations.map(({ statements }) => statements);
  expect(alike?.map(({ together }) => together)).toEqual([...Array<number>(20).fill(20), ...Array<number>(9).fill(9)]);
  expect(fails?.flatMap(({ line, error }) => (error === null ? [] : [line]))).toEqual([13]);
  for (const { loses } of alike!) expect(loses).toEqual(["updates rows of users"]);
  // Of statements that take turns, each has changed its own table.
  expect(
    turns?.slice(1).map(({ together, changes: [first, ...more] }) => [together, first?.name, more.length]),
  ).toEqual(Array.from({ length: 20 }, (_, n) => [1, n % 2 === 0 ? "public.users" : "public.notes", 0]));
  const script = (await runHere(["migrate", "up", "--dry-run"], { cwd: project.dir })).stdout;
  expect(script).toContain("--   lines 1 to 29: loses data: updates rows of users\n");
  expect(script).toContain("--   line 13: fails: ");
});

test("of rows that are added together it is told what each statement says", async () => {
  const twice = (value: string): string => `INSERT INTO users (email) VALUES (${value});\n`.repeat(2);
  await using project = await embedded({
    "db/migrations/2_sets.sql": `CREATE SEQUENCE made;\n${twice("setval('users_id_seq', 1)")}${twice("setval('made', 1)")}`,
    "db/migrations/3_newer.sql": twice("uuidv7()"),
    "s.json": JSON.stringify({
      format: "confiture-stats",
      version: 1,
      taken: "2026-01-01",
      postgres: 14,
      relations: [],
    }),
  });
  await runHere(["migrate", "up", "--to", "1"], { cwd: project.dir });
  const { stdout } = await runHere(["migrate", "plan", "--stats", "s.json", "--format", "json"], { cwd: project.dir });
  const { migrations } = JSON.parse(stdout) as {
    migrations: { statements: { line: number; endangers: unknown[]; tooNew: string | null }[] }[];
  };
  const [sets, newer] = migrations.map(({ statements }) => statements);
  expect(sets?.flatMap(({ line, endangers }) => (endangers.length === 0 ? [] : [line]))).toEqual([2, 3]);
  expect(newer?.map(({ tooNew }) => tooNew)).toEqual([0, 1].map(() => expect.stringContaining("uuidv7()")));
});

test("fixtures that cannot be loaded are named, and a folder that is not there is refused first", async () => {
  await using project = await embedded({
    "db/migrations/2_token.sql": CHECK,
    "db/fixtures/a.sql": "INSERT INTO usres (email) VALUES ('a');\n",
    "db/fixtures/b.sql": "INSERT INTO users (email) VALUES ('b');\n",
  });
  const run = (...args: string[]) => runHere(args, { cwd: project.dir });
  for (const args of [["migrate", "plan"], ["migrate", "plan", "--fixtures", "db/fixtures"], ["lint"]]) {
    const { exitCode, stderr } = await run(...args);
    expect({ args, exitCode, stderr }).toMatchObject({
      exitCode: 0,
      stderr: expect.stringMatching(
        /rows of db\/fixtures\/a\.sql:1 could not be loaded.*relation "usres" does not exist/,
      ),
    });
    expect(stderr).not.toContain("b.sql");
  }
  for (const command of [["migrate", "plan"], ["lint"]]) {
    expect(await run(...command, "--fixtures", "nosuch")).toMatchObject({
      exitCode: 2,
      stdout: "",
      stderr: expect.stringContaining("There is no folder nosuch"),
    });
  }
  await project.write("db/fixtures/a.sql", "INSERT INTO users (email) VALEUS ('a');\n");
  const { exitCode, stderr } = await run("migrate", "plan");
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("db/fixtures/a.sql:1") });
  expect((await run("lint")).stderr).toContain("VALEUS");
});

test("what up asks for on a protected environment is said where there is no database yet, and where none is asked", async () => {
  await using project = await temporaryProject({
    "db/environments/local.yaml": "database:\n  engine: embedded\nprotected: true\n",
    "db/migrations/1_users.sql": "CREATE TABLE users (id int);\n",
    "db/migrations/2_none.sql": "DROP TABLE users;\n",
  });
  commitAll(project, "all");
  await project.write("db/migrations/3_roles.sql", "DROP ROLE IF EXISTS nobody_here;\nDROP SCHEMA public CASCADE;\n");
  const run = (...args: string[]) => runHere(["migrate", ...args], { cwd: project.dir });
  const planned = await run("plan");
  const words = planned.stdout.replaceAll(/\s+/g, " ");
  const { toConfirm, aboveLimits } = readDocument(await run("plan", "--format", "json"));
  const since = readDocument(await run("plan", "--since", "git:HEAD", "--format", "json"));
  const { error } = readDocument(await run("up", "--format", "json"));
  const { losses } = error!.data as { losses: { what: string; location: { file: string; line: number } }[] };
  const asked = losses.map(({ what, location: { file, line } }) => ({ file, line, what }));
  expect(asked).toContainEqual({ file: "db/migrations/2_none.sql", line: 1, what: "drops TABLE users" });
  expect(toConfirm).toEqual(asked);
  expect(aboveLimits).toBeNull();
  expect(words).toContain('To be confirmed on "local", which is protected');
  for (const { file, line, what } of asked) expect(words).toContain(`${file}:${line}: ${what}`);
  expect(since).toMatchObject({ aboveLimits: null });
  expect(since["toConfirm"]).toContainEqual(expect.objectContaining({ file: "db/migrations/3_roles.sql", line: 2 }));
});
