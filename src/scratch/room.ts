import { ConfitureError } from "#errors/error.ts";
import type { ScratchSite } from "./site.ts";

/**
 * Room for the locks of some 25,000 tables, each with a key, two indexes, an identity and texts. Shared memory is written to from
 * one end to the other at each start, so only what needs that much gets it.
 */
const ROOM = { max_locks_per_transaction: "60000" };

/** Locks that the engine always has room for. */
const USUAL = 40_000;

let isNeeded = false;

/** What the embedded engine is to be started with so that there is room for the locks that were needed so far. */
export function roomSettings(): Readonly<Record<string, string>> {
  return isNeeded ? ROOM : {};
}

/**
 * Whatever scratch databases of the embedded engine come from here on have room for all of these being made in one transaction.
 * @param kinds of each object its kind, as in `ObjectId`
 */
export function makeRoomFor(kinds: readonly string[]): void {
  isNeeded ||= kinds.reduce((locks, kind) => locks + (LOCKS[kind] ?? 0), 0) > USUAL;
}

/** A table has another one for long texts, with an index; a comment locks what it is on. */
const LOCKS: Readonly<Record<string, number>> = {
  table: 3,
  materializedView: 3,
  index: 1,
  constraint: 1,
  sequence: 1,
  view: 1,
  foreignTable: 1,
  comment: 1,
};

/** Does work in scratch databases; once more, with more room, where one transaction needed more locks than there was room for. */
export async function withRoom<T>({ engine }: ScratchSite, work: () => Promise<T>): Promise<T> {
  if (engine !== "embedded") return await work();
  try {
    return await work();
  } catch (error) {
    if (!wantsRoom(error)) throw error;
    isNeeded = true;
    return await work();
  }
}

/** Whether an error is one that more room would mend: what is done `withRoom` is not to take it for a finding. */
export function wantsRoom(error: unknown): boolean {
  if (isNeeded || !(error instanceof ConfitureError)) return false;
  // The embedded engine speaks English, whatever the surroundings.
  return error.server?.sqlstate === "53200" && error.server.message.includes("shared memory");
}
