import { describe, expect, test } from "bun:test";
import { newestAndEmbedded, newestServer } from "../../support/engines.ts";
import { failureOf } from "../failure.ts";
import { type Building, building } from "./building.ts";
import { countUserObjects, PUBLIC_SCHEMA } from "./catalogue.ts";

/** One of nearly everything that can be made in a database. */
const FURNITURE = `
  CREATE SCHEMA "Odd ""Schema""";
  CREATE SCHEMA extra;
  CREATE EXTENSION pg_trgm SCHEMA extra;
  CREATE EXTENSION hstore;
  CREATE TYPE mood AS ENUM ('fine');
  CREATE TYPE pair AS (a int, b mood);
  CREATE DOMAIN email AS text CHECK (VALUE LIKE '%@%');
  CREATE TYPE span AS RANGE (subtype = float8);
  CREATE TABLE parent (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, mood mood);
  CREATE TABLE "Odd ""Schema"""."child ;" (parent int REFERENCES parent, doc text, period span);
  CREATE INDEX ON "Odd ""Schema"""."child ;" USING gin (doc extra.gin_trgm_ops);
  CREATE TABLE parted (id int) PARTITION BY RANGE (id);
  CREATE TABLE part1 PARTITION OF parted FOR VALUES FROM (1) TO (10);
  CREATE VIEW seen AS SELECT * FROM parent;
  CREATE MATERIALIZED VIEW kept AS SELECT * FROM parent;
  CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
  CREATE PROCEDURE p() LANGUAGE sql AS '';
  CREATE AGGREGATE total (int) (SFUNC = int4pl, STYPE = int);
  CREATE TRIGGER t AFTER INSERT ON parent EXECUTE FUNCTION f();
  CREATE RULE r AS ON DELETE TO parent DO INSTEAD NOTHING;
  CREATE POLICY everything ON parent;
  CREATE STATISTICS st ON id, mood FROM parent;
  CREATE COLLATION c (LOCALE = 'C');
  CREATE TEXT SEARCH CONFIGURATION words (COPY = simple);
  CREATE TEXT SEARCH DICTIONARY dict (TEMPLATE = simple);
  CREATE FUNCTION to_email(int) RETURNS email LANGUAGE sql AS $$ SELECT 'a@b'::email $$;
  CREATE CAST (int AS email) WITH FUNCTION to_email(int);
  CREATE FUNCTION same(pair, pair) RETURNS boolean LANGUAGE sql AS 'SELECT true';
  CREATE OPERATOR === (LEFTARG = pair, RIGHTARG = pair, FUNCTION = same);
  CREATE OPERATOR FAMILY fam USING btree;
  CREATE SEQUENCE counter;
  CREATE FOREIGN DATA WRAPPER wrapper;
  CREATE SERVER elsewhere FOREIGN DATA WRAPPER wrapper;
  CREATE USER MAPPING FOR CURRENT_USER SERVER elsewhere;
  CREATE FOREIGN TABLE far (id int) SERVER elsewhere;
  CREATE PUBLICATION pub FOR TABLE parent;
  CREATE FUNCTION e() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
  CREATE EVENT TRIGGER et ON ddl_command_end EXECUTE FUNCTION e();
  ALTER DEFAULT PRIVILEGES IN SCHEMA extra GRANT SELECT ON TABLES TO PUBLIC;
  COMMENT ON TABLE parent IS 'a comment';
  GRANT SELECT ON parent TO PUBLIC;
  REVOKE ALL ON SCHEMA public FROM PUBLIC;
  COMMENT ON SCHEMA public IS 'mine';
  SELECT lo_from_bytea(0, '\\x00');
  CREATE TABLE confiture_migrations (version text);
`;

/** What no schema holds, so that dropping schemas does not take it along. */
const OUTSIDE_SCHEMAS = `
  ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC;
  CREATE CAST (int AS jsonb) WITH INOUT;
  CREATE ACCESS METHOD am TYPE INDEX HANDLER bthandler;
  ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
  ALTER DEFAULT PRIVILEGES REVOKE ALL ON TYPES FROM PUBLIC;
  ALTER DEFAULT PRIVILEGES FOR ROLE pg_monitor GRANT USAGE ON SCHEMAS TO pg_read_all_stats;
  ALTER DEFAULT PRIVILEGES REVOKE ALL ON SEQUENCES FROM CURRENT_USER;
`;

const query = (b: Building) => (sql: string) => b.query(sql);

for (const engine of newestAndEmbedded) {
  describe(engine.name, () => {
    test("--fresh leaves nothing of what was there, and then builds", async () => {
      const furniture =
        engine.kind === "server"
          ? FURNITURE
          : FURNITURE.replaceAll(/^.*(CREATE EXTENSION|gin_trgm_ops|PUBLICATION).*$/gm, "");
      await using b = await building(engine, { "1.sql": "SELECT 1" });
      const nothing = await countUserObjects(query(b));
      const [untouched] = await b.query(PUBLIC_SCHEMA);
      for (let round = 0; round < 2; round++) {
        await b.database.execute(furniture);
        await b.build({ fresh: true });
        expect(await b.relations()).toEqual([]);
        // The schema public is a new one.
        expect(await countUserObjects(query(b))).toEqual({ ...nothing, pg_namespace: 1 });
        expect(await b.query(PUBLIC_SCHEMA)).toEqual([untouched!]);
      }
      await b.project.write("db/schema/1.sql", "CREATE TABLE only_this (id int)");
      await b.build({ fresh: true });
      expect(await b.relations()).toEqual(["only_this"]);
    });

    test("--fresh with a build that fails leaves everything as it was", async () => {
      await using b = await building(engine, {
        "1.sql": "CREATE TABLE fresh (id int);",
        "2.sql": "SELECT * FROM old;",
      });
      await b.database.execute(
        "CREATE TABLE old (id int); INSERT INTO old VALUES (1); CREATE SCHEMA s; CREATE TABLE s.t (id int)",
      );
      await b.database.execute("SELECT lo_from_bytea(0, '\\x00')");
      const error = await failureOf(b.build({ fresh: true }));
      expect(error.server?.sqlstate).toBe("42P01");
      expect(await b.relations()).toEqual(["old"]);
      expect(await b.relations("s")).toEqual(["t"]);
      expect(await b.query("SELECT id FROM old")).toEqual([{ id: 1 }]);
      expect(await b.query("SELECT count(*)::int AS n FROM pg_largeobject_metadata")).toEqual([{ n: 1 }]);
    });
  });
}

for (const engine of newestServer) {
  describe(engine.name, () => {
    test("--fresh takes along what no schema holds", async () => {
      await using b = await building(engine, { "1.sql": "SELECT 1" });
      const nothing = await countUserObjects(query(b));
      await b.database.execute(OUTSIDE_SCHEMAS);
      await b.build({ fresh: true });
      expect(await countUserObjects(query(b))).toEqual({ ...nothing, pg_namespace: 1 });
      expect(await b.query("SELECT * FROM pg_default_acl")).toEqual([]);
    });

    test("--fresh without the transaction", async () => {
      await using b = await building(engine, {
        "1.sql": "CREATE TABLE a (id int);\nCREATE INDEX CONCURRENTLY i ON a (id);",
      });
      await b.database.execute("CREATE TABLE old (id int)");
      await b.build({ fresh: true, transaction: false });
      expect(await b.relations()).toEqual(["a", "i"]);
      await b.project.write("db/schema/2.sql", "\\connect x");
      await failureOf(b.build({ fresh: true, transaction: false }));
      expect(await b.relations()).toEqual(["a", "i"]);
    });

    test("--fresh with a search_path that shadows, and settings of the session", async () => {
      await using b = await building(engine, { "1.sql": "CREATE TABLE a (id int)" });
      await b.database.execute(`
        CREATE SCHEMA evil;
        CREATE FUNCTION evil.format(text, name) RETURNS text LANGUAGE sql AS $$ SELECT 'SELECT 1/0' $$;
        CREATE FUNCTION evil.set_config(text, text, boolean) RETURNS text LANGUAGE sql AS $$ SELECT 'lie' $$;
        CREATE FUNCTION evil.differs(name, text) RETURNS boolean LANGUAGE sql AS 'SELECT false';
        CREATE OPERATOR evil.<> (LEFTARG = name, RIGHTARG = text, FUNCTION = evil.differs);
        CREATE VIEW evil.pg_namespace AS SELECT 'none'::name AS nspname WHERE false;
        SET search_path = evil, pg_catalog, public;`);
      await b.build({ fresh: true });
      await b.database.execute("RESET ALL");
      expect(await b.relations()).toEqual(["a"]);
      expect(await b.query("SELECT 1 FROM pg_namespace WHERE nspname = 'evil'")).toEqual([]);
    });

    test("an owner who is no superuser can start afresh", async () => {
      const role = `owner_${process.pid}_${engine.major}`;
      await using b = await building(engine, { "1.sql": "CREATE TABLE a (id int)" });
      await b.database.execute(`CREATE ROLE ${role}`);
      try {
        const [row] = await b.query<{ name: string }>("SELECT current_database() AS name");
        await b.database.execute(
          `ALTER DATABASE "${row?.name}" OWNER TO ${role}; ALTER SCHEMA public OWNER TO ${role}; SET ROLE ${role}; CREATE TABLE old (id int); CREATE SCHEMA s`,
        );
        await b.build({ fresh: true });
        expect(await b.relations()).toEqual(["a"]);
        await b.build({ fresh: true });
        expect(await b.relations()).toEqual(["a"]);
      } finally {
        await b.database.execute(
          `RESET ROLE; REASSIGN OWNED BY ${role} TO postgres; DROP OWNED BY ${role}; DROP ROLE ${role}`,
        );
      }
    });
  });
}
