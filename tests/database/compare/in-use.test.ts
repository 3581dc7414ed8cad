import { describe, expect, test } from "bun:test";
import { executeSchema } from "#build/builder.ts";
import { type Drift, findDrift } from "#compare/drift.ts";
import { planApply } from "#compare/apply.ts";
import { generateMigrations } from "#compare/generate/generate.ts";
import { planBetween, segmentsOf, statementsOf } from "#compare/generate/plan.ts";
import type { ScratchSite } from "#scratch/site.ts";
import { schemaBuild } from "#compare/sources/sources.ts";
import { readCatalogue } from "#compare/catalogue/catalogue.ts";
import { reword } from "#compare/sources/rebuild.ts";
import { withDatabase } from "#database/open.ts";
import { Secret, type ServerTarget } from "#database/target.ts";
import { up } from "#migrate/migrator.ts";
import { serverEngines, type TestDatabase } from "../../support/engines.ts";
import { type TemporaryProject, temporaryProject } from "../../support/project.ts";
import { MAJORS, server } from "../../support/servers.ts";
import { EVERYTHING } from "./everything.ts";
import { filesOf } from "./project-files.ts";

const EMBEDDED: ScratchSite = { engine: "embedded" };
/** Another version for most servers, which starts sooner than the embedded one. */
const newest = async (): Promise<ServerTarget> => (await server(MAJORS.at(-1))).target("postgres");
const NOTHING_MORE = { owners: false, grants: false, extensionVersions: false };

/** Definitions that PostgreSQL writes out anew: 14, 16 and 18 in different words, and again in others when re-read. */
const SCHEMA = `
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE DOMAIN positive AS int CHECK (VALUE > 0 AND VALUE NOT IN (7, 8));
CREATE TABLE users (
  id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name varchar(20) NOT NULL CHECK (name IN ('a', 'b')),
  created timestamptz NOT NULL DEFAULT now() - interval '1 day',
  shout text GENERATED ALWAYS AS (upper(name) || '!') STORED,
  feeling mood DEFAULT 'ok',
  n positive,
  CONSTRAINT few CHECK (n BETWEEN 1 AND 10 AND (name LIKE 'a%' OR name ~ '^b'))
);
CREATE INDEX recent ON users (lower(name), created DESC) WHERE created > '2020-01-01' AND name IN ('a', 'b');
CREATE TABLE posts (id bigserial PRIMARY KEY, author int REFERENCES users ON DELETE CASCADE, body text, tags text[] DEFAULT '{}');
CREATE VIEW authors AS
  SELECT u.id, u.name, count(*) AS posts FROM users u JOIN posts p ON p.author = u.id GROUP BY u.id HAVING count(*) > 1;
CREATE VIEW few_names AS SELECT * FROM users WHERE name IN ('a', 'b') AND extract(year FROM created) > 2000;
CREATE MATERIALIZED VIEW counts AS WITH x AS (SELECT author, count(*) c FROM posts GROUP BY 1) SELECT * FROM x;
CREATE FUNCTION more(a int) RETURNS int LANGUAGE sql IMMUTABLE RETURN a + 1;
CREATE FUNCTION t() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER tr BEFORE UPDATE OF name ON users FOR EACH ROW
  WHEN (OLD.name IS DISTINCT FROM NEW.name) EXECUTE FUNCTION t();
CREATE RULE gone AS ON DELETE TO posts DO ALSO NOTIFY gone;
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON users FOR SELECT TO in_use_reader USING (name = current_user AND id IN (SELECT author FROM posts));
CREATE TABLE logs (at date NOT NULL, msg text) PARTITION BY RANGE (at);
CREATE TABLE logs_2024 PARTITION OF logs FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE STATISTICS st (dependencies) ON name, created FROM users;
GRANT SELECT ON users TO in_use_reader;
GRANT ALL ON posts TO in_use_reader;
ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO in_use_reader;
`;

const ROLES = ["in_use_reader", "in_use_owner", "in_use_admin", "everything_reader", "everything_writer"];

const names = ({ changes }: Pick<Drift, "changes">): string[] =>
  changes.map(({ change, kind, name }) => `${change} ${kind} ${name}`);

/** What differs between versions differs between these. */
const OLDEST_AND_NEWEST = new Set([serverEngines[0], serverEngines.at(-1)]);

for (const engine of serverEngines.filter((each) => OLDEST_AND_NEWEST.has(each))) {
  describe(engine.name, () => {
    interface Place extends AsyncDisposable {
      readonly project: TemporaryProject;
      readonly database: TestDatabase;
      readonly target: ServerTarget;
      drift(scratch: ScratchSite, terms?: Partial<typeof NOTHING_MORE>): Promise<Drift>;
    }

    /** A database that somebody other than the superuser built from the schema files. */
    async function deployed(schema: string, before = ""): Promise<Place> {
      const instance = await server(engine.major);
      for (const role of ROLES) {
        const there = await instance.sql("SELECT FROM pg_roles WHERE rolname = $1", [role]);
        if (there.length === 0) await instance.sql(`CREATE ROLE ${role} SUPERUSER`);
      }
      const project = await temporaryProject({ "db/schema/all.sql": schema });
      const database = await engine.fresh();
      const target = database.target as ServerTarget;
      await withDatabase(target, {}, async (session) => {
        await session.execute(`${before}; SET ROLE in_use_owner`);
        await executeSchema(session, { ...schemaBuild(filesOf(project.dir)), fresh: false });
      });
      return {
        project,
        database,
        target,
        drift: (scratch, terms) =>
          findDrift({
            ...filesOf(project.dir),
            target,
            scratch,
            against: undefined,
            terms: { ...NOTHING_MORE, ...terms },
            ignore: [],
          }),
        [Symbol.asyncDispose]: async () => {
          await database.drop();
          await project.remove();
        },
      };
    }

    test("definitions in the words of another version differ only where they say something else", async () => {
      await using place = await deployed(SCHEMA);
      const clean = await place.drift(EMBEDDED);
      expect(names(clean)).toEqual([]);
      expect(clean.unreworded).toEqual([]);
      // As a dump and its restore leave it.
      const [check] = await place.database.query(
        "SELECT pg_get_constraintdef(oid) AS definition FROM pg_constraint WHERE conname = 'users_name_check'",
      );
      await place.database.query(
        `ALTER TABLE users DROP CONSTRAINT users_name_check, ADD CONSTRAINT users_name_check ${String(check!["definition"])}`,
      );
      expect(names(await place.drift(place.target))).toEqual([]);
      await place.database.query(
        "ALTER TABLE users DROP CONSTRAINT few, ADD CONSTRAINT few CHECK (n BETWEEN 1 AND 11)",
      );
      await place.database.query("DROP POLICY own ON users");
      await place.database.query("CREATE POLICY own ON users FOR SELECT TO in_use_reader USING (name = current_user)");
      await place.database.query(
        "CREATE OR REPLACE VIEW authors AS SELECT u.id, u.name, count(*) AS posts FROM users u JOIN posts p ON p.author = u.id GROUP BY u.id",
      );
      await place.database.query("ALTER TABLE posts ALTER body SET STORAGE EXTERNAL");
      await place.database.query("DROP STATISTICS st");
      await place.database.query("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'recent'::regclass");
      // Of another version, or of its own.
      const drift = await place.drift(await newest());
      expect(names(drift).toSorted()).toEqual([
        "added storage public.posts.body",
        "changed constraint public.users.few",
        "changed index public.recent",
        "changed policy public.users.own",
        "changed view public.authors",
        "dropped statistics object public.st",
      ]);
    });

    test("what belongs to the server is no drift: roles, other people's grants, owners, versions of extensions", async () => {
      const versions = "CREATE EXTENSION citext WITH VERSION '1.4'";
      await using place = await deployed(
        "CREATE EXTENSION IF NOT EXISTS citext;\nCREATE TABLE t (a citext, b int);\nGRANT ALL ON t TO in_use_reader;\nCREATE VIEW v AS SELECT a, b FROM t;\nGRANT SELECT (b) ON v TO in_use_reader;",
        versions,
      );
      await place.database.query("GRANT SELECT ON t TO in_use_admin");
      await place.database.query("GRANT SELECT (a), UPDATE (b) ON v TO in_use_admin");
      await place.database.query("GRANT USAGE ON LANGUAGE plpgsql TO in_use_admin");
      // As an administrator lets the owner of a project make objects, since PostgreSQL 15.
      await place.database.query("GRANT CREATE ON SCHEMA public TO in_use_owner");
      await place.database.query(
        "ALTER DEFAULT PRIVILEGES FOR ROLE in_use_owner GRANT SELECT ON TABLES TO in_use_admin",
      );
      await place.database.query("ALTER ROLE in_use_owner LOGIN PASSWORD 'owner'");
      const asOwner = { ...place.target, user: "in_use_owner", password: new Secret("owner") };
      for (const scratch of [EMBEDDED, place.target, asOwner]) {
        const drift = await place.drift(scratch);
        expect(names(drift)).toEqual([]);
        expect(drift.leftOut).toEqual(["in_use_admin", "in_use_owner"]);
      }
      expect(names(await place.drift(place.target, { grants: true }))).toEqual([
        "added language grants plpgsql",
        expect.stringContaining("added default privileges"),
        "added grants on schema public to in_use_owner",
        "added grants on table public.t to in_use_admin",
        "added column grants public.v.a",
        "changed column grants public.v.b",
      ]);
      expect(names(await place.drift(place.target, { owners: true }))).toContain("changed table public.t");
      expect(names(await place.drift(place.target, { extensionVersions: true }))).toEqual([
        "changed extension version citext",
      ]);
      // Something that the files do speak of counts.
      await place.database.query("REVOKE INSERT ON t FROM in_use_reader");
      await place.database.query("GRANT SELECT (a) ON t TO PUBLIC");
      expect(names(await place.drift(place.target))).toEqual([
        "added grants on table public.t to PUBLIC",
        "changed grants on table public.t to in_use_reader",
      ]);
    });

    // The newest writes definitions as the embedded engine does: what follows is harder on the oldest.
    if (engine !== serverEngines[0]) return;

    test("a migration from a database in use is proven, and applies to it", async () => {
      await using place = await deployed(SCHEMA);
      const files = filesOf(place.project.dir);
      // As a CREATE INDEX CONCURRENTLY that failed leaves it.
      await place.database.query("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'recent'::regclass");
      const held = await withDatabase(place.target, {}, (session) => readCatalogue(session));
      const { catalogue } = await reword({ scratch: await newest() }, held);
      expect(catalogue.facts.get({ kind: "index", schema: "public", name: "recent" })?.payload["valid"]).toBe(false);
      const edited = SCHEMA.replace("body text,", "body text NOT NULL DEFAULT '', stars int,").replace(
        "('a', 'b')),",
        "('a', 'b', 'c')),",
      );
      await place.project.write("db/schema/all.sql", edited);
      const generated = await generateMigrations({
        ...files,
        scratch: place.target,
        from: { kind: "live", target: place.target, name: "env:production" },
        renames: [],
        noDown: false,
        online: false,
      });
      expect(generated.byHand).toMatchObject({ up: [{ kind: "index", name: "public.recent" }], down: [] });
      const sql = generated.migrations.flatMap((migration) => migration.up.map((statement) => statement.sql));
      expect(sql.join("\n")).toContain("ADD COLUMN stars");
      expect(sql.join("\n")).not.toMatch(/VIEW|POLICY|INDEX|GRANT|REVOKE|OWNER/);
      await place.project.write("db/migrations/1_edit.sql", generated.migrations[0]!.text);
      const migrating = { ...files, dir: files.migrationsDir, lockWait: 0, lockTimeout: 0, statementTimeout: 0 };
      expect((await up({ ...migrating, target: place.target }, {})).error).toBeUndefined();
      expect(names(await place.drift(await newest()))).toEqual(["changed index public.recent"]);
    });

    test("a migration from a database in use leaves versions of extensions, which files and database agree about", async () => {
      const schema = "CREATE EXTENSION citext VERSION '1.4';\nCREATE TABLE t (a citext);";
      await using place = await deployed(schema);
      await place.project.write("db/schema/all.sql", `${schema}\nCREATE TABLE more (a int);`);
      const { migrations } = await generateMigrations({
        ...filesOf(place.project.dir),
        scratch: place.target,
        from: { kind: "live", target: place.target, name: "env:production" },
        renames: [],
        noDown: false,
        online: false,
      });
      const sql = migrations.flatMap((migration) => migration.up.map((statement) => statement.sql));
      expect(sql).toEqual([expect.stringContaining("CREATE TABLE public.more")]);
    });

    test("what is made anew keeps grants of which no file speaks, and a migration tells which it loses", async () => {
      const schema = "CREATE TABLE t (a int, b int);\nCREATE VIEW v AS SELECT a FROM t;\n";
      await using place = await deployed(schema);
      await place.database.query("GRANT SELECT ON v TO in_use_admin");
      await place.database.query("GRANT UPDATE (a) ON v TO in_use_admin");
      await place.database.query("GRANT SELECT (b), INSERT ON t TO in_use_admin");
      await place.project.write("db/schema/all.sql", schema.replace("a int", "a bigint"));
      const again = ["GRANT SELECT ON TABLE public.v TO in_use_admin", "GRANT UPDATE (a) ON public.v TO in_use_admin"];
      for (const scratch of [EMBEDDED, place.target]) {
        const files = { ...filesOf(place.project.dir), scratch };
        const drift = await place.drift(scratch);
        expect(names(drift)).toEqual(["changed column public.t.a"]);
        const closing = statementsOf(segmentsOf(await planBetween(files, drift.gap)));
        expect(closing.filter((sql) => /GRANT|REVOKE/.test(sql))).toEqual(again);
        const from = { kind: "live", target: place.target, name: "env:production" } as const;
        const options = { ...files, from, renames: [], noDown: false, online: false };
        const { migrations, lostGrants } = await generateMigrations(options);
        expect(migrations.map(({ text }) => text).join("\n")).not.toMatch(/GRANT|REVOKE/);
        expect(lostGrants).toEqual(["view public.v to in_use_admin"]);
        const { parts, ...applied } = await planApply(options);
        for (const grant of again) expect(parts.map(({ sql }) => sql).join("\n")).toContain(`${grant};`);
        expect(applied.lostGrants).toEqual([]);
      }
    });

    test("what is made anew keeps its owner, and a migration tells whose it is no more", async () => {
      const schema = `CREATE TABLE t (a int);
        CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';
        CREATE VIEW v AS SELECT a FROM t;
        CREATE MATERIALIZED VIEW m AS SELECT a FROM t;
        CREATE TYPE kind AS ENUM ('a', 'b');
        CREATE TABLE kinds (k kind);
        CREATE FUNCTION g(k kind) RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';
      `;
      await using place = await deployed(schema);
      await place.database.query("ALTER FUNCTION f() OWNER TO in_use_admin");
      await place.database.query("ALTER TYPE kind OWNER TO in_use_admin");
      await place.database.query("ALTER FUNCTION g(kind) OWNER TO in_use_admin");
      await place.database.query("ALTER MATERIALIZED VIEW m OWNER TO in_use_admin");
      await place.database.query("GRANT SELECT (a) ON m TO in_use_reader");
      const wanted = schema
        .replace("a int", "a bigint")
        .replaceAll("RETURNS int", "RETURNS bigint")
        .replace(", 'b'", "");
      await place.project.write("db/schema/all.sql", wanted);
      const again = [
        "ALTER FUNCTION public.f() OWNER TO in_use_admin",
        "ALTER TYPE public.kind OWNER TO in_use_admin",
        "ALTER FUNCTION public.g(public.kind) OWNER TO in_use_admin",
        "ALTER VIEW public.v OWNER TO in_use_owner",
        "ALTER MATERIALIZED VIEW public.m OWNER TO in_use_admin",
      ];
      const files = { ...filesOf(place.project.dir), scratch: place.target };
      const closing = statementsOf(segmentsOf(await planBetween(files, (await place.drift(place.target)).gap)));
      expect(closing.map((sql) => sql.replaceAll('"', ""))).toEqual(expect.arrayContaining(again));
      const from = { kind: "live", target: place.target, name: "env:production" } as const;
      const options = { ...files, from, renames: [], noDown: true, online: false, permit: () => {} };
      const { migrations, lostOwners, lostGrants } = await generateMigrations(options);
      expect(migrations.map(({ text }) => text).join("\n")).not.toContain("OWNER TO");
      expect(lostGrants).toEqual(["materialized view public.m to in_use_reader"]);
      expect(lostOwners).toEqual(
        expect.arrayContaining([
          "function public.f() of in_use_admin",
          "function public.g(public.kind) of in_use_admin",
          "type public.kind of in_use_admin",
          "materialized view public.m of in_use_admin",
          "view public.v of in_use_owner",
        ]),
      );
      const { parts, ...applied } = await planApply(options);
      expect(applied).toMatchObject({ lostOwners: [], lostGrants: [] });
      const run = parts.map(({ sql }) => sql.replaceAll(/\s+OWNER TO/g, " OWNER TO")).join("\n");
      for (const sql of [...again, "GRANT SELECT (a) ON public.m TO in_use_reader"]) expect(run).toContain(`${sql};`);
      await place.database.query(run);
    });

    test("an identity that becomes serial keeps grants on its sequence, and the other way round", async () => {
      const tables = ["a", "b"] as const;
      const schema = (a: string, b: string): string => `CREATE TABLE a (id ${a});\nCREATE TABLE b (id ${b});\n`;
      const [serial, identity] = ["serial PRIMARY KEY", "int GENERATED ALWAYS AS IDENTITY PRIMARY KEY"] as const;
      await using place = await deployed(schema(serial, identity));
      for (const table of tables)
        await place.database.query(`GRANT SELECT, USAGE ON SEQUENCE ${table}_id_seq TO in_use_admin`);
      await place.project.write("db/schema/all.sql", schema(identity, serial));
      const files = { ...filesOf(place.project.dir), scratch: EMBEDDED };
      const from = { kind: "live", target: place.target, name: "env:production" } as const;
      const { parts } = await planApply({ ...files, from, renames: [], noDown: true, online: false });
      await place.database.query(parts.map(({ sql }) => sql).join("\n"));
      for (const table of tables) {
        // Superusers may do anything: only what is granted counts.
        const [found] = await place.database.query(
          `SELECT count(*)::int AS n FROM pg_class, aclexplode(relacl) WHERE relname = '${table}_id_seq' AND pg_get_userbyid(grantee) = 'in_use_admin'`,
        );
        expect({ table, n: found!["n"] }).toEqual({ table, n: 2 });
      }
    });

    test("what a plan may use is what the server knows, and not the scratch database", async () => {
      await using place = await deployed("CREATE TABLE t (a int, b int GENERATED ALWAYS AS (a + 1) STORED);");
      await place.project.write(
        "db/schema/all.sql",
        "CREATE TABLE t (a int, b int GENERATED ALWAYS AS (a + 2) STORED);",
      );
      const files = { ...filesOf(place.project.dir), scratch: EMBEDDED };
      const from = { kind: "live", target: place.target, name: "env:production" } as const;
      const options = { ...files, from, renames: [], noDown: false, online: false };
      const expected =
        engine.major >= 17
          ? ["ALTER TABLE public.t ALTER COLUMN b SET EXPRESSION AS ((a + 2))"]
          : [
              "ALTER TABLE public.t DROP COLUMN b",
              "ALTER TABLE public.t ADD COLUMN b integer GENERATED ALWAYS AS ((a + 2)) STORED",
            ];
      const sqlOf = ({ migrations }: Awaited<ReturnType<typeof generateMigrations>>): string[] =>
        migrations.flatMap((migration) => migration.up.map(({ sql }) => sql.replaceAll('"', "")));
      expect(sqlOf(await generateMigrations(options))).toEqual(expected);
      expect(sqlOf(await planApply(options))).toEqual(expected);
      const { gap } = await place.drift(EMBEDDED);
      expect(statementsOf(segmentsOf(await planBetween(files, gap))).map((sql) => sql.replaceAll('"', ""))).toEqual(
        expected,
      );
    });

    test("every kind of object: no drift, and nothing to generate", async () => {
      await using place = await deployed(EVERYTHING);
      const drift = await place.drift(EMBEDDED);
      expect(names(drift)).toEqual([]);
      expect(drift.unreworded).toEqual([]);
      const generated = await generateMigrations({
        ...filesOf(place.project.dir),
        scratch: place.target,
        from: { kind: "live", target: place.target, name: "env:production" },
        renames: [],
        noDown: false,
        online: false,
      });
      expect(generated).toMatchObject({ migrations: [], byHand: { up: [], down: [] } });
    });

    test("the ledger does not appear, whatever its name and wherever it is", async () => {
      await using place = await deployed("CREATE TABLE t (a int);");
      await place.database.query("CREATE SCHEMA ops");
      const files = { ...filesOf(place.project.dir), table: "ops.history" };
      await place.project.write("db/migrations/1_none.sql", "SELECT 1;");
      const migrating = { ...files, dir: files.migrationsDir, lockWait: 0, lockTimeout: 0, statementTimeout: 0 };
      expect((await up({ ...migrating, target: place.target }, {})).error).toBeUndefined();
      const options = { ...files, target: place.target, against: undefined, terms: NOTHING_MORE, ignore: [] };
      expect(names(await findDrift({ ...options, scratch: place.target }))).toEqual([]);
      await place.database.query("CREATE TABLE ops.other (a int)");
      expect(names(await findDrift({ ...options, scratch: place.target }))).toEqual(["added schema ops"]);
    });
  });
}
