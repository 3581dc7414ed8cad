import { join } from "node:path";
import { beforeAll, describe, expect, test } from "bun:test";
import { compareCatalogues } from "#compare/catalogue/changes.ts";
import { generateMigrations } from "#compare/generate/generate.ts";
import { readSnapshot, toSnapshot } from "#compare/catalogue/snapshot.ts";
import { parseSource, sourceCatalogue } from "#compare/sources/sources.ts";
import { engines } from "../../support/engines.ts";
import { few } from "../../support/long.ts";
import { temporaryProject } from "../../support/project.ts";
import { failureOf } from "../failure.ts";
import { filesOf } from "./project-files.ts";

const SCHEMA = `CREATE TABLE users (id bigint GENERATED ALWAYS AS IDENTITY, name varchar(9) CHECK (name IN ('a', 'b')));
CREATE SEQUENCE big MAXVALUE 9000000000000000000;
CREATE VIEW v AS SELECT id FROM users;`;

for (const engine of few(2, engines)) {
  describe(engine.name, () => {
    test("a snapshot stands for the database it was made from, and holds no password", async () => {
      await using database = await engine.fresh();
      await using project = await temporaryProject({ "db/schema/all.sql": SCHEMA });
      for (const statement of SCHEMA.split(";\n")) await database.query(statement);
      await database.query("CREATE FOREIGN DATA WRAPPER w");
      await database.query("CREATE SERVER there FOREIGN DATA WRAPPER w OPTIONS (host 'h', password 'hunter2')");
      await database.query(
        "CREATE USER MAPPING FOR PUBLIC SERVER there OPTIONS (user 'u', password 'hunter2', token 'hunter2')",
      );
      if (engine.kind === "server") {
        await database.query(
          "CREATE SUBSCRIPTION sub CONNECTION 'host=h password=hunter2' PUBLICATION p WITH (connect = false, slot_name = NONE)",
        );
      }
      const files = filesOf(project.dir);
      const live = { kind: "live", target: database.target, name: "live" } as const;
      const catalogue = await sourceCatalogue(files, live);
      await database.query("ALTER TABLE users ADD hacked int");
      const later = await sourceCatalogue(files, live);
      // With a subscription in it, no database can be dropped.
      if (engine.kind === "server") await database.query("DROP SUBSCRIPTION sub");
      const text = JSON.stringify(toSnapshot(catalogue), null, 2);
      expect(text).not.toContain("hunter2");
      await project.write("then.json", text);
      const source = parseSource("then.json");
      expect(source).toEqual({ kind: "snapshot", file: "then.json" });
      expect(parseSource("snapshot:then.json")).toEqual(source);
      const read = await sourceCatalogue(files, source);
      expect(compareCatalogues(read, catalogue)).toEqual([]);
      expect(read).toMatchObject({ major: engine.major, inUse: true });
      expect(JSON.stringify(toSnapshot(read), null, 2)).toBe(text);
      expect(compareCatalogues(read, later)).toMatchObject([
        { change: "added", kind: "column", name: "public.users.hacked" },
      ]);
    });
  });
}

describe("a file that is no snapshot is refused, and what is wrong with it is said", () => {
  let good = "";
  beforeAll(async () => {
    await using project = await temporaryProject({ "db/schema/all.sql": SCHEMA });
    good = JSON.stringify(toSnapshot(await sourceCatalogue(filesOf(project.dir), { kind: "schema" })));
  });
  const DAMAGED: Readonly<Record<string, [damage: (text: string) => string, says: RegExp]>> = {
    "cut short": [(text) => text.slice(0, -20), /cut short/],
    "not JSON": [() => "CREATE TABLE users ();", /broken/],
    "some other JSON": [() => '{"name": "confiture"}', /other JSON/],
    "a list": [() => "[1]", /other JSON/],
    "of a newer version": [(text) => text.replace('"version":1', '"version":2'), /version 2/],
    "without a part": [(text) => text.replace('"others"', '"unknown"'), /missing/],
    "edited by hand": [(text) => text.replace("character varying(9)", "character varying(8)"), /changed/],
    empty: [() => "", /broken/],
  };
  test.each(Object.entries(DAMAGED))("%s", async (_name, [damage, says]) => {
    await using project = await temporaryProject({ "broken.json": damage(good) });
    const error = await failureOf(Promise.resolve().then(() => readSnapshot(project.dir, "broken.json")));
    expect(error).toMatchObject({ code: "snapshot_invalid", location: { file: "broken.json" } });
    expect(error.message).toMatch(says);
  });

  test("one that is not there", async () => {
    const error = await failureOf(Promise.resolve().then(() => readSnapshot("/", "no/such.json")));
    expect(error).toMatchObject({ code: "file_unreadable" });
  });
});

test("a migration from a snapshot", async () => {
  await using project = await temporaryProject({ "db/schema/all.sql": SCHEMA });
  const files = filesOf(project.dir);
  await project.write("now.json", JSON.stringify(toSnapshot(await sourceCatalogue(files, { kind: "schema" }))));
  await project.write("db/schema/more.sql", "ALTER TABLE users ADD bio text;");
  const generated = await generateMigrations({
    ...files,
    from: { kind: "snapshot", file: "now.json" },
    renames: [],
    noDown: false,
    online: false,
  });
  expect(generated.migrations.flatMap(({ up }) => up.map(({ sql }) => sql))).toEqual([
    "ALTER TABLE public.users ADD COLUMN bio text",
  ]);
});

/**
 * Recorded once, and never again: it stands for those that people keep. Where this fails, the format has come to mean something
 * else, and what is read has to be mapped (src/compare/engine/serialize.ts).
 */
test("a snapshot that was recorded long ago stands for the same schema today", async () => {
  const recorded = join(import.meta.dir, "recorded-snapshot");
  const text = new TextDecoder().decode(Bun.gunzipSync(await Bun.file(join(recorded, "snapshot.json.gz")).bytes()));
  const schema = await Bun.file(join(recorded, "schema.sql")).text();
  await using project = await temporaryProject({ "db/schema/all.sql": schema, "then.json": text });
  const files = filesOf(project.dir);
  const then = await sourceCatalogue(files, { kind: "snapshot", file: "then.json" });
  expect(then.facts.facts().length).toBeGreaterThan(70);
  expect(compareCatalogues(then, await sourceCatalogue(files, { kind: "schema" }))).toEqual([]);
});
