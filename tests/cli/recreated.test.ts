import { describe, expect, test } from "bun:test";
import { readDocument } from "./document.ts";
import { cliProject, type CliProject, environmentFile, OLDEST_AND_NEWEST } from "./project.ts";

const ROLES = `DO $$ BEGIN
  CREATE ROLE recreated_web; CREATE ROLE recreated_app; CREATE ROLE recreated_other;
EXCEPTION WHEN duplicate_object THEN NULL; END $$`;

async function project(major: (typeof OLDEST_AND_NEWEST)[number], migration: string): Promise<CliProject> {
  const made = await cliProject(
    {
      "db/migrations/001_users.sql":
        "CREATE TABLE users (id int, name text, old int);\nCREATE VIEW v AS SELECT id, name FROM users;\n" +
        "CREATE MATERIALIZED VIEW m AS SELECT id FROM users;\nCREATE SEQUENCE s;\nCREATE TYPE mood AS ENUM ('fine');\n" +
        "CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1';\nCREATE FUNCTION f(text) RETURNS int LANGUAGE sql AS 'SELECT 1';\n" +
        "CREATE FUNCTION fires() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';\nCREATE VIEW above AS SELECT id FROM v;\n",
      "db/migrations/002_again.sql": migration,
    },
    { major },
  );
  await made.write(
    "db/environments/precious.yaml",
    environmentFile(made.server, made.database, "protected: true\nlimits:\n  data_loss: true\n"),
  );
  await made.query(ROLES);
  await made.succeed(["migrate", "up", "--to", "1"]);
  return made;
}

const AGAIN = "DROP VIEW v CASCADE;\nCREATE VIEW v AS SELECT id, name, old FROM users;\n";
const COLUMNS = "GRANT SELECT (id), UPDATE (name) ON v TO recreated_web";

describe.each(OLDEST_AND_NEWEST)("an object that is dropped and made again, PostgreSQL %i", (major) => {
  test("up and plan say what the database has on a view and the migration does not put on it again", async () => {
    await using here = await project(major, AGAIN);
    await here.query(
      `GRANT SELECT, INSERT ON v TO recreated_web; GRANT SELECT ON v TO recreated_app WITH GRANT OPTION; ${COLUMNS};
       COMMENT ON VIEW v IS 'kept by hand'; COMMENT ON COLUMN v.name IS 'too';
       CREATE TRIGGER instead INSTEAD OF INSERT ON v FOR EACH ROW EXECUTE FUNCTION fires();
       CREATE RULE silent AS ON DELETE TO v DO INSTEAD NOTHING; ALTER VIEW v OWNER TO recreated_other`,
    );
    const said =
      "recreates VIEW public.v without what this database has on it: GRANT INSERT, SELECT, SELECT (id), UPDATE (name) TO recreated_web; " +
      "GRANT SELECT TO recreated_app WITH GRANT OPTION; OWNER TO recreated_other; COMMENT; COMMENT ON COLUMN name; TRIGGER instead; RULE silent";
    const plan = readDocument(await here.run(["migrate", "plan", "--format", "json"]));
    expect(plan).toMatchObject({ migrations: [{ statements: [{ loses: expect.arrayContaining([said]) }, {}] }] });
    const { stdout } = await here.run(["migrate", "plan"]);
    expect(stdout.replaceAll(/\s+/g, " ")).toContain(`loses data: ${said}`);
    const { stderr } = await here.succeed(["migrate", "up", "--yes", "local"]);
    expect(stderr.replaceAll(/\s+/g, " ")).toContain(`db/migrations/002_again.sql:1 ${said}`);
  });

  test("up names what CASCADE takes with what a statement names", async () => {
    await using here = await project(major, "DROP VIEW v CASCADE;\nDROP FUNCTION f(text) CASCADE;\n");
    await here.query(`CREATE VIEW by_hand AS SELECT f('a') AS a; CREATE POLICY own ON users USING (f(name) = 1)`);
    const lost = [
      ["drops VIEW v CASCADE", "drops VIEW public.above"],
      ["drops FUNCTION f (TEXT) CASCADE", "drops VIEW public.by_hand", "drops POLICY own on public.users"],
    ];
    const plan = readDocument(await here.run(["migrate", "plan", "--format", "json"]));
    expect(plan).toMatchObject({ migrations: [{ statements: lost.map((loses) => ({ loses })) }] });
    await here.write("db/environments/precious.yaml", environmentFile(here.server, here.database, "protected: true\n"));
    const refused = await here.run(["migrate", "up", "--env", "precious"]);
    expect(refused.exitCode).toBe(3);
    for (const what of lost.flat()) expect(refused.stderr.replaceAll(/\s+/g, " ")).toContain(what);
    const { stderr } = await here.succeed(["migrate", "up", "--yes", "local"]);
    expect(stderr).toContain("warning: 002_again: drop cascades to view above\n");
    const lines = stderr.split("\n").map((line) => line.trim());
    expect(lines).toContain("warning: 002_again: drop cascades to 2 other objects:");
    expect(lines).toContain("drop cascades to view by_hand");
    expect(lines).toContain("drop cascades to policy own on table users");
    await here.write("db/schema/users.sql", "CREATE TABLE users (id int);\n");
    const fresh = await here.succeed(["build", "--fresh", "--yes", "local", "--allow-drop", "--no-baseline"]);
    expect(fresh.stderr).not.toContain("cascades");
  });

  test("and of a column, a type, a table and a schema, with the columns and rows of others", async () => {
    const lines = [
      "ALTER TABLE users DROP COLUMN old CASCADE",
      "DROP TYPE mood CASCADE",
      "DROP TABLE IF EXISTS users, none CASCADE",
      "DROP SCHEMA far CASCADE",
    ];
    await using here = await project(major, `${lines.join(";\n")};\n`);
    await here.query(
      `CREATE VIEW "By Hand" AS SELECT old FROM users; CREATE VIEW over_it AS SELECT * FROM "By Hand";
       CREATE TABLE moods (id int, mood mood, also mood[]); CREATE SCHEMA far; CREATE TABLE far.t (id int PRIMARY KEY, twice int GENERATED ALWAYS AS (id * 2) STORED);
       CREATE TABLE refers (t int REFERENCES far.t); CREATE INDEX ON users (old); CREATE TABLE child () INHERITS (users)`,
    );
    const plan = readDocument(await here.run(["migrate", "plan", "--format", "json"]));
    const along = (...objects: string[]) => expect.arrayContaining(objects.map((object) => `drops ${object}`));
    expect(plan).toMatchObject({
      migrations: [
        {
          statements: [
            { loses: along('VIEW public."By Hand"', "VIEW public.over_it") },
            { loses: along("COLUMN public.moods.also", "COLUMN public.moods.mood") },
            {
              loses: along(
                "TABLE public.child",
                "MATERIALIZED VIEW public.m",
                'VIEW public."By Hand"',
                "VIEW public.above",
              ),
            },
            { loses: along("TABLE far.t", "FOREIGN KEY refers_t_fkey on public.refers") },
          ],
        },
      ],
    });
    expect(JSON.stringify(plan)).not.toContain("far.t.twice");
  });

  test("a protected environment hears what goes with a key or an extension", async () => {
    const migration = "ALTER TABLE keyed DROP CONSTRAINT keyed_pkey CASCADE;\nDROP EXTENSION citext CASCADE;\n";
    await using here = await project(major, migration);
    await here.write("db/environments/precious.yaml", environmentFile(here.server, here.database, "protected: true\n"));
    await here.query(
      `CREATE TABLE keyed (id int PRIMARY KEY); CREATE TABLE refers (keyed int REFERENCES keyed);
       CREATE EXTENSION citext; CREATE TABLE texts (a citext)`,
    );
    const { exitCode, stderr } = await here.run(["migrate", "up", "--env", "precious"]);
    expect(exitCode).toBe(3);
    expect(stderr).toContain("002_again.sql:1: drops FOREIGN KEY refers_keyed_fkey on public.refers\n");
    expect(stderr).toContain("002_again.sql:2: drops COLUMN public.texts.a\n");
  });

  test("a protected environment asks for it, and not where the migration puts all of it on again", async () => {
    const given =
      "GRANT ALL ON v TO recreated_web WITH GRANT OPTION;\nCOMMENT ON VIEW public.v IS 'again';\nALTER VIEW v OWNER TO recreated_app;\n";
    await using here = await project(major, AGAIN + given);
    await here.write("db/environments/precious.yaml", environmentFile(here.server, here.database, "protected: true\n"));
    await here.query(
      `GRANT SELECT ON v TO recreated_web; ${COLUMNS}; COMMENT ON VIEW v IS 'x'; ALTER VIEW v OWNER TO recreated_app`,
    );
    const quiet = await here.run(["migrate", "up", "-e", "precious"]);
    expect(quiet.exitCode).toBe(3);
    expect(quiet.stderr).toContain("drops VIEW v CASCADE");
    expect(quiet.stderr).not.toContain("recreates");
    await here.query("GRANT SELECT ON v TO recreated_other");
    const { exitCode, stderr } = await here.run(["migrate", "up", "-e", "precious"]);
    expect(exitCode).toBe(3);
    expect(stderr).toContain(
      "002_again.sql:1: recreates VIEW public.v without what this database has on it: GRANT SELECT TO recreated_other\n",
    );
    const told = await here.succeed(["migrate", "up", "-e", "precious", "--yes", "precious"]);
    expect(told.stderr).toContain("002_again.sql:1 recreates VIEW public.v");
  });

  test("default rights, also those that the migration sets, and rights on all of a schema count", async () => {
    await using here = await project(
      major,
      `${AGAIN}ALTER DEFAULT PRIVILEGES GRANT USAGE ON SEQUENCES TO recreated_other;\nDROP SEQUENCE s;\nCREATE SEQUENCE s;\n` +
        "GRANT UPDATE ON ALL SEQUENCES IN SCHEMA public TO recreated_other;\n",
    );
    await here.query(
      `GRANT SELECT ON v TO recreated_web; GRANT ALL ON s TO recreated_other;
       ALTER DEFAULT PRIVILEGES FOR ROLE cli_tester IN SCHEMA public GRANT SELECT ON TABLES TO recreated_web`,
    );
    const { stderr } = await here.succeed(["migrate", "up", "--yes", "local"]);
    expect(stderr.match(/recreates.*/g)).toEqual([
      "recreates SEQUENCE public.s without what this database has on it: GRANT SELECT TO recreated_other",
    ]);
  });

  test("functions by their types, types, materialized views, columns, and what was taken from PUBLIC", async () => {
    await using here = await project(
      major,
      "DROP FUNCTION f(int);\nCREATE FUNCTION f(a integer) RETURNS text LANGUAGE sql AS 'SELECT ''1''';\nDROP TYPE mood;\nCREATE TYPE mood AS ENUM ('fine', 'bad');\n" +
        "DROP MATERIALIZED VIEW m;\nCREATE MATERIALIZED VIEW m AS SELECT id, old FROM users;\nCREATE INDEX ON m (id);\n" +
        "ALTER TABLE users DROP COLUMN old CASCADE;\nALTER TABLE users ADD COLUMN old bigint;\n",
    );
    await here.query(
      `REVOKE EXECUTE ON FUNCTION f(int) FROM PUBLIC; GRANT EXECUTE ON FUNCTION f(int) TO recreated_web;
       GRANT EXECUTE ON FUNCTION f(text) TO recreated_app; GRANT USAGE ON TYPE mood TO recreated_web; COMMENT ON TYPE mood IS 'x';
       CREATE INDEX m_id_idx ON m (id); CREATE INDEX by_hand ON m (id); GRANT SELECT (old) ON users TO recreated_web`,
    );
    const { exitCode, stderr: refused } = await here.run(["migrate", "up", "-e", "precious"]);
    expect(exitCode).toBe(3);
    const exposes = "FUNCTION public.f(integer) to every role, as it is recreated without REVOKE EXECUTE FROM PUBLIC";
    expect(refused).toContain(`002_again.sql:1: would expose ${exposes}`);
    const { stderr } = await here.succeed(["migrate", "up", "--yes", "local"]);
    const on = "without what this database has on it:";
    expect(stderr.match(/002_again.sql:\d+ .*/g)).toEqual([
      `002_again.sql:1 exposes ${exposes}`,
      `002_again.sql:3 recreates TYPE public.mood ${on} COMMENT`,
      `002_again.sql:5 recreates MATERIALIZED VIEW public.m ${on} INDEX by_hand`,
      `002_again.sql:8 recreates COLUMN public.users.old ${on} GRANT SELECT (old) TO recreated_web`,
    ]);
  });

  test("what goes with CASCADE and is made again, and what takes the name of another that is dropped", async () => {
    await using here = await project(
      major,
      `${AGAIN}CREATE VIEW above AS SELECT id, old FROM v;\nCREATE VIEW next AS SELECT 1 AS id;\nDROP MATERIALIZED VIEW m;\nALTER VIEW next RENAME TO m;\n`,
    );
    await here.query("GRANT SELECT ON above TO recreated_web; GRANT SELECT ON m TO recreated_web");
    const { stderr } = await here.succeed(["migrate", "up", "--yes", "local"]);
    expect(stderr).toContain("002_again.sql:3 recreates VIEW public.above without");
    expect(stderr).toContain("002_again.sql:5 recreates MATERIALIZED VIEW public.m without");
  });

  test("names without a schema are those of the search_path, which a migration may set", async () => {
    await using here = await project(
      major,
      "DROP SEQUENCE s;\nCREATE TABLE notes (id int);\nSET search_path TO app, public;\nDROP VIEW v;\nCREATE VIEW v AS SELECT 1 AS id;\n",
    );
    await here.query(
      `SET ROLE cli_tester; CREATE SCHEMA app; CREATE VIEW app.v AS SELECT 2 AS id; CREATE TABLE app.notes (id int);
       GRANT SELECT ON app.v, app.notes TO recreated_web; GRANT SELECT ON public.v TO recreated_app`,
    );
    const { stderr } = await here.succeed(["migrate", "up", "--yes", "local"]);
    expect(stderr.match(/recreates.*/g)).toEqual([
      "recreates VIEW app.v without what this database has on it: GRANT SELECT TO recreated_web",
    ]);
  });

  test("a table that takes the place of another one has its indexes by new names, or copied by LIKE", async () => {
    await using here = await project(
      major,
      "CREATE TABLE next (id bigint, name text);\nCREATE INDEX next_id ON next (id);\nCREATE TRIGGER next_t AFTER INSERT ON next FOR EACH ROW EXECUTE FUNCTION fires();\n" +
        "DROP TABLE users CASCADE;\nALTER TABLE next RENAME TO users;\nALTER INDEX next_id RENAME TO by_id;\nALTER TRIGGER next_t ON users RENAME TO t;\n" +
        "CREATE TABLE copied (LIKE likes INCLUDING ALL);\nDROP TABLE likes;\nALTER TABLE copied RENAME TO likes;\n" +
        "CREATE TABLE less (LIKE lesser INCLUDING ALL EXCLUDING INDEXES);\nDROP TABLE lesser;\nALTER TABLE less RENAME TO lesser;\n",
    );
    await here.query(
      `SET ROLE cli_tester; CREATE INDEX by_id ON users (id); CREATE TRIGGER t AFTER INSERT ON users FOR EACH ROW EXECUTE FUNCTION fires();
       CREATE TABLE likes (id int); CREATE INDEX by_like ON likes (id); COMMENT ON COLUMN likes.id IS 'x';
       CREATE TABLE lesser (id int); CREATE INDEX by_less ON lesser (id)`,
    );
    const { stderr } = await here.succeed(["migrate", "up", "--yes", "local"]);
    expect(stderr.match(/recreates.*/g)).toEqual([
      "recreates TABLE public.lesser without what this database has on it: INDEX by_less",
    ]);
  });

  test("what is dropped once more, or goes with its schema, and is made with OR REPLACE or IF NOT EXISTS", async () => {
    await using here = await project(
      major,
      "DROP MATERIALIZED VIEW m;\nDROP VIEW v CASCADE;\nCREATE OR REPLACE VIEW v AS SELECT 1 AS id;\nDROP VIEW v;\nCREATE OR REPLACE VIEW v AS SELECT 2 AS id;\n" +
        "DROP SCHEMA app CASCADE;\nCREATE SCHEMA app;\nCREATE TABLE IF NOT EXISTS app.notes (id int);\n",
    );
    await here.query(
      "SET ROLE cli_tester; CREATE SCHEMA app; CREATE TABLE app.notes (id int); GRANT SELECT ON app.notes, v TO recreated_web",
    );
    const { stderr } = await here.succeed(["migrate", "up", "--yes", "local"]);
    expect(stderr.match(/002_again.sql:.*/g)).toEqual([
      "002_again.sql:2 recreates VIEW public.v without what this database has on it: GRANT SELECT TO recreated_web",
      "002_again.sql:6 recreates TABLE app.notes without what this database has on it: GRANT SELECT TO recreated_web",
    ]);
  });

  test("what keeps rows back, and what settings, publications and constraints do, is named as well", async () => {
    await using here = await project(
      major,
      `DROP VIEW above; DROP VIEW v; CREATE VIEW v AS SELECT id FROM users;
CREATE TABLE kept2 (id int CHECK (id > 0), n int UNIQUE); INSERT INTO kept2 SELECT * FROM kept; DROP TABLE kept;
ALTER TABLE kept2 RENAME TO kept;
DROP FUNCTION f(int); CREATE FUNCTION f(int) RETURNS bigint LANGUAGE sql AS 'SELECT 1';
`,
    );
    await here.query(
      `SET ROLE cli_tester; ALTER VIEW v SET (security_barrier = true); ALTER FUNCTION f(int) SET search_path = pg_catalog;
       CREATE TABLE kept (id int CONSTRAINT small CHECK (id < 9), n int UNIQUE, PRIMARY KEY (id)); INSERT INTO kept VALUES (1, 1);
       ALTER TABLE kept ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY, REPLICA IDENTITY FULL, SET (fillfactor = 70);
       CREATE PUBLICATION sends FOR TABLE kept`,
    );
    const { stderr } = await here.succeed(["migrate", "up", "--yes", "local"]);
    const said = stderr.replaceAll(/\s+/g, " ");
    const without = "without what this database has on it:";
    expect(said).toContain(`recreates VIEW public.v ${without} SET security_barrier=true`);
    expect(said).toContain(
      `recreates TABLE public.kept ${without} ROW LEVEL SECURITY; FORCE ROW LEVEL SECURITY; REPLICA IDENTITY FULL; SET fillfactor=70; CHECK small; PRIMARY KEY kept_pkey; PUBLICATION sends`,
    );
    expect(said).toContain(`recreates FUNCTION public.f(integer) ${without} SET search_path=pg_catalog`);
  });

  test("and not what the migration puts on it again", async () => {
    await using here = await project(
      major,
      `DROP VIEW above; DROP VIEW v; CREATE VIEW v WITH (security_barrier) AS SELECT id FROM users;
DROP TABLE kept; CREATE TABLE kept (id int CONSTRAINT small CHECK (id < 9), n int UNIQUE, PRIMARY KEY (id)) WITH (fillfactor = 50);
ALTER TABLE kept ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY, REPLICA IDENTITY FULL;
ALTER PUBLICATION sends ADD TABLE kept;
CREATE OR REPLACE FUNCTION f(int) RETURNS int LANGUAGE sql SET search_path = '' AS 'SELECT 1';
CREATE OR REPLACE FUNCTION f(text) RETURNS int LANGUAGE sql AS 'SELECT 2';
`,
    );
    await here.query(
      `SET ROLE cli_tester; ALTER VIEW v SET (security_barrier = true); ALTER FUNCTION f(int) SET search_path = pg_catalog;
       CREATE TABLE kept (id int CONSTRAINT small CHECK (id < 9), n int UNIQUE, PRIMARY KEY (id)) WITH (fillfactor = 70);
       ALTER TABLE kept ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY, REPLICA IDENTITY FULL;
       CREATE PUBLICATION sends FOR TABLE kept`,
    );
    const { stderr } = await here.succeed(["migrate", "up", "--yes", "local"]);
    expect(stderr).not.toContain("without what");
  });

  test("OR REPLACE takes settings of views and functions, and nothing else", async () => {
    await using here = await project(
      major,
      `CREATE OR REPLACE VIEW v AS SELECT id, name FROM users;
CREATE OR REPLACE FUNCTION f(int) RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 5';
CREATE OR REPLACE FUNCTION f(text) RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = '' AS 'SELECT 5';
`,
    );
    await here.query(
      `ALTER VIEW v SET (security_barrier = true); GRANT SELECT ON v TO recreated_web; COMMENT ON VIEW v IS 'kept';
       ALTER FUNCTION f(int) SECURITY DEFINER SET search_path = pg_catalog; ALTER FUNCTION f(text) SECURITY INVOKER`,
    );
    await here.write("db/environments/precious.yaml", environmentFile(here.server, here.database, "protected: true\n"));
    const lines = [
      "replaces VIEW public.v without what this database has on it: SET security_barrier=true",
      "replaces FUNCTION public.f(integer) without what this database has on it: SET search_path=pg_catalog",
      "replaces FUNCTION public.f(text) without what this database has on it: SECURITY INVOKER",
    ];
    const refused = await here.run(["migrate", "up", "--env", "precious"]);
    expect(refused.exitCode).toBe(3);
    for (const line of lines) expect(refused.stderr.replaceAll(/\s+/g, " ")).toContain(line);
    const { stderr } = await here.succeed(["migrate", "up", "--yes", "local"]);
    for (const line of lines) expect(stderr.replaceAll(/\s+/g, " ")).toContain(line);
    expect(stderr).not.toContain("recreated_web");
  });
});
