import { describe, expect, test } from "bun:test";
import { lossOfReplaced, replacedSchemas, replacedTables } from "#sql/effects/replaced.ts";
import { lossOfReplacedColumn, replacedColumns } from "#sql/effects/replaced-columns.ts";
import { splitStatements } from "#sql/split.ts";

const LOST = "puts another TABLE users in the place of users_old, which keeps the rows";
const RENAME = "ALTER TABLE users RENAME TO users_old;";
const LIKE = "CREATE TABLE users (LIKE users_old INCLUDING ALL);";

describe("another table under the name of one that was renamed", () => {
  test.each<[string, string, string[]]>([
    ["made at once", `${RENAME}${LIKE}`, [LOST]],
    [
      "written in other ways",
      'alter table if exists only public."users" rename /* x */ to users_old; create unlogged table if not exists Users (id int);',
      [LOST],
    ],
    [
      "from another schema",
      "ALTER TABLE users SET SCHEMA archive; CREATE TABLE users (id int);",
      [LOST.replace("users_old", "archive.users")],
    ],
    [
      "of a schema of its own",
      "ALTER TABLE app.users RENAME TO old; CREATE TABLE app.users (id int);",
      [LOST.replace("users in", "app.users in").replace("users_old", "app.old")],
    ],
    ["renamed twice", `ALTER TABLE users RENAME TO a; ALTER TABLE a RENAME TO users_old; ${LIKE}`, [LOST]],
    ["made beforehand", `CREATE TABLE u2 (LIKE users); ${RENAME} ALTER TABLE u2 RENAME TO users;`, [LOST]],
    ["that only copies the form", `${RENAME} CREATE TABLE users AS TABLE users_old WITH NO DATA;`, [LOST]],
    ["with its rows", `${RENAME} CREATE TABLE users AS SELECT * FROM users_old;`, []],
    ["rows behind it", `${RENAME}${LIKE} INSERT INTO users SELECT * FROM users_old;`, []],
    [
      "rows beforehand",
      `CREATE TABLE u2 (LIKE users); INSERT INTO u2 SELECT * FROM users; ${RENAME} ALTER TABLE u2 RENAME TO users;`,
      [],
    ],
    [
      "of which it is a partition",
      `${RENAME} CREATE TABLE users (id int) PARTITION BY RANGE (id); ALTER TABLE users ATTACH PARTITION users_old DEFAULT;`,
      [],
    ],
    ["that was there before", `${RENAME} ALTER TABLE users_new RENAME TO users;`, [LOST]],
    [
      "that was there before, with its rows",
      `INSERT INTO users_new SELECT * FROM users; ${RENAME} ALTER TABLE users_new RENAME TO users;`,
      [],
    ],
    [
      "exchanged",
      "ALTER TABLE users RENAME TO aside; ALTER TABLE people RENAME TO users; ALTER TABLE aside RENAME TO people;",
      [
        "puts another TABLE users in the place of aside, which keeps the rows",
        "puts another TABLE people in the place of users, which keeps the rows",
      ],
    ],
    ["a view", `${RENAME} CREATE VIEW users AS SELECT * FROM users_old;`, []],
    ["and back", `${RENAME} ALTER TABLE users_old RENAME TO users;`, []],
    ["of one that is new itself", `CREATE TABLE users (id int); ${RENAME} ${LIKE}`, []],
    ["in another schema", `${RENAME} CREATE TABLE app.users (id int);`, []],
    ["a column", "ALTER TABLE users RENAME a TO b; CREATE TABLE a (id int);", []],
  ])("%s", (_what, sql, expected) => {
    const found = [...replacedTables(splitStatements(sql).statements).values()];
    expect(found.flatMap((one) => lossOfReplaced(one) ?? [])).toEqual(expected);
  });
});

describe("another schema under the name of one that was renamed", () => {
  const PUT = "puts another SCHEMA app in the place of app_old, which keeps the rows";
  test.each<[string, string, string[]]>([
    ["made at once", "ALTER SCHEMA app RENAME TO app_old; CREATE SCHEMA app;", [PUT]],
    ["that was there before", 'ALTER SCHEMA app RENAME TO app_old; ALTER SCHEMA "app_new" RENAME TO App;', [PUT]],
    ["and back", "ALTER SCHEMA app RENAME TO app_old; ALTER SCHEMA app_old RENAME TO app;", []],
    ["of another name", "ALTER SCHEMA app RENAME TO app_old; CREATE SCHEMA IF NOT EXISTS other;", []],
  ])("%s", (_what, sql, expected) => {
    const found = [...replacedSchemas(splitStatements(sql).statements).values()];
    expect(found.flatMap((one) => lossOfReplaced(one, "SCHEMA") ?? [])).toEqual(expected);
  });
});

describe("another column under the name of one that was renamed", () => {
  const HIDDEN = "puts another COLUMN bio of users in the place of bio_old, which keeps the values";
  const OLD = "ALTER TABLE users RENAME bio TO bio_old;";
  const ADD = "ALTER TABLE users ADD bio jsonb;";
  test.each<[string, string, string[]]>([
    ["made at once", OLD + ADD, [HIDDEN]],
    [
      "written in other ways",
      "alter table if exists only public.users rename column \"bio\" to bio_old; alter table Users add constraint c check (a in (1)), add column if not exists BIO text default '', add extra int;",
      [HIDDEN],
    ],
    ["made beforehand", `ALTER TABLE users ADD fresh text; ${OLD} ALTER TABLE users RENAME fresh TO bio;`, [HIDDEN]],
    ["renamed twice", `ALTER TABLE users RENAME bio TO x; ALTER TABLE users RENAME x TO bio_old; ${ADD}`, [HIDDEN]],
    ["with its values", `${OLD}${ADD} UPDATE users SET bio = to_jsonb(bio_old);`, []],
    [
      "values beforehand",
      `ALTER TABLE users ADD fresh text; UPDATE users SET fresh = bio; ${OLD} ALTER TABLE users RENAME fresh TO bio;`,
      [],
    ],
    ["that is generated", `${OLD} ALTER TABLE users ADD bio text GENERATED ALWAYS AS (lower(bio_old)) STORED;`, []],
    ["that was there before", `${OLD} ALTER TABLE users RENAME bio_new TO bio;`, [HIDDEN]],
    [
      "that was there before, with its values",
      `UPDATE users SET bio_new = bio; ${OLD} ALTER TABLE users RENAME bio_new TO bio;`,
      [],
    ],
    ["and back", `${OLD} ALTER TABLE users RENAME bio_old TO bio;`, []],
    ["of a column that is new itself", `${ADD}${OLD}${ADD}`, []],
    ["of a table that is new itself", `CREATE TABLE users (bio text); ${OLD}${ADD}`, []],
    ["of another table", `${OLD} ALTER TABLE posts ADD bio text;`, []],
    ["a constraint", "ALTER TABLE users RENAME CONSTRAINT bio TO bio_old; ALTER TABLE users ADD bio text;", []],
  ])("%s", (_what, sql, expected) => {
    const found = [...replacedColumns(splitStatements(sql).statements).values()].flat();
    expect(found.flatMap((one) => lossOfReplacedColumn(one) ?? [])).toEqual(expected);
  });
});
