import { expect, test } from "bun:test";
import { readRowHashes } from "#compare/contained/rows.ts";
import { withDatabase } from "#database/open.ts";
import { oldestAndEmbedded } from "../../support/engines.ts";
import { few } from "../../support/long.ts";

const WITHOUT = { schema: "public", table: "confiture_migrations" };

/** The wrapper cannot read anything, as that of a scratch database cannot reach the other server. */
const TABLES = `
CREATE FOREIGN DATA WRAPPER w;
CREATE SERVER far FOREIGN DATA WRAPPER w;
CREATE TABLE readings (id int, at date, "Odd" text) PARTITION BY RANGE (at);
CREATE TABLE readings_new PARTITION OF readings FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE FOREIGN TABLE readings_old PARTITION OF readings FOR VALUES FROM ('2024-01-01') TO ('2025-01-01') SERVER far;
CREATE TABLE notes (text text);
CREATE TABLE "Own notes" (more int) INHERITS (notes);
CREATE FOREIGN TABLE far_notes () INHERITS (notes) SERVER far;
CREATE TABLE empty (id int, at date) PARTITION BY RANGE (at);
CREATE FOREIGN TABLE empty_old PARTITION OF empty FOR VALUES FROM ('2024-01-01') TO ('2025-01-01') SERVER far;
INSERT INTO readings VALUES (1, '2026-05-05', 'a'), (2, '2026-05-06', 'b');
INSERT INTO notes VALUES ('one');
INSERT INTO "Own notes" VALUES ('two', 2);
`;

for (const engine of few(1, oldestAndEmbedded)) {
  test(`${engine.name}: rows beside foreign tables are read, and those of foreign tables are not`, async () => {
    await using fresh = await engine.fresh();
    const rows = await withDatabase(fresh.target, {}, async (database) => {
      await database.execute(TABLES);
      return await readRowHashes(database, WITHOUT);
    });
    const counts = [...rows].map(([table, hashes]) => [
      table,
      [...hashes.values()].reduce((sum, times) => sum + times, 0),
    ]);
    expect(Object.fromEntries(counts)).toEqual({
      '"public"."Own notes"': 1,
      '"public"."notes"': 2,
      '"public"."readings"': 2,
    });
  });
}
