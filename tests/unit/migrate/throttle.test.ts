import { expect, test } from "bun:test";
import { isBehind } from "#migrate/fill/throttle.ts";

test("a fill stops at the limit of a replica's lag, and goes on at half of it", () => {
  const seen: boolean[] = [];
  let isHeld = false;
  for (const lag of [900, 1000, 1001, 900, 600, 500, 499, 900, 1000, 1001, 0]) {
    isHeld = isBehind(lag, 1000, isHeld);
    seen.push(isHeld);
  }
  expect(seen).toEqual([false, false, true, true, true, true, false, false, false, true, false]);
});
