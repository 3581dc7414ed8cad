import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { long } from "../support/long.ts";
import { NEWEST_ALONE } from "../support/servers.ts";
import { readDocument } from "./document.ts";
import { cliProject } from "./project.ts";

// Migrations are run once more, in an engine.
setDefaultTimeout(300_000);

const DOCS = `CREATE TABLE IF NOT EXISTS docs (id bigint PRIMARY KEY, secret boolean);
ALTER TABLE docs ENABLE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS readers ON docs;
CREATE POLICY readers ON docs USING (true);
CREATE OR REPLACE VIEW pub AS SELECT id FROM docs WHERE id > 0;
GRANT SELECT ON docs TO PUBLIC;
`;
const HARDEN = `-- migrate:up
CREATE OR REPLACE VIEW pub AS SELECT id FROM docs WHERE id > 0 AND NOT secret;
REVOKE SELECT ON docs FROM PUBLIC;
ALTER POLICY readers ON docs USING (NOT secret);
-- migrate:down
ALTER POLICY readers ON docs USING (true);
GRANT SELECT ON docs TO PUBLIC;
CREATE OR REPLACE VIEW pub AS SELECT id FROM docs WHERE id > 0;
`;

describe.each(NEWEST_ALONE)("schema files that can run again, in a database in use, PostgreSQL %d", (major) => {
  test("undo no migration without a word; nothing is done", async () => {
    const files = {
      "db/schema/docs.sql": DOCS,
      "db/migrations/001_docs.sql": DOCS,
      "db/migrations/002_harden.sql": HARDEN,
    };
    await using project = await cliProject(files, { major });
    await project.succeed(["migrate", "up"]);
    const before = await project.snapshot();
    const { exitCode, stderr } = await project.run(["build"]);
    expect(exitCode).toBe(7);
    expect(stderr).toContain(
      "policy public.docs.readers, made by db/migrations/001_docs.sql:4, lets every row through",
    );
    for (const what of ["view public.pub", "grants on table public.docs to PUBLIC"])
      expect(stderr).toMatch(new RegExp(`undoes what db/migrations/002_harden.sql:\\d+ did: ${what}\\n`));
    expect(stderr).toContain("confiture schema update\n");
    expect(await project.snapshot()).toBe(before);
    // What it names makes the files as the migrations are, and they run again.
    await project.succeed(["schema", "update", "--yes"]);
    await project.succeed(["build"]);
    expect(await project.snapshot()).toBe(before);
    await project.write("db/schema/docs.sql", DOCS);
    const { stderr: told } = await project.succeed(["build", "--allow-drop"]);
    expect(told).toContain("- undoes what db/migrations/002_harden.sql");
    expect(await project.query("SELECT pg_get_viewdef('pub') ~ 'secret' AS hidden")).toEqual([{ hidden: false }]);
  });

  test("take away no rows, columns, rights or policies unasked, migrations or not", async () => {
    await using project = await cliProject({ "db/schema/docs.sql": DOCS }, { major });
    await project.succeed(["build"]);
    await project.query("INSERT INTO docs VALUES (1, true)");
    // What runs again and changes nothing needs no word.
    await project.succeed(["build"]);
    const refused = async (sql: string, ...what: readonly string[]): Promise<void> => {
      await project.write("db/schema/docs_more.sql", sql);
      const before = await project.snapshot();
      const document = readDocument(await project.run(["build", "--format", "json"]));
      expect(document).toMatchObject({ exitCode: 7, error: { code: "build_refused" } });
      const { removals } = (document as unknown as { error: { data: { removals: { kind: string; name: string }[] } } })
        .error.data;
      expect(removals.map(({ kind, name }) => `${kind} ${name}`)).toEqual([...what]);
      expect(await project.snapshot()).toBe(before);
    };
    await refused("TRUNCATE docs;", "table public.docs");
    await refused("DELETE FROM docs;", "table public.docs");
    await refused("ALTER TABLE docs DROP COLUMN IF EXISTS secret;", "column public.docs.secret");
    await refused("DROP POLICY readers ON docs;", "policy public.docs.readers");
    await refused("ALTER TABLE docs DISABLE ROW LEVEL SECURITY;", "row security public.docs");
    await refused(
      "SET ROLE pg_monitor; RESET ROLE; SET search_path = pg_catalog; DROP VIEW public.pub;",
      "view public.pub",
    );
    await project.write("db/schema/docs_more.sql", "TRUNCATE docs;");
    await project.succeed(["build", "--allow-drop=table:public.docs"]);
    expect(await project.query("SELECT FROM docs")).toEqual([]);
    await project.write("db/schema/docs_more.sql", "DROP TABLE IF EXISTS log; CREATE TABLE log (id int);");
    await project.succeed(["build"]);
    await project.succeed(["build"]);
    await project.query("INSERT INTO log VALUES (1)");
    await refused(
      "DROP TABLE IF EXISTS log; CREATE TABLE log (id int); INSERT INTO log VALUES (2);",
      "table public.log",
    );
  });

  long("take no part of the rows away unasked, from small and large tables", async () => {
    await using project = await cliProject({ "db/schema/docs.sql": DOCS }, { major });
    await project.succeed(["build"]);
    await project.query("INSERT INTO docs SELECT n, true FROM generate_series(1, 3) n");
    await project.query(
      "CREATE TABLE large WITH (autovacuum_enabled = off) AS SELECT n FROM generate_series(1, 50000) n",
    );
    const refused = async (sql: string, what: string): Promise<void> => {
      await project.write("db/schema/docs_more.sql", sql);
      const before = await project.snapshot();
      const { exitCode, stderr } = await project.run(["build"]);
      expect(stderr).toContain(what);
      expect(exitCode).toBe(7);
      expect(await project.snapshot()).toBe(before);
    };
    await refused("DELETE FROM docs WHERE id < 3;", "  table public.docs loses 2 rows");
    await refused("TRUNCATE docs; INSERT INTO docs VALUES (4, true), (5, false);", "  table public.docs loses 3 rows");
    await refused("DELETE FROM large WHERE n = 7;", "  table public.large loses 1 row");
    await refused("TRUNCATE large; INSERT INTO large VALUES (1);", "  table public.large loses 49999 rows");
    await refused(
      "DELETE FROM large WHERE n < 4; INSERT INTO large VALUES (2), (-1), (-3);",
      "  table public.large loses 2 rows",
    );
    // What is put back at once is not lost.
    await project.write(
      "db/schema/docs_more.sql",
      "DELETE FROM docs; INSERT INTO docs SELECT n, true FROM generate_series(1, 3) n; ALTER TABLE large ALTER n TYPE bigint;",
    );
    const { stderr } = await project.succeed(["build", "--allow-drop=data"]);
    expect(stderr).not.toContain("Only the number of rows");
    // Of what is larger still, the number of rows tells, which is said.
    await project.query(
      "CREATE TABLE huge WITH (autovacuum_enabled = off) AS SELECT n FROM generate_series(1, 600000) n",
    );
    await refused("TRUNCATE huge; INSERT INTO huge VALUES (1);", "  table public.huge has 1 row instead of its many");
    await refused("DELETE FROM huge WHERE n < 4; INSERT INTO huge VALUES (2);", "  table public.huge loses 2 rows");
    await project.write("db/schema/docs_more.sql", "DELETE FROM huge WHERE n = 4; INSERT INTO huge VALUES (-4);");
    expect((await project.succeed(["build"])).stderr).toContain(
      "Only the number of rows of public.huge was compared: whether others took the place of those that were there is not known",
    );
  });

  long("put no other rows or values in the place of those that were there unasked", async () => {
    const schema = `CREATE TABLE IF NOT EXISTS t (id int PRIMARY KEY, v text, price numeric(10, 2) DEFAULT 0, made timestamptz DEFAULT clock_timestamp(),
  twice int GENERATED ALWAYS AS (id * 2) STORED);`;
    await using project = await cliProject({ "db/schema/1_t.sql": schema }, { major });
    await project.succeed(["build"]);
    await project.query("INSERT INTO t (id, v, price) VALUES (1, 'a', 1.55), (2, 'users', 2.25)");
    const refused = async (sql: string, ...what: readonly string[]): Promise<void> => {
      await project.write("db/schema/2_more.sql", sql);
      const before = await project.snapshot();
      const { exitCode, stderr } = await project.run(["build"]);
      expect([...(stderr.match(/^  (?:table|column) .*$/gm) ?? [])]).toEqual(what.map((one) => `  ${one}`));
      expect(exitCode).toBe(7);
      expect(await project.snapshot()).toBe(before);
    };
    const others = "INSERT INTO t (id, v, price) VALUES (1, 'a', 1.55), (2, 'seed', 0), (3, 'seed', 0);";
    await refused(`TRUNCATE t; ${others}`, "table public.t loses 1 row");
    await refused(`DELETE FROM t; ${others}`, "table public.t loses 1 row");
    await refused(
      "UPDATE t SET v = 'seed' WHERE id = 1; DELETE FROM t WHERE id = 2; INSERT INTO t VALUES (4);",
      "table public.t loses 1 row",
    );
    const anew = "ALTER TABLE t DROP COLUMN IF EXISTS v; ALTER TABLE t ADD COLUMN v text;";
    await refused(anew, "column public.t.v is made anew: what it held is gone");
    await refused(
      "ALTER TABLE t RENAME v TO w; ALTER TABLE t ADD COLUMN v text;",
      "column public.t.v is made anew: what it held is in w now",
    );
    await refused(
      "ALTER TABLE t ALTER price TYPE numeric(10, 0); ALTER TABLE t ALTER price TYPE numeric(10, 2);",
      "table public.t has other values in 2 rows",
    );
    // Nothing else is lost: rows are put back as they were, types hold what they held, computed values are computed again.
    await project.write(
      "db/schema/2_more.sql",
      `TRUNCATE t; INSERT INTO t (id, v, price) VALUES (2, 'users', 2.25), (1, 'a', 1.55);
ALTER TABLE t DROP COLUMN twice; ALTER TABLE t ALTER id TYPE bigint, ALTER price TYPE numeric(12, 4), ALTER v TYPE varchar;
ALTER TABLE t ADD COLUMN twice bigint GENERATED ALWAYS AS (id * 2) STORED;
ALTER TABLE t RENAME v TO w; ALTER TABLE t ADD COLUMN v text;
ALTER TABLE t ADD COLUMN IF NOT EXISTS random float8 DEFAULT random();`,
    );
    await project.succeed(["build", "--allow-drop=column:public.t.v"]);
    expect(await project.query("SELECT w, price::float8 AS price FROM t ORDER BY id")).toEqual([
      { w: "a", price: 1.55 },
      { w: "users", price: 2.25 },
    ]);
    // Without a transaction it is not always known that rows were emptied, but that they are stored elsewhere is.
    await project.write("db/schema/2_more.sql", `TRUNCATE t; ${others} ${anew}`);
    // The wider types from before stay as they are, which is no success.
    const { stderr, exitCode } = await project.run(["build", "--no-transaction"]);
    expect(stderr).toContain("column public.t.v is made anew");
    expect(exitCode).toBe(7);
    await project.write(
      "db/schema/2_more.sql",
      "TRUNCATE t; INSERT INTO t (id, v) VALUES (1, 'a'), (2, 'b'), (3, 'c');",
    );
    const { stderr: told } = await project.run(["build", "--no-transaction"]);
    expect(told).toMatch(/- table public\.t (?:has other values in|loses) 3 rows/);
  });

  long("put no table aside for one without its rows, and leave no materialized view unreadable, unasked", async () => {
    const schema = `CREATE TABLE IF NOT EXISTS u (id int); CREATE SCHEMA IF NOT EXISTS aside;
CREATE TABLE IF NOT EXISTS p (id int) PARTITION BY LIST (id); CREATE TABLE IF NOT EXISTS p1 PARTITION OF p FOR VALUES IN (1);
CREATE MATERIALIZED VIEW IF NOT EXISTS m AS SELECT 1 AS a; CREATE MATERIALIZED VIEW IF NOT EXISTS unread AS SELECT 1 AS a WITH NO DATA;`;
    await using project = await cliProject({ "db/schema/1_u.sql": schema }, { major });
    await project.succeed(["build"]);
    await project.query("INSERT INTO u VALUES (1); INSERT INTO p VALUES (1)");
    const before = await project.snapshot();
    const refused = async (sql: string, ...what: readonly string[]): Promise<void> => {
      await project.write("db/schema/2_more.sql", sql);
      const { exitCode, stderr } = await project.run(["build"]);
      for (const one of what) expect(stderr).toContain(`  ${one}\n`);
      expect(exitCode).toBe(7);
      expect(await project.snapshot()).toBe(before);
    };
    const insteadOf = (name: string, where: string): string =>
      `table public.${name} is made anew: its rows are in ${where} now`;
    await refused("ALTER TABLE u RENAME TO u_old; CREATE TABLE u (id int);", insteadOf("u", "public.u_old"));
    await refused("ALTER TABLE u SET SCHEMA aside; CREATE TABLE u (id int);", insteadOf("u", "aside.u"));
    await refused(
      "ALTER TABLE p RENAME TO p_old; CREATE TABLE p (id int) PARTITION BY LIST (id);",
      insteadOf("p", "public.p_old"),
    );
    const unread = "materialized view public.m is left without data: it cannot be read until it is refreshed";
    await refused("REFRESH MATERIALIZED VIEW m WITH NO DATA;", unread);
    await refused("DROP MATERIALIZED VIEW m; CREATE MATERIALIZED VIEW m AS SELECT 1 AS a WITH NO DATA;", unread);
    await project.write(
      "db/schema/2_more.sql",
      "REFRESH MATERIALIZED VIEW m; REFRESH MATERIALIZED VIEW unread WITH NO DATA; ALTER TABLE u RENAME TO x; ALTER TABLE x RENAME TO u;",
    );
    await project.succeed(["build"]);
    await project.write("db/schema/2_more.sql", "REFRESH MATERIALIZED VIEW m WITH NO DATA;");
    await project.succeed(["build", "--allow-drop"]);
  });

  test("set no sequence back to numbers that are taken unasked, and leave it where it was", async () => {
    const schema = `CREATE TABLE IF NOT EXISTS t (id serial PRIMARY KEY, n int GENERATED BY DEFAULT AS IDENTITY (INCREMENT -1));
CREATE SEQUENCE IF NOT EXISTS free; CREATE SEQUENCE IF NOT EXISTS fresh START 9;`;
    await using project = await cliProject({ "db/schema/1_t.sql": schema }, { major });
    await project.succeed(["build"]);
    await project.query("INSERT INTO t SELECT FROM generate_series(1, 5)");
    await project.query("SELECT setval('free', 7)");
    const places = "SELECT (SELECT last_value FROM t_id_seq)::int AS id, (SELECT last_value FROM t_n_seq)::int AS n";
    const refused = async (sql: string, ...what: readonly string[]): Promise<void> => {
      await project.write("db/schema/2_more.sql", sql);
      const { exitCode, stderr } = await project.run(["build"]);
      expect([...(stderr.match(/^  (?:sequence|table) .*$/gm) ?? [])]).toEqual(what.map((one) => `  ${one}`));
      expect(exitCode).toBe(7);
      // A rollback does not take a setval back.
      expect(await project.query(places)).toEqual([{ id: 5, n: -5 }]);
    };
    await refused(
      "SELECT setval('t_id_seq', 1); SELECT setval('t_n_seq', -1, false);",
      "sequence public.t_id_seq is set back to 2: public.t.id has numbers up to 5",
      "sequence public.t_n_seq is set back to -1: public.t.n has numbers up to -5",
    );
    await refused(
      "TRUNCATE t RESTART IDENTITY; INSERT INTO t SELECT i, -i FROM generate_series(1, 5) i;",
      "sequence public.t_id_seq is set back to 1: public.t.id has numbers up to 5",
      "sequence public.t_n_seq is set back to -1: public.t.n has numbers up to -5",
    );
    await refused("SELECT setval('free', 1);", "sequence public.free is set back to 2: it gave out numbers up to 7");
    // Ahead, where it was, or one that gave out none, it takes nothing from anybody.
    const fine =
      "SELECT setval('t_id_seq', 9), setval('t_id_seq', 5), setval('free', 7); ALTER SEQUENCE fresh RESTART WITH 3;";
    await project.write("db/schema/2_more.sql", fine);
    await project.succeed(["build"]);
    await project.write("db/schema/2_more.sql", "SELECT setval('t_id_seq', 1);");
    await project.succeed(["build", "--allow-drop=sequence"]);
    expect(await project.query(places)).toEqual([{ id: 1, n: -5 }]);
  });

  test("set no sequence back that columns draw from without owning it", async () => {
    const schema = `CREATE SEQUENCE IF NOT EXISTS shared; CREATE SEQUENCE IF NOT EXISTS parts; CREATE SEQUENCE IF NOT EXISTS texts;
CREATE TABLE IF NOT EXISTS a (id int DEFAULT nextval('shared'));
CREATE TABLE IF NOT EXISTS b (id int DEFAULT nextval('shared'), code text DEFAULT 'B' || nextval('texts'));
CREATE TABLE IF NOT EXISTS p (id int DEFAULT nextval('parts')) PARTITION BY RANGE (id);
CREATE TABLE IF NOT EXISTS p1 PARTITION OF p FOR VALUES FROM (1) TO (100);`;
    await using project = await cliProject({ "db/schema/1_a.sql": schema }, { major });
    await project.succeed(["build"]);
    await project.query(`INSERT INTO a SELECT FROM generate_series(1, 3); INSERT INTO b SELECT FROM generate_series(1, 2);
      INSERT INTO p SELECT FROM generate_series(1, 4)`);
    const refused = async (sql: string, ...what: readonly string[]): Promise<void> => {
      await project.write("db/schema/2_more.sql", sql);
      const { exitCode, stderr } = await project.run(["build"]);
      expect([...(stderr.match(/^  sequence .*$/gm) ?? [])]).toEqual(what.map((one) => `  ${one}`));
      expect(exitCode).toBe(7);
    };
    await refused(
      "ALTER SEQUENCE shared RESTART; SELECT setval('parts', 1), setval('texts', 1, false);",
      "sequence public.parts is set back to 2: public.p.id has numbers up to 4",
      "sequence public.shared is set back to 1: public.b.id has numbers up to 5",
      "sequence public.texts is set back to 1: it gave out numbers up to 2",
    );
    await refused(
      "DROP SEQUENCE shared CASCADE; CREATE SEQUENCE shared; ALTER TABLE a ALTER id SET DEFAULT nextval('shared');",
      "sequence public.shared is set back to 1: public.a.id has numbers up to 3",
    );
    // Numbers behind all that the columns have are nobody's any more.
    await project.query("DELETE FROM a; DELETE FROM b WHERE id > 4");
    await project.write("db/schema/2_more.sql", "SELECT setval('shared', 4);");
    await project.succeed(["build"]);
  });

  long("name the sequences that a failed build has moved, and put those forward that it set back", async () => {
    const schema = `CREATE TABLE IF NOT EXISTS t (id serial PRIMARY KEY);
CREATE SEQUENCE IF NOT EXISTS down INCREMENT -1;
CREATE SEQUENCE IF NOT EXISTS "Free";
CREATE SEQUENCE IF NOT EXISTS still;`;
    await using project = await cliProject({ "db/schema/1_t.sql": schema }, { major });
    await project.succeed(["build"]);
    await project.query("INSERT INTO t SELECT FROM generate_series(1, 5)");
    await project.query(`SELECT setval('down', -7), setval('"Free"', 7), setval('still', 3, false)`);
    const moves = `SELECT setval('t_id_seq', 1); SELECT setval('down', -1, false), setval('still', 2);
SELECT setval('"Free"', 900), nextval('"Free"');`;
    const places = `SELECT (SELECT last_value FROM t_id_seq)::int AS id, (SELECT last_value FROM down)::int AS down,
      (SELECT last_value FROM "Free")::int AS free, nextval('still')::int AS still`;
    await project.write("db/schema/2_more.sql", `${moves}\nSELECT 1 / 0;`);
    const { exitCode, stderr } = await project.run(["build"]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain("division by zero");
    expect([...(stderr.match(/(?<=^ +)public\..*$/gm) ?? [])]).toEqual([
      'public.Free gave 8 next, and gives 902 now. Where nobody else has drawn from it: SELECT setval(\'"public"."Free"\', 7, true);',
      "public.down gave -8 next, was set to -1, and is put back",
      "public.t_id_seq gave 6 next, was set to 2, and is put back",
    ]);
    expect(await project.query(places)).toEqual([{ id: 5, down: -7, free: 901, still: 3 }]);
    await project.query(`SELECT setval('"public"."Free"', 7, true), setval('still', 3, false)`);
    const document = readDocument(await project.run(["build", "--format", "json"]));
    expect((document as unknown as { error: { data: unknown } }).error.data).toMatchObject({
      sequences: [
        { name: "public.Free", from: "8", to: "902", putBack: false, sql: `SELECT setval('"public"."Free"', 7, true)` },
        { name: "public.down", from: "-8", to: "-1", putBack: true },
        { name: "public.t_id_seq", from: "6", to: "2", putBack: true },
      ],
    });
    // A refusal, and what is there already, are rolled back as well.
    await project.query(`SELECT setval('"Free"', 7)`);
    await project.write("db/schema/2_more.sql", `${moves}\nDROP SEQUENCE still;`);
    const refused = await project.run(["build"]);
    expect(refused.exitCode).toBe(7);
    expect(refused.stderr).toContain("  public.Free gave 8 next, and gives 902 now.");
    expect(refused.stderr).toContain("  public.t_id_seq gave 6 next, was set to 2, and is put back");
    await project.query(`SELECT setval('"Free"', 7)`);
    await project.query("CREATE VIEW v AS SELECT 1 AS one");
    await project.write("db/schema/2_more.sql", `${moves}\nCREATE VIEW v AS SELECT 1 AS one;`);
    const there = await project.succeed(["build"]);
    expect(there.stderr).toContain("  public.t_id_seq gave 6 next, was set to 2, and is put back");
    expect(await project.query(places)).toEqual([{ id: 5, down: -7, free: 901, still: 3 }]);
  });

  test("are built by a role that sees a table through its policies alone", async () => {
    await using project = await cliProject(
      { "db/schema/more.sql": "CREATE TABLE IF NOT EXISTS more (id int);" },
      { major },
    );
    const role = `filtered_${process.pid}`;
    await project.query(`CREATE TABLE docs (id int); INSERT INTO docs VALUES (1); ALTER TABLE docs ENABLE ROW LEVEL SECURITY;
      CREATE ROLE ${role} LOGIN PASSWORD 'x'; GRANT ALL ON SCHEMA public TO ${role}; GRANT SELECT, TRUNCATE ON docs TO ${role}`);
    const url = new URL(project.url);
    [url.username, url.password] = [role, "x"];
    await project.succeed(["build", "--database-url", url.href]);
    await project.write("db/schema/more.sql", "TRUNCATE docs;");
    const { exitCode, stderr } = await project.run(["build", "--database-url", url.href]);
    expect(stderr).toContain("table public.docs is emptied or made anew");
    expect(exitCode).toBe(7);
    await project.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
  });

  long("are told of what is gone already with --no-transaction, whether it fails or not", async () => {
    await using project = await cliProject({ "db/schema/docs.sql": DOCS }, { major });
    await project.succeed(["build"]);
    await project.query("INSERT INTO docs VALUES (1, true)");
    await project.write("db/schema/docs_more.sql", "ALTER TABLE docs DROP COLUMN secret; DROP POLICY readers ON docs;");
    const { stderr } = await project.succeed(["build", "--no-transaction"]);
    expect(stderr).toContain("- column public.docs.secret");
    expect(stderr).toContain("This is done: --no-transaction leaves nothing to roll back");
    await project.write("db/schema/docs_more.sql", "TRUNCATE docs; SELECT 1 / 0;");
    const failed = await project.run(["build", "--no-transaction"]);
    expect(failed.exitCode).not.toBe(0);
    expect(failed.stderr).toContain("- table public.docs is emptied");
    expect(failed.stderr).toContain("division by zero");
  });
});
