import { afterAll, describe, expect, test } from "bun:test";
import { type Catalogue, readCatalogue } from "#compare/catalogue/catalogue.ts";
import { compareCatalogues } from "#compare/catalogue/changes.ts";
import { withScratch } from "#compare/scratch/scratch.ts";
import type { Database } from "#database/database.ts";
import { openDatabase } from "#database/open.ts";
import emptyDatabase from "../../../src/build/empty-database.sql" with { type: "text" };
import {
  build,
  type Golden,
  migrate,
  planIn,
  readGoldens,
  type Ways,
  writeGolden,
  WRITES_GOLDENS,
} from "../../support/golden.ts";
import { MAJORS, server } from "../../support/servers.ts";

const OUTER_MAJORS = [...new Set([MAJORS[0], MAJORS.at(-1)])].filter((major) => major !== undefined);

const goldens = await readGoldens();

/** Emptied between the folders: starting one takes longer than an edit. */
let embedded: Database | undefined;
afterAll(() => embedded?.close());

async function emptied(): Promise<Database> {
  embedded ??= await openDatabase({ engine: "embedded" });
  await embedded.execute(emptyDatabase);
  expect(compareCatalogues(await readCatalogue(embedded), await emptyCatalogue(embedded))).toEqual([]);
  return embedded;
}

let untouched: Catalogue | undefined;
async function emptyCatalogue(database: Database): Promise<Catalogue> {
  untouched ??= await readCatalogue(database);
  return untouched;
}

describe("an edit becomes the migration in its golden folder, proven on every engine", () => {
  for (const golden of goldens) {
    test(golden.name, async () => {
      const to = await build(await emptied(), golden.to);
      const database = await emptied();
      const from = await build(database, golden.from);
      const ways = await planIn(database, from, to, golden);
      if (WRITES_GOLDENS) await writeGolden(golden, ways);
      else expect(ways).toEqual({ up: golden.up, down: golden.down });
      await prove(database, ways, from, to);
      for (const major of OUTER_MAJORS.filter((each) => each >= golden.minimum)) await proveOn(major, golden, ways);
    });
  }
});

async function proveOn(major: (typeof MAJORS)[number], golden: Golden, ways: Ways): Promise<void> {
  const scratch = (await server(major)).target("postgres");
  const to = await withScratch({ scratch }, (database) => build(database, golden.to));
  await withScratch({ scratch }, async (database) => {
    await prove(database, ways, await build(database, golden.from), to);
  });
}

/** The up gives what `to` gives, and the down what was there before. */
async function prove(database: Database, { up, down }: Ways, from: Catalogue, to: Catalogue): Promise<void> {
  expect(up).not.toBe("");
  expect(compareCatalogues(from, await readCatalogue(database))).toEqual([]);
  expect(compareCatalogues(await migrate(database, up), to)).toEqual([]);
  expect(compareCatalogues(await migrate(database, down), from)).toEqual([]);
}
