import { describe, expect, test } from "bun:test";
import { lint } from "#lint/lint.ts";
import { findingsIn, migration, rulesIn } from "../../support/lint.ts";

describe("comments that ignore", () => {
  test.each([
    ["the statement below", "-- confiture:ignore drop-table nobody uses it\nDROP TABLE t;", []],
    ["only that one", "-- confiture:ignore drop-table nobody uses it\nDROP TABLE t;\nDROP TABLE u;", ["drop-table"]],
    ["several rules", "-- confiture:ignore drop-table, drop-cascades nobody uses it\nDROP TABLE t CASCADE;", []],
    [
      "several comments",
      "-- confiture:ignore drop-table a\n-- confiture:ignore drop-cascades b\nDROP TABLE t CASCADE;",
      [],
    ],
    ["inside the statement", "DROP TABLE\n  -- confiture:ignore drop-table nobody uses it\n  t;", []],
    ["a block comment", "/* confiture:ignore drop-table nobody uses it */\nDROP TABLE t;", []],
    [
      "the whole file",
      "-- confiture:ignore-file drop-table an old module\nSELECT 1;\nDROP TABLE t;\nDROP TABLE u;",
      [],
    ],
    ["by squawk's name", "-- confiture:ignore ban-drop-table nobody uses it\nDROP TABLE t;", []],
    [
      "by a name that stands for several",
      "-- confiture:ignore constraint-missing-not-valid small\nALTER TABLE t ADD CONSTRAINT c CHECK (a > 0);",
      [],
    ],
    [
      "a statement that the parser does not take",
      "-- confiture:ignore syntax-error of PostgreSQL 19\nALTER TABLE t ADDD b int;",
      [],
    ],
    ["without a reason", "-- confiture:ignore drop-table\nDROP TABLE t;", ["drop-table", "ignore-without-reason"]],
    ["without a rule", "-- confiture:ignore\nDROP TABLE t;", ["drop-table", "ignore-without-reason"]],
    [
      "an unknown rule",
      "-- confiture:ignore drop-tabel nobody uses it\nDROP TABLE t;",
      ["drop-table", "ignore-unknown"],
    ],
    [
      "what is not found",
      "-- confiture:ignore drop-column nobody uses it\nDROP TABLE t;",
      ["drop-table", "ignore-unused"],
    ],
    [
      "behind the last statement",
      "DROP TABLE t;\n-- confiture:ignore drop-table nobody uses it\n",
      ["drop-table", "ignore-unused"],
    ],
    ["behind the statement on its line", "DROP TABLE t; -- confiture:ignore drop-table nobody uses it\nSELECT 1;", []],
    [
      "behind the statement on its line, and not the next one",
      "SELECT 1; -- confiture:ignore drop-table nobody uses it\nDROP TABLE t;",
      ["drop-table", "ignore-unused"],
    ],
    ["in a string", "SELECT '-- confiture:ignore drop-table nobody uses it';\nDROP TABLE t;", ["drop-table"]],
  ] as const)("%s", (_what, sql, rules) => {
    expect(rulesIn(sql)).toEqual([...rules]);
  });

  test("say which rule may be meant, and where they are", () => {
    const found = findingsIn("SELECT 1;\n  -- confiture:ignore drop-tabel nobody uses it\nDROP TABLE t;");
    expect(found.find(({ rule }) => rule === "ignore-unknown")).toMatchObject({
      fix: "Did you mean drop-table?",
      location: { line: 2, column: 3 },
    });
  });

  test("a rule that is off has nothing to ignore, and that is no fault of the comment", () => {
    const severities = new Map([["drop-table", "off" as const]]);
    expect(rulesIn("-- confiture:ignore drop-table nobody uses it\nDROP TABLE t;", { severities })).toEqual([]);
  });

  test("what is ignored is counted", () => {
    const entries = [
      { file: migration("-- confiture:ignore-file drop-table old\nDROP TABLE t; DROP TABLE u;"), isLinted: true },
    ];
    expect(lint(entries, { together: false }).ignored).toBe(2);
  });
});
