import { test } from "bun:test";

/**
 * Whether everything is tried: in `scripts/test --all`, and where somebody names the files to try. The check by itself, which
 * everybody waits for, leaves out what takes long where something shorter tries the same promise.
 */
export const ALL = process.env["CONFITURE_TEST_ALL"] === "1";

/** A test that the check leaves out, and counts as skipped. */
export const long: typeof test = ALL ? test : test.skip;

/** Of cases that try the same law one like the other: each of them, or in the check `number`, spread over the list. */
export function few<const T>(number: number, cases: readonly T[]): readonly T[] {
  if (ALL || cases.length <= number) return cases;
  const step = cases.length / number;
  return Array.from({ length: number }, (_, index) => cases[Math.floor(index * step)]!);
}
