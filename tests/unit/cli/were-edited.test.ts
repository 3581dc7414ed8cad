import { expect, test } from "bun:test";
import { wereEdited } from "#cli/contained.ts";
import type { HistoryEntry } from "#migrate/history.ts";

/** @param recorded the name that the ledger has */
function edited(version: string, recorded = "n"): HistoryEntry {
  const file = { version, name: "n", form: "sql", layout: "confiture", path: `m/${version}_n.sql` } as const;
  const row = { version, name: recorded, checksum: "other" };
  return { version, name: "n", file, row, standing: "edited" } as unknown as HistoryEntry;
}

test.each([
  [[edited("001")], "001_n was edited after it was applied"],
  [[edited("001"), edited("002")], "001_n, 002_n were edited after they were applied"],
  [[edited("002", "coupons")], "the ledger has another 002 (coupons) than 002_n"],
  [
    [edited("001"), edited("002", "coupons")],
    "001_n was edited after it was applied, and the ledger has another 002 (coupons) than 002_n",
  ],
])("files that do not say what ran are told apart from other migrations with their numbers %#", (entries, text) => {
  expect(wereEdited(entries)).toBe(text);
});
