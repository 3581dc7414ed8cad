import { beforeAll, describe, expect, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { readConversion } from "#compare/generate/conversion.ts";
import { generateMigrations } from "#compare/generate/generate.ts";
import { newestAndEmbedded, newestServer } from "../../support/engines.ts";
import { type Migrating, migrating } from "../migrate/migrating.ts";
import { filesOf } from "./project-files.ts";

const SPLIT = `-- confiture:forward
UPDATE users SET first_name = split_part(full_name, ' ', 1),
  last_name = CASE WHEN strpos(full_name, ' ') > 0 THEN substr(full_name, strpos(full_name, ' ') + 1) END;
-- confiture:backward
UPDATE users SET full_name = first_name || coalesce(' ' || last_name, '');
`;

/** Generates a change of `users` in steps, writes its files behind those that are there, and returns the options of their markers. */
async function change(m: Migrating, name: string, columns: string, how: { rename?: string; convert?: string }) {
  await m.project.write("db/schema/users.sql", `CREATE TABLE users (id int PRIMARY KEY, ${columns});`);
  const [from = "", to = ""] = how.rename?.split("=") ?? [];
  const { migrations } = await generateMigrations({
    ...filesOf(m.project.dir),
    from: { kind: "migrations" },
    renames: how.rename === undefined ? [] : [{ from: `public.users.${from}`, to: `public.users.${to}` }],
    convert:
      how.convert === undefined
        ? undefined
        : { ...(await readConversion({ file: "convert.sql", text: how.convert })), isLossy: false },
    noDown: false,
    online: true,
    name,
  });
  const first = Number(name.replaceAll(/\D/g, ""));
  for (const [index, { text }] of migrations.entries()) await m.write(`${first + index}_${name}.sql`, text);
  return migrations.map(({ text }) => / after:\S+/.exec(text.split("\n")[0]!)?.[0] ?? "");
}

const BEFORE = "CREATE TABLE users (id int PRIMARY KEY, full_name text NOT NULL, mail text);";

/** A rename, and a split that is generated while the contract of the rename waits. */
async function twoChanges(): Promise<Readonly<Record<string, string>>> {
  await using m = await migrating(newestAndEmbedded.at(-1)!, { "001_users.sql": BEFORE });
  const renamed = await change(m, "c200", "full_name text NOT NULL, email text", { rename: "mail=email" });
  const split = await change(m, "c300", "email text, first_name text NOT NULL, last_name text", { convert: SPLIT });
  expect([...renamed, ...split].join("")).toBe("");
  const names = await readdir(m.project.path("db/migrations"));
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await m.project.read(`db/migrations/${name}`)] as const)),
  );
}

describe("two changes of one table", () => {
  let files: Readonly<Record<string, string>>;
  beforeAll(async () => {
    files = await twoChanges();
  });

  test.each(newestAndEmbedded)("$name: are in step at once, each with its own trigger", async (engine) => {
    await using m = await migrating(engine, files);
    await m.up({ to: "1" });
    await m.query("INSERT INTO users SELECT n, 'Ada Lovelace', 'ada' || n FROM generate_series(1, 20) AS n");
    // Each of four releases writes one of the two sides of each change, at every moment.
    const names = ["full_name = 'Grace Hopper'", "first_name = 'Grace', last_name = 'Hopper'"];
    const mails = ["mail = 'hopper'", "email = 'hopper'"];
    const write = async (...rows: readonly (readonly [row: number, name: number, mail: number])[]): Promise<void> => {
      const updates = rows.map(
        ([row, name, mail]) =>
          `UPDATE users SET ${names[name]} WHERE id = ${row}; UPDATE users SET ${mails[mail]}, ${names[name]} WHERE id = ${row};`,
      );
      await m.query(`DO $$ BEGIN ${updates.join(" ")} END $$`);
    };
    await m.up({ to: "200" });
    await write([1, 0, 0], [2, 0, 1]);
    await m.up({ to: "300" });
    await write([3, 0, 0], [4, 0, 1], [5, 1, 0], [6, 1, 1]);
    expect(await m.up()).toMatchObject({ error: undefined });
    await write([7, 0, 0], [8, 0, 1], [9, 1, 0], [10, 1, 1]);
    const rows = await m.query(
      "SELECT concat_ws('|', full_name, first_name, last_name, mail, email) AS row, count(*)::int AS n FROM users WHERE id <= 10 GROUP BY 1",
    );
    expect(rows).toEqual([{ row: "Grace Hopper|Grace|Hopper|hopper|hopper", n: 10 }]);
    // The contracts in the other order than the changes.
    expect(await m.up({ contracts: ["c300"] })).toMatchObject({ error: undefined, results: ["303 done"] });
    await m.query("UPDATE users SET mail = 'ada', last_name = 'King' WHERE id = 11");
    expect(await m.up({ contracts: ["c200"] })).toMatchObject({ error: undefined, results: ["203 done"] });
    expect(await m.query("SELECT * FROM users WHERE id IN (11, 12) ORDER BY id")).toEqual([
      { id: 11, email: "ada", first_name: "Ada", last_name: "King" },
      { id: 12, email: "ada12", first_name: "Ada", last_name: "Lovelace" },
    ]);
  });
});

for (const engine of newestServer) {
  test(`${engine.name}: a change of what another one has brought waits for its contract`, async () => {
    await using m = await migrating(engine, {
      "001_users.sql": "CREATE TABLE users (id int PRIMARY KEY, name text NOT NULL);",
    });
    await change(m, "c200", "full_name text NOT NULL", { rename: "name=full_name" });
    // Its trigger would fire before that of the rename, and not see what that writes.
    const initial = "-- confiture:forward\nUPDATE users SET initial = left(full_name, 1);\n";
    const computed = await change(m, "c300", "full_name text NOT NULL, initial text", { convert: initial });
    expect(computed).toEqual([" after:203", " after:203", " after:203", " after:203"]);
    expect(await m.up()).toMatchObject({ error: undefined, results: ["001 done", "200 done", "201 done", "202 done"] });
    await m.query("INSERT INTO users (id, name) VALUES (1, 'Ada Lovelace')");
    expect(await m.up({ contracts: ["c200"] })).toMatchObject({ error: undefined });
    expect(await m.query("SELECT * FROM users")).toEqual([{ id: 1, full_name: "Ada Lovelace", initial: "A" }]);
  });
}
