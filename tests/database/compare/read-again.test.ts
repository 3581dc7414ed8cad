import { afterAll, describe, expect, test } from "bun:test";
import { readCatalogue } from "#compare/catalogue/catalogue.ts";
import { compareCatalogues } from "#compare/catalogue/changes.ts";
import type { Database } from "#database/database.ts";
import { openDatabase } from "#database/open.ts";
import { type Major, MAJORS, server } from "../../support/servers.ts";

const open = new Set<Database>();
afterAll(async () => {
  for (const database of open) await database.close();
});

async function session(engine: Major | "embedded"): Promise<Database> {
  const instance = engine === "embedded" ? undefined : await server(engine);
  const database = await openDatabase(
    instance === undefined ? { engine: "embedded" } : instance.target(await instance.createDatabase("read_again")),
  );
  open.add(database);
  return database;
}

const OURS =
  "select name, prepare_time::text as made from pg_prepared_statements where name like 'confiture%' order by 1";

const users = (engine: Database): Promise<void> =>
  engine.execute(
    "create table users (id int primary key); create schema app; create view app.names as select id from users",
  );

describe.each(["embedded" as const, ...MAJORS])(
  "the catalogue of one session is read again and again: %s",
  (engine) => {
    test("each reading sees what has changed, with plans of the one before", async () => {
      const database = await session(engine);
      const empty = await readCatalogue(database);
      await readCatalogue(database);
      const prepared = await database.query(OURS);
      expect(prepared.length).toBeGreaterThan(30);

      await users(database);
      const made = await readCatalogue(database);
      expect(compareCatalogues(empty, made)).not.toEqual([]);
      await database.execute("drop schema app cascade; drop table users");
      expect(compareCatalogues(await readCatalogue(database), empty)).toEqual([]);
      expect(await database.query(OURS)).toEqual(prepared);
    });

    test.each(["discard all", "deallocate all"])("%s in between does no harm", async (discard) => {
      const database = await session(engine);
      const empty = await readCatalogue(database);
      await readCatalogue(database);
      await database.execute(discard);
      expect(compareCatalogues(await readCatalogue(database), empty)).toEqual([]);
      expect((await database.query(OURS)).length).toBeGreaterThan(30);
    });

    test("a catalogue that has grown gets plans of its size", async () => {
      const database = await session(engine);
      await readCatalogue(database);
      await readCatalogue(database);
      const before = await database.query<{ made: string }>(OURS);
      await database.execute(`do $$ begin
      for i in 1..150 loop
        execute format('create table wide_%s (%s)', i, (select string_agg(format('c%s int', n), ', ') from generate_series(1, 60) n));
      end loop;
    end $$`);
      await readCatalogue(database);
      const after = await database.query<{ made: string }>(OURS);
      expect(after.length).toBeGreaterThanOrEqual(before.length);
      const stayed = new Set(before.map(({ made }) => made));
      expect(after.filter(({ made }) => stayed.has(made))).toEqual([]);
    });
  },
);
