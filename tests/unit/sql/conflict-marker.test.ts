import { describe, expect, test } from "bun:test";
import { splitStatements } from "#sql/split.ts";

const conflict = (sql: string): number | undefined => splitStatements(sql).conflictMarker?.start;

describe("git conflict markers", () => {
  test.each([
    ["between statements", "SELECT 1;\n<<<<<<< HEAD\nSELECT 2;\n=======\nSELECT 3;\n>>>>>>> topic\n", 10],
    ["inside a statement", "CREATE TABLE t (\n<<<<<<< HEAD\n a int\n=======\n b int\n>>>>>>> topic\n);", 17],
    ["with CRLF", "<<<<<<< HEAD\r\nSELECT 2;\r\n=======\r\nSELECT 3;\r\n>>>>>>> topic\r\n", 0],
    ["behind a byte order mark", "\ufeff<<<<<<< HEAD\n=======\n>>>>>>> topic", 1],
    ["of the diff3 style", "<<<<<<< a\nSELECT 2;\n||||||| base\nSELECT 0;\n=======\nSELECT 3;\n>>>>>>> b\n", 0],
    ["with a quote in a branch name", "<<<<<<< it's\nSELECT 2;\n=======\nSELECT 3;\n>>>>>>> b\n", 0],
    ["with an unclosed string in one side", "<<<<<<< a\nSELECT 'x;\n=======\nSELECT 'y';\n>>>>>>> b\n", 0],
    ["behind an unclosed string", "SELECT 'x;\n<<<<<<< a\nSELECT 2;\n=======\nSELECT 3;\n>>>>>>> b\n", 11],
  ])("are found %s", (_name, sql, start) => {
    expect(conflict(sql)).toBe(start);
  });

  test.each([
    ["in a string", "SELECT '\n<<<<<<< a\n=======\n>>>>>>> b\n';"],
    ["in a function body", "DO $$\n<<<<<<< a\n=======\n>>>>>>> b\n$$;"],
    ["in a comment", "/*\n<<<<<<< a\n=======\n>>>>>>> b\n*/"],
    ["in COPY data", "COPY t FROM stdin;\n<<<<<<< a\n=======\n>>>>>>> b\n\\.\n"],
    ["alone", "SELECT 1\n<<<<<<< a\nFROM t;"],
    ["without the middle", "SELECT 1\n<<<<<<< a\n>>>>>>> b;"],
    ["with a longer middle", "SELECT 1\n<<<<<<< a\n======== c\n>>>>>>> b;"],
    ["not at the start of a line", "SELECT 1 <<<<<<< a\n=======\n>>>>>>> b;"],
    ["as a longer operator", "SELECT 1\n<<<<<<<< a\n=======\n>>>>>>> b;"],
  ])("are no conflict %s", (_name, sql) => {
    expect(conflict(sql)).toBeUndefined();
  });
});
