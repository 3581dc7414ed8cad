import { expect, test } from "bun:test";
import { requireKnown } from "#migrate/plan.ts";

test("a migration is named by its version, or by version and name", () => {
  const history = [
    { version: "001", name: "users" },
    { version: "003", name: "add_bio" },
  ];
  expect(requireKnown(history, "3")).toBe(history[1]!);
  expect(requireKnown(history, "003_add_bio")).toBe(history[1]!);
  expect(() => requireKnown(history, "003_other")).toThrow("003_other");
});
