import { expect, test } from "bun:test";
import { makeBase } from "#compare/base/base.ts";
import { findDrift } from "#compare/drift.ts";
import { generateMigrations } from "#compare/generate/generate.ts";
import { planBetween, segmentsOf, statementsOf } from "#compare/generate/plan.ts";
import { compareOnTerms } from "#compare/sources/comparison.ts";
import { sourceCatalogue } from "#compare/sources/sources.ts";
import type { ServerTarget } from "#database/target.ts";
import { newestServer, type TestDatabase } from "../../support/engines.ts";
import { few } from "../../support/long.ts";
import { temporaryProject } from "../../support/project.ts";
import { filesOf } from "./project-files.ts";

const TERMS = { owners: false, grants: false, extensionVersions: false };
const SUBSCRIPTION = "CREATE SUBSCRIPTION news CONNECTION 'host=nowhere password=S3cret' PUBLICATION p";
const TOLD = [{ kind: "subscription", count: 1, samples: ["news"] }];

for (const engine of newestServer) {
  /** A database that follows another one. */
  const subscribed = async (): Promise<TestDatabase> => {
    const database = await engine.fresh();
    await database.query("CREATE TABLE items (id int PRIMARY KEY)");
    await database.query(`${SUBSCRIPTION} WITH (connect = false, slot_name = NONE)`);
    await database.query("COMMENT ON SUBSCRIPTION news IS 'from there'");
    return {
      ...database,
      // With a subscription in it, no database can be dropped.
      [Symbol.asyncDispose]: async () => {
        await database.query("DROP SUBSCRIPTION news");
        await database.drop();
      },
    };
  };

  test.each(few(1, ["its own server", "embedded"]))(
    "a database with a subscription is planned for without it, which is said: scratch databases on %s",
    async (site) => {
      await using database = await subscribed();
      await using project = await temporaryProject({
        // What files say of one is not run anywhere.
        "db/schema/items.sql": `CREATE TABLE items (id int PRIMARY KEY, name text);\n${SUBSCRIPTION};\nCOMMENT ON SUBSCRIPTION news IS 'x';\n`,
      });
      const files = {
        ...filesOf(project.dir),
        scratch: site === "embedded" ? { engine: "embedded" as const } : (database.target as ServerTarget),
      };
      const from = { kind: "live", target: database.target, name: "the database" } as const;
      const generated = await generateMigrations({ ...files, from, renames: [], noDown: false, online: false });
      expect(generated).toMatchObject({ notCompared: TOLD, byHand: { up: [], down: [] } });
      expect(generated.migrations.flatMap(({ up }) => up.map(({ sql }) => sql))).toEqual([
        "ALTER TABLE public.items ADD COLUMN name text",
      ]);
      const drift = await findDrift({
        ...files,
        target: database.target,
        against: undefined,
        terms: TERMS,
        ignore: [],
      });
      expect(drift).toMatchObject({ notCompared: TOLD, changes: [{ kind: "column", name: "public.items.name" }] });
      expect(statementsOf(segmentsOf(await planBetween(files, drift.gap)))).toEqual([
        "ALTER TABLE public.items ADD COLUMN name text",
      ]);
      const base = await makeBase({ ...files, from });
      expect(base).toMatchObject({ notCompared: TOLD });
      expect(base.text).not.toContain("SUBSCRIPTION");
    },
  );

  test("between two databases in use, subscriptions are compared, and nobody plans SQL for them", async () => {
    await using one = await subscribed();
    await using other = await engine.fresh();
    await using project = await temporaryProject({});
    const files = { ...filesOf(project.dir), scratch: one.target as ServerTarget };
    const [from, to] = [
      await sourceCatalogue(files, { kind: "live", target: one.target, name: "one" }),
      await sourceCatalogue(files, { kind: "live", target: other.target, name: "other" }),
    ];
    for (const ends of [
      { from, to, sql: "DROP TABLE public.items" },
      { from: to, to: from, sql: expect.stringContaining("CREATE TABLE public.items") as string },
    ]) {
      const { grants: _, ...comparison } = await compareOnTerms(files, ends.from, ends.to, TERMS);
      expect(comparison.changes).toMatchObject([{ kind: "subscription", name: "news" }, { kind: "table" }]);
      const plan = await planBetween(files, { ...comparison, terms: TERMS });
      expect(statementsOf(segmentsOf(plan))).toEqual([ends.sql]);
      expect(plan.byHand.up).toMatchObject([{ kind: "subscription", name: "news" }]);
    }
  });
}
