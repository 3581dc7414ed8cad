import { describe, expect, test } from "bun:test";
import { generateMigrations } from "#compare/generate/generate.ts";
import type { Source } from "#compare/sources/sources.ts";
import { withDatabase } from "#database/open.ts";
import { Secret, type ServerTarget } from "#database/target.ts";
import { up } from "#migrate/migrator.ts";
import { baseline } from "#migrate/record.ts";
import { serverEngines } from "../../support/engines.ts";
import { temporaryProject } from "../../support/project.ts";
import { server } from "../../support/servers.ts";
import { filesOf } from "./project-files.ts";

/** What belongs to others. */
const PLATFORM = "CREATE SCHEMA plat; CREATE TABLE plat.a ();";
const DEFAULTS = ["TABLES", "SEQUENCES", "FUNCTIONS", "TYPES"]
  .map((kind) => `ALTER DEFAULT PRIVILEGES FOR ROLE rights_app IN SCHEMA app GRANT ALL ON ${kind} TO rights_anon;`)
  .join("\n");
const BASE = `${PLATFORM}\nCREATE SCHEMA app;\nCREATE TABLE app.one (id int PRIMARY KEY);\n`;
const MORE = `
CREATE TYPE app.kind AS ENUM ('a');
CREATE TABLE app.secrets (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "No" serial, kind app.kind);
CREATE VIEW app.seen AS SELECT id FROM app.secrets;
CREATE FUNCTION app.f(a int, VARIADIC b text[]) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE TABLE app.shared (id int);
GRANT SELECT ON app.shared TO rights_anon;
ALTER TABLE app.one ADD n int GENERATED ALWAYS AS IDENTITY;
`;

const GIVEN = `
  SELECT c.relname || ' ' || privilege_type AS given
    FROM pg_class c, aclexplode(c.relacl) a WHERE grantee = 'rights_anon'::regrole
  UNION ALL SELECT p.proname || ' ' || privilege_type FROM pg_proc p, aclexplode(p.proacl) a WHERE grantee = 'rights_anon'::regrole
  UNION ALL SELECT t.typname || ' ' || privilege_type FROM pg_type t, aclexplode(t.typacl) a WHERE grantee = 'rights_anon'::regrole
  ORDER BY 1`;

for (const engine of serverEngines) {
  describe(engine.name, () => {
    test("a generated migration exposes nothing that the schema does not, whichever role runs it", async () => {
      const instance = await server(engine.major);
      await instance.sql("DROP ROLE IF EXISTS rights_anon").catch(() => []);
      for (const role of ["rights_anon", "rights_app LOGIN CREATEDB PASSWORD 'rights'"])
        await instance.sql(`CREATE ROLE ${role}`).catch(() => []);
      await using database = await engine.fresh();
      const superuser = database.target as ServerTarget;
      await database.query(`ALTER DATABASE ${superuser.database} OWNER TO rights_app`);
      if (engine.major >= 15) await database.query("ALTER SCHEMA public OWNER TO rights_app");
      const target = { ...superuser, user: "rights_app", password: new Secret("rights") };
      await withDatabase(superuser, {}, (session) => session.execute(PLATFORM));
      await withDatabase(target, {}, (session) => session.execute(`${BASE.slice(PLATFORM.length)}${DEFAULTS}`));
      await using project = await temporaryProject({
        "db/schema/1_base.sql": BASE,
        "db/schema/2_more.sql": MORE,
        "db/schema/3_defaults.sql": DEFAULTS,
        "db/migrations/1_base.sql": `${BASE}${DEFAULTS}`,
      });
      const files = filesOf(project.dir);
      const migrating = { ...files, dir: files.migrationsDir, lockWait: 0, lockTimeout: 0, statementTimeout: 0 };
      await baseline({ ...migrating, target }, undefined);
      const from: Source = { kind: "migrations" };
      const generated = await generateMigrations({
        ...files,
        scratch: superuser,
        from,
        renames: [],
        noDown: false,
        online: false,
      });
      await project.write("db/migrations/2_more.sql", generated.migrations[0]!.text);
      expect((await up({ ...migrating, target }, {})).error).toBeUndefined();
      const offline = { ...files, scratch: superuser, renames: [], noDown: false, online: false };
      await project.write("db/schema/3_defaults.sql", "CREATE TABLE app.later (id int);");
      await project.write("db/schema/2_more.sql", MORE.replace(/GRANT .*/, ""));
      const live = await generateMigrations({ ...offline, from: { kind: "live", target, name: "env:production" } });
      expect(live.givenByDefault).toEqual(["rights_anon"]);
      expect((await database.query(GIVEN)).map(({ given }) => given)).toEqual(["shared SELECT"]);
    });
  });
}
