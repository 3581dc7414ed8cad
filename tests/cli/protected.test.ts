import { describe, expect, test } from "bun:test";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { isGroup } from "#cli/command.ts";
import { COMMANDS } from "#cli/registry.ts";
import { long } from "../support/long.ts";
import { atTerminal } from "../support/terminal.ts";
import { readDocument } from "./document.ts";
import { cliProject, type CliProject, environmentFile } from "./project.ts";

const FILES = {
  "db/schema/users.sql": "CREATE TABLE users (id int);\n",
  "db/migrations/001_users.sql": "CREATE TABLE users (id int, bio text);\n",
  "db/migrations/002_less.sql": "-- migrate:up\n\nALTER TABLE users\n  DROP COLUMN bio;\nDELETE FROM users;\n",
  "db/migrations/003_code.ts":
    'import { Migration } from "confiture";\nexport default class Code extends Migration { up() { this.execute("DROP TABLE users"); } }\n',
};

async function precious(): Promise<CliProject> {
  const project = await cliProject(FILES);
  await project.write(
    "db/environments/precious.yaml",
    environmentFile(project.server, project.database, "protected: true\n"),
  );
  return project;
}

const UP = ["migrate", "up", "-e", "precious"];
const NOTHING = [{ users: null, ledger: null }];
const done = (project: CliProject) =>
  project.query("SELECT to_regclass('users')::text AS users, to_regclass('confiture_migrations')::text AS ledger");

describe("a protected environment, with nobody to ask", () => {
  test("up refuses what loses something, before anything runs, and lists it", async () => {
    await using project = await precious();
    const { exitCode, stdout, stderr } = await project.run(UP);
    expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: "" });
    expect(stderr).toContain("db/migrations/002_less.sql:3: drops COLUMN bio of TABLE users\n");
    expect(stderr).toContain("db/migrations/002_less.sql:5: deletes rows of users\n");
    expect(stderr).toContain("db/migrations/003_code.ts: is TypeScript");
    expect(stderr).toContain("--yes precious");
    const document = readDocument(await project.run([...UP, "--format", "json"]));
    expect(document.error).toMatchObject({
      code: "above_limits",
      data: { losses: [{ location: { line: 3 } }, { location: { line: 5 } }, { what: expect.any(String) }] },
    });
    expect(await done(project)).toEqual(NOTHING);

    await project.succeed([...UP, "--to", "1"]); // Loses nothing.
    await project.succeed([...UP, "--dry-run"]);
    const said = (await project.run(["migrate", "plan", "-e", "precious"])).stdout.replaceAll(/\s+/g, " ");
    expect(said).toContain('To be confirmed on "precious", which is protected: `up` stops before anything runs');
    for (const words of ["3: drops COLUMN bio of TABLE users", "5: deletes rows of users"]) {
      expect(said).toContain(`db/migrations/002_less.sql:${words}`);
    }
    expect(said).toContain("db/migrations/003_code.ts: is TypeScript, and what that does is not known");
    await project.write(
      "db/migrations/004_anew.sql",
      "ALTER TABLE users RENAME id TO old_id;\nALTER TABLE users ADD id int;\nALTER TABLE users RENAME TO users_old;\nCREATE TABLE users (LIKE users_old INCLUDING ALL);\n",
    );
    const hidden = await project.run(UP);
    expect(hidden.exitCode).toBe(3);
    expect(hidden.stderr).toContain(
      "004_anew.sql:4: puts another TABLE users in the place of users_old, which keeps the rows",
    );
    expect(hidden.stderr).toContain("004_anew.sql:2: puts another COLUMN id of users in the place of old_id");
    await rm(project.path("db/migrations/004_anew.sql"));
    await project.succeed([...UP, "--yes", "precious"]);
    expect(await done(project)).toEqual([{ users: null, ledger: "confiture_migrations" }]);
  });

  test("up refuses what exposes data, also where data may be lost", async () => {
    await using project = await precious();
    await project.write("db/migrations/002_less.sql", "DELETE FROM users;\n");
    await project.write(
      "db/migrations/003_open.sql",
      "GRANT SELECT ON users TO postgres;\nGRANT SELECT ON users TO PUBLIC;\nALTER TABLE users DISABLE ROW LEVEL SECURITY;\n",
    );
    await project.query("CREATE TABLE kept (id int); ALTER TABLE kept ENABLE ROW LEVEL SECURITY");
    await project.query("CREATE POLICY own ON kept USING (id = 1)");
    await project.query("CREATE VIEW fenced WITH (security_barrier) AS SELECT * FROM kept WHERE id = 2");
    await project.query("CREATE VIEW plain AS SELECT 1 AS a");
    await project.query("CREATE FUNCTION who() RETURNS text LANGUAGE sql STABLE AS 'SELECT CURRENT_USER::text'");
    await project.query("CREATE FUNCTION is_mine(int) RETURNS boolean LANGUAGE sql STABLE AS $$SELECT who() = 'me'$$");
    await project.query("CREATE FUNCTION shown(int) RETURNS int LANGUAGE sql STABLE AS 'SELECT 2'");
    await project.query("CREATE POLICY by_code ON kept USING (is_mine(id))");
    const [mighty, member] = [`mighty_${project.database}`, `member_${project.database}`];
    await project.query(`CREATE ROLE ${mighty} BYPASSRLS; CREATE ROLE ${member} IN ROLE ${mighty}`);
    await project.query("CREATE TABLE seen (id int); CREATE TABLE seen_below (id int); CREATE TABLE unseen (id int)");
    await project.query(
      "CREATE VIEW above_it AS SELECT * FROM seen_below; GRANT SELECT ON seen, above_it TO pg_monitor",
    );
    for (const name of ["secret", "open", "closed"]) {
      await project.query(`CREATE FUNCTION ${name}(int) RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'`);
      if (name !== "open") await project.query(`REVOKE ALL ON FUNCTION ${name} FROM PUBLIC`);
    }
    await project.write(
      "db/migrations/004_opened.sql",
      `ALTER POLICY own ON public.kept USING (true);
CREATE POLICY own2 ON kept USING (true);
CREATE POLICY less ON kept AS RESTRICTIVE USING (id > 0);
ALTER TABLE kept OWNER TO CURRENT_USER;
CREATE FUNCTION count_kept() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM kept';
CREATE TABLE new (id int);
ALTER TABLE new ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON new USING (true);
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN RETURN NEW; END';
CREATE FUNCTION hand_out() RETURNS void LANGUAGE plpgsql AS $$BEGIN IF true THEN GRANT SELECT ON kept TO PUBLIC; END IF; END$$;
SELECT hand_out();
DO $$BEGIN ALTER TABLE kept DISABLE ROW LEVEL SECURITY; END$$;
CREATE TABLE above (id int);
ALTER TABLE kept INHERIT above;
ALTER TABLE new INHERIT above;
CREATE TABLE copy (LIKE kept);
INSERT INTO copy SELECT * FROM kept;
ALTER TABLE kept RENAME TO kept_old;
ALTER TABLE copy RENAME TO kept;
GRANT EXECUTE ON FUNCTION open, public.secret(int) TO PUBLIC;
CREATE OR REPLACE FUNCTION closed(int) RETURNS int LANGUAGE sql LEAKPROOF SECURITY DEFINER AS 'SELECT 2';
GRANT EXECUTE ON FUNCTION closed TO CURRENT_USER;
ALTER VIEW fenced RESET (security_barrier);
CREATE OR REPLACE VIEW fenced AS SELECT * FROM secret(1);
CREATE OR REPLACE VIEW plain AS SELECT 1 AS a;
ALTER FUNCTION secret(int) OWNER TO postgres;
ALTER VIEW fenced OWNER TO postgres;
ALTER FUNCTION open(int) OWNER TO pg_monitor;
REASSIGN OWNED BY CURRENT_USER TO pg_monitor;
CREATE TABLE copied (id int);
CREATE FUNCTION fill() RETURNS void LANGUAGE sql AS 'INSERT INTO copied SELECT id FROM kept_old';
SELECT fill();
INSERT INTO seen SELECT id FROM kept_old;
INSERT INTO seen_below SELECT id FROM kept_old;
INSERT INTO unseen SELECT id FROM kept_old;
CREATE OR REPLACE FUNCTION who() RETURNS text LANGUAGE sql STABLE AS 'SELECT ''admin''';
CREATE OR REPLACE FUNCTION is_mine(int) RETURNS boolean LANGUAGE sql STABLE AS $$SELECT who() = 'me'$$;
CREATE OR REPLACE FUNCTION shown(int) RETURNS int LANGUAGE sql STABLE AS 'SELECT 1';
GRANT ${member} TO pg_monitor;
GRANT USAGE ON SCHEMA shut, fresh TO PUBLIC;
CREATE SCHEMA fresh;
GRANT USAGE ON SCHEMA fresh, public TO PUBLIC;
`,
    );
    await rm(join(project.dir, "db/migrations/003_code.ts"));
    const first = await project.run(UP);
    expect(first).toMatchObject({ exitCode: 3, stdout: "" });
    const lines = [...first.stderr.matchAll(/004_opened\.sql:(\d+): would expose/g)].map(([, line]) => Number(line));
    expect(lines).toEqual([1, 2, 4, 5, 11, 12, 14, 17, 19, 20, 21, 23, 24, 26, 27, 29, 32, 33, 34, 36, 39, 40]);
    await project.query(`DROP ROLE ${mighty}, ${member}`);
    expect(first.stderr).toContain(
      "004_opened.sql:20: would expose what FUNCTION public.secret may read with the rights",
    );
    expect(first.stderr).toContain(
      "004_opened.sql:40: would expose what PUBLIC has rights on in SCHEMA shut to every role (GRANT USAGE TO PUBLIC)\n",
    );
    // Who may call it stays as it was.
    expect(first.stderr).toContain("keep back to FUNCTION closed, whoever calls it (LEAKPROOF)");
    expect(first.stderr).toContain("kept to every role (GRANT SELECT TO PUBLIC), by running hand_out\n");
    await rm(join(project.dir, "db/migrations/004_opened.sql"));
    await project.write(
      "db/environments/precious.yaml",
      environmentFile(
        project.server,
        project.database,
        "protected: true\nlimits:\n  data_loss: true\n  lock: access_exclusive\n  long_lock: access_exclusive\n",
      ),
    );
    const { exitCode, stdout, stderr } = await project.run(UP);
    expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: "" });
    expect(stderr).toContain("What would be exposed:");
    expect(stderr).toContain(
      "db/migrations/003_open.sql:2: would expose users to every role (GRANT SELECT TO PUBLIC)\n",
    );
    expect(stderr).toContain("db/migrations/003_open.sql:3: would expose every row of users to whoever may read it");
    expect(stderr).not.toContain("002_less");
    expect(stderr).not.toContain("003_open.sql:1:");
    expect(await done(project)).toEqual(NOTHING);
    await project.succeed([...UP, "--yes", "precious"]);
  });

  test("up refuses other views that policies go by, themselves or through views and functions", async () => {
    await using project = await cliProject({});
    const environment = environmentFile(project.server, project.database, "protected: true\n");
    await project.write("db/environments/precious.yaml", environment);
    const view = (name: string, rows: string) => `CREATE OR REPLACE VIEW ${name} AS SELECT id FROM ${rows}`;
    const made = [
      "CREATE TABLE members (id int); CREATE TABLE kept (id int); ALTER TABLE kept ENABLE ROW LEVEL SECURITY",
      view("below", "members WHERE id > 0"),
      view("direct", "below"),
      view("by_words", "members WHERE id > 1"),
      view("free", "members"),
      "CREATE FUNCTION of_view(int) RETURNS boolean LANGUAGE sql AS 'SELECT $1 > 0'",
      view("calling", "members WHERE of_view(id)"),
      "CREATE FUNCTION reads(int) RETURNS boolean LANGUAGE sql AS 'SELECT EXISTS (SELECT FROM By_Words w WHERE w.id = $1)'",
      "CREATE POLICY one ON kept USING (id IN (SELECT direct.id FROM direct) OR id IN (SELECT calling.id FROM calling))",
      "CREATE POLICY two ON kept USING (reads(id))",
    ];
    for (const sql of made) await project.query(sql);
    const lines = [
      view("below", "members"),
      view("direct", "members"),
      view("public.by_words", "members"),
      view("free", "members WHERE id > 0"),
      "CREATE OR REPLACE FUNCTION of_view(int) RETURNS boolean LANGUAGE sql AS 'SELECT true'",
    ];
    await project.write("db/migrations/001_views.sql", `${lines.join(";\n")};\n`);
    const { exitCode, stderr } = await project.run(UP);
    const told = [...stderr.matchAll(/001_views\.sql:(\d+): would expose rows of public\.kept [^\n]*go by ([^\n]+)/g)];
    expect(told.map(([, line, what]) => `${line} ${what}`)).toEqual([
      "1 VIEW below",
      "2 VIEW direct",
      "3 VIEW public.by_words",
      "5 FUNCTION of_view",
    ]);
    expect(exitCode).toBe(3);
    await project.succeed([...UP, "--yes", "precious"]);
  });

  test("up asks before every statement that opens something to all, gives it away, or exchanges what is in use", async () => {
    await using project = await cliProject({});
    const environment = environmentFile(project.server, project.database, "protected: true\n");
    await project.write("db/environments/precious.yaml", environment);
    for (const name of ["users", "people", "kept"]) await project.query(`CREATE TABLE ${name} (id int, a int, b int)`);
    await project.query("CREATE SEQUENCE numbers; CREATE SCHEMA app; CREATE SCHEMA app_new; CREATE SCHEMA shut");
    await project.query("ALTER TABLE kept ENABLE ROW LEVEL SECURITY; ALTER TABLE kept FORCE ROW LEVEL SECURITY");
    const asked = [
      "GRANT SELECT ON users TO PUBLIC",
      "GRANT SELECT (id) ON TABLE users TO PUBLIC",
      "GRANT SELECT ON ALL TABLES IN SCHEMA app TO PUBLIC",
      "GRANT USAGE ON SEQUENCE numbers TO PUBLIC",
      "GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO PUBLIC",
      "GRANT SELECT ON LARGE OBJECT 7 TO PUBLIC",
      "GRANT USAGE ON SCHEMA shut TO PUBLIC",
      "GRANT CREATE ON SCHEMA app TO PUBLIC",
      `GRANT CREATE ON DATABASE ${project.database} TO PUBLIC`,
      `GRANT CONNECT ON DATABASE ${project.database} TO PUBLIC`,
      `GRANT ALL ON DATABASE ${project.database} TO PUBLIC`,
      "GRANT CREATE ON TABLESPACE pg_default TO PUBLIC",
      "GRANT USAGE ON FOREIGN SERVER other TO PUBLIC",
      "GRANT USAGE ON FOREIGN DATA WRAPPER wrapper TO PUBLIC",
      "GRANT SET ON PARAMETER log_statement TO PUBLIC",
      "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC",
      "ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT USAGE ON SEQUENCES TO PUBLIC",
      "ALTER DEFAULT PRIVILEGES GRANT USAGE ON SCHEMAS TO PUBLIC",
      `ALTER DATABASE ${project.database} OWNER TO pg_monitor`,
      "ALTER SCHEMA app OWNER TO pg_monitor",
      "ALTER SERVER other OWNER TO pg_monitor",
      "ALTER TABLE kept DISABLE ROW LEVEL SECURITY",
      "ALTER TABLE kept NO FORCE ROW LEVEL SECURITY",
      "ALTER TABLE kept OWNER TO postgres",
      "CREATE POLICY everybody ON kept USING (true)",
      "CREATE FUNCTION leak() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'",
      "ALTER ROLE pg_monitor SUPERUSER",
      "ALTER ROLE pg_monitor BYPASSRLS",
      "DO $$BEGIN GRANT USAGE ON SEQUENCE numbers TO PUBLIC; END$$",
    ];
    const exchanging = [
      ["ALTER TABLE users RENAME TO old", "ALTER TABLE people RENAME TO users"],
      ["ALTER TABLE kept RENAME a TO c", "ALTER TABLE kept RENAME COLUMN b TO a"],
      ["ALTER SCHEMA app RENAME TO app_old", "ALTER SCHEMA app_new RENAME TO app"],
    ];
    const unasked = [
      "GRANT USAGE ON SEQUENCE numbers TO pg_monitor",
      `GRANT TEMPORARY ON DATABASE ${project.database} TO PUBLIC`,
      "GRANT USAGE ON SCHEMA public TO PUBLIC",
      "CREATE SCHEMA fresh",
      "ALTER SCHEMA fresh OWNER TO pg_monitor",
      "ALTER TABLE people RENAME TO persons",
    ];
    const lines = [...asked, ...exchanging.flat()];
    await project.write("db/migrations/001_one.sql", `${lines.join(";\n")};\n`);
    const { exitCode, stderr } = await project.run(UP);
    const told = new Set([...stderr.matchAll(/001_one\.sql:(\d+): /g)].map(([, line]) => lines[Number(line) - 1]));
    expect([...told]).toEqual([...asked, ...exchanging.map(([, taking]) => taking)]);
    expect(exitCode).toBe(3);
    await project.write("db/migrations/001_one.sql", `${unasked.join(";\n")};\n`);
    await project.succeed(UP);
  });

  long("up refuses code that may take something, and lets code pass that only reads or adds", async () => {
    const body = (text: string) => `LANGUAGE plpgsql AS $$BEGIN ${text}; RETURN; END$$`;
    const purge = `FUNCTION purge() RETURNS void ${body("TRUNCATE items")}`;
    await using project = await cliProject({
      "db/migrations/001_items.sql": [
        "CREATE TABLE items (id int)",
        "CREATE TABLE log (at timestamptz)",
        "CREATE TABLE watched (id int, name text)",
        `CREATE ${purge}`,
        "CREATE FUNCTION purge_twice() RETURNS void BEGIN ATOMIC SELECT purge(); SELECT purge(); END",
        `CREATE FUNCTION note() RETURNS void ${body("INSERT INTO log VALUES (now()); /* DROP TABLE log */ RAISE NOTICE 'delete from items'")}`,
        "CREATE FUNCTION total() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM items'",
        "CREATE FUNCTION on_watched() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN DELETE FROM items; RETURN NEW; END$$",
        "CREATE TRIGGER t AFTER INSERT OR UPDATE ON watched FOR EACH ROW EXECUTE FUNCTION on_watched()",
        "INSERT INTO items SELECT generate_series(1, 100)",
        "CREATE FUNCTION gone(int) RETURNS boolean LANGUAGE plpgsql AS $$BEGIN DELETE FROM items; RETURN true; END$$",
        "CREATE FUNCTION fine(int) RETURNS boolean LANGUAGE plpgsql AS $$BEGIN RETURN true; END$$",
        "CREATE FUNCTION gone(int, int) RETURNS int LANGUAGE plpgsql AS $$BEGIN DELETE FROM items; RETURN 1; END$$",
        "CREATE TABLE checked (id int CHECK (gone(id)))",
        "CREATE TABLE also_checked (id int CHECK (fine(id)))",
        "CREATE DOMAIN tiny AS int CHECK (gone(VALUE))",
        "CREATE TABLE of_tiny (id tiny[])",
        "CREATE AGGREGATE pick(int) (SFUNC = gone, STYPE = int)",
        "CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = gone)",
        "CREATE TABLE ruled (id int)",
        "CREATE VIEW over_ruled AS SELECT * FROM ruled",
        "CREATE VIEW reading AS SELECT purge()::text AS a",
        "CREATE FUNCTION unread() RETURNS timestamptz LANGUAGE internal AS 'clock_timestamp'",
        "CREATE FUNCTION unread_too() RETURNS trigger LANGUAGE internal AS 'suppress_redundant_updates_trigger'",
        "CREATE TABLE read_by (id int)",
        "CREATE TRIGGER t AFTER INSERT ON read_by FOR EACH ROW EXECUTE FUNCTION unread_too()",
        "CREATE FUNCTION unread_same(int, int) RETURNS boolean LANGUAGE internal AS 'int4eq'",
        "CREATE OPERATOR |=| (LEFTARG = int, RIGHTARG = int, FUNCTION = unread_same)",
        "CREATE FUNCTION unread_fine() RETURNS timestamptz LANGUAGE internal STABLE AS 'now'",
      ].join(";\n"),
    });
    await project.write(
      "db/environments/precious.yaml",
      environmentFile(project.server, project.database, "protected: true\n"),
    );
    await project.succeed(["migrate", "up"]);
    await project.query("CREATE RULE clean AS ON INSERT TO ruled DO ALSO DELETE FROM items");
    await project.query("CREATE SEQUENCE numbers");
    await project.query("CREATE RULE clean_too AS ON UPDATE TO ruled DO ALSO NOTHING");
    await project.write(
      "db/migrations/002_more.sql",
      `ALTER TABLE watched DISABLE TRIGGER USER;
ALTER TABLE public.watched ENABLE TRIGGER USER;
SELECT setval('numbers', (SELECT max(id) FROM items));
CREATE SEQUENCE new;
SELECT setval('new', 1);
ALTER TABLE watched DISABLE TRIGGER t;
ALTER TABLE ruled DISABLE RULE clean_too;
SELECT setval('numbers', 1);
ALTER SEQUENCE numbers RESTART;
ALTER TABLE watched ALTER CONSTRAINT c NOT ENFORCED;
CREATE OR REPLACE TRIGGER t AFTER INSERT ON watched FOR EACH ROW WHEN (false) EXECUTE FUNCTION on_watched();
CREATE OR REPLACE TRIGGER new AFTER INSERT ON watched FOR EACH ROW EXECUTE FUNCTION on_watched();
CREATE FUNCTION again() RETURNS void LANGUAGE plpgsql AS $$DECLARE n bigint; BEGIN n := setval('numbers', 1); END$$;
SELECT again();
`,
    );
    const dangers = (await project.run(UP)).stderr.matchAll(/002_more\.sql:(\d+): (.*)/g);
    expect([...dangers].map(([, line, what]) => `${line} ${what}`)).toEqual([
      "6 switches TRIGGER t of watched off: what it did for writes is not done any more",
      "7 switches RULE clean_too of ruled off: what it did for writes is not done any more",
      "8 sets SEQUENCE numbers to 1: values that it has given may come again",
      "9 restarts SEQUENCE numbers: values that it has given may come again",
      "10 switches CONSTRAINT c of watched off: what it did for writes is not done any more",
      "11 replaces TRIGGER t of watched: what it did for writes may not be done any more",
      "14 sets SEQUENCE numbers to 1: values that it has given may come again, by running again",
    ]);
    for (const [sql, name] of [
      ["SELECT purge()", "public.purge"],
      ['SELECT U&"purg\\0065"()', "public.purge"],
      ["SELECT query_to_xml('SELECT purge()', true, true, '')", "public.purge"],
      ["SELECT public.purge()", "public.purge"],
      ["INSERT INTO log SELECT now() FROM purge_twice()", "public.purge_twice"],
      ["INSERT INTO watched VALUES (1)", "public.on_watched"],
      ["COPY watched FROM stdin;\n1\tx\n\\.", "public.on_watched"],
      ["UPDATE watched SET name = 'x' WHERE name IS NULL", "public.on_watched"],
      ["CREATE TABLE copy AS SELECT purge()", "public.purge"],
      [
        `CREATE FUNCTION cut() RETURNS void ${body("ALTER TABLE items ALTER id TYPE bigint USING 0")};\nSELECT cut()`,
        "cut",
      ],
      [`CREATE ${purge.replace("purge", "other")};\nSELECT other()`, "other"],
      ["CREATE PROCEDURE sub.clean() LANGUAGE sql AS 'DELETE FROM items';\nCALL sub.clean()", undefined],
      [
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN EXECUTE 'DROP TABLE items'; END$$;\n" +
          "CREATE TRIGGER t BEFORE INSERT ON log FOR EACH ROW EXECUTE FUNCTION f();\nINSERT INTO log VALUES (now())",
        "f",
      ],
      ["INSERT INTO checked VALUES (1)", "public.gone"],
      ["ALTER TABLE checked ALTER id TYPE bigint", "public.gone"],
      ["INSERT INTO of_tiny VALUES ('{1}')", "public.gone"],
      ["SELECT CAST(1 AS tiny)", "the CHECK of DOMAIN tiny"],
      ["SELECT pick(id) FROM log, items", "public.pick"],
      ["SELECT 1 === 2", "OPERATOR ==="],
      ["WITH a AS (SELECT 1) INSERT INTO over_ruled TABLE a", "RULE clean of public.ruled"],
      ["SELECT * FROM reading", "the query of VIEW reading"],
      ["SELECT unread()", "public.unread (LANGUAGE internal)"],
      ["INSERT INTO read_by VALUES (1)", "public.unread_too (LANGUAGE internal)"],
      ["SELECT 1 |=| 2", "OPERATOR |=|"],
      ["CREATE FUNCTION e() RETURNS void LANGUAGE plpython3u AS 'spi(1)';\nSELECT e()", "e (LANGUAGE plpython3u)"],
      ["CREATE FUNCTION e() RETURNS void LANGUAGE sql AS E'\\x44ELETE FROM items';\nSELECT e()", "e"],
      ["CREATE FUNCTION e() RETURNS void LANGUAGE sql AS U&'!0044ELETE FROM items' UESCAPE '!';\nSELECT e()", "e"],
      ["CREATE FUNCTION e() RETURNS void LANGUAGE sql AS 'DEL'\n'ETE FROM items';\nSELECT e()", "e"],
      [
        "CREATE DOMAIN d AS int CHECK (gone(VALUE));\nCREATE TABLE t (a d);\nINSERT INTO t VALUES (1)",
        "the CHECK of DOMAIN d",
      ],
      ["CREATE TABLE t (a int DEFAULT gone(1, 2), b int);\nINSERT INTO t (b) VALUES (1)", "public.gone"],
      [
        "CREATE FUNCTION ev() RETURNS event_trigger LANGUAGE plpgsql AS $$BEGIN DELETE FROM items; END$$;\n" +
          "CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION ev();\nCOMMENT ON TABLE items IS 'x'",
        "ev (EVENT TRIGGER e)",
      ],
    ] as const) {
      await project.write("db/migrations/002_more.sql", `${sql};\n`);
      const { exitCode, stdout, stderr } = await project.run(UP);
      expect({ sql, exitCode, stdout, stderr }).toMatchObject({
        exitCode: 3,
        stdout: "",
        stderr: expect.stringContaining(
          name === undefined ? "CALL runs code" : `: runs ${name}, which may change or delete something\n`,
        ),
      });
    }
    await project.write(
      "db/migrations/002_more.sql",
      `CREATE FUNCTION off() RETURNS void ${body("ALTER TABLE watched DISABLE TRIGGER t; PERFORM set_config('session_replication_role', 'replica', false)")};
SELECT off();
SET session_replication_role = replica;
GRANT pg_write_all_data TO pg_monitor;
ALTER ROLE CURRENT_USER IN DATABASE "${project.database}" SET search_path = x;
CREATE PUBLICATION p FOR TABLE items;
`,
    );
    const unprotected = (await project.run(UP)).stderr.matchAll(/002_more\.sql:(\d): (.*)/g);
    expect([...unprotected].map(([, line, what]) => `${line} ${what}`)).toEqual([
      "2 switches TRIGGER t of watched off: what it did for writes is not done any more, by running off",
      "2 sets session_replication_role to replica for this session: no trigger, rule or foreign key holds for what is written, by running off",
      "3 sets session_replication_role to replica for this session: no trigger, rule or foreign key holds for what is written",
      "4 lets ROLE pg_monitor add, change and delete rows of every table (GRANT pg_write_all_data)",
      "5 sets search_path to x for new sessions of ROLE current_user: names without a schema are looked up elsewhere",
      "6 would expose rows of items to subscribers of PUBLICATION p",
    ]);
    await project.write(
      "db/migrations/002_more.sql",
      `CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NULL; END$$;
CREATE TRIGGER t BEFORE INSERT OR DELETE ON log FOR EACH ROW EXECUTE FUNCTION f();
CREATE OR REPLACE FUNCTION on_watched() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NULL; END$$;
CREATE TRIGGER t2 BEFORE UPDATE ON watched FOR EACH ROW EXECUTE FUNCTION on_watched();
`,
    );
    const swallows = (await project.run(UP)).stderr.matchAll(/002_more\.sql:(\d): (.*)/g);
    expect([...swallows].map(([, line, what]) => `${line} ${what}`)).toEqual([
      "2 lets INSERT and DELETE on log write nothing (TRIGGER t)",
      "4 lets UPDATE on watched write nothing (TRIGGER t2)",
    ]);
    await project.write(
      "db/migrations/002_more.sql",
      "-- migrate:up transaction:false\nCOPY items FROM PROGRAM 'echo 1';\nSELECT lo_export(1, '/x');\nALTER SYSTEM SET work_mem = '4MB';\nSELECT dblink_exec('', 'DELETE FROM items');\n",
    );
    const outside = (await project.run(UP)).stderr.matchAll(/002_more\.sql:(\d): (.*)/g);
    expect([...outside].map(([, line, what]) => `${line} ${what}`)).toEqual([
      "2 runs a program on the server",
      "3 reads or writes a file on the server",
      "4 changes the settings of the whole server",
      "5 runs statements on another server",
    ]);
    expect(await project.query("SELECT count(*)::int AS n FROM items")).toEqual([{ n: 100 }]);
    await project.query(
      "CREATE FUNCTION watch() RETURNS event_trigger LANGUAGE plpgsql AS $$BEGIN IF false THEN DROP FUNCTION f(); DELETE FROM items; END IF; END$$",
    );
    await project.query("CREATE EVENT TRIGGER e ON ddl_command_end WHEN TAG IN ('COMMENT') EXECUTE FUNCTION watch()");
    await project.write(
      "db/migrations/002_more.sql",
      "CREATE TABLE t (id int);\nCOMMENT ON TABLE t IS 'x';\nCOMMENT ON TABLE t IS 'y';\n",
    );
    expect([...(await project.run(UP)).stderr.matchAll(/002_more\.sql:(\d): (.*)/g)].map(([, ...of]) => of)).toEqual([
      ["2", "runs public.watch (EVENT TRIGGER e), which may change or delete something"],
    ]);
    await project.write(
      "db/migrations/002_more.sql",
      [
        "SELECT note(), unread_fine()",
        "SELECT gone, total FROM (SELECT 1 AS gone, 2 AS total) x",
        "INSERT INTO also_checked VALUES (1)",
        "CREATE AGGREGATE pick2(int) (SFUNC = gone, STYPE = int)",
        "SELECT total(), now(), length('purge()')",
        `CREATE OR REPLACE ${purge}`,
        "GRANT EXECUTE ON FUNCTION purge() TO CURRENT_USER",
        "CREATE VIEW v AS SELECT purge()::text",
        "ALTER FUNCTION purge() COST 10",
        "INSERT INTO log VALUES (now())",
        "ALTER TABLE watched ADD CONSTRAINT c CHECK ((id IS NOT NULL) AND name IS NOT NULL) NOT VALID",
        "ALTER TABLE watched VALIDATE CONSTRAINT c",
        "ALTER TABLE watched ALTER id SET NOT NULL, ALTER COLUMN name SET NOT NULL, DROP CONSTRAINT IF EXISTS c",
      ].join(";\n"),
    );
    await project.succeed(UP);
    await project.write("db/migrations/003_more.sql", "SELECT purge();\n");
    await project.succeed([...UP, "--yes", "precious"]);
    expect(await project.query("SELECT count(*)::int AS n FROM items")).toEqual([{ n: 0 }]);
  });

  test("up does not ask before a backfill that fills what the change has made, nor to go on with it", async () => {
    await using project = await cliProject({
      "db/migrations/001_users.sql":
        "CREATE TABLE users (id int PRIMARY KEY, full_name text);\nINSERT INTO users SELECT i, 'Ada L' FROM generate_series(1, 50) i;\n",
      "db/migrations/002_names.sql":
        "-- migrate:up phase:expand change:names\nALTER TABLE users ADD COLUMN first_name text;\nALTER TABLE users ADD COLUMN last_name text;\n",
      "db/migrations/003_fill.sql":
        "-- migrate:up backfill:users change:names batch:10\nUPDATE users SET first_name = split_part(full_name, ' ', 1), last_name = split_part(full_name, ' ', 2) WHERE first_name IS NULL;\n",
    });
    await project.write(
      "db/environments/precious.yaml",
      environmentFile(project.server, project.database, "protected: true\n"),
    );
    await project.succeed([...UP, "--no-backfill"]);
    await project.succeed([...UP, "--only-backfill", "--for", "1ms"]);
    await project.succeed(UP);
    expect(await project.query("SELECT count(*)::int AS n FROM users WHERE last_name = 'L'")).toEqual([{ n: 50 }]);
    expect(await project.query("SELECT count(*)::int AS n FROM confiture_migrations")).toEqual([{ n: 3 }]);
  });

  test("build is refused, whatever it does; writing the script is not", async () => {
    await using project = await precious();
    const build = ["build", "-e", "precious"];
    for (const more of [[], ["--fresh"], ["--output", "schema.sql", "--apply"]]) {
      expect(await project.run([...build, ...more])).toMatchObject({ exitCode: 2, stdout: "" });
    }
    await project.succeed([...build, "--dry-run"]);
    await project.succeed([...build, "--output", "schema.sql"]);
    expect(await done(project)).toEqual(NOTHING);
    await project.succeed([...build, "--yes", "precious"]);
  });

  test("nothing is recorded unasked that is not proven", async () => {
    await using project = await precious();
    const baseline = ["migrate", "baseline", "-e", "precious"];
    for (const more of [[], ["--through", "1"], ["--yes", "local"]]) {
      expect(await project.run([...baseline, ...more])).toMatchObject({ exitCode: 2, stdout: "" });
    }
    for (const other of [
      ["resolve", "1", "--applied"],
      ["accept", "1", "--different"],
    ]) {
      const { exitCode, stderr } = await project.run(["migrate", ...other, "-e", "precious"]);
      expect({ other, exitCode, stderr }).toMatchObject({
        exitCode: 2,
        stderr: expect.stringContaining("--yes precious"),
      });
    }
    expect(await done(project)).toEqual(NOTHING);
    await project.succeed([...baseline, "--proven"]);
    await project.succeed([...baseline, "--yes", "precious"]);
  });

  test("what is applied is not forgotten unasked: it would run once more", async () => {
    await using project = await precious();
    await project.succeed([...UP, "--to", "1"]);
    const forget = ["migrate", "resolve", "1", "--rolled-back", "-e", "precious"];
    expect(await project.run(forget)).toMatchObject({ exitCode: 2, stdout: "" });
    expect(await project.query("SELECT version FROM confiture_migrations")).toEqual([{ version: "001" }]);
    await project.succeed([...forget, "--yes", "precious"]);
    expect(await project.query("SELECT version FROM confiture_migrations")).toEqual([]);
  });
});

test("--yes with another name stops every command that takes one, protected or not, before anything is done", async () => {
  await using project = await cliProject(FILES);
  const { server, database } = project;
  await project.write("db/environments/precious.yaml", environmentFile(server, "elsewhere", "protected: true\n"));
  await project.succeed(["migrate", "up", "--to", "1"]);
  const before = await project.snapshot();
  const commands = Object.entries(COMMANDS).flatMap(([name, entry]) =>
    isGroup(entry)
      ? Object.entries(entry.commands).map(([sub, one]) => ({ path: [name, sub], entry: one }))
      : [{ path: [name], entry }],
  );
  const taking: string[] = [];
  for (const { path, entry } of commands) {
    const { args } = (await entry.load()).command;
    // A copy replaces its target, which `--yes` names.
    if (args["yes"]?.type !== "string" || path[0] === "sync") continue;
    taking.push(path.join(" "));
    const more = "version" in args ? ["1"] : path[1] === "sql" ? ["DROP TABLE users"] : [];
    const way = "continue" in args ? ["--continue"] : "write" in args ? ["--write"] : [];
    const { exitCode, stderr } = await project.run([...path, ...more, ...way, "--yes", "precious"]);
    expect({ path, exitCode, stderr }).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining(
        "--yes precious does not name this environment, which is local; nothing was done",
      ),
    });
    expect(stderr).toContain("-e precious --yes precious");
  }
  expect(taking).toEqual(expect.arrayContaining(["apply", "build", "db drop", "db sql", "migrate down", "migrate up"]));
  expect(await project.snapshot()).toBe(before);

  // Without an environment, it is the database that is named.
  await rm(project.path("db/environments"), { recursive: true });
  const baseline = ["migrate", "baseline", "--through", "2", "--database-url", project.url, "--yes"];
  const { exitCode, stderr } = await project.run([...baseline, "local"]);
  expect({ exitCode, stderr }).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining(`--yes local does not name this database, which is ${database}`),
  });
  expect(await project.snapshot()).toBe(before);
  await project.succeed([...baseline, database]);
});

describe.skipIf(process.platform === "win32")("any other environment, at a terminal", () => {
  long("is not emptied without a question, unless it is empty or named", async () => {
    await using project = await cliProject(FILES);
    const fresh = ["build", "--fresh"];
    const question = /Remove everything in \S+:\d+\/\S+\? \[y\/N\] $/;
    const run = (dialogue: [RegExp, string][], more: string[] = []) =>
      atTerminal(project.dir, [...fresh, ...more], dialogue);
    expect((await run([])).exitCode).toBe(0);
    await project.query("INSERT INTO users VALUES (1)");
    for (const [answer, code] of [
      ["n\r", 2],
      ["\r", 2],
      ["\u0003", 130],
    ] as const) {
      expect(await run([[question, answer]])).toMatchObject({ exitCode: code });
      expect(await project.query("SELECT id FROM users")).toEqual([{ id: 1 }]);
    }
    const emptied = await run([[question, "y\r"]]);
    expect(emptied.exitCode).toBe(0);
    expect(emptied.screen).toContain("This removes 1 table with rows: public.users");
    expect(emptied.screen).toMatch(/\[y\/N\] y?\s+Executing schema/);
    expect(await project.query("SELECT id FROM users")).toEqual([]);
    expect((await run([], ["--yes", "local"])).screen).not.toMatch(/Remove everything/);
  });

  test("says without a terminal which tables lose their rows", async () => {
    await using project = await cliProject(FILES);
    const build = ["build", "--fresh", "--no-baseline"];
    await project.succeed(["build", "--no-baseline"]);
    expect((await project.succeed(build)).stderr).not.toContain("--fresh removes");
    await project.query(
      'INSERT INTO users VALUES (1); CREATE SCHEMA "B"; CREATE TABLE "B"."c.d" AS SELECT 1; CREATE TABLE gone AS SELECT 1; DELETE FROM gone; CREATE TABLE parts (id int) PARTITION BY LIST (id); CREATE TABLE part PARTITION OF parts DEFAULT; INSERT INTO parts VALUES (1)',
    );
    const said = 'warning: --fresh removes 3 tables with rows: B."c.d", public.part, public.users\n';
    expect((await project.succeed([...build, "-q"])).stderr).toBe(said);
    await project.query("INSERT INTO users VALUES (1)");
    const document = readDocument(await project.run([...build, "--format", "json"]));
    expect(document).toMatchObject({ ok: true, emptied: ["public.users"] });
  });

  test("is not dropped without a question, unless it is named", async () => {
    await using project = await cliProject(FILES);
    const drop = (dialogue: [RegExp, string][], ...more: string[]) =>
      atTerminal(project.dir, ["db", "drop", ...more], dialogue);
    expect(await drop([[/Remove everything in \S+:\d+\/\S+\? \[y\/N\] $/, "n\r"]])).toMatchObject({ exitCode: 2 });
    expect(await project.query("SELECT 1 AS one")).toEqual([{ one: 1 }]);
    const dropped = await drop([], "--yes", "local", "--force");
    expect([dropped.exitCode, dropped.screen]).toEqual([0, expect.stringContaining("Dropped database")]);
    expect(dropped.screen).not.toContain("Remove everything");
  });
});

// Bun opens no pseudo-terminals on Windows.
describe.skipIf(process.platform === "win32")("a protected environment, at a terminal", () => {
  const QUESTION =
    /Its database is \S+:\d+\/\S+\.[^]*002_less\.sql:3: drops COLUMN bio of TABLE users[^]*004_open\.sql:1: would expose rows of users to whoever may read VIEW all_users[^]*Type the name of the environment to apply these migrations: $/;

  const open = (project: CliProject) =>
    project.write(
      "db/migrations/004_open.sql",
      "CREATE VIEW all_users AS SELECT id FROM users;\nALTER TABLE users ENABLE ROW LEVEL SECURITY;\n",
    );

  test("asks, and goes on with its name", async () => {
    await using project = await precious();
    await open(project);
    await project.write("db/migrations/003_code.ts", FILES["db/migrations/003_code.ts"].replace("DROP", "LOCK"));
    const { exitCode, screen } = await atTerminal(project.dir, UP, [[QUESTION, "precious\r"]]);
    expect({ exitCode, screen }).toMatchObject({ exitCode: 0 });
    expect(await done(project)).toEqual([{ users: "users", ledger: "confiture_migrations" }]);
  });

  test.each(["y\r", "\r", "local\r", "\u0003"])("asks, and does nothing with another answer: %p", async (keys) => {
    await using project = await precious();
    await open(project);
    const { exitCode } = await atTerminal(project.dir, UP, [[QUESTION, keys]]);
    expect(exitCode).toBe(keys === "\u0003" ? 130 : 3);
    expect(await done(project)).toEqual(NOTHING);
  });

  long("asks before a build and before a way back", async () => {
    await using project = await precious();
    const asked = async (args: readonly string[], question: RegExp): Promise<void> => {
      const { exitCode, screen } = await atTerminal(project.dir, [...args, "-e", "precious"], [[question, "no\r"]]);
      expect({ args, exitCode, screen }).toMatchObject({ exitCode: 2 });
    };
    await asked(["build"], /to run the schema files: $/);
    await asked(["build", "--fresh"], /to empty its database \(--fresh\): $/);
    await asked(["db", "drop"], /to drop its database: $/);
    // Nobody is asked about nothing.
    for (const args of [["down"], ["down", "--to", "0"], ["redo"]]) {
      const { exitCode, screen } = await atTerminal(project.dir, ["migrate", ...args, "-e", "precious"], []);
      expect({ args, exitCode, screen }).toMatchObject({ exitCode: 0 });
      expect(screen).toContain("Nothing to roll back");
      expect(screen).not.toContain("protected");
    }
    const { exitCode } = await atTerminal(project.dir, ["build", "-e", "precious"], [[/files: $/, "precious\r"]]);
    expect(exitCode).toBe(0);
    // The schema files hold the first migration, which is recorded.
    expect(await done(project)).toEqual([{ users: "users", ledger: "confiture_migrations" }]);
    for (const way of ["down", "redo"]) await asked(["migrate", way], /to roll back migrations: $/);
    expect(await done(project)).toEqual([{ users: "users", ledger: "confiture_migrations" }]);
  });
});
