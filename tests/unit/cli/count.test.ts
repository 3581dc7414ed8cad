import { expect, test } from "bun:test";
import { count } from "../../../src/cli/output/text.ts";

test("what is counted has the plural of its noun", () => {
  expect(count(1, "order of columns")).toBe("1 order of columns");
  const counted = ["file", "invalid index", "operator family", "key", "order of columns"].map((noun) => count(2, noun));
  expect(counted).toEqual(["2 files", "2 invalid indexes", "2 operator families", "2 keys", "2 orders of columns"]);
});
