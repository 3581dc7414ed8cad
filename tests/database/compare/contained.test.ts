import { describe, expect, test } from "bun:test";
import { behindSchema } from "#compare/contained/behind.ts";
import type { Contained } from "#compare/contained/contained.ts";
import { containedInSchema } from "#compare/contained/in-schema.ts";
import { containedInDatabase } from "#compare/contained/in-database.ts";
import { replayOnce } from "#compare/contained/replayed.ts";
import { withDatabase } from "#database/open.ts";
import { few, long } from "../../support/long.ts";
import { temporaryProject } from "../../support/project.ts";
import { filesOf } from "./project-files.ts";

const USERS = "CREATE TABLE IF NOT EXISTS users (id int PRIMARY KEY);\n";
const WITH_BIO = "CREATE TABLE IF NOT EXISTS users (id int PRIMARY KEY, bio text);\n";
const column = (name: string, type = "text"): string =>
  `-- migrate:up\nALTER TABLE users ADD ${name} ${type};\n-- migrate:down\nALTER TABLE users DROP ${name};\n`;

async function decide(
  files: Record<string, string>,
  given: { recorded?: string[]; budget?: number; major?: number; roles?: string[] } = {},
): Promise<{
  contained: string[];
  pending: string[];
  undecided: string[];
  rowsNotCompared: string[];
  why: string | undefined;
  next?: string;
}> {
  await using project = await temporaryProject(files);
  const replay = replayOnce({
    ...filesOf(project.dir),
    recorded: given.recorded ?? [],
    clock: { budget: given.budget ?? 1, spent: () => 0 },
    ...(given.major === undefined ? {} : { major: given.major }),
    ...(given.roles === undefined ? {} : { roles: async () => new Set(given.roles) }),
  });
  const found = await containedInSchema(replay);
  const versions = (of: Contained["pending"]): string[] => of.map(({ version }) => version);
  const { contained, pending, undecided, rowsNotCompared, why, next } = found;
  return {
    contained: versions(contained),
    pending: versions(pending),
    undecided: versions(undecided),
    rowsNotCompared: versions(rowsNotCompared),
    why,
    ...(next === undefined ? {} : { next }),
  };
}

describe("a trigger that changes other rows when a row is inserted", () => {
  const made = `CREATE TABLE users (id int PRIMARY KEY, role text);
CREATE TABLE demotions (id int PRIMARY KEY);
CREATE FUNCTION demote() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE users SET role = 'user' WHERE id = new.id; RETURN RETURNED; END $$;
CREATE TRIGGER demote BEFORE INSERT ON demotions FOR EACH ROW EXECUTE FUNCTION demote();
`;
  const users = "INSERT INTO users VALUES (1, 'admin'), (2, 'admin');\n";
  const project = (returned: string, more: string): Record<string, string> => ({
    "db/schema/all.sql": made.replace("RETURNED", returned) + users + more,
    "db/migrations/001_made.sql": `-- migrate:up\n${made.replace("RETURNED", returned)}`,
    "db/migrations/002_demote.sql": "-- migrate:up\nINSERT INTO demotions VALUES (2);\n",
  });

  test("has not run on rows that only the schema files make", async () => {
    expect(await decide(project("NULL", ""))).toMatchObject({ contained: ["001"], pending: ["002"] });
    expect(await decide(project("NULL", "UPDATE users SET role = 'user' WHERE id = 2;\n"))).toMatchObject({
      contained: ["001", "002"],
      rowsNotCompared: [],
    });
  });

  test("is not said to have run on them where it cannot be tried", async () => {
    expect(await decide(project("new", "INSERT INTO demotions VALUES (2);\n"))).toMatchObject({
      contained: ["001", "002"],
      rowsNotCompared: ["002"],
    });
  });
});

describe("numbers of a sequence to which other rows refer", () => {
  const made =
    "CREATE TABLE p (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, n text);\nCREATE TABLE c (pid int REFERENCES p);\n";
  const rows = (p: string, c = "INSERT INTO c VALUES (1);\n"): string => `INSERT INTO p (n) VALUES ${p};\n${c}`;
  const files = (schema: string, migration = rows("('a'), ('b')")): Record<string, string> => ({
    "db/schema/all.sql": schema,
    "db/migrations/001_made.sql": `-- migrate:up\n${made}-- migrate:down\nDROP TABLE c, p;\n`,
    "db/migrations/002_rows.sql": `-- migrate:up\n${migration}-- migrate:down\nDELETE FROM c;\nDELETE FROM p;\n`,
  });

  test("count: the same numbers are other rows", async () => {
    expect(await decide(files(`${made}${rows("('a'), ('b')")}`))).toMatchObject({ contained: ["001", "002"] });
    expect(await decide(files(`${made}${rows("('b'), ('a')")}`))).toMatchObject({ contained: ["001"] });
    const code = `DO $$ BEGIN ${rows("('a'), ('b')")} END $$;\n`;
    expect(await decide(files(`${made}${rows("('b'), ('a')")}`, code))).toMatchObject({ contained: ["001"] });
  });

  test("do not where none refers to them", async () => {
    const one = { ...files(`${made}${rows("('b'), ('a')", "")}`, rows("('a'), ('b')", "")) };
    expect(await decide(one)).toMatchObject({ contained: ["001", "002"] });
  });
});

describe("migrations that only the schema files can carry", () => {
  const files = (schema: string): Record<string, string> => ({
    "db/schema/users.sql": schema,
    "db/migrations/001_bio.sql": column("bio"),
  });

  test("are pending where the files do not hold them", async () => {
    expect(await decide(files(USERS))).toMatchObject({ contained: [], pending: ["001"], undecided: [] });
  });

  test("are contained where they do, also with more than the migration makes", async () => {
    const more = `${WITH_BIO}COMMENT ON COLUMN users.bio IS 'About';\nCREATE TABLE more (id int);\n`;
    expect(await decide(files(more))).toMatchObject({ contained: ["001"], pending: [], undecided: [] });
  });

  test("the first may be contained and the next not", async () => {
    const two = { ...files(WITH_BIO), "db/migrations/002_age.sql": column("age", "int") };
    expect(await decide(two)).toMatchObject({ contained: ["001"], pending: ["002"] });
    expect(await decide({ ...two, "db/schema/users.sql": USERS })).toMatchObject({ pending: ["001", "002"] });
    expect(await decide(two, { recorded: ["1"] })).toMatchObject({ contained: [], pending: ["002"] });
  });

  const add = 'this.execute("ALTER TABLE users ADD bio text")';
  const drop = 'this.execute("ALTER TABLE users DROP bio -- gone"); this.execute("SET work_mem = 4096")';
  test.each([
    ["what it asks for is all that it does", WITH_BIO, add, drop, { contained: ["001"], pending: [], undecided: [] }],
    [
      "what it does goes by what it is told",
      WITH_BIO,
      `const [row] = await this.query("SELECT count(*)::int AS n FROM users"); if (row.n === 0) ${add}`,
      drop,
      { contained: ["001"], pending: [], undecided: [] },
    ],
    [
      "its way back takes away what its way up does not bring",
      WITH_BIO,
      'this.execute("ALTER TABLE users ADD bio varchar(10)")',
      drop,
      { contained: [], pending: [], undecided: ["001"] },
    ],
    ["the files do not hold it", USERS, add, drop, { contained: [], pending: ["001"], undecided: [] }],
  ])("in TypeScript: %s", async (_, schema, up, down, found) => {
    const code = `import { Migration } from "confiture";
      export default class extends Migration {
        async up() { ${up}; }
        async down() { ${down}; }
      }`;
    expect(await decide({ "db/schema/users.sql": schema, "db/migrations/001_bio.ts": code })).toMatchObject(found);
  });

  test("without a way back: pending where they apply, undecided where they do not", async () => {
    const oneWay = { "db/migrations/001_bio.sql": "ALTER TABLE users ADD bio text;" };
    expect(await decide({ ...files(USERS), ...oneWay })).toMatchObject({ pending: ["001"] });
    const held = await decide({ ...files(WITH_BIO), ...oneWay });
    expect(held).toMatchObject({ contained: [], pending: [], undecided: ["001"] });
    expect(held.why).toContain("already exists");
    expect(held.next).toContain("confiture migrate base --from git:REVISION");
  });

  test("rows that the files lack are named, and no way out is one that fails", async () => {
    const tags = {
      "db/migrations/001_tags.sql":
        "-- migrate:up\nALTER TABLE users ADD bio text;\nCREATE TABLE tags (n text);\nINSERT INTO tags VALUES ('a'), ('b');\n-- migrate:down\nDROP TABLE tags;\nALTER TABLE users DROP bio;\n",
    };
    const without = await decide({ "db/schema/users.sql": `${WITH_BIO}CREATE TABLE tags (n text);`, ...tags });
    expect(without.next).not.toContain("migrate up");
    expect(without).toMatchObject({
      undecided: ["001"],
      why: "2 rows of public.tags, made by 001_tags, are not in the schema files",
      next: expect.stringContaining("confiture schema update"),
    });
    const rows = `${WITH_BIO}CREATE TABLE tags (n text); INSERT INTO tags VALUES ('a'), ('b');`;
    expect(await decide({ "db/schema/users.sql": rows, ...tags })).toMatchObject({ contained: ["001"] });
    const emptied = `${rows} INSERT INTO users VALUES (1, 'x');`;
    const found = await decide({ "db/schema/users.sql": emptied, ...tags });
    expect(found.next).not.toContain("migrate up");
    expect(found).toMatchObject({ undecided: ["001"], next: expect.stringContaining("confiture migrate base ") });
  });
});

describe("migrations that begin with a base", () => {
  const project = (schema: string, ...migrations: string[]): Record<string, string> => ({
    "db/migrations/base.sql": USERS,
    "db/schema/users.sql": schema,
    ...Object.fromEntries(migrations.map((text, index) => [`db/migrations/${index + 1}_step.sql`, text])),
  });

  test("are contained up to the last one that the schema files hold, with or without ways back", async () => {
    const steps = [
      "ALTER TABLE users ADD bio text;",
      "CREATE INDEX by_bio ON users (bio);",
      "ALTER TABLE users ADD age int;",
    ];
    const bioAndIndex = `${WITH_BIO}CREATE INDEX by_bio ON users (bio);\n`;
    expect(await decide(project(bioAndIndex, ...steps))).toMatchObject({ contained: ["1", "2"], pending: ["3"] });
    expect(await decide(project(USERS, ...steps))).toMatchObject({ contained: [], pending: ["1", "2", "3"] });
  });

  test("what a later one changes again counts as it is in the end", async () => {
    const steps = ["ALTER TABLE users ADD bio varchar(10);", "ALTER TABLE users ALTER bio TYPE text;"];
    expect(await decide(project(WITH_BIO, ...steps))).toMatchObject({ contained: ["1", "2"] });
  });

  test("what is taken away has to be gone", async () => {
    const drop = "ALTER TABLE users DROP COLUMN id;";
    expect(await decide(project(USERS, drop))).toMatchObject({ pending: ["1"] });
    expect(await decide(project("CREATE TABLE users ();", drop))).toMatchObject({ contained: ["1"] });
  });

  test("rows that a migration leaves behind have to be there too, but for what differs from one database to the next", async () => {
    const settings = "CREATE TABLE settings (id serial, key text, at timestamptz DEFAULT now());\n";
    const seed = "INSERT INTO settings (key) VALUES ('theme'), ('language');\n";
    const steps = [settings, seed];
    expect(await decide(project(USERS + settings + seed, ...steps))).toMatchObject({ contained: ["1", "2"] });
    expect(await decide(project(USERS + settings, ...steps))).toMatchObject({ contained: ["1"], pending: ["2"] });
    const half = USERS + settings + "INSERT INTO settings (key) VALUES ('theme');\n";
    expect(await decide(project(half, ...steps))).toMatchObject({ contained: ["1"] });
  });

  test("a part of one is not all of it: nobody can tell, and it is said which", async () => {
    const found = await decide(project(WITH_BIO, "ALTER TABLE users ADD bio text; ALTER TABLE users ADD age int;"));
    expect(found).toMatchObject({ contained: [], pending: [], undecided: ["1"] });
    expect(found.why).toContain("1_step");
  });

  test.each([
    ["a column", "CREATE TABLE IF NOT EXISTS posts (id int PRIMARY KEY, title text);", "column public.posts.title"],
    ["a type", "CREATE TABLE IF NOT EXISTS posts (id bigint PRIMARY KEY);", "column public.posts.id"],
    [
      "a default",
      "CREATE TABLE posts (id int PRIMARY KEY);\nALTER TABLE posts ADD COLUMN IF NOT EXISTS n int DEFAULT 1;",
      undefined,
    ],
    [
      "code that asks first",
      "DO $$ BEGIN IF to_regclass('posts') IS NULL THEN CREATE TABLE posts (id int PRIMARY KEY, title text); END IF; END $$;",
      "column public.posts.title",
    ],
  ])(
    "a part of it that IF NOT EXISTS would leave as it is, lacks the rest: nobody can tell, and it is said what: %s",
    async (_, step, lacking) => {
      const files = {
        "db/migrations/base.sql": USERS,
        "db/schema/users.sql": USERS,
        "db/migrations/001_posts.sql": `${step}\n`,
      };
      const half = await decide({
        ...files,
        "db/schema/posts.sql": "CREATE TABLE IF NOT EXISTS posts (id int PRIMARY KEY);\n",
      });
      expect(half).toMatchObject({ contained: [], pending: [], undecided: ["001"] });
      if (lacking !== undefined) {
        expect(half.why).toBe(`001_posts would run and leave ${lacking} as the schema files have it, or without it`);
      }
      expect(half.next).toContain("confiture schema update");
      // None of it is there.
      expect(await decide(files)).toMatchObject({ contained: [], pending: ["001"], undecided: [] });
    },
  );

  long("of many, those that are far back are found as well", async () => {
    const steps = Array.from({ length: 12 }, (_, index) => `ALTER TABLE users ADD c${index} int;`);
    const schema = "CREATE TABLE users (id int PRIMARY KEY, c0 int, c1 int);\n";
    expect(await decide(project(schema, ...steps))).toMatchObject({
      contained: ["1", "2"],
      pending: ["3", "4", "5", "6", "7", "8", "9", "10", "11", "12"],
    });
  });
});

describe("what never ran is not taken for contained", () => {
  const T =
    "CREATE TABLE t (id int GENERATED BY DEFAULT AS IDENTITY, x text, at timestamptz DEFAULT now());\nCREATE SEQUENCE sq;\n" +
    "CREATE FUNCTION renumber() RETURNS void LANGUAGE sql AS 'UPDATE t SET id = 7';\n";
  const rows = "INSERT INTO t (x) VALUES ('a');\n";
  const project = (second: string, schema = T + rows): Record<string, string> => ({
    "db/schema/t.sql": schema,
    "db/migrations/001_t.sql": T + rows,
    "db/migrations/002_more.sql": second,
  });
  test.each(
    few(3, [
      ["rows that it takes away", "DELETE FROM t;", "1 row of public.t, which 002_more takes away"],
      ["where a sequence is", "SELECT setval('sq', 1000);", "public.sq, which 002_more leaves at 1000"],
      ["where it goes on", "ALTER TABLE t ALTER COLUMN id RESTART WITH 500;", "public.t_id_seq, which 002_more sets"],
      [
        "a value that a default else computes",
        "UPDATE t SET at = '2020-01-01';",
        "1 row of public.t, made by 002_more with other values than defaults give, is not in the schema files",
      ],
      ["the time again", "UPDATE t SET at = now();", "002_more changes public.t.at, whose values are not compared"],
      ["a number", "SELECT renumber();", "002_more changes public.t.id, whose values are not compared"],
      ["roles", "CREATE ROLE contained_test_role;", "002_more changes a role, which no comparison shows"],
      ["large objects", "SELECT lo_create(4242);", "002_more works on large objects"],
      [
        "the database, in code",
        "DO $$ BEGIN EXECUTE format('COMMENT ON DATABASE %I IS %L', current_database(), 'x'); END $$;",
        "002_more runs code that possibly changes a database itself",
      ],
      [
        "what code puts together",
        "DO $$ DECLARE a text := reverse('enilnoc'); BEGIN IF length(a) = 0 THEN EXECUTE format('%s %s TO bob', a, a); END IF; END $$;",
        "002_more runs code that possibly changes roles, databases or the server by SQL that it puts together",
      ],
      [
        "rows that it makes",
        "INSERT INTO t (x) VALUES ('b');",
        "1 row of public.t, made by 002_more, is not in the schema files",
      ],
    ]),
  )("%s", async (_, second, why) => {
    const found = await decide(project(second));
    expect(found).toMatchObject({ contained: ["001"], pending: ["002"], why: expect.stringContaining(why) });
  });

  test.each(
    few(2, [
      ["a label of an enum", `"Status"`, "'BLOCKED'"],
      ["a list", "text[]", "'{admin}'"],
      ["an expression", "int", "3"],
      ["a composite", "pair", "(3, 4)"],
    ]),
  )("rows that it makes, where a default is %s", async (_, type, value) => {
    const defaults = {
      '"Status"': "'ACTIVE'",
      "text[]": "ARRAY[]::text[]",
      int: "abs(-1) + 1",
      pair: "ROW(1, 2)::pair",
    };
    const table = `CREATE TYPE "Status" AS ENUM ('ACTIVE', 'BLOCKED');\nCREATE TYPE pair AS (a int, b int);
      CREATE TABLE u (id int, x ${type} NOT NULL DEFAULT ${defaults[type as "int"]});\n`;
    const of = (row: string): Record<string, string> => ({
      "db/schema/u.sql": `${table}INSERT INTO u VALUES (${row});`,
      "db/migrations/001_u.sql": table,
      "db/migrations/002_rows.sql": `INSERT INTO u VALUES (1, ${value});`,
    });
    const why = "1 row of public.u, made by 002_rows, is not in the schema files";
    expect(await decide(of("1, DEFAULT"))).toMatchObject({ contained: ["001"], pending: ["002"], why });
    expect(await decide(of(`1, ${value}`))).toMatchObject({ contained: ["001", "002"] });
  });

  const maker = (returns: string, end = "RETURN NULL"): string =>
    `CREATE FUNCTION make() RETURNS ${returns} LANGUAGE plpgsql AS $$ BEGIN CREATE ROLE contained_test_role; DROP ROLE contained_test_role; ${end}; END $$;\n`;
  test.each(
    few(1, [
      ["a trigger", `${maker("trigger")}CREATE TRIGGER t AFTER INSERT ON t EXECUTE FUNCTION make();`, rows],
      [
        "an event trigger",
        `${maker("event_trigger", "RETURN")}CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION make();`,
        "CREATE SCHEMA more;",
      ],
      ["a default", `${maker("text")}ALTER TABLE t ALTER x SET DEFAULT make();`, "INSERT INTO t DEFAULT VALUES;"],
      [
        "a function",
        `${maker("text")}CREATE FUNCTION other() RETURNS text LANGUAGE sql AS 'SELECT make()';`,
        "SELECT other();",
      ],
    ]),
  )("a role that %s of an earlier file changes", async (_, made, then) => {
    // What is called in the same words in the schema files was run; what is set off was perhaps not.
    const schema = T + rows + made + (then.startsWith("SELECT") ? "" : then);
    const found = await decide({ ...project(made, schema), "db/migrations/003_then.sql": then });
    expect(found).toMatchObject({ contained: ["001", "002"] });
    expect(found.why).toContain("003_then runs code that possibly changes a role");
  });

  test("a role that a trigger of the schema files changes, which alone carry the migration", async () => {
    const made = `${maker("trigger")}CREATE TRIGGER t AFTER UPDATE ON t EXECUTE FUNCTION make();`;
    const index = "CREATE INDEX by_x ON t (x);\n";
    const found = await decide({
      "db/schema/t.sql": T + rows + index + made,
      "db/migrations/001_rows.sql": `-- migrate:up\n${index}UPDATE t SET x = 'a';\n-- migrate:down\nDROP INDEX by_x;\n`,
    });
    expect(found.contained).toEqual([]);
    expect(found.why).toContain("001_rows runs code that possibly changes a role");
  });

  test("a role that is made where it is missing is there where the server has it", async () => {
    const files = {
      "db/schema/t.sql": "CREATE TABLE t (id int);\n",
      "db/migrations/001_t.sql":
        "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'contained_test_role') THEN CREATE ROLE contained_test_role; END IF; END $$;\nCREATE TABLE t (id int);\n",
    };
    expect(await decide(files, { roles: ["contained_test_role"] })).toMatchObject({ contained: ["001"] });
    // Nothing can be brought into the files, and nothing could be run.
    expect(await decide(files, { roles: ["other"] })).toMatchObject({
      contained: [],
      undecided: ["001"],
      why: expect.stringContaining("001_t runs code that possibly changes a role"),
      next: expect.stringMatching(/^ {2}confiture migrate baseline --through 001 [^\n]*$/),
    });
  });

  test("what depends on the version of the server, where it is another", async () => {
    const branch =
      "DO $$ BEGIN IF current_setting('server_version_num')::int < 160000 THEN CREATE TABLE old (); END IF; END $$;";
    expect(await decide(project(branch), { major: 15 })).toMatchObject({ contained: ["001"], pending: ["002"] });
    expect(await decide(project(branch), { major: 18 })).toMatchObject({ contained: ["001", "002"] });
  });

  test("what the schema files say in the same words was run by the build", async () => {
    const role = "CREATE ROLE\n  contained_test_role;";
    expect(await decide(project(role, `${T}${rows}CREATE ROLE contained_test_role;`))).toMatchObject({
      contained: ["001", "002"],
    });
  });

  test("rights on a function are compared, whatever PostgreSQL's own types its arguments have", async () => {
    const f = "CREATE FUNCTION f(a integer) RETURNS int LANGUAGE sql AS 'SELECT 1';\n";
    const second = `${f}REVOKE ALL ON FUNCTION f(integer) FROM PUBLIC;`;
    const given = { recorded: ["001"] };
    expect(await decide(project(second, T + rows + f), given)).toMatchObject({ contained: [], undecided: ["002"] });
    const revoked = `${T}${rows}${f}REVOKE EXECUTE ON FUNCTION f FROM PUBLIC;\n`;
    expect(await decide(project(second, revoked), given)).toMatchObject({ contained: ["002"] });
  });

  test("what is there behind it is recorded once somebody has seen to it, and what is lacking is named before it", async () => {
    const made = "CREATE TABLE r (a int);\nINSERT INTO r VALUES (1);\n";
    const files = (schema: string, ...more: string[]): Record<string, string> => ({
      "db/schema/r.sql": schema,
      "db/migrations/001_r.sql": `${made}CREATE ROLE contained_test_role;\nGRANT SELECT ON r TO PUBLIC;\n`,
      ...Object.fromEntries(more.map((sql, at) => [`db/migrations/00${at + 2}_more.sql`, sql])),
    });
    const given = `${made}GRANT SELECT ON r TO PUBLIC;\n`;
    const through = "  confiture migrate baseline --through 001   once you have seen";
    const alone = await decide(files(given));
    expect(alone).toMatchObject({ undecided: ["001"], why: "001_r changes a role, which no comparison shows" });
    expect(alone.next).toStartWith(through);
    expect(alone.next).not.toContain("--proven");
    const more = await decide(files(`${given}CREATE TABLE s (a int);\n`, "CREATE TABLE s (a int);"));
    expect(more).toMatchObject({ undecided: ["001", "002"], why: "001_r changes a role, which no comparison shows" });
    expect(more.next).toStartWith(through);
    expect(more.next).toEndWith(
      "\n  confiture migrate baseline --proven   then records what is there of those after it",
    );

    const withoutRow = await decide(files(given.replace("INSERT INTO r VALUES (1);\n", "")));
    expect(withoutRow).toMatchObject({ undecided: ["001"] });
    expect(withoutRow.why).toBe("1 row of public.r, made by 001_r, is not in the schema files");
    const withoutGrant = await decide(files(made));
    expect(withoutGrant).toMatchObject({ undecided: ["001"], why: '001_r: relation "r" already exists' });
    expect(withoutGrant.next).toContain("confiture schema update ");
    // Of what is not there at all, there is nothing to tell.
    expect(await decide(files("CREATE TABLE other (a int);\n"))).toMatchObject({ pending: ["001"], why: undefined });
  });

  test("a row that is missing beside a change that is there is named, with the way out", async () => {
    const second = "ALTER TABLE t ADD status text; INSERT INTO t (x, status) VALUES ('root', 'admin');";
    const found = await decide(project(second, T.replace("x text,", "x text, status text,") + rows), {
      recorded: ["001"],
    });
    expect(found).toMatchObject({
      contained: [],
      undecided: ["002"],
      why: "1 row of public.t, made by 002_more, is not in the schema files",
      next: expect.stringContaining("baseline --through 002"),
    });
  });
});

describe("a comment on what has no fact of its own has to be there too", () => {
  const P = "CREATE TABLE p (a int, CONSTRAINT few CHECK (a > 0)) PARTITION BY LIST (a);\n";
  const P1 = "CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);\n";
  test.each([
    ["NOT NULL", "CREATE TABLE t (a int CONSTRAINT filled NOT NULL);\n", "COMMENT ON CONSTRAINT filled ON t IS 'x';"],
    ["a check of a partition's table", P + P1, "COMMENT ON CONSTRAINT few ON p1 IS 'x';"],
  ])("%s", async (_, schema, comment) => {
    const files = { "db/schema/a.sql": schema, "db/migrations/001_a.sql": schema, "db/migrations/002_b.sql": comment };
    expect(await decide(files)).toMatchObject({ contained: ["001"], pending: ["002"] });
    const both = { ...files, "db/schema/a.sql": schema + comment };
    expect(await decide(both)).toMatchObject({ contained: ["001", "002"], pending: [] });
  });
});

describe("a migration that changes rows which only the schema files make", () => {
  const PLANS = "CREATE TABLE plans (id int PRIMARY KEY, price int NOT NULL);\n";
  const project = (rows: string, ...steps: string[]): Record<string, string> => ({
    "db/schema/plans.sql": `${PLANS}INSERT INTO plans VALUES ${rows};\n`,
    "db/migrations/001_plans.sql": PLANS,
    ...Object.fromEntries(
      steps.map((text, index) => [`db/migrations/${String(index + 2).padStart(3, "0")}_step.sql`, text]),
    ),
  });
  const raise = "UPDATE plans SET price = 12 WHERE id = 2;";
  const code = (statement: string): string =>
    `import { Migration } from "confiture"; export default class extends Migration { async up() { ${statement} } }`;

  test.each(
    few(3, [
      ["UPDATE", raise],
      ["DELETE", "DELETE FROM plans WHERE id = 1;"],
      ["TRUNCATE", "TRUNCATE plans;"],
      ["DO", `DO $$ BEGIN ${raise} END $$;`],
      ["below WITH", "WITH old AS (DELETE FROM plans WHERE id = 1 RETURNING *) SELECT count(*) FROM old;"],
      [
        "a function",
        `CREATE FUNCTION pg_temp.raise() RETURNS void LANGUAGE sql AS '${raise}'; SELECT pg_temp.raise();`,
      ],
      [
        "a function that is there for it alone",
        `CREATE FUNCTION raise() RETURNS void LANGUAGE sql AS '${raise}'; SELECT raise(); DROP FUNCTION raise();`,
      ],
      [
        "a temporary table",
        "CREATE TEMP TABLE new (id int, price int); INSERT INTO new VALUES (2, 12); UPDATE plans p SET price = new.price FROM new WHERE new.id = p.id;",
      ],
    ]),
  )("is pending while these are as before it: %s", async (_, step) => {
    expect(await decide(project("(1, 0), (2, 10)", step))).toMatchObject({
      contained: ["001"],
      pending: ["002"],
      undecided: [],
      why: expect.stringMatching(
        /\d rows? of public\.plans, which 002_step takes away or changes, (is|are) still in the schema/,
      ),
    });
  });

  test.each([
    ["of which all it asks for is known", `this.execute("${raise}");`],
    [
      "that goes by rows",
      `const [row] = await this.query("SELECT 12 AS price"); this.execute("UPDATE plans SET price = " + row.price + " WHERE id = 2");`,
    ],
  ])("in TypeScript, %s", async (_, statement) => {
    const files = (rows: string) => ({ ...project(rows), "db/migrations/002_step.ts": code(statement) });
    expect(await decide(files("(1, 0), (2, 10)"))).toMatchObject({ contained: ["001"], pending: ["002"] });
    expect(await decide(files("(1, 0), (2, 12)"))).toMatchObject({ contained: ["001", "002"] });
  });

  test.each(
    few(3, [
      ["as it leaves them", "(1, 0), (2, 12)", [raise]],
      ["as a later one leaves them", "(1, 0), (2, 15)", [raise, "UPDATE plans SET price = 15 WHERE id = 2;"]],
      ["that it passes over", "(1, 0), (2, 10)", ["UPDATE plans SET price = 0 WHERE price IS NULL;"]],
      [
        "whose column is gone again",
        "(1, 0), (2, 10)",
        ["ALTER TABLE plans ADD old int;", "UPDATE plans SET old = price;", "ALTER TABLE plans DROP old;"],
      ],
      [
        "that it makes itself as well",
        "(1, 0)",
        ["INSERT INTO plans VALUES (1, 1);", "UPDATE plans SET price = price - 1;"],
      ],
    ]),
  )("is contained where these are %s", async (_, rows, steps) => {
    const all = ["001", ...steps.map((_step, index) => String(index + 2).padStart(3, "0"))];
    expect(await decide(project(rows, ...steps))).toMatchObject({ contained: all, pending: [], undecided: [] });
  });

  test("whose column has another name now is contained, and that the rows were not compared is known", async () => {
    const cost = PLANS.replace("price", "cost");
    const files = project("(2, 10)", raise, "ALTER TABLE plans RENAME price TO cost;");
    const found = await decide({ ...files, "db/schema/plans.sql": `${cost}INSERT INTO plans VALUES (2, 10);` });
    expect(found).toMatchObject({ contained: ["001", "002", "003"], rowsNotCompared: ["002"] });
    const none = await decide({ ...files, "db/schema/plans.sql": cost });
    expect(none).toMatchObject({ contained: ["001", "002", "003"], rowsNotCompared: [] });
  });

  test("up to the one whose rows the files hold", async () => {
    const steps = [raise, "UPDATE plans SET price = 15 WHERE id = 2;"];
    expect(await decide(project("(2, 12)", ...steps))).toMatchObject({ contained: ["001", "002"], pending: ["003"] });
    expect(await decide(project("(2, 10)", ...steps))).toMatchObject({ contained: ["001"], pending: ["002", "003"] });
  });

  test("nobody can tell where it changes them each time, or does more that the files hold", async () => {
    const each = await decide(project("(2, 10)", "UPDATE plans SET price = price + 1;"));
    expect(each).toMatchObject({ contained: ["001"], pending: [], undecided: ["002"] });
    expect(each.next).toContain("migrate baseline --through 002");
    const more = await decide({
      ...project("(2, 10)", "ALTER TABLE plans ADD name text; UPDATE plans SET name = 'plan' WHERE name IS NULL;"),
      "db/schema/plans.sql": `${PLANS.replace("NOT NULL", "NOT NULL, name text")}INSERT INTO plans VALUES (2, 10);`,
    });
    expect(more).toMatchObject({ contained: ["001"], pending: [], undecided: ["002"] });
    expect(more.why).toContain("1 row of public.plans");
  });

  test("rows that it makes of these have to be there too", async () => {
    const prices = "CREATE TABLE prices (plan int, price int);\n";
    const step = `${prices}INSERT INTO prices SELECT id, price FROM plans;`;
    const files = (rows: string) => ({ ...project("(2, 10)", step), "db/schema/prices.sql": prices + rows });
    expect(await decide(files(""))).toMatchObject({
      contained: ["001"],
      undecided: ["002"],
      why: "1 row of public.prices, made by 002_step, is not in the schema files",
    });
    expect(await decide(files("INSERT INTO prices VALUES (2, 10);"))).toMatchObject({ contained: ["001", "002"] });
  });

  test("nor is what fails on them contained", async () => {
    const keys = "CREATE TABLE keys (plan int REFERENCES plans);\n";
    const files = project("(1, 0)", keys, "DELETE FROM plans;");
    expect(await decide({ ...files, "db/schema/z.sql": `${keys}INSERT INTO keys VALUES (1);` })).toMatchObject({
      contained: ["001", "002"],
      undecided: ["003"],
    });
  });
});

test("rows that are all that is lacking are named, although what the first migrations make is there otherwise", async () => {
  const files = (rows: string): Record<string, string> => ({
    "db/schema/kinds.sql": `CREATE TABLE kinds (name text, id int);\n${rows}`,
    "db/migrations/001_kinds.sql": "CREATE TABLE kinds (id smallint);",
    "db/migrations/002_name.sql": "ALTER TABLE kinds ADD name text;",
    "db/migrations/003_rows.sql": "INSERT INTO kinds VALUES (1, 'a'), (2, 'b');",
    "db/migrations/004_more.sql": "ALTER TABLE kinds ALTER id TYPE int;",
  });
  const found = await decide(files(""));
  expect(found).toMatchObject({
    contained: [],
    undecided: ["001", "002", "003", "004"],
    why: "2 rows of public.kinds, made by 003_rows, are not in the schema files",
    next: expect.stringContaining("confiture migrate baseline --through 004"),
  });
  expect(await decide(files("INSERT INTO kinds VALUES ('a', 1), ('b', 2);"))).toMatchObject({ undecided: [] });

  await using folder = await temporaryProject(files(""));
  const replay = replayOnce({ ...filesOf(folder.dir), recorded: [], clock: { budget: 1, spent: () => 0 } });
  const ledger = { schema: "public", table: "confiture_migrations", exists: false };
  await withDatabase({ engine: "embedded" }, {}, async (database) => {
    await database.execute("CREATE TABLE kinds (name text, id int)");
    expect(await containedInDatabase(replay, database, ledger)).toMatchObject({
      contained: [],
      pending: [],
      why: "2 rows of public.kinds, made by 003_rows, are not in the database",
    });
  });
});

test("what takes longer than it may, or does not build, is undecided and stops nothing", async () => {
  const files = { "db/schema/users.sql": WITH_BIO, "db/migrations/001_bio.sql": column("bio") };
  expect(await decide(files, { budget: 0 })).toMatchObject({
    undecided: ["001"],
    why: expect.stringContaining("ran out"),
    next: expect.stringContaining("migrate baseline --proven"),
  });
  expect(await decide({ ...files, "db/schema/users.sql": "CREATE nonsense;" })).toMatchObject({ undecided: ["001"] });
});

test("one replay tells what the schema files hold, what a database holds, and that it is behind", async () => {
  await using project = await temporaryProject({
    "db/migrations/base.sql": USERS,
    "db/schema/users.sql": WITH_BIO,
    "db/migrations/001_bio.sql": column("bio"),
  });
  const applied: string[] = [];
  const options = { ...filesOf(project.dir), onStep: (step: string) => applied.push(step) };
  const replay = replayOnce({ ...options, recorded: [], clock: { budget: 1, spent: () => 0 } });
  const ledger = { schema: "public", table: "confiture_migrations", exists: false };
  await withDatabase({ engine: "embedded" }, {}, async (database) => {
    await database.execute(USERS);
    expect(await behindSchema(replay, database, ledger)).toMatchObject({ held: 0, lacking: [{ version: "001" }] });
    expect(await containedInDatabase(replay, database, ledger)).toMatchObject({ pending: [{ version: "001" }] });
    await database.execute("ALTER TABLE users ADD bio text");
    expect(await behindSchema(replay, database, ledger)).toEqual({ held: 1, lacking: [] });
    expect(await containedInDatabase(replay, database, ledger)).toMatchObject({ contained: [{ version: "001" }] });
  });
  expect(applied).toEqual(["base.sql", "001_bio"].map((id) => `Trying ${id} in the embedded PostgreSQL`));
});

test("whoever owns something in the database, and whose default privileges are there, does not matter", async () => {
  const grants = "GRANT SELECT ON notes TO PUBLIC;\nALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC;\n";
  await using project = await temporaryProject({
    "db/migrations/base.sql": USERS,
    "db/migrations/001_notes.sql": `CREATE TABLE notes (id int PRIMARY KEY);\n${grants}`,
    "db/migrations/002_tags.sql": "CREATE TABLE tags (id int);\n",
  });
  const replay = replayOnce({ ...filesOf(project.dir), recorded: [], clock: { budget: 1, spent: () => 0 } });
  const ledger = { schema: "public", table: "confiture_migrations", exists: false };
  await withDatabase({ engine: "embedded" }, {}, async (database) => {
    await database.execute(`CREATE ROLE keeper; GRANT CREATE ON SCHEMA public TO keeper; SET ROLE keeper;
      ${USERS} CREATE TABLE notes (id int PRIMARY KEY); ${grants} RESET ROLE`);
    expect(await containedInDatabase(replay, database, ledger)).toMatchObject({
      contained: [{ version: "001" }],
      pending: [{ version: "002" }],
      undecided: [],
    });
    await database.execute("REVOKE SELECT ON notes FROM PUBLIC");
    expect(await containedInDatabase(replay, database, ledger)).toMatchObject({ contained: [] });
  });
});

describe("a value that a migration gives where a default would compute one has to be there too", () => {
  const FIXED = "'00000000-0000-0000-0000-000000000001'";
  const table = `CREATE TABLE s (id int PRIMARY KEY, k uuid DEFAULT gen_random_uuid(), "a.b" text DEFAULT md5(random()::text));\n`;
  const project = (made: string, rows: string, ...steps: string[]): Record<string, string> => ({
    "db/schema/s.sql": made + rows,
    "db/migrations/001_s.sql": made,
    ...Object.fromEntries(steps.map((text, index) => [`db/migrations/00${index + 2}_step.${extension(text)}`, text])),
  });
  const extension = (text: string): string => (text.startsWith("import") ? "ts" : "sql");
  const code = (statement: string): string =>
    `import { Migration } from "confiture"; export default class extends Migration { async up() { ${statement} } }`;
  const made = "1 row of public.s, made by 002_step with other values than defaults give, is not in the schema files";

  test.each(
    few(3, [
      ["by an INSERT", table, `INSERT INTO s (id, k) VALUES (1, ${FIXED});`],
      ["by an INSERT without columns", table, `INSERT INTO s VALUES (1, ${FIXED});`],
      ["by an INSERT of a query", table, `INSERT INTO s SELECT 1, ${FIXED};`],
      ["by COPY", table, `COPY s (id, k) FROM stdin;\n1\t${FIXED.slice(1, -1)}\n\\.\n`],
      ["as NULL", table, "INSERT INTO s (id, k) VALUES (1, NULL);"],
      [
        "as a time",
        table.replace("uuid DEFAULT gen_random_uuid()", "timestamptz DEFAULT now()"),
        "INSERT INTO s VALUES (1, 'infinity');",
      ],
      [
        "as another time",
        table.replace("uuid DEFAULT gen_random_uuid()", "timestamptz DEFAULT now()"),
        "INSERT INTO s VALUES (1, now() + interval '1 year');",
      ],
    ]),
  )("%s", async (_, tables, step) => {
    const found = await decide(project(tables, "INSERT INTO s (id) VALUES (1);", step));
    expect(found).toMatchObject({ contained: ["001"], pending: [], undecided: ["002"], why: made });
    expect(await decide(project(tables, step, step))).toMatchObject({ contained: ["001", "002"] });
  });

  const view = "CREATE VIEW v AS SELECT * FROM s;\n";
  const setter = `CREATE FUNCTION set_k() RETURNS void LANGUAGE sql AS $$ UPDATE s SET k = ${FIXED} $$;\n`;
  const trigger = `CREATE TABLE q (a int); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM set_k(); RETURN NEW; END $$;
    CREATE TRIGGER t AFTER INSERT ON q FOR EACH ROW EXECUTE FUNCTION f();\n`;
  const parts = table
    .replace("int PRIMARY KEY", "int")
    .replace(");\n", ") PARTITION BY LIST (id);\nCREATE TABLE s1 PARTITION OF s FOR VALUES IN (1);\n");
  const query = 'const [row] = await this.query("SELECT 1 AS n"); ';
  test.each(
    few(3, [
      ["a view", table + view, `UPDATE v SET k = ${FIXED};`, ""],
      ["a function", table + setter, "SELECT set_k();", ""],
      [
        "a trigger of another table",
        table + setter + trigger,
        "INSERT INTO q VALUES (1);",
        "SET session_replication_role = replica; INSERT INTO q VALUES (1); SET session_replication_role = origin;",
      ],
      ["a partition", parts, `UPDATE s1 SET k = ${FIXED};`, ""],
      [
        "another type",
        table,
        `ALTER TABLE s ALTER k DROP DEFAULT, ALTER k TYPE uuid USING ${FIXED}; ALTER TABLE s ALTER k SET DEFAULT gen_random_uuid();`,
        "",
      ],
      [
        "a default that it has for a moment",
        table.replace(/, k [^,]*/, ""),
        `ALTER TABLE s ADD k uuid DEFAULT ${FIXED}; ALTER TABLE s ALTER k SET DEFAULT gen_random_uuid();`,
        "ALTER TABLE s ADD k uuid DEFAULT gen_random_uuid();",
      ],
      ["a name with a dot", table, `UPDATE s SET "a.b" = 'fixed';`, ""],
      ["code that assembles it", table, code(`${query} await this.execute("upd" + "ate s set k = ${FIXED}")`), ""],
    ]),
  )("in rows that are there, by way of %s", async (_, tables, step, rest) => {
    const rows = `INSERT INTO s (id) VALUES (1);\n`;
    const found = await decide(project(tables, rows + rest, rows, step));
    expect(found.contained).toEqual(["001", "002"]);
    expect(found.why).toContain("1 row of public.s, made by 003_step with other values than defaults give");
  });

  test("chance on both sides is the same, also where it is another each time that it is looked at", async () => {
    const tables = `CREATE TABLE s (id serial, k uuid DEFAULT gen_random_uuid(), at timestamp DEFAULT now(), until timestamptz DEFAULT now() + interval '1 day', day date DEFAULT current_date, no text DEFAULT 'A-' || nextval('sq'));\n`;
    const rows = "INSERT INTO s DEFAULT VALUES;";
    const files = project(`CREATE SEQUENCE sq;\n${tables}`, rows, rows);
    expect(await decide(files)).toMatchObject({ contained: ["001", "002"] });
    await using folder = await temporaryProject(files);
    const replay = replayOnce({ ...filesOf(folder.dir), recorded: [], clock: { budget: 1, spent: () => 0 } });
    await withDatabase({ engine: "embedded" }, {}, async (database) => {
      await database.execute(`CREATE SEQUENCE sq; ${tables} SELECT nextval('sq'); ${rows}
        UPDATE s SET at = '2020-01-01', until = '2020-01-02', day = '2020-01-01';`);
      const ledger = { schema: "public", table: "confiture_migrations", exists: false };
      expect(await containedInDatabase(replay, database, ledger)).toMatchObject({ contained: [{}, {}], undecided: [] });
    });
  });

  test("in a database in use", async () => {
    await using folder = await temporaryProject(project(table, "", `INSERT INTO s (id, k) VALUES (1, ${FIXED});`));
    const replay = replayOnce({ ...filesOf(folder.dir), recorded: [], clock: { budget: 1, spent: () => 0 } });
    const ledger = { schema: "public", table: "confiture_migrations", exists: false };
    await withDatabase({ engine: "embedded" }, {}, async (database) => {
      await database.execute(`${table} INSERT INTO s (id) VALUES (1);`);
      expect(await containedInDatabase(replay, database, ledger)).toMatchObject({
        contained: [{ version: "001" }],
        pending: [{ version: "002" }],
      });
      await database.execute(`UPDATE s SET k = ${FIXED}`);
      expect(await containedInDatabase(replay, database, ledger)).toMatchObject({ contained: [{}, {}] });
    });
  });

  test.each(
    few(3, [
      ["a fixed value", `UPDATE s SET k = ${FIXED};`, { contained: ["001"], pending: ["002"], undecided: [] }],
      ["NULL", "UPDATE s SET k = NULL;", { contained: ["001"], pending: ["002"], undecided: [] }],
      ["chance", "UPDATE s SET k = gen_random_uuid();", { contained: ["001"], pending: [], undecided: ["002"] }],
      ["the present", "UPDATE s SET at = now();", { contained: ["001", "002"] }],
      ["another time", "UPDATE s SET at = '2020-01-01';", { contained: ["001"], pending: ["002"], undecided: [] }],
      ["nothing", `UPDATE s SET k = ${FIXED} WHERE id = 2;`, { contained: ["001", "002"] }],
      [
        "code that goes by rows",
        code(`${query} await this.execute("upd" + "ate s set k = ${FIXED} where 1 = " + row.n)`),
        { contained: ["001"], pending: ["002"], undecided: [] },
      ],
    ]),
  )("in rows that only the schema files make: %s", async (_, step, expected) => {
    const tables = table.replace(");\n", ", at timestamptz DEFAULT now());\n");
    const rows = "INSERT INTO s (id) VALUES (1);\n";
    const found = await decide(project(tables, rows, step));
    expect(found).toMatchObject(expected);
    if (found.pending.length > 0)
      expect(found.why).toMatch(/1 row of public\.s, which 002_step takes away or changes, is/);
    const held = `INSERT INTO s (id, k, at) VALUES (1, ${FIXED}, '2020-01-01');\n`;
    if (/00001|2020/.test(step)) {
      expect(await decide(project(tables, held, step))).toMatchObject({ contained: ["001", "002"] });
    }
  });

  test("in rows that only the schema files make, up to the last that gives them one", async () => {
    const other = FIXED.replace("1'", "2'");
    const steps = [FIXED, other].map((value) => `UPDATE s SET k = ${value} WHERE id = 1;`);
    const rows = (value: string): string => `INSERT INTO s (id, k) VALUES (1, ${value});\n`;
    expect(await decide(project(table, rows(other), ...steps))).toMatchObject({ contained: ["001", "002", "003"] });
    expect(await decide(project(table, rows(FIXED), ...steps))).toMatchObject({
      contained: ["001", "002"],
      pending: ["003"],
    });
  });

  test("where only the schema files carry the migrations", async () => {
    const files = (rows: string, step: string): Record<string, string> => ({
      "db/schema/s.sql": `${table}CREATE INDEX by_k ON s (k);\n${rows}`,
      "db/migrations/001_s.sql": `-- migrate:up\nCREATE INDEX by_k ON s (k);\n${step}\n-- migrate:down\nDROP INDEX by_k;\nDELETE FROM s;\n`,
    });
    const [chance, fixed] = ["INSERT INTO s (id) VALUES (1);", `INSERT INTO s (id, k) VALUES (1, ${FIXED});`];
    expect(await decide(files(chance, fixed))).toMatchObject({
      contained: [],
      why: "1 row of public.s, made by 001_s with other values than defaults give, is not in the schema files",
    });
    expect(await decide(files(fixed, fixed))).toMatchObject({ contained: ["001"] });
    expect(await decide(files(chance, chance))).toMatchObject({ contained: ["001"] });
  });
});

describe("a last migration that only changes rows, of which an empty database has none, may have been run or not", () => {
  const fill = "-- migrate:up\nUPDATE users SET bio = '' WHERE bio IS NULL;\n";
  const after = (count: number): string[] => Array.from({ length: count }, (_, index) => `later_${index}`);
  test.each(
    few(1, [
      ["as the last", [], ["001"]],
      ["far from the last", after(14), ["001"]],
      ["before one that is there", ["age", ...after(14)], ["001", "002", "003"]],
    ]),
  )("%s", async (_, later, contained) => {
    await using project = await temporaryProject({
      "db/migrations/base.sql": USERS,
      "db/schema/users.sql": USERS,
      "db/migrations/001_bio.sql": column("bio"),
      "db/migrations/002_fill.sql": fill,
      ...Object.fromEntries(
        later.map((name, index) => [`db/migrations/${String(index + 3).padStart(3, "0")}_${name}.sql`, column(name)]),
      ),
    });
    const replay = replayOnce({ ...filesOf(project.dir), recorded: [], clock: { budget: 1, spent: () => 0 } });
    const ledger = { schema: "public", table: "confiture_migrations", exists: false };
    await withDatabase({ engine: "embedded" }, {}, async (database) => {
      await database.execute(`${USERS} ALTER TABLE users ADD bio text, ADD age text; INSERT INTO users VALUES (1);`);
      const found = await containedInDatabase(replay, database, ledger);
      expect(found.contained.map(({ version }) => version)).toEqual([...contained]);
      expect(found.rowsNotCompared.map(({ version }) => version)).toEqual(contained.length > 1 ? ["002"] : []);
    });
  });

  test.each(
    few(2, [
      ["UPDATE", "UPDATE users SET bio = 'b' WHERE id = 8;", "(7, 'a'), (8, 'b')", ["003"]],
      ["DELETE", "DELETE FROM users WHERE id = 9;", "(7, 'a'), (8, 'b')", ["003"]],
      ["code", "DO $$ BEGIN DELETE FROM users WHERE id = 9; END $$;", "(7, 'a'), (8, 'b')", ["003"]],
      ["rows that migrations have made are compared", "UPDATE users SET bio = 'b' WHERE id = 7;", "(7, 'b')", []],
      ["so are rows of its own", "INSERT INTO users VALUES (6);", "(6, NULL), (7, 'a'), (8, 'b')", []],
    ]),
  )(
    "before one that is there it is recorded, and that rows were not compared is known: %s",
    async (_, step, rows, unseen) => {
      await using project = await temporaryProject({
        "db/migrations/001_users.sql": WITH_BIO,
        "db/migrations/002_user.sql": "INSERT INTO users VALUES (7, 'a');",
        "db/migrations/003_step.sql": step,
        "db/migrations/004_age.sql": "ALTER TABLE users ADD age int;",
      });
      const replay = replayOnce({ ...filesOf(project.dir), recorded: [], clock: { budget: 1, spent: () => 0 } });
      const ledger = { schema: "public", table: "confiture_migrations", exists: false };
      await withDatabase({ engine: "embedded" }, {}, async (database) => {
        await database.execute(`${WITH_BIO} INSERT INTO users VALUES ${rows}; ALTER TABLE users ADD age int;`);
        const found = await containedInDatabase(replay, database, ledger);
        expect(found.contained.map(({ version }) => version)).toEqual(["001", "002", "003", "004"]);
        expect(found.rowsNotCompared.map(({ version }) => version)).toEqual([...unseen]);
      });
    },
  );
});

const DELETING =
  "CREATE FUNCTION purge(int) RETURNS int LANGUAGE plpgsql AS 'BEGIN DELETE FROM users; RETURN $1; END';";
const DELETING_VIEW = `${DELETING} CREATE VIEW gone AS SELECT purge(1) AS id;`;

describe("what gives rows values, or takes them, by making an object is named where a database has rows of its own", () => {
  test.each(
    few(8, [
      [
        "a new column with a default",
        "ALTER TABLE users ADD n int DEFAULT 5;",
        "ALTER TABLE users ADD n int DEFAULT 5;",
        [],
      ],
      [
        "whose rows do not have it",
        "ALTER TABLE users ADD n int DEFAULT 5;",
        "ALTER TABLE users ADD n int; ALTER TABLE users ALTER n SET DEFAULT 5;",
        ["002"],
      ],
      [
        "nor the default any more",
        "ALTER TABLE users ADD n int DEFAULT 5; ALTER TABLE users ALTER n DROP DEFAULT;",
        "ALTER TABLE users ADD n int;",
        ["002"],
      ],
      ["a default that is NULL", "ALTER TABLE users ADD n int DEFAULT NULL;", "ALTER TABLE users ADD n int;", []],
      [
        "a table of rows",
        "CREATE TABLE copy AS SELECT id, bio FROM users;",
        "CREATE TABLE copy (id int, bio text);",
        ["002"],
      ],
      ["and by INTO", "SELECT id, bio INTO copy FROM users;", "CREATE TABLE copy (id int, bio text);", ["002"]],
      [
        "without its rows",
        "CREATE TABLE copy AS SELECT id FROM users WITH NO DATA;",
        "CREATE TABLE copy (id int);",
        [],
      ],
      ["a column once more", "ALTER TABLE users DROP bio; ALTER TABLE users ADD bio text;", "", ["002"]],
      [
        "rows of another table",
        "CREATE TABLE copy (id int, bio text);\nINSERT INTO copy TABLE users;",
        "CREATE TABLE copy (id int, bio text);",
        ["002"],
      ],
      [
        "a table that leaves its name to another",
        "ALTER TABLE users RENAME TO people;\nALTER TABLE people RENAME CONSTRAINT users_pkey TO people_pkey;\nCREATE TABLE users (id int PRIMARY KEY, bio text);",
        "CREATE TABLE people (id int PRIMARY KEY, bio text);",
        ["002"],
      ],
      [
        "columns that change their names",
        "ALTER TABLE users ADD n text;\nALTER TABLE users RENAME bio TO t;\nALTER TABLE users RENAME n TO bio;\nALTER TABLE users RENAME t TO n;",
        "ALTER TABLE users ADD n text;",
        ["002"],
      ],
      [
        "a default of a domain",
        "CREATE DOMAIN five AS int DEFAULT 5;\nALTER TABLE users ADD n five;",
        "CREATE DOMAIN five AS int DEFAULT 5; ALTER TABLE users ADD n int; ALTER TABLE users ALTER n TYPE five;",
        ["002"],
      ],
      [
        "a column that has another name by now",
        "ALTER TABLE users ADD n int DEFAULT 5;\nALTER TABLE users RENAME n TO m;",
        "ALTER TABLE users ADD m int DEFAULT 5;",
        ["002"],
      ],
      [
        "a row of a function that deletes others",
        `${DELETING}\nCREATE TABLE copy (id int);\nINSERT INTO copy VALUES (purge(1));`,
        `${DELETING} CREATE TABLE copy (id int); INSERT INTO copy VALUES (1);`,
        ["002"],
      ],
      ["a query of a view whose function deletes", `${DELETING_VIEW}\nSELECT * FROM gone;`, DELETING_VIEW, ["002"]],
      [
        "a view of that view, by TABLE",
        `${DELETING_VIEW} CREATE VIEW over AS TABLE gone;\nTABLE over;`,
        `${DELETING_VIEW} CREATE VIEW over AS TABLE gone;`,
        ["002"],
      ],
      [
        "a row of a function that only reads",
        "CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1';\nCREATE TABLE copy (id int);\nINSERT INTO copy VALUES (one());",
        "CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE TABLE copy (id int); INSERT INTO copy VALUES (1);",
        [],
      ],
      [
        "a table once more",
        "CREATE TABLE copy (id int);\nDROP TABLE copy;\nCREATE TABLE copy (id int);",
        "CREATE TABLE copy (id int);",
        ["002"],
      ],
    ]),
  )("%s", async (_, step, there, unseen) => {
    await using project = await temporaryProject({
      "db/migrations/001_users.sql": WITH_BIO,
      "db/migrations/002_step.sql": step,
      "db/migrations/003_age.sql": "ALTER TABLE users ADD age int;",
    });
    const replay = replayOnce({ ...filesOf(project.dir), recorded: [], clock: { budget: 1, spent: () => 0 } });
    const ledger = { schema: "public", table: "confiture_migrations", exists: false };
    await withDatabase({ engine: "embedded" }, {}, async (database) => {
      await database.execute(`${WITH_BIO} INSERT INTO users VALUES (1, 'a'); ${there} ALTER TABLE users ADD age int;`);
      const found = await containedInDatabase(replay, database, ledger);
      expect(found.contained.map(({ version }) => version)).toEqual(["001", "002", "003"]);
      expect(found.rowsNotCompared.map(({ version }) => version)).toEqual([...unseen]);
    });
  });

  test("no row is read of a column that is NOT NULL, as where policies hide them", async () => {
    const policies = "ALTER TABLE users ENABLE ROW LEVEL SECURITY; ALTER TABLE users FORCE ROW LEVEL SECURITY;";
    const step = "ALTER TABLE users ADD n int NOT NULL DEFAULT 5;";
    await using project = await temporaryProject({
      "db/migrations/001_users.sql": `${WITH_BIO} ${policies}`,
      "db/migrations/002_step.sql": step,
    });
    const replay = replayOnce({ ...filesOf(project.dir), recorded: [], clock: { budget: 1, spent: () => 0 } });
    const ledger = { schema: "public", table: "confiture_migrations", exists: false };
    await withDatabase({ engine: "embedded" }, {}, async (database) => {
      await database.execute(
        `CREATE ROLE contained_owner; GRANT ALL ON SCHEMA public TO contained_owner; SET ROLE contained_owner; ${WITH_BIO} ${step} ${policies}`,
      );
      const found = await containedInDatabase(replay, database, ledger);
      expect(found.contained.map(({ version }) => version)).toEqual(["001", "002"]);
      expect(found.rowsNotCompared).toEqual([]);
    });
  });
});

test("where every migration is recorded, none is read", async () => {
  const files = { "db/schema/users.sql": WITH_BIO, "db/migrations/001_bio.sql": "-- migrate:up\n-- migrate:up\n" };
  expect(await decide(files, { recorded: ["001"] })).toEqual({
    contained: [],
    pending: [],
    undecided: [],
    rowsNotCompared: [],
    why: undefined,
  });
});

describe("statements that change rows without saying so", () => {
  /** It calls what writes, which is no writing of its own. */
  const INNER =
    "CREATE FUNCTION inner_fix(n int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN PERFORM public.fix(); RETURN n; END $$;";
  const made = `CREATE TABLE t (id int PRIMARY KEY, role text DEFAULT 'user', price int);
CREATE FUNCTION fix() RETURNS int LANGUAGE plpgsql AS $$ BEGIN UPDATE t SET role = 'admin' WHERE id = 1; RETURN 1; END $$;
CREATE FUNCTION calls_fix() RETURNS int LANGUAGE sql AS 'SELECT fix()';
CREATE TABLE other (n int);
INSERT INTO other VALUES (1);
`;
  test.each(
    few(2, [
      "PREPARE x AS UPDATE t SET role = 'admin' WHERE id = 1; EXECUTE x; DEALLOCATE x;",
      "VALUES (fix());",
      "(SELECT fix());",
      "EXPLAIN ANALYZE UPDATE t SET role = 'admin' WHERE id = 1;",
      "CREATE TEMP TABLE done AS SELECT fix();",
      "DECLARE cu CURSOR FOR SELECT fix(); FETCH ALL FROM cu; CLOSE cu;",
      "ALTER TABLE t ALTER price TYPE int USING price * 100;",
      "ALTER TABLE other ALTER n TYPE int USING fix();",
    ]),
  )("are tried on rows of the schema files: %s", async (sql) => {
    const files = (rows: string): Record<string, string> => ({
      "db/schema/all.sql": `${made}${rows}`,
      "db/migrations/001_made.sql": `-- migrate:up\n${made}`,
      "db/migrations/002_rows.sql": `-- migrate:up\n${sql}\n`,
    });
    const found = await decide(files("INSERT INTO t VALUES (1, 'user', 5);"));
    expect(found).toMatchObject({ contained: ["001"], why: expect.stringContaining("of public.t, which 002_rows") });
    expect(await decide(files("INSERT INTO t VALUES (2, 'admin', NULL);"))).toMatchObject({
      contained: ["001", "002"],
    });
  });

  test.each([
    ["ADD COLUMN z int NOT NULL DEFAULT fix() CHECK (z > 0)", "int NOT NULL CHECK (z > 0)", 1],
    ["ADD y int, ADD z int DEFAULT 1 + public.calls_fix()", "int", 2],
    ["ADD z int DEFAULT own()", "int", 1],
  ])("are tried on rows of the schema files where a new column calls them: %s", async (command, type, value) => {
    const y = command.includes(" y ") ? ["y int, ", "NULL, "] : ["", ""];
    const own = made
      .slice(made.indexOf("CREATE FUNCTION fix"), made.indexOf("CREATE FUNCTION calls"))
      .replace("fix", "own");
    const files = (rows: string): Record<string, string> => ({
      "db/schema/all.sql": `${made.replace("(n int)", `(n int, ${y[0]}z ${type})`).replace("(1)", `(1, ${y[1]}${value})`)}${rows}`,
      "db/migrations/001_made.sql": `-- migrate:up\n${made}`,
      "db/migrations/002_rows.sql": `-- migrate:up\n${own}ALTER TABLE IF EXISTS ONLY other ${command};\nALTER TABLE other ALTER z DROP DEFAULT;\nDROP FUNCTION own();\n`,
    });
    const found = await decide(files("INSERT INTO t VALUES (1, 'user', 5);"));
    expect(found).toMatchObject({ contained: ["001"], why: expect.stringContaining("of public.t, which 002_rows") });
    for (const rows of ["INSERT INTO t VALUES (1, 'admin', 5);", "INSERT INTO t VALUES (2, 'user', NULL);"])
      expect(await decide(files(rows))).toMatchObject({ contained: ["001", "002"], rowsNotCompared: [] });
  });

  test.each([
    ["a CHECK", "", "n int CHECK (n < calls_fix() + 9)"],
    ["the default of a domain", "CREATE DOMAIN d AS int DEFAULT fix();", "n int, m d"],
    [
      "the CHECK of a domain over a domain",
      "CREATE DOMAIN d AS int CHECK (fix() > VALUE - 9); CREATE DOMAIN e AS d[];",
      "n int, m e",
    ],
    ["a generated column", INNER, "n int, m int GENERATED ALWAYS AS (inner_fix(n)) STORED"],
    ["an index", INNER, "n int); CREATE INDEX ON logs (inner_fix(n)"],
  ])("are tried on rows of the schema files where new rows call them: %s", async (_what, before, columns) => {
    const all = `${made}${before}\nCREATE TABLE logs (${columns});\n`;
    const row = "INSERT INTO logs VALUES (5);\n";
    const files = (rows: string): Record<string, string> => ({
      "db/schema/all.sql": `${all}${row}${rows}`,
      "db/migrations/001_made.sql": `-- migrate:up\n${all}`,
      "db/migrations/002_rows.sql": `-- migrate:up\n${row.replace("5)", columns.includes(" m e") ? "5, '{1}')" : "5)")}`,
    });
    const held = files("INSERT INTO t VALUES (1, 'user', 5);");
    if (columns.includes(" m e")) held["db/schema/all.sql"] = held["db/schema/all.sql"]!.replace("(5)", "(5, '{1}')");
    expect(await decide(held)).toMatchObject({
      contained: ["001"],
      why: expect.stringContaining("of public.t, which 002_rows"),
    });
  });

  test.each(
    few(2, [
      "ALTER TABLE plain ADD CONSTRAINT small CHECK (fix() > n - 9);",
      "ALTER TABLE plain ADD IF NOT EXISTS z d;",
      "ALTER DOMAIN d ADD CONSTRAINT named CHECK (fix() > 0);",
    ]),
  )("leave open what they did to rows that the schema files hold as they leave them: %s", async (sql) => {
    const domain = "CREATE DOMAIN d AS int DEFAULT fix(); CREATE TABLE plain AS SELECT 1 AS n;\n";
    const files = {
      "db/schema/all.sql": `${made}${domain}${sql}\nINSERT INTO t VALUES (1, 'user', 5);`,
      "db/migrations/001_made.sql": `-- migrate:up\n${made}${domain}`,
      "db/migrations/002_rows.sql": `-- migrate:up\n${sql}`,
    };
    expect(await decide(files)).toMatchObject({ contained: ["001", "002"], rowsNotCompared: ["002"] });
  });

  test("a type that is changed already, with a view on the column, leaves open whether the values were", async () => {
    const files = {
      "db/schema/all.sql":
        "CREATE TABLE t (price int);\nCREATE VIEW v AS SELECT price FROM t;\nINSERT INTO t VALUES (5);\n",
      "db/migrations/001_made.sql": "-- migrate:up\nCREATE TABLE t (price text);\n",
      "db/migrations/002_int.sql":
        "-- migrate:up\nALTER TABLE t ALTER price TYPE int USING price::int;\nCREATE VIEW v AS SELECT price FROM t;\n",
    };
    expect(await decide(files)).toMatchObject({ contained: ["001", "002"], rowsNotCompared: ["002"] });
  });
});

describe("what a migration has made and a later one takes away", () => {
  const files = (schema: string, drop: string, more = ""): Record<string, string> => ({
    "db/schema/all.sql": schema,
    "db/migrations/001_made.sql":
      "-- migrate:up\nCREATE TABLE q (a int, b int);\nCREATE TABLE r (a int);\nCREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1';\n",
    "db/migrations/002_drop.sql": `-- migrate:up\n${drop};\n`,
    ...(more === "" ? {} : { "db/migrations/003_more.sql": `-- migrate:up\n${more};\n` }),
  });
  const made =
    "CREATE TABLE q (a int, b int);\nCREATE TABLE r (a int);\nCREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1';\n";

  test.each([
    ["table public.r", "DROP TABLE r"],
    ["column public.q.b", "ALTER TABLE q DROP COLUMN b"],
    ["function public.f(integer)", "DO $$ BEGIN EXECUTE 'DROP ' || 'FUNCTION f(int)'; END $$"],
  ])("is not gone where it still is: %s", async (name, drop) => {
    const found = await decide(files(made, drop));
    expect(found).toMatchObject({ contained: ["001"], why: `002_drop takes away ${name}, which is still there` });
    expect([...found.pending, ...found.undecided]).toEqual(["002"]);
  });

  test("is gone where it is not there, or was made again", async () => {
    expect(await decide(files(made.replace("CREATE TABLE r (a int);\n", ""), "DROP TABLE r"))).toMatchObject({
      contained: ["001", "002"],
    });
    expect(await decide(files(made, "DROP TABLE r", "CREATE TABLE r (a int)"))).toMatchObject({
      contained: ["001", "002", "003"],
    });
  });
});

/** What `baseline --proven` finds in a database in use, engine inside, that `sql` has made. */
async function decideInUse(migrations: readonly string[], sql: string, base?: string): Promise<Contained> {
  const files = migrations.map((text, index) => [`db/migrations/00${index + 1}_m.sql`, `${text}\n`]);
  if (base !== undefined) files.push(["db/migrations/base.sql", base]);
  await using project = await temporaryProject(Object.fromEntries(files));
  const replay = replayOnce({ ...filesOf(project.dir), recorded: [], clock: { budget: 1, spent: () => 0 } });
  const ledger = { schema: "public", table: "confiture_migrations", exists: false };
  return await withDatabase({ engine: "embedded" }, {}, async (database) => {
    await database.execute(sql);
    return await containedInDatabase(replay, database, ledger);
  });
}

describe("in a database in use", () => {
  test("what a migration takes away is not gone while it stands there", async () => {
    const made = "CREATE TABLE q (a int, b int);\nCREATE TABLE r (a int);";
    expect(await decideInUse([made, "DROP TABLE r;"], made)).toMatchObject({
      contained: [{ version: "001" }],
      pending: [{ version: "002" }],
      why: "002_m takes away table public.r, which is still there",
    });
    const more = "ALTER TABLE q ADD c int;";
    expect(await decideInUse([made, "ALTER TABLE q DROP b;", more], `${made} ${more}`)).toMatchObject({
      contained: [{ version: "001" }],
      undecided: [{ version: "002" }, { version: "003" }],
      why: "002_m takes away column public.q.b, which is still there",
    });
    const others = `${made} ALTER TABLE q ALTER a SET DEFAULT 1; GRANT SELECT ON q TO PUBLIC;`;
    for (const [sql, name] of [
      ["ALTER TABLE q ALTER a DROP DEFAULT;", "default of public.q.a"],
      ["REVOKE SELECT ON q FROM PUBLIC;", "SELECT on public.q of PUBLIC"],
    ]) {
      expect(await decideInUse([others, sql!], others)).toMatchObject({
        contained: [{ version: "001" }],
        why: `002_m takes away ${name}, which is still there`,
      });
    }
    expect(await decideInUse([made, "DROP TABLE r;"], "CREATE TABLE q (a int, b int);")).toMatchObject({
      contained: [{ version: "001" }, { version: "002" }],
    });
  });

  test("what is not there is pending, also where the rest of it could not be told", async () => {
    const made =
      "CREATE TABLE q (a int);\nCREATE ROLE contained_test_role;\nGRANT SELECT ON q TO contained_test_role;\n";
    expect(await decideInUse([made, "ALTER TABLE q ADD b int;"], "")).toMatchObject({
      contained: [],
      pending: [{ version: "001" }, { version: "002" }],
      why: undefined,
    });
    const there = "CREATE TABLE q (a int, b int);\nGRANT SELECT ON q TO pg_monitor;\n";
    const both = [made.replace("TO contained_test_role", "TO pg_monitor"), "ALTER TABLE q ADD b int;"];
    expect(await decideInUse(both, there)).toMatchObject({
      undecided: [{ version: "001" }, { version: "002" }],
      why: "001_m changes a role, which no comparison shows",
      next: expect.stringMatching(/--through 001 [^\n]*\n {2}confiture migrate baseline --proven /),
    });
  });

  test("what a migration takes away from a table of the base is pending while it is all there", async () => {
    const base = "CREATE TABLE q (a int);\nCREATE INDEX qa ON q (a);\n";
    for (const sql of ["DROP TABLE q;", "ALTER TABLE q RENAME TO p;"]) {
      expect(await decideInUse([sql], base, base)).toMatchObject({ contained: [], pending: [{ version: "001" }] });
    }
  });

  test("an owner that a migration names counts", async () => {
    const made = "CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';";
    const given = "ALTER FUNCTION f() OWNER TO pg_monitor;";
    expect((await decideInUse([made, given], made)).contained).toMatchObject([{ version: "001" }]);
    expect((await decideInUse([made, given], `${made} ${given}`)).contained).toHaveLength(2);
  });
});

describe("rows of the schema files that a migration would change by what it takes away or makes for itself", () => {
  const files = (...steps: string[]): Record<string, string> => ({
    "db/schema/s.sql": "CREATE TABLE t (id int PRIMARY KEY, n int);\nINSERT INTO t VALUES (9, 1);\n",
    "db/migrations/001_t.sql": "CREATE TABLE t (id int PRIMARY KEY, n int);\n",
    ...Object.fromEntries(steps.map((step, index) => [`db/migrations/00${index + 2}_m.sql`, `${step}\n`])),
  });
  const fires =
    "CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN UPDATE public.t SET n = 5; RETURN NEW; END';";
  test.each([
    ["a table made again", ["DROP TABLE t; CREATE TABLE t (id int PRIMARY KEY, n int);"], ["002"]],
    ["a column made again", ["ALTER TABLE t DROP COLUMN n; ALTER TABLE t ADD COLUMN n int;"], ["002"]],
    [
      "a column made again by another one",
      ["ALTER TABLE t DROP COLUMN n;", "ALTER TABLE t ADD COLUMN n int;"],
      ["002"],
    ],
    [
      "a rule of its own",
      [
        "CREATE VIEW vv AS SELECT 1 AS a; CREATE RULE r AS ON INSERT TO vv DO INSTEAD UPDATE t SET n = 5; INSERT INTO vv VALUES (1); DROP VIEW vv;",
      ],
      ["002"],
    ],
    [
      "a trigger of its own",
      [
        `CREATE TABLE h (a int); ${fires} CREATE TRIGGER tr AFTER INSERT ON h FOR EACH ROW EXECUTE FUNCTION tf(); INSERT INTO h VALUES (1); DROP TABLE h; DROP FUNCTION tf();`,
      ],
      ["002"],
    ],
    [
      "an event trigger of its own",
      [
        "CREATE FUNCTION tf() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN UPDATE public.t SET n = 0; END'; CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION tf(); CREATE TABLE x (id int); DROP TABLE x; DROP EVENT TRIGGER e; DROP FUNCTION tf();",
      ],
      ["002"],
    ],
  ])("are known not to be compared: %s", async (_, steps, unseen) => {
    const found = await decide(files(...steps));
    expect(found.undecided).toEqual([]);
    expect(found.rowsNotCompared).toEqual(unseen);
  });
});
