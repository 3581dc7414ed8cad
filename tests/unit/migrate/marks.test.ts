import { describe, expect, test } from "bun:test";
import { ConfitureError } from "#errors/error.ts";
import { cutFile } from "#migrate/layouts/cut.ts";
import type { LayoutName } from "#migrate/layouts/names.ts";

function refusalOf(
  text: string,
  layout: LayoutName = "confiture",
): { code: string; line?: number; hint?: string } | undefined {
  const file = { version: "1", name: "", form: "sql", layout, path: "m.sql" } as const;
  try {
    cutFile(file, { file: "m.sql", text }, "up");
    return undefined;
  } catch (error) {
    if (!(error instanceof ConfitureError)) throw error;
    const { code, location, hint } = error;
    return {
      code,
      ...(location?.line === undefined ? {} : { line: location.line }),
      ...(hint === undefined ? {} : { hint }),
    };
  }
}

describe("a section mark of another tool is never run as a comment", () => {
  test.each([
    ["goose", "-- +goose Up", "-- +goose Down"],
    ["goose, without a space", "--+goose Up", "--+goose Down"],
    ["sql-migrate", "-- +migrate Up", "-- +migrate Down"],
    ["micrate", "-- +micrate Up", "-- +micrate Down"],
    ["node-pg-migrate", "-- Up Migration", "-- Down Migration"],
    ["node-pg-migrate with dashes", "------ up migration ------", "------ down migration ------"],
    ["tern", "-- nothing", "---- create above / drop below ----"],
    ["Play", "-- !Ups", "-- !Downs"],
    ["Play's older form", "# --- !Ups", "# --- !Downs"],
    ["rambler", "-- rambler up", "-- rambler down"],
    ["MyBatis Migrations", "-- // a change", "-- //@UNDO"],
    ["MyBatis Migrations, lower case", "-- // a change", "--//@undo"],
    ["Liquibase", "--liquibase formatted sql", "--rollback DROP TABLE t"],
    ["dbmate in another case", "-- Migrate:Up", "-- Migrate:Down"],
    ["dbmate in upper case", "-- MIGRATE:UP", "-- MIGRATE:DOWN"],
    ["dbmate with a space", "-- migrate: up", "-- migrate: down"],
    ["dbmate with an option", "-- Migrate:Up transaction:false", "-- Migrate:Down transaction:false"],
    ["dbmate in block comments", "/* migrate:up */", "/* migrate:down */"],
    ["dbmate in block comments of three lines", "/*\n-- migrate:up\n*/", "/*\n-- migrate:down\n*/"],
    ["goose in block comments", "/* +goose Up */", "/* +goose Down */"],
    ["words alone", "-- Up", "-- Down"],
    ["words in rules", "--- UP ---", "--- DOWN ---"],
    ["words with signs", "-- @up", "-- @down"],
    ["a rollback", "-- Forward", "-- Rollback:"],
    ["an undo", "-- [do]", "-- [undo]"],
  ])("%s", (_what, up, down) => {
    const found = refusalOf(`${up}\nCREATE TABLE t ();\n\n${down}\nDROP TABLE t;\n`);
    expect(found?.code).toBe("migration_marks");
    expect(found?.hint).toMatch(/-- migrate:(up|down)|layout: /);
    // The way back alone is enough.
    const alone = refusalOf(`CREATE TABLE t ();\n${down}\nDROP TABLE t;\n`);
    if (down !== "--rollback DROP TABLE t") expect(alone).toMatchObject({ code: "migration_marks", line: 2 });
  });

  test.each([
    ["goose", "-- +goose Up\nSELECT 1;\n-- migrate:down\nSELECT 2;\n", 3],
    ["sql-migrate", "-- +migrate Up\nSELECT 1;\n-- +goose Down\nSELECT 2;\n", 3],
    ["flyway", "SELECT 1;\n-- migrate:down\nSELECT 2;\n", 2],
    ["prisma", "SELECT 1;\n-- Down\nSELECT 2;\n", 2],
    ["supabase", "SELECT 1;\n/* migrate:down */\nSELECT 2;\n", 2],
  ] as const)("in the layout of %s as well", (layout, text, line) => {
    expect(refusalOf(text, layout)).toMatchObject({ code: "migration_marks", line });
  });

  test.each([
    ["prose", "-- migrate down the rows that are left\n-- rollback is not possible here\n-- goose up north\nSELECT 1;"],
    ["more prose", "-- Down below are the grants\n-- undo: see 004\n-- revert of 12ab\n-- Up to three rows\nSELECT 1;"],
    [
      "a way back that is a comment itself",
      "CREATE TABLE t ();\n-- Down:\n-- DROP TABLE t;\n-- Rollback\n--   DROP TABLE t;\n",
    ],
    ["strings", "SELECT '\n-- +goose Down\n', E'\n-- Down\n';\nSELECT 2;"],
    [
      "bodies",
      "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$\n-- migrate:Down\n-- +migrate Down\nSELECT 1;\n$$;\nSELECT 2;",
    ],
    ["data", "COPY t FROM stdin;\n-- Down\n-- +goose Down\n\\.\nSELECT 2;"],
    ["a block of comment", "/*\n How to undo:\n -- migrate:Down\n DROP TABLE t;\n*/\nSELECT 1;"],
    ["a title", "-- Migration: down-sampling\n-- migrations\n-- Migrate users\nSELECT 1;"],
  ])("%s is none", (_what, text) => {
    expect(refusalOf(text)).toBeUndefined();
  });

  test.each([
    ["-- migrate:dwon", "down"],
    ["-- Migrate : DWON  transaction:false", "down"],
    ["--migrate:dow", "down"],
    ["-- migrate:u", undefined],
    ["-- migrate:pu", "up"],
    ["-- migrate:rollback", "down"],
    ["-- migrate:", undefined],
    ["-- migrate:data of last year", undefined],
    ["/* migrate:donw */", "down"],
    ["-- migrate dwon", "down"],
    ["-- migrte:down", "down"],
    ["-- mirgate:up", "up"],
  ])("a slip of a mark is refused: %s", (mark, meant) => {
    for (const [text, line] of [
      [`-- migrate:up\nSELECT 1;\n${mark}\nSELECT 2;\n`, 3],
      [`${mark}\nSELECT 2;\n`, 1],
    ] as const) {
      const found = refusalOf(text);
      expect(found).toMatchObject({ code: "migration_marks", line });
      expect(/Did you mean `-- migrate:(\w+)`/.exec(found?.hint ?? "")?.[1]).toBe(meant);
    }
    expect(refusalOf(`SELECT 1;\n${mark}\nSELECT 2;\n`, "flyway")?.code).toBe("migration_marks");
  });

  test("the hint says what to write, with the way up where that is not marked yet", () => {
    const hint = (text: string): string => refusalOf(text)?.hint ?? "";
    const alone = hint("SELECT 1;\n-- Down\nSELECT 2;\n");
    expect(alone).toContain("`-- migrate:down`, and put `-- migrate:up` above");
    expect(alone).toContain("remark");
    expect(hint("-- migrate:up\nSELECT 1;\n-- Down\nSELECT 2;\n")).not.toContain("migrate:up");
    expect(hint("SELECT 1;\n-- Migrate:Down\nSELECT 2;\n")).not.toContain("remark");
  });

  test.each(["flyway", "goose", "node-pg-migrate", "prisma"] as const)(
    "the line that every layout reads is none, whatever else the file says: %s",
    (layout) => {
      const mark = layout === "goose" ? "-- +goose Up\n" : "";
      expect(refusalOf(`-- no-transaction\n${mark}CREATE INDEX CONCURRENTLY down ON t (a);\n`, layout)).toBeUndefined();
    },
  );

  test("a comment of a megabyte costs nothing", () => {
    expect(refusalOf(`--${"-".repeat(1 << 20)}\n-- goose\nSELECT 1;`)).toBeUndefined();
  });
});
