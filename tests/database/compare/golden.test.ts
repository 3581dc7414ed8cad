import { afterAll, describe, expect, test } from "bun:test";
import type { Catalogue } from "#compare/catalogue/catalogue.ts";
import { compareCatalogues } from "#compare/catalogue/changes.ts";
import type { Database } from "#database/database.ts";
import { splitStatements } from "#sql/split.ts";
import {
  build,
  CHOOSES_GOLDENS,
  EmptiedDatabase,
  type Golden,
  migrate,
  planIn,
  readGoldens,
  runOneByOne,
  type Ways,
  writeGolden,
  WRITES_GOLDENS,
} from "../../support/golden.ts";
import { MAJORS, server } from "../../support/servers.ts";

const OUTER_MAJORS = [...new Set([MAJORS[0], MAJORS.at(-1)])].filter((major) => major !== undefined);

const embedded = new EmptiedDatabase(async () => ({ engine: "embedded" }));
const servers = OUTER_MAJORS.map((major) => ({
  major,
  database: new EmptiedDatabase(async () => {
    const instance = await server(major);
    return instance.target(await instance.createDatabase("golden"));
  }),
}));
afterAll(async () => {
  for (const database of [embedded, ...servers.map((each) => each.database)]) await database.close();
});

const goldens = await readGoldens();

/**
 * Every how many folders a server takes its turn. One of PostgreSQL's version in the executable differs only in being a
 * server; `CONFITURE_GOLDEN=` proves all folders on all.
 */
const EMBEDDED_MAJOR = 18;
const proves = (major: number, index: number): boolean =>
  CHOOSES_GOLDENS || index % (major === EMBEDDED_MAJOR ? 12 : 3) === 0;

/** Whether the plan is also tried as a script: the same statements, one by one. */
const provesScript = (index: number): boolean => CHOOSES_GOLDENS || index % 3 === 1;

describe("an edit becomes the migration in its golden folder, proven on every engine", () => {
  for (const [index, golden] of goldens.entries()) {
    test(golden.name, async () => {
      const to = await build(await embedded.empty(), golden.to);
      const database = await embedded.empty();
      const from = await build(database, golden.from);
      const { script, ...ways } = await planIn(database, from, to, golden);
      if (WRITES_GOLDENS) await writeGolden(golden, ways);
      else expect(ways).toEqual({ up: golden.up, down: golden.down });
      await prove(database, ways, from, to);
      if (provesScript(index)) expect(compareCatalogues(await runOneByOne(database, script), to)).toEqual([]);
      const known = servers.filter(({ major }) => major >= golden.minimum && proves(major, index));
      await Promise.all(known.map((each) => proveOn(each.database, golden, ways)));
    });
  }
});

test("no migration names the role that built the files, which need not be where it runs", () => {
  const naming = goldens.filter(({ up, down }) => [up, down].some((sql) => sql.includes('"postgres"')));
  expect(naming.map(({ name }) => name)).toEqual([]);
});

test("no section of a migration does the same thing twice", () => {
  const repeating = goldens.filter(({ up, down }) =>
    [up, down].some((sections) =>
      sections.split(/^(?=-- migrate:)/m).some((section) => {
        const texts = splitStatements(section).statements.map(({ start, end }) => section.slice(start, end));
        const statements = texts.map((text) => text.replaceAll(/^--.*\n/gm, "").trim());
        const done = statements.filter((text) => !/^(?:RE)?SET /.test(text));
        return new Set(done).size < done.length;
      }),
    ),
  );
  expect(repeating.map(({ name }) => name)).toEqual([]);
});

async function proveOn(engine: EmptiedDatabase, golden: Golden, ways: Ways): Promise<void> {
  const to = await build(await engine.empty(), golden.to);
  const database = await engine.empty();
  await prove(database, ways, await build(database, golden.from), to);
}

/** The up gives what `to` gives, and the down what was there before. */
async function prove(database: Database, { up, down }: Ways, from: Catalogue, to: Catalogue): Promise<void> {
  expect(up).not.toBe("");
  expect(compareCatalogues(await migrate(database, up), to)).toEqual([]);
  expect(compareCatalogues(await migrate(database, down), from)).toEqual([]);
}
