import { describe, expect, test } from "bun:test";
import { findDrift } from "#compare/drift.ts";
import { squash } from "#compare/base/squash.ts";
import { baseline, resolveMigration } from "#migrate/record.ts";
import { showMigration } from "#migrate/show.ts";
import { filesOf } from "../compare/project-files.ts";
import { newestAndEmbedded } from "../../support/engines.ts";
import { few } from "../../support/long.ts";
import { failureOf } from "../failure.ts";
import { type Migrating, migrating } from "./migrating.ts";

const table = (name: string): string =>
  `-- migrate:up\nCREATE TABLE ${name} (id int PRIMARY KEY);\nINSERT INTO ${name} VALUES (1);\n-- migrate:down\nDROP TABLE ${name};\n`;
const FILES = {
  "001_a.sql": table("a"),
  "002_b.up.sql": "CREATE TABLE b (id int PRIMARY KEY)",
  "002_b.down.sql": "DROP TABLE b",
  "003_c.sql": table("c"),
};
const SCHEMA =
  "CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY); CREATE TABLE c (id int PRIMARY KEY);";

/** Squashes 001 and 002, as the command does. */
async function squashTwo(m: Migrating): Promise<void> {
  const { base, squashed } = await squash({ ...filesOf(m.project.dir), through: "2" });
  expect(squashed.map(({ version }) => version)).toEqual(["001", "002"]);
  await m.project.write(base.path, base.text);
  for (const name of ["001_a.sql", "002_b.up.sql", "002_b.down.sql"]) {
    await Bun.file(m.project.path(`db/migrations/${name}`)).delete();
  }
}

for (const engine of few(1, newestAndEmbedded)) {
  describe(engine.name, () => {
    test("a database that has the squashed ones goes on as if nothing had happened", async () => {
      await using m = await migrating(engine, FILES);
      expect((await m.up({ steps: 2 })).error).toBeUndefined();
      await squashTwo(m);
      expect(await m.standings()).toEqual(["001 squashed", "002 squashed", "003 pending"]);
      expect((await m.up()).results).toEqual(["003 done"]);
      expect((await m.up()).results).toEqual([]);
      expect(await m.down({ to: "0" })).toMatchObject({ error: { code: "history_squashed" }, refused: true });
      expect((await m.down({ to: "2" })).results).toEqual(["003 done"]);
      const refused = await m.down();
      expect(refused).toMatchObject({ error: { code: "history_squashed", exitCode: 7 }, refused: true });
      expect(refused.error?.hint).toContain("migrate show 002 --down");
      expect((await showMigration(m.options, "002")).wayBack()).toBe("DROP TABLE b");
      expect(await m.has("a")).toBe(true);
    });

    test("an empty database begins with the base, and has the squashed ones recorded", async () => {
      await using m = await migrating(engine, FILES);
      await squashTwo(m);
      expect(await m.standings()).toEqual(["base.sql pending", "003 pending"]);
      expect((await m.up()).results).toEqual(["base.sql done", "003 done"]);
      expect(await m.standings()).toEqual(["base.sql applied", "001 squashed", "002 squashed", "003 applied"]);
      expect(await m.query("SELECT id FROM a")).toEqual([{ id: 1 }]);
      // An image from before the squash finds what it looks for.
      for (const [name, text] of Object.entries(FILES)) await m.write(name, text);
      await Bun.file(m.project.path("db/migrations/base.sql")).delete();
      expect(await m.standings()).toEqual(["base.sql applied", "001 applied", "002 applied", "003 applied"]);
      expect((await m.up()).results).toEqual([]);
    });

    test("a database that lacks some is refused before anything runs, and told what to do", async () => {
      await using m = await migrating(engine, FILES);
      expect((await m.up({ steps: 1 })).error).toBeUndefined();
      await squashTwo(m);
      expect(await m.standings()).toEqual(["001 squashed", "002 lacking", "003 pending"]);
      const { error, refused } = await m.up();
      expect(error).toMatchObject({ code: "history_squashed", exitCode: 7, data: { lacking: ["002"] } });
      expect(error?.hint).toContain("confiture migrate baseline --through 002");
      expect(refused).toBe(true);
      expect(await m.has("c")).toBe(false);
      await m.query("CREATE TABLE b (id int PRIMARY KEY)");
      await resolveMigration(m.options, "002", "applied");
      expect((await m.up()).results).toEqual(["003 done"]);
    });

    test("a database that was never recorded is not taken for one that has them", async () => {
      await using m = await migrating(engine, FILES);
      await squashTwo(m);
      await m.query("CREATE TABLE a (id int)");
      expect((await m.up()).error?.code).toBe("history_squashed");
      expect((await baseline(m.options, "002")).map(({ version }) => version)).toEqual(["001", "002"]);
      expect((await m.up()).results).toEqual(["003 done"]);
    });

    test("one that had another text is not passed over, a file that comes back is left out", async () => {
      await using m = await migrating(engine, FILES);
      expect((await m.up({ steps: 2 })).error).toBeUndefined();
      await m.query("UPDATE confiture_migrations SET checksum = repeat('0', 64) WHERE version = '002'");
      await squashTwo(m);
      expect(await m.standings()).toEqual(["001 squashed", "002 missing", "003 pending"]);
      await m.write("001_a.sql", FILES["001_a.sql"]);
      expect((await m.up({ allowMissing: true })).results).toEqual(["003 done"]);
      expect(m.events.find(({ type }) => type === "ignored")).toMatchObject({
        ignored: [{ path: "db/migrations/001_a.sql" }],
      });
    });

    test("a file that only has a squashed version is refused, and told its new one", async () => {
      await using m = await migrating(engine, FILES);
      await squashTwo(m);
      expect((await m.up()).results).toEqual(["base.sql done", "003 done"]);
      const theirs = "CREATE TABLE theirs (id int)";
      for (const [files, id, next] of [
        // Another branch's, by name or by content alone, in either form.
        [{ "001_theirs.sql": theirs }, "001_a", "001_theirs.sql to 004_theirs.sql"],
        [{ "001_theirs.sql": FILES["001_a.sql"] }, "001_a", "001_theirs.sql to 004_theirs.sql"],
        [{ "001_a.sql": `${FILES["001_a.sql"]}${theirs}` }, "001_a", "001_a.sql to 004_a.sql"],
        [{ "2_b.up.sql": theirs, "2_b.down.sql": "" }, "002_b", "2_b.down.sql to 004_b.down.sql"],
        [{ "001_c.sql": theirs, "002_d.sql": theirs }, "001_a", "002_d.sql to 005_d.sql"],
      ] as const) {
        for (const [name, text] of Object.entries(files)) await m.write(name, text);
        const { error, refused } = await m.up();
        expect(error).toMatchObject({ code: "history_squashed", exitCode: 7 });
        expect(error?.message).toContain(id);
        expect(error?.hint).toContain(next);
        expect(refused).toBe(true);
        expect(await failureOf(m.standings())).toMatchObject({ code: "history_squashed" });
        for (const name of Object.keys(files)) await Bun.file(m.project.path(`db/migrations/${name}`)).delete();
      }
      expect(await m.has("theirs")).toBe(false);
      expect((await m.up()).results).toEqual([]);
    });

    test("drift compares with what base and migrations make, or says what is lacking", async () => {
      await using m = await migrating(engine, { ...FILES, "db/schema/all.sql": SCHEMA });
      expect((await m.up({ steps: 1 })).error).toBeUndefined();
      await squashTwo(m);
      const terms = { owners: false, grants: false, extensionVersions: false };
      const drift = () =>
        findDrift({ ...filesOf(m.project.dir), target: m.options.target, against: undefined, terms, ignore: [] });
      expect(await failureOf(drift())).toMatchObject({ code: "history_squashed", data: { lacking: ["002"] } });
      await m.query("CREATE TABLE b (id int PRIMARY KEY)");
      await baseline(m.options, "002");
      expect((await m.up()).results).toEqual(["003 done"]);
      expect((await drift()).changes).toEqual([]);
      await m.query("ALTER TABLE b ADD extra int");
      expect((await drift()).changes).toMatchObject([{ change: "added", name: "public.b.extra" }]);
    });
  });
}
