import { describe, expect, test } from "bun:test";
import { type TestReport, testMigrations } from "#compare/verify/migration-test.ts";
import { temporaryProject } from "../../support/project.ts";
import { failureOf } from "../failure.ts";
import { filesOf } from "./project-files.ts";

interface Wish {
  readonly version?: string;
  readonly fixturesDir?: string;
}

async function tested(files: Record<string, string>, { version, fixturesDir }: Wish = {}): Promise<TestReport> {
  await using project = await temporaryProject(files);
  return await testMigrations({ ...filesOf(project.dir), version, fixturesDir });
}

const paths = (report: TestReport): string[] => report.tested.map(({ path }) => path);
const losses = (report: TestReport): string[] =>
  report.losses.map(
    ({ migration, direction, of, what, before, after }) =>
      `${migration.version} ${direction}: ${of} ${what} ${before} -> ${after}`,
  );

const USERS = "-- migrate:up\nCREATE TABLE users (id int PRIMARY KEY, bio text);\n-- migrate:down\nDROP TABLE users;\n";
const NICK = "-- migrate:up\nALTER TABLE users ADD nick text;\n-- migrate:down\nALTER TABLE users DROP nick;\n";
const ROWS = "INSERT INTO users (id, bio) VALUES (1, 'one'), (2, 'two'), (3, NULL);\n";
const WITH_ROWS = { fixturesDir: "db/fixtures" };

describe("migrations are tried out", () => {
  test("all of them, with nothing but migrations in the project", async () => {
    const report = await tested({ "db/migrations/1_users.sql": USERS, "db/migrations/2_nick.sql": NICK });
    expect(report).toMatchObject({ from: "migrations", check: { outcome: "proven" }, losses: [], unchecked: [] });
    expect(paths(report)).toEqual(["db/migrations/1_users.sql", "db/migrations/2_nick.sql"]);
  });

  test("one alone, with those before it only applied", async () => {
    const report = await tested(
      {
        // Its way back is wrong, which is not what is asked.
        "db/migrations/1_users.sql": USERS.replace("DROP TABLE users", "SELECT 1"),
        "db/migrations/2_nick.sql": NICK,
        "db/migrations/3_more.sql": "SELECT nonsense;",
      },
      { version: "2" },
    );
    expect(report.check.outcome).toBe("proven");
    expect(paths(report)).toEqual(["db/migrations/2_nick.sql"]);
  });

  test("without schema files, what the first one lacks is said", async () => {
    const report = await tested({ "db/migrations/1_a.sql": "CREATE TABLE a (id int REFERENCES elsewhere);" });
    expect(report).toMatchObject({ from: "migrations", check: { outcome: "disproven" } });
    expect(report.check.findings[0]?.error).toMatchObject({ server: { sqlstate: "42P01" } });
  });

  test("what a rollback leaves behind is found, and the SQL that closes the gap", async () => {
    const report = await tested({
      "db/migrations/1_users.sql": USERS,
      "db/migrations/2_nick.sql": NICK.replace("ADD nick text", "ADD nick text, ADD IF NOT EXISTS left_over int"),
    });
    const [finding] = report.check.findings;
    expect(report.check.outcome).toBe("disproven");
    expect(finding?.migration?.version).toBe("2");
    expect(finding?.changes).toMatchObject([{ change: "added", kind: "column", name: "public.users.left_over" }]);
    expect(finding?.sql).toEqual(["ALTER TABLE public.users DROP COLUMN left_over"]);
  });

  test("a failure names the migration and the place, and what could not be reached", async () => {
    const report = await tested({
      "db/migrations/1_users.sql": USERS,
      "db/migrations/2_nick.sql": NICK.replace("ADD nick", "ADD nick nonsense"),
      "db/migrations/3_other.sql": "CREATE TABLE other ();",
    });
    expect(report.check.findings).toMatchObject([
      { migration: { version: "2" }, error: { location: { file: "db/migrations/2_nick.sql", line: 2 } } },
    ]);
    expect(report.unchecked).toEqual(["3_other, which comes after what failed"]);
  });

  test("ways back that fail do not end the test of what comes behind them; each is named", async () => {
    const report = await tested({
      "db/migrations/01_users.sql": USERS,
      "db/migrations/02_fails.sql": NICK.replace("DROP nick", "DROP nock"),
      "db/migrations/03_broken.up.sql": "CREATE TABLE three (id int);",
      "db/migrations/03_broken.down.sql": "DROP TABLE three; SELECT 'open",
      "db/migrations/04_none.sql": "CREATE TABLE four (id int);",
      "db/migrations/05_empty.up.sql": "CREATE TABLE five (id int);",
      "db/migrations/05_empty.down.sql": "-- nothing\n",
      "db/migrations/06_leaves_a_type.sql":
        "-- migrate:up\nCREATE TYPE six AS ENUM ('a'); CREATE TABLE sixes (six six);\n-- migrate:down\nDROP TABLE sixes;\n",
      "db/migrations/07_stops_half_way.sql":
        "-- migrate:up\nCREATE TABLE a7 (); CREATE TABLE b7 ();\n-- migrate:down transaction:false\nDROP TABLE a7;\nDROP TABLE nowhere;\nDROP TABLE b7;\n",
      "db/migrations/08_data.sql": "-- migrate:up\nINSERT INTO three VALUES (8);\n-- migrate:down\n",
      "db/migrations/09_more.sql": NICK.replaceAll("nick", "more"),
    });
    expect(paths(report).map((path) => path.slice(14, 16))).toEqual([
      "01",
      "02",
      "03",
      "04",
      "05",
      "06",
      "07",
      "08",
      "09",
    ]);
    expect(report.check.outcome).toBe("disproven");
    expect(
      report.check.findings.map(({ migration, message }) => [migration?.version, message.replace(/^\S+ /, "")]),
    ).toEqual([
      ["02", "does not roll back"],
      ["03", "does not roll back"],
      ["05", "does not roll back exactly; what is different afterwards"],
      ["06", "does not roll back exactly; what is different afterwards"],
      ["06", "does not apply again after its rollback"],
      ["07", "does not roll back"],
    ]);
    expect(report.unchecked).toEqual([
      "rolling back 04_none, which has no way back",
      "rolling back 08_data, whose way back is empty: what it does to rows stays",
    ]);
  });

  test("one without a way back is applied, and said to be unchecked", async () => {
    const report = await tested({ "db/migrations/1_users.sql": "CREATE TABLE users (id int);" });
    expect(report.check.outcome).toBe("proven");
    expect(report.unchecked).toEqual(["rolling back 1_users, which has no way back"]);
  });

  test("so is one whose way back is empty", async () => {
    const report = await tested({
      "db/migrations/1_users.sql": "-- migrate:up\nCREATE TABLE users (id int);\n-- migrate:down\nDROP TABLE users;\n",
      "db/migrations/2_fill.sql": "-- migrate:up\nUPDATE users SET id = 1;\n-- migrate:down\n",
    });
    expect(report.check.outcome).toBe("proven");
    expect(report.unchecked).toEqual(["rolling back 2_fill, whose way back is empty: what it does to rows stays"]);
  });

  test("and one whose code has run and asked for nothing, of which the rest is found as of an empty one in SQL", async () => {
    const code = (name: string, up: string): string =>
      `import { Migration } from "confiture";\nexport default class ${name} extends Migration {\n  up() { this.execute("${up}"); }\n  down() {}\n}\n`;
    const report = await tested({
      "db/migrations/1_users.sql": "-- migrate:up\nCREATE TABLE users (id int);\n-- migrate:down\nDROP TABLE users;\n",
      "db/migrations/2_fill.ts": code("Fill", "UPDATE users SET id = 1"),
      "db/migrations/3_more.sql": NICK.replaceAll("nick", "more"),
    });
    expect(report.check.outcome).toBe("proven");
    expect(report.unchecked).toEqual(["rolling back 2_fill, whose way back is empty: what it does to rows stays"]);
    const left = await tested({ "db/migrations/1_users.ts": code("Users", "CREATE TABLE users (id int)") });
    expect(left.check.findings.map(({ message }) => message)).toEqual([
      "1_users does not roll back exactly; what is different afterwards",
    ]);
  });

  test("from the schema files where they do not start from nothing, one alone too", async () => {
    const files = {
      "db/schema/users.sql": "CREATE TABLE users (id int, nick text, age int);",
      "db/migrations/1_nick.sql": NICK,
      "db/migrations/2_age.sql":
        "-- migrate:up\nALTER TABLE users ADD age int;\n-- migrate:down\nALTER TABLE users DROP age;\n",
    };
    const all = await tested(files);
    expect(all).toMatchObject({ from: "schema", check: { outcome: "proven" }, unchecked: [] });
    const one = await tested(
      { ...files, "db/fixtures/u.sql": "INSERT INTO users (id) VALUES (1);" },
      { version: "1", ...WITH_ROWS },
    );
    expect(one).toMatchObject({ from: "schema", check: { outcome: "proven" }, unchecked: [], losses: [] });
    expect(paths(one)).toEqual(["db/migrations/1_nick.sql"]);
  });

  test("the newest one may not be in the schema files yet", async () => {
    const report = await tested(
      {
        "db/schema/users.sql": "CREATE TABLE users (id int, nick text);",
        "db/migrations/1_nick.sql": NICK,
        "db/migrations/2_age.sql":
          "-- migrate:up\nALTER TABLE users ADD age int;\n-- migrate:down\nALTER TABLE users DROP age;\n",
      },
      { version: "2" },
    );
    expect(report).toMatchObject({ from: "behind", check: { outcome: "proven" }, unchecked: [] });
    expect(paths(report)).toEqual(["db/migrations/2_age.sql"]);
  });

  test("a version that is not there is an error that names those that are", async () => {
    const failure = await failureOf(tested({ "db/migrations/1_users.sql": USERS }, { version: "7" }));
    expect(failure).toMatchObject({ code: "migration_unknown", hint: expect.stringContaining("1") });
  });

  test("without migrations there is nothing to prove", async () => {
    expect(await tested({ "db/migrations/confiture.d.ts": "" })).toMatchObject({
      from: undefined,
      check: { outcome: "not-checked" },
    });
  });
});

describe("with rows in the tables", () => {
  test("what was lost before a way back failed, and behind it", async () => {
    const losing = (n: number, more = ""): string =>
      `-- migrate:up\nALTER TABLE users ADD c${n} int;\n-- migrate:down\nALTER TABLE users DROP c${n};\nUPDATE users SET bio = NULL WHERE id = ${n};${more}\n`;
    const report = await tested(
      {
        "db/migrations/1_users.sql": USERS,
        "db/migrations/2_loses.sql": losing(1, "\nCREATE TABLE in_the_way ();").replace(
          "ADD c1 int;",
          "ADD c1 int; CREATE TABLE in_the_way ();",
        ),
        "db/migrations/3_loses.sql": losing(2),
        "db/fixtures/users.sql": ROWS,
      },
      WITH_ROWS,
    );
    expect(losses(report)).toEqual(["3 down: public.users.bio values 2 -> 1"]);
    expect(report.check.findings.map(({ migration }) => migration?.version)).toEqual(["2"]);
  });

  test("nothing is lost by what only adds", async () => {
    const report = await tested(
      { "db/migrations/1_users.sql": USERS, "db/migrations/2_nick.sql": NICK, "db/fixtures/users.sql": ROWS },
      WITH_ROWS,
    );
    expect(report).toMatchObject({ check: { outcome: "proven" }, losses: [], unchecked: [], fixtures: 1 });
  });

  test("a column that is dropped and made again has lost its values", async () => {
    const report = await tested(
      {
        "db/migrations/1_users.sql": USERS,
        "db/migrations/2_no_bio.sql":
          "-- migrate:up\nALTER TABLE users DROP bio;\n-- migrate:down\nALTER TABLE users ADD bio text;\n",
        "db/fixtures/users.sql": ROWS,
      },
      WITH_ROWS,
    );
    // As a catalogue it is exact.
    expect(report.check.outcome).toBe("proven");
    expect(losses(report)).toEqual(["2 up: public.users.bio values 2 -> 0", "2 down: public.users.bio values 2 -> 0"]);
  });

  test("rows that an up deletes, and that a down deletes too many of", async () => {
    const report = await tested(
      {
        "db/migrations/1_users.sql": USERS,
        "db/migrations/2_tidy.sql":
          "-- migrate:up\nDELETE FROM users WHERE bio IS NULL;\n-- migrate:down\nDELETE FROM users WHERE id = 1;\n",
        "db/fixtures/users.sql": ROWS,
      },
      { version: "2", ...WITH_ROWS },
    );
    expect(losses(report)).toEqual(["2 up: public.users rows 3 -> 2", "2 down: public.users rows 3 -> 1"]);
  });

  test("a way back that restores other values than there were", async () => {
    const report = await tested(
      {
        "db/migrations/1_users.sql": USERS,
        "db/migrations/2_shout.sql":
          "-- migrate:up\nUPDATE users SET bio = upper(bio);\n-- migrate:down\nUPDATE users SET bio = 'lost' WHERE bio IS NOT NULL;\n",
        "db/fixtures/users.sql": ROWS,
      },
      WITH_ROWS,
    );
    expect(losses(report)).toEqual(["2 down: public.users.bio values 2 -> 0"]);
  });

  test("rows that a trigger adds, and values where there were none, are no loss", async () => {
    const report = await tested(
      {
        "db/migrations/1_users.sql": `CREATE TABLE users (id int PRIMARY KEY, bio text, token text);
          CREATE TABLE log (at timestamptz);
          CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO log VALUES (clock_timestamp()); RETURN NEW; END $$;
          CREATE TRIGGER note AFTER UPDATE ON users FOR EACH ROW EXECUTE FUNCTION note();`,
        "db/migrations/2_fill.sql": "-- migrate:up\nUPDATE users SET token = 'x';\n-- migrate:down\nSELECT 1;\n",
        "db/fixtures/users.sql": `${ROWS}\nINSERT INTO log VALUES (now());`,
      },
      WITH_ROWS,
    );
    expect(losses(report)).toEqual([]);
  });

  test("what is renamed, retyped or copied is not lost", async () => {
    const report = await tested(
      {
        "db/migrations/1_users.sql": USERS,
        "db/migrations/2_rename.sql":
          "-- migrate:up\nALTER TABLE users RENAME TO people;\nALTER TABLE people RENAME bio TO about;\nALTER TABLE people ALTER id TYPE bigint;\n" +
          "-- migrate:down\nALTER TABLE people ALTER id TYPE int;\nALTER TABLE people RENAME about TO bio;\nALTER TABLE people RENAME TO users;\n",
        "db/fixtures/users.sql": ROWS,
      },
      { version: "2", ...WITH_ROWS },
    );
    expect(report).toMatchObject({ check: { outcome: "proven" }, losses: [] });
  });

  test("a file waits until there is what it needs; what never comes is said, with its line", async () => {
    const files = {
      "db/migrations/1_users.sql": USERS,
      "db/migrations/2_teams.sql":
        "-- migrate:up\nCREATE TABLE teams (name text);\n-- migrate:down\nDROP TABLE teams;\n",
      "db/migrations/3_drop.sql":
        "-- migrate:up\nDROP TABLE teams;\n-- migrate:down\nCREATE TABLE teams (name text);\n",
      "db/fixtures/1_teams.sql": "INSERT INTO teams VALUES ('red');\n",
      "db/fixtures/2_users.sql": ROWS,
    };
    const all = await tested(files, WITH_ROWS);
    expect(all.unchecked).toEqual([]);
    expect(losses(all)).toEqual(["3 up: public.teams rows 1 -> 0", "3 down: public.teams rows 1 -> 0"]);
    const one = await tested(files, { version: "2", ...WITH_ROWS });
    expect(one.losses).toEqual([]);
    expect(one.unchecked).toMatchObject([expect.stringContaining("db/fixtures/1_teams.sql:1")]);
  });

  test("a file that PostgreSQL refuses for another reason is an error with its place", async () => {
    const failure = await failureOf(
      tested(
        {
          "db/migrations/1_users.sql": USERS,
          "db/migrations/2_nick.sql": NICK,
          "db/fixtures/users.sql": `${ROWS}${ROWS}`,
        },
        WITH_ROWS,
      ),
    );
    expect(failure).toMatchObject({
      code: "sql_failed",
      server: { sqlstate: "23505" },
      location: { file: "db/fixtures/users.sql", line: 2 },
    });
  });

  test("a file that no state of the tables fits is an error in the end; one that is too new for one migration is said", async () => {
    const files = {
      "db/migrations/1_users.sql": USERS,
      "db/migrations/2_nick.sql": NICK,
      "db/migrations/3_more.sql":
        "-- migrate:up\nALTER TABLE users ADD more int;\n-- migrate:down\nALTER TABLE users DROP more;\n",
    };
    const tooNew = { ...files, "db/fixtures/users.sql": "INSERT INTO users VALUES (1, 'one', 'nick');" };
    expect(await tested(tooNew, WITH_ROWS)).toMatchObject({ unchecked: [], losses: [] });
    expect((await tested(tooNew, { version: "2", ...WITH_ROWS })).unchecked).toMatchObject([
      expect.stringContaining("db/fixtures/users.sql:1"),
    ]);
    const wrong = { ...files, "db/fixtures/users.sql": "INSERT INTO users\nVALUES (1, 'one', 'nick', 4, 5);" };
    expect(await failureOf(tested(wrong, WITH_ROWS))).toMatchObject({
      code: "sql_failed",
      location: { file: "db/fixtures/users.sql", line: 2 },
    });
  });

  test("a folder that is not there, or a file that is no SQL, is an error before anything runs", async () => {
    const nowhere = await failureOf(tested({ "db/migrations/1_users.sql": "nonsense" }, { fixturesDir: "db/nowhere" }));
    expect(nowhere).toMatchObject({ code: "usage", message: expect.stringContaining("db/nowhere") });
    const unclosed = await failureOf(
      tested({ "db/migrations/1_users.sql": "nonsense", "db/fixtures/a.sql": "SELECT 'x;\n" }, WITH_ROWS),
    );
    expect(unclosed).toMatchObject({ code: "sql_unterminated", location: { file: "db/fixtures/a.sql", line: 1 } });
  });
});
