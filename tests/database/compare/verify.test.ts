import { describe, expect, test } from "bun:test";
import { availableParallelism } from "node:os";
import { existsSync } from "node:fs";
import { mkdir, readFile, rm } from "node:fs/promises";
import { compareCatalogues } from "#compare/catalogue/changes.ts";
import { planBetween, segmentsOf, statementsOf } from "#compare/generate/plan.ts";
import { parseSource, sourceCatalogue } from "#compare/sources/sources.ts";
import { type VerifyReport, verify } from "#compare/verify/verify.ts";
import { few, long } from "../../support/long.ts";
import { type TemporaryProject, temporaryProject } from "../../support/project.ts";
import { failureOf } from "../failure.ts";
import { filesOf } from "./project-files.ts";

async function verified(files: Record<string, string>, base?: string): Promise<VerifyReport> {
  await using project = await temporaryProject(files);
  return await verify({ ...filesOf(project.dir), base });
}

const outcomes = (report: VerifyReport): Record<string, string> =>
  Object.fromEntries(report.checks.map(({ name, outcome }) => [name, outcome]));

const findings = (report: VerifyReport): string[] =>
  report.checks.flatMap((check) =>
    check.findings.flatMap(({ changes = [] }) => changes.map(({ change, kind, name }) => `${change} ${kind} ${name}`)),
  );

describe("migrations that start from nothing", () => {
  const USERS = "CREATE TABLE users (id int PRIMARY KEY, email text NOT NULL);";
  const FIRST = "-- migrate:up\nCREATE TABLE users (id int PRIMARY KEY);\n-- migrate:down\nDROP TABLE users;\n";
  const SECOND =
    "-- migrate:up\nALTER TABLE users ADD email text NOT NULL;\n-- migrate:down\nALTER TABLE users DROP email;\n";

  test("a project that is right is proven", async () => {
    const report = await verified({
      "db/schema/users.sql": USERS,
      "db/migrations/1_users.sql": FIRST,
      "db/migrations/2_email.sql": SECOND,
    });
    expect(outcomes(report)).toEqual({ build: "proven", migrations: "proven", agreement: "proven" });
    expect(report).toMatchObject({ from: "migrations", unchecked: [] });
  });

  test.each(few(1, ["SET ROLE ended_as", "SET SESSION AUTHORIZATION ended_as"]))(
    "one that ends with %s",
    async (act) => {
      const made = (table: string): string => `${act};\nCREATE TABLE ${table} (id int PRIMARY KEY);\n`;
      const role =
        "DO $$ BEGIN CREATE ROLE ended_as; EXCEPTION WHEN duplicate_object THEN END $$;\nGRANT CREATE ON SCHEMA public TO ended_as;\n";
      const back = (table: string): string =>
        `-- migrate:down\n${act};\nDROP TABLE ${table};\nRESET ROLE;\nRESET SESSION AUTHORIZATION;\n`;
      const files = {
        "db/schema/a.sql": `${role}${made("a")}${made("b")}`,
        "db/migrations/1_a.sql": `-- migrate:up\n${role}INSERT INTO known VALUES (1);\n${made("a")}${back("a")}REVOKE CREATE ON SCHEMA public FROM ended_as;\nDELETE FROM known;\n`,
        "db/migrations/2_b.sql": `-- migrate:up\n${made("b")}${back("b")}`,
        "db/migrations/base.sql": "CREATE TABLE known (id int);\n",
      };
      files["db/schema/a.sql"] =
        `CREATE TABLE known (id int);\nINSERT INTO known VALUES (1);\n${files["db/schema/a.sql"]}`;
      expect(findings(await verified(files))).toEqual([]);
      const bare = { ...files };
      for (const file of ["db/migrations/1_a.sql", "db/migrations/2_b.sql"] as const)
        bare[file] = files[file].slice(0, files[file].indexOf("-- migrate:down"));
      expect(outcomes(await verified(bare))).toEqual({ build: "proven", migrations: "proven", agreement: "proven" });
    },
  );

  test("rows that only migrations leave, or only schema files, are named", async () => {
    const seed = (id: number): string =>
      `-- migrate:up\nINSERT INTO users VALUES (${id}, 'x');\n-- migrate:down\nDELETE FROM users WHERE id = ${id};\n`;
    const visits =
      "CREATE TABLE visits (at int) PARTITION BY LIST (at);\nCREATE TABLE all_visits PARTITION OF visits DEFAULT;\n";
    const report = await verified({
      "db/schema/users.sql": `${USERS}\nINSERT INTO users VALUES (1, 'x'), (3, 'x'), (4, 'x');`,
      "db/schema/visits.sql": visits,
      "db/migrations/5_visits.sql": `-- migrate:up\n${visits}INSERT INTO visits VALUES (7);\n-- migrate:down\nDROP TABLE visits;\n`,
      "db/migrations/1_users.sql": FIRST,
      "db/migrations/2_email.sql": SECOND,
      "db/migrations/3_one.sql": seed(1),
      "db/migrations/4_two.sql": seed(2),
    });
    expect(outcomes(report)).toEqual({ build: "proven", migrations: "proven", agreement: "proven" });
    expect(report.unchecked).toEqual([
      "1 row of public.users, which migrations leave and which is not in what the schema files build",
      "1 row of public.visits, which migrations leave and which is not in what the schema files build",
      "2 rows of public.users, which the schema files build and which are not in what migrations leave",
    ]);
  });

  test("rows that refer to other rows by the number that a sequence gave are named", async () => {
    const made =
      "CREATE TABLE p (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, n text);\nCREATE TABLE c (pid int REFERENCES p);\n";
    const rows = (p: string): string => `INSERT INTO p (n) VALUES ${p};\nINSERT INTO c VALUES (1);\n`;
    const files = {
      "db/migrations/1_all.sql": `-- migrate:up\n${made}${rows("('a'), ('b')")}-- migrate:down\nDROP TABLE c, p;\n`,
    };
    const left = async (built: string): Promise<VerifyReport["unchecked"]> =>
      (await verified({ ...files, "db/schema/all.sql": `${made}${rows(built)}` })).unchecked;
    expect(await left("('a'), ('b')")).toEqual([]);
    expect(await left("('b'), ('a')")).toEqual([
      "2 rows of public.p, which migrations leave and which are not in what the schema files build",
      "2 rows of public.p, which the schema files build and which are not in what migrations leave",
    ]);
  });

  test.each([
    [
      "more of them in migrations",
      "(1), (1), (1)",
      "(1)",
      "DELETE FROM d",
      ["migrations leave", "what the schema files build"],
    ],
    [
      "more of them in schema files",
      "(1)",
      "(1), (1), (1)",
      "DELETE FROM d",
      ["the schema files build", "what migrations leave"],
    ],
    ["as often, and a way back that leaves them", "(1)", "(1)", "SELECT 1", undefined],
  ])("rows that are there more than once are counted: %s", async (_, up, rows, down, sides) => {
    const report = await verified({
      "db/schema/d.sql": `CREATE TABLE d (a int);\nINSERT INTO d VALUES ${rows};\n`,
      "db/migrations/1_d.sql": "-- migrate:up\nCREATE TABLE d (a int);\n-- migrate:down\nDROP TABLE d;\n",
      "db/migrations/2_rows.sql": `-- migrate:up\nINSERT INTO d VALUES ${up};\n-- migrate:down\n${down};\n`,
    });
    const [who, what] = sides ?? [];
    expect(report.unchecked).toEqual(
      sides === undefined ? [] : [`2 rows of public.d, which ${who} and which are not in ${what}`],
    );
  });

  test("what the clock told is another time in every database, and the same; other times are not", async () => {
    const seeds = "CREATE TABLE seeds (name text, made timestamptz NOT NULL);\n";
    const report = await verified({
      "db/schema/seeds.sql": `${seeds}INSERT INTO seeds VALUES ('a', now()), ('b', '2020-01-01'), ('c', '2021-01-01');`,
      "db/migrations/1_seeds.sql": `-- migrate:up\n${seeds}INSERT INTO seeds VALUES ('a', clock_timestamp()), ('b', now()), ('c', '2021-01-02');\n-- migrate:down\nDROP TABLE seeds;\n`,
    });
    expect(report.unchecked).toEqual([
      "2 rows of public.seeds, which migrations leave and which are not in what the schema files build",
      "2 rows of public.seeds, which the schema files build and which are not in what migrations leave",
    ]);
  });

  const KEYS =
    "CREATE TABLE keys (id int PRIMARY KEY, k uuid DEFAULT gen_random_uuid(), at timestamptz DEFAULT now());\n";
  const K = "'00000000-0000-0000-0000-000000000001'";
  const chance = "INSERT INTO keys (id) VALUES (1);";
  test.each([
    ["chance", chance, chance, []],
    ["what both give", `INSERT INTO keys (id, k) VALUES (1, ${K});`, `INSERT INTO keys (id, k) VALUES (1, ${K});`, []],
    ["what only migrations give", `${chance} UPDATE keys SET k = ${K};`, chance, ["left"]],
    ["what only schema files give", chance, `INSERT INTO keys (id, k) VALUES (1, ${K});`, ["built"]],
    ["another time", `INSERT INTO keys (id, at) VALUES (1, '2020-01-01');`, chance, ["left"]],
    [
      "chance beside what both give",
      `${chance} INSERT INTO keys VALUES (2, ${K});`,
      `INSERT INTO keys VALUES (2, ${K}); ${chance}`,
      [],
    ],
  ])("values in columns with computed defaults count where they are given: %s", async (_, up, rows, expected) => {
    const report = await verified({
      "db/schema/keys.sql": KEYS + rows,
      "db/migrations/1_keys.sql": `-- migrate:up\n${KEYS}-- migrate:down\nDROP TABLE keys;\n`,
      "db/migrations/2_rows.sql": `-- migrate:up\n${up}\n-- migrate:down\nDELETE FROM keys;\n`,
    });
    const given = " with other values than defaults give";
    const [left, built] = [expected.includes("left") ? given : "", expected.includes("built") ? given : ""];
    expect(report.unchecked).toEqual(
      expected.length === 0
        ? []
        : [
            `1 row of public.keys, which migrations leave${left} and which is not in what the schema files build`,
            `1 row of public.keys, which the schema files build${built} and which is not in what migrations leave`,
          ],
    );
    expect(outcomes(report)).toEqual({ build: "proven", migrations: "proven", agreement: "proven" });
  });

  test("a contract that waits while later migrations run leads to the same, or the one that has to wait for it is named", async () => {
    const down = "\n-- migrate:down\n";
    const files = (schema: string, contract: string, later: string): Record<string, string> => ({
      "db/schema/users.sql": `CREATE TABLE users (id int PRIMARY KEY, ${schema});`,
      "db/migrations/1_users.sql": FIRST.replace("KEY)", "KEY, name text, nick text)"),
      "db/migrations/2_contract.sql": `-- migrate:up phase:contract change:names\n${contract}`,
      "db/migrations/3_later.sql": later,
    });
    const drop = `ALTER TABLE users DROP name;${down}ALTER TABLE users ADD name text;`;
    const setDefault = `ALTER TABLE users ALTER nick SET DEFAULT 'a';${down}ALTER TABLE users ALTER nick DROP DEFAULT;`;
    const addName = `\nALTER TABLE users ADD name int;${down}ALTER TABLE users DROP name;`;
    const cases = [
      [
        "nick text, age int",
        drop,
        `-- migrate:up\nALTER TABLE users ADD age int;${down}ALTER TABLE users DROP age;`,
        [],
      ],
      [
        "nick text, name int",
        drop,
        `-- migrate:up${addName}`,
        ["3_later does not apply while the contract 2_contract waits"],
      ],
      ["nick text, name int", drop, `-- migrate:up after:2${addName}`, []],
      [
        "name text, nick text DEFAULT 'b'",
        setDefault,
        `-- migrate:up\nALTER TABLE users ALTER nick SET DEFAULT 'b';${down}ALTER TABLE users ALTER nick SET DEFAULT 'a';`,
        [
          "Migrations that run while the contract 2_contract waits lead to another schema. Let the migration that cannot come before the contract wait for it: after:2 behind its -- migrate:up.",
        ],
      ],
    ] as const;
    for (const [schema, contract, later, messages] of cases) {
      const report = await verified(files(schema, contract, later));
      const found = report.checks.flatMap((check) => check.findings.map(({ message }) => message));
      expect(found, later).toEqual([...messages]);
      expect(outcomes(report)).toMatchObject({
        migrations: messages.length === 0 ? "proven" : "disproven",
        agreement: "proven",
      });
    }
  });

  test("schema files that do not build: what PostgreSQL says, and where", async () => {
    const report = await verified({ "db/schema/users.sql": "CREATE TABLE users (\n  id nope\n);" });
    expect(outcomes(report)).toEqual({ build: "disproven" });
    expect(report.checks[0]?.findings[0]?.error).toMatchObject({
      server: { sqlstate: "42704" },
      location: { file: "db/schema/users.sql", line: 2 },
    });
  });

  test("everything that is wrong is found, in the order of the migrations", async () => {
    const table = (name: string, down: string): string =>
      `-- migrate:up\nCREATE TABLE ${name} (id int);\n-- migrate:down\n${down}\n`;
    const report = await verified({
      "db/migrations/1_a.sql": table("IF NOT EXISTS a", ""),
      "db/migrations/2_b.sql": table("b", "DROP TABLE b; CREATE SEQUENCE IF NOT EXISTS s;"),
      "db/migrations/3_c.sql": table("c", "DROP TABLE nope;"),
      "db/migrations/4_d.sql": table("d", "DROP TABLE d;"),
      "db/migrations/5_e.sql": table("e", "DROP TABLE e; CREATE SEQUENCE IF NOT EXISTS t;"),
    });
    const check = report.checks.find(({ name }) => name === "migrations");
    expect(
      check?.findings.map(({ migration, changes }) => [migration?.version, changes?.map(({ name }) => name)]),
    ).toEqual([
      ["1", ["public.a"]],
      ["2", ["public.s"]],
      ["3", undefined],
      ["5", ["public.t"]],
    ]);
  });

  test("a rollback that leaves something behind is named, with the SQL that closes the gap", async () => {
    const report = await verified({
      "db/schema/users.sql": `${USERS}\nCREATE INDEX by_email ON users (email);`,
      "db/migrations/1_users.sql": FIRST,
      "db/migrations/2_email.sql":
        "-- migrate:up\nCREATE SEQUENCE IF NOT EXISTS s;\nALTER TABLE users ADD email text NOT NULL;\nCREATE INDEX by_email ON users (email);\n" +
        "-- migrate:down\nALTER TABLE users DROP email;\n",
    });
    expect(outcomes(report)).toMatchObject({ migrations: "disproven" });
    const [finding] = report.checks[1]!.findings;
    expect(finding?.migration?.path).toBe("db/migrations/2_email.sql");
    expect(finding?.changes).toMatchObject([{ change: "added", kind: "sequence", name: "public.s" }]);
    expect(finding?.sql).toEqual(["DROP SEQUENCE public.s"]);
  });

  test("a difference between schema files and migrations names the object and its properties", async () => {
    const report = await verified({
      "db/schema/users.sql": "CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL);",
      "db/migrations/1_users.sql": FIRST,
      "db/migrations/2_email.sql": SECOND,
    });
    expect(outcomes(report)).toEqual({ build: "proven", migrations: "proven", agreement: "disproven" });
    expect(report.checks[2]?.findings[0]?.changes).toMatchObject([
      {
        change: "changed",
        name: "public.users.id",
        properties: [{ property: "type", from: "integer", to: "bigint" }],
      },
    ]);
  });

  test("a migration without a way back is applied, and said to be unchecked", async () => {
    const report = await verified({
      "db/schema/users.sql": USERS,
      "db/migrations/1_users.sql": "CREATE TABLE users (id int PRIMARY KEY);",
      "db/migrations/2_email.sql": SECOND,
    });
    expect(outcomes(report)).toEqual({ build: "proven", migrations: "proven", agreement: "proven" });
    expect(report.unchecked).toEqual(["rolling back 1_users, which has no way back"]);
  });

  test("a way back that is empty proves nothing of rows, which is said; one with nothing to take back does", async () => {
    const files = {
      "db/schema/users.sql": "CREATE TABLE users (id int PRIMARY KEY);",
      "db/migrations/1_users.sql":
        "-- migrate:up\nCREATE TABLE users (id int PRIMARY KEY);\n-- migrate:down\nDROP TABLE users;\n",
      "db/migrations/2_fill.sql": "-- migrate:up\nUPDATE users SET id = id + 1;\n-- migrate:down\n",
    };
    const report = await verified(files);
    expect(report.unchecked).toEqual(["rolling back 2_fill, whose way back is empty: what it does to rows stays"]);
    expect(report.checks.find(({ name }) => name === "migrations")).toMatchObject({
      outcome: "proven",
      summary: "2 migrations apply, roll back exactly and apply again, as far as they have a way back",
    });
    const inSchema = await verified({
      ...files,
      "db/migrations/2_fill.sql": "-- migrate:up\nALTER TABLE users ADD age int;\n-- migrate:down\n",
    });
    expect(outcomes(inSchema)).toMatchObject({ migrations: "disproven" });
    expect(inSchema.unchecked).toEqual([]);
  });

  test("the order of columns and the way a constraint is written make no difference", async () => {
    const report = await verified({
      "db/schema/t.sql": "CREATE TABLE t (b text NOT NULL, a int PRIMARY KEY, CONSTRAINT a_positive CHECK (a > 0));",
      "db/migrations/1_t.sql":
        "-- migrate:up\nCREATE TABLE t (a int PRIMARY KEY);\nALTER TABLE t ADD b text NOT NULL, ADD CONSTRAINT a_positive CHECK (a > 0);\n-- migrate:down\nDROP TABLE t;",
    });
    expect(outcomes(report)).toEqual({ build: "proven", migrations: "proven", agreement: "proven" });
  });

  test("statements outside a transaction and TypeScript migrations are replayed as they run", async () => {
    const report = await verified({
      "db/schema/users.sql": "CREATE TABLE users (id int PRIMARY KEY);\nCREATE INDEX by_id ON users (id);",
      "db/migrations/1_users.ts":
        'import { Migration } from "confiture";\nexport default class Users extends Migration {\n  up() { this.execute("CREATE TABLE users (id int PRIMARY KEY)"); }\n  down() { this.execute("DROP TABLE users"); }\n}\n',
      "db/migrations/2_index.up.sql": "CREATE INDEX CONCURRENTLY by_id ON users (id);",
      "db/migrations/2_index.down.sql": "DROP INDEX CONCURRENTLY by_id;",
    });
    expect(outcomes(report)).toEqual({ build: "proven", migrations: "proven", agreement: "proven" });
  });
});

describe("migrations that alter what only the schema files create", () => {
  const MIGRATION = "-- migrate:up\nALTER TABLE users ADD bio text;\n-- migrate:down\nALTER TABLE users DROP bio;\n";

  test("are proven from the other end", async () => {
    const report = await verified({
      "db/schema/users.sql": "CREATE TABLE users (id int, bio text);",
      "db/migrations/1_bio.sql": MIGRATION,
    });
    expect(outcomes(report)).toEqual({ build: "proven", migrations: "proven", agreement: "proven" });
    expect(report.from).toBe("schema");
  });

  test("rows that they leave beside those of the schema files are named", async () => {
    const migration =
      "-- migrate:up\nALTER TABLE users ADD bio text;\nCREATE TABLE tags (n text);\nINSERT INTO tags VALUES ('a'), ('b');\n-- migrate:down\nDROP TABLE tags;\nALTER TABLE users DROP bio;\n";
    // The way back empties the column of the files' own row.
    const users = "CREATE TABLE users (id int, bio text);\nINSERT INTO users VALUES (1, 'x');";
    for (const [schema, from, unchecked] of [
      [`${users}\nCREATE TABLE tags (n text);`, "schema", "2 rows of public.tags"],
      [`${users}\nCREATE TABLE tags (n text);\nINSERT INTO tags VALUES ('b');`, "schema", "1 row of public.tags"],
      [`${users}\nCREATE TABLE tags (n text);\nINSERT INTO tags VALUES ('b'), ('a');`, "schema", undefined],
      ["CREATE TABLE users (id int); INSERT INTO users VALUES (1);", "behind", "2 rows of public.tags"],
    ] as const) {
      const report = await verified({ "db/schema/users.sql": schema, "db/migrations/1_tags.sql": migration });
      expect(report.from).toBe(from);
      const named = unchecked === undefined ? [] : [expect.stringContaining(`${unchecked}, which migrations leave`)];
      expect(report.unchecked).toEqual(named);
    }
  });

  test("schema files that were not updated are found", async () => {
    const report = await verified({
      "db/schema/users.sql": "CREATE TABLE users (id int);",
      "db/migrations/1_bio.sql": MIGRATION,
    });
    expect(outcomes(report)).toEqual({ build: "proven", migrations: "proven", agreement: "disproven" });
    expect(report.from).toBe("behind");
    expect(findings(report)).toEqual(["dropped column public.users.bio"]);
  });

  test("schema files that lack the last ones are found, also where the way back of the very last has nothing to do", async () => {
    const report = await verified({
      "db/schema/users.sql": "CREATE TABLE users (id int, bio text);",
      "db/migrations/1_bio.sql": MIGRATION,
      "db/migrations/2_filled.sql":
        "-- migrate:up\nALTER TABLE users ADD CONSTRAINT filled CHECK (bio <> '');\n-- migrate:down\nALTER TABLE users DROP CONSTRAINT filled;\n",
      "db/migrations/3_required.sql":
        "-- migrate:up\nALTER TABLE users ALTER bio SET NOT NULL;\n-- migrate:down\nALTER TABLE users ALTER bio DROP NOT NULL;\n",
    });
    expect(outcomes(report)).toEqual({ build: "proven", migrations: "proven", agreement: "disproven" });
    expect(report.from).toBe("schema");
    expect(findings(report).toSorted()).toEqual([
      "changed column public.users.bio",
      "dropped constraint public.users.filled",
    ]);
  });

  test("one whose way back changes no object is proven where the schema files hold everything", async () => {
    const report = await verified({
      "db/schema/users.sql": "CREATE TABLE users (id int, bio text);",
      "db/migrations/1_bio.sql": MIGRATION,
      "db/migrations/2_rows.sql":
        "-- migrate:up\nUPDATE users SET bio = '';\n-- migrate:down\nUPDATE users SET bio = NULL;\n",
    });
    expect(outcomes(report)).toEqual({ build: "proven", migrations: "proven", agreement: "proven" });
    expect(report.from).toBe("schema");
  });

  test("schema files that lack an older change are named as the likely cause, not the way back", async () => {
    const report = await verified({
      "db/schema/users.sql": "CREATE TABLE users (id int, email text);",
      "db/migrations/1_bio.sql": MIGRATION,
      "db/migrations/2_email.sql": MIGRATION.replaceAll("bio", "email"),
    });
    const messages = report.checks.flatMap((check) => check.findings.map(({ message }) => message));
    expect(messages).toEqual([
      "1_bio cannot be rolled back from the built schema: do the schema files lack what it makes?",
    ]);
  });

  test("and have no way back cannot be checked, which is said", async () => {
    const report = await verified({
      "db/schema/users.sql": "CREATE TABLE users (id int, bio text);",
      "db/migrations/1_bio.sql": "ALTER TABLE users ADD bio text;",
    });
    expect(outcomes(report)).toEqual({ build: "proven", migrations: "not-checked", agreement: "not-checked" });
    expect(report.unchecked).not.toEqual([]);
  });

  test("and only the later ones have a way back: what was not run is neither counted nor called agreed", async () => {
    const files = {
      "db/schema/users.sql": "CREATE TABLE users (id int);",
      "db/migrations/1_email.sql": "ALTER TABLE users ADD email text;",
      "db/migrations/2_bio.sql": MIGRATION,
    };
    for (const [bio, way, agreement] of [
      ["", "behind", "disproven"],
      [", bio text", "schema", "proven"],
    ] as const) {
      const report = await verified({ ...files, "db/schema/users.sql": `CREATE TABLE users (id int${bio});` });
      expect(report.from).toBe(way);
      expect(outcomes(report)).toEqual({ build: "proven", migrations: "proven", agreement });
      const said = report.checks.map(({ summary }) => summary);
      expect(said[1]).toBe("1 of 2 migrations applies, rolls back exactly and applies again");
      if (agreement === "proven") expect(said[2]).toBe("Schema files and migrations agree, as far as these were run");
      expect(report.unchecked).toContainEqual(
        expect.stringMatching(/without a down, 1_email: .*whether the schema files hold their changes is not known$/),
      );
    }
  });

  test("what a rollback takes away too much is found", async () => {
    const report = await verified({
      "db/schema/users.sql": "CREATE TABLE users (id int, bio text, born date);",
      "db/migrations/1_bio.sql": MIGRATION.replace("DROP bio", "DROP bio, DROP born"),
    });
    expect(outcomes(report)).toEqual({ build: "proven", migrations: "disproven", agreement: "not-checked" });
    expect(findings(report)).toEqual(["dropped column public.users.born"]);
  });
});

describe("a project in git", () => {
  async function repository(): Promise<TemporaryProject> {
    const project = await temporaryProject({ "db/schema/users.sql": "CREATE TABLE users (id int);" });
    git(project, "init", "-q");
    git(project, "add", ".");
    git(project, "-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-qm", "before");
    return project;
  }
  const git = ({ dir }: TemporaryProject, ...args: string[]): void => {
    const { exitCode, stderr } = Bun.spawnSync(["git", ...args], { cwd: dir });
    if (exitCode !== 0) throw new Error(stderr.toString());
  };

  test.skipIf(Bun.which("git") === null)(
    "the schema of a commit and the migrations since give that of now",
    async () => {
      await using project = await repository();
      await project.write("db/schema/users.sql", "CREATE TABLE users (id int, bio text);");
      await project.write("db/migrations/1_bio.sql", "ALTER TABLE users ADD bio text;");
      const right = await verify({ ...filesOf(project.dir), base: "HEAD" });
      expect(outcomes(right)).toEqual({ build: "proven", migrations: "proven", agreement: "proven" });
      await project.write("db/migrations/1_bio.sql", "ALTER TABLE users ADD bio varchar(9);");
      const wrong = await verify({ ...filesOf(project.dir), base: "HEAD" });
      expect(findings(wrong)).toEqual(["changed column public.users.bio"]);
    },
  );

  test.skipIf(Bun.which("git") === null)("an edit of the schema files without a migration is found", async () => {
    await using project = await repository();
    expect(outcomes(await verify({ ...filesOf(project.dir), base: "HEAD" }))).toMatchObject({ agreement: "proven" });
    await project.write("db/schema/users.sql", "CREATE TABLE users (id int, bio text);");
    expect(findings(await verify({ ...filesOf(project.dir), base: "HEAD" }))).toEqual([
      "added column public.users.bio",
    ]);
  });

  test.skipIf(Bun.which("git") === null)("a commit that is not there is an error that names it", async () => {
    await using project = await repository();
    const reading = sourceCatalogue(filesOf(project.dir), parseSource("git:nowhere"));
    expect(await failureOf(reading)).toMatchObject({ code: "git_failed", message: expect.stringContaining("nowhere") });
  });
});

test("roles that schema files take for granted are no finding", async () => {
  const report = await verified({
    "db/schema/users.sql": 'CREATE TABLE users (id int);\nGRANT SELECT ON users TO "app reader";',
    "db/migrations/1_users.sql": 'CREATE TABLE users (id int);\nGRANT SELECT ON users TO "app reader";',
  });
  expect(outcomes(report)).toEqual({ build: "proven", migrations: "proven", agreement: "proven" });
});

test("kinds that no SQL is planned for are compared all the same", async () => {
  const table = "CREATE TABLE t (a int, b int);";
  const schema = `${table}\nCREATE STATISTICS together ON a, b FROM t;`;
  const equal = await verified({ "db/schema/t.sql": schema, "db/migrations/1_t.sql": schema });
  expect(outcomes(equal)).toEqual({ build: "proven", migrations: "proven", agreement: "proven" });
  const missing = await verified({ "db/schema/t.sql": schema, "db/migrations/1_t.sql": table });
  expect(findings(missing)).toEqual(["added statistics object public.together"]);
});
test("the SQL of a difference, run, makes it go away", async () => {
  await using before = await temporaryProject({ "db/schema/a.sql": "CREATE TABLE a (id int PRIMARY KEY);" });
  await using after = await temporaryProject({
    "db/schema/a.sql":
      "CREATE TYPE mood AS ENUM ('ok', 'sad');\nCREATE TABLE a (id bigint PRIMARY KEY, m mood DEFAULT 'ok');\nCREATE VIEW v AS SELECT id FROM a WHERE m = 'ok';",
  });
  const from = await sourceCatalogue(filesOf(before.dir), { kind: "schema" });
  const to = await sourceCatalogue(filesOf(after.dir), { kind: "schema" });
  const sql = statementsOf(segmentsOf(await planBetween(filesOf(before.dir), { from, to })));
  await before.write("db/schema/b.sql", `${sql.join(";\n")};`);
  const reached = await sourceCatalogue(filesOf(before.dir), { kind: "schema" });
  expect(compareCatalogues(reached, to)).toEqual([]);
});

describe("what an earlier run has proven", () => {
  const table = (name: string, down = `DROP TABLE ${name}`): string =>
    `-- migrate:up\nCREATE TABLE ${name} (id int);\n-- migrate:down\n${down};\n`;
  const FILES = {
    "db/migrations/1_a.sql": table("a"),
    "db/migrations/2_b.sql": table("b"),
    "db/migrations/3_c.sql": table("c"),
  };
  const KEPT = ".confiture/.verified";

  /** Which migrations a run tried out, and what came of it. */
  async function run(
    project: TemporaryProject,
    executable?: string,
  ): Promise<[undone: string[], report: VerifyReport]> {
    const undone = new Set<string>();
    const report = await verify({
      ...filesOf(project.dir),
      executable,
      onStep: (step) => {
        // That of the first one tells whether it starts from nothing.
        const [, back, both] = /^Trying (?:the way back of (\S+)|(\S+) up and back) in /.exec(step) ?? [];
        const tried = back ?? both;
        if (tried !== undefined && tried !== "1_a") undone.add(tried);
      },
    });
    return [[...undone], report];
  }

  test("is only applied, as long as nothing that the proof went by is another", async () => {
    await using project = await temporaryProject(FILES);
    const all = ["2_b", "3_c"];
    expect(await run(project, "x")).toMatchObject([all, { provenBefore: 0 }]);
    // Keys, and nothing of what they stand for.
    expect(await project.read(KEPT)).toMatch(/^1\n([0-9a-f]{32}\n){3}$/);
    expect(await project.read(".confiture/.gitignore")).toBe("*\n");
    expect(await run(project, "x")).toMatchObject([[], { provenBefore: 3, from: "migrations" }]);
    expect(await run(project, "y")).toMatchObject([all, { provenBefore: 0 }]);
    expect(await run(project)).toMatchObject([all, { provenBefore: 0 }]);

    await project.write("db/migrations/4_d.sql", table("d"));
    expect(await run(project, "x")).toMatchObject([["4_d"], { provenBefore: 3 }]);
    // An edit counts for what comes after it, too; and what is wrong with it is found.
    await project.write("db/migrations/2_b.sql", table("b", "SELECT 1"));
    const [undone, report] = await run(project, "x");
    expect(undone).toContain("2_b");
    expect(report).toMatchObject({ provenBefore: 1 });
    expect(outcomes(report)).toEqual({ migrations: "disproven" });
    expect(await run(project, "x")).toMatchObject([undone, { provenBefore: 1 }]);
    await project.write("db/migrations/2_b.sql", table("b"));
    expect(await run(project, "x")).toMatchObject([[], { provenBefore: 4 }]);
    await project.write("db/migrations/base.sql", "CREATE TABLE before (id int);\n");
    expect(await run(project, "x")).toMatchObject([[...all, "4_d"], { provenBefore: 0 }]);
  });

  test("a file that is gone, of another form or unreadable takes nothing away but time", async () => {
    await using project = await temporaryProject(FILES);
    for (const content of ["", "2\nx\n", "\u0000"]) {
      await project.write(KEPT, content);
      expect(await run(project, "x")).toMatchObject([["2_b", "3_c"], { provenBefore: 0 }]);
    }
    await rm(project.path(KEPT));
    await mkdir(project.path(KEPT));
    expect(await run(project, "x")).toMatchObject([["2_b", "3_c"], { provenBefore: 0 }]);
  });

  long("of many, what they led to is kept as well, and begun with", async () => {
    const STATE = ".confiture/.verified-state";
    const many = Array.from({ length: 50 }, (_, index) => [
      `db/migrations/${index + 1}_t.sql`,
      table(`t${index + 1}`, `DROP TABLE t${index + 1}`).replace("(id int)", "(id serial)"),
    ]);
    const needsRow = (version: number): string =>
      `-- migrate:up\nINSERT INTO t3 VALUES (1 / (SELECT id FROM t1) + ${version});\n-- migrate:down\nDELETE FROM t3 WHERE id = ${version + 1};\n`;
    await using project = await temporaryProject({
      ...Object.fromEntries(many),
      "db/migrations/50_t.sql":
        "-- migrate:up\nINSERT INTO t1 DEFAULT VALUES;\nGRANT SELECT ON t1 TO keeper;\n-- migrate:down\nREVOKE SELECT ON t1 FROM keeper;\nDELETE FROM t1;\nALTER SEQUENCE t1_id_seq RESTART;\n",
    });
    const applied = async (executable: string): Promise<[steps: string[], report: VerifyReport]> => {
      const steps: string[] = [];
      const onStep = (step: string): unknown => step.startsWith("Trying ") && steps.push(step);
      return [steps, await verify({ ...filesOf(project.dir), executable, onStep })];
    };
    expect((await applied("x"))[1]).toMatchObject({ provenBefore: 0 });
    await project.write("db/migrations/51_row.sql", needsRow(51));
    const [steps, report] = await applied("x");
    expect(steps).toEqual(["Trying 51_row up and back in the embedded PostgreSQL"]);
    expect(report).toMatchObject({ provenBefore: 50, from: "migrations" });
    expect(outcomes(report)).toEqual({ migrations: "proven" });
    // With nothing new, there is nothing to try out.
    expect(await applied("x")).toMatchObject([["Trying 51_row in the embedded PostgreSQL"], { provenBefore: 51 }]);

    // What was kept is worth nothing to another executable, after an edit, or when it is not whole.
    await project.write("db/migrations/52_row.sql", needsRow(52));
    const kept = await readFile(project.path(STATE));
    await project.write(STATE, kept.subarray(0, kept.length - 1));
    expect((await applied("x"))[0]).toHaveLength(52);
    await project.write("db/migrations/51_row.sql", needsRow(151));
    const [again, edited] = await applied("x");
    expect(again.slice(-2)).toEqual(
      ["51_row", "52_row"].map((id) => `Trying ${id} up and back in the embedded PostgreSQL`),
    );
    expect(edited).toMatchObject({ provenBefore: 50 });
    expect((await applied("y"))[1]).toMatchObject({ provenBefore: 0 });

    await project.write(
      "db/migrations/53_wrong.sql",
      "-- migrate:up\nDROP TABLE t2;\n-- migrate:down\nCREATE TABLE t2 (id bigserial);\n",
    );
    const [, wrong] = await applied("y");
    expect(wrong).toMatchObject({ provenBefore: 52 });
    expect(findings(wrong)).toContain("changed column public.t2.id");
  });

  test("of many with rows that have what the clock told, nothing is kept that would be another time later", async () => {
    const seeds = "CREATE TABLE seeds (name text, made timestamptz NOT NULL);\n";
    const step = (from: string, to: string): string =>
      `-- migrate:up\nCOMMENT ON TABLE seeds IS '${to}';\n-- migrate:down\nCOMMENT ON TABLE seeds IS '${from}';\n`;
    const many = Array.from({ length: 50 }, (_, at) => [
      `db/migrations/${at + 2}_c.sql`,
      step(String(at), String(at + 1)),
    ]);
    await using project = await temporaryProject({
      ...Object.fromEntries(many),
      "db/migrations/1_seeds.sql": `-- migrate:up\n${seeds}COMMENT ON TABLE seeds IS '0';\nINSERT INTO seeds VALUES ('a', now());\n-- migrate:down\nDROP TABLE seeds;\n`,
    });
    await verify({ ...filesOf(project.dir), executable: "x" });
    expect(existsSync(project.path(".confiture/.verified"))).toBe(true);
    expect(existsSync(project.path(".confiture/.verified-state"))).toBe(false);
  });

  long(
    "of many, values in columns with computed defaults count the second time as well; of too many it is said that they do not",
    async () => {
      const keys = "CREATE TABLE keys (id int, k uuid DEFAULT gen_random_uuid(), at timestamptz DEFAULT now());\n";
      const rows = "INSERT INTO keys (id) VALUES (1);\n";
      const project = async (count: number): Promise<TemporaryProject> =>
        await temporaryProject({
          "db/schema/keys.sql": keys + rows,
          "db/migrations/0001_keys.sql": `-- migrate:up\n${keys}${rows}-- migrate:down\nDROP TABLE keys;\n`,
          "db/migrations/0002_fix.sql": `-- migrate:up\nUPDATE keys SET k = '00000000-0000-0000-0000-000000000001';\n-- migrate:down\nUPDATE keys SET k = gen_random_uuid();\n`,
          ...Object.fromEntries(
            Array.from({ length: count - 2 }, (_, at) => [
              `db/migrations/${String(at + 3).padStart(4, "0")}_c.sql`,
              "-- migrate:up\nSELECT 1;\n-- migrate:down\nSELECT 1;\n",
            ]),
          ),
        });
      await using some = await project(60);
      for (const provenBefore of [0, 60]) {
        const { unchecked, ...report } = await verify({ ...filesOf(some.dir), executable: "x" });
        expect(report).toMatchObject({ provenBefore });
        expect(unchecked[0]).toContain("with other values than defaults give");
      }
      await using many = await project(301);
      for (const provenBefore of [0, 301]) {
        const { unchecked, ...report } = await verify({ ...filesOf(many.dir), executable: "x" });
        expect(report).toMatchObject({ provenBefore });
        expect(unchecked).toEqual([expect.stringContaining("values of public.keys in columns with computed defaults")]);
      }
    },
  );

  test("schema files that an earlier run has built are built again where one of them is another, or something differs", async () => {
    const SCHEMA = ".confiture/.verified-schema";
    const schema = "CREATE TABLE a (id int);\nCREATE TABLE b (id int);\nCREATE TABLE c (id int);\n";
    const insert = (id: number): string =>
      `-- migrate:up\nINSERT INTO a VALUES (${id});\n-- migrate:down\nDELETE FROM a;\n`;
    await using project = await temporaryProject({
      ...FILES,
      "db/schema/a.sql": schema.split("\n")[0]!,
      "db/schema/b.sql": `\\ir ../more.psql\n${schema.split("\n")[2]}`,
      "db/more.psql": schema.split("\n")[1]!,
    });
    const builds = async (executable?: string): Promise<[built: boolean, report: VerifyReport]> => {
      let built = false;
      const onStep = (step: string): unknown => (built ||= step === "Building the schema files");
      const report = await verify({ ...filesOf(project.dir), executable, onStep });
      return [built, report];
    };
    const proven = { build: "proven", migrations: "proven", agreement: "proven" };
    expect(await builds("x")).toMatchObject([true, { builtBefore: false }]);
    const [built, again] = await builds("x");
    expect([built, again.builtBefore, outcomes(again)]).toEqual([false, true, proven]);
    expect((await builds())[0]).toBe(true);
    expect((await builds("y"))[0]).toBe(true);
    // A comment between statements makes nothing; one inside a statement may.
    await project.write("db/schema/a.sql", `-- First.\n${schema.split("\n")[0]!} -- last\n\n`);
    await project.write("db/more.psql", `/* b */\n${schema.split("\n")[1]!}`);
    expect(await builds("y")).toMatchObject([false, { builtBefore: true }]);

    // Rows are compared as well.
    await project.write("db/migrations/4_row.sql", insert(4));
    const [, lacking] = await builds("y");
    expect(lacking).toMatchObject({ builtBefore: true, unchecked: [expect.stringContaining("1 row of public.a")] });
    await project.write("db/schema/a.sql", `${schema.split("\n")[0]!}\nINSERT INTO a VALUES (4);\n`);
    expect(await builds("y")).toMatchObject([true, { builtBefore: false, unchecked: [] }]);
    // A file that another one includes counts, and so does what is kept.
    await project.write("db/more.psql", "CREATE TABLE b (id bigint);");
    const [, wrong] = await builds("y");
    expect([wrong.builtBefore, findings(wrong)]).toEqual([false, ["changed column public.b.id"]]);
    const [, still] = await builds("y");
    expect([still.builtBefore, findings(still)]).toEqual([true, ["changed column public.b.id"]]);
    await project.write(SCHEMA, (await readFile(project.path(SCHEMA))).subarray(1));
    expect((await builds("y"))[0]).toBe(true);
  });

  test("two runs at once keep what either has proven", async () => {
    await using project = await temporaryProject({ ...FILES, "db/schema/a.sql": "CREATE TABLE a (id int);" });
    const both = await Promise.all([run(project, "x"), run(project, "x")]);
    expect(both).toMatchObject([
      [["2_b", "3_c"], { provenBefore: 0 }],
      [["2_b", "3_c"], { provenBefore: 0 }],
    ]);
    expect(await run(project, "x")).toMatchObject([[], { provenBefore: 3, builtBefore: true }]);
  });

  test("TypeScript may go by anything, and ends the row", async () => {
    const code = `import { Migration } from "confiture";\nexport default class extends Migration {\n  up() { this.execute("CREATE TABLE t (id int)"); }\n  down() { this.execute("DROP TABLE t"); }\n}\n`;
    await using project = await temporaryProject({
      ...FILES,
      "db/migrations/2_b.ts": code,
      "db/migrations/4_b.sql": table("b"),
    });
    await rm(project.path("db/migrations/2_b.sql"));
    await run(project, "x");
    expect(await run(project, "x")).toMatchObject([["2_b", "3_c", "4_b"], { provenBefore: 1 }]);
  });
});

describe("many schema files, which another thread builds meanwhile", () => {
  const names = Array.from({ length: 100 }, (_, index) => `t${index + 100}`);
  const files = {
    ...Object.fromEntries(names.map((name) => [`db/schema/${name}.sql`, `CREATE TABLE ${name} (id int);\n`])),
    "db/migrations/1_all.sql": `-- migrate:up\n${names.map((name) => `CREATE TABLE ${name} (id int);`).join("\n")}\n-- migrate:down\nDROP TABLE ${names.join(", ")};\n`,
  };

  test("are proven, and what is wrong with them is found as in one thread", async () => {
    await using project = await temporaryProject(files);
    const steps: string[] = [];
    const run = async (): Promise<VerifyReport> =>
      await verify({ ...filesOf(project.dir), onStep: (step) => steps.push(step) });
    expect(outcomes(await run())).toEqual({ build: "proven", migrations: "proven", agreement: "proven" });
    // It was not built here.
    if (availableParallelism() > 1) expect(steps).not.toContain("Building the schema files");

    await project.write("db/schema/t150.sql", "CREATE TABLE t150 (id bigint);\n");
    expect(findings(await run())).toEqual(["changed column public.t150.id"]);
    await project.write("db/schema/t150.sql", "CREATE TABLE t150 (\n  id nope\n);\n");
    const [check] = (await run()).checks;
    expect(check).toMatchObject({ name: "build", outcome: "disproven" });
    expect(check?.findings[0]?.error?.location).toMatchObject({ file: "db/schema/t150.sql", line: 2 });
  });
});
