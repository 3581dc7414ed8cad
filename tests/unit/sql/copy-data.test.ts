import { describe, expect, test } from "bun:test";
import { splitStatements } from "#sql/split.ts";

/** Each statement with its data, and whether a line `\.` ended that. */
function blocks(sql: string): unknown[] {
  return splitStatements(sql).statements.map(({ text, copyData }) =>
    copyData === undefined ? text : [text, sql.slice(copyData.start, copyData.end), copyData.terminated],
  );
}

describe("COPY ... FROM STDIN", () => {
  test("its data is never read as SQL", () => {
    const data = "1\tit's\n2\t\\N\n3\t$$ /* ; ( \"\n<<<<<<< x\n";
    const sql = `COPY public.t (a, "b") FROM stdin;\n${data}\\.\n\nSELECT 1;`;
    expect(blocks(sql)).toEqual([['COPY public.t (a, "b") FROM stdin', data, true], "SELECT 1"]);
    expect(splitStatements(sql)).not.toHaveProperty("unterminated");
    expect(splitStatements(sql).psqlCommands).toEqual([]);
  });

  test.each([
    "COPY t FROM STDIN WITH (FORMAT csv, HEADER)",
    "copy t (a) from /* here */ Stdin csv",
    'COPY "from stdin" FROM STDIN',
    "COPY BINARY t FROM STDIN",
    "COPY t (a, b) FROM STDIN WHERE a > 1",
  ])("%s", (copy) => {
    expect(blocks(`${copy};\na\n\\.\nSELECT 1`)).toEqual([[copy, "a\n", true], "SELECT 1"]);
  });

  test.each([
    "COPY t TO STDOUT",
    "COPY t FROM 'stdin'",
    "COPY t FROM PROGRAM 'stdin'",
    'COPY t FROM "stdin"',
    "COPY (SELECT a FROM stdin) TO STDOUT",
    "SELECT copy FROM stdin",
    "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC COPY t FROM STDIN; END",
  ])("not %s", (sql) => {
    expect(blocks(`${sql};\nSELECT 1;`)).toEqual([sql, "SELECT 1"]);
  });

  test.each([
    ["CRLF", "COPY t FROM stdin;\r\na\r\n\\.\r\nSELECT 1", ["a\r\n", true]],
    ["no data", "COPY t FROM stdin;\n\\.\nSELECT 1", ["", true]],
    ["spaces and a comment behind the semicolon", "COPY t FROM stdin; -- x ' \na\n\\.\nSELECT 1", ["a\n", true]],
    [
      "lines that only look like the end",
      "COPY t FROM stdin;\n\\.a\nb\\.\n \\.\n\\. \n\\.\nSELECT 1",
      ["\\.a\nb\\.\n \\.\n\\. \n", true],
    ],
  ])("%s", (_name, sql, [data, terminated]) => {
    expect(blocks(sql)).toEqual([["COPY t FROM stdin", data, terminated], "SELECT 1"]);
  });

  test.each([
    ["COPY t FROM stdin;\na\nb", "a\nb", false],
    ["COPY t FROM stdin;\na\nb\n", "a\nb\n", false],
    ["COPY t FROM stdin;\na\n\\.", "a\n", true],
    ["COPY t FROM stdin;\na\n\\.\r", "a\n", true],
    ["COPY t FROM stdin;", "", false],
    ["COPY t FROM stdin", "", false],
  ])("the end of the text ends the data: %j", (sql, data, terminated) => {
    expect(blocks(sql)).toEqual([["COPY t FROM stdin", data, terminated]]);
  });

  test("SQL behind the semicolon on its line comes first, as in psql", () => {
    const sql = "COPY a FROM stdin; SELECT 1; COPY b FROM stdin;\n1\n\\.\n2\n\\.\nSELECT 2;";
    expect(blocks(sql)).toEqual([
      ["COPY a FROM stdin", "1\n", true],
      "SELECT 1",
      ["COPY b FROM stdin", "2\n", true],
      "SELECT 2",
    ]);
  });

  test("a statement that would go on behind the data is reported", () => {
    expect(splitStatements("COPY a FROM stdin; DELETE FROM t\n1\n\\.\nWHERE a = 1;").unterminated).toEqual({
      what: "statement before COPY data",
      start: 19,
    });
    expect(splitStatements("COPY a FROM stdin; SELECT 'x\n1\n\\.\n';").unterminated).toEqual({
      what: "string",
      start: 26,
    });
  });

  test("the data ends where the part of the text does", () => {
    const sql = "COPY t FROM stdin;\na\n-- migrate:down\nx\n\\.\n";
    expect(splitStatements(sql, 0, 21).statements[0]!.copyData).toEqual({ start: 19, end: 21, terminated: false });
  });
});
