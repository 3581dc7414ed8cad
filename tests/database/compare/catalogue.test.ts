import { describe, expect, test } from "bun:test";
import { encodeId, type FactBase } from "@supabase/pg-delta/core";
import { extract } from "@supabase/pg-delta/extract";
import { readCatalogue } from "#compare/catalogue/catalogue.ts";
import { withDatabase } from "#database/open.ts";
import { engines } from "../../support/engines.ts";
import { MAJORS, server } from "../../support/servers.ts";
import { createRoles, EVERYTHING } from "./everything.ts";

describe.each(engines)("on $name", (engine) => {
  test("leaving PostgreSQL's own objects out of the query of dependencies loses none", async () => {
    await using made = await engine.fresh();
    await withDatabase(made.target, {}, async (database) => {
      await createRoles(database);
      await database.execute(EVERYTHING);

      const ours = await dependencies(async (text) => await database.query(text));
      const more: number[] = [];
      const all = await dependencies(async (text) => {
        const whole = text.replaceAll(/ AND [a-z.]+::int8 >= 16384/g, "");
        const rows = await database.query(whole);
        if (whole !== text) more.push(rows.length - (await database.query(text)).length);
        return rows;
      });

      expect(more).toEqual([expect.any(Number)]);
      expect(more[0]).toBeGreaterThan(100);
      expect(all.length).toBeGreaterThan(100);
      expect(ours).toEqual(all);
    });
  });
});

test("a database in another encoding is read like any other", async () => {
  const instance = await server(MAJORS.at(-1));
  const name = "catalogue_latin";
  await instance.sql(`CREATE DATABASE ${name} ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'`);
  await withDatabase(instance.target(name), {}, async (database) => {
    await database.execute("CREATE TABLE käse (id int)");
    const { facts } = await readCatalogue(database);
    expect(facts.has({ kind: "table", schema: "public", name: "käse" })).toBe(true);
  });
  await instance.dropDatabase(name);
});

async function dependencies(query: (text: string) => Promise<object[]>): Promise<string[]> {
  const client = { query: async (text: string) => ({ rows: await query(text) }), release: () => {} };
  const pool = { connect: async () => client } as unknown as Parameters<typeof extract>[0];
  const { factBase }: { factBase: FactBase } = await extract(pool);
  return factBase.edges.map(({ from, to, kind }) => `${encodeId(from)} ${kind} ${encodeId(to)}`).toSorted();
}
