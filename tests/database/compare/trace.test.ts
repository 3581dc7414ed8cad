import { describe, expect, test } from "bun:test";
import { dangerWords } from "#sql/effects/danger-kinds.ts";
import { exposureWords } from "#sql/effects/exposure-kinds.ts";
import { withScratch } from "#scratch/scratch.ts";
import { watchProject } from "#compare/dev.ts";
import { projectMigrations } from "#compare/sources/sources.ts";
import type { Relation, StatementFacts, Trace, TraceOptions } from "#compare/trace/facts.ts";
import { impactOf } from "#compare/trace/impact.ts";
import { untoldLosses } from "#compare/trace/limits.ts";
import { traceMigrations } from "#compare/trace/trace.ts";
import { verify } from "#compare/verify/verify.ts";
import type { Database } from "#database/database.ts";
import { withTimeLimit } from "#database/time-limit.ts";
import type { ConfitureError } from "#errors/error.ts";
import { temporaryProject } from "../../support/project.ts";
import { NEWEST_ALONE, server } from "../../support/servers.ts";
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
      "migrations/6_e.sql": "ALTER TABLE users DROP CONSTRAINT c;\nALTER TABLE users DROP CONSTRAINT users_age_check;",
    });
    expect(statements.map(({ error }) => error)).toEqual(Array.from({ length: 6 }, () => undefined));
    expect(statements.map(({ scans }) => names(scans))).toEqual([["public.users"], [], ["public.users"], [], [], []]);
    // The CHECK has done its work, and refuses nothing more than the column does.
    const dropped = "drops CONSTRAINT users_age_check of TABLE users";
    expect(statements.map(({ loses }) => loses)).toEqual([[], [], [], [], [], [dropped]]);
  });

  test("an UPDATE loses nothing where it sets only what it asks to be NULL, and what a trigger does besides is told", async () => {
    const { statements } = await traced({
      "migrations/2_a.sql":
        "UPDATE users SET bio = '' WHERE bio IS NULL;\nUPDATE users u SET bio = '', age = 1 WHERE u.bio IS NULL AND u.age IS NULL;\nUPDATE users SET bio = '', age = 1 WHERE bio IS NULL;\nUPDATE users SET age = 1 WHERE bio IS NULL;\nUPDATE users SET bio = '' WHERE bio IS NULL OR age = 1;\nALTER TABLE users ADD nick text;\nUPDATE users SET nick = email;",
      "migrations/3_b.sql":
        "CREATE FUNCTION prune() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN DELETE FROM posts; RETURN NEW; END';\nCREATE TRIGGER p AFTER UPDATE ON users FOR EACH ROW EXECUTE FUNCTION prune();\nUPDATE users SET age = 1 WHERE age IS NULL;",
    });
    const changed = ["updates rows of users"];
    expect(statements.slice(0, 7).map(({ loses }) => loses)).toEqual([[], [], changed, changed, changed, [], []]);
    expect(statements.at(-1)!.loses.join()).toContain("public.prune");
  });

  test("what the migrations have made themselves is not lost when it goes", async () => {
    const { statements } = await traced({
      "migrations/2_a.sql": `DO $$ BEGIN CREATE TYPE size AS ENUM ('s'); CREATE DOMAIN app_id AS int; END $$;
CREATE FUNCTION once() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE SCHEMA short;
DROP TYPE IF EXISTS public.size;
DROP DOMAIN app_id;
DROP FUNCTION once();
DROP SCHEMA short;
CREATE SCHEMA other;
CREATE TYPE other.mood AS (a int);
DROP TYPE other.mood CASCADE;`,
    });
    expect(statements.map(({ loses }) => loses)).toEqual([
      [],
      [],
      [],
      [],
      [],
      [],
      [],
      [],
      [],
      ["drops TYPE other.mood CASCADE"],
    ]);
  });

  test("ways back are tried where that is asked for, and take nothing with them", async () => {
    const way = (up: string, down: string, more = "") => `-- migrate:up${more}\n${up};\n-- migrate:down\n${down};\n`;
    const files = {
      "migrations/2_a.sql": way("ALTER TABLE users ADD a int", "ALTER TABLE users DROP a"),
      "migrations/3_b.sql": way("ALTER TABLE users ADD b int, ADD c int", "ALTER TABLE users DROP b"),
      "migrations/4_c.sql": way("CREATE TABLE t (id int)", "DROP TABLE tt"),
      "migrations/5_d.sql": way(
        "ALTER TABLE users ALTER bio SET NOT NULL",
        "ALTER TABLE users ALTER bio DROP NOT NULL",
      ),
      "migrations/6_e.sql": way("CREATE INDEX CONCURRENTLY i ON t (id)", "DROP INDEX i", " transaction:false"),
      "migrations/7_f.sql": "DROP TABLE t;",
      "migrations/8_g.sql": way("DROP TABLE visits", "CREATE TABLE visits (at date)"),
      "migrations/9_h.sql": way(
        "DELETE FROM users WHERE bio = 'x'; GRANT SELECT ON users TO guest",
        "REVOKE SELECT ON users FROM guest",
      ),
      "migrations/80_n.sql": way("CREATE VIEW ages AS SELECT id FROM users", "DROP VIEW ages"),
      // A view that is made anew has other rows in the catalogue, and is the same view.
      "migrations/81_o.sql": way(
        "ALTER TABLE users ADD o int",
        "DROP VIEW ages; ALTER TABLE users DROP o; CREATE VIEW ages AS SELECT id FROM users",
      ),
      "migrations/91_i.sql": way(
        "CREATE INDEX CONCURRENTLY k ON users (bio)",
        "DROP INDEX CONCURRENTLY k; CREATE INDEX CONCURRENTLY l ON users (bio)",
        " transaction:false",
      ),
      "migrations/92_j.sql": way("VACUUM users", "CREATE DATABASE elsewhere", " transaction:false"),
      "migrations/93_k.sql": way(
        "UPDATE users SET bio = 'y' WHERE bio IS NULL",
        "ALTER TABLE users DROP bio",
        " backfill:users",
      ),
      "migrations/94_l.ts": `import { Migration } from "confiture";
export default class extends Migration {
  up() { this.execute("ALTER TABLE users ADD ts int"); }
  down() { this.execute("ALTER TABLE users DROP ts"); }
}`,
      "migrations/95_m.ts": `import { Migration } from "confiture";
export default class extends Migration {
  async up() { await this.query("SELECT 1"); }
  down() { this.execute("SELECT 1"); }
}`,
    };
    const { trace, statements } = await traced(files, { triesBack: true });
    expect(trace.migrations.map(({ wayBack }) => (typeof wayBack === "object" ? wayBack.message : wayBack))).toEqual([
      "leads-back",
      "leads-elsewhere",
      'table "tt" does not exist',
      "leads-back",
      "leads-back",
      undefined,
      "leads-elsewhere",
      "leads-back",
      "leads-back",
      "leads-back",
      "leads-elsewhere",
      undefined,
      "leads-elsewhere",
      "leads-back",
      undefined,
    ]);
    const { trace: plain, statements: same } = await traced(files);
    expect(plain.migrations.every(({ wayBack }) => wayBack === undefined)).toBe(true);
    const told = (all: readonly StatementFacts[]) =>
      all.map((one) => [
        one.sql,
        one.how,
        one.locks,
        one.rewrites,
        one.scans,
        one.loses,
        one.endangers,
        one.error?.sqlstate,
      ]);
    expect(told(statements)).toEqual(told(same));
  });

  test("what stops at every row is told of tables for which no rows can be made up", async () => {
    const of = (n: number): string => `CREATE TABLE t${n} (id int PRIMARY KEY, code odd NOT NULL);`;
    const { statements, trace } = await traced(
      {
        "migrations/2_a.sql": `CREATE DOMAIN odd AS text CHECK (VALUE ~ '^[q]{7}-[0-9]{3}$');
CREATE DOMAIN given AS int NOT NULL;
CREATE DOMAIN known AS int NOT NULL DEFAULT 1;
CREATE FUNCTION next_one() RETURNS int LANGUAGE sql VOLATILE AS 'SELECT 1';
${[1, 2, 3, 4, 5, 6, 7].map(of).join("\n")}`,
        "migrations/3_b.sql": `ALTER TABLE t1 ADD phone text NOT NULL;
ALTER TABLE t2 ADD n int PRIMARY KEY, DROP CONSTRAINT t2_pkey;
ALTER TABLE t2 ADD a given;
ALTER TABLE t3 ADD fresh int;
ALTER TABLE t3 ALTER fresh SET NOT NULL;
ALTER TABLE t4 ADD a int NOT NULL DEFAULT 1, ADD b int NOT NULL GENERATED ALWAYS AS IDENTITY, ADD c int NOT NULL GENERATED ALWAYS AS (id) STORED;
ALTER TABLE t4 ADD d serial NOT NULL, ADD e int NOT NULL DEFAULT next_one(), ADD f known, ADD g int;
ALTER TABLE t5 ADD a int;
UPDATE t5 SET a = 1;
ALTER TABLE t5 ALTER a SET NOT NULL;
DELETE FROM t6;
ALTER TABLE t6 ADD a int NOT NULL;
ALTER TABLE t7 RENAME TO t8;
CREATE TABLE t7 (id int);
ALTER TABLE t7 ADD a int NOT NULL;`,
      },
      {},
      "3",
    );
    expect(trace.withoutRows.toSorted()).toEqual([1, 2, 3, 4, 5, 6, 7].map((n) => `public.t${n}`));
    const failing = statements.flatMap(({ error, place }) =>
      error === undefined ? [] : [[place.line, error.error.message, error.onRows?.table, error.onRows?.isEvery]],
    );
    expect(failing).toEqual([
      [1, 'column "phone" of relation "t1" contains null values', "public.t1", true],
      [2, 'column "n" of relation "t2" contains null values', "public.t2", true],
      [3, "domain given does not allow null values", "public.t2", true],
      [5, 'column "fresh" of relation "t3" contains null values', "public.t3", true],
    ]);
    expect(impactOf(statements[0]!, new Map()).weight).toBe("fails");
  });

  test("rows that violate what is validated are there, and a statement that every row stops is told apart", async () => {
    const { statements, trace } = await traced(
      {
        "migrations/2_a.sql": `${[1, 2, 3, 4, 5, 6, 7, 8].map((n) => `CREATE TABLE t${n} (id serial PRIMARY KEY, v text NOT NULL, w text);`).join("\n")}
ALTER TABLE users ADD CONSTRAINT c CHECK (length(bio) > 1) NOT VALID;
ALTER TABLE users ADD CONSTRAINT other CHECK (length(email) < 99) NOT VALID;
ALTER TABLE visits_2024 ADD CONSTRAINT u FOREIGN KEY ("user") REFERENCES users NOT VALID;
CREATE DOMAIN level AS int;
CREATE TABLE t9 (id serial PRIMARY KEY, size level);
ALTER DOMAIN level ADD CONSTRAINT small CHECK (VALUE < 9) NOT VALID;`,
        "migrations/3_b.sql": `ALTER TABLE users VALIDATE CONSTRAINT c;
ALTER TABLE visits_2024 VALIDATE CONSTRAINT "u";
ALTER DOMAIN level VALIDATE CONSTRAINT small;`,
        "migrations/4_c.sql": `ALTER TABLE t1 ADD required int NOT NULL;
ALTER TABLE t2 ADD fresh int;
ALTER TABLE t2 ALTER fresh SET NOT NULL;
ALTER TABLE t3 ADD fresh int;
ALTER TABLE t3 ADD CHECK (fresh IS NOT NULL);
ALTER TABLE t4 ADD n int DEFAULT 0 CHECK (n > 0);
UPDATE t5 SET v = NULL;
ALTER TABLE t6 ADD CHECK (v = 'x');
ALTER TABLE t7 ALTER w SET NOT NULL;
ALTER TABLE t8 ADD FOREIGN KEY (v) REFERENCES orgs (name);`,
        "migrations/5_d.sql":
          "UPDATE users SET bio = 'none' WHERE length(bio) < 2;\nALTER TABLE users VALIDATE CONSTRAINT c;",
      },
      {},
      "3",
    );
    const failing = statements.map(({ error }) =>
      error === undefined ? undefined : [error.sqlstate, error.onRows?.table, error.onRows?.isEvery],
    );
    expect(failing).toEqual([
      ["23514", "public.users", false],
      ["23503", "public.visits_2024", false],
      ["23514", "public.t9", false],
      ["23502", "public.t1", true],
      undefined,
      ["23502", "public.t2", true],
      undefined,
      ["23514", "public.t3", true],
      ["23514", "public.t4", true],
      ["23502", "public.t5", true],
      ["23514", "public.t6", false],
      ["23502", "public.t7", false],
      ["23503", "public.t8", false],
      undefined,
      undefined,
    ]);
    expect(statements[0]?.error?.onRows?.example).toMatch(/^Failing row contains \(\d/);
    expect(impactOf(statements[3]!, new Map())).toMatchObject({
      weight: "fails",
      sentence: expect.stringContaining("fails on every row of public.t1"),
    });
    expect(trace.withoutRows).toEqual([]);
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

  test("rows between statements that lock are rows alone, and each of those has its own locks", async () => {
    const rows = ["a", "b", "c"].map((name) => `INSERT INTO orgs (name) VALUES ('${name}');\n`).join("");
    const { statements } = await traced({
      "migrations/2_a.sql": `ALTER TABLE users ADD nick text;\n${rows}ALTER TABLE users ADD nick2 text;\n${rows.replaceAll("')", "2')")}`,
    });
    expect(statements.map(locks)).toEqual([
      ["ACCESS EXCLUSIVE public.users"],
      [],
      [],
      [],
      ["ACCESS EXCLUSIVE public.users"],
      [],
      [],
      [],
    ]);
    expect(statements.map(({ how, error }) => [how.kind, error])).toEqual(
      Array.from({ length: 8 }, () => ["measured", undefined]),
    );
  });

  test("a sequence is set, not read, and rows that a migration inserted are no fixtures", async () => {
    const { statements } = await traced({
      "migrations/2_a.sql": `SELECT setval('users_id_seq', 1000);
SELECT nextval('users_id_seq');
ALTER TABLE users ADD CHECK (age IS NOT NULL OR id > 0);
CREATE TABLE tags (name text);
INSERT INTO tags VALUES ('a'), ('a');
CREATE UNIQUE INDEX ON tags (name);
INSERT INTO orgs (name) VALUES ('a');
ALTER TABLE orgs ADD CHECK (name <> 'a');`,
    });
    expect(statements.map(({ sets }) => sets)).toEqual([["public.users_id_seq"], [], [], [], [], [], [], []]);
    expect(statements.slice(0, 3).map(({ scans }) => names(scans))).toEqual([[], [], ["public.users"]]);
    expect(statements.map(({ error }) => error?.onRows?.whose)).toEqual([
      ...Array.from({ length: 5 }, () => undefined),
      "rows that a migration inserted",
      undefined,
      "rows made up for this, or inserted by a migration",
    ]);
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
DO $$ BEGIN ALTER TABLE orgs DROP COLUMN name; END $$;
SELECT outer_one() WHERE (SELECT count(*) FROM users) > 1000;
CREATE FUNCTION opens() RETURNS void LANGUAGE sql AS 'GRANT SELECT ON users TO PUBLIC';
SELECT opens();`,
    });
    const [, , code, block, locking, , harmless, drop, unmet, , opening] = statements;
    expect(unmet!.loses).toEqual(["runs public.outer_one, which may change or delete something"]);
    expect(opening!.exposes.map(exposureWords)).toEqual([
      "users to every role (GRANT SELECT TO PUBLIC), by running public.opens",
    ]);
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

  test("what CASCADE takes that the statement does not name: keys, defaults, columns, whatever depends on it", async () => {
    const { statements } = await traced(
      {
        "migrations/2_more.sql": `CREATE SEQUENCE tickets;
CREATE FUNCTION code_of(users) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1.code';
CREATE FUNCTION odd() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TABLE posts (id int PRIMARY KEY DEFAULT nextval('tickets'), user_id int REFERENCES users, mood mood, a int, b int, UNIQUE (a, b));
CREATE TRIGGER posts_odd BEFORE INSERT ON posts FOR EACH ROW EXECUTE FUNCTION odd();
CREATE FUNCTION twice(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 2 * $1';
CREATE TABLE counts (n int CHECK (twice(n) > 1), d int GENERATED ALWAYS AS (twice(n)) STORED, m mood, x int);
CREATE INDEX counts_twice ON counts (twice(n));
CREATE STATISTICS counted ON n, d FROM counts;
CREATE VIEW mails AS SELECT email FROM users;
CREATE VIEW short_mails AS SELECT email FROM mails;
CREATE POLICY own ON posts USING (mood = 'ok');`,
        "migrations/3_a.sql": `CREATE VIEW fresh AS SELECT * FROM mails;
DROP VIEW mails, short_mails CASCADE;
DROP SEQUENCE tickets CASCADE;
DROP FUNCTION odd CASCADE;
ALTER TABLE counts ALTER m TYPE text, DROP COLUMN x CASCADE;
DROP FUNCTION twice CASCADE;
DROP TABLE counts CASCADE;
ALTER TABLE posts DROP COLUMN a;
DROP TABLE users CASCADE;
DROP TYPE mood CASCADE;
DO $$ BEGIN DROP TABLE orgs CASCADE; END $$;`,
      },
      {},
      "3",
    );
    const taken = statements.map(({ takesAlong }) => takesAlong.map(({ kind, name }) => `${kind} ${name}`));
    expect(taken).toEqual([
      [],
      [],
      ["DEFAULT for public.posts.id"],
      ["TRIGGER posts_odd on public.posts"],
      [],
      [
        "COLUMN public.counts.d",
        "CHECK counts_n_check on public.counts",
        "INDEX public.counts_twice",
        "STATISTICS public.counted",
      ],
      [],
      ["UNIQUE posts_a_b_key on public.posts"],
      ["FOREIGN KEY posts_user_id_fkey on public.posts", "FUNCTION public.code_of(public.users)"],
      ["COLUMN public.posts.mood", "POLICY own on public.posts"],
      ["TABLE public.orgs"],
    ]);
    expect(statements[8]!.loses).toEqual([
      "drops TABLE users CASCADE",
      "drops FOREIGN KEY posts_user_id_fkey on public.posts",
      "drops FUNCTION public.code_of(public.users)",
    ]);
    expect(untoldLosses(statements[8]!)).toHaveLength(2);
  });

  test("nothing is lost where IF EXISTS finds nothing, or what was made with it", async () => {
    const { statements } = await traced({
      "migrations/2_a.sql": `CREATE TABLE fresh (a int);
DROP TABLE IF EXISTS nothere;
DROP TABLE IF EXISTS nothere CASCADE;
ALTER TABLE users DROP COLUMN IF EXISTS nothere;
ALTER TABLE IF EXISTS nothere DROP COLUMN bio;
ALTER TABLE users DROP CONSTRAINT IF EXISTS nothere;
DROP FUNCTION IF EXISTS nothere(int);
DROP TYPE IF EXISTS nothere;
DROP SCHEMA IF EXISTS nothere CASCADE;
DROP TABLE fresh;
ALTER TABLE users ADD x int, DROP COLUMN IF EXISTS nothere;
ALTER TABLE users DROP COLUMN IF EXISTS bio;
ALTER TABLE users DROP CONSTRAINT IF EXISTS users_age_check;
DROP TYPE IF EXISTS positive, nothere CASCADE;`,
      "migrations/3_b.sql": "DROP INDEX CONCURRENTLY IF EXISTS nothere;",
    });
    expect(statements.map(({ absent }) => absent)).toEqual([
      undefined,
      "TABLE nothere",
      "TABLE nothere",
      "COLUMN nothere of TABLE users",
      "COLUMN bio of TABLE nothere",
      "CONSTRAINT nothere of TABLE users",
      "FUNCTION nothere (int)",
      "TYPE nothere",
      "SCHEMA nothere",
      undefined,
      "COLUMN nothere of TABLE users",
      undefined,
      undefined,
      undefined,
      "INDEX nothere",
    ]);
    expect(statements.map(({ loses }) => loses.length)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 0]);
  });

  test("a domain over the same type converts no value, and DROP NOT NULL says itself what it drops", async () => {
    const { statements } = await traced({
      "migrations/2_a.sql": `CREATE DOMAIN note AS text; CREATE DOMAIN short AS note CHECK (length(VALUE) < 500); CREATE DOMAIN five AS varchar(5);
ALTER TABLE users ALTER bio TYPE short;
ALTER TABLE users ALTER bio TYPE note;
ALTER TABLE users ALTER size TYPE int;
ALTER TABLE users ALTER bio TYPE five;
ALTER TABLE orgs ALTER name DROP NOT NULL;
TRUNCATE orgs CASCADE;`,
    });
    const converts = "converts values of TABLE users";
    expect(statements.slice(3).map(({ loses }) => loses)).toEqual([
      [],
      [],
      [],
      [converts],
      [],
      ["deletes all rows of orgs CASCADE", "deletes all rows of public.users"],
    ]);
  });

  test("which tables code has emptied", async () => {
    const { statements } = await traced({
      "migrations/2_a.sql": `CREATE FUNCTION purge() RETURNS void LANGUAGE plpgsql AS 'BEGIN TRUNCATE users; END';
CREATE FUNCTION widen() RETURNS void LANGUAGE plpgsql AS 'BEGIN ALTER TABLE orgs ALTER id TYPE int; END';
SELECT widen();
DO $$ BEGIN TRUNCATE visits; END $$;
SELECT purge();`,
    });
    expect(statements.map(({ loses }) => loses.filter((loss) => loss.startsWith("deletes")))).toEqual([
      [],
      [],
      [],
      ["deletes all rows of public.visits_2024"],
      ["deletes all rows of public.users"],
    ]);
    expect(statements[4]!.loses).toHaveLength(1);
    // Nothing is written into what was emptied.
    expect(statements.map(({ rewrites }) => rewrites.map(({ name }) => name))).toEqual([
      [],
      [],
      ["public.orgs"],
      [],
      [],
    ]);
  });

  test("what sequences give again, and rows that a table does not show any more", async () => {
    const { statements } = await traced({
      "migrations/2_a.sql": `CREATE TABLE fresh (id serial PRIMARY KEY);
SELECT setval('fresh_id_seq', 1);
SELECT setval('users_id_seq', 100000);
SELECT setval('users_id_seq', (SELECT 1));
SELECT setval('users_id_seq', (SELECT 10 * max(id) FROM users));
ALTER TABLE orgs ALTER COLUMN id RESTART;
ALTER SEQUENCE users_id_seq MINVALUE 1000000 START 1000000;
ALTER TABLE visits DETACH PARTITION visits_2024;
ALTER TABLE fresh RENAME TO stale;
CREATE TABLE fresh (LIKE stale);
ALTER TABLE users RENAME bio TO bio_old;`,
      "migrations/3_b.sql": "ALTER TABLE users ADD bio int;\nALTER TABLE users RENAME TO users_old;",
      "migrations/4_c.sql": "CREATE TABLE users (LIKE users_old INCLUDING ALL);",
    });
    const again = "values that it has given may come again";
    expect(statements.map(({ endangers }) => endangers.map(dangerWords))).toEqual([
      [],
      [],
      [`sets SEQUENCE users_id_seq to 100000: ${again}`],
      ["sets SEQUENCE public.users_id_seq back: values that it has given come again"],
      [],
      [`restarts the identity of orgs.id: ${again}`],
      ["bounds SEQUENCE users_id_seq (MINVALUE 1000000): it fails where the sequence has gone beyond"],
      [],
      [],
      [],
      [],
      [],
      [],
      [],
    ]);
    // How far it has come elsewhere is not known here, so it is no failure for good.
    expect(statements[6]!.error?.onRows?.example).toContain("1000000");
    expect(statements.slice(7).map(({ loses }) => loses)).toEqual([
      ["takes PARTITION visits_2024 with its rows out of TABLE visits"],
      [],
      [],
      [],
      ["puts another COLUMN bio of users in the place of bio_old, which keeps the values"],
      [],
      ["puts another TABLE users in the place of users_old, which keeps the rows"],
    ]);
  });

  test("which writes triggers swallow from then on, by their code or by trying", async () => {
    const code = (body: string): string =>
      `CREATE OR REPLACE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN ${body} END$$;\n`;
    const trigger = (name: string, events: string, table: string): string =>
      `CREATE TRIGGER ${name} BEFORE ${events} ON ${table} FOR EACH ROW EXECUTE FUNCTION f();\n`;
    const every = "INSERT OR UPDATE OR DELETE";
    const { statements } = await traced({
      "migrations/2_a.sql": `${code("RETURN NEW;")}${trigger("a", every, "orgs")}CREATE TABLE fresh (id int);\n${trigger("a", every, "fresh")}`,
      "migrations/3_b.sql": code("IF TG_OP <> 'INSERT' OR NEW.name IS NULL THEN RETURN NULL; END IF; RETURN NEW;"),
      "migrations/4_c.sql": `${code("IF TG_OP = 'INSERT' AND NEW.at < '0001-01-01' THEN RETURN NULL; END IF; RETURN coalesce(NEW, OLD);")}${trigger("b", "INSERT OR DELETE", "visits")}`,
      "migrations/5_d.ts": `import { Migration } from "confiture";
export default class extends Migration { up() { this.execute(${JSON.stringify(code("RETURN NULL;"))}); } }`,
    });
    expect(statements.map(({ loses }) => loses)).toEqual([
      [],
      ["lets DELETE on orgs write nothing (TRIGGER a)"],
      [],
      [],
      ["may let UPDATE on public.orgs write nothing, as with rows made up here (TRIGGER a)"],
      [],
      [],
      [
        "lets INSERT, UPDATE and DELETE on public.orgs write nothing (TRIGGER a)",
        "lets INSERT and DELETE on public.visits write nothing (TRIGGER b)",
      ],
    ]);
    expect(statements.map(untoldLosses).map((losses) => losses.length)).toEqual([0, 0, 0, 0, 1, 0, 0, 0]);
  });

  test("tables that earlier migrations empty have rows again for the later ones, cleaned up as they were", async () => {
    const { statements } = await traced({
      "migrations/2_a.sql": "DELETE FROM users;",
      "migrations/3_b.sql": "UPDATE users SET bio = '' WHERE bio IS NULL;\nTRUNCATE users;",
      "migrations/4_c.sql": "ALTER TABLE users ADD CHECK (bio IS NOT NULL);\nDELETE FROM users;",
      "migrations/5_d.sql": "ALTER TABLE users ADD must int NOT NULL;",
    });
    const [all, fill, , check, again, required] = statements;
    for (const statement of [all, fill, again]) expect(statement!.rows).toMatchObject([{ name: "public.users" }]);
    expect(check!.error).toBeUndefined();
    expect(required!.error).toMatchObject({ sqlstate: "23502", onRows: { table: "public.users", madeUp: true } });
  });

  test("a clean-up of what is old leaves rows to the later ones, and one that leaves none is told", async () => {
    const { trace, statements } = await traced(
      {
        "migrations/2_a.sql": "CREATE TABLE old (at timestamptz, kind text); CREATE TABLE gone (kind text);",
        "migrations/3_b.sql":
          "DELETE FROM old WHERE at < now() - interval '2 years' OR at IS NULL;\nDELETE FROM gone WHERE kind IS DISTINCT FROM 'zzz';",
        "migrations/4_c.sql":
          "ALTER TABLE gone ALTER kind TYPE int USING kind::int;\nALTER TABLE old ALTER kind TYPE int USING kind::int;",
      },
      {},
      "3",
    );
    expect(statements.map(({ error }) => error?.sqlstate)).toEqual([undefined, undefined, undefined, "22P02"]);
    expect(trace.withoutRows).toEqual(["public.gone"]);
  });

  test("a contract meets rows that the trigger which it drops has kept in step", async () => {
    const { trace, statements } = await traced(
      {
        "migrations/2_expand.sql": `CREATE TABLE kept (id int PRIMARY KEY, name text, title text CHECK (title IS NOT DISTINCT FROM 'The ' || name));
CREATE FUNCTION sync() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.title := 'The ' || NEW.name; RETURN NEW; END $$;
CREATE TRIGGER "~sync" BEFORE INSERT OR UPDATE ON kept FOR EACH ROW EXECUTE FUNCTION sync();`,
        "migrations/3_contract.sql": `DROP TRIGGER "~sync" ON kept;
ALTER TABLE kept ALTER title SET NOT NULL;`,
      },
      {},
      "3",
    );
    expect(trace.withoutRows).toEqual([]);
    expect(statements[1]!.error).toMatchObject({ sqlstate: "23502", onRows: { table: "public.kept", madeUp: true } });
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

  test("what reaches beyond the database is not run for a try", async () => {
    const { statements } = await traced({
      "migrations/2_a.sql": [
        "COPY orgs TO PROGRAM 'cat';",
        "COPY orgs TO '/tmp/orgs';",
        "DO $$ BEGIN EXECUTE $q$COPY orgs FROM PROGRAM 'true'$q$; END $$;",
        "SELECT pg_terminate_backend(pg_backend_pid());",
        "ALTER TABLE orgs ADD a int;",
      ].join("\n"),
    });
    const reasons = statements.map(({ how }) => (how.kind === "not-traced" ? how.reason : how.kind));
    expect(reasons).toEqual([
      "it runs a program on the server, and is not run for a try",
      "it writes a file on the server, and is not run for a try",
      "it runs a program on the server, and is not run for a try",
      "it ends what others are doing on the server, and is not run for a try",
      "measured",
    ]);
  });

  const EMBEDDED = { engine: "embedded" } as const;
  const CATCHING =
    "DO $$ BEGIN LOOP BEGIN PERFORM pg_sleep(3600); EXCEPTION WHEN query_canceled THEN NULL; END; END LOOP; END $$;";

  test("what does not end is ended, once, and the rest is tried", async () => {
    const { statements, trace } = await traced(
      { "migrations/2_a.sql": `ALTER TABLE orgs ADD a int;\n${CATCHING}\nALTER TABLE orgs ADD b int;` },
      // Long enough for what ends, on a machine that has much to do.
      { timeLimit: 2000 },
    );
    expect(statements.map(({ how }) => (how.kind === "not-traced" ? how.reason : how.kind))).toEqual([
      "measured",
      "it took longer than 2s, and was cancelled (--time-limit)",
      "measured",
    ]);
    expect([trace.migrations[0]?.error, ...statements.map(({ error }) => error)]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });

  test("code that does not end is ended, and what comes behind it is tried", async () => {
    const code = (up: string): string =>
      `import { Migration } from "confiture";\nexport default class A extends Migration {\n  async up() { ${up} }\n}`;
    const { trace } = await traced(
      {
        "migrations/2_computes.ts": code("while (true) {}"),
        "migrations/3_waits.ts": code("await new Promise(() => setInterval(() => {}, 1000));"),
        "migrations/4_asks.ts": code('for (;;) await this.query("SELECT 1");'),
        "migrations/5_loads.ts": `while (true) {}\n${code("")}`,
        "migrations/6_behind.sql": "ALTER TABLE orgs ADD a int;",
      },
      // Whatever takes too long on a slow machine has the same outcome.
      { timeLimit: 100 },
      "1",
    );
    expect(trace.migrations.map(({ file, error }) => [file.version, error?.data?.["timeLimit"]])).toEqual([
      ["1", undefined],
      ["2", 100],
      ["3", 100],
      ["4", 100],
      ["5", 100],
      ["6", undefined],
    ]);
    expect(trace.migrations[3]?.statements.length).toBeLessThan(2);
    // The same in one that is applied, and only replayed.
    for (const up of [code("while (true) {}"), `while (true) {}\n${code("")}`]) {
      const failed = await failureOf(
        traced({ "migrations/0_computes.ts": up, "migrations/3_behind.sql": "SELECT 1" }, { timeLimit: 100 }, "3"),
      );
      expect(failed).toMatchObject({ data: { timeLimit: 100 }, location: { file: "db/migrations/0_computes.ts" } });
    }
    expect(trace.migrations[5]?.statements.map(({ sql }) => sql)).toEqual(["ALTER TABLE orgs ADD a int"]);
  });

  test.each([
    ["embedded", undefined],
    ["a server", NEWEST_ALONE[0]],
  ] as const)(
    "a statement is cancelled at its limit, and its session ended where it catches that: %s",
    async (_, major) => {
      const scratch = major === undefined ? EMBEDDED : (await server(major)).target("postgres");
      const limited = (database: Database, sql: string): Promise<ConfitureError> =>
        failureOf(withTimeLimit(database, 20, () => database.execute(sql)));
      const outcome = await withScratch({ scratch }, async (database) => {
        const cancelled: ConfitureError[] = [];
        for (const sql of ["SELECT pg_sleep(3600)", "DO $$ BEGIN LOOP PERFORM 1; END LOOP; END $$"])
          cancelled.push(await limited(database, sql));
        expect(await database.query("SELECT 1 AS one")).toEqual([{ one: 1 }]);
        return [...cancelled, await limited(database, CATCHING)];
      });
      expect(outcome.map(({ code, data }) => [code, data?.["timeLimit"]])).toEqual([
        ["sql_failed", 20],
        ["sql_failed", 20],
        ["connection_lost", 20],
      ]);
    },
  );

  test.each([
    ["embedded", undefined],
    ["a server", NEWEST_ALONE[0]],
  ] as const)("a named limit ends a statement wherever files are run, with its place: %s", async (_, major) => {
    const instance = major === undefined ? undefined : await server(major);
    const scratch = instance?.target("postgres") ?? EMBEDDED;
    // Nothing stands before what does not end: on a slow machine that might reach the limit as well.
    const endless = "-- migrate:up\nSELECT pg_sleep(3600);\nSELECT 1;\n";
    const ended = (file: string): object => ({
      code: "sql_failed",
      data: { timeLimit: 20 },
      location: { file, line: 2 },
    });
    await using project = await temporaryProject({
      "db/schema/a.sql": endless,
      "db/migrations/1_a.sql": endless,
      "db/fixtures/a.sql": endless,
    });
    const files = { ...filesOf(project.dir), scratch, timeLimit: 20 };
    const look = await watchProject(files, []).look();
    expect(look?.schemaError).toMatchObject(ended("db/schema/a.sql"));
    expect(look?.migrationsError).toMatchObject(ended("db/migrations/1_a.sql"));
    await project.write("db/migrations/1_a.sql", "CREATE TABLE a (id int);\n");
    const traces = traceMigrations({ ...files, migrations: projectMigrations(files), fixturesDir: "db/fixtures" });
    expect(await failureOf(traces)).toMatchObject(ended("db/fixtures/a.sql"));
    // What catches that takes its session with it, and what comes next has another.
    await project.write("db/schema/a.sql", "");
    await project.write("db/migrations/1_a.sql", `-- migrate:up\n${CATCHING}\n-- migrate:down\nSELECT 1;\n`);
    const { checks } = await verify(files);
    expect(checks[1]?.findings[0]?.error).toMatchObject(ended("db/migrations/1_a.sql"));
    if (instance === undefined) return;
    const left = "SELECT 1 FROM pg_stat_activity WHERE datname ~ '^confiture_scratch_' AND query ~ 'pg_sleep'";
    expect(await instance.sql(left)).toEqual([]);
  });

  test("what gives up every prepared statement does no harm to what follows", async () => {
    const { statements } = await traced({
      "migrations/2_alone.sql":
        "-- migrate:up transaction:false\nALTER TABLE orgs ADD a int;\nDISCARD ALL;\nALTER TABLE orgs ADD b int;",
      "migrations/3_inside.sql":
        "DEALLOCATE ALL;\nALTER TABLE orgs ADD c int;\nDO $$ BEGIN EXECUTE 'DEALLOCATE ALL'; RAISE; END $$;",
      "migrations/4_code.sql":
        "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'DEALLOCATE ALL'; END $$;\nSELECT f();",
      "migrations/5_last.sql": "DISCARD ALL",
      "migrations/6_behind.sql": "ALTER TABLE orgs ADD d int;",
    });
    const failed = statements.filter(({ error }) => error !== undefined).map(({ sql }) => sql.slice(0, 2));
    expect([statements.length, failed]).toEqual([10, ["DO"]]);
  });

  test("roles that the session takes are made where no file makes them", async () => {
    const { statements } = await traced({
      "migrations/2_role.sql":
        "SET ROLE app;\nALTER TABLE orgs ADD a int;\nCREATE TABLE of_app (id int);\nSET ROLE other;\nALTER TABLE orgs ADD b int;",
      "migrations/3_session.sql":
        "SET SESSION AUTHORIZATION third;\nALTER TABLE orgs ADD c int;\nSET TIME ZONE 'nowhere';",
    });
    const failed = statements.filter(({ error }) => error !== undefined).map(({ sql }) => sql);
    expect([statements.length, failed]).toEqual([8, ["SET TIME ZONE 'nowhere'"]]);
  });

  test("keys that were made up say nothing of rows that a migration brings along", async () => {
    const tables = "CREATE TABLE roles (id int PRIMARY KEY, org_id bigint REFERENCES orgs);\n";
    const { statements } = await traced(
      {
        "migrations/2_roles.sql": tables,
        "migrations/3_a.sql": [
          "INSERT INTO roles VALUES (1), (2), (3);",
          "INSERT INTO roles VALUES (10, 123456789);",
          "INSERT INTO roles SELECT id FROM roles;",
          "CREATE TABLE fresh (id int PRIMARY KEY);",
          "CREATE TABLE refers (id int REFERENCES fresh);",
          "INSERT INTO refers VALUES (1);",
        ].join("\n"),
      },
      {},
      "3",
    );
    expect(
      statements.map(({ how, error }) => [how.kind === "not-traced" ? how.reason : how.kind, error?.sqlstate]),
    ).toEqual([
      ["measured", undefined],
      ["the rows that it refers to are not here (--fixtures)", undefined],
      ["measured", "23505"],
      ["measured", undefined],
      ["measured", undefined],
      ["it fails", "23503"],
    ]);
  });

  test("an index over what rows hold fails on rows alone, and what needs it is not taken for wrong", async () => {
    const { statements } = await traced({
      "migrations/2_a.sql": `ALTER TABLE orgs ADD a int;
CREATE INDEX by_number ON users ((bio::int));
ALTER INDEX by_number SET (fillfactor = 50);
CREATE INDEX ON users (id) WHERE bio::int > 3;
ALTER TABLE users ADD EXCLUDE USING btree ((bio::int) WITH =);
CREATE INDEX ON users ((1 / (id - id)));
CREATE INDEX ON users ((1 / 0));`,
    });
    expect(statements.map(({ how, error }) => [how.kind, error?.sqlstate, error?.onRows?.whose])).toEqual([
      ["measured", undefined, undefined],
      ["measured", "22P02", "rows made up for this"],
      ["not-traced", undefined, undefined],
      ["measured", "22P02", "rows made up for this"],
      ["measured", "22P02", "rows made up for this"],
      ["measured", "22012", "rows made up for this"],
      ["not-traced", "22012", undefined],
    ]);
    expect([locks(statements[1]!), names(statements[1]!.rewrites), statements[1]!.buildsIndexes.length]).toEqual([
      ["ACCESS EXCLUSIVE public.by_number (new)", "SHARE public.users"],
      [],
      1,
    ]);
    const held = statements[1]!.held.filter(({ isNew }) => !isNew);
    expect(held.map(({ mode, name }) => `${mode} ${name}`)).toEqual([
      "ACCESS EXCLUSIVE public.orgs",
      "SHARE public.users",
    ]);
  });

  test("who waits for an index, who for a foreign key, and which rows refer to others", async () => {
    const { statements } = await traced({
      "migrations/2_a.sql": "REINDEX INDEX users_email;",
      "migrations/3_b.sql":
        "CREATE SCHEMA app; ALTER TABLE users SET SCHEMA app; ALTER TABLE app.users SET SCHEMA public;",
      "migrations/4_c.sql": 'ALTER TABLE visits ADD FOREIGN KEY ("user") REFERENCES users (id) NOT VALID;',
      "migrations/5_d.sql": "DELETE FROM users; ALTER TABLE users ADD FOREIGN KEY (org_id) REFERENCES orgs;",
      "migrations/6_e.sql": "DELETE FROM orgs WHERE id = 1;",
      "migrations/7_f.sql": "SELECT FROM users FOR UPDATE;",
    });
    const impacts = statements.map((statement) => impactOf(statement, new Map()).sentence);
    expect(impacts.slice(0, 3)).toEqual([
      "builds an index of public.users: reads and writes wait until the migration commits",
      "nobody has to wait for it",
      expect.stringMatching(/^ACCESS EXCLUSIVE on public\.users: reads and writes wait/),
    ]);
    expect(statements.flatMap(({ rows }) => rows.filter(({ locked }) => locked)).map(({ name }) => name)).toEqual([
      "public.users",
    ]);
    const [deleted] = statements.filter(({ sql }) => sql.startsWith("DELETE FROM orgs"));
    expect([deleted?.error?.sqlstate, deleted?.error?.onRows?.isEvery]).toEqual(["23503", false]);
  });

  test("a constraint on one column keeps NULLs and odd values from no other", async () => {
    const { statements } = await traced(
      {
        "migrations/2_tables.sql": `CREATE TABLE a (id int PRIMARY KEY, x int CHECK (x IS NOT NULL), note text);
CREATE TABLE b (id int PRIMARY KEY, x text, y text, CHECK (x IS NOT NULL OR y IS NOT NULL));
CREATE TABLE c (id int PRIMARY KEY, size positive, n int);
CREATE TABLE d (id int PRIMARY KEY, x int, y int, CHECK (num_nonnulls(x, y) = 1));`,
        "migrations/3_a.sql": "ALTER TABLE a ALTER note SET NOT NULL;",
        "migrations/4_b.sql": "ALTER TABLE b ALTER x SET NOT NULL; ALTER TABLE b ALTER y SET NOT NULL;",
        "migrations/5_c.sql": "ALTER TABLE c ADD CHECK (n >= 0);",
        "migrations/6_d.sql": "ALTER TABLE d ALTER x SET NOT NULL; ALTER TABLE d ALTER y SET NOT NULL;",
      },
      {},
      "3",
    );
    expect(statements.map(({ sql, error }) => [sql, error?.sqlstate])).toEqual([
      ["ALTER TABLE a ALTER note SET NOT NULL", "23502"],
      ["ALTER TABLE b ALTER x SET NOT NULL", "23502"],
      ["ALTER TABLE b ALTER y SET NOT NULL", "23502"],
      ["ALTER TABLE c ADD CHECK (n >= 0)", "23514"],
      ["ALTER TABLE d ALTER x SET NOT NULL", "23502"],
      ["ALTER TABLE d ALTER y SET NOT NULL", "23502"],
    ]);
  });

  test("keys that migrations bring along twice fail in every database, whatever rows were made up beside them", async () => {
    const { statements } = await traced(
      {
        "migrations/2_roles.sql":
          "CREATE TABLE roles (id int PRIMARY KEY, name text);\nCREATE TABLE hits (id int, at int, PRIMARY KEY (id, at)) PARTITION BY LIST (at);\n" +
          "CREATE TABLE hits_1 PARTITION OF hits FOR VALUES IN (1);\nCREATE TABLE seeds (id int PRIMARY KEY);\nINSERT INTO seeds VALUES (7);\n",
        "migrations/3_a.sql": [
          "INSERT INTO roles VALUES (1001, 'a');",
          "INSERT INTO roles VALUES (1, 'a');",
          "UPDATE roles SET name = 'b';",
          "INSERT INTO roles VALUES (1001, 'c');",
          "INSERT INTO roles VALUES (2, 'c'), (1, 'c');",
          "INSERT INTO roles VALUES (3, 'c');",
          "COPY roles FROM stdin;\n4\td\n1002\td\n\\.",
          "COPY roles (id) FROM stdin;\n1002\n\\.",
          "INSERT INTO hits VALUES (1, 1);",
          "INSERT INTO hits_1 VALUES (1, 1);",
          "INSERT INTO seeds VALUES (7);",
          "INSERT INTO seeds VALUES (8);",
          "INSERT INTO seeds VALUES (8);",
        ].join("\n"),
        "migrations/4_b.sql":
          "ALTER TABLE roles ADD code text;\nINSERT INTO roles VALUES (1, 'e');\nALTER TABLE roles ADD more text;",
      },
      {},
      "3",
    );
    const outcomes = statements.map(({ how, error }) => [
      how.kind,
      error === undefined ? undefined : (error.onRows?.whose ?? error.error.server?.detail),
    ]);
    expect(outcomes).toEqual([
      ["measured", undefined],
      ["measured", undefined],
      ["measured", undefined],
      ["not-traced", "Key (id)=(1001) already exists."],
      ["not-traced", "Key (id)=(1) already exists."],
      ["measured", undefined],
      ["measured", undefined],
      ["not-traced", "Key (id)=(1002) already exists."],
      ["measured", undefined],
      ["not-traced", "Key (id, at)=(1, 1) already exists."],
      ["measured", "rows that a migration inserted"],
      ["measured", undefined],
      ["not-traced", "Key (id)=(8) already exists."],
      ["measured", undefined],
      ["not-traced", "Key (id)=(1) already exists."],
      ["measured", undefined],
    ]);
  });

  test("what stands between two that are traced is there for the second, and in use", async () => {
    await using project = await temporaryProject({
      "db/migrations/1_base.sql": BASE,
      "db/migrations/2_between.sql": "CREATE TABLE between_them (id int);\nCREATE INDEX b_id ON between_them (id);\n",
      "db/migrations/3_b.sql": "DROP INDEX b_id;\nALTER TABLE orgs ADD a int;\n",
    });
    const options = filesOf(project.dir);
    const [first, , third] = projectMigrations(options);
    const { migrations } = await traceMigrations({ ...options, migrations: [first!, third!] });
    const [drop, add] = migrations[1]!.statements;
    expect([drop?.error, ...locks(drop!)]).toEqual([
      undefined,
      "ACCESS EXCLUSIVE public.between_them",
      "ACCESS EXCLUSIVE public.b_id",
    ]);
    expect(locks(add!)).toEqual(["ACCESS EXCLUSIVE public.orgs (new)"]);
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

  test("what the version that it is for lacks, but for functions of the project's own", async () => {
    const { statements } = await traced(
      {
        "migrations/2_a.sql": `SELECT any_value(id) FROM users;
CREATE FUNCTION uuidv7() RETURNS uuid LANGUAGE sql AS 'SELECT gen_random_uuid()';
SELECT uuidv7();
CREATE FUNCTION any_of() RETURNS bigint LANGUAGE sql AS 'SELECT any_value(id) FROM orgs';`,
      },
      { postgres: 15 },
    );
    expect(statements.map(({ tooNew }) => tooNew)).toEqual([
      "PostgreSQL 16 is the first to know any_value(), and the database is PostgreSQL 15",
      undefined,
      undefined,
      "PostgreSQL 16 is the first to know any_value(), and the database is PostgreSQL 15",
    ]);
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
      hint: expect.stringContaining("confiture migrate accept VERSION --different"),
    });
  });
});
