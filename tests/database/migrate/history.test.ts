import { describe, expect, test } from "bun:test";
import { dryRunUp } from "#migrate/dry-run.ts";
import { withDatabase } from "#database/open.ts";
import { acceptEdited, baseline, resolveMigration } from "#migrate/record.ts";
import { status } from "#migrate/status.ts";
import { oldestAndEmbedded, oldestServer, serverEngines } from "../../support/engines.ts";
import { few } from "../../support/long.ts";
import { failureOf, placeOf } from "../failure.ts";
import { migrating } from "./migrating.ts";

/** 001 to 00N, each with a table of its own and a way back. */
const chain = (count: number): Record<string, string> =>
  Object.fromEntries(
    Array.from({ length: count }, (_, index) => [
      `00${index + 1}_t${index + 1}.sql`,
      `-- migrate:up\nCREATE TABLE t${index + 1} (id int);\n-- migrate:down\nDROP TABLE t${index + 1};\n`,
    ]),
  );

for (const engine of few(1, oldestAndEmbedded)) {
  describe(engine.name, () => {
    test("status creates nothing", async () => {
      await using m = await migrating(engine, chain(2));
      expect(await m.standings()).toEqual(["001 pending", "002 pending"]);
      expect(await m.has("confiture_migrations")).toBe(false);
    });

    test("an edited migration stops up before anything runs, until it is accepted", async () => {
      await using m = await migrating(engine, { ...chain(2), "009_pending.sql": "CREATE TABLE pending (id int)" });
      expect((await m.up({ to: "2" })).error).toBeUndefined();
      // Line ends and the name are no edit.
      await m.write("001_t1.sql", chain(1)["001_t1.sql"]!.replaceAll("\n", "\r\n"));
      expect(await m.standings()).toEqual(["001 applied", "002 applied", "009 pending"]);

      await m.write("002_t2.sql", `${chain(2)["002_t2.sql"]!}-- a comment\n`);
      expect(await m.standings()).toEqual(["001 applied", "002 edited", "009 pending"]);
      const { error, refused } = await m.up();
      expect(error).toMatchObject({ code: "history_edited", exitCode: 7 });
      expect(placeOf(error)).toBe("db/migrations/002_t2.sql");
      expect(refused).toBe(true);
      // What refuses and what accepts an edit judge alike.
      expect(error?.hint).toContain("still runs what was applied");
      expect((await m.down()).error?.code).toBe("history_edited");

      await acceptEdited(m.options, "2");
      expect(await acceptEdited(m.options, "2")).toMatchObject({ changed: false, entry: { standing: "applied" } });
      const unapplied = await failureOf(acceptEdited(m.options, "9"));
      expect(unapplied).toMatchObject({ code: "migration_unknown", exitCode: 2 });
      expect(unapplied.message).toContain("never applied");
      expect((await m.up()).results).toEqual(["009 done"]);
    });
  });
}

for (const engine of oldestServer) {
  describe(engine.name, () => {
    const BEFORE =
      "-- migrate:up\nCREATE TABLE a (id int);\nCOPY a FROM stdin;\n1\n\\.\n-- migrate:down\nDROP TABLE a;\n";
    test.each([
      [
        "comments, white space and case",
        BEFORE.replace("CREATE TABLE a (id int)", "create  table a /* é🎈 \\ 'x' */\n ( id INT )"),
        true,
      ],
      ["the way back", BEFORE.replace("DROP TABLE a", "DROP TABLE IF EXISTS a"), true],
      ["a column", BEFORE.replace("id int", "id int, b text"), false],
      ["a word in quotes", BEFORE.replace("a (id int)", '"A" (id int)').replace("COPY a", 'COPY "A"'), false],
      ["a statement less", BEFORE.replace(/COPY[^]*\\\.\n/, ""), false],
      ["data", BEFORE.replace("\n1\n", "\n2\n"), false],
      ["the transaction", BEFORE.replace("migrate:up", "migrate:up transaction:false"), false],
      ["what is no SQL any more", "SELECT 'open", false],
      ["what is no text any more", new Uint8Array([0xff]), false],
    ] as const)("an edit is accepted when what runs is what ran: %s", async (_what, after, same) => {
      await using m = await migrating(engine, { "001_a.sql": BEFORE });
      expect((await m.up()).error).toBeUndefined();
      await m.write("001_a.sql", after);
      expect(await m.standings()).toEqual(["001 edited"]);
      if (!same) {
        const error = await failureOf(acceptEdited(m.options, "001"));
        expect(error).toMatchObject({ code: "accept_refused", exitCode: 7 });
        expect(error.hint).toContain("confiture migrate accept 001 --different");
        expect(error.message).toMatch(/\n {2}[-+] /);
        expect(await m.standings()).toEqual(["001 edited"]);
      }
      await acceptEdited(m.options, "001", { different: !same });
      expect(await m.standings()).toEqual(["001 applied"]);
    });

    test("what differs is shown, and nothing else", async () => {
      const statements = ["CREATE TABLE a (id int)", "CREATE TABLE b (id int)", "CREATE TABLE c (id int)"];
      await using m = await migrating(engine, { "001_a.sql": statements.join(";\n") });
      expect((await m.up()).error).toBeUndefined();
      await m.write("001_a.sql", statements.with(1, "CREATE TABLE b (\n  id bigint\n)").join(";\n"));
      const { data, message } = await failureOf(acceptEdited(m.options, "001"));
      expect(data).toEqual({ removed: ["CREATE TABLE b (id int)"], added: ["CREATE TABLE b ( id bigint )"] });
      expect(message).not.toContain("TABLE a");
    });

    test("white space that makes a difference is shown as it is, and a COMMIT that moved is one", async () => {
      await using m = await migrating(engine, {
        "001_a.sql": "SELECT 'x  y';",
        "002_b.sql": "SELECT 1; COMMIT; BEGIN; SELECT 2; SELECT 3;",
      });
      expect((await m.up()).error).toBeUndefined();
      await m.write("001_a.sql", "SELECT 'x\ny';");
      expect((await failureOf(acceptEdited(m.options, "001"))).data).toEqual({
        removed: ["SELECT 'x  y'"],
        added: ["SELECT 'x\\ny'"],
      });
      await m.write("002_b.sql", "SELECT 1; SELECT 2; COMMIT; BEGIN; SELECT 3;");
      expect((await failureOf(acceptEdited(m.options, "002"))).code).toBe("accept_refused");
    });

    test("a class is compared without its comments, a baseline with what was there", async () => {
      const text = (sql: string, more = ""): string =>
        `import { Migration } from "confiture";\nexport default class extends Migration { ${more}\n up() { this.execute("${sql}"); } }\n`;
      await using m = await migrating(engine, { "001_a.ts": text("SELECT 1"), "002_b.sql": "SELECT 1" });
      await baseline(m.options, undefined);
      await m.write("001_a.ts", text("SELECT 1", "// why"));
      await acceptEdited(m.options, "001");
      await m.write("001_a.ts", text("SELECT 2"));
      expect((await failureOf(acceptEdited(m.options, "001"))).code).toBe("accept_refused");
      await m.write("002_b.sql", "SELECT 2");
      expect((await failureOf(acceptEdited(m.options, "002"))).data).toEqual({
        removed: ["SELECT 1"],
        added: ["SELECT 2"],
      });
    });

    test("a ledger of an older version gets the column for texts, and what was recorded without it is not taken on trust", async () => {
      await using m = await migrating(engine, { "001_a.sql": "SELECT 1", "002_b.sql": "SELECT 2" });
      expect((await m.up({ steps: 1 })).error).toBeUndefined();
      await m.query("ALTER TABLE confiture_migrations DROP COLUMN source");
      expect(await m.standings()).toEqual(["001 applied", "002 pending"]);
      expect((await m.up()).error).toBeUndefined();
      expect(await m.query("SELECT version, source FROM confiture_migrations ORDER BY 1")).toEqual([
        { version: "001", source: null },
        { version: "002", source: "SELECT 2" },
      ]);
      await m.write("001_a.sql", "SELECT 1 -- the same");
      const error = await failureOf(acceptEdited(m.options, "001"));
      expect(error.code).toBe("accept_refused");
      expect(error.message).toContain("not known");
      await acceptEdited(m.options, "001", { different: true });
      await m.write("001_a.sql", "SELECT 1 -- still the same");
      await acceptEdited(m.options, "001");
    });
  });
}

for (const engine of oldestServer) {
  describe(engine.name, () => {
    test("a ledger that may not be altered, or is being read, goes on without texts", async () => {
      await using m = await migrating(engine, {
        "001_a.sql": "SELECT 1",
        "002_b.sql": "SELECT 2",
        "003_c.sql": "SELECT 3",
      });
      expect((await m.up({ steps: 1 })).error).toBeUndefined();
      await m.query("ALTER TABLE confiture_migrations DROP COLUMN source");
      await withDatabase(m.database.target, {}, async (reader) => {
        await reader.execute("BEGIN; SELECT * FROM confiture_migrations");
        expect((await m.up({ steps: 1 })).error).toBeUndefined();
      });
      const role = `writer_${process.pid}_${engine.major}`;
      await m.query(`CREATE ROLE ${role} LOGIN PASSWORD 'postgres'`);
      try {
        await m.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON confiture_migrations TO ${role}`);
        const target = { ...m.options.target, user: role } as typeof m.options.target;
        expect((await m.up({}, { target })).results).toEqual(["003 done"]);
      } finally {
        await m.query(`DROP OWNED BY ${role}`);
        await m.query(`DROP ROLE ${role}`);
      }
    });

    test("a database of another encoding keeps the texts that it can hold", async () => {
      await using m = await migrating(engine, {});
      const name = `latin_${process.pid}_${engine.major}`;
      await m.query(`CREATE DATABASE ${name} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0`);
      try {
        const target = { ...m.options.target, database: name } as typeof m.options.target;
        await m.write("001_a.sql", "-- migrate:up\nSELECT 1;\n-- migrate:down\nSELECT 'é 🎈';");
        await m.write("002_b.sql", "SELECT 2");
        expect((await m.up({}, { target })).error).toBeUndefined();
        const sources = await withDatabase(target, {}, (database) =>
          database.query("SELECT source FROM confiture_migrations ORDER BY version"),
        );
        expect(sources).toEqual([{ source: null }, { source: "SELECT 2" }]);
      } finally {
        await m.query(`DROP DATABASE ${name} WITH (FORCE)`);
      }
    });

    test("a migration whose file is gone stops up; --allow-missing goes on; redo cannot", async () => {
      await using m = await migrating(engine, chain(3));
      expect((await m.up({ to: "002" })).error).toBeUndefined();
      await Bun.file(m.project.path("db/migrations/002_t2.sql")).delete();
      expect(await m.standings()).toEqual(["001 applied", "002 missing", "003 pending"]);
      const { error, refused } = await m.up();
      expect(error).toMatchObject({ code: "history_missing", exitCode: 7, data: { version: "002" } });
      expect(refused).toBe(true);
      expect(await m.has("t3")).toBe(false);
      expect((await m.up({ allowMissing: true })).results).toEqual(["003 done"]);
      expect((await m.redo(2)).error?.code).toBe("history_missing");
      expect(await m.has("t3")).toBe(true);
      await resolveMigration(m.options, "002", "rolled-back");
      expect((await m.down({ steps: 2 })).results).toEqual(["003 done", "001 done"]);
    });

    test("a migration older than an applied one stops up; --allow-out-of-order runs it", async () => {
      await using m = await migrating(engine, chain(3));
      await Bun.file(m.project.path("db/migrations/002_t2.sql")).delete();
      expect((await m.up()).results).toEqual(["001 done", "003 done"]);
      await m.write("002_late.sql", "CREATE TABLE late (id int)");
      await m.write("004_t4.sql", "CREATE TABLE t4 (id int)");
      expect(await m.standings()).toEqual(["001 applied", "002 out-of-order", "003 applied", "004 pending"]);
      const { error, refused } = await m.up();
      expect(error).toMatchObject({ code: "history_out_of_order", exitCode: 7 });
      expect(error?.hint).toContain("--allow-out-of-order");
      expect(placeOf(error)).toBe("db/migrations/002_late.sql");
      expect(refused).toBe(true);
      expect((await m.up({ allowOutOfOrder: true })).results).toEqual(["002 done", "004 done"]);
    });

    test("a renamed migration is the same migration", async () => {
      await using m = await migrating(engine, chain(1));
      expect((await m.up()).error).toBeUndefined();
      const text = await m.project.read("db/migrations/001_t1.sql");
      await Bun.file(m.project.path("db/migrations/001_t1.sql")).delete();
      await m.write("1_other_name.sql", text);
      expect(await m.standings()).toEqual(["1 applied"]);
      expect(await m.up()).toEqual({ results: [], error: undefined, refused: false });
      expect((await m.down()).error).toBeUndefined();
      expect(await m.recorded()).toEqual([]);
      expect(await m.has("t1")).toBe(false);
    });

    test("--to and --steps", async () => {
      await using m = await migrating(engine, chain(6));
      expect((await m.up({ steps: 0 })).results).toEqual([]);
      expect((await m.up({ steps: 2 })).results).toEqual(["001 done", "002 done"]);
      expect((await m.up({ to: "4" })).results).toEqual(["003 done", "004 done"]);
      expect((await m.up({ to: "003" })).results).toEqual([]);
      expect((await m.up({ to: "6", steps: 1 })).results).toEqual(["005 done"]);
      expect((await m.up({ to: "7" })).error).toMatchObject({ code: "migration_unknown", exitCode: 2 });
      expect((await m.down({ to: "7" })).error).toMatchObject({ code: "migration_unknown", exitCode: 2 });
      expect((await m.down()).results).toEqual(["005 done"]);
      expect((await m.down({ to: "0002" })).results).toEqual(["004 done", "003 done"]);
      expect((await m.down({ to: "2" })).results).toEqual([]);
      expect((await m.down({ steps: 5 })).results).toEqual(["002 done", "001 done"]);
      expect((await m.down()).results).toEqual([]);
      expect((await m.up({ steps: 9 })).results).toHaveLength(6);
      expect((await m.down({ to: "0", steps: 2 })).results).toEqual(["006 done", "005 done"]);
    });

    test("down of what has no way back is refused before it changes anything", async () => {
      await using m = await migrating(engine, {
        "001_plain.sql": "CREATE TABLE plain (id int)",
        "002_marker.sql": "-- migrate:up\nCREATE TABLE marker (id int);\n",
        "003_pair.up.sql": "CREATE TABLE pair (id int)",
        "004_class.ts": `import { Migration } from "confiture"; export default class extends Migration { up() { this.execute("CREATE TABLE class (id int)"); } }`,
        "005_fine.sql": "-- migrate:up\nCREATE TABLE fine (id int);\n-- migrate:down\nDROP TABLE fine;",
      });
      expect((await m.up()).error).toBeUndefined();
      for (const [steps, file] of [
        [2, "004_class.ts"],
        [3, "004_class.ts"],
      ] as const) {
        const { error, refused, results } = await m.down({ steps });
        expect(error).toMatchObject({ code: "migration_irreversible", exitCode: 1 });
        expect(placeOf(error)).toBe(`db/migrations/${file}`);
        expect([refused, results]).toEqual([true, []]);
        expect(await m.has("fine")).toBe(true);
      }
      expect((await m.down()).results).toEqual(["005 done"]);
      for (const file of ["004_class.ts", "003_pair.up.sql", "002_marker.sql", "001_plain.sql"]) {
        expect(placeOf((await m.down()).error)).toBe(`db/migrations/${file}`);
        await resolveMigration(m.options, file.slice(0, 3), "rolled-back");
      }
    });

    test("the third of three that has no way back stops all three", async () => {
      await using m = await migrating(engine, { ...chain(3), "001_t1.sql": "CREATE TABLE t1 (id int)" });
      expect((await m.up()).error).toBeUndefined();
      expect((await m.down({ steps: 3 })).error?.code).toBe("migration_irreversible");
      expect(await m.recorded()).toEqual(["001", "002", "003"]);
    });

    test("redo goes down and up again under one lock", async () => {
      await using m = await migrating(engine, chain(3));
      expect((await m.up()).error).toBeUndefined();
      await m.query("INSERT INTO t1 VALUES (1)");
      await m.query("INSERT INTO t3 VALUES (1)");
      expect((await m.redo(2)).results).toEqual(["003 done", "002 done", "002 done", "003 done"]);
      expect(await m.query("SELECT * FROM t3")).toEqual([]);
      expect(await m.query("SELECT * FROM t1")).toHaveLength(1);
      expect(await m.recorded()).toEqual(["001", "002", "003"]);
    });

    test("redo that fails on its way up says so, and the rest waits", async () => {
      await using m = await migrating(engine, chain(2));
      expect((await m.up()).error).toBeUndefined();
      await m.query("CREATE TABLE other (id int)");
      await m.query("CREATE VIEW t2_view AS SELECT * FROM t2");
      const { results, error } = await m.redo(2);
      expect(results).toEqual(["002 failed", "001 not-run"]);
      expect(error?.server?.sqlstate).toBe("2BP01");
      expect(await m.recorded()).toEqual(["001", "002"]);
    });

    test("baseline records without running, through a version", async () => {
      await using m = await migrating(engine, {
        ...chain(4),
        "005_broken.ts": "this is no TypeScript (",
      });
      await m.query("CREATE TABLE t1 (id int)");
      expect((await baseline(m.options, "002")).map(({ version }) => version)).toEqual(["001", "002"]);
      expect(await m.standings()).toEqual(["001 applied", "002 applied", "003 pending", "004 pending", "005 pending"]);
      expect(await m.has("t2")).toBe(false);
      expect((await m.up({ to: "003" })).results).toEqual(["003 done"]);
      expect((await failureOf(baseline(m.options, "9"))).code).toBe("migration_unknown");
      expect((await baseline(m.options, undefined)).map(({ version }) => version)).toEqual(["004", "005"]);
      expect(await baseline(m.options, undefined)).toEqual([]);
      // The files' checksums are recorded, so a later edit is seen.
      await m.write("004_t4.sql", "SELECT 1");
      expect(await m.standings()).toContain("004 edited");
    });

    test("a dry run shows the statements and touches nothing", async () => {
      await using m = await migrating(engine, {
        "001_a.sql": "CREATE TABLE a (id int);\nCOPY a FROM stdin;\n1\n\\.\nDROP TABLE a;",
        "002_b.sql": "CREATE INDEX CONCURRENTLY i ON a (id)",
        "003_c.ts": `import { Migration } from "confiture";
          export default class extends Migration { up() { this.execute("CREATE TABLE c (id int); CREATE TABLE d (id int)"); } }`,
        "004_d.ts": `import { Migration } from "confiture";
          export default class extends Migration { async up() { const rows = await this.query("SELECT 1"); this.execute("DROP TABLE x"); } }`,
      });
      const planned = await dryRunUp(m.options, {});
      expect(planned.map(({ file, transactional }) => [file.version, transactional])).toEqual([
        ["001", true],
        ["002", false],
        ["003", true],
        ["004", true],
      ]);
      const statements = planned.map((migration) => migration.statements.join(";\n"));
      expect(statements[0]).toContain('create table "public"."confiture_migrations"');
      expect(statements[0]).toContain("COPY a FROM stdin;\n1\n\\.");
      expect(statements[1]).toContain("CREATE INDEX CONCURRENTLY i ON a (id)");
      expect(statements[2]).toContain("CREATE TABLE d (id int)");
      expect(planned.map(({ incomplete }) => incomplete !== undefined)).toEqual([false, false, false, true]);
      expect(await m.query("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace")).toEqual([]);
      expect(m.events.filter(({ type }) => type === "started")).toEqual([]);
    });

    test("a dry run is stopped by what would stop up", async () => {
      await using m = await migrating(engine, { ...chain(1), "002_b.sql": "SELECT 1; COMMIT" });
      expect((await failureOf(dryRunUp(m.options, {}))).code).toBe("sql_transaction_control");
      expect((await failureOf(dryRunUp(m.options, { to: "9" }))).code).toBe("migration_unknown");
    });

    test("what the naming rule leaves out is listed", async () => {
      await using m = await migrating(engine, {
        ...chain(1),
        "README.md": "",
        "no_version.sql": "",
        "12x_bad.sql": "",
        "003-dash.ts": "",
        ".004_hidden.sql": "",
        "005_types.d.ts": "",
      });
      expect((await status(m.options)).ignored.map(({ path }) => path)).toEqual([
        "db/migrations/003-dash.ts",
        "db/migrations/005_types.d.ts",
        "db/migrations/12x_bad.sql",
        "db/migrations/no_version.sql",
      ]);
    });

    test("events tell what begins and ends, and what PostgreSQL says meanwhile", async () => {
      await using m = await migrating(engine, {
        "001_a.sql": "DO $$ BEGIN RAISE WARNING 'mind the gap' USING HINT = 'step'; END $$",
        "002_b.sql": "SELECT 1/0",
      });
      await m.up();
      expect(m.events).toMatchObject([
        { type: "planned" },
        { type: "started", direction: "up", migration: { version: "001" } },
        { type: "notice", notice: { severity: "WARNING", message: "mind the gap", hint: "step" } },
        { type: "finished", direction: "up", migration: { version: "001" } },
        { type: "started", direction: "up", migration: { version: "002" } },
      ]);
    });

    test("all in one transaction: all or none", async () => {
      await using m = await migrating(engine, { ...chain(3), "004_d.sql": "SELECT 1/0" });
      const { results, error } = await m.up({ singleTransaction: true });
      expect(error?.server?.sqlstate).toBe("22012");
      expect(results).toEqual(["001 not-run", "002 not-run", "003 not-run", "004 failed"]);
      expect([await m.has("t1"), await m.recorded()]).toEqual([false, []]);
      await m.write("004_d.sql", "CREATE INDEX CONCURRENTLY i ON t1 (id)");
      expect((await m.up({ singleTransaction: true })).error?.code).toBe("migration_not_transactional");
      expect((await m.up({ singleTransaction: true, to: "3" })).results).toEqual(["001 done", "002 done", "003 done"]);
      expect(await m.query("SELECT count(DISTINCT xmin::text)::int AS n FROM confiture_migrations")).toEqual([
        { n: 1 },
      ]);
    });
  });
}

const [oldest] = serverEngines;
describe.skipIf(oldest === undefined)("many migrations", () => {
  test("800 of them in one folder", async () => {
    const files = Object.fromEntries(
      Array.from({ length: 800 }, (_, n) => [`${n + 1}_m.sql`, `INSERT INTO steps VALUES (${n + 1})`]),
    );
    await using m = await migrating(oldest!, { ...files, "0_first.sql": "CREATE TABLE steps (n int)" });
    const { results, error } = await m.up();
    expect(error).toBeUndefined();
    expect(results).toHaveLength(801);
    const [row] = await m.query("SELECT array_agg(n ORDER BY ctid) = array_agg(n ORDER BY n) AS ordered FROM steps");
    expect(row).toEqual({ ordered: true });
    expect(await m.up()).toMatchObject({ results: [], error: undefined });
  });
});
