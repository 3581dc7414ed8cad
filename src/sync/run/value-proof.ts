import type { Database } from "#database/database.ts";
import type { SyncTable } from "../plan.ts";
import type { Prover } from "./checks.ts";
import { haveNothingInCommon } from "./common-values.ts";
import type { Found } from "./proof-result.ts";
import { countLike, type Part } from "./written.ts";

export const NOT_COMPARED: Found = { how: "not compared", holds: true, originals: 0, results: 0, same: 0 };

/** How many originals are what a `value` rule makes of all. */
async function countEqual(source: Database, table: SyncTable, part: Part): Promise<Found> {
  if (part.mayBeResult === undefined) return { ...NOT_COMPARED, uncounted: true };
  return { ...NOT_COMPARED, same: await countLike(source, table, part, true) };
}

/**
 * What holds of a column or path with a `value` rule: nothing there but that value is an original. Of the value itself, how many
 * originals are equal to it.
 */
export async function proveValue(prover: Prover, table: SyncTable, part: Part, isFresh: boolean): Promise<Found> {
  if (!isFresh && part.mayBeResult !== undefined) {
    // What is not the rule's value was written since.
    const written = await haveNothingInCommon(prover, table, part, `not (${part.mayBeResult})`, "second first");
    if (!written.holds) return written;
  }
  return await countEqual(prover.source, table, part);
}
