import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { long } from "../support/long.ts";
import { type CliProject, cliProject, databaseUrl, environmentFile } from "./project.ts";

// Many processes in a row, some with several engines.
setDefaultTimeout(300_000);

const SCHEMA = `CREATE TABLE users (id int PRIMARY KEY, name text, bio text);
CREATE INDEX by_name ON users (name);
CREATE VIEW names AS SELECT id, name FROM users;
CREATE FOREIGN DATA WRAPPER w;
CREATE SERVER there FOREIGN DATA WRAPPER w;
`;

let project: CliProject;

beforeAll(async () => {
  project = await cliProject({ "db/schema/users.sql": SCHEMA, "db/environments/other.yaml": "name: other\n" });
  await project.write("db/environments/staging.yaml", environmentFile(project.server, project.database));
  await project.succeed(["build"]);
});

afterAll(async () => {
  await project.remove();
});

describe("diff", () => {
  test("without migrations there is nothing to compare the schema files with, and it says what could be", async () => {
    const { exitCode, stderr } = await project.run(["diff"]);
    expect(exitCode).toBe(2);
    for (const source of ["git:HEAD", "env:NAME", "empty"]) expect(stderr).toContain(source);
  });

  long("with --env or --database-url the database there is compared with the schema files", async () => {
    expect(await project.succeed(["diff", "--env", "staging"])).toMatchObject({
      stdout: "",
      stderr: expect.stringMatching(/^Database: \S+ \(env:staging\)\nenv:staging and schema do not differ\n$/),
    });
    // One URL for two environments would compare a database with itself.
    const elsewhere = { env: { CONFITURE_DATABASE_URL: "postgres://nobody@127.0.0.1:1/none" } };
    const own = await project.succeed(["diff", "env:staging", "schema"], elsewhere);
    expect(own.stderr).toContain("CONFITURE_DATABASE_URL is set and not used");
    expect((await project.run(["diff", "--env", "staging"], elsewhere)).exitCode).toBe(5);
    expect(await project.succeed(["diff", "--database-url", project.url])).toMatchObject({
      stderr: expect.stringMatching(/\n\S+ on \S+ and schema do not differ\n$/),
    });
    // libpq's other form, as a source as well.
    const { hostname, port, username, password } = new URL(project.url);
    const secret = decodeURIComponent(password);
    const words = `host=${hostname} port=${port} user=${username} password='${secret}' dbname=${project.database}`;
    for (const args of [
      ["diff", words, "schema"],
      ["diff", "--database-url", words],
    ])
      expect((await project.succeed(args)).stderr).toMatch(/ do not differ\n$/);
    const wrong = await project.run(["diff", words.replace(secret, "hunter2"), "schema"]);
    expect(wrong).toMatchObject({ exitCode: 5, stderr: expect.not.stringContaining("hunter2") });
  });

  test("migrations that alter what only the schema files create: what to compare with instead", async () => {
    await project.write("db/migrations/1_bio.sql", "ALTER TABLE users ADD bio text;");
    const { exitCode, stderr } = await project.run(["diff"]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain("git:HEAD");
    await Bun.file(project.path("db/migrations/1_bio.sql")).delete();
  });

  long("a tree for people, with what belongs to a table below it; colour only when asked for", async () => {
    await project.succeed(["snapshot", "--env", "staging", "--output", "before.json"]);
    await project.write(
      "db/schema/users.sql",
      SCHEMA.replace("name text, bio text", "name text NOT NULL, age int")
        .replace("SELECT id, name", "SELECT id, upper(name) AS name")
        .replace("CREATE INDEX by_name ON users (name);\n", ""),
    );
    await project.write(
      "db/schema/z_more.sql",
      "CREATE STATISTICS s ON id, name FROM users;\nCREATE TABLE tags (t text);\nALTER FUNCTION pg_catalog.now() DEPENDS ON EXTENSION plpgsql;",
    );
    const { exitCode, stdout, stderr } = await project.run(["diff", "before.json", "schema"]);
    expect(exitCode).toBe(3);
    expect(stdout).toBe(`+ dependency on an extension pg_catalog.now().plpgsql DEPENDS ON EXTENSION
~ view public.names
    definition:
         SELECT id,
      -     name
      +     upper(name) AS name
           FROM public.users;
+ table public.tags
~ table public.users
    + column age integer
    - column bio text
    ~ column name
        not null: false -> true
    - index by_name btree (name)
    + statistics object s CREATE STATISTICS public.s ON id, name FROM public.users
`);
    expect(stderr).toContain("no SQL is planned for these, write it by hand: dependency on an extension");
    const coloured = await project.run(["diff", "before.json", "schema", "--color", "always"]);
    expect(Bun.stripANSI(coloured.stdout)).toBe(stdout);
    expect(coloured.stdout).not.toBe(stdout);
    const sql = await project.run(["diff", "before.json", "schema", "--sql"]);
    expect(sql.stdout).toContain("-- DATA LOSS: what it held is gone.\nALTER TABLE public.users\n  DROP COLUMN bio;\n");
    expect(sql.stdout).toEndWith("\n-- By hand: dependency on an extension pg_catalog.now().plpgsql (added)\n");
    const document = JSON.parse(
      (await project.run(["diff", "before.json", "schema", "--sql", "--format", "json"])).stdout,
    ) as {
      sql: string[];
      plan: { transactional: boolean; statements: { sql: string[]; removes: object[]; hazards: object[] }[] }[];
    };
    const statements = document.plan.flatMap((segment) => segment.statements);
    expect(statements.flatMap((statement) => statement.sql)).toEqual(document.sql);
    expect(statements.find((statement) => statement.sql[0]?.endsWith(" DROP COLUMN bio"))).toMatchObject({
      removes: [{ kind: "column", name: "public.users.bio" }],
      hazards: [{ code: "DATA_LOSS", reason: "values" }, { code: "LOCK" }],
    });
    await project.write("db/schema/users.sql", SCHEMA);
    await Bun.file(project.path("db/schema/z_more.sql")).delete();
  });
});

long("what cannot be compared is named; with --strict it is a finding", async () => {
  const { server, database } = project;
  await server.sql("DROP ROLE IF EXISTS compare_poor");
  await server.sql("CREATE ROLE compare_poor LOGIN PASSWORD 'poor'");
  await project.query("CREATE USER MAPPING FOR PUBLIC SERVER there OPTIONS (password 'x')");
  const url = databaseUrl(server, database, "poor").replace(/\/\/[^:]+:/, "//compare_poor:");
  const lax = await project.run(["diff", url, "schema"]);
  expect(lax).toMatchObject({ exitCode: 0, stdout: "" });
  expect(lax.stderr).toContain("not compared: 1 user mapping");
  expect(lax.stderr).toContain("the role may not create databases");
  expect(await project.run(["diff", url, "schema", "--strict"])).toMatchObject({ exitCode: 3, stdout: "" });
  await project.query("DROP USER MAPPING FOR PUBLIC SERVER there");
  await server.sql("DROP ROLE compare_poor");
});

test("drift leaves out what the environment and --ignore say, by name and by kind", async () => {
  await project.query("CREATE TABLE audit_log (id int)");
  await project.query("CREATE INDEX temporary ON users (bio)");
  await project.query("ALTER TABLE users ADD hacked int");
  await project.query("COMMENT ON TABLE users IS 'x'");
  const drift = async (...args: string[]): Promise<string[]> =>
    (await project.run(["drift", "--env", "staging", ...args])).stdout.split("\n").map((line) => line.trim());
  expect(await drift()).toEqual(
    expect.arrayContaining(["+ table public.audit_log", "+ index temporary btree (bio)", "+ column hacked integer"]),
  );
  const ignored = await drift("--ignore", "public.audit*,index:*");
  expect(ignored.join()).not.toMatch(/audit|temporary/);
  expect(ignored).toContain("+ column hacked integer");
  await project.write(
    "db/environments/staging.yaml",
    environmentFile(project.server, project.database, 'drift:\n  ignore: ["public.*", "comment on *:*"]\n'),
  );
  expect(await project.succeed(["drift", "--env", "staging"])).toMatchObject({ stdout: "" });
});

long("the command that drift names speaks of what it listed, and of nothing else", async () => {
  await using own = await cliProject({
    "db/schema/t.sql": "CREATE TABLE t (id int);\n",
    "db/migrations/001_t.sql": "CREATE TABLE t (id int);\n",
  });
  await own.succeed(["build"]);
  await own.query("CREATE TABLE bak AS SELECT 1 AS x");
  await own.query("ALTER TABLE t ADD vip boolean");
  const named = async (...args: string[]): Promise<string[]> => {
    const { stderr } = await own.run(["drift", ...args]);
    const [, line = ""] = /`confiture (drift[^`]*)`/.exec(stderr) ?? [];
    // No word of these tests has a space in it.
    return line.split(" ").map((word) => word.replaceAll("'", ""));
  };
  const ignoring = await named("--ignore", "public.bak,audit.*");
  expect(ignoring).toEqual(["drift", "--ignore", "public.bak,audit.*", "--sql"]);
  const { stdout } = await own.run(ignoring);
  expect(stdout).toContain("DROP COLUMN vip");
  expect(stdout).not.toContain("bak");
  await own.write("db/migrations/002_z.sql", "ALTER TABLE t ADD z text;\n");
  const against = await named("--against", "migrations", "--grants", "--time-limit", "2min");
  expect(against).toEqual(["drift", "--against", "migrations", "--grants", "--time-limit", "2min", "--sql"]);
  expect((await own.run(against)).stdout).toMatch(/ADD COLUMN z text/);
  await own.query("CREATE ROLE drift_owner");
  await own.query("ALTER TABLE t OWNER TO drift_owner");
  const owners = await named("--owners", "--scratch", databaseUrl(own.server, own.database));
  expect(owners.slice(0, 3)).toEqual(["drift", "--owners", "--scratch"]);
  expect((await own.run(await named("--owners"))).stdout).toContain("OWNER TO");
  await own.query("DROP TABLE t; DROP ROLE drift_owner");
});

test("scratch.url of the environment says where scratch databases are made, --scratch overrules it", async () => {
  await using own = await cliProject({ "db/schema/a.sql": "CREATE EXTENSION dblink;\nCREATE TABLE a (id int);" });
  const url = databaseUrl(own.server, own.database);
  await own.write(
    "db/environments/local.yaml",
    environmentFile(own.server, own.database, `scratch:\n  url: "${url}"\n`),
  );
  expect((await own.succeed(["verify"])).stdout).toContain("Schema files build from nothing");
  const embedded = await own.run(["verify", "--scratch", "embedded"]);
  expect(embedded.exitCode).toBe(3);
  expect(embedded.stdout).toContain('The extension "dblink" is not in the embedded PostgreSQL');
  expect(embedded.stdout).toContain("db/schema/a.sql:1");
  expect((await own.succeed(["config", "show"])).stdout).toMatch(/scratch\.url +\*+/);
  expect(await own.run(["verify", "--scratch", "nonsense"])).toMatchObject({ exitCode: 2 });
  expect(await own.query("SELECT FROM pg_database WHERE datname ~ '^confiture_scratch_'")).toEqual([]);
});
