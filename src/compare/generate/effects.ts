import { isAtLeast } from "../trace/facts.ts";
import type { Measured } from "../trace/measured.ts";

/** What a statement does to tables and views that are in use, by qualified names. */
export interface Effects {
  /** Written anew, row by row. */
  readonly rewrites: readonly string[];
  /** Read from beginning to end while writing waits. */
  readonly scans: readonly string[];
  /** Locked so that even reading waits. */
  readonly blocksReads: readonly string[];
  /** Locked so that writing waits, but not reading. */
  readonly blocksWrites: readonly string[];
}

export const NO_EFFECTS: Effects = { rewrites: [], scans: [], blocksReads: [], blocksWrites: [] };

/** What was measured, as far as those who use the database have to wait for it. Pure. */
export function effectsOf({ locks, rewrites, scans }: Measured): Effects {
  const blocking = locks.filter(
    ({ isNew, kind, mode }) => !isNew && kind !== "index" && kind !== "sequence" && isAtLeast(mode, "SHARE"),
  );
  const names = new Set(blocking.map(({ name }) => name));
  const namesOf = (relations: readonly { readonly name: string }[]): string[] =>
    relations.flatMap(({ name }) => (names.has(name) ? [name] : []));
  return {
    rewrites: namesOf(rewrites),
    scans: namesOf(scans),
    blocksReads: namesOf(blocking.filter(({ mode }) => mode === "ACCESS EXCLUSIVE")),
    blocksWrites: namesOf(blocking.filter(({ mode }) => mode !== "ACCESS EXCLUSIVE")),
  };
}
