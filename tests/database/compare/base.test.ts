import { describe, expect, test } from "bun:test";
import { type Base, makeBase } from "#compare/base/base.ts";
import { parseSource, sourceCatalogue } from "#compare/sources/sources.ts";
import { compareCatalogues } from "#compare/catalogue/changes.ts";
import { testMigrations } from "#compare/verify/migration-test.ts";
import { type VerifyReport, verify } from "#compare/verify/verify.ts";
import { withDatabase } from "#database/open.ts";
import type { ServerTarget } from "#database/target.ts";
import { oldestServer } from "../../support/engines.ts";
import { temporaryProject, type TemporaryProject } from "../../support/project.ts";
import { failureOf } from "../failure.ts";
import { filesOf } from "./project-files.ts";

const USERS = "-- Users\nCREATE TABLE users (id serial PRIMARY KEY, name text NOT NULL);\n";
const WITH_BIO = "CREATE TABLE users (id serial PRIMARY KEY, name text NOT NULL, bio text);\n";
const BIO = "-- migrate:up\nALTER TABLE users ADD bio text;\n-- migrate:down\nALTER TABLE users DROP bio;\n";

const outcomes = (report: VerifyReport): Record<string, string> =>
  Object.fromEntries(report.checks.map(({ name, outcome }) => [name, outcome]));

/** Writes the base that is made of a source. */
async function withBase(project: TemporaryProject, from = "schema"): Promise<Base> {
  const base = await makeBase({ ...filesOf(project.dir), from: parseSource(from) });
  await project.write("db/migrations/base.sql", base.text ?? "");
  return base;
}

describe("a base is what there is before the first migration", () => {
  test("the schema files themselves, where they hold no migration: their words, rows and order stay", async () => {
    const rows =
      "INSERT INTO users (name) VALUES ('first');\nDO $$ BEGIN INSERT INTO users (name) VALUES (current_user); END $$;\n";
    await using project = await temporaryProject({
      "db/schema/users.sql": USERS + rows,
      "db/migrations/1_bio.sql": BIO,
    });
    const base = await withBase(project);
    expect(base).toMatchObject({ takenBack: [], onTop: [{ version: "1" }], doubts: [] });
    expect(base.text).toContain(USERS);
    expect(base.text).toContain(rows);
    const report = await verify(filesOf(project.dir));
    expect(report.from).toBe("base-file");
    // The schema files are behind, which is no fault of the base.
    expect(outcomes(report)).toEqual({ build: "proven", migrations: "proven", agreement: "disproven" });
    await project.write("db/schema/users.sql", WITH_BIO + rows);
    expect(outcomes(await verify(filesOf(project.dir)))).toEqual({
      build: "proven",
      migrations: "proven",
      agreement: "proven",
    });
  });

  test("the schema files without the migrations that they hold, with rows and the places of sequences", async () => {
    await using project = await temporaryProject({
      "db/schema/users.sql": `${WITH_BIO}CREATE FUNCTION f() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM users';
CREATE TABLE notes (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, by int REFERENCES users, twice text GENERATED ALWAYS AS (body || body) STORED, body text);
INSERT INTO users (name) VALUES ('it''s'), ('b\\c');
INSERT INTO notes (by, body) VALUES (2, NULL);
DO $$ BEGIN INSERT INTO users (name) VALUES (current_user); END $$;
`,
      "db/migrations/1_bio.sql": BIO,
    });
    const base = await withBase(project);
    expect(base).toMatchObject({ takenBack: [{ version: "1" }], onTop: [], changes: [] });
    expect(base.text).not.toContain("bio");
    const report = await verify(filesOf(project.dir));
    expect(outcomes(report)).toEqual({ build: "proven", migrations: "proven", agreement: "proven" });
    expect(base.text).toContain("'it''s'");
    expect(base.doubts).toEqual([expect.stringMatching(/^db\/schema\/users.sql:6 runs code with current_user: /)]);
    expect(base.text).toContain(`setval('"public"."users_id_seq"', 3)`);
    expect(base.text).toContain(`setval('"public"."notes_id_seq"', 1)`);
  });

  test("rows keep defaults that are computed; a value of chance is refused", async () => {
    const table = WITH_BIO.replace("bio text", "bio text, made timestamptz DEFAULT now(), tag text");
    await using project = await temporaryProject({
      "db/schema/users.sql": `${table}INSERT INTO users (name) VALUES ('first');\n`,
      "db/migrations/1_bio.sql": BIO,
    });
    expect((await withBase(project)).text).toContain("('1', 'first', DEFAULT, NULL)");
    await project.write(
      "db/schema/users.sql",
      `${table}INSERT INTO users (name, tag) SELECT 'first', random() * n FROM generate_series(2, 2) n;\n`,
    );
    const error = await failureOf(() => withBase(project));
    expect(error).toMatchObject({ code: "base_refused", location: { file: "db/schema/users.sql", line: 2 } });
  });

  test("rows that a way back brings are those that there were: no value of chance", async () => {
    await using project = await temporaryProject({
      "db/schema/users.sql": WITH_BIO,
      "db/migrations/1_bio.sql": BIO,
      "db/migrations/2_rows.sql":
        "-- migrate:up\nDELETE FROM users;\n-- migrate:down\nINSERT INTO users (id, name) VALUES (7, 'seventh');\n",
    });
    const base = await withBase(project);
    expect(base.text).toContain("('7', 'seventh')");
    expect(outcomes(await verify(filesOf(project.dir)))).toMatchObject({ migrations: "proven", agreement: "proven" });
  });

  test("what only some migrations need: the others come on top", async () => {
    await using project = await temporaryProject({
      "db/schema/users.sql": WITH_BIO,
      "db/migrations/1_bio.sql": BIO,
      "db/migrations/2_age.sql": BIO.replaceAll("bio text", "age int").replaceAll("bio", "age"),
    });
    expect(await withBase(project)).toMatchObject({ takenBack: [{ version: "1" }], onTop: [{ version: "2" }] });
  });

  test("nothing, where the migrations start from nothing", async () => {
    await using project = await temporaryProject({
      "db/schema/users.sql": USERS,
      "db/migrations/1_users.sql": `-- migrate:up\n${USERS}-- migrate:down\nDROP TABLE users;\n`,
    });
    expect((await withBase(project)).text).toBeUndefined();
  });

  test("nothing, only where the migrations run without it", async () => {
    await using project = await temporaryProject({
      "db/schema/users.sql": USERS,
      "db/migrations/1_bio.sql": BIO,
      "db/migrations/2_age.sql": BIO.replaceAll("bio text", "age int").replaceAll("bio", "age"),
    });
    const error = await failureOf(() => withBase(project, "empty"));
    expect(error).toMatchObject({ code: "base_refused", hint: expect.stringContaining("--from git:REVISION") });
    expect(error.message).toStartWith("1_bio does not apply to an empty database: ");
  });

  test("of another source than the schema files, what it makes besides is named, and what it lacks", async () => {
    await using project = await temporaryProject({
      "db/schema/users.sql": `${USERS}COMMENT ON TABLE users IS 'People';\n`,
      "then/users.sql": `${USERS}CREATE TABLE legacy (id int);\n`,
    });
    const files = filesOf(project.dir);
    const then = { ...files, includeDirs: [{ ...files.includeDirs[0]!, path: "then" }] };
    const catalogue = await sourceCatalogue(then, { kind: "schema" });
    const base = await makeBase({ ...files, from: { kind: "catalogue", catalogue, name: "then" } });
    expect(base.unlikeSchema.map(({ change, kind, name }) => `${change} ${kind} ${name}`).toSorted()).toEqual([
      "added comment on table public.users",
      "dropped table public.legacy",
    ]);
    expect((await makeBase({ ...files, from: { kind: "schema" } })).unlikeSchema).toEqual([]);
  });

  for (const engine of oldestServer) {
    test(`of a database on ${engine.name}, with the rights that its role has given, for whatever role begins with it`, async () => {
      await using project = await temporaryProject({});
      await using database = await engine.fresh();
      const role = `${(database.target as ServerTarget).database}_owner`;
      try {
        await withDatabase(database.target, {}, (session) =>
          session.execute(`CREATE ROLE ${role}; GRANT CREATE ON SCHEMA public TO ${role}; SET ROLE ${role};
            ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC;
            CREATE TABLE users (id int); CREATE TABLE notes (id int); GRANT ALL ON users TO PUBLIC`),
        );
        const base = await makeBase({
          ...filesOf(project.dir),
          from: { kind: "live", target: database.target, name: "used" },
        });
        expect(base.text).toContain("GRANT ALL ON TABLE public.users TO PUBLIC;");
        expect(base.text).toContain("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC;");
      } finally {
        await database.query(`DROP OWNED BY ${role}`);
        await database.query(`DROP ROLE ${role}`);
      }
    }, 60_000);
  }

  test("not known, where a migration that the source holds has no way back; another source helps", async () => {
    await using project = await temporaryProject({
      "db/schema/users.sql": WITH_BIO,
      "db/migrations/1_bio.sql": "ALTER TABLE users ADD bio text;",
    });
    const error = await failureOf(() => withBase(project));
    expect(error).toMatchObject({ code: "base_refused", hint: expect.stringContaining("git:REVISION") });
    expect(error.message).toContain("1_bio");
  });
});

describe("what begins with it", () => {
  const FILES = { "db/migrations/base.sql": USERS, "db/schema/users.sql": WITH_BIO, "db/migrations/1_bio.sql": BIO };

  test("the source `migrations`, and the trial of one migration", async () => {
    await using project = await temporaryProject(FILES);
    const files = filesOf(project.dir);
    const [migrations, schema] = [
      await sourceCatalogue(files, { kind: "migrations" }),
      await sourceCatalogue(files, { kind: "schema" }),
    ];
    expect(compareCatalogues(migrations, schema)).toEqual([]);
    const report = await testMigrations({ ...files, version: "1", fixturesDir: undefined });
    expect(report).toMatchObject({ from: "base-file", check: { outcome: "proven" }, tested: [{ version: "1" }] });
  });

  test("a base that does not run is a finding of verify, with its place", async () => {
    await using project = await temporaryProject({ ...FILES, "db/migrations/base.sql": "CREATE TABLE\nnope(x y);\n" });
    const report = await verify(filesOf(project.dir));
    expect(outcomes(report)).toMatchObject({ migrations: "disproven", agreement: "not-checked" });
    const [finding] = report.checks.find(({ name }) => name === "migrations")!.findings;
    expect(finding?.error?.location).toMatchObject({ file: "db/migrations/base.sql", line: 2 });
  });

  test("without migrations, base and schema files have to agree", async () => {
    await using project = await temporaryProject({ "db/migrations/base.sql": USERS, "db/schema/users.sql": USERS });
    expect(outcomes(await verify(filesOf(project.dir)))).toEqual({ build: "proven", agreement: "proven" });
    await project.write("db/schema/users.sql", WITH_BIO);
    expect(outcomes(await verify(filesOf(project.dir)))).toEqual({ build: "proven", agreement: "disproven" });
  });
});

describe("projects with one truth alone", () => {
  test("migrations without schema files are tried out", async () => {
    await using project = await temporaryProject({ "db/migrations/base.sql": USERS, "db/migrations/1_bio.sql": BIO });
    const report = await verify(filesOf(project.dir));
    expect(outcomes(report)).toEqual({ migrations: "proven" });
    expect(report.unchecked).toEqual(["schema files: there are none"]);
  });

  test("schema files without migrations are built", async () => {
    await using project = await temporaryProject({ "db/schema/users.sql": USERS });
    expect(outcomes(await verify(filesOf(project.dir)))).toEqual({ build: "proven" });
  });
});
