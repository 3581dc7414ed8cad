import { expect, test } from "bun:test";
import { describeHazard, type Hazard } from "#sql/effects/hazard.ts";

test.each<[Hazard, string]>([
  [{ code: "DATA_LOSS", reason: "rows", relation: "public.a" }, "DATA LOSS: its rows are gone."],
  [
    { code: "DATA_LOSS", reason: "attributes-and-cut", names: ["a", "b"], type: "public.pair" },
    "DATA LOSS: what a, b held is gone, and values are cut or rounded to fit into public.pair.",
  ],
  [
    { code: "ROWS", reason: "unique", leavesInvalid: true },
    "ROWS: fails if two share a key, and leaves an invalid index behind.",
  ],
  [
    { code: "ROWS", reason: "equal-values", keys: ["t_a_key"] },
    "ROWS: fails if values that t_a_key tells apart become equal.",
  ],
  [
    { code: "ROWS", reason: "too-large", type: "integer", keys: ["t_a_key"] },
    "ROWS: fails if values that t_a_key tells apart become equal, and fails if a value does not fit into integer.",
  ],
  [{ code: "ROWS", reason: "too-large", type: "integer" }, "ROWS: fails if a value does not fit into integer."],
  [
    { code: "SECURITY", reason: "row-security-off", relation: "public.a" },
    "SECURITY: policies no longer limit who sees which rows of public.a.",
  ],
  [{ code: "SCAN", relations: ["a", "b", "c", "d"] }, "SCAN: every row of a, b, c and 1 more is read under the lock."],
  [{ code: "LOCK", relations: ["a"], blocks: "writes", until: "moment" }, "LOCK: writes to a wait for a moment."],
])("%j", (hazard, words) => {
  expect(describeHazard(hazard)).toBe(words);
});
