import { describe, expect, test } from "bun:test";
import { readCatalogue } from "#compare/catalogue/catalogue.ts";
import { exportSchema } from "#compare/export.ts";
import { withDatabase } from "#database/open.ts";
import { oldestAndEmbedded } from "../../support/engines.ts";

const HISTORIES = `
  CREATE TABLE schema_migrations (version varchar PRIMARY KEY);
  CREATE TABLE ar_internal_metadata (key varchar PRIMARY KEY, value varchar, created_at timestamp, updated_at timestamp);
  CREATE TABLE goose_db_version (id serial PRIMARY KEY, version_id bigint NOT NULL, is_applied boolean NOT NULL, tstamp timestamp DEFAULT now());
  CREATE TABLE __diesel_schema_migrations (version varchar(50) PRIMARY KEY, run_on timestamp NOT NULL DEFAULT now());
  CREATE TABLE flyway_schema_history (installed_rank int PRIMARY KEY, version varchar(50), description varchar(200), type varchar(20),
    script varchar(1000), checksum int, installed_by varchar(100), installed_on timestamp DEFAULT now(), execution_time int, success boolean);
  CREATE INDEX flyway_schema_history_s_idx ON flyway_schema_history (success);
  CREATE TABLE _prisma_migrations (id varchar(36) PRIMARY KEY, checksum varchar(64), finished_at timestamptz, migration_name varchar(255),
    logs text, rolled_back_at timestamptz, started_at timestamptz DEFAULT now(), applied_steps_count int DEFAULT 0);
  CREATE SCHEMA drizzle;
  CREATE TABLE drizzle.__drizzle_migrations (id serial PRIMARY KEY, hash text NOT NULL, created_at bigint);
  GRANT SELECT ON goose_db_version, goose_db_version_id_seq TO PUBLIC`;

describe.each(oldestAndEmbedded)("on $name", (engine) => {
  test("another tool's history is no part of the schema, and the export names it", async () => {
    await using made = await engine.fresh();
    await withDatabase(made.target, {}, async (database) => {
      await database.execute(`CREATE TABLE users (id int); ${HISTORIES}`);
      const { facts, extras } = await readCatalogue(database);
      const own = facts.facts().flatMap(({ id }) => ("schema" in id && "name" in id ? [`${id.kind} ${id.name}`] : []));
      expect(own).toEqual(["table users", "column id"]);
      expect(facts.has({ kind: "schema", name: "drizzle" })).toBe(false);
      expect(extras.filter(({ kind }) => kind.startsWith("sequence"))).toEqual([]);
    });
    const { files, histories } = await exportSchema({
      target: made.target,
      table: "confiture_migrations",
      owners: false,
      scratch: { engine: "embedded" },
    });
    expect(files.map(({ path }) => path)).toEqual(["10_tables/users.sql"]);
    const names = histories.map((name) => name.replace('"public".', "").replaceAll('"', ""));
    expect(names.toSorted()).toEqual([
      "__diesel_schema_migrations",
      "_prisma_migrations",
      "ar_internal_metadata",
      "drizzle.__drizzle_migrations",
      "flyway_schema_history",
      "goose_db_version",
      "schema_migrations",
    ]);
  });

  test("a table of such a name with other columns, or that a view reads, is the project's own", async () => {
    await using made = await engine.fresh();
    await withDatabase(made.target, {}, async (database) => {
      await database.execute(`
        CREATE TABLE schema_migrations (version text, customer int);
        CREATE TABLE goose_db_version (id int, goose text);
        CREATE TABLE gorp_migrations (id text, applied_at timestamptz);
        CREATE VIEW applied AS SELECT id FROM gorp_migrations`);
      const { facts, histories } = await readCatalogue(database);
      expect(histories).toEqual([]);
      const tables = facts.facts().flatMap(({ id }) => (id.kind === "table" ? [id.name] : []));
      expect(tables.toSorted()).toEqual(["goose_db_version", "gorp_migrations", "schema_migrations"]);
    });
  });
});
