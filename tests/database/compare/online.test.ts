import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readCatalogue } from "#compare/catalogue/catalogue.ts";
import { compareCatalogues } from "#compare/catalogue/changes.ts";
import { type GeneratedMigration, generateMigrations } from "#compare/generate/generate.ts";
import type { Permit } from "#compare/generate/removals.ts";
import type { ScratchSite } from "#scratch/site.ts";
import { sourceCatalogue } from "#compare/sources/sources.ts";
import { withDatabase } from "#database/open.ts";
import { serverEngines } from "../../support/engines.ts";
import { temporaryProject } from "../../support/project.ts";
import { migrating, type Migrating } from "../migrate/migrating.ts";
import { filesOf } from "./project-files.ts";

async function online(
  before: string,
  after: string,
  scratch: ScratchSite = { engine: "embedded" },
  postgres?: number,
  permit?: Permit,
): Promise<readonly GeneratedMigration[]> {
  await using project = await temporaryProject({ "db/schema/all.sql": after, "db/migrations/001_before.sql": before });
  const { migrations } = await generateMigrations({
    ...filesOf(project.dir),
    scratch,
    from: { kind: "migrations" },
    renames: [],
    permit: permit ?? (() => {}),
    noDown: false,
    online: true,
    postgres,
  });
  return migrations;
}

const refuseAll: Permit = (removals) => {
  throw new Error(removals.map(({ kind, name }) => `${kind} ${name}`).join(", "));
};

/** What each file does, without comments, a statement a line. */
function outline(migrations: readonly GeneratedMigration[]): Record<string, string[]> {
  return Object.fromEntries(
    migrations.map(({ part, up }) => [
      part ?? "first",
      up.map(({ sql }) => sql.replaceAll(/"?public"?\.|"/g, "").replaceAll(/\s+/g, " ")),
    ]),
  );
}

const heading = ({ text }: GeneratedMigration): string => text.split("\n")[0]!;

// Every one of these is proven, up and down, file by file, before it is returned.
describe("each form that keeps nobody waiting", () => {
  test("an index is built and dropped outside of transactions, and one that changes has a forerunner until then", async () => {
    const migrations = await online(
      "CREATE TABLE t (a int, b int);\nCREATE INDEX gone ON t (a);\nCREATE INDEX changed ON t (a);\nCOMMENT ON INDEX changed IS 'old';",
      "CREATE TABLE t (a int, b int);\nCREATE UNIQUE INDEX made ON t (b);\nCREATE INDEX changed ON t (a, b);\nCOMMENT ON INDEX changed IS 'new';",
    );
    expect(outline(migrations)).toEqual({
      indexes: [
        "DROP INDEX CONCURRENTLY gone",
        "ALTER INDEX changed RENAME TO changed_old",
        "CREATE INDEX CONCURRENTLY changed ON t USING btree (a, b)",
        "DROP INDEX CONCURRENTLY changed_old",
        "CREATE UNIQUE INDEX CONCURRENTLY made ON t USING btree (b)",
        "COMMENT ON INDEX changed IS 'new'",
      ],
    });
    expect(heading(migrations[0]!)).toBe("-- migrate:up transaction:false");
    expect(migrations[0]?.text).toContain("\n-- migrate:down transaction:false\n");
  });

  test("a key takes the unique index that is there, which counts for nothing that is taken away", async () => {
    const migrations = await online(
      "CREATE TABLE t (id int, p int);\nCREATE UNIQUE INDEX t_id ON t (id);\nCREATE UNIQUE INDEX t_p ON t (p);",
      "CREATE TABLE t (id int PRIMARY KEY, p int UNIQUE);",
      { engine: "embedded" },
      undefined,
      refuseAll,
    );
    expect(migrations.map((migration) => Object.values(outline([migration])).flat())).toEqual([
      ["ALTER TABLE t ADD CONSTRAINT id_has_no_null CHECK (id IS NOT NULL) NOT VALID"],
      [
        "ALTER TABLE t VALIDATE CONSTRAINT id_has_no_null",
        "ALTER TABLE t ALTER COLUMN id SET NOT NULL",
        "ALTER TABLE t DROP CONSTRAINT id_has_no_null",
      ],
      [
        "ALTER TABLE t ADD CONSTRAINT t_p_key UNIQUE USING INDEX t_p",
        "ALTER TABLE t ADD CONSTRAINT t_pkey PRIMARY KEY USING INDEX t_id",
      ],
    ]);
  });

  test("a foreign key that comes to be enforced is made anew, as nobody could read meanwhile otherwise", async () => {
    const migrations = await online(
      "CREATE TABLE parents (id int PRIMARY KEY);\nCREATE TABLE t (p int CONSTRAINT late REFERENCES parents NOT ENFORCED, q int CONSTRAINT idle REFERENCES parents);",
      "CREATE TABLE parents (id int PRIMARY KEY);\nCREATE TABLE t (p int CONSTRAINT late REFERENCES parents DEFERRABLE, q int CONSTRAINT idle REFERENCES parents NOT ENFORCED);",
    );
    expect(outline(migrations)).toEqual({
      first: [
        "ALTER TABLE t ALTER CONSTRAINT idle NOT ENFORCED",
        "ALTER TABLE t DROP CONSTRAINT late",
        "ALTER TABLE t ADD CONSTRAINT late FOREIGN KEY (p) REFERENCES parents(id) DEFERRABLE NOT VALID",
      ],
      validate: ["ALTER TABLE t VALIDATE CONSTRAINT late"],
    });
  });

  test("checks, foreign keys and NOT NULL hold for new rows first, and old rows are looked at later", async () => {
    const migrations = await online(
      "CREATE TABLE parents (id int PRIMARY KEY);\nCREATE TABLE t (a int, b int, p int);",
      "CREATE TABLE parents (id int PRIMARY KEY);\nCREATE TABLE t (a int NOT NULL, b int CONSTRAINT positive CHECK (b > 0), p int REFERENCES parents);\nCOMMENT ON CONSTRAINT positive ON t IS 'above zero';",
    );
    expect(outline(migrations)).toEqual({
      first: [
        "ALTER TABLE t ADD CONSTRAINT a_has_no_null CHECK (a IS NOT NULL) NOT VALID",
        "ALTER TABLE t ADD CONSTRAINT positive CHECK ((b > 0)) NOT VALID",
        "ALTER TABLE t ADD CONSTRAINT t_p_fkey FOREIGN KEY (p) REFERENCES parents(id) NOT VALID",
        "COMMENT ON CONSTRAINT positive ON t IS 'above zero'",
      ],
      validate: [
        "ALTER TABLE t VALIDATE CONSTRAINT a_has_no_null",
        "ALTER TABLE t ALTER COLUMN a SET NOT NULL",
        "ALTER TABLE t DROP CONSTRAINT a_has_no_null",
        "ALTER TABLE t VALIDATE CONSTRAINT positive",
        "ALTER TABLE t VALIDATE CONSTRAINT t_p_fkey",
      ],
    });
    expect(migrations.map(heading)).toEqual(["-- migrate:up", "-- migrate:up transaction:false"]);
    // The foreign key looks at a row only where its own column changes.
    const inFirst = migrations[0]!.hazards.up.flatMap(({ hazard }) => (hazard.code === "ROWS" ? [hazard.reason] : []));
    expect(inFirst).toEqual(["unvalidated", "unvalidated"]);
  });

  test("NOT NULL that is NOT VALID, where the database knows it, on partitions and children as well", async () => {
    const [before, after] = ["", " NOT NULL"].map((required) =>
      [
        `CREATE TABLE t (a int${required}, "B c" int);`,
        `CREATE TABLE parents (p int${required});\nCREATE TABLE children () INHERITS (parents);`,
        `CREATE TABLE parts (p int${required}, d int) PARTITION BY LIST (d);\nCREATE TABLE parts_1 PARTITION OF parts DEFAULT;`,
      ].join("\n"),
    );
    const migrations = await online(before!, after!.replace('"B c" int', '"B c" int NOT NULL'), undefined, 18);
    expect(outline(migrations)).toEqual({
      first: [
        "ALTER TABLE parents ADD CONSTRAINT parents_p_not_null NOT NULL p NOT VALID",
        "ALTER TABLE parts ADD CONSTRAINT parts_p_not_null NOT NULL p NOT VALID",
        "ALTER TABLE t ADD CONSTRAINT t_B c_not_null NOT NULL B c NOT VALID",
        "ALTER TABLE t ADD CONSTRAINT t_a_not_null NOT NULL a NOT VALID",
      ],
      validate: [
        "ALTER TABLE parents VALIDATE CONSTRAINT parents_p_not_null",
        "ALTER TABLE parts VALIDATE CONSTRAINT parts_p_not_null",
        "ALTER TABLE t VALIDATE CONSTRAINT t_B c_not_null",
        "ALTER TABLE t VALIDATE CONSTRAINT t_a_not_null",
      ],
    });
    expect(outline(await online(before!, after!, undefined, 17))["first"]).toContain(
      "ALTER TABLE t ADD CONSTRAINT a_has_no_null CHECK (a IS NOT NULL) NOT VALID",
    );
  });

  test("keys take over an index; what refers to them comes after", async () => {
    const migrations = await online(
      "CREATE TABLE t (a int, b int, c int CONSTRAINT old_key UNIQUE);\nCREATE TABLE u (t int);",
      "CREATE TABLE t (a int PRIMARY KEY, b int, c int, CONSTRAINT old_key UNIQUE (c, b) INCLUDE (a) DEFERRABLE);\nCREATE TABLE u (t int REFERENCES t);",
    );
    expect(outline(migrations)).toEqual({
      first: ["ALTER TABLE t ADD CONSTRAINT a_has_no_null CHECK (a IS NOT NULL) NOT VALID"],
      validate: [
        "ALTER TABLE t VALIDATE CONSTRAINT a_has_no_null",
        "ALTER TABLE t ALTER COLUMN a SET NOT NULL",
        "ALTER TABLE t DROP CONSTRAINT a_has_no_null",
      ],
      indexes: [
        "CREATE UNIQUE INDEX CONCURRENTLY old_key_new ON t (c, b) INCLUDE (a)",
        "ALTER TABLE t DROP CONSTRAINT old_key, ADD CONSTRAINT old_key UNIQUE USING INDEX old_key_new DEFERRABLE",
        "CREATE UNIQUE INDEX CONCURRENTLY t_pkey_new ON t (a)",
        "ALTER TABLE t ADD CONSTRAINT t_pkey PRIMARY KEY USING INDEX t_pkey_new",
        "ALTER TABLE u ADD CONSTRAINT u_t_fkey FOREIGN KEY (t) REFERENCES t(a) NOT VALID",
        "ALTER TABLE u VALIDATE CONSTRAINT u_t_fkey",
      ],
    });
  });

  test("what has to be gone before something else goes first, and names are what they are", async () => {
    const migrations = await online(
      `CREATE TABLE moved (a int PRIMARY KEY, b int);
       CREATE FUNCTION f(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1';
       CREATE TABLE called (a int);
       CREATE INDEX called_f ON called (f(a));
       CREATE TABLE "O d" ("C ""1" int, "d,e" text);
       CREATE TABLE ${"x".repeat(60)} (a int, b int);
       CREATE TABLE typed (a int, b text);
       CREATE INDEX typed_a ON typed (a);`,
      `CREATE TABLE moved (a int, b int PRIMARY KEY);
       CREATE FUNCTION g(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1';
       CREATE TABLE called (a int);
       CREATE INDEX called_f ON called (g(a));
       CREATE TABLE "O d" ("C ""1" int NOT NULL, "d,e" text, CONSTRAINT "U q" UNIQUE ("C ""1", "d,e"));
       CREATE TABLE ${"x".repeat(60)} (a int, b int, CONSTRAINT ${"x".repeat(60)}_a UNIQUE (a), CONSTRAINT ${"x".repeat(60)}_b UNIQUE (b));
       CREATE TABLE typed (a bigint, b text);
       CREATE INDEX typed_a ON typed (a, b);`,
    );
    expect(migrations.map(({ part }) => part)).toEqual([undefined, "validate", "indexes"]);
    const { indexes } = outline(migrations);
    expect(indexes).toContain("CREATE UNIQUE INDEX CONCURRENTLY moved_pkey_new ON moved (b)");
    expect(indexes).toContain("ALTER TABLE O d ADD CONSTRAINT U q UNIQUE USING INDEX U q_new");
  });

  test("a default that differs from row to row is filled in by a backfill; a constant one needs nothing", async () => {
    const migrations = await online(
      "CREATE TABLE t (a int);",
      "CREATE TABLE t (a int, id uuid NOT NULL DEFAULT gen_random_uuid(), seen timestamptz NOT NULL DEFAULT now());",
    );
    expect(outline(migrations)).toEqual({
      first: [
        "ALTER TABLE t ADD COLUMN id uuid",
        "ALTER TABLE t ALTER COLUMN id SET DEFAULT gen_random_uuid()",
        "ALTER TABLE t ADD COLUMN seen timestamp with time zone NOT NULL DEFAULT now()",
      ],
      fill: ["UPDATE t SET id = DEFAULT WHERE id IS NULL"],
      validate: [
        "ALTER TABLE t ADD CONSTRAINT id_has_no_null CHECK (id IS NOT NULL) NOT VALID",
        "ALTER TABLE t VALIDATE CONSTRAINT id_has_no_null",
        "ALTER TABLE t ALTER COLUMN id SET NOT NULL",
        "ALTER TABLE t DROP CONSTRAINT id_has_no_null",
      ],
    });
  });

  test("a file that only fills rows can be rolled back too", async () => {
    const migrations = await online(
      "CREATE TABLE t (a int);",
      "CREATE TABLE t (a int, id uuid DEFAULT gen_random_uuid());",
    );
    expect(migrations.map(({ part }) => part)).toEqual([undefined, "fill"]);
    expect(migrations[1]?.text).toStartWith("-- migrate:up backfill:public.t key:ctid\n");
    expect(migrations[1]?.text).toEndWith("-- migrate:down\n\n-- Nothing to undo.\nSELECT 1;\n");
  });

  test("new tables need none of it, and partitioned ones and new types have none: the comment says so", async () => {
    const migrations = await online(
      "CREATE TABLE p (a int, b int) PARTITION BY LIST (a);\nCREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);\nCREATE TABLE t (a int);\nCREATE TABLE k (id int PRIMARY KEY);",
      "CREATE TABLE p (a int, b int REFERENCES k) PARTITION BY LIST (a);\nCREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);\nCREATE INDEX p_b ON p (b);\nCREATE TABLE t (a bigint);\nCREATE TABLE fresh (id int UNIQUE REFERENCES k);\nCREATE INDEX ON fresh (id);".replace(
        /^/,
        "CREATE TABLE k (id int PRIMARY KEY);\n",
      ),
    );
    expect(migrations).toHaveLength(1);
    const [{ text }] = migrations as [GeneratedMigration];
    expect(text).not.toMatch(/CONCURRENTLY (?!on)|NOT VALID|transaction:false/);
    expect(text).toMatch(/^-- ONLINE: make it ON ONLY the table[^\n]*\n(--.*\n)*CREATE INDEX p_b ON public\.p /m);
    expect(text).toMatch(
      /^-- ONLINE: add it to the partitions first[^\n]*\n(--.*\n)*ALTER TABLE public\.p\n +ADD CONSTRAINT p_b_fkey/m,
    );
    expect(text).toMatch(
      /^-- ONLINE: add a column of the new type[^\n]*\n(--.*\n)*ALTER TABLE public\.t\n +ALTER COLUMN a TYPE bigint/m,
    );
  });
});

/** What waits in the middle of reading rows, for as long as the advisory lock 4711 is taken. */
const SLOW =
  "CREATE FUNCTION slow(n int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM pg_advisory_xact_lock_shared(4711); RETURN n; END $$;\n";
const BEFORE = `${SLOW}CREATE TABLE orgs (id int, code text);
CREATE TABLE users (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text, org int, age int);
CREATE INDEX users_email ON users (lower(email));
CREATE TABLE items (id int);
`;
const AFTER = `${SLOW}CREATE TABLE orgs (id int PRIMARY KEY, code text);
CREATE TABLE users (
  id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text NOT NULL UNIQUE, org int REFERENCES orgs,
  age int CONSTRAINT grown CHECK (slow(age) > 17)
);
CREATE TABLE items (id int, token uuid NOT NULL DEFAULT gen_random_uuid());
CREATE INDEX users_email ON users (lower(email), org);
CREATE INDEX users_slow ON users (slow(age));
`;

for (const engine of serverEngines) {
  describe(engine.name, () => {
    let run: Migrating;
    let migrations: readonly GeneratedMigration[];
    const files = ["002_more.sql", "003_more.sql", "004_more.sql", "005_more.sql"];

    beforeAll(async () => {
      run = await migrating(engine, { "001_before.sql": BEFORE });
      migrations = await online(BEFORE, AFTER, run.database.target);
      for (const [index, file] of files.entries()) await run.write(file, migrations[index]!.text);
      await run.up({ to: "1" });
      await run.query("INSERT INTO items SELECT generate_series(1, 5000)");
      await run.query("INSERT INTO orgs SELECT n, 'o' || n FROM generate_series(1, 10) n");
      await run.query(
        "INSERT INTO users (email, org, age) SELECT 'u' || n, n % 10 + 1, 18 + n % 50 FROM generate_series(1, 5000) n",
      );
    });
    afterAll(async () => {
      await run[Symbol.asyncDispose]();
    });

    test("nothing reads or writes rows under a lock that others wait for", () => {
      expect(migrations.map(({ part }) => part)).toEqual([undefined, "fill", "validate", "indexes"]);
      for (const { up, down } of migrations) {
        for (const { sql, effects } of [...up, ...down]) {
          expect({ sql, slow: [...effects.rewrites, ...effects.scans] }).toEqual({ sql, slow: [] });
        }
      }
    });

    test("while rows are read, others read and write them", async () => {
      for (const waiting of [/VALIDATE CONSTRAINT grown/, /CREATE INDEX CONCURRENTLY users_slow/]) {
        await run.query("SELECT pg_advisory_lock(4711)");
        const running = run.up(waiting.source.startsWith("VALIDATE") ? { to: "4" } : {});
        try {
          await Promise.race([
            untilWaiting(waiting),
            running.then((outcome) => {
              throw outcome.error ?? new Error("nobody waited");
            }),
          ]);
          await run.query("SET lock_timeout = '1s'");
          await run.query("UPDATE users SET age = age WHERE id = 1");
          expect(await run.query("SELECT count(*)::int AS n FROM users")).toEqual([{ n: 5000 }]);
        } finally {
          await run.query("SELECT pg_advisory_unlock_all()");
        }
        expect(await running).toMatchObject({ error: undefined });
      }
    });

    test("afterwards the rows are there and the database is what the schema files build, and back again", async () => {
      const [rows] = await run.query("SELECT count(*)::int AS n, count(DISTINCT token)::int AS tokens FROM items");
      expect(rows).toEqual({ n: 5000, tokens: 5000 });
      await using project = await temporaryProject({ "db/schema/all.sql": AFTER, "db/schema/before.sql": "" });
      const to = await sourceCatalogue({ ...filesOf(project.dir), scratch: run.database.target }, { kind: "schema" });
      const ledger = ["", "_progress"].map((end) => ({ schema: "public", table: `confiture_migrations${end}` }));
      const read = (): ReturnType<typeof readCatalogue> =>
        withDatabase(run.database.target, {}, (database) => readCatalogue(database, ledger));
      expect(compareCatalogues(await read(), to).map(({ name }) => name)).toEqual([]);
      expect(await run.down({ to: "1" })).toMatchObject({ error: undefined });
      expect(await run.query("SELECT count(*)::int AS n FROM users")).toEqual([{ n: 5000 }]);
      await project.write("db/schema/all.sql", BEFORE);
      const from = await sourceCatalogue({ ...filesOf(project.dir), scratch: run.database.target }, { kind: "schema" });
      expect(compareCatalogues(await read(), from).map(({ name }) => name)).toEqual([]);
    });

    async function untilWaiting(query: RegExp): Promise<void> {
      for (;;) {
        const waiting = await run.query<{ query: string }>(
          "SELECT query FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'advisory'",
        );
        if (waiting.some((session) => query.test(session.query))) return;
        await Bun.sleep(20);
      }
    }
  });
}
