import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { AT_THE_GATE, type Bench, bench, LOCK_IS_HELD } from "./bench.ts";
import { catalogueLines } from "./workload.ts";
import { NEWEST_ALONE } from "../../support/servers.ts";

setDefaultTimeout(120_000);

const PSQL = Bun.which("psql");
if (PSQL === null) console.log("skipped: the dry run's output through psql (not installed)");

const FILES = {
  "001_a.sql":
    "CREATE TABLE a (id int PRIMARY KEY, note text DEFAULT 'semi;colon');\nCOPY a FROM stdin;\n1\tone\n2\ttwo\n\\.\n",
  "002_b.sql":
    "-- migrate:up transaction:false\nCREATE INDEX CONCURRENTLY a_note ON a (note);\nVACUUM a;\nCREATE TABLE b (id int);\n-- migrate:down\nDROP TABLE b;\n",
  "003_c.sql":
    "BEGIN;\nCREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 2; END;\nCREATE VIEW v AS SELECT $$a;b$$ AS x -- the end\n;\nCOMMIT;\n",
  "004_d.ts": `import { Migration } from "confiture";
export default class D extends Migration {
  up() { this.execute("CREATE TABLE d (id int)"); void this.execute("CREATE INDEX d_id ON d (id)"); }
}
`,
};

/** Everything that would show that something was written. */
async function traces(b: Bench): Promise<unknown> {
  return await b.query(`
    SELECT (SELECT count(*) FROM pg_class) AS classes, (SELECT max(oid) FROM pg_class) AS newest,
           (SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_all_tables WHERE schemaname = 'public') AS rows,
           (SELECT md5(string_agg(c.oid::text || c.relname || c.xmin::text, ',' ORDER BY c.oid)) FROM pg_class c) AS catalogue`);
}

for (const major of NEWEST_ALONE) {
  describe(`PostgreSQL ${major}, --dry-run`, () => {
    test.concurrent("touches nothing, not even the ledger, with and without one", async () => {
      await using b = await bench(major, FILES);
      const before = await traces(b);
      expect((await b.migrate("up", "--dry-run")).exitCode).toBe(0);
      expect(await traces(b)).toEqual(before);
      expect(await b.has("confiture_migrations")).toBe(false);
      await b.migrate("up", "--to", "2");
      const between = await traces(b);
      const { migrations } = await b.json("migrate", "up", "--dry-run");
      expect(migrations.map(({ version }) => version)).toEqual(["003", "004"]);
      expect(await traces(b)).toEqual(between);
      expect(await b.ledger()).toHaveLength(2);
    });

    test.concurrent("takes no lock, and refuses what up refuses", async () => {
      // A dry run tries statements in a scratch database, where nobody opens the gate.
      const inTheDatabase = AT_THE_GATE.replace("WHILE", "WHILE current_database() LIKE 'fire%' AND");
      await using b = await bench(major, { "001_a.sql": `CREATE TABLE a (id int); ${inTheDatabase}` });
      const runner = await b.start(["migrate", "up"]);
      await b.until(LOCK_IS_HELD);
      expect((await b.migrate("up", "--dry-run")).exitCode).toBe(0);
      await b.openGate();
      await runner.result;
      await b.write("001_a.sql", "SELECT 1");
      expect((await b.migrate("up", "--dry-run")).exitCode).toBe(7);
    });

    test.concurrent("a TypeScript migration that asks for rows is said to be known in part", async () => {
      await using b = await bench(major, {
        "001_a.ts": `import { Migration } from "confiture";
export default class A extends Migration {
  async up() {
    await this.execute("CREATE TABLE a (id int)");
    const rows = await this.query("SELECT id FROM a");
    for (const row of rows) await this.execute("SELECT 1");
  }
}
`,
      });
      const { migrations } = await b.json("migrate", "up", "--dry-run");
      expect(migrations).toMatchObject([{ version: "001", incomplete: expect.stringContaining("SELECT id FROM a") }]);
      expect((await b.migrate("up", "--dry-run")).stdout).toContain(
        "-- The rest is not known: the answer is known only when this runs: SELECT id FROM a",
      );
      expect(await b.has("a")).toBe(false);
      await b.write("002_b.sql", "CREATE TABLE b (id int)");
      const script = await b.migrate("up", "--dry-run", "-v");
      await b.project.write("dry.sql", script.stdout);
      if (PSQL !== null) {
        const ran = Bun.spawnSync([PSQL, "-X", "-q", "-d", b.url, "-f", b.project.path("dry.sql")], { stderr: "pipe" });
        expect({ failed: ran.exitCode !== 0, stderr: ran.stderr.toString() }).toEqual({
          failed: true,
          stderr: expect.stringContaining("001_a is not known to its end"),
        });
        expect([await b.has("a"), await b.has("b")]).toEqual([false, false]);
      }
    });

    test.skipIf(PSQL === null || major < 14)(
      "prints what up then does: psql makes the same database of it",
      async () => {
        await using b = await bench(major, FILES);
        await using other = await bench(major, FILES);
        const own = await b.migrate("up", "--dry-run");
        expect(own.stdout).toContain("CREATE TABLE d (id int);\nCREATE INDEX d_id ON d (id);\n");
        expect(own.stdout).not.toMatch(/confiture_migrations|pg_catalog|^begin/m);
        const { stdout, exitCode } = await b.migrate("up", "--dry-run", "-v");
        expect(exitCode).toBe(0);
        expect((await b.migrate("up")).exitCode).toBe(0);
        await other.project.write("dry.sql", stdout);
        const psql = Bun.spawnSync(
          [PSQL ?? "", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", other.url, "-f", other.project.path("dry.sql")],
          { stderr: "pipe" },
        );
        expect(psql.stderr.toString()).toBe("");
        expect(psql.exitCode).toBe(0);
        expect(await catalogueLines(other.query)).toEqual(await catalogueLines(b.query));
        expect(await other.query("SELECT * FROM a")).toEqual(await b.query("SELECT * FROM a"));
        const ledger =
          "SELECT version, name, checksum, applied_by, tool_version, state FROM confiture_migrations ORDER BY 1";
        expect(await other.query(ledger)).toEqual(await b.query(ledger));
        // The tool itself takes that database for its own.
        expect((await other.migrate("status", "--exit-code")).exitCode).toBe(0);
      },
    );

    test.skipIf(PSQL === null)("of a way back prints what down then does, and touches nothing", async () => {
      const files = {
        "001_a.sql": "-- migrate:up\nCREATE TABLE a (id int);\n-- migrate:down\nDROP TABLE a;\n",
        "002_b.sql":
          "-- migrate:up transaction:false\nCREATE INDEX CONCURRENTLY a_id ON a (id);\n-- migrate:down transaction:false\nDROP INDEX CONCURRENTLY a_id;\n",
        "003_c.ts": `import { Migration } from "confiture";
export default class C extends Migration {
  up() { this.execute("CREATE TABLE c (id int)"); }
  down() { this.execute("DROP TABLE c"); }
}
`,
      };
      await using b = await bench(major, files);
      await using other = await bench(major, files);
      await b.migrate("up");
      await other.migrate("up");
      const before = await traces(b);
      const own = await b.migrate("down", "--to", "0", "--dry-run");
      expect(own).toMatchObject({ exitCode: 0, stderr: expect.stringContaining("3 migrations would be rolled back") });
      expect(own.stdout.split("\n").filter((line) => /^[A-Z]/.test(line))).toEqual([
        "DROP TABLE c;",
        "DROP INDEX CONCURRENTLY a_id;",
        "DROP TABLE a;",
      ]);
      const { stdout } = await b.migrate("down", "--steps", "2", "--dry-run", "-v");
      expect(await traces(b)).toEqual(before);
      await other.project.write("dry.sql", stdout);
      const psql = Bun.spawnSync(
        [PSQL ?? "", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", other.url, "-f", other.project.path("dry.sql")],
        { stderr: "pipe" },
      );
      expect(psql.stderr.toString()).toBe("");
      await b.migrate("down", "--steps", "2");
      expect(await catalogueLines(other.query)).toEqual(await catalogueLines(b.query));
      expect(await other.ledger()).toEqual(await b.ledger());
      await b.write("001_a.sql", "-- migrate:up\nCREATE TABLE a (id int);\n");
      const refused = await b.migrate("down", "--dry-run");
      expect(refused.exitCode).toBe((await b.migrate("down")).exitCode);
      expect(refused.exitCode).not.toBe(0);
    });
  });
}
