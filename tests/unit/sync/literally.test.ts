import { expect, test } from "bun:test";
import { literally } from "#sync/transforms/transform.ts";

test("what LIKE would take for something else stands for itself", () => {
  expect(literally(String.raw`a_b%c\d`)).toBe(String.raw`a\_b\%c\\d`);
});
