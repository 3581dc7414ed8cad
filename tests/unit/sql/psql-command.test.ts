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
});
