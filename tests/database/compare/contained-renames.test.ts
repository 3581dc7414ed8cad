import { describe, expect, test } from "bun:test";
import type { Contained } from "#compare/contained/contained.ts";
import { containedInDatabase } from "#compare/contained/in-database.ts";
import { containedInSchema } from "#compare/contained/in-schema.ts";
import { replayOnce } from "#compare/contained/replayed.ts";
import { withDatabase } from "#database/open.ts";
import { temporaryProject } from "../../support/project.ts";
import { filesOf } from "./project-files.ts";

const TABLE = "CREATE TABLE reviews (id int CONSTRAINT rp PRIMARY KEY, s int, t text);\n";
const NOTE = "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;\n";
const RENAME = "ALTER TABLE reviews RENAME TO ratings";

/** What is there before a migration, what it does, and what schema files that hold it say instead of `from`, where that is not only a word. */
interface Case {
  readonly before: string;
  readonly up: string;
  readonly words: Readonly<Record<string, string>>;
}

const renamed = (more: string, also = "", words: Case["words"] = {}): Case => ({
  before: `${TABLE}${more};\n`,
  up: `${RENAME};\n${also}`,
  words: { reviews: "ratings", ...words },
});

const CASES: Readonly<Record<string, Case>> = {
  index: renamed("CREATE INDEX rs ON reviews (s)"),
  "index of another method": renamed("CREATE INDEX rs ON reviews USING gin (to_tsvector('simple', t))"),
  "unique index with a condition, and what is said of it": renamed(
    "CREATE UNIQUE INDEX rs ON reviews (s) WHERE s > 0; COMMENT ON INDEX rs IS 'of s'",
  ),
  "index with options": renamed("CREATE INDEX rs ON reviews (s) WITH (fillfactor = 50)"),
  "index that the table is clustered by": renamed("CREATE INDEX rs ON reviews (s); ALTER TABLE reviews CLUSTER ON rs"),
  "replica identity": renamed(
    "ALTER TABLE reviews ALTER s SET NOT NULL; CREATE UNIQUE INDEX rs ON reviews (s); ALTER TABLE reviews REPLICA IDENTITY USING INDEX rs",
  ),
  "index, with another that the migration makes": renamed(
    "CREATE INDEX rs ON reviews (s)",
    "ALTER TABLE ratings ADD stars int;\nCREATE INDEX rt ON ratings (t);\n",
    { "t text": "t text, stars int", "(s)": "(s); CREATE INDEX rt ON ratings (t)" },
  ),
  trigger: renamed(`${NOTE}CREATE TRIGGER noted BEFORE INSERT ON reviews FOR EACH ROW EXECUTE FUNCTION note()`),
  policy: renamed("ALTER TABLE reviews ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON reviews USING (s > 0)"),
  rule: renamed("CREATE RULE kept AS ON DELETE TO reviews DO INSTEAD NOTHING"),
  "statistics object": renamed("CREATE STATISTICS st ON s, t FROM reviews; COMMENT ON STATISTICS st IS 'both'"),
  comments: renamed(
    "COMMENT ON TABLE reviews IS 'r'; COMMENT ON COLUMN reviews.s IS 's'; COMMENT ON CONSTRAINT rp ON reviews IS 'p'",
  ),
  "sequence of its own": renamed("CREATE SEQUENCE numbers OWNED BY reviews.s; COMMENT ON SEQUENCE numbers IS 'n'"),
  "default from a sequence": renamed(
    "CREATE SEQUENCE numbers OWNED BY reviews.s; ALTER TABLE reviews ALTER s SET DEFAULT nextval('numbers')",
  ),
  defaults: renamed(
    "ALTER TABLE reviews ALTER s SET DEFAULT 1, ALTER t SET STORAGE external, ALTER s SET STATISTICS 9",
  ),
  grants: renamed("GRANT SELECT ON reviews TO PUBLIC; GRANT UPDATE (s) ON reviews TO PUBLIC"),
  publication: renamed("CREATE PUBLICATION pub FOR TABLE reviews"),
  "view of the table": renamed("CREATE VIEW best AS SELECT s FROM reviews"),
  "materialized view with an index": renamed(
    "CREATE MATERIALIZED VIEW best AS SELECT s FROM reviews; CREATE INDEX bs ON best (s)",
  ),
  "materialized view's own name": {
    before: `${TABLE}CREATE MATERIALIZED VIEW best AS SELECT s FROM reviews;\nCREATE INDEX bs ON best (s);\n`,
    up: "ALTER MATERIALIZED VIEW best RENAME TO finest;\n",
    words: { best: "finest" },
  },
  "foreign key from another table, with an index": renamed(
    "CREATE TABLE replies (review int CONSTRAINT rf REFERENCES reviews); CREATE INDEX rr ON replies (review); CREATE INDEX rs ON reviews (s)",
  ),
  "partitions with indexes": {
    before: `CREATE TABLE reviews (id int, s int) PARTITION BY RANGE (id);
CREATE TABLE first PARTITION OF reviews FOR VALUES FROM (1) TO (9);
CREATE INDEX rs ON reviews (s);
`,
    up: `${RENAME};\nALTER TABLE first RENAME TO early;\n`,
    words: { reviews: "ratings", "TABLE first": "TABLE early", first_s_idx: "first_s_idx" },
  },
  "function with the table's row type": renamed(
    "CREATE FUNCTION score(r reviews) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1'; CREATE INDEX rs ON reviews (s)",
  ),
  column: {
    before: `${TABLE}CREATE INDEX rs ON reviews (s) WHERE s > 0;\nCOMMENT ON INDEX rs IS 'of s';\nCREATE STATISTICS st ON s, t FROM reviews;\n`,
    up: "ALTER TABLE reviews RENAME s TO stars;\n",
    words: { "s int": "stars int", "(s)": "(stars)", "s > 0": "stars > 0", "ON s, t": "ON stars, t" },
  },
  schema: {
    before: "CREATE SCHEMA app;\nCREATE TABLE app.reviews (id serial, s int);\nCREATE INDEX rs ON app.reviews (s);\n",
    up: "ALTER SCHEMA app RENAME TO shop;\n",
    words: { app: "shop" },
  },
  "table to another schema, with its index": {
    before: `CREATE SCHEMA app;\n${TABLE}CREATE INDEX rs ON reviews (s);\n`,
    up: "ALTER TABLE reviews SET SCHEMA app;\n",
    words: { "TABLE reviews": "TABLE app.reviews", "ON reviews": "ON app.reviews" },
  },
  "type in use": {
    before:
      "CREATE TYPE mood AS ENUM ('a');\nCREATE TABLE reviews (m mood DEFAULT 'a');\nCREATE INDEX rs ON reviews (m) WHERE m = 'a';\n",
    up: "ALTER TYPE mood RENAME TO feeling;\n",
    words: { mood: "feeling" },
  },
  "domain in use": {
    before:
      "CREATE DOMAIN mark AS int CONSTRAINT positive CHECK (VALUE > 0);\nCREATE TABLE reviews (m mark);\nCREATE INDEX rs ON reviews (m);\n",
    up: "ALTER DOMAIN mark RENAME TO stars;\n",
    words: { mark: "stars" },
  },
  "function in use": {
    before: `${TABLE}CREATE FUNCTION twice(n int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT n * 2';
CREATE INDEX rs ON reviews (twice(s));
ALTER TABLE reviews ADD CONSTRAINT even CHECK (twice(s) > 0);
`,
    up: "ALTER FUNCTION twice(int) RENAME TO doubled;\n",
    words: { twice: "doubled" },
  },
  "trigger's function": {
    before: `${TABLE}${NOTE}CREATE TRIGGER noted BEFORE INSERT ON reviews FOR EACH ROW EXECUTE FUNCTION note();\n`,
    up: "ALTER FUNCTION note() RENAME TO remark;\n",
    words: { "note()": "remark()" },
  },
  view: {
    before: `${TABLE}CREATE VIEW best AS SELECT s FROM reviews;\nCREATE RULE kept AS ON DELETE TO best DO INSTEAD NOTHING;\nCREATE VIEW better AS SELECT s FROM best;\n`,
    up: "ALTER VIEW best RENAME TO finest;\n",
    words: { best: "finest" },
  },
  "index itself": {
    before: `${TABLE}CREATE INDEX rs ON reviews (s);\nCOMMENT ON INDEX rs IS 'of s';\nALTER TABLE reviews CLUSTER ON rs;\n`,
    up: "ALTER INDEX rs RENAME TO by_s;\n",
    words: { rs: "by_s" },
  },
  "two tables that change names": {
    before: "CREATE TABLE a (s int);\nCREATE TABLE b (s text);\nCREATE INDEX ai ON a (s);\nCREATE INDEX bi ON b (s);\n",
    up: "ALTER TABLE a RENAME TO c;\nALTER TABLE b RENAME TO a;\nALTER TABLE c RENAME TO b;\n",
    words: { "a (s": "b (s", "b (s": "a (s" },
  },
  "index that goes to another table": {
    before: "CREATE TABLE a (s int);\nCREATE TABLE b (s int);\nCREATE INDEX i ON a (s);\n",
    up: "DROP INDEX i;\nCREATE INDEX i ON b (s);\n",
    words: { "ON a": "ON b" },
  },
  "sequence that goes to another table": {
    before: "CREATE TABLE a (s int);\nCREATE TABLE b (s int);\nCREATE SEQUENCE q OWNED BY a.s;\n",
    up: "ALTER SEQUENCE q OWNED BY b.s;\n",
    words: { "BY a": "BY b" },
  },
};

const held = ({ before, words }: Case): string =>
  before.replaceAll(
    new RegExp(
      Object.keys(words)
        .map((word) => RegExp.escape(word))
        .join("|"),
      "g",
    ),
    (word) => words[word] ?? word,
  );

const LATER = "-- migrate:up\nCREATE TABLE later (id int);\n";
const LATER_TABLE = "CREATE TABLE later (id int);\n";

async function inSchema(base: string, up: string, schema: string): Promise<Contained> {
  await using project = await temporaryProject({
    "db/schema/all.sql": schema,
    "db/migrations/base.sql": base,
    "db/migrations/001_renamed.sql": `-- migrate:up\n${up}`,
    "db/migrations/002_later.sql": LATER,
  });
  const clock = { budget: 1, spent: () => 0 };
  return await containedInSchema(replayOnce({ ...filesOf(project.dir), recorded: [], clock }));
}

const versions = (files: Contained["pending"]): string[] => files.map(({ version }) => version);

describe("what stays while something gets another name does not keep the migration from being contained", () => {
  test.each(Object.entries(CASES))("%s", async (_, given) => {
    const found = await inSchema(given.before, given.up, held(given) + LATER_TABLE);
    expect({ ...found, contained: versions(found.contained) }).toMatchObject({
      contained: ["001", "002"],
      pending: [],
      undecided: [],
      why: undefined,
    });
    // Files that go on with the former name hold nothing of it.
    const before = await inSchema(given.before, given.up, given.before);
    expect({ ...before, pending: versions(before.pending) }).toMatchObject({ contained: [], pending: ["001", "002"] });
  });

  test("in a database in use as well", async () => {
    const given = CASES["index"]!;
    await using project = await temporaryProject({
      "db/schema/all.sql": held(given),
      "db/migrations/base.sql": given.before,
      "db/migrations/001_renamed.sql": `-- migrate:up\n${given.up}`,
    });
    const clock = { budget: 1, spent: () => 0 };
    const replay = replayOnce({ ...filesOf(project.dir), recorded: [], clock });
    const ledger = { schema: "public", table: "confiture_migrations", exists: false };
    for (const [text, contained] of [
      [held(given), ["001"]],
      [given.before, []],
    ] as const) {
      await withDatabase({ engine: "embedded" }, {}, async (database) => {
        await database.execute(text);
        const found = await containedInDatabase(replay, database, ledger);
        expect(versions(found.contained)).toEqual([...contained]);
        expect(found.undecided).toEqual([]);
      });
    }
  });
});

describe("what stays with something that got another name has to be there all the same", () => {
  test.each([
    ["an index that the files lack", `${TABLE}CREATE INDEX rs ON reviews (s);\n`, TABLE.replace("reviews", "ratings")],
    [
      "an index that they have on another column",
      `${TABLE}CREATE INDEX rs ON reviews (s);\n`,
      `${TABLE.replace("reviews", "ratings")}CREATE INDEX rs ON ratings (t);\n`,
    ],
    [
      "what is said of it",
      `${TABLE}CREATE INDEX rs ON reviews (s);\nCOMMENT ON INDEX rs IS 'of s';\n`,
      `${TABLE.replace("reviews", "ratings")}CREATE INDEX rs ON ratings (s);\n`,
    ],
  ])("%s", async (_, base, schema) => {
    const found = await inSchema(base, `${RENAME};\n`, schema + LATER_TABLE);
    expect(versions(found.contained)).toEqual([]);
    expect(versions(found.undecided)).toEqual(["001", "002"]);
  });
});
