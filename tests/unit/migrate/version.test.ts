import { expect, test } from "bun:test";
import { canonicalVersion, compareVersions } from "#migrate/files/version.ts";
import { Random, SEED } from "../sql/random.ts";

test("1, 2, 10, then a timestamp", () => {
  const versions = ["20251012103000", "10", "1", "002", "0", "9007199254740993", "9007199254740992", "011"];
  expect(versions.toSorted(compareVersions)).toEqual([
    "0", "1", "002", "10", "011", "20251012103000", "9007199254740992", "9007199254740993",
  ]); // prettier-ignore
});

test("leading zeros do not make another version", () => {
  expect(["0", "00", "007", "7", "100", "0100"].map(canonicalVersion)).toEqual(["0", "0", "7", "7", "100", "100"]);
  expect(compareVersions("000", "0")).toBe(0);
});

test(`the order is total and that of the numbers (CONFITURE_SEED=${SEED})`, () => {
  const random = new Random(SEED);
  const version = (): string => {
    let digits = "0".repeat(random.below(3));
    for (let left = 1 + random.below(random.pick([2, 5, 25])); left > 0; left--)
      digits += random.below(random.pick([2, 10]));
    return digits;
  };
  for (let round = 0; round < 20_000; round++) {
    const [a, b, c] = [version(), version(), version()];
    const sign = (x: number): number => Math.sign(x) + 0;
    expect(sign(compareVersions(a, b))).toBe(BigInt(a) < BigInt(b) ? -1 : BigInt(a) > BigInt(b) ? 1 : 0);
    expect(sign(compareVersions(b, a))).toBe(sign(-compareVersions(a, b)));
    if (compareVersions(a, b) <= 0 && compareVersions(b, c) <= 0) expect(compareVersions(a, c)).toBeLessThanOrEqual(0);
    expect(compareVersions(a, b) === 0).toBe(canonicalVersion(a) === canonicalVersion(b));
  }
});
