import { describe, expect, test } from "bun:test";
import { unifiedDiff } from "#cli/output/unified-diff.ts";

const lines = (...all: (string | number)[]): string => all.map((line) => `${line}\n`).join("");

describe("a unified diff", () => {
  test("of a new file is its lines", () => {
    expect(unifiedDiff("a.sql", undefined, "x\ny\n")).toBe("--- /dev/null\n+++ a.sql\n@@ -0,0 +1,2 @@\n+x\n+y\n");
  });

  test("has three lines around a change, and a hunk for each part of the file", () => {
    const before = lines(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
    const after = lines(1, 2, 3, 4, "x", 6, 7, 8, 9, 10, 11, 12, 13);
    expect(unifiedDiff("a", before, after)).toBe(
      "--- a\n+++ a\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+x\n 6\n 7\n 8\n@@ -10,3 +10,4 @@\n 10\n 11\n 12\n+13\n",
    );
  });

  test("shows that a file ends without a line feed", () => {
    expect(unifiedDiff("a", "x", "x\n")).toBe("--- a\n+++ a\n@@ -1 +1 @@\n-x\n\\ No newline at end of file\n+x\n");
  });

  test("shows no carriage returns where they end the lines of the file, and those that are something else", () => {
    expect(unifiedDiff("a", "x\r\n", "x\r\ny\r\n")).toBe("--- a\n+++ a\n@@ -1 +1,2 @@\n x\n+y\n");
    expect(unifiedDiff("a", "x\n", "x\n'y\r\nz'\n")).toBe("--- a\n+++ a\n@@ -1 +1,3 @@\n x\n+'y\r\n+z'\n");
  });
});
