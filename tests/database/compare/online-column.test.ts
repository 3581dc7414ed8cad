import { describe, expect, test } from "bun:test";
import type { Catalogue } from "#compare/catalogue/catalogue.ts";
import { findColumnChange } from "#compare/generate/column-change.ts";
import { generateMigrations } from "#compare/generate/generate.ts";
import { sourceCatalogue } from "#compare/sources/sources.ts";
import { ConfitureError } from "#errors/error.ts";
import { createMigrations } from "#migrate/create.ts";
import { newestServer } from "../../support/engines.ts";
import { temporaryProject } from "../../support/project.ts";
import { type Migrating, migrating } from "../migrate/migrating.ts";
import { filesOf } from "./project-files.ts";

/** Generates what leads from one schema to the other; "public.users.name=full_name" is a rename. */
async function textsOf(before: string, after: string, ...renames: readonly string[]): Promise<readonly string[]> {
  await using project = await temporaryProject({ "db/schema/all.sql": after, "db/migrations/001_before.sql": before });
  const {
    migrations,
    changes,
    renames: done,
  } = await generateMigrations({
    ...filesOf(project.dir),
    from: { kind: "migrations" },
    renames: renames.map((rename) => {
      const [from = "", name = ""] = rename.split("=");
      return { from, to: [...from.split(".").slice(0, -1), name].join(".") };
    }),
    permit: () => {},
    noDown: false,
    online: true,
  });
  expect(done).toHaveLength(renames.length);
  expect(changes.filter(({ kind }) => renames.length > 0 && kind === "column")).toEqual([]);
  return migrations.map(({ text }) => text);
}

/** Writes them as `migrate generate` does, and returns the first line of each file. */
async function write({ project }: Migrating, texts: readonly string[]): Promise<string[]> {
  const place = {
    projectDir: project.dir,
    dir: "db/migrations",
    form: "sql",
    timestamp: false,
    now: new Date(),
  } as const;
  const drafts = texts.map((content, index) => ({ name: `step${index}`, content }));
  const written = await createMigrations(place, drafts);
  return await Promise.all(written.map(async ({ path }) => (await project.read(path)).split("\n")[0]!));
}

/** A release that writes a column, one statement after the other, and what has to come of it. */
class Writers {
  readonly rows = new Map<number, string>();
  readonly #run: Migrating;
  #seed = 4711;

  constructor(run: Migrating) {
    this.#run = run;
  }

  /** The same numbers every time. */
  #random(below: number): number {
    this.#seed = (this.#seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((this.#seed / 2 ** 31) * below);
  }

  async write(columns: readonly string[], count: number): Promise<void> {
    for (let done = 0; done < count; done++) {
      const column = columns[this.#random(columns.length)]!;
      const [id, value] = [this.#random(4000), `${column} ${this.#random(1_000_000)}`];
      const isThere = this.rows.has(id);
      const what = this.#random(10);
      if (!isThere) {
        await this.#run.query(`INSERT INTO users (id, ${column}) VALUES ($1::int, $2::text)`, [id, value]);
        this.rows.set(id, value);
      } else if (what === 0) {
        await this.#run.query("DELETE FROM users WHERE id = $1::int", [id]);
        this.rows.delete(id);
      } else if (what === 1) await this.#run.query("UPDATE users SET age = age + 1 WHERE id = $1::int", [id]);
      else {
        await this.#run.query(`UPDATE users SET ${column} = $2::text WHERE id = $1::int`, [id, value]);
        this.rows.set(id, value);
      }
    }
  }

  async check(column: string): Promise<void> {
    const rows = await this.#run.query<{ id: number; value: string }>(`SELECT id, ${column} AS value FROM users`);
    const wrong = rows.filter(({ id, value }) => this.rows.get(id) !== value);
    expect({ column, wrong, count: rows.length }).toEqual({ column, wrong: [], count: this.rows.size });
  }
}

const BEFORE = "CREATE TABLE users (id int PRIMARY KEY, name text NOT NULL DEFAULT '', age int);";
const RENAMED = "CREATE TABLE users (id int PRIMARY KEY, full_name text NOT NULL DEFAULT '', age int);";
const WIDER = "CREATE TABLE users (id int PRIMARY KEY, name text NOT NULL DEFAULT '', age bigint);";
const RENAME = "public.users.name=full_name";
/** In three ways, of which one sends no new column. */
const PUBLISHED =
  "CREATE PUBLICATION news FOR TABLE users; CREATE PUBLICATION every FOR ALL TABLES; CREATE PUBLICATION ids FOR TABLE users (id);";
/** Notes of what users are called, by their name of today. */
const HEARD = `
  CREATE TABLE heard (message text);
  CREATE FUNCTION hear() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO heard VALUES (NEW.name); RETURN NULL; END';
  CREATE TRIGGER hear AFTER UPDATE ON users FOR EACH ROW EXECUTE FUNCTION hear();`;

for (const engine of newestServer) {
  describe(engine.name, () => {
    test("a column is renamed while releases with the old and with the new name write, forth and back", async () => {
      const [before, after] = [
        `${BEFORE} COMMENT ON COLUMN users.name IS 'as people write it'; CREATE INDEX users_name ON users (name); ${PUBLISHED}`,
        `${RENAMED} COMMENT ON COLUMN users.full_name IS 'as people write it'; CREATE INDEX users_name ON users (full_name); ${PUBLISHED}`,
      ];
      const texts = await textsOf(before, after, RENAME);
      expect(texts[0]).toContain("stops replication to subscribers of every, news that lack this column");
      await using run = await migrating(engine, { "001_before.sql": before });
      expect(await write(run, texts)).toEqual([
        "-- migrate:up phase:expand change:users_name_to_full_name",
        "-- migrate:up backfill:public.users change:users_name_to_full_name",
        "-- migrate:up change:users_name_to_full_name transaction:false",
        "-- migrate:up change:users_name_to_full_name transaction:false",
        "-- migrate:up phase:contract change:users_name_to_full_name",
      ]);
      await run.up({ to: "1" });
      await run.query(
        "INSERT INTO users (id, name, age) SELECT n, 'first ' || n, n FROM generate_series(0, 2999) AS n",
      );
      const writers = new Writers(run);
      for (let id = 0; id < 3000; id++) writers.rows.set(id, `first ${id}`);
      await writers.write(["name"], 20);
      expect(await run.up({ to: "2" })).toMatchObject({ error: undefined });
      await writers.write(["name"], 20);
      const filling = run.up({ to: "5" });
      await writers.write(["name", "full_name"], 200);
      expect(await filling).toMatchObject({ error: undefined, results: ["003 done", "004 done", "005 done"] });
      await writers.write(["name", "full_name"], 60);
      await writers.check("name");
      await writers.check("full_name");

      expect(await run.up()).toMatchObject({ error: undefined, results: [] });
      const contract = { contracts: ["users_name_to_full_name"] };
      expect(await run.up(contract)).toMatchObject({ error: undefined, results: ["006 done"] });
      await writers.write(["full_name"], 20);
      await writers.check("full_name");

      expect(await run.down()).toMatchObject({ error: undefined, results: ["006 done"] });
      await writers.write(["name", "full_name"], 60);
      await writers.check("name");
      await writers.check("full_name");
      // Once more: the trigger is not the one of the first time, and has missed nothing.
      expect(await run.up(contract)).toMatchObject({ error: undefined, results: ["006 done"] });
      expect(await run.down()).toMatchObject({ error: undefined, results: ["006 done"] });
      expect(await run.down({ to: "1" })).toMatchObject({ error: undefined });
      await writers.write(["name"], 20);
      await writers.check("name");
      // The same once more: what an earlier backfill had filled is no matter of this contract.
      expect(await run.up(contract)).toMatchObject({ error: undefined });
      await writers.check("full_name");
    });

    test("a column gets a wider type without the table being written anew", async () => {
      const texts = await textsOf(BEFORE, WIDER);
      await using run = await migrating(engine, { "001_before.sql": BEFORE });
      expect((await write(run, texts)).map((line) => line.split(" ")[2])).toEqual([
        "phase:expand",
        "backfill:public.users",
        "change:users_age_to_age__new",
        "phase:contract",
      ]);
      await run.up({ to: "1" });
      await run.query("INSERT INTO users (id, age) SELECT n, n * 2 FROM generate_series(1, 2500) AS n");
      const file = async (): Promise<unknown> => await run.query("SELECT pg_relation_filenode('users') AS file");
      const before = await file();
      expect(await run.up({ to: "4" })).toMatchObject({ error: undefined });
      await run.query("UPDATE users SET age = 7 WHERE id = 1");
      await run.query("INSERT INTO users (id, age) VALUES (2501, 5002), (2502, NULL)");
      expect(await run.up({ contracts: ["users_age_to_age__new"] })).toMatchObject({ error: undefined });
      expect(await file()).toEqual(before);
      await run.query("UPDATE users SET age = 5000000000 WHERE id = 2");
      expect(
        await run.query(
          "SELECT count(*)::int AS n, pg_typeof(max(age))::text AS type FROM users WHERE age = id * 2 OR (id = 1 AND age = 7)",
        ),
      ).toEqual([{ n: 2500, type: "bigint" }]);
      // A value that the old type has no room for stops the way back, and nothing of that is kept.
      expect((await run.down()).error?.server?.sqlstate).toBe("22003");
      await run.query("UPDATE users SET age = 4 WHERE id = 2");
      expect(await run.down({ to: "1" })).toMatchObject({ error: undefined });
      expect(await run.query("SELECT pg_typeof(age)::text AS type FROM users LIMIT 1")).toEqual([{ type: "integer" }]);
    });
  });
}

describe("what is not written in steps", () => {
  test("a rename that would lose something, or is not alone, is refused with the reason", async () => {
    const refusals = [
      ["there are other differences", BEFORE, RENAMED.replace("age int", "age bigint")],
      ["may be null and has a default", BEFORE.replace(" NOT NULL", ""), RENAMED.replace(" NOT NULL", "")],
      [
        "its table is partitioned",
        `${BEFORE.replace(";", "")} PARTITION BY RANGE (id);`,
        `${RENAMED.replace(";", "")} PARTITION BY RANGE (id);`,
      ],
      ['record "new" has no field "name"', BEFORE + HEARD, RENAMED + HEARD],
    ] as const;
    for (const [why, before, after] of refusals) {
      const refusal: unknown = await textsOf(before, after, RENAME).catch((error: unknown) => error);
      if (!(refusal instanceof ConfitureError)) throw new Error(`not refused: ${why}`);
      expect({ code: refusal.code, message: refusal.message }).toEqual({
        code: "generate_refused",
        message: expect.stringContaining(why),
      });
      expect(refusal.hint).toContain("Nothing was written");
    }
  });

  test("nor is a column that something stands on which a copy would not have", async () => {
    const tables = (name: string): string => `
      CREATE TABLE viewed (id int PRIMARY KEY, ${name} text);
      CREATE VIEW names AS SELECT ${name} AS name FROM viewed;
      CREATE TABLE published (id int PRIMARY KEY, ${name} text);
      CREATE PUBLICATION news FOR TABLE published (id, ${name});
      CREATE TABLE computed (id int PRIMARY KEY, ${name} text GENERATED ALWAYS AS (id::text) STORED);
      CREATE TABLE read (id int PRIMARY KEY, ${name} text, loud text GENERATED ALWAYS AS (upper(${name})) STORED);
      CREATE TABLE keyed (id int, ${name} text PRIMARY KEY);
      CREATE TABLE pointed (id int PRIMARY KEY, ${name} text UNIQUE);
      CREATE TABLE pointing (id int PRIMARY KEY, target text CONSTRAINT target REFERENCES pointed (${name}));
      CREATE TABLE trusted (id int PRIMARY KEY, ${name} text);
      ALTER TABLE trusted ADD CONSTRAINT short CHECK (length(${name}) < 9) NOT VALID;
      CREATE TABLE granted (id int PRIMARY KEY, ${name} text);
      GRANT SELECT (${name}) ON granted TO PUBLIC;
      CREATE TABLE guarded (id int PRIMARY KEY, ${name} text);
      CREATE POLICY own ON guarded USING (${name} = current_user);
      CREATE TABLE excluded (id int PRIMARY KEY, ${name} int4range, EXCLUDE USING gist (${name} WITH &&));
      CREATE TABLE numbered (id int PRIMARY KEY, ${name} int GENERATED ALWAYS AS IDENTITY);
      CREATE TABLE ruled (id int PRIMARY KEY, ${name} text);
      CREATE RULE swallow AS ON UPDATE TO ruled DO INSTEAD NOTHING;
      CREATE TABLE logged (id int PRIMARY KEY, ${name} text);
      CREATE RULE log AS ON UPDATE TO logged DO ALSO INSERT INTO pointing VALUES (NEW.id, NEW.${name});
      CREATE TABLE watched (id int PRIMARY KEY, ${name} text);
      CREATE FUNCTION later() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
      CREATE TRIGGER "~~later" BEFORE UPDATE ON watched FOR EACH ROW EXECUTE FUNCTION later();`;
    const catalogueOf = async (name: string): Promise<Catalogue> => {
      await using project = await temporaryProject({ "db/schema/all.sql": tables(name) });
      return await sourceCatalogue(filesOf(project.dir), { kind: "schema" });
    };
    const [from, to] = [await catalogueOf("name"), await catalogueOf("full_name")];
    const refusals = {
      viewed: /the view names/,
      published: /publication/,
      computed: /it is generated/,
      read: /loud/,
      keyed: /part of the primary key/,
      pointed: /the foreign key target of public.pointing refers to it/,
      trusted: /the constraint short is not validated/,
      granted: /GRANT SELECT \(name\) ON public\.granted TO PUBLIC\. Revoke them in a migration first/,
      guarded: /the policy own/,
      excluded: /PostgreSQL makes no EXCLUDE while others write/,
      numbered: /identity/,
      ruled: /the rule swallow does something else instead of a write/,
      logged: /the rule log/,
      watched: /~~later would fire behind/,
    };
    for (const [table, why] of Object.entries(refusals)) {
      const renames = [{ from: `public.${table}.name`, to: `public.${table}.full_name` }];
      const find = (): unknown => findColumnChange(from, to, { renames, convert: undefined, name: undefined });
      expect(find, table).toThrow(why);
    }
  }, 240_000);

  test("a type that a value may not fit is one statement, with a comment", async () => {
    const [text, second] = await textsOf(WIDER, BEFORE);
    expect(second).toBeUndefined();
    expect(text).toMatch(/^-- ONLINE: add a column of the new type/m);
  });

  test("another tool's folder has no room for a backfill", async () => {
    await using project = await temporaryProject({ "db/migrations/V1__one.sql": "CREATE TABLE t (a int);" });
    const place = {
      projectDir: project.dir,
      dir: "db/migrations",
      form: "sql",
      timestamp: false,
      now: new Date(),
    } as const;
    const content = "-- migrate:up backfill:t\nUPDATE t SET a = 1 WHERE a IS NULL;\n";
    const refusal = await createMigrations(place, [{ name: "fill", content }]).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: "generate_refused" });
  });
});
