import { describe, expect, test } from "bun:test";
import { baseline, resolveMigration } from "#migrate/record.ts";
import { showMigration } from "#migrate/show.ts";
import { status } from "#migrate/status.ts";
import { renderStatus, entryToJson } from "../../../src/cli/output/status.ts";
import { oldestAndEmbedded, oldestServer } from "../../support/engines.ts";
import { few } from "../../support/long.ts";
import { failureOf } from "../failure.ts";
import { type Migrating, migrating } from "./migrating.ts";

const BOTH = "-- migrate:up\nCREATE TABLE a (id int);\n-- migrate:down\nDROP TABLE a;\n";
const OUTSIDE =
  "-- migrate:up transaction:false\nCREATE TABLE b (id int);\nCREATE INDEX CONCURRENTLY b_id ON b (id);\n-- migrate:down transaction:false\nDROP INDEX CONCURRENTLY b_id;\nDROP TABLE b;\n";
const FILES = { "001_a.sql": BOTH };

/** A trigger that lets nothing through of what is written to the ledger. */
async function suppress(m: Migrating, event: string): Promise<void> {
  await m.query("CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'");
  await m.query(
    `CREATE TRIGGER nothing BEFORE ${event} ON confiture_migrations FOR EACH ROW EXECUTE FUNCTION nothing()`,
  );
}

async function makeLedger(m: Migrating): Promise<void> {
  expect((await m.up()).error).toBeUndefined();
  expect((await m.down({ to: "0" })).error).toBeUndefined();
  expect(await m.recorded()).toEqual([]);
}

const UNWRITTEN = { code: "ledger_unusable", message: expect.stringContaining("did not take a change") };

for (const engine of few(1, oldestAndEmbedded)) {
  describe(engine.name, () => {
    test("a row that a trigger suppresses fails the migration, and nothing of it is kept", async () => {
      await using m = await migrating(engine, FILES);
      await makeLedger(m);
      await suppress(m, "INSERT");
      const { error, results } = await m.up();
      expect(error).toMatchObject(UNWRITTEN);
      expect(error?.hint).toContain('\\d "public"."confiture_migrations"');
      expect(results).toEqual(["001 failed"]);
      expect((await m.up({ singleTransaction: true })).error).toMatchObject(UNWRITTEN);
      expect(await m.has("a")).toBe(false);
      expect(await failureOf(baseline(m.options, undefined))).toMatchObject(UNWRITTEN);
      expect(await failureOf(resolveMigration(m.options, "001", "applied"))).toMatchObject(UNWRITTEN);
      expect(await m.standings()).toEqual(["001 pending"]);
    });
  });
}

for (const engine of oldestServer) {
  describe(engine.name, () => {
    test("a row that a trigger writes otherwise is not taken for the one that was written", async () => {
      await using m = await migrating(engine, FILES);
      await makeLedger(m);
      await m.query(
        "CREATE FUNCTION other() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.version := ''9''; RETURN NEW; END'",
      );
      await m.query("CREATE TRIGGER other BEFORE INSERT ON confiture_migrations FOR EACH ROW EXECUTE FUNCTION other()");
      expect((await m.up()).error).toMatchObject(UNWRITTEN);
      expect(await m.has("a")).toBe(false);
      expect(await m.recorded()).toEqual([]);
    });

    test("a row that cannot be deleted keeps its migration applied", async () => {
      await using m = await migrating(engine, FILES);
      expect((await m.up()).error).toBeUndefined();
      await suppress(m, "DELETE");
      expect((await m.down()).error).toMatchObject(UNWRITTEN);
      expect(await failureOf(resolveMigration(m.options, "001", "rolled-back"))).toMatchObject(UNWRITTEN);
      expect(await m.has("a")).toBe(true);
      expect(await m.standings()).toEqual(["001 applied"]);
    });

    test.each(["INSERT", "DELETE"])("a rule that does nothing instead of %s is told", async (event) => {
      await using m = await migrating(engine, FILES);
      await makeLedger(m);
      if (event === "DELETE") expect((await m.up()).error).toBeUndefined();
      await m.query(`CREATE RULE nothing AS ON ${event} TO confiture_migrations DO INSTEAD NOTHING`);
      expect((event === "INSERT" ? await m.up() : await m.down()).error).toMatchObject(UNWRITTEN);
      expect(await m.has("a")).toBe(event === "DELETE");
    });

    test("outside a transaction it is told before anything runs", async () => {
      await using m = await migrating(engine, { "001_b.sql": OUTSIDE });
      await makeLedger(m);
      await suppress(m, "INSERT");
      expect((await m.up()).error).toMatchObject(UNWRITTEN);
      expect(await m.has("b")).toBe(false);
      await m.query("DROP TRIGGER nothing ON confiture_migrations");
      expect((await m.up()).error).toBeUndefined();
      await m.query(
        "CREATE TRIGGER nothing BEFORE UPDATE ON confiture_migrations FOR EACH ROW EXECUTE FUNCTION nothing()",
      );
      expect((await m.down()).error).toMatchObject(UNWRITTEN);
      expect(await m.has("b_id")).toBe(true);
      expect(await m.standings()).toEqual(["001 applied"]);
    });

    test("a trigger that lets rows through, and a rule beside the ledger, are in nobody's way", async () => {
      await using m = await migrating(engine, { ...FILES, "002_b.sql": OUTSIDE });
      await makeLedger(m);
      await m.query("CREATE TABLE seen (version text)");
      await m.query(
        "CREATE RULE seen AS ON INSERT TO confiture_migrations DO ALSO INSERT INTO public.seen VALUES (NEW.version)",
      );
      expect((await m.up()).error).toBeUndefined();
      expect((await m.down({ to: "0" })).error).toBeUndefined();
      expect(await m.query("SELECT version FROM seen ORDER BY version")).toEqual([
        { version: "001" },
        { version: "002" },
      ]);
    });

    test("of two rows that read the same, one is kept by the statement that the error gives", async () => {
      await using m = await migrating(engine, FILES);
      expect((await m.up()).error).toBeUndefined();
      await m.query("ALTER TABLE confiture_migrations DROP CONSTRAINT confiture_migrations_pkey");
      await m.query("INSERT INTO confiture_migrations SELECT * FROM confiture_migrations");
      const error = await failureOf(status(m.options));
      expect(error).toMatchObject({ code: "ledger_unusable", message: expect.stringMatching(/ version 001 twice$/) });
      for (const statement of error.hint!.split("\n").filter((line) => line.startsWith("  "))) await m.query(statement);
      expect(await m.recorded()).toEqual(["001"]);
      expect((await m.up()).results).toEqual([]);
      expect((await m.down()).results).toEqual(["001 done"]);
    });

    test.each([
      ["infinity", "applied infinity", "infinity"],
      ["4000-01-01 00:00+00 BC", "applied 4000-01-01T00:00:00+00:00 BC", "4000-01-01T00:00:00+00:00 BC"],
      ["294000-01-01 00:00+00", "applied 294000-01-01T00:00:00+00:00", "294000-01-01T00:00:00+00:00"],
      [null, "applied at an unknown time", null],
    ])("a time of %s is shown as it is", async (time, shown, json) => {
      await using m = await migrating(engine, FILES);
      expect((await m.up()).error).toBeUndefined();
      await m.query("ALTER TABLE confiture_migrations ALTER applied_at DROP NOT NULL");
      await m.query(`UPDATE confiture_migrations SET applied_at = ${time === null ? "NULL" : `'${time}'`}`);
      const { history } = await status(m.options);
      expect(renderStatus(history)).toContain(`(${shown})`);
      expect(entryToJson(history[0]!)).toMatchObject({ appliedAt: json });
      expect((await m.down()).results).toEqual(["001 done"]);
    });

    test.each(["state", "statements_done, statements_total", "name, applied_at", "checksum, applied_by"])(
      "a ledger without its column %s gets it back by the statement that the error gives",
      async (columns) => {
        await using m = await migrating(engine, FILES);
        expect((await m.up()).error).toBeUndefined();
        await m.query(`ALTER TABLE confiture_migrations ${columns.replaceAll(/\w+/g, "DROP COLUMN $&")}`);
        const { error } = await m.up();
        expect(error?.code).toBe("ledger_unusable");
        expect(error?.message).toContain(columns);
        expect(error?.hint).not.toContain("another name");
        await m.query(/ALTER TABLE .*;/.exec(error?.hint ?? "")![0]);
        expect(await m.standings()).toEqual(["001 applied"]);
        expect((await m.up()).results).toEqual([]);
        expect((await m.down()).results).toEqual(["001 done"]);
        expect((await m.up()).results).toEqual(["001 done"]);
      },
    );

    test("a ledger without its versions is not given up for another", async () => {
      await using m = await migrating(engine, FILES);
      expect((await m.up()).error).toBeUndefined();
      await m.query("ALTER TABLE confiture_migrations DROP COLUMN version");
      const { error } = await m.up();
      expect(error).toMatchObject({ code: "ledger_unusable", hint: expect.stringContaining("backup") });
    });

    test.each([
      ["another text", "replace(source, 'DROP TABLE a', 'DROP TABLE precious')"],
      ["no text", "''"],
    ])("%s in the ledger than was applied is not run", async (_what, source) => {
      await using m = await migrating(engine, FILES);
      expect((await m.up()).error).toBeUndefined();
      await m.query("CREATE TABLE precious (id int)");
      const show = async (): Promise<string> => {
        const { history, edits } = await status(m.options, { engine: false, edits: true });
        return renderStatus(history, { edits });
      };
      await Bun.file(m.project.path("db/migrations/001_a.sql")).delete();
      await m.write("002_b.sql", "SELECT 1");
      expect(await show()).not.toContain("does not fit");
      expect(await showMigration(m.options, "001")).toMatchObject({ isAltered: false });
      const [before] = await m.query<{ source: string }>("SELECT source FROM confiture_migrations");
      await m.query(`UPDATE confiture_migrations SET source = ${source}`);
      const { error, refused } = await m.down();
      expect(error).toMatchObject({ code: "text_altered", hint: expect.stringContaining("version control") });
      expect(refused).toBe(true);
      expect([await m.has("precious"), await m.has("a")]).toEqual([true, true]);
      expect(await showMigration(m.options, "001")).toMatchObject({ isAltered: true });
      expect(await show()).toContain("does not fit the text beside it");
      // The way out.
      await m.write("001_a.sql", before!.source);
      expect((await m.down()).results).toEqual(["001 done"]);
      expect([await m.has("precious"), await m.has("a")]).toEqual([true, false]);
    });

    test("a checksum that was changed by hand is not taken for an edit of the file", async () => {
      await using m = await migrating(engine, FILES);
      expect((await m.up()).error).toBeUndefined();
      await m.query("UPDATE confiture_migrations SET checksum = repeat('0', 64)");
      const { history, edits } = await status(m.options, { engine: false, edits: true });
      expect(renderStatus(history, { edits })).toContain("the checksum was changed");
    });

    test("going on is offered only where it can go on", async () => {
      await using m = await migrating(engine, {
        "001_b.sql": "-- migrate:up transaction:false\nCREATE TABLE b (id int);\nSELECT 1 / 0;\n",
      });
      expect((await m.up()).error?.code).toBe("sql_failed");
      expect((await m.up()).error?.hint).toContain("--continue");
      await m.write("001_b.sql", "-- migrate:up\nCREATE TABLE b (id int);\nSELECT 1;\n");
      const { error } = await m.up();
      expect(error?.code).toBe("history_stopped");
      expect(error?.hint).not.toContain("--continue");
      expect(error?.hint).toContain("--rolled-back");
    });

    test("nothing comes after a version of the ledger that is no number", async () => {
      await using m = await migrating(engine, FILES);
      expect((await m.up()).error).toBeUndefined();
      await m.query("UPDATE confiture_migrations SET version = 'abc; drop'");
      const { error } = await m.up({ allowMissing: true });
      expect(error?.code).toBe("history_out_of_order");
      expect(error?.hint).not.toContain("Give it a version after");
      expect(error?.hint).toContain("resolve 'abc; drop' --rolled-back");
    });

    test.each([
      ["V1__a.sql", "db/migrations/U1__a.sql"],
      ["2026-01-02-030405_a/up.sql", "db/migrations/2026-01-02-030405_a/down.sql"],
      ["up/001_a.sql", "db/migrations/down/001_a.sql"],
    ])("the way back of %s is asked for in its own file", async (name, wayBack) => {
      const others = name.startsWith("up/")
        ? { "db/migrations/up/000_z.sql": "SELECT 1", "db/migrations/down/000_z.sql": "SELECT 1" }
        : {};
      await using m = await migrating(engine, { [`db/migrations/${name}`]: "CREATE TABLE a (id int)", ...others });
      expect((await m.up()).error).toBeUndefined();
      const { error } = await m.down();
      expect(error?.code).toBe("migration_irreversible");
      expect(error?.hint).toContain(` ${wayBack}.`);
      expect(error?.hint).not.toContain("accept");
      await m.project.write(wayBack, "DROP TABLE a");
      expect((await m.down()).error).toBeUndefined();
      expect(await m.has("a")).toBe(false);
    });

    test("a ledger whose rows are hidden from the role is an error for everything that reads it", async () => {
      await using m = await migrating(engine, FILES);
      const role = `hidden_${process.pid}_${engine.major}`;
      await m.query(`CREATE ROLE ${role} LOGIN PASSWORD 'postgres'`);
      try {
        await m.query(`GRANT CREATE, USAGE ON SCHEMA public TO ${role}`);
        const target = { ...m.options.target, user: role } as typeof m.options.target;
        expect((await m.up()).error).toBeUndefined();
        await m.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON confiture_migrations TO ${role}`);
        await m.query("ALTER TABLE confiture_migrations ENABLE ROW LEVEL SECURITY");
        const options = { ...m.options, target };
        for (const error of [
          (await m.up({}, { target })).error,
          (await m.down({}, { target })).error,
          await failureOf(status(options)),
          await failureOf(baseline(options, undefined)),
        ]) {
          expect(error).toMatchObject({ code: "ledger_unusable" });
          expect(error?.hint).toContain('ALTER TABLE "public"."confiture_migrations" DISABLE ROW LEVEL SECURITY;');
          expect(error?.hint).toContain("BYPASSRLS");
          expect(error?.hint).not.toContain("GRANT");
        }
        await m.query(`ALTER ROLE ${role} BYPASSRLS`);
        expect((await status(options)).history).toMatchObject([{ standing: "applied" }]);
        // A migration can turn it on under its own feet.
        await m.query(`ALTER ROLE ${role} NOBYPASSRLS`);
        await m.query(`ALTER TABLE confiture_migrations OWNER TO ${role}`);
        await m.write("002_b.sql", "ALTER TABLE public.confiture_migrations FORCE ROW LEVEL SECURITY");
        const { error } = await m.up({}, { target });
        expect(error).toMatchObject({ code: "ledger_unusable" });
        expect(error?.hint).toContain("DISABLE ROW LEVEL SECURITY");
        expect(error?.hint).not.toContain("GRANT");
        expect(await m.standings()).toEqual(["001 applied", "002 pending"]);
      } finally {
        await m.query(`REASSIGN OWNED BY ${role} TO CURRENT_USER`);
        await m.query(`DROP OWNED BY ${role}`);
        await m.query(`DROP ROLE ${role}`);
      }
    });
  });
}
