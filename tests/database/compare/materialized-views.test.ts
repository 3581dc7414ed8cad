import { describe, expect, test } from "bun:test";
import { squash } from "#compare/base/squash.ts";
import { containedInDatabase } from "#compare/contained/in-database.ts";
import { containedInSchema } from "#compare/contained/in-schema.ts";
import { readMaterializedViews } from "#compare/contained/materialized.ts";
import { replayOnce } from "#compare/contained/replayed.ts";
import { updateSchema } from "#compare/update/update.ts";
import { verify } from "#compare/verify/verify.ts";
import { withDatabase } from "#database/open.ts";
import { oldestAndEmbedded } from "../../support/engines.ts";
import { few } from "../../support/long.ts";
import { temporaryProject } from "../../support/project.ts";
import { failureOf } from "../failure.ts";
import { filesOf } from "./project-files.ts";

const T = "CREATE TABLE t (a int);\n";
const M = "CREATE MATERIALIZED VIEW m AS SELECT * FROM t;\n";
const COUNT = "CREATE MATERIALIZED VIEW m AS SELECT count(*) FROM t;\n";
const ONE = "INSERT INTO t VALUES (1);\n";
const TWO = "INSERT INTO t VALUES (2);\n";
const REFRESH = "REFRESH MATERIALIZED VIEW m;\n";
const BARE = "CREATE MATERIALIZED VIEW m AS SELECT 1 AS x WITH NO DATA;\n";

function files(schema: string, ...migrations: string[]): Record<string, string> {
  return {
    "db/schema/a.sql": schema,
    ...Object.fromEntries(migrations.map((text, index) => [`db/migrations/00${index + 1}_m.sql`, text])),
  };
}

describe("a REFRESH that the schema files hold is contained, another one is not", () => {
  test.each([
    ["the view is not populated", BARE, [BARE, REFRESH], ["001"]],
    ["it is", BARE + REFRESH, [BARE, REFRESH], ["001", "002"]],
    [
      "without rows, it is not",
      T + M.replace(";", " WITH NO DATA;"),
      [T + M.replace(";", " WITH NO DATA;"), REFRESH],
      ["001"],
    ],
    ["the view lacks a row", T + ONE + M + TWO, [T + ONE + M, TWO + REFRESH], ["001"]],
    ["it is made behind the row", T + ONE + TWO + M, [T + ONE + M, TWO + REFRESH], ["001", "002"]],
    ["the view lacks a row that only the files make", T + M + ONE, [T + M, REFRESH], ["001"]],
    ["it has another value of rows that only the files make", T + COUNT + ONE, [T + COUNT, REFRESH], ["001"]],
    [
      "it is up to date with more rows than migrations make",
      T + ONE + TWO + COUNT,
      [T + ONE + COUNT, REFRESH],
      ["001", "002"],
    ],
  ])("%s", async (_, schema, migrations, contained) => {
    await using project = await temporaryProject(files(schema, ...migrations));
    const clock = { budget: 1, spent: () => 0 };
    const found = await containedInSchema(replayOnce({ ...filesOf(project.dir), recorded: [], clock }));
    expect(found.contained.map(({ version }) => version)).toEqual(contained);
    expect(found.why === undefined).toBe(contained.length === 2);
  });

  const LATER = "CREATE TABLE u (a int);\n";
  test.each([
    ["stale", T + ONE + M + TWO, [T + ONE + M, TWO + REFRESH], ["001"]],
    ["refreshed", T + ONE + M + TWO + REFRESH, [T + ONE + M, TWO + REFRESH], ["001", "002"]],
    ["not populated", BARE, [BARE, REFRESH], ["001"]],
    ["refreshed, with rows of its own", T + ONE + ONE + TWO + COUNT, [T + ONE + COUNT, TWO + REFRESH], ["001", "002"]],
    ["stale, with rows of its own", T + ONE + COUNT + ONE + TWO, [T + ONE + COUNT, TWO + REFRESH], ["001"]],
    ["stale, and no migration refreshes it", T + ONE + COUNT + ONE + LATER, [T + COUNT, LATER], ["001", "002"]],
  ])("in a database in use: %s", async (_, there, migrations, contained) => {
    await using project = await temporaryProject(files("", ...migrations));
    const replay = replayOnce({ ...filesOf(project.dir), recorded: [], clock: { budget: 1, spent: () => 0 } });
    const ledger = { schema: "public", table: "confiture_migrations", exists: false };
    await withDatabase({ engine: "embedded" }, {}, async (database) => {
      await database.execute(there);
      const found = await containedInDatabase(replay, database, ledger);
      expect(found.contained.map(({ version }) => version)).toEqual(contained);
    });
  });
});

test("verify and schema update name what a view lacks, and the update brings it where the files have their rows", async () => {
  const way = (text: string, down: string): string => `-- migrate:up\n${text}-- migrate:down\n${down}`;
  const one = way(T + ONE + M, "DROP TABLE t CASCADE;");
  const two = way(TWO + REFRESH, "DELETE FROM t WHERE a = 2; REFRESH MATERIALIZED VIEW m;");
  await using project = await temporaryProject(files(T + ONE + M + TWO, one, two));
  const report = await verify(filesOf(project.dir));
  expect(report.unchecked).toEqual([
    "1 row of public.m, which migrations leave and which is not in what the schema files build",
  ]);
  const { files: updated, lackingRows } = await updateSchema(filesOf(project.dir));
  expect(lackingRows).toEqual([]);
  expect(updated).toMatchObject([{ path: "db/schema/a.sql", after: `${T}${ONE}${M}${TWO}\n${REFRESH}` }]);
  await using bare = await temporaryProject(files(BARE, BARE, REFRESH));
  const { lackingRows: lacking } = await updateSchema(filesOf(bare.dir));
  expect(lacking).toMatchObject([{ what: "1 row of public.m", sql: "REFRESH MATERIALIZED VIEW m" }]);
});

test("a base has a view as a REFRESH leaves it: another one is not squashed", async () => {
  await using project = await temporaryProject(files("", T + M, TWO, REFRESH));
  const stale = await failureOf(squash({ ...filesOf(project.dir), through: "002" }));
  expect(stale).toMatchObject({ code: "squash_refused", message: expect.stringContaining("1 row of public.m") });
  expect((await squash({ ...filesOf(project.dir), through: "003" })).squashed).toHaveLength(3);
});

for (const engine of few(1, oldestAndEmbedded)) {
  test(`${engine.name}: which values of a view are the same in every database goes by what it reads`, async () => {
    await using fresh = await engine.fresh();
    const views = await withDatabase(fresh.target, {}, async (database) => {
      await database.execute(`
        CREATE TABLE t (id serial, u uuid DEFAULT gen_random_uuid(), n int);
        CREATE VIEW v AS SELECT * FROM t;
        CREATE MATERIALIZED VIEW a AS SELECT id AS "An id", n, upper(u::text) AS u FROM v;
        CREATE MATERIALIZED VIEW b AS SELECT count(*) FROM (SELECT n FROM t) AS s;
        CREATE MATERIALIZED VIEW c AS SELECT n, random() FROM t;
        CREATE MATERIALIZED VIEW d AS SELECT n FROM a;
        CREATE MATERIALIZED VIEW e AS SELECT n FROM t WITH NO DATA;`);
      return await readMaterializedViews(database);
    });
    const said = views.map(({ table, columns }) => [
      table,
      columns.map(({ name, same, counted }) => `${name}${same ? " same" : ""}${counted ? " counted" : ""}`),
    ]);
    expect(said).toEqual([
      ["a", ["An id counted", "n same", "u"]],
      ["b", ["count same"]],
      ["c", ["n", "random"]],
      ["d", ["n same"]],
    ]);
  });
}
