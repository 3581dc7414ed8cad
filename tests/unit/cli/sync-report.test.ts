import { expect, test } from "bun:test";
import { renderProof } from "#cli/output/sync-proof.ts";
import { chosenOf } from "#cli/output/sync.ts";
import type { ColumnResult } from "#sync/run/proof-result.ts";
import { NOTHING_SCANNED } from "#sync/run/scan.ts";

function resultOf(partition: string, part: string, originals: number): ColumnResult {
  const about = { column: `public.${partition}.${part}`, table: "public.events", part, transform: "email" };
  return { ...about, how: "no value in common", holds: true, originals, results: originals, same: 0 };
}

test("a partition without a value says nothing where others of its table have some", () => {
  const columns = [
    resultOf("events_1", "mail", 5),
    resultOf("events_2", "mail", 0),
    resultOf("events_1", "cc", 0),
    resultOf("events_2", "cc", 0),
  ];
  const proof = { columns, leaks: [], noticed: [], scanned: NOTHING_SCANNED };
  expect(renderProof(proof, "normal")).toEqual([
    "proven: public.events: mail",
    "nothing to prove: public.events: cc (email): the source has no value there",
  ]);
  expect(renderProof(proof, "verbose")).toHaveLength(4);
});

test("numbers of rows are written alike", () => {
  expect(chosenOf(1569, 6000)).toBe("1,569 of about 6,000 rows");
  expect(chosenOf(1, 1)).toBe("1 of about 1 row");
});
