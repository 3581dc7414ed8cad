import { describe, expect, test } from "bun:test";
import { projectMigrations } from "#compare/sources/sources.ts";
import type { Relation, StatementFacts, Trace, TraceOptions } from "#compare/trace/facts.ts";
import { impactOf } from "#compare/trace/impact.ts";
import { traceMigrations } from "#compare/trace/trace.ts";
import { temporaryProject } from "../../support/project.ts";
import { failureOf } from "../failure.ts";
import { filesOf } from "./project-files.ts";

const BASE = `
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE TABLE orgs (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL UNIQUE);
CREATE TABLE users (
  id serial PRIMARY KEY, org_id bigint NOT NULL REFERENCES orgs, email varchar(20) NOT NULL, bio text,
  age int CHECK (age > 17), code text CHECK (code IN ('x', 'y')), feeling mood, tags text[], size positive
);
CREATE INDEX users_email ON users (email);
CREATE TABLE visits (at date NOT NULL, "user" int) PARTITION BY RANGE (at);
CREATE TABLE visits_2024 PARTITION OF visits FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
`;

/** Traces what the files hold behind the first migration, which makes the tables above. */
async function traced(
  files: Readonly<Record<string, string>>,
  more: Partial<TraceOptions> = {},
  from = "2",
): Promise<{ trace: Trace; statements: readonly StatementFacts[] }> {
  await using project = await temporaryProject({
    "db/migrations/1_base.sql": BASE,
    ...Object.fromEntries(Object.entries(files).map(([name, text]) => [`db/${name}`, text])),
  });
  const options = filesOf(project.dir);
  const migrations = projectMigrations(options).filter(({ version }) => version >= from);
  const trace = await traceMigrations({ ...options, migrations, ...more });
  return { trace, statements: trace.migrations.flatMap(({ statements }) => statements) };
}

const names = (relations: readonly Relation[]): string[] => relations.map(({ name }) => name);
const locks = ({ locks: taken }: StatementFacts): string[] =>
  taken.map(({ mode, name, isNew }) => `${mode} ${name}${isNew ? " (new)" : ""}`);

describe("what statements do is told", () => {
  test("each with its place, its own locks, and those that its transaction holds by then", async () => {
    const { trace, statements } = await traced({
      "migrations/2_more.sql": `-- migrate:up
ALTER TABLE users ADD nick text;
  CREATE INDEX ON users (nick);
ALTER TABLE users ADD nick2 text DEFAULT gen_random_uuid();
CREATE TABLE posts (id int PRIMARY KEY, user_id int REFERENCES users);
-- migrate:down
DROP TABLE posts;`,
    });
    expect(statements.map(({ place }) => [place.line, place.column])).toEqual([
      [2, 1],
      [3, 3],
      [4, 1],
      [5, 1],
    ]);
    expect(statements.map(locks)).toEqual([
      ["ACCESS EXCLUSIVE public.users"],
      ["ACCESS EXCLUSIVE public.users_nick_idx (new)", "SHARE public.users"],
      // It has them again, though the transaction had them before.
      expect.arrayContaining(["ACCESS EXCLUSIVE public.users"]),
      expect.arrayContaining(["ACCESS EXCLUSIVE public.posts (new)", "SHARE ROW EXCLUSIVE public.users"]),
    ]);
    expect(statements[3]?.held).toContainEqual(
      expect.objectContaining({ name: "public.users", mode: "ACCESS EXCLUSIVE" }),
    );
    expect(statements.map(({ rewrites }) => names(rewrites))).toEqual([[], [], ["public.users"], []]);
    expect(statements.map(({ buildsIndexes }) => buildsIndexes.map(({ table }) => table))).toEqual([
      [],
      ["public.users"],
      [],
      ["public.posts"],
    ]);
    expect(statements.every(({ how, inTransaction }) => how.kind === "measured" && inTransaction)).toBe(true);
    expect(trace.migrations[0]).toMatchObject({ transactional: true, reversible: true, error: undefined });
    expect(trace.withoutRows).toEqual([]);
  });

  test("a validated CHECK spares SET NOT NULL its scan", async () => {
    const { statements } = await traced({
      "migrations/2_a.sql": "UPDATE users SET bio = 'none' WHERE bio IS NULL;",
      "migrations/3_b.sql": "ALTER TABLE users ADD CONSTRAINT c CHECK (bio IS NOT NULL) NOT VALID;",
      "migrations/4_c.sql": "ALTER TABLE users VALIDATE CONSTRAINT c;",
      "migrations/5_d.sql": "ALTER TABLE users ALTER bio SET NOT NULL;",
    });
    expect(statements.map(({ error }) => error)).toEqual([undefined, undefined, undefined, undefined]);
    expect(statements.map(({ scans }) => names(scans))).toEqual([["public.users"], [], ["public.users"], []]);
    expect(statements.map(({ loses }) => loses)).toEqual([["updates rows of users"], [], [], []]);
  });

  test("what CONCURRENTLY does is known, and what was made before in other pending migrations is new", async () => {
    const { statements, trace } = await traced({
      "migrations/2_new.sql": "CREATE TABLE fresh (id int);",
      "migrations/3_index.sql": "CREATE INDEX CONCURRENTLY i ON users (age);\nDROP INDEX CONCURRENTLY users_email;",
      "migrations/4_fresh.sql": "CREATE INDEX ON fresh (id);",
      "migrations/5_full.sql": "VACUUM FULL users;",
    });
    const [, index, drop, fresh, full] = statements;
    expect(index).toMatchObject({ how: { kind: "known" }, inTransaction: false, error: undefined });
    expect(locks(index!)).toEqual(["SHARE UPDATE EXCLUSIVE public.users"]);
    expect(names(index!.buildsIndexes)).toEqual(["public.i"]);
    expect(names(drop!.drops)).toEqual(["public.users_email"]);
    expect(fresh!.locks.every(({ isNew }) => isNew)).toBe(true);
    expect(names(full!.rewrites)).toEqual(["public.users"]);
    expect(trace.migrations.map(({ transactional }) => transactional)).toEqual([true, false, true, false]);
  });

  test("a type change that only rebuilds an index, and what CASCADE takes", async () => {
    const { statements } = await traced({
      "migrations/2_a.sql": `ALTER TABLE users ALTER email TYPE varchar(20) COLLATE "C";`,
      "migrations/3_b.sql": "DROP TABLE orgs CASCADE;",
    });
    expect(names(statements[0]!.rewritesIndexes)).toEqual(["public.users_email"]);
    expect(statements[0]!.rewrites).toEqual([]);
    expect(names(statements[1]!.drops)).toContain("public.orgs");
    expect(locks(statements[1]!)).toContain("ACCESS EXCLUSIVE public.users");
  });

  test("DO and functions are entered; a body with branches is opaque", async () => {
    const { statements } = await traced({
      "migrations/2_a.sql": `CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'ALTER TABLE orgs ADD x int';
SELECT f();
DO $$ BEGIN IF false THEN DROP TABLE users; END IF; END $$;
DO $$ BEGIN DROP TABLE visits; END $$;`,
    });
    expect(locks(statements[1]!)).toContain("ACCESS EXCLUSIVE public.orgs");
    expect(statements.map(({ opaque }) => opaque)).toEqual([false, false, true, false]);
    expect(names(statements[3]!.drops)).toEqual(["public.visits", "public.visits_2024"]);
  });

  test("what code does to rows, and branches of functions, whoever runs them", async () => {
    const { statements } = await traced({
      "migrations/2_a.sql": `CREATE FUNCTION odd() RETURNS void LANGUAGE plpgsql AS 'BEGIN IF false THEN DELETE FROM orgs; END IF; UPDATE users SET bio = ''x''; END';
CREATE FUNCTION outer_one() RETURNS void LANGUAGE sql AS 'SELECT odd()';
SELECT outer_one();
DO $$ BEGIN DELETE FROM users; END $$;
SELECT 1 FROM orgs WHERE name = 'x' FOR UPDATE;
CREATE FUNCTION plain() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 1; END';
SELECT plain();
DO $$ BEGIN ALTER TABLE orgs DROP COLUMN name; END $$;`,
    });
    const [, , code, block, locking, , harmless, drop] = statements;
    expect(code).toMatchObject({ opaque: true, loses: ["updates rows of public.users"] });
    expect(impactOf(code!, new Map()).sentence).toContain("whoever changes the same rows waits");
    expect(block).toMatchObject({ opaque: false, loses: ["deletes rows of public.users"] });
    expect(impactOf(locking!, new Map())).toMatchObject({ weight: "rows" });
    expect(harmless).toMatchObject({ opaque: false, loses: [], rows: [] });
    expect(impactOf(harmless!, new Map())).toMatchObject({ weight: "none" });
    expect(drop!.loses).toEqual(["drops a COLUMN of public.orgs"]);
  });

  test("what a statement's cascade takes besides", async () => {
    const { statements } = await traced({
      "migrations/2_a.sql": `CREATE TABLE old_posts (id int, org_id bigint REFERENCES orgs ON DELETE CASCADE);
ALTER TABLE users DROP CONSTRAINT users_org_id_fkey, ADD FOREIGN KEY (org_id) REFERENCES orgs ON DELETE CASCADE;
DELETE FROM orgs;`,
    });
    expect(statements[2]!.loses).toEqual(["deletes rows of orgs", "deletes rows of public.users"]);
  });

  test("an index is used for what it is there for, though the tables here are small", async () => {
    const { statements } = await traced({
      "migrations/2_a.sql": `ALTER TABLE users ADD COLUMN z int;
UPDATE users SET z = 1 WHERE id = 2;
UPDATE users SET z = 1 WHERE bio = 'x';
DO $$ BEGIN UPDATE users SET z = 2 WHERE id = 3; END $$;`,
    });
    expect(statements.map(({ scans }) => names(scans))).toEqual([[], [], ["public.users"], []]);
  });

  test("TypeScript is traced through the SQL that it asks for", async () => {
    const { statements } = await traced({
      "migrations/2_ts.ts": `import { Migration } from "confiture";
export default class Ts extends Migration {
  async up() {
    this.execute("ALTER TABLE users ADD z int; CREATE INDEX ON users (z)");
    const [row] = await this.query("SELECT count(*)::int AS n FROM users");
    if (row.n > 3) this.execute("INSERT INTO orgs (name) VALUES ($1)", ["of " + row.n]);
  }
}`,
    });
    expect(statements.map(({ sql }) => sql.split(" ")[0])).toEqual(["ALTER", "CREATE", "SELECT", "INSERT"]);
    expect(statements.map(({ place }) => place.line)).toEqual([4, 4, 5, 6]);
    expect(locks(statements[1]!)).toContain("SHARE public.users");
  });
});

describe("statements that fail", () => {
  test("on rows alone: the row is told, and what comes behind goes on as if it had not been there", async () => {
    const { statements } = await traced({
      "migrations/2_a.sql": `ALTER TABLE users ALTER bio SET NOT NULL;
ALTER TABLE users ADD UNIQUE (code);
ALTER TABLE users ADD must int NOT NULL;
ALTER TABLE orgs ALTER name TYPE int USING name::int;
ALTER TABLE users ADD CHECK (id < 0);
ALTER TABLE users ALTER bio DROP NOT NULL;`,
    });
    expect(statements.map(({ error }) => error?.sqlstate)).toEqual([
      "23502",
      "23505",
      "23502",
      "22P02",
      "23514",
      undefined,
    ]);
    expect(statements.map(({ error }) => error?.onRows?.madeUp)).toEqual([true, true, true, true, true, undefined]);
    expect(statements[0]?.error?.onRows?.example).toMatch(/^Failing row contains \(/);
    expect(statements[1]?.error?.onRows?.example).toContain("(code)=(");
    // PostgreSQL only says that there is one.
    expect(statements[4]?.error?.onRows?.example).toMatch(/^Failing row contains \(\d/);
    expect(statements.every(({ how }) => how.kind === "measured")).toBe(true);
    expect(names(statements[0]!.scans)).toEqual(["public.users"]);
  });

  test("CREATE UNIQUE INDEX CONCURRENTLY over duplicates", async () => {
    const { statements } = await traced({ "migrations/2_a.sql": "CREATE UNIQUE INDEX CONCURRENTLY u ON users (age);" });
    expect(statements[0]).toMatchObject({ how: { kind: "known" }, error: { sqlstate: "23505" } });
    expect(names(statements[0]!.buildsIndexes)).toEqual(["public.u"]);
  });

  test("on the project's own rows", async () => {
    const { statements } = await traced(
      {
        "fixtures/a.sql": "INSERT INTO orgs (name) VALUES ('one'), ('Two');",
        "migrations/2_a.sql": "ALTER TABLE orgs ADD CHECK (name = lower(name));",
      },
      { fixturesDir: "db/fixtures" },
    );
    expect(statements[0]?.error?.onRows).toMatchObject({ table: "public.orgs", madeUp: false });
  });

  test("for good: told with its place, and the others are tried all the same", async () => {
    const { statements, trace } = await traced({
      "migrations/2_a.sql": "ALTER TABLE nowhere ADD a int;\nALTER TABLE orgs ADD a int;\n",
    });
    expect(statements[0]?.error).toMatchObject({ sqlstate: "42P01", onRows: undefined });
    expect(statements[0]?.error?.error.location).toMatchObject({ file: "db/migrations/2_a.sql", line: 1 });
    expect(locks(statements[1]!)).toEqual(["ACCESS EXCLUSIVE public.orgs"]);
    expect(trace.migrations[0]?.error).toBeUndefined();
  });

  test("for want of an extension: not traced, nor what needs it", async () => {
    const { statements, trace } = await traced({
      "migrations/2_a.sql": "CREATE EXTENSION postgis;\nCREATE TABLE g (at geometry);\nALTER TABLE orgs ADD a int;",
    });
    expect(statements.map(({ how }) => how.kind)).toEqual(["not-traced", "not-traced", "measured"]);
    expect(statements.map(({ error }) => error)).toEqual([undefined, undefined, undefined]);
    expect(trace.leftOut).toEqual([]);
  });

  test("in what was applied before, for want of an extension: left out, and told", async () => {
    const files = {
      "migrations/2_a.sql": "CREATE EXTENSION postgis;\nCREATE TABLE g (at geometry);",
      "migrations/3_b.sql": "ALTER TABLE orgs ADD a int; ALTER TABLE g ADD b int;",
    };
    const { statements, trace } = await traced(files, {}, "3");
    expect(trace.leftOut.map(({ location }) => location?.line)).toEqual([1, 2]);
    expect(statements.map(({ how }) => how.kind)).toEqual(["measured", "not-traced"]);
  });

  test("enum values that are used in the transaction that adds them", async () => {
    const { statements } = await traced({
      "migrations/2_a.sql":
        "ALTER TYPE mood ADD VALUE 'new';\nALTER TABLE users ALTER feeling SET DEFAULT 'new';\nUPDATE users SET feeling = 'new';",
    });
    expect(statements.some(({ error }) => error?.sqlstate === "55P04")).toBe(true);
  });

  test("a file that is refused is an error of its migration, and the others are traced", async () => {
    const { trace } = await traced({
      "migrations/2_a.sql": "SELECT 'never ends",
      "migrations/3_b.sql": "ALTER TABLE orgs ADD a int;",
    });
    expect(trace.migrations.map(({ error }) => error?.code)).toEqual(["sql_unterminated", undefined]);
    expect(trace.migrations[1]?.statements).toHaveLength(1);
  });

  test("before what is to be traced: nothing is traced", async () => {
    await using project = await temporaryProject({
      "db/migrations/1_a.sql": "SELECT 1/0;",
      "db/migrations/2_b.sql": "SELECT 1;",
    });
    const options = filesOf(project.dir);
    const migrations = projectMigrations(options).slice(1);
    expect(await failureOf(traceMigrations({ ...options, migrations }))).toMatchObject({
      code: "sql_failed",
      location: { file: "db/migrations/1_a.sql", line: 1 },
    });
  });
});
