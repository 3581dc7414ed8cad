import { expect, test } from "bun:test";
import { comparePaths } from "#build/order.ts";
import { Random, SEED } from "../sql/random.ts";

test("component by component, by code point", () => {
  const order = ["A", "a", "a/Z", "a/b", "a/b/c", "a-b", "a.sql", "a.sql/x", "b", "é", "\uff21", "🍓"];
  expect(order.toReversed().toSorted(comparePaths)).toEqual(order);
});

test("a folder's files stay together whatever its neighbours are called", () => {
  const paths = ["x-y", "x.sql", "x/a", "x/b", "x!", "x0"];
  const sorted = paths.toSorted(comparePaths);
  expect(sorted.indexOf("x/b") - sorted.indexOf("x/a")).toBe(1);
});

test(`the order is total (CONFITURE_SEED=${SEED})`, () => {
  const random = new Random(SEED);
  const path = (): string =>
    Array.from({ length: 1 + random.below(3) }, () =>
      Array.from({ length: 1 + random.below(3) }, () =>
        random.pick(["a", "b", "-", ".", "é", "\uff21", "🍓", "🍐", "\ud800"]),
      ).join(""),
    ).join("/");
  const points = (text: string): number[] => [...text].map((character) => character.codePointAt(0)!);
  const reference = (a: string, b: string): number => {
    const [left, right] = [a.split("/").map(points), b.split("/").map(points)];
    for (let i = 0; i < Math.max(left.length, right.length); i++) {
      const [x, y] = [left[i], right[i]];
      if (x === undefined || y === undefined) return left.length - right.length;
      for (let j = 0; j < Math.max(x.length, y.length); j++) {
        if ((x[j] ?? -1) !== (y[j] ?? -1)) return (x[j] ?? -1) - (y[j] ?? -1);
      }
    }
    return 0;
  };
  for (let round = 0; round < 20_000; round++) {
    const [a, b] = [path(), path()];
    expect(Math.sign(comparePaths(a, b)) + 0).toBe(Math.sign(reference(a, b)) + 0);
  }
});
