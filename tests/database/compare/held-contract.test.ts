import { expect, test } from "bun:test";
import { generateMigrations } from "#compare/generate/generate.ts";
import { newestServer } from "../../support/engines.ts";
import { migrating } from "../migrate/migrating.ts";
import { filesOf } from "./project-files.ts";

const FILES = {
  "001_users.sql": "CREATE TABLE users (id int PRIMARY KEY, name text, nick text);",
  "002_expand.sql": "-- migrate:up phase:expand change:full_name\nALTER TABLE users ADD COLUMN full_name text;",
  "003_fill.sql":
    "-- migrate:up backfill:users change:full_name\nUPDATE users SET full_name = name WHERE full_name IS NULL AND name IS NOT NULL;",
  "004_contract.sql":
    "-- migrate:up phase:contract change:full_name\nALTER TABLE users DROP COLUMN name;\n-- migrate:down\nALTER TABLE users ADD COLUMN name text;",
  "005_other.sql": "-- migrate:up phase:contract change:other after:001\nALTER TABLE users DROP COLUMN nick;",
};

const users = (more: string): string => `CREATE TABLE users (id int PRIMARY KEY, full_name text${more});`;

for (const engine of newestServer) {
  test(`${engine.name}: what is generated while a contract waits runs before it, or says that it cannot`, async () => {
    await using m = await migrating(engine, FILES);
    const generate = async (more: string, online: boolean): Promise<readonly string[]> => {
      await m.project.write("db/schema/users.sql", users(more));
      const { migrations, comesBehind } = await generateMigrations({
        ...filesOf(m.project.dir),
        from: { kind: "migrations" },
        renames: [],
        noDown: false,
        online,
      });
      const after = (comesBehind ?? []).map(({ version }) => version);
      return [...migrations.map(({ text }) => text.split("\n")[0]!), `behind ${after.join()}`];
    };
    expect(await generate(", age int", false)).toEqual(["-- migrate:up", "behind "]);
    // The name is taken until the contract has run; that of the other change is in nobody's way.
    expect(await generate(", name int", false)).toEqual(["-- migrate:up after:004", "behind 004"]);
    expect(await generate(", name uuid NOT NULL DEFAULT gen_random_uuid()", true)).toEqual([
      "-- migrate:up after:004",
      "-- migrate:up after:004 backfill:public.users",
      "-- migrate:up transaction:false after:004",
      "behind 004",
    ]);
    await m.write("006_name.sql", "-- migrate:up after:004\nALTER TABLE users ADD COLUMN name int;");
    expect(await m.up()).toMatchObject({ error: undefined, results: ["001 done", "002 done", "003 done"] });
    expect(await m.up({ contracts: ["full_name"] })).toMatchObject({
      error: undefined,
      results: ["004 done", "006 done"],
    });
  });
}
