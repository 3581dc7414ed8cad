import { join } from "node:path";
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
import { ALL, long } from "../../support/long.ts";
import { madeTwice } from "../../support/made-twice.ts";
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

/** The version that is in the executable, in whose words the folders are. */
const EMBEDDED_MAJOR = 18;
const sameWords = servers.find(({ major }) => major === EMBEDDED_MAJOR)?.database;

/**
 * Plans are made on a server, which takes half as long, and every so often in the executable's own PostgreSQL. Of the others,
 * every third folder is for the oldest. `CONFITURE_GOLDEN=` plans all folders in the executable's, and proves them everywhere.
 */
const EMBEDDED_EVERY = 10;
const plannerOf = (index: number): EmptiedDatabase =>
  sameWords === undefined || CHOOSES_GOLDENS || index % EMBEDDED_EVERY === 0 ? embedded : sameWords;
const proves = (major: number, index: number): boolean =>
  CHOOSES_GOLDENS || (major !== EMBEDDED_MAJOR && index % 3 === 0);

/** Of those that nobody chose, the check plans every second. */
const isLeftOut = (index: number): boolean => !ALL && !CHOOSES_GOLDENS && index % 2 === 1;

describe("an edit becomes the migration in its golden folder, proven on every engine", () => {
  for (const [index, golden] of goldens.entries()) {
    (isLeftOut(index) ? long : test)(golden.name, async () => {
      const planner = plannerOf(index);
      const to = await build(await planner.empty(), golden.to);
      const database = await planner.empty();
      const from = await build(database, golden.from);
      const { script, ...ways } = await planIn(database, from, to, golden);
      if (WRITES_GOLDENS) await writeGolden(golden, ways);
      else expect(ways).toEqual({ up: golden.up, down: golden.down });
      await prove(database, ways, from, to);
      // What `diff --sql` prints: the same statements, one by one.
      expect(compareCatalogues(await runOneByOne(database, script), to)).toEqual([]);
      const known = servers.filter(({ major }) => major >= golden.minimum && proves(major, index));
      await Promise.all(known.map((each) => proveOn(each.database, golden, ways)));
    });
  }
});

test("docs/generating.md shows what is written", async () => {
  const shown = goldens.find(({ name }) => name === "tables-with-keys");
  const document = await Bun.file(join(import.meta.dir, "../../../docs/generating.md")).text();
  if (shown !== undefined) expect(document).toContain(shown.up.replace("-- migrate:up\n\n", "```sql\n"));
  const policy = /^create policy .*?;$/ms.exec(goldens.find(({ name }) => name === "own-words")?.up ?? "")?.[0];
  if (policy !== undefined) expect(document).toContain(`\`\`\`sql\n${policy}\n\`\`\``);
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

test("no section of a migration makes an object twice", () => {
  const remaking = goldens.flatMap(({ name, up, down }) =>
    [up, down].flatMap((section) => madeTwice(section).map((object) => `${name}: ${object}`)),
  );
  expect(remaking).toEqual([]);
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
