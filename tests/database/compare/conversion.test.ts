import { describe, expect, test } from "bun:test";
import { readConversion } from "#compare/generate/conversion.ts";
import { generateMigrations } from "#compare/generate/generate.ts";
import { ConfitureError } from "#errors/error.ts";
import { temporaryProject } from "../../support/project.ts";
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

  test("is refused with the reason and the way out", async () => {
    const lossy = BACKWARD.replace(
      "coalesce(' ' || last_name, '')",
      "coalesce(' ' || split_part(last_name, ' ', 1), '')",
    );
    const refusals: readonly (readonly [why: string, conversion: string, after?: string, before?: string])[] = [
      ["Mary Jane Watson", FORWARD + lossy],
      ["full_name would be NULL", FORWARD + BACKWARD.replace("coalesce(' ' || last_name, '')", "last_name")],
      ["does not say how the new columns are filled", BACKWARD],
      ["does not say how full_name is filled", FORWARD],
      ["has a WHERE", FORWARD.replace("END;", "END WHERE id > 0;") + BACKWARD],
      ["which both releases write", FORWARD.replace("u.full_name", "u.full_name || u.age") + BACKWARD],
      ["leaves out last_name", `${FORWARD.split(",  ")[0]!.replace(/, -- what[^]*/, ";")}\n${BACKWARD}`],
      ["other differences", FORWARD + BACKWARD, SPLIT.replace("age int", "age bigint")],
      ["has a default", FORWARD + BACKWARD, SPLIT.replace("last_name text", "last_name text DEFAULT 'x'")],
      ["index public.by_name", FORWARD + BACKWARD, SPLIT, `${BEFORE} CREATE INDEX by_name ON users (full_name);`],
    ];
    for (const [why, ...given] of refusals) {
      const refusal: unknown = await convert(...given).catch((error: unknown) => error);
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
});
