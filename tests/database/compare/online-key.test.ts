import { describe, expect, test } from "bun:test";
import { generateMigrations } from "#compare/generate/generate.ts";
import { ConfitureError } from "#errors/error.ts";
import { oldestServer } from "../../support/engines.ts";
import { temporaryProject } from "../../support/project.ts";
import { migrating } from "../migrate/migrating.ts";
import { filesOf } from "./project-files.ts";

async function textsOf(before: string, after: string): Promise<readonly string[]> {
  await using project = await temporaryProject({ "db/schema/all.sql": after, "db/migrations/001_before.sql": before });
  const { migrations } = await generateMigrations({
    ...filesOf(project.dir),
    from: { kind: "migrations" },
    renames: [],
    noDown: false,
    online: true,
    name: "bigger_keys",
  });
  return migrations.map(({ text }) => text);
}

/** Two kinds of sequences, a key of two columns, foreign keys of a kind each, one to its own table, and one of a column that stays. */
const schema = (type: "int" | "bigint", serial = type === "int" ? "serial" : "bigserial"): string => `
CREATE TABLE users (id ${type} GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL);
CREATE TABLE posts (
  id ${serial} PRIMARY KEY,
  user_id ${type} NOT NULL REFERENCES users ON DELETE CASCADE,
  "Parent" ${type} REFERENCES posts (id) ON DELETE SET NULL,
  title text
);
CREATE TABLE likes (user_id ${type} REFERENCES users ON UPDATE CASCADE ON DELETE CASCADE, post_id ${type} REFERENCES posts ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED, PRIMARY KEY (user_id, post_id));
CREATE TABLE logins (login int PRIMARY KEY, who int REFERENCES users (id) ON DELETE CASCADE);
CREATE INDEX posts_by_user ON posts (user_id DESC, title) WHERE "Parent" IS NOT NULL;
CREATE UNIQUE INDEX posts_once ON posts ((user_id + 0), title);
COMMENT ON COLUMN posts.user_id IS 'who wrote it';
COMMENT ON CONSTRAINT users_pkey ON users IS 'for good';
COMMENT ON INDEX posts_once IS 'no title twice';
COMMENT ON SEQUENCE posts_id_seq IS 'numbers';
GRANT USAGE ON SEQUENCE users_id_seq TO PUBLIC;
ALTER TABLE posts ALTER user_id SET STATISTICS 500, ALTER user_id SET (n_distinct = -0.5);
ALTER TABLE posts CLUSTER ON posts_pkey;
`;

for (const engine of oldestServer) {
  describe(engine.name, () => {
    test("int keys become bigint with their sequences and foreign keys, and nothing is written anew", async () => {
      const texts = await textsOf(schema("int"), schema("bigint"));
      expect(texts.map((text) => text.split("\n")[0])).toEqual([
        "-- migrate:up phase:expand change:bigger_keys",
        "-- migrate:up backfill:public.likes change:bigger_keys",
        "-- migrate:up backfill:public.posts change:bigger_keys",
        "-- migrate:up backfill:public.users change:bigger_keys",
        "-- migrate:up transaction:false change:bigger_keys",
        "-- migrate:up transaction:false change:bigger_keys",
        "-- migrate:up phase:contract change:bigger_keys",
      ]);
      const files = Object.fromEntries(texts.map((text, index) => [`00${index + 2}_step.sql`, text]));
      await using run = await migrating(engine, { "001_before.sql": schema("int"), ...files });
      await run.up({ to: "1" });
      await run.query("INSERT INTO users (name) SELECT 'user ' || n FROM generate_series(1, 3000) AS n");
      await run.query(
        `INSERT INTO posts (user_id, "Parent", title) SELECT n, nullif(n / 2, 0), 'post ' || n FROM generate_series(1, 3000) AS n`,
      );
      await run.query("INSERT INTO likes SELECT n, 3001 - n FROM generate_series(1, 3000) AS n");
      await run.query("INSERT INTO logins SELECT n, n FROM generate_series(1, 100) AS n");
      const look = async (): Promise<unknown> =>
        await run.query("SELECT pg_relation_filenode('posts') AS posts, pg_relation_filenode('users') AS users");
      const filenodes = await look();
      expect(await run.up({ to: "7" })).toMatchObject({ error: undefined });
      // What both releases do between the steps.
      await run.query("DELETE FROM users WHERE id = 7");
      await run.query("INSERT INTO users (name) VALUES ('new')");
      expect(await run.up({ contracts: ["bigger_keys"] })).toMatchObject({ error: undefined, results: ["008 done"] });
      expect(await look()).toEqual(filenodes);
      await run.query("INSERT INTO users (name) VALUES ('newer')");
      await run.query("INSERT INTO posts (user_id, title) VALUES (3002, 'newer')");
      await run.query("DELETE FROM users WHERE id = 8");
      await run.query("INSERT INTO users (id, name) OVERRIDING SYSTEM VALUE VALUES (3000000000, 'big')");
      await run.query("INSERT INTO posts (user_id, title) VALUES (3000000000, 'big')");
      expect(
        await run.query(`SELECT (SELECT max(id) FROM users WHERE id < 3000000000)::int AS last, (SELECT count(*)::int FROM users) AS users,
          (SELECT count(*)::int FROM posts) AS posts, (SELECT count(*)::int FROM logins) AS logins,
          (SELECT string_agg(DISTINCT data_type, ',') FROM information_schema.columns WHERE column_name IN ('id', 'user_id', 'post_id', 'Parent') AND table_schema = 'public') AS types`),
      ).toEqual([{ last: 3002, users: 3001, posts: 3000, logins: 98, types: "bigint" }]);
      expect(await run.query("SELECT data_type::text AS type FROM pg_sequences ORDER BY 1")).toEqual([
        { type: "bigint" },
        { type: "bigint" },
      ]);
      // What has no room in the old type stops the way back, and nothing of that is kept.
      const { error } = await run.down();
      expect(error?.server?.sqlstate).toBe("22003");
      const [query] = /SELECT .*(?=;)/.exec(error?.hint ?? "")!;
      expect(query).toContain("OR user_id NOT BETWEEN -2147483648 AND 2147483647");
      expect(error?.hint).toStartWith("Change or delete the rows with a value outside the range of integer, then run");
      expect(await run.query(query)).toMatchObject([{ title: "big" }]);
      await run.query("DELETE FROM users WHERE id = 3000000000");
      expect(await run.down({ to: "1" })).toMatchObject({ error: undefined });
      await run.query("INSERT INTO users (name) VALUES ('last')");
      expect(await run.query("SELECT max(id) AS last, pg_typeof(max(id))::text AS type FROM users")).toEqual([
        { last: 3003, type: "integer" },
      ]);
    });
  });
}

test("tables of one name in two schemas, a type with casts of its own, and tables that are published", async () => {
  const tables = (key: string, code: string): string => `CREATE SCHEMA other;
CREATE TABLE other.users (id ${key} PRIMARY KEY, code ${code} UNIQUE);
CREATE TABLE users (id ${key} PRIMARY KEY, other ${key} REFERENCES other.users);
CREATE PUBLICATION news FOR TABLE users, other.users;`;
  const texts = await textsOf(tables("int", "uuid"), tables("bigint", "text"));
  expect(texts.map((text) => text.split("\n")[0]).filter((line) => line?.includes("backfill"))).toEqual([
    "-- migrate:up backfill:other.users change:bigger_keys",
    "-- migrate:up backfill:public.users change:bigger_keys",
  ]);
});

test("a key that something stands on which is not made anew is refused, with its name", async () => {
  const before = schema("int");
  const after = schema("bigint");
  const refusals = [
    ["the view names", "CREATE VIEW names AS SELECT id, name FROM users;"],
    ["the constraint positive", "ALTER TABLE users ADD CONSTRAINT positive CHECK (id > 0);"],
    ["rights", "GRANT SELECT (id) ON users TO PUBLIC;"],
    ["the name id__new is taken", "ALTER TABLE users ADD COLUMN id__new int;"],
    [
      "sequence that does not belong to it",
      "CREATE SEQUENCE numbers; ALTER TABLE likes ALTER post_id SET DEFAULT nextval('numbers');",
    ],
    ["is of a partitioned table", "CREATE TABLE events (who int REFERENCES users, at date) PARTITION BY RANGE (at);"],
  ] as const;
  for (const [why, extra] of refusals) {
    const refusal: unknown = await textsOf(before + extra, after + extra).catch((error: unknown) => error);
    if (!(refusal instanceof ConfitureError)) throw new Error(`not refused: ${why}`);
    expect({ code: refusal.code, message: refusal.message }).toEqual({
      code: "generate_refused",
      message: expect.stringContaining(why),
    });
    expect(refusal.hint).toContain("Nothing was written");
  }
});
