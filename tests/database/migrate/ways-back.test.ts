import { describe, expect, test } from "bun:test";
import { status } from "#migrate/status.ts";
import { oldestServer } from "../../support/engines.ts";
import { placeOf } from "../failure.ts";
import { migrating } from "./migrating.ts";

const UP = { "001_a.up.sql": "CREATE TABLE a (id int);", "001_a.down.sql": "DROP TABLE a;" };

const CODE =
  'import { Migration } from "confiture";\nexport default class B extends Migration {\n  up() { this.execute("INSERT INTO a VALUES (1)"); }\n  down() {}\n}\n';

// How files are read is the same on every engine, and the embedded one takes its time to start.
for (const engine of oldestServer) {
  describe(engine.name, () => {
    test.each([
      ["of a pair", { "002_b.up.sql": "INSERT INTO a VALUES (1);", "002_b.down.sql": "-- nothing to undo\n" }],
      ["of no bytes", { "002_b.up.sql": "INSERT INTO a VALUES (1);", "002_b.down.sql": "" }],
      ["of a section", { "002_b.sql": "-- migrate:up\nINSERT INTO a VALUES (1);\n-- migrate:down\n" }],
      ["of code", { "002_b.ts": CODE }],
      ["of code outside a transaction", { "002_b.ts": CODE.replace("{\n", "{\n  transaction = false;\n") }],
    ])("an empty way back undoes nothing, and does not keep those below it from going: %s", async (_what, files) => {
      await using m = await migrating(engine, { ...UP, ...files });
      expect((await m.up()).error).toBeUndefined();
      expect((await m.down()).results).toEqual(["002 done"]);
      expect(await m.query("SELECT id FROM a")).toEqual([{ id: 1 }]);
      expect(m.events.filter(({ type }) => type === "empty")).toMatchObject([
        { direction: "down", migration: { version: "002" } },
      ]);
      expect((await m.up()).results).toEqual(["002 done"]);
      expect((await m.down({ to: "0" })).results).toEqual(["002 done", "001 done"]);
      expect([await m.has("a"), await m.recorded()]).toEqual([false, []]);
    });

    test("one that is lacking is refused, and the file that it goes into named", async () => {
      await using m = await migrating(engine, { ...UP, "002_b.up.sql": "CREATE TABLE b (id int);" });
      await m.up();
      const { error } = await m.down();
      expect(error?.hint).toContain("add db/migrations/002_b.down.sql.");
      expect(await m.has("b")).toBe(true);
    });

    test("what is said to lack is what lacks, and a way back that came later is told from an edited way up", async () => {
      await using m = await migrating(engine, {
        "001_a.sql": "-- migrate:up\nCREATE TABLE a (id int);\n",
        "002_b.sql": "CREATE TABLE b (id int);\n",
      });
      await m.up();
      expect((await m.down()).error?.hint).toContain("put the line -- migrate:up above its SQL");
      await m.down();
      await m.query("DELETE FROM confiture_migrations WHERE version = '002'");
      const { error } = await m.down();
      expect(error?.hint).toContain("add the line -- migrate:down");
      expect(error?.hint).not.toContain("migrate:up");

      await m.query("DROP TABLE b");
      await m.write("001_a.sql", "-- migrate:up\nCREATE TABLE a (id int);\n-- migrate:down\nDROP TABLE a;\n");
      for (const outcome of [await m.down(), await m.up(), await m.redo()]) {
        expect(outcome.error?.code).toBe("history_edited");
        expect(outcome.error?.hint).toContain("confiture migrate accept 001");
        expect(outcome.error?.hint).not.toContain("Put the file back");
      }
      await m.write("001_a.sql", "-- migrate:up\nCREATE TABLE a (id bigint);\n-- migrate:down\nDROP TABLE a;\n");
      expect((await m.down()).error?.hint).toContain("Put the file back");
    });

    test.each([
      ["is cut short", "begin\n raise 'no way back';\nend\n$$;\n", "sql_unterminated", "4:1"],
      ["holds a conflict", "<<<<<<< a\nSELECT 1;\n=======\nSELECT 2;\n>>>>>>> b\n", "file_conflict_marker", "1:1"],
      ["is no text", new Uint8Array([0x2d, 0x2d, 0xff, 0x0a]), "file_not_utf8", "1:3"],
      ["mixes", "DROP TABLE a;\nCREATE INDEX CONCURRENTLY i ON b (id);", "migration_mixed", "2:1"],
      ["uses psql", "\\gexec\n", "sql_psql_command", "1:1"],
      ["controls transactions", "DROP TABLE a;\nROLLBACK;", "sql_transaction_control", "2:1"],
      ["is a way up", "-- migrate:up\nSELECT 1;", "migration_invalid", "1:1"],
    ])("a way back that %s does not stop the way up", async (_what, down, code, place) => {
      await using m = await migrating(engine, {
        ...UP,
        "001_a.down.sql": down,
        "002_b.sql": "CREATE TABLE b (id int)",
      });
      expect((await m.up()).results).toEqual(["001 done", "002 done"]);
      expect(await m.standings()).toEqual(["001 applied", "002 applied"]);
      await m.query("DELETE FROM confiture_migrations WHERE version = '002'");
      const { error, refused } = await m.down();
      expect(error?.code).toBe(code as never);
      expect(placeOf(error)).toBe(`db/migrations/001_a.down.sql:${place}`);
      expect(refused).toBe(true);
      expect(await m.has("a")).toBe(true);
    });

    test("the same in a section: what stands below the marker is looked at when it is asked for", async () => {
      await using m = await migrating(engine, {
        "001_a.sql": "-- migrate:up\nCREATE TABLE a (id int);\n-- migrate:down\nDROP TABLE a;\nSELECT 'open;\n",
        "002_b.sql": "-- migrate:up\nSELECT 1;\n-- migrate:down nonsense\nSELECT 1;\n",
      });
      expect((await m.up()).error).toBeUndefined();
      expect((await m.down()).error?.code).toBe("migration_invalid");
      await m.query("DELETE FROM confiture_migrations WHERE version = '002'");
      expect(placeOf((await m.down()).error)).toBe("db/migrations/001_a.sql:5:8");
    });

    test.each([
      ["alone", { "002_b.down.sql": "DROP TABLE b;" }, /002_b\.down\.sql/],
      ["beside another form", { "002_b.sql": "SELECT 1", "002_b.down.sql": "DROP TABLE b;" }, /002_b\.down\.sql/],
    ])("a way back without its way up is left out, and named: %s", async (_what, files, name) => {
      await using m = await migrating(engine, { ...UP, ...files });
      const { error, results } = await m.up();
      expect(error).toBeUndefined();
      expect(results[0]).toBe("001 done");
      const ignored = m.events.flatMap((event) => (event.type === "ignored" ? event.ignored : []));
      expect(ignored.map(({ path }) => path).join()).toMatch(name);
      expect((await status(m.options)).ignored).toEqual(ignored);
    });

    test("a file that is recorded is not judged again, and its way back is there", async () => {
      await using m = await migrating(engine, UP);
      expect((await m.up()).error).toBeUndefined();
      await m.write("001_a.up.sql", "CREATE TABLE a (id int);\nROLLBACK; SELECT 'open");
      await m.query("UPDATE confiture_migrations SET checksum = NULL");
      await m.write("002_b.sql", "SELECT 1");
      expect((await m.up()).results).toEqual(["002 done"]);
      await m.query("DELETE FROM confiture_migrations WHERE version = '002'");
      expect((await m.down()).results).toEqual(["001 done"]);
      expect(await m.has("a")).toBe(false);
    });
  });
}
