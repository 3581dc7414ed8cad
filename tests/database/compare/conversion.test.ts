import { describe, expect, test } from "bun:test";
import type { Catalogue } from "#compare/catalogue/catalogue.ts";
import { findColumnChange } from "#compare/generate/column-change.ts";
import { readConversion } from "#compare/generate/conversion.ts";
import { generateMigrations } from "#compare/generate/generate.ts";
import { sourceCatalogue } from "#compare/sources/sources.ts";
import { ConfitureError } from "#errors/error.ts";
import { newestServer } from "../../support/engines.ts";
import { temporaryProject } from "../../support/project.ts";
import { migrating } from "../migrate/migrating.ts";
import { filesOf } from "./project-files.ts";

const BEFORE = "CREATE TABLE users (id int PRIMARY KEY, full_name text NOT NULL, age int);";
const SPLIT = "CREATE TABLE users (id int PRIMARY KEY, age int, first_name text NOT NULL, last_name text);";
const FORWARD = `-- confiture:forward
UPDATE users AS u SET first_name = split_part(u.full_name, ' ', 1), -- what is before the first space
  last_name = CASE WHEN strpos(full_name, ' ') > 0 THEN substr(full_name, strpos(full_name, ' ') + 1) END;
`;
const BACKWARD = `-- confiture:backward
UPDATE users SET full_name = first_name || coalesce(' ' || last_name, '');
`;

/** Of a last name that is two words the second does not come back. */
const LOSSY = BACKWARD.replace("coalesce(' ' || last_name, '')", "coalesce(' ' || split_part(last_name, ' ', 1), '')");

async function convert(conversion: string, after = SPLIT, before = BEFORE, isLossy = false) {
  await using project = await temporaryProject({ "db/schema/all.sql": after, "db/migrations/001_before.sql": before });
  return await generateMigrations({
    ...filesOf(project.dir),
    from: { kind: "migrations" },
    renames: [],
    noDown: false,
    online: true,
    name: "split_name",
    convert: { ...(await readConversion({ file: "split.sql", text: conversion })), isLossy },
  });
}

const catalogues = new Map<string, Promise<Catalogue>>();

/** What a schema file of this text builds. */
function catalogueOf(text: string): Promise<Catalogue> {
  const read = async (): Promise<Catalogue> => {
    await using project = await temporaryProject({ "db/schema/all.sql": text });
    return await sourceCatalogue(filesOf(project.dir), { kind: "schema" });
  };
  const catalogue = catalogues.get(text) ?? read();
  catalogues.set(text, catalogue);
  return catalogue;
}

/** As `convert`, without writing or trying anything. */
async function found(conversion: string, after = SPLIT, before = BEFORE): Promise<unknown> {
  const [from, to] = [await catalogueOf(before), await catalogueOf(after)];
  const read = await readConversion({ file: "split.sql", text: conversion });
  return findColumnChange(from, to, { renames: [], convert: { ...read, isLossy: false }, name: "split_name" });
}

describe("a conversion", () => {
  test("splits a column in four migrations that are proven with rows and with releases that write meanwhile", async () => {
    const { migrations, notKept } = await convert(FORWARD + BACKWARD);
    expect(migrations.map(({ text }) => text.split("\n")[0])).toEqual([
      "-- migrate:up phase:expand change:split_name",
      "-- migrate:up backfill:public.users change:split_name",
      "-- migrate:up transaction:false change:split_name",
      "-- migrate:up phase:contract change:split_name",
    ]);
    // A new writer's two words as a first name are not overwritten by the fill: it asks what is empty, not what differs.
    expect(migrations[1]!.text).toContain("WHERE first_name IS NULL");
    expect(notKept).toContain("first_name");
  });

  test("that loses values says so above the statement that takes them away, with one", async () => {
    const { migrations } = await convert(FORWARD + LOSSY, SPLIT, BEFORE, true);
    expect(migrations.at(-1)!.text).toMatch(
      /^-- DATA LOSS: old values do not all come back, as full_name '.+': it becomes first_name '.+, and on the way back full_name '.+; rolling back does not undo that\.\n.*\n?ALTER TABLE public.users\n  DROP COLUMN full_name;/m,
    );
  });

  test("is refused with the reason and the way out", async () => {
    const refusals: readonly (readonly [why: string, conversion: string, after?: string, before?: string])[] = [
      ["Mary Jane Watson", FORWARD + LOSSY],
      ["full_name would be NULL", FORWARD + BACKWARD.replace("coalesce(' ' || last_name, '')", "last_name")],
      ["does not say how the new columns are filled", BACKWARD],
      ["does not say how full_name is filled", FORWARD],
      ["has a WHERE", FORWARD.replace("END;", "END WHERE id > 0;") + BACKWARD],
      ["which both releases write", FORWARD.replace("u.full_name", "u.full_name || u.age") + BACKWARD],
      ["leaves out last_name", `${FORWARD.split(",  ")[0]!.replace(/, -- what[^]*/, ";")}\n${BACKWARD}`],
      ["other differences", FORWARD + BACKWARD, SPLIT.replace("age int", "age bigint")],
      ["has a default", FORWARD + BACKWARD, SPLIT.replace("last_name text", "last_name text DEFAULT 'x'")],
      [
        "reads full_name, which is generated",
        FORWARD,
        SPLIT.replace("age int", "age int, full_name text GENERATED ALWAYS AS (age::text) STORED"),
        BEFORE.replace(
          "full_name text NOT NULL, age int",
          "age int, full_name text GENERATED ALWAYS AS (age::text) STORED",
        ),
      ],
      [
        "domain word has a constraint",
        FORWARD + BACKWARD,
        `CREATE DOMAIN word AS text CHECK (VALUE <> '');${SPLIT.replace("last_name text", "last_name word")}`,
        `CREATE DOMAIN word AS text CHECK (VALUE <> '');${BEFORE}`,
      ],
      [
        "random() gives another value",
        FORWARD.replace("split_part(", "left(random()::text, 0) || split_part(") + BACKWARD,
      ],
      ["index public.by_age", FORWARD + BACKWARD, SPLIT, `${BEFORE} CREATE INDEX by_age ON users (age);`],
      [
        "part of the primary key",
        FORWARD + BACKWARD,
        SPLIT.replace("id int PRIMARY KEY", "id int").replace("text NOT NULL,", "text PRIMARY KEY,"),
        BEFORE.replace("id int PRIMARY KEY", "id int").replace("text NOT NULL,", "text PRIMARY KEY,"),
      ],
    ];
    // The others are refused before anything is tried.
    const isOnRows = (why: string): boolean => /^(?:Mary|full_name would|random)/.test(why);
    for (const [why, ...given] of refusals) {
      const refusal: unknown = await (isOnRows(why) ? convert : found)(...given).catch((error: unknown) => error);
      if (!(refusal instanceof ConfitureError)) throw new Error(`not refused: ${why}`);
      expect({ code: refusal.code, message: refusal.message }).toEqual({
        code: "generate_refused",
        message: expect.stringContaining(why),
      });
      expect(refusal.hint).toContain("Nothing was written");
    }
  });

  test("computes a column of others, which stay", async () => {
    const before = "CREATE TABLE items (id int PRIMARY KEY, price int NOT NULL, amount smallint NOT NULL);";
    const after = before.replace(");", ", total bigint NOT NULL);");
    const forward = "-- confiture:forward\nUPDATE items SET total = price::bigint * amount;\n";
    const { migrations, notKept } = await convert(forward, after, before);
    expect(migrations).toHaveLength(4);
    expect(notKept).toBeUndefined();
  });

  test("merges columns, whatever they are called", async () => {
    const before = 'CREATE TABLE "Us ers" ("Id" int PRIMARY KEY, "First" text NOT NULL, "Last ""x""" text);';
    const after = 'CREATE TABLE "Us ers" ("Id" int PRIMARY KEY, "all names" text[] NOT NULL);';
    const forward = '-- confiture:forward\nUPDATE "Us ers" SET "all names" = ARRAY["First", "Last ""x"""];\n';
    const backward =
      '-- confiture:backward\nUPDATE "Us ers" AS u SET "First" = coalesce(u."all names"[1], \'\'), "Last ""x""" = "all names"[2];\n';
    const { migrations, notKept } = await convert(forward + backward, after, before);
    expect(migrations.map(({ text }) => text.split("\n")[0])).toContain(
      '-- migrate:up backfill:public."Us ers" change:split_name',
    );
    expect(notKept).toContain("all names");
  });
});

/** Indexes and constraints on both sides, some of them with one name for both. */
const WITH_MORE = {
  before: `CREATE TABLE words (word text PRIMARY KEY);
    CREATE TABLE users (id int PRIMARY KEY, full_name text NOT NULL REFERENCES words, age int,
      CONSTRAINT named UNIQUE (full_name), CONSTRAINT short CHECK (length(full_name) < 40 OR age > 0));
    CREATE INDEX by_name ON users (lower(full_name)); CREATE INDEX gone ON users (full_name, age);`,
  after: `CREATE TABLE words (word text PRIMARY KEY);
    CREATE TABLE users (id int PRIMARY KEY, age int, first_name text NOT NULL, last_name text REFERENCES words,
      CONSTRAINT named UNIQUE (last_name, first_name) DEFERRABLE, CONSTRAINT short CHECK (length(first_name) < 20 OR age > 0),
      CONSTRAINT lasting CHECK (last_name <> ''));
    CREATE INDEX by_name ON users (lower(last_name)); CREATE UNIQUE INDEX "By First" ON users (first_name) WHERE age = 7;`,
};

for (const engine of newestServer) {
  test(`${engine.name}: indexes and constraints of the new columns are built while others write, and those of the old come back`, async () => {
    const { migrations } = await convert(FORWARD + BACKWARD, WITH_MORE.after, WITH_MORE.before);
    const files = Object.fromEntries(migrations.map(({ text }, index) => [`00${index + 2}_step.sql`, text]));
    expect(migrations.map(({ part }) => part)).toEqual(["expand", "fill", "validate", "indexes", "contract"]);
    // Whoever uses the table waits for nothing that reads it.
    expect(
      migrations[3]!.text
        .split("-- migrate:down")[0]!
        .match(/INDEX CONCURRENTLY|NOT VALID|VALIDATE CONSTRAINT|USING INDEX/g),
    ).toHaveLength(10);
    expect(migrations[3]!.text).toContain("-- ROWS: fails if two share a key, and leaves an invalid index behind.");
    await using run = await migrating(engine, { "001_before.sql": WITH_MORE.before, ...files });
    await run.up({ to: "1" });
    await run.query("INSERT INTO words VALUES ('Ada Lovelace'), ('Lovelace'), ('Hopper'), ('Grace Hopper')");
    await run.query("INSERT INTO users VALUES (1, 'Ada Lovelace', 1)");
    const standing = async (): Promise<unknown> =>
      (
        await run.query(`SELECT pg_get_constraintdef(oid) AS text FROM pg_constraint WHERE conrelid = 'users'::regclass AND contype IN ('c', 'f', 'u')
          UNION ALL SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = 'users'::regclass AND indisvalid ORDER BY 1`)
      ).map(({ text }) => text);
    const began = await standing();
    expect(await run.up({ to: "5" })).toMatchObject({ error: undefined });
    const both = await standing();
    // Both releases write, and both sets of constraints hold.
    await run.query("INSERT INTO users (id, first_name, last_name, age) VALUES (2, 'Grace', 'Hopper', 2)");
    const failure = async (sql: string): Promise<unknown> =>
      await run.query(sql).catch((error: unknown) => (error as { code: string }).code);
    expect(await failure("UPDATE users SET last_name = '' WHERE id = 2")).toBe("23514");
    expect(await failure("INSERT INTO users (id, first_name, last_name) VALUES (3, 'Grace', 'Hopper')")).toBe("23505");
    expect(await failure("UPDATE users SET full_name = 'Ada Byron' WHERE id = 2")).toBe("23503");
    expect(await run.up({ contracts: ["split_name"] })).toMatchObject({ error: undefined });
    expect(await standing()).toContain("UNIQUE (last_name, first_name) DEFERRABLE");
    expect(JSON.stringify(await standing())).not.toMatch(/__new|full_name/);
    expect(await run.down()).toMatchObject({ error: undefined });
    expect(await standing()).toEqual(both);
    expect(await run.query("SELECT full_name FROM users ORDER BY id")).toEqual([
      { full_name: "Ada Lovelace" },
      { full_name: "Grace Hopper" },
    ]);
    expect(await run.down({ to: "1" })).toMatchObject({ error: undefined });
    expect(await standing()).toEqual(began);
  });
}

/** What each release may do to a row, whatever the fill has come to. */
for (const engine of newestServer) {
  test(`${engine.name}: the trigger of a split knows which side was written, in rows that are filled and in others`, async () => {
    const { migrations } = await convert(FORWARD + BACKWARD);
    const files = Object.fromEntries(migrations.map(({ text }, index) => [`00${index + 2}_step.sql`, text]));
    await using run = await migrating(engine, { "001_before.sql": BEFORE, ...files });
    await run.up({ to: "1" });
    await run.query("INSERT INTO users (id, full_name) SELECT n, 'Ada Lovelace' FROM generate_series(1, 9) AS n");
    await run.up({ to: "2" });
    const row = async (id: number): Promise<unknown> =>
      (
        await run.query(
          `SELECT concat_ws('|', full_name, first_name, coalesce(last_name, '-')) AS row FROM users WHERE id = ${id}`,
        )
      )[0]?.["row"];
    // Not filled: the other new column comes from the old one first.
    await run.query("UPDATE users SET last_name = 'King' WHERE id = 1");
    expect(await row(1)).toBe("Ada King|Ada|King");
    await run.query("UPDATE users SET full_name = 'Grace Hopper' WHERE id = 2");
    expect(await row(2)).toBe("Grace Hopper|Grace|Hopper");
    await run.query("UPDATE users SET age = 7 WHERE id = 3");
    expect(await row(3)).toBe("Ada Lovelace|Ada|Lovelace");
    // One that only the new release could have written, in each way in which it can.
    await run.query("INSERT INTO users (id, first_name, last_name) VALUES (10, 'Mary Jane', 'Watson')");
    await run.query(
      "INSERT INTO users (id, first_name, last_name) VALUES (4, 'Mary Jane', 'Watson') ON CONFLICT (id) DO UPDATE SET (first_name, last_name) = (EXCLUDED.first_name, EXCLUDED.last_name)",
    );
    await run.query(
      "MERGE INTO users u USING (VALUES (5), (11)) AS v (id) ON u.id = v.id WHEN MATCHED THEN UPDATE SET first_name = 'Mary Jane', last_name = 'Watson' WHEN NOT MATCHED THEN INSERT (id, first_name, last_name) VALUES (v.id, 'Mary Jane', 'Watson')",
    );
    const watson = "Mary Jane Watson|Mary Jane|Watson";
    for (const id of [10, 4, 5, 11]) expect(await row(id)).toBe(watson);
    // The fill asks what is empty, not what differs; a statement about something else changes neither side.
    expect(await run.up({ to: "4" })).toMatchObject({ error: undefined });
    await run.query("UPDATE users SET age = 8");
    for (const id of [10, 4, 5, 11]) expect(await row(id)).toBe(watson);
    await run.query("UPDATE users SET last_name = NULL WHERE id = 6");
    expect(await row(6)).toBe("Ada|Ada|-");
    // Where no trigger fires, the constraint says so, and nothing is out of step.
    const replica = (sql: string): Promise<unknown> =>
      run
        .query(`SET LOCAL session_replication_role = replica; ${sql}`)
        .catch((error: unknown) => (error as { code: string }).code);
    expect(await replica("UPDATE users SET full_name = 'x' WHERE id = 7")).toBe("23514");
    expect(await replica("INSERT INTO users (id, full_name) VALUES (12, 'x')")).toBe("23514");
    expect(await run.up({ contracts: ["split_name"] })).toMatchObject({ error: undefined });
    expect(await run.query("SELECT first_name, last_name FROM users WHERE id IN (1, 10) ORDER BY id")).toEqual([
      { first_name: "Ada", last_name: "King" },
      { first_name: "Mary Jane", last_name: "Watson" },
    ]);
  });

  test(`${engine.name}: functions of a conversion are found whatever the search_path of a session is`, async () => {
    const first =
      "CREATE FUNCTION first_word(t text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT split_part(t, ' ', 1) $$;\n";
    const forward = FORWARD.replace("split_part(u.full_name, ' ', 1)", "first_word(u.full_name)");
    const { migrations } = await convert(forward + BACKWARD, first + SPLIT, first + BEFORE);
    await using run = await migrating(engine, {
      "001_before.sql": first + BEFORE,
      "002_step.sql": migrations[0]!.text,
    });
    expect(await run.up()).toMatchObject({ error: undefined });
    await run.query(
      "SET LOCAL search_path = pg_catalog; INSERT INTO public.users (id, full_name) VALUES (1, 'Ada Lovelace')",
    );
    expect(await run.query("SELECT first_name FROM users")).toEqual([{ first_name: "Ada" }]);
    // Where there is nothing to be found, nothing has to be set.
    expect((await convert(FORWARD + BACKWARD)).migrations[0]!.text).not.toContain("search_path");
  });
}
