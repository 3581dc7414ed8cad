import { describe, expect, test } from "bun:test";
import { createMigration } from "#migrate/create.ts";
import { dryRunUp } from "#migrate/dry-run.ts";
import { oldestServer } from "../../support/engines.ts";
import { failureOf, placeOf } from "../failure.ts";
import { type Migrating, migrating } from "./migrating.ts";

const TS = (body: string): string =>
  `import { Migration } from "confiture";\nexport default class extends Migration {\n${body}\n}\n`;

/** Writes what `migrate new` writes. */
async function template(m: Migrating, form: "sql" | "typescript"): Promise<void> {
  await createMigration({
    projectDir: m.options.projectDir,
    dir: m.options.dir,
    name: "add bio",
    form,
    timestamp: false,
    now: new Date(),
  });
}

// How files are read is the same on every engine, and the embedded one takes its time to start.
for (const engine of oldestServer) {
  describe(engine.name, () => {
    test.each([
      ["of no bytes", ""],
      ["of comments", "-- later\n/* ALTER TABLE a ADD b int; */\n"],
      ["of semicolons", ";;\n"],
      ["with nothing below its marker", "-- migrate:up\n\n-- migrate:down\nDROP TABLE a;\n"],
    ])("a migration %s is refused before anything runs", async (_what, text) => {
      await using m = await migrating(engine, { "001_a.sql": "CREATE TABLE a (id int)", "002_b.sql": text });
      const { error, refused } = await m.up();
      expect(error).toMatchObject({ code: "migration_empty", exitCode: 1 });
      expect(error?.message).toContain(
        text.includes("DROP") ? "all below `-- migrate:down`" : "it has no statement to run",
      );
      expect(placeOf(error)).toBe("db/migrations/002_b.sql");
      expect(refused).toBe(true);
      expect((await failureOf(dryRunUp(m.options, {}))).code).toBe("migration_empty");
      expect([await m.has("a"), await m.has("confiture_migrations")]).toEqual([false, false]);

      const line = /SELECT 1;/.exec(error?.hint ?? "")?.[0] ?? "";
      await m.write("002_b.sql", line);
      expect((await m.up()).results).toEqual(["001 done", "002 done"]);
    });

    test.each(["sql", "typescript"] as const)(
      "what `migrate new` writes is refused until it is filled in: %s",
      async (form) => {
        await using m = await migrating(engine, {});
        await m.write("001_a.sql", "CREATE TABLE a (id int)");
        await template(m, form);
        const { error } = await m.up();
        expect(error?.code).toBe("migration_empty");
        expect(placeOf(error)).toBe(`db/migrations/002_add_bio.${form === "sql" ? "sql" : "ts"}`);
        expect(await m.standings()).toContain("002 pending");
      },
    );

    test.each([
      ["golang-migrate", "001_a.up.sql", "002_add_bio.up.sql"],
      ["Flyway", "V1__a.sql", "V2__add_bio.sql"],
      ["goose", "001_a.sql", "002_add_bio.sql"],
    ])("and in a folder of %s as well, whose own files may be empty", async (tool, first, second) => {
      await using m = await migrating(engine, {
        [first]: `${tool === "goose" ? "-- +goose Up\n" : ""}CREATE TABLE a (id int)`,
      });
      await template(m, "sql");
      const { error } = await m.up();
      expect(error?.code).toBe("migration_empty");
      expect(placeOf(error)).toBe(`db/migrations/${second}`);
      await m.write(
        second,
        (await m.project.read(`db/migrations/${second}`)).replace("-- Write the change here.", "CREATE TABLE b ();"),
      );
      expect((await m.up()).error).toBeUndefined();
      expect(await m.has("b")).toBe(true);
    });

    test.each([
      ["with an empty up()", "up() {}"],
      ["that runs only comments", "up() { this.execute(`-- later`); }"],
      ["outside a transaction", "transaction = false;\n up() {}"],
    ])("a class %s is refused, and nothing of it is recorded", async (_what, body) => {
      await using m = await migrating(engine, { "001_a.ts": TS(body), "002_b.sql": "SELECT 1" });
      const { error, results } = await m.up();
      expect(results).toEqual(["001 failed", "002 not-run"]);
      expect(error?.code).toBe("migration_empty");
      expect(placeOf(error)).toBe("db/migrations/001_a.ts");
      expect(await m.standings()).toEqual(["001 pending", "002 pending"]);
    });

    test("a class that only reads is not empty, nor is an empty down()", async () => {
      await using m = await migrating(engine, {
        "001_a.ts": TS("async up() { await this.query('SELECT 1'); }\n down() {}"),
        "002_b.ts": TS("up() { this.execute(`SELECT 1`); }\n down() {}"),
      });
      expect((await m.up()).error).toBeUndefined();
      expect((await m.down({ to: "0" })).error).toBeUndefined();
    });

    test("an empty file of golang-migrate's, and one that is recorded, are in nobody's way", async () => {
      await using m = await migrating(engine, {
        "001_a.up.sql": "-- no change",
        "001_a.down.sql": "",
        "002_b.sql": "SELECT 1",
      });
      expect((await m.up()).results).toEqual(["001 done", "002 done"]);
      expect(m.events.filter(({ type }) => type === "empty")).toMatchObject([{ direction: "up" }]);
      await m.write("002_b.sql", "");
      await m.query("UPDATE confiture_migrations SET checksum = NULL");
      await m.write("003_c.sql", "SELECT 1");
      expect((await m.up()).results).toEqual(["003 done"]);
    });
  });
}
