import { describe, expect, test } from "bun:test";
import { behindSchema } from "#compare/contained/behind.ts";
import type { Contained } from "#compare/contained/contained.ts";
import { containedInSchema } from "#compare/contained/in-schema.ts";
import { containedInDatabase } from "#compare/contained/in-database.ts";
import { replayOnce } from "#compare/contained/replayed.ts";
import { withDatabase } from "#database/open.ts";
import { temporaryProject } from "../../support/project.ts";
import { filesOf } from "./project-files.ts";

const USERS = "CREATE TABLE IF NOT EXISTS users (id int PRIMARY KEY);\n";
const WITH_BIO = "CREATE TABLE IF NOT EXISTS users (id int PRIMARY KEY, bio text);\n";
const column = (name: string, type = "text"): string =>
  `-- migrate:up\nALTER TABLE users ADD ${name} ${type};\n-- migrate:down\nALTER TABLE users DROP ${name};\n`;

async function decide(
  files: Record<string, string>,
  given: { recorded?: string[]; budget?: number } = {},
): Promise<{ contained: string[]; pending: string[]; undecided: string[]; why: string | undefined }> {
  await using project = await temporaryProject(files);
  const replay = replayOnce({
    ...filesOf(project.dir),
    recorded: given.recorded ?? [],
    clock: { budget: given.budget ?? 1, spent: () => 0 },
  });
  const found = await containedInSchema(replay);
  const versions = (of: Contained["pending"]): string[] => of.map(({ version }) => version);
  const { contained, pending, undecided, why } = found;
  return { contained: versions(contained), pending: versions(pending), undecided: versions(undecided), why };
}

describe("migrations that only the schema files can carry", () => {
  const files = (schema: string): Record<string, string> => ({
    "db/schema/users.sql": schema,
    "db/migrations/001_bio.sql": column("bio"),
  });

  test("are pending where the files do not hold them", async () => {
    expect(await decide(files(USERS))).toMatchObject({ contained: [], pending: ["001"], undecided: [] });
  });

  test("are contained where they do, also with more than the migration makes", async () => {
    const more = `${WITH_BIO}COMMENT ON COLUMN users.bio IS 'About';\nCREATE TABLE more (id int);\n`;
    expect(await decide(files(more))).toMatchObject({ contained: ["001"], pending: [], undecided: [] });
  });

  test("the first may be contained and the next not", async () => {
    const two = { ...files(WITH_BIO), "db/migrations/002_age.sql": column("age", "int") };
    expect(await decide(two)).toMatchObject({ contained: ["001"], pending: ["002"] });
    expect(await decide({ ...two, "db/schema/users.sql": USERS })).toMatchObject({ pending: ["001", "002"] });
    expect(await decide(two, { recorded: ["1"] })).toMatchObject({ contained: [], pending: ["002"] });
  });

  test("without a way back: pending where they apply, undecided where they do not", async () => {
    const oneWay = { "db/migrations/001_bio.sql": "ALTER TABLE users ADD bio text;" };
    expect(await decide({ ...files(USERS), ...oneWay })).toMatchObject({ pending: ["001"] });
    const held = await decide({ ...files(WITH_BIO), ...oneWay });
    expect(held).toMatchObject({ contained: [], pending: [], undecided: ["001"] });
    expect(held.why).toContain("already exists");
  });
});

describe("migrations that begin with a base", () => {
  const project = (schema: string, ...migrations: string[]): Record<string, string> => ({
    "db/migrations/base.sql": USERS,
    "db/schema/users.sql": schema,
    ...Object.fromEntries(migrations.map((text, index) => [`db/migrations/${index + 1}_step.sql`, text])),
  });

  test("are contained up to the last one that the schema files hold, with or without ways back", async () => {
    const steps = [
      "ALTER TABLE users ADD bio text;",
      "CREATE INDEX by_bio ON users (bio);",
      "ALTER TABLE users ADD age int;",
    ];
    const bioAndIndex = `${WITH_BIO}CREATE INDEX by_bio ON users (bio);\n`;
    expect(await decide(project(bioAndIndex, ...steps))).toMatchObject({ contained: ["1", "2"], pending: ["3"] });
    expect(await decide(project(USERS, ...steps))).toMatchObject({ contained: [], pending: ["1", "2", "3"] });
  });

  test("what a later one changes again counts as it is in the end", async () => {
    const steps = ["ALTER TABLE users ADD bio varchar(10);", "ALTER TABLE users ALTER bio TYPE text;"];
    expect(await decide(project(WITH_BIO, ...steps))).toMatchObject({ contained: ["1", "2"] });
  });

  test("what is taken away has to be gone", async () => {
    const drop = "ALTER TABLE users DROP COLUMN id;";
    expect(await decide(project(USERS, drop))).toMatchObject({ pending: ["1"] });
    expect(await decide(project("CREATE TABLE users ();", drop))).toMatchObject({ contained: ["1"] });
  });

  test("rows that a migration leaves behind have to be there too, but for what differs from one database to the next", async () => {
    const settings = "CREATE TABLE settings (id serial, key text, at timestamptz DEFAULT now());\n";
    const seed = "INSERT INTO settings (key) VALUES ('theme'), ('language');\n";
    const steps = [settings, seed];
    expect(await decide(project(USERS + settings + seed, ...steps))).toMatchObject({ contained: ["1", "2"] });
    expect(await decide(project(USERS + settings, ...steps))).toMatchObject({ contained: ["1"], pending: ["2"] });
    const half = USERS + settings + "INSERT INTO settings (key) VALUES ('theme');\n";
    expect(await decide(project(half, ...steps))).toMatchObject({ contained: ["1"] });
  });

  test("a part of one is not all of it: nobody can tell, and it is said which", async () => {
    const found = await decide(project(WITH_BIO, "ALTER TABLE users ADD bio text; ALTER TABLE users ADD age int;"));
    expect(found).toMatchObject({ contained: [], pending: [], undecided: ["1"] });
    expect(found.why).toContain("1_step");
  });

  test("of many, those that are far back are found as well", async () => {
    const steps = Array.from({ length: 12 }, (_, index) => `ALTER TABLE users ADD c${index} int;`);
    const schema = "CREATE TABLE users (id int PRIMARY KEY, c0 int, c1 int);\n";
    expect(await decide(project(schema, ...steps))).toMatchObject({
      contained: ["1", "2"],
      pending: ["3", "4", "5", "6", "7", "8", "9", "10", "11", "12"],
    });
  });
});

test("what takes longer than it may, or does not build, is undecided and stops nothing", async () => {
  const files = { "db/schema/users.sql": WITH_BIO, "db/migrations/001_bio.sql": column("bio") };
  expect(await decide(files, { budget: 0 })).toMatchObject({
    undecided: ["001"],
    why: expect.stringContaining("seconds"),
  });
  expect(await decide({ ...files, "db/schema/users.sql": "CREATE nonsense;" })).toMatchObject({ undecided: ["001"] });
});

test("one replay tells what the schema files hold, what a database holds, and that it is behind", async () => {
  await using project = await temporaryProject({
    "db/migrations/base.sql": USERS,
    "db/schema/users.sql": WITH_BIO,
    "db/migrations/001_bio.sql": column("bio"),
  });
  const applied: string[] = [];
  const options = { ...filesOf(project.dir), onStep: (step: string) => applied.push(step) };
  const replay = replayOnce({ ...options, recorded: [], clock: { budget: 1, spent: () => 0 } });
  const ledger = { schema: "public", table: "confiture_migrations", exists: false };
  await withDatabase({ engine: "embedded" }, {}, async (database) => {
    await database.execute(USERS);
    expect(await behindSchema(replay, database, ledger)).toMatchObject([{ version: "001" }]);
    expect(await containedInDatabase(replay, database, ledger)).toMatchObject({ pending: [{ version: "001" }] });
    await database.execute("ALTER TABLE users ADD bio text");
    expect(await behindSchema(replay, database, ledger)).toEqual([]);
    expect(await containedInDatabase(replay, database, ledger)).toMatchObject({ contained: [{ version: "001" }] });
  });
  expect(applied).toEqual(["Applying base.sql", "Applying 001_bio"]);
});

describe("a last migration that only changes rows, of which an empty database has none, may have been run or not", () => {
  const fill = "-- migrate:up\nUPDATE users SET bio = '' WHERE bio IS NULL;\n";
  const after = (count: number): string[] => Array.from({ length: count }, (_, index) => `later_${index}`);
  test.each([
    ["as the last", [], ["001"]],
    ["far from the last", after(14), ["001"]],
    ["before one that is there", ["age", ...after(14)], ["001", "002", "003"]],
  ])("%s", async (_, later, contained) => {
    await using project = await temporaryProject({
      "db/migrations/base.sql": USERS,
      "db/schema/users.sql": USERS,
      "db/migrations/001_bio.sql": column("bio"),
      "db/migrations/002_fill.sql": fill,
      ...Object.fromEntries(
        later.map((name, index) => [`db/migrations/${String(index + 3).padStart(3, "0")}_${name}.sql`, column(name)]),
      ),
    });
    const replay = replayOnce({ ...filesOf(project.dir), recorded: [], clock: { budget: 1, spent: () => 0 } });
    const ledger = { schema: "public", table: "confiture_migrations", exists: false };
    await withDatabase({ engine: "embedded" }, {}, async (database) => {
      await database.execute(`${USERS} ALTER TABLE users ADD bio text, ADD age text; INSERT INTO users VALUES (1);`);
      const found = await containedInDatabase(replay, database, ledger);
      expect(found.contained.map(({ version }) => version)).toEqual(contained);
    });
  });
});

test("where every migration is recorded, none is read", async () => {
  const files = { "db/schema/users.sql": WITH_BIO, "db/migrations/001_bio.sql": "-- migrate:up\n-- migrate:up\n" };
  expect(await decide(files, { recorded: ["001"] })).toEqual({
    contained: [],
    pending: [],
    undecided: [],
    why: undefined,
  });
});
