import { describe, expect, test } from "bun:test";
import { showMigration } from "#migrate/show.ts";
import { status } from "#migrate/status.ts";
import { oldestAndEmbedded, oldestServer } from "../../support/engines.ts";
import { few } from "../../support/long.ts";
import { failureOf } from "../failure.ts";
import { type Migrating, migrating } from "./migrating.ts";

const BOTH = "-- migrate:up\nCREATE TABLE a (id int);\n-- migrate:down\nDROP TABLE a;\n";
const CLASS = `import { Migration } from "confiture";
export default class extends Migration {
  up() { this.execute("CREATE TABLE c (id int)"); }
  async down() { await this.query("SELECT 1"); this.execute("DROP TABLE c"); }
}
`;
const FILES = {
  "001_a.sql": BOTH,
  "002_b.up.sql": "CREATE TABLE b (id int)",
  "002_b.down.sql": "DROP TABLE b",
  "003_c.ts": CLASS,
  "004_d.sql":
    "-- migrate:up transaction:false\nCREATE TABLE d (id int);\nCREATE INDEX CONCURRENTLY d_id ON d (id);\n-- migrate:down transaction:false\nDROP INDEX CONCURRENTLY d_id;\nDROP TABLE d;\n",
};

async function kept(m: Migrating): Promise<unknown[]> {
  return await m.query("SELECT source, source_down, source_file FROM confiture_migrations ORDER BY version");
}

async function remove(m: Migrating, ...names: string[]): Promise<void> {
  for (const name of names) await Bun.file(m.project.path(`db/migrations/${name}`)).delete();
}

for (const engine of few(1, oldestAndEmbedded)) {
  describe(engine.name, () => {
    test("the texts of a migration are kept as they were applied, each form as it is", async () => {
      await using m = await migrating(engine, FILES);
      expect((await m.up()).error).toBeUndefined();
      expect(await kept(m)).toEqual([
        { source: BOTH, source_down: null, source_file: "db/migrations/001_a.sql" },
        { source: "CREATE TABLE b (id int)", source_down: "DROP TABLE b", source_file: "db/migrations/002_b.up.sql" },
        { source: CLASS, source_down: null, source_file: "db/migrations/003_c.ts" },
        { source: FILES["004_d.sql"], source_down: null, source_file: "db/migrations/004_d.sql" },
      ]);
    });

    test("down rolls back what has no file here with the text in the ledger, and says so", async () => {
      await using m = await migrating(engine, FILES);
      expect((await m.up()).error).toBeUndefined();
      await remove(m, ...Object.keys(FILES));
      await m.write("005_other.sql", "SELECT 1");
      expect((await m.down({ to: "0" })).results).toEqual(["004 done", "003 done", "002 done", "001 done"]);
      expect(await m.recorded()).toEqual([]);
      for (const table of ["a", "b", "c", "d"]) expect(await m.has(table)).toBe(false);
      expect(m.events.filter(({ type }) => type === "from-ledger")).toHaveLength(4);
    });

    test("an edited one is rolled back as it ran with --recorded, and runs anew as it is", async () => {
      await using m = await migrating(engine, { "001_a.sql": BOTH });
      expect((await m.up()).error).toBeUndefined();
      await m.write("001_a.sql", BOTH.replaceAll(/\ba\b/g, "other"));
      const { error } = await m.down();
      expect(error).toMatchObject({ code: "history_edited", hint: expect.stringContaining("migrate down --recorded") });
      expect((await m.down({ recorded: true })).results).toEqual(["001 done"]);
      expect(m.events).toContainEqual({ type: "from-ledger", migration: expect.anything(), isEdited: true });
      expect((await m.up()).results).toEqual(["001 done"]);
      expect([await m.has("a"), await m.has("other")]).toEqual([false, true]);
    });

    test("the hint for an edited one rolls back as far as it", async () => {
      await using m = await migrating(engine, FILES);
      expect((await m.up()).error).toBeUndefined();
      await m.write("002_b.up.sql", "CREATE TABLE other (id int)");
      const { error } = await m.up();
      const command = /confiture migrate down --recorded --steps (\d+)` rolls back .*, and the 2 behind it;/;
      const steps = Number(command.exec(error?.hint ?? "")?.[1]);
      expect((await m.down({ recorded: true, steps })).results).toEqual(["004 done", "003 done", "002 done"]);
      expect((await m.up()).results).toEqual(["002 done", "003 done", "004 done"]);
    });

    test("a text without a way back, or none at all, is refused before anything is changed", async () => {
      await using m = await migrating(engine, { "001_a.sql": BOTH, "002_b.sql": "CREATE TABLE b (id int)" });
      expect((await m.up()).error).toBeUndefined();
      await remove(m, "002_b.sql");
      expect(await m.down()).toMatchObject({ error: { code: "migration_irreversible" }, refused: true });
      await remove(m, "001_a.sql");
      await m.query("UPDATE confiture_migrations SET source = NULL WHERE version = '001'");
      await m.query("DELETE FROM confiture_migrations WHERE version = '002'");
      expect(await m.down()).toMatchObject({ error: { code: "history_missing" }, refused: true });
      expect(await m.has("a")).toBe(true);
    });

    test("show prints what ran, of an edited file too; what is pending comes from its file", async () => {
      await using m = await migrating(engine, FILES);
      expect((await m.up({ to: "002" })).error).toBeUndefined();
      await m.write("001_a.sql", `${BOTH}-- edited\n`);
      const shown = await showMigration(m.options, "1");
      expect(shown).toMatchObject({ from: "ledger", source: BOTH, path: "db/migrations/001_a.sql" });
      expect(shown.entry.standing).toBe("edited");
      expect(shown.wayBack()).toBe("DROP TABLE a;\n");
      const pair = await showMigration(m.options, "002");
      expect(pair).toMatchObject({ from: "ledger", sourceDown: "DROP TABLE b" });
      expect(pair.wayBack()).toBe("DROP TABLE b");
      const pending = await showMigration(m.options, "003");
      expect(pending).toMatchObject({ from: "file", source: CLASS });
      expect(() => pending.wayBack()).toThrow();
      // What was recorded without a text is what its file is, unless that was edited.
      await m.query("UPDATE confiture_migrations SET source = NULL");
      expect(await showMigration(m.options, "002")).toMatchObject({ from: "file", sourceDown: "DROP TABLE b" });
      expect((await failureOf(showMigration(m.options, "001"))).code).toBe("text_not_kept");
    });

    test("of a file that is too long its checksum is kept, and a way back that is a file of its own", async () => {
      await using m = await migrating(engine, {
        "001_a.up.sql": `CREATE TABLE a (id int);\n-- ${"x".repeat(1 << 20)}\n`,
        "001_a.down.sql": "DROP TABLE a",
      });
      expect((await m.up()).error).toBeUndefined();
      expect(await kept(m)).toEqual([
        { source: null, source_down: "DROP TABLE a", source_file: "db/migrations/001_a.up.sql" },
      ]);
      await remove(m, "001_a.up.sql", "001_a.down.sql");
      await m.write("002_b.sql", "SELECT 1");
      expect((await failureOf(showMigration(m.options, "001"))).code).toBe("text_not_kept");
      expect((await m.down()).results).toEqual(["001 done"]);
      expect(await m.has("a")).toBe(false);
    });

    test("what is edited is read for whoever asks", async () => {
      await using m = await migrating(engine, FILES);
      expect((await m.up()).error).toBeUndefined();
      await m.write("001_a.sql", `${BOTH}-- edited\n`);
      expect((await status(m.options)).edits).toEqual([]);
      expect((await status(m.options, { engine: false, edits: true })).edits).toEqual([
        { version: "001", path: "db/migrations/001_a.sql", before: BOTH, after: `${BOTH}-- edited\n` },
      ]);
    });
  });
}

for (const engine of oldestServer) {
  describe(engine.name, () => {
    test("a text is kept together with its migration or not at all", async () => {
      await using m = await migrating(engine, {
        "001_a.sql": `${BOTH.split("-- migrate:down")[0]}SELECT pg_sleep(60);`,
      });
      const cut = new AbortController();
      const running = m.up({}, { signal: cut.signal });
      for (;;) {
        const [sleeper] = await m.query<{ pid: number }>(
          "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'",
        );
        if (sleeper === undefined) continue;
        await m.query("SELECT pg_terminate_backend($1)", [sleeper.pid]);
        break;
      }
      expect((await running).error?.code).toBe("connection_lost");
      expect(await kept(m)).toEqual([]);
      expect(await m.has("a")).toBe(false);
      await m.write("001_a.sql", BOTH);
      const both = await Promise.all([m.up(), m.up()]);
      expect(both.flatMap(({ results }) => results)).toEqual(["001 done"]);
      expect(await kept(m)).toEqual([{ source: BOTH, source_down: null, source_file: "db/migrations/001_a.sql" }]);
    });

    test("a ledger with some of the columns for texts gets the others; a role that only reads reads them", async () => {
      await using m = await migrating(engine, FILES);
      expect((await m.up({ steps: 1 })).error).toBeUndefined();
      await m.query("ALTER TABLE confiture_migrations DROP COLUMN source_down, DROP COLUMN source_file");
      expect(await showMigration(m.options, "001")).toMatchObject({ from: "ledger", source: BOTH, path: null });
      const role = `reader_${process.pid}_${engine.major}`;
      await m.query(`CREATE ROLE ${role} LOGIN PASSWORD 'postgres'`);
      try {
        await m.query(`GRANT SELECT ON confiture_migrations TO ${role}`);
        const target = { ...m.options.target, user: role } as typeof m.options.target;
        expect(await showMigration({ ...m.options, target }, "001")).toMatchObject({ from: "ledger" });
        expect((await status({ ...m.options, target }, { engine: false, edits: true })).history[0]?.standing).toBe(
          "applied",
        );
      } finally {
        await m.query(`DROP OWNED BY ${role}`);
        await m.query(`DROP ROLE ${role}`);
      }
      expect((await m.up({ steps: 1 })).error).toBeUndefined();
      expect(await kept(m)).toMatchObject([{ source_down: null }, { source_down: "DROP TABLE b" }]);
    });
  });
}
