import { describe, expect, test } from "bun:test";
import { lineDiff } from "../../../src/cli/output/line-diff.ts";

describe("the difference of two texts", () => {
  test.each([
    ["a\nb\nc\n", "a\nx\nc\n", ["  a", "- b", "+ x", "  c"]],
    ["a\n", "a\nb\n", ["  a", "+ b"]],
    ["a\r\nb", "a\nb\n", []],
    ["", "a", ["+ a"]],
    ["a\nb\nc\nd", "b\nc\nx\nd", ["- a", "  b", "  c", "+ x", "  d"]],
    [
      "1\n2\n3\n4\n5\n6\n7\n8",
      "1\n2\n3\n4\nx\n6\n7\n8\n9",
      ["...", "  2", "  3", "  4", "- 5", "+ x", "  6", "  7", "  8", "+ 9"],
    ],
    [
      "a\n1\n2\n3\n4\n5\n6\n7\nb",
      "x\n1\n2\n3\n4\n5\n6\n7\ny",
      ["- a", "+ x", "  1", "  2", "  3", "...", "  5", "  6", "  7", "- b", "+ y"],
    ],
  ])("of %j and %j", (before, after, expected) => {
    expect(lineDiff(before, after)).toEqual(expected);
  });

  test("of texts that have nothing in common and are long comes at once", () => {
    const lines = (sign: string): string => Array.from({ length: 5000 }, (_, line) => `${sign}${line}`).join("\n");
    expect(lineDiff(lines("a"), lines("b"))).toHaveLength(10_000);
  });
});
