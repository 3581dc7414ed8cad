import { describe, expect, test } from "bun:test";
import { executeSchema } from "#build/builder.ts";
import { type Drift, findDrift } from "#compare/drift.ts";
import { planBetween, segmentsOf, statementsOf } from "#compare/generate/plan.ts";
import { schemaBuild } from "#compare/sources/sources.ts";
import { withDatabase } from "#database/open.ts";
import type { ServerTarget } from "#database/target.ts";
import { importMigrations } from "#migrate/import/import.ts";
import { down, up } from "#migrate/migrator.ts";
import { baseline } from "#migrate/record.ts";
import { newestServer, type TestDatabase } from "../../support/engines.ts";
import { type TemporaryProject, temporaryProject } from "../../support/project.ts";
import { failureOf } from "../failure.ts";
import { filesOf } from "./project-files.ts";

const SCHEMA = "CREATE TABLE users (id int PRIMARY KEY, name varchar(20) CHECK (name IN ('a', 'b')), bio text);\n";
const BIO = "-- migrate:up\nALTER TABLE users ADD bio text;\n-- migrate:down\nALTER TABLE users DROP bio;\n";

function options({ dir }: TemporaryProject, { target }: TestDatabase) {
  return {
    ...filesOf(dir),
    scratch: target as ServerTarget,
    target,
    against: undefined,
    terms: { owners: false, grants: false, extensionVersions: false },
    ignore: [],
  };
}

const names = ({ changes }: Drift): string[] => changes.map(({ change, kind, name }) => `${change} ${kind} ${name}`);

for (const engine of newestServer) {
  describe(engine.name, () => {
    /** A database built from the schema files, with every migration recorded. */
    async function deployed(): Promise<{ project: TemporaryProject; database: TestDatabase } & AsyncDisposable> {
      const project = await temporaryProject({
        "db/schema/users.sql": SCHEMA,
        "db/migrations/1_bio.sql": BIO,
      });
      const database = await engine.fresh();
      const given = options(project, database);
      await withDatabase(database.target, {}, (session) =>
        executeSchema(session, { ...schemaBuild(given), fresh: false }),
      );
      await baseline(
        { ...given, dir: given.migrationsDir, lockWait: 0, lockTimeout: 0, statementTimeout: 0 },
        undefined,
      );
      return {
        project,
        database,
        [Symbol.asyncDispose]: async () => {
          await database.drop();
          await project.remove();
        },
      };
    }

    test.each([
      ["with ways back", BIO],
      ["without", "ALTER TABLE users ADD bio text;\n"],
    ])(
      "a database that was made of the base alone, or built, and never recorded has not drifted: migrations %s",
      async (_, migration) => {
        const base = SCHEMA.replace(", bio text", "");
        await using project = await temporaryProject({
          "db/schema/users.sql": SCHEMA,
          "db/migrations/base.sql": base,
          "db/migrations/1_bio.sql": migration,
        });
        const database = await engine.fresh();
        try {
          await database.query(base);
          expect(await findDrift(options(project, database))).toMatchObject({ changes: [], pending: ["1"] });
          await database.query("ALTER TABLE users ADD hacked int");
          const drift = await findDrift(options(project, database));
          expect([names(drift), drift.pending]).toEqual([["added column public.users.hacked"], ["1"]]);
          await database.query("ALTER TABLE users DROP hacked, ADD bio text");
          expect(await findDrift(options(project, database))).toMatchObject({ changes: [], pending: [] });
        } finally {
          await database.drop();
        }
      },
    );

    test("nor has one that was built, after a run of what is there already has failed", async () => {
      await using project = await temporaryProject({ "db/schema/q.sql": SCHEMA, "db/migrations/1_q.sql": SCHEMA });
      const database = await engine.fresh();
      try {
        const given = options(project, database);
        await database.query(SCHEMA);
        const run = { ...given, dir: given.migrationsDir, lockWait: 0, lockTimeout: 0, statementTimeout: 0 };
        expect((await up(run, {})).error?.message).toContain("already exists");
        expect(names(await findDrift(given))).toEqual([]);
      } finally {
        await database.drop();
      }
    });

    test("what was deployed has not drifted; what someone did by hand is found", async () => {
      await using place = await deployed();
      const given = options(place.project, place.database);
      expect(names(await findDrift(given))).toEqual([]);
      await place.database.query("ALTER TABLE users ADD hacked int");
      await place.database.query("ALTER TABLE users ALTER name TYPE varchar(40)");
      await place.database.query("CREATE TABLE audit (id int)");
      const changed = [
        "added table public.audit",
        "added column public.users.hacked",
        "changed column public.users.name",
      ];
      expect(names(await findDrift(given))).toEqual(expect.arrayContaining(changed));
      const ignoring = await findDrift({ ...given, ignore: ["public.audit*", "public.users.*"] });
      expect(names(ignoring)).toEqual([]);
    });

    test("its plan makes the database what it should be, and leaves alone what is ignored", async () => {
      await using place = await deployed();
      const given = { ...options(place.project, place.database), ignore: ["audit.*", "public.users.email"] };
      const more = { ...given, ignore: [...given.ignore, "schema:audit"] };
      await place.database.query(
        "CREATE SCHEMA audit; CREATE TABLE audit.log (id int); ALTER TABLE users ADD hacked int, DROP bio, ADD email text",
      );
      // The schema goes with what is in it, which is to stay.
      const dropping = await findDrift(given);
      expect(await failureOf(planBetween(given, dropping.gap))).toMatchObject({ code: "generate_refused" });
      const { gap } = await findDrift(more);
      const sql = statementsOf(segmentsOf(await planBetween(more, gap)));
      await place.database.query(sql.join(";\n"));
      expect(names(await findDrift(more))).toEqual([]);
      expect(names(await findDrift({ ...given, ignore: [] }))).toEqual([
        "added schema audit",
        "added column public.users.email",
      ]);
    });

    test("a grant to whom a table belongs there is none that is missing, where owners do not count", async () => {
      await using project = await temporaryProject({
        "db/schema/t.sql": "CREATE TABLE t (id int);\nGRANT SELECT ON t TO drift_owner;\n",
      });
      const database = await engine.fresh();
      try {
        await database.query("CREATE ROLE drift_owner; CREATE TABLE t (id int); ALTER TABLE t OWNER TO drift_owner");
        const given = options(project, database);
        expect(names(await findDrift(given))).toEqual([]);
        const owners = await findDrift({ ...given, terms: { ...given.terms, owners: true } });
        expect(names(owners)).toContain("changed table public.t");
        const sql = statementsOf(segmentsOf(await planBetween(given, owners.gap)));
        await database.query(sql.join(";\n"));
        expect(names(await findDrift({ ...given, terms: { ...given.terms, owners: true } }))).toEqual([]);
      } finally {
        await database.query("DROP OWNED BY drift_owner; DROP ROLE drift_owner");
        await database.drop();
      }
    });

    test("what a pending migration will bring is not expected of it", async () => {
      await using place = await deployed();
      await place.database.query("DELETE FROM confiture_migrations");
      await place.database.query("ALTER TABLE users DROP bio");
      const drift = await findDrift(options(place.project, place.database));
      expect(names(drift)).toEqual([]);
      expect(drift.pending).toEqual(["1"]);
    });

    test("what a wrong way back has left is found, whatever the schema files lead back to", async () => {
      const more = SCHEMA.replace("bio text", "bio text, more text");
      await using project = await temporaryProject({
        "db/schema/users.sql": more,
        "db/migrations/1_users.sql": SCHEMA,
        "db/migrations/2_more.sql": `-- migrate:up
ALTER TABLE users ADD more text;
-- migrate:down
ALTER TABLE users DROP more, DROP CONSTRAINT users_name_check;
CREATE INDEX left_behind ON users (name);
`,
      });
      const database = await engine.fresh();
      try {
        const given = options(project, database);
        const run = { ...given, dir: given.migrationsDir, lockWait: 0, lockTimeout: 0, statementTimeout: 0 };
        expect((await up(run, {})).error).toBeUndefined();
        expect(names(await findDrift(given))).toEqual([]);
        expect((await down(run, {})).error).toBeUndefined();
        const drift = await findDrift(given);
        expect([names(drift), drift.pending]).toEqual([
          ["added index public.left_behind", "dropped constraint public.users.users_name_check"],
          ["2"],
        ]);
        // What only the schema files have is no drift of a database that has it.
        await database.query("DROP INDEX left_behind; ALTER TABLE users ADD own int, ADD CHECK (name IN ('a', 'b'))");
        await project.write("db/schema/users.sql", more.replace("bio text", "bio text, own int"));
        await project.write(
          "db/migrations/2_more.sql",
          "-- migrate:up\nALTER TABLE users ADD more text;\n-- migrate:down\nALTER TABLE users DROP more;\n",
        );
        expect(names(await findDrift(given))).toEqual([]);
      } finally {
        await database.drop();
      }
    });

    test("migrations that a baseline stood for are expected of it, also once their folder was rewritten", async () => {
      await using project = await temporaryProject({
        "db/schema/all.sql": "CREATE TABLE a (id int, b int);\nCREATE TABLE c (id int, d int);\n",
        "db/migrations/V1__a.sql": "CREATE TABLE a (id int);",
        "db/migrations/V2__b.sql": "ALTER TABLE a ADD b int;",
        "db/migrations/B2__ab.sql": "CREATE TABLE a (id int, b int);",
        "db/migrations/V3__c.sql": "CREATE TABLE c (id int);",
      });
      const database = await engine.fresh();
      try {
        const given = options(project, database);
        const limits = { lockWait: 0, lockTimeout: 0, statementTimeout: 0 };
        const { results } = await up({ ...given, ...limits, dir: given.migrationsDir }, {});
        expect(results.map(({ migration }) => migration.version)).toEqual(["2", "3"]);
        // Without a way back, it cannot be taken back from the schema files: what is recorded has to be replayed.
        await project.write("db/migrations/V4__d.sql", "ALTER TABLE c ADD d int;");
        const requireOnly = async (expected: readonly string[]): Promise<void> => {
          const drift = await findDrift(given);
          expect(names(drift)).toEqual([...expected]);
          expect(drift.pending).toEqual(["4"]);
        };
        await requireOnly([]);
        await importMigrations({
          projectDir: project.dir,
          from: "db/migrations",
          to: "db/migrations",
          layout: undefined,
        });
        await requireOnly([]);
        await database.query("ALTER TABLE a DROP b");
        await requireOnly(["dropped column public.a.b"]);
      } finally {
        await database.drop();
      }
    });

    test("it leaves nothing behind, neither scratch databases nor changes", async () => {
      await using place = await deployed();
      await findDrift(options(place.project, place.database));
      const left = await place.database.query("SELECT datname FROM pg_database WHERE datname ~ '^confiture_scratch_'");
      expect(left).toEqual([]);
      const tables = await place.database.query("SELECT relname FROM pg_stat_user_tables ORDER BY 1");
      expect(tables).toEqual([{ relname: "confiture_migrations" }, { relname: "users" }]);
    });
  });
}
