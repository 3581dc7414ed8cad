import { describe, expect, test } from "bun:test";
import { generateMigrations } from "#compare/generate/generate.ts";
import { ConfitureError } from "#errors/error.ts";
import { renderPlanned } from "../../../src/cli/output/planned.ts";
import { newestServer } from "../../support/engines.ts";
import { temporaryProject } from "../../support/project.ts";
import { migrating } from "../migrate/migrating.ts";
import { filesOf } from "./project-files.ts";

async function textsOf(before: string, after: string, postgres?: number): Promise<readonly string[]> {
  await using project = await temporaryProject({ "db/schema/all.sql": after, "db/migrations/001_before.sql": before });
  const generated = await generateMigrations({
    ...filesOf(project.dir),
    from: { kind: "migrations" },
    renames: [{ from: "public.users", to: "public.people" }],
    noDown: false,
    online: true,
    name: "people",
    postgres,
  });
  // Nothing is dropped, and nothing else is different.
  expect(renderPlanned({ ...generated, migrations: [] })).toBe("~ public.users is renamed to public.people");
  return generated.migrations.map(({ text }) => text);
}

const schema = (name: string): string => `
CREATE TABLE ${name} (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, tenant text NOT NULL, bio text UNIQUE, "Size" int GENERATED ALWAYS AS (id * 2) STORED);
CREATE TABLE posts (id int PRIMARY KEY, author int REFERENCES ${name} ON DELETE CASCADE);
CREATE INDEX ${name}_by_tenant ON ${name} (tenant);
ALTER TABLE ${name} ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON ${name} USING (tenant = current_setting('app.tenant', true));
`;

for (const engine of newestServer) {
  test(`${engine.name}: a table gets another name while releases with the old and the new one work, under its policies and rights`, async () => {
    const texts = await textsOf(schema("users"), schema("people"));
    expect(texts.map((text) => text.split("\n")[0])).toEqual([
      "-- migrate:up change:people",
      "-- migrate:up phase:contract change:people",
    ]);
    const files = Object.fromEntries(texts.map((text, index) => [`00${index + 2}_step.sql`, text]));
    await using run = await migrating(engine, { "001_before.sql": schema("users"), ...files });
    await run.up({ to: "1" });
    const role = `reader_${crypto.randomUUID()}`;
    await run.query(`CREATE ROLE "${role}"`);
    try {
      // No file speaks of it.
      await run.query(`GRANT SELECT, INSERT, UPDATE (bio) ON users TO "${role}"`);
      await run.query("INSERT INTO users (tenant, bio) VALUES ('a', 'one'), ('b', 'two')");
      expect(await run.up({ to: "2" })).toMatchObject({ error: undefined });
      /** The rows that a statement returns to the role, or the code of its error. */
      const as = async (sql: string): Promise<unknown> => {
        const results = await run
          .query(`SET LOCAL ROLE "${role}"; SET LOCAL app.tenant = 'a'; ${sql}`)
          .catch((error: unknown) => [(error as { code?: unknown }).code]);
        return results.at(-1);
      };
      expect(await as("SELECT bio FROM people")).toEqual([{ bio: "one" }]);
      expect(await as("INSERT INTO people (tenant, bio) VALUES ('b', 'three')")).toBe("42501");
      expect(await as("UPDATE people SET tenant = 'a'")).toBe("42501");
      expect(await as("DELETE FROM people")).toBe("42501");
      await run.query(
        "INSERT INTO people (tenant, bio) VALUES ('a', 'one') ON CONFLICT (bio) DO UPDATE SET bio = 'again'",
      );
      await run.query("INSERT INTO users (tenant, bio) VALUES ('a', 'old release')");
      expect(await run.up({ contracts: ["people"] })).toMatchObject({ error: undefined, results: ["003 done"] });
      expect(await run.has("users")).toBe(false);
      expect(await run.query(`SELECT bio, "Size" = id * 2 AS fits FROM people ORDER BY id`)).toEqual([
        { bio: "again", fits: true },
        { bio: "two", fits: true },
        { bio: "old release", fits: true },
      ]);
      expect(await as("SELECT bio FROM people ORDER BY id LIMIT 1")).toEqual([{ bio: "again" }]);
      expect(await run.down()).toMatchObject({ error: undefined });
      expect(await as("SELECT bio FROM people ORDER BY id LIMIT 1")).toEqual([{ bio: "again" }]);
      expect(await run.down({ to: "1" })).toMatchObject({ error: undefined });
      expect(await run.query("SELECT count(*)::int AS n FROM users")).toEqual([{ n: 3 }]);
    } finally {
      await run.query(`DROP OWNED BY "${role}"; DROP ROLE "${role}"`);
    }
  });
}

describe("a table that a view cannot stand in for", () => {
  test("is refused with the reason", async () => {
    const plain = (name: string): string => schema(name).split("ALTER TABLE")[0]!;
    const before =
      "CREATE FUNCTION n() RETURNS bigint LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT count(*) FROM users); END';";
    const refusals = [
      ["row-level security, which a view passes by on PostgreSQL 14", schema("users"), schema("people"), 14],
      ["other differences", schema("users") + before, schema("people") + before.replace("users", "people"), 18],
      ["other differences", schema("users"), schema("people").replace("bio text", "bio varchar"), 18],
      [
        "the publication news",
        `${schema("users")} CREATE PUBLICATION news FOR TABLE users;`,
        `${schema("people")} CREATE PUBLICATION news FOR TABLE people;`,
        18,
      ],
    ] as const;
    for (const [why, from, to, postgres] of refusals) {
      const refusal: unknown = await textsOf(from, to, postgres).catch((error: unknown) => error);
      if (!(refusal instanceof ConfitureError)) throw new Error(`not refused: ${why}`);
      expect({ code: refusal.code, message: refusal.message }).toEqual({
        code: "generate_refused",
        message: expect.stringContaining(why),
      });
      expect(refusal.hint).toContain("Nothing was written");
    }
    const partitioned = (name: string): string =>
      `CREATE TABLE ${name} (id int PRIMARY KEY, data json) PARTITION BY RANGE (id); CREATE TABLE all_of_them PARTITION OF ${name} DEFAULT;`;
    expect(await textsOf(partitioned("users"), partitioned("people"))).toHaveLength(2);
    const [expand] = await textsOf(plain("users"), plain("people"), 14);
    expect(expand).not.toContain("security_invoker");
  });
});
