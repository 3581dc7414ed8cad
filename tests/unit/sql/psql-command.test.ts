import { describe, expect, test } from "bun:test";
import { splitStatements } from "#sql/split.ts";

const commands = (sql: string): unknown[] =>
  splitStatements(sql).psqlCommands.map(({ name, start, end, harmless }) => [name, sql.slice(start, end), harmless]);

describe("psql commands", () => {
  test("take the rest of their line, quotes included", () => {
    const sql = "\\connect db -- it's; \"\r\nSELECT 1;\n  \\set x 'a\nSELECT 2;\n\\q";
    expect(commands(sql)).toEqual([
      ["connect", "\\connect db -- it's; \"", false],
      ["set", "\\set x 'a", false],
      ["q", "\\q", false],
    ]);
    expect(splitStatements(sql).statements.map((statement) => statement.text)).toEqual(["SELECT 1", "SELECT 2"]);
  });

  test("pg_dump's \\restrict and \\unrestrict are harmless", () => {
    expect(commands("--\n\\restrict aB3\n\nSELECT 1;\n\\unrestrict aB3\n")).toEqual([
      ["restrict", "\\restrict aB3", true],
      ["unrestrict", "\\unrestrict aB3", true],
    ]);
  });

  test("may stand in a statement or behind one", () => {
    expect(commands("SELECT 1 \\gset\nSELECT 2; \\echo done")).toEqual([
      ["gset", "\\gset", false],
      ["echo", "\\echo done", false],
    ]);
  });

  test("\\; and \\: end at once", () => {
    expect(commands("SELECT 1 \\; SELECT 2 \\:x;")).toEqual([
      [";", "\\;", false],
      [":", "\\:", false],
    ]);
  });

  test("a name ends at a space or a backslash", () => {
    expect(commands("\\d\\q\n\\\\ x\n\\\n\\copy\tt from 'x'")).toEqual([
      ["d", "\\d\\q", false],
      ["\\", "\\\\ x", false],
      ["", "\\", false],
      ["copy", "\\copy\tt from 'x'", false],
    ]);
  });

  test("none is seen inside quotes and comments", () => {
    expect(commands("SELECT '\\a', E'\\b', \"\\c\", $$\\d$$ /* \\e */ -- \\f\n;")).toEqual([]);
  });

  test.each([
    ["\\i a/b.sql", ["a/b.sql"]],
    ["\\i  'it''s here.sql' ;", ["it's here.sql"]],
    ["\\ir a.sql;", ["a.sql"]],
    ["\\c", []],
    ["\\connect shop - - 5432", ["shop", "-", "-", "5432"]],
    ["\\i 'é 🎈.sql'", ["é 🎈.sql"]],
    ["\\i :file", undefined],
    ["\\i `ls`", undefined],
    ["\\i a.sql \\i b.sql", undefined],
    ["\\i 'a\\n'", undefined],
    ["\\i 'a", undefined],
    ['\\i "a"', undefined],
    ["\\i 'a'b", undefined],
  ])("%s has arguments", (sql, expected) => {
    expect(splitStatements(sql).psqlCommands[0]?.arguments).toEqual(expected);
  });

  test.each([
    ["\\set ON_ERROR_STOP on", true],
    ["\\set ON_ERROR_STOP 1", true],
    ["\\set ON_ERROR_STOP", true],
    ["\\set ON_ERROR_STOP off", false],
    ["\\set on_error_stop on", false],
    ["\\set OTHER on", false],
  ])("%s is harmless: %p", (sql, harmless) => {
    expect(commands(sql)).toEqual([["set", sql, harmless]]);
  });
});
