import { describe, expect, test } from "bun:test";
import { codePointOffset, locate, SOURCE_LINE_LIMIT } from "#sql/position.ts";

describe("locate", () => {
  test.each([
    ["", 0, 1, 1, ""],
    ["abc", 0, 1, 1, "abc"],
    ["abc", 2, 1, 3, "abc"],
    ["abc", 3, 1, 4, "abc"],
    ["abc", 99, 1, 4, "abc"],
    ["a\nbc\n", 2, 2, 1, "bc"],
    ["a\nbc\n", 5, 3, 1, ""],
    ["a\nbc", 1, 1, 2, "a"],
    ["a\r\nbc\r\nd", 4, 2, 2, "bc"],
    ["a\r\nbc", 2, 1, 3, "a"],
    ["a\rb\r\rc", 5, 4, 1, "c"],
    ["a\r\rb\n\rc\r\n", 5, 4, 1, ""],
    ["a\nb\rc\r\nd\ne", 9, 5, 1, "e"],
    ["\ufeffabc", 1, 1, 1, "abc"],
    ["\ufeffabc", 0, 1, 1, "abc"],
    ["\ufeffabc", 3, 1, 3, "abc"],
    ["\ufeffa\nbc", 4, 2, 2, "bc"],
    ["🍓🍓x", 4, 1, 3, "🍓🍓x"],
    ["é\n\ud83cx", 3, 2, 2, "\ud83cx"],
  ])("%j at %i is line %i, column %i", (text, offset, line, column, sourceLine) => {
    expect(locate(text, offset)).toEqual({ line, column, sourceLine });
  });

  test("a long line is cut, further right to what is around the column", () => {
    const text = `a\n${"x".repeat(5000)}\nb`;
    expect(locate(text, 2 + 900)).toEqual({ line: 2, column: 901, sourceLine: "x".repeat(SOURCE_LINE_LIMIT) });
    expect(locate(text, 2 + 3000)).toEqual({
      line: 2,
      column: 3001,
      sourceLine: "x".repeat(SOURCE_LINE_LIMIT),
      sourceColumn: 2501,
    });
    const fruit = "🍓".repeat(1500);
    expect(locate(`a\n${fruit}x\nb`, 2 + fruit.length)).toEqual({
      line: 2,
      column: 1501,
      sourceLine: `${"🍓".repeat(500)}x`,
      sourceColumn: 1001,
    });
  });

  test("is exact in a large text", () => {
    const text = "SELECT 1;\r\n".repeat(100_000);
    expect(locate(text, 11 * 54_321 + 7)).toEqual({ line: 54_322, column: 8, sourceLine: "SELECT 1;" });
  });
});

describe("codePointOffset", () => {
  test.each([
    ["abc", 1, 0],
    ["abc", 3, 2],
    ["abc", 4, 3],
    ["abc", 99, 3],
    ["abc", 0, 0],
    ["é🍓x", 3, 3],
    ["🍓🍓x", 3, 4],
    ["\ufeffx", 2, 1],
    ["\ud83cx", 2, 1],
    ["", 1, 0],
  ])("%j, position %i is offset %i", (text, position, offset) => {
    expect(codePointOffset(text, position)).toBe(offset);
  });
});
