import { describe, expect, test } from "bun:test";
import { Secret } from "#database/target.ts";
import { serverEngines } from "../../support/engines.ts";
import { type Migrating, migrating, type Options } from "./migrating.ts";

const DOCS = `CREATE TABLE docs (id int PRIMARY KEY, tenant int NOT NULL, full_name text);
INSERT INTO docs SELECT i, i % 3, 'a b' || i FROM generate_series(1, 9) AS i;
CREATE TABLE copies (id int, full_name text);
CREATE TABLE kinds (id int);
ALTER TABLE docs ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON docs USING (tenant = current_setting('app.tenant', true)::int) WITH CHECK (id > 0);`;
const FORCED = `${DOCS}\nALTER TABLE docs FORCE ROW LEVEL SECURITY;`;

interface Limited extends Migrating {
  /** Who owns what the migrations make, and is no superuser. */
  readonly asOwner: Options;
  /** Reads and writes what others own. */
  readonly asOther: Options;
  readonly other: string;
}

for (const engine of serverEngines) {
  async function limited(files: Readonly<Record<string, string>>): Promise<Limited> {
    const m = await migrating(engine, files);
    const [owner, other] = [`owner_${process.pid}`, `other_${process.pid}`];
    const as = (user: string): Options => ({
      target: { ...m.options.target, user, password: new Secret("secret") } as typeof m.options.target,
    });
    for (const role of [owner, other]) await m.query(`CREATE ROLE ${role} LOGIN PASSWORD 'secret'`);
    await m.query(`GRANT ALL ON SCHEMA public TO ${owner}, ${other}`);
    return {
      ...m,
      asOwner: as(owner),
      asOther: as(other),
      other,
      async [Symbol.asyncDispose]() {
        for (const role of [owner, other]) await m.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
        await m[Symbol.asyncDispose]();
      },
    };
  }

  describe(engine.name, () => {
    const READING: Readonly<Record<string, string>> = {
      UPDATE: "UPDATE docs SET full_name = 'x';",
      DELETE: "DELETE FROM docs;",
      "INSERT ... SELECT": "INSERT INTO copies SELECT id, full_name FROM docs; ALTER TABLE docs DROP COLUMN full_name;",
      "CREATE TABLE AS": "CREATE TABLE more AS SELECT * FROM docs;",
      "a foreign key over rows that are there": "ALTER TABLE docs ADD FOREIGN KEY (tenant) REFERENCES docs;",
      "code in a DO block": "DO $$ BEGIN UPDATE docs SET full_name = 'x'; END $$;",
      "a plain INSERT beside one that reads": "INSERT INTO kinds VALUES (1); INSERT INTO kinds SELECT id FROM docs;",
    };
    for (const [name, sql] of Object.entries(READING)) {
      test(`rows that policies hide from the owner are not passed over: ${name}`, async () => {
        for (const how of ["", " transaction:false"]) {
          await using m = await limited({ "001_docs.sql": FORCED, "002_move.sql": `-- migrate:up${how}\n${sql}` });
          const { results, error } = await m.up({}, m.asOwner);
          expect(results).toEqual(["001 done", "002 failed"]);
          expect(error).toMatchObject({ code: "sql_failed", server: { sqlstate: "42501" } });
          expect(error?.hint).toContain("SET row_security = on");
          expect(await m.query("SELECT count(full_name)::int AS n FROM docs WHERE full_name LIKE 'a b%'")).toEqual([
            { n: 9 },
          ]);
        }
      });
    }

    test("the way back, TypeScript, and a role that owns nothing of it are kept from it as well", async () => {
      await using m = await limited({
        "001_docs.sql": FORCED,
        "002_back.sql":
          "-- migrate:up\nCREATE TABLE x ();\n-- migrate:down\nUPDATE docs SET full_name = NULL; DROP TABLE x;",
      });
      expect(await m.up({}, m.asOwner)).toMatchObject({ error: undefined });
      expect((await m.down({}, m.asOwner)).error).toMatchObject({ server: { sqlstate: "42501" } });
      await m.write(
        "003_code.ts",
        `import { Migration } from "confiture";\nexport default class extends Migration {\n  async up() { await this.execute("UPDATE docs SET full_name = NULL"); }\n}\n`,
      );
      expect((await m.up({}, m.asOwner)).error).toMatchObject({ server: { sqlstate: "42501" } });
      await m.query("ALTER TABLE docs NO FORCE ROW LEVEL SECURITY");
      await m.query(`GRANT ALL ON docs, confiture_migrations TO ${m.other}`);
      expect((await m.up({}, m.asOther)).error).toMatchObject({ server: { sqlstate: "42501" } });
      expect(await m.up({}, m.asOwner)).toMatchObject({ error: undefined, results: ["003 done"] });
      expect(await m.query("SELECT count(full_name)::int AS n FROM docs")).toEqual([{ n: 0 }]);
    });

    test("what policies do not leave out rows from runs as ever", async () => {
      await using m = await limited({
        "001_docs.sql": DOCS,
        "002_owner.sql": "UPDATE docs SET full_name = 'x'; ALTER TABLE docs FORCE ROW LEVEL SECURITY;",
        "003_insert.sql": "INSERT INTO docs VALUES (10, 1, 'a'), (11, 2, 'b'); CREATE INDEX ON docs (tenant);",
        "004_code.sql": "CREATE FUNCTION docs_of() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM docs';",
        "005_taken_away.sql": `ALTER TABLE docs NO FORCE ROW LEVEL SECURITY; UPDATE docs SET full_name = 'y' WHERE full_name = 'x';
ALTER TABLE docs FORCE ROW LEVEL SECURITY;`,
        "006_meant.sql": "SET row_security = on; SET LOCAL app.tenant = '1'; UPDATE docs SET full_name = 'z';",
        "007_refused.sql": "INSERT INTO docs VALUES (-1, 1, 'a');",
      });
      const { results, error } = await m.up({}, m.asOwner);
      expect(results).toEqual(["001 done", "002 done", "003 done", "004 done", "005 done", "006 done", "007 failed"]);
      expect(error?.message).toContain("new row violates row-level security policy");
      expect(await m.query("SELECT full_name AS a, count(*)::int AS n FROM docs GROUP BY 1 ORDER BY 1")).toEqual([
        { a: "b", n: 1 },
        { a: "y", n: 6 },
        { a: "z", n: 4 },
      ]);
    });

    const FILL = `-- migrate:up backfill:docs\nUPDATE docs SET name = full_name WHERE name IS NULL AND full_name IS NOT NULL;`;
    test("a backfill is refused before the migrations in front of it run, and says who would see every row", async () => {
      await using m = await limited({ "001_docs.sql": `${FORCED} GRANT ALL ON docs TO PUBLIC;` });
      expect(await m.up({}, m.asOwner)).toMatchObject({ error: undefined });
      await m.write("002_name.sql", "ALTER TABLE docs ADD COLUMN name text;");
      await m.write("003_fill.sql", FILL);
      const asOwner = await m.up({}, m.asOwner);
      expect(asOwner).toMatchObject({ refused: true, error: { code: "backfill_refused", location: { line: 2 } } });
      expect(asOwner.error?.hint).toContain("ALTER TABLE docs NO FORCE ROW LEVEL SECURITY");
      await m.query("ALTER TABLE docs NO FORCE ROW LEVEL SECURITY");
      await m.query(`GRANT ALL ON confiture_migrations TO ${m.other}`);
      const asOther = await m.up({}, m.asOther);
      expect(asOther).toMatchObject({ refused: true, error: { code: "backfill_refused" } });
      expect(asOther.error?.hint).toContain("the table's owner unless policies hold for that one");
      expect(await m.recorded()).toEqual(["001"]);
      await m.query("ALTER TABLE docs FORCE ROW LEVEL SECURITY");
      await m.write(
        "002_name.sql",
        "ALTER TABLE docs ADD COLUMN name text; ALTER TABLE docs NO FORCE ROW LEVEL SECURITY;",
      );
      expect(await m.up({}, m.asOwner)).toMatchObject({ error: undefined, results: ["002 done", "003 done"] });
      expect(await m.query("SELECT count(name)::int AS n FROM docs")).toEqual([{ n: 9 }]);
    });

    test("who asks for policies in the connection's options gets them", async () => {
      await using m = await limited({ "001_docs.sql": FORCED, "002_move.sql": "UPDATE docs SET full_name = 'x';" });
      const target = { ...m.asOwner.target!, options: "-c row_security=on" } as NonNullable<Options["target"]>;
      expect(await m.up({}, { target })).toMatchObject({ error: undefined, results: ["001 done", "002 done"] });
    });
  });
}
