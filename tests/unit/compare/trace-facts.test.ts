import { expect, test } from "bun:test";
import { blockedBy, isAtLeast, LOCK_MODES } from "#compare/trace/facts.ts";

test("the modes are in order of their strength, and only the strongest keeps readers waiting", () => {
  expect(LOCK_MODES.map((mode) => isAtLeast(mode, "SHARE"))).toEqual([false, true, true, true, true]);
  expect(LOCK_MODES.filter((mode) => /reads/.test(blockedBy(mode)))).toEqual(["ACCESS EXCLUSIVE"]);
  expect(LOCK_MODES.filter((mode) => /writes/.test(blockedBy(mode)))).toEqual(LOCK_MODES.slice(1));
});
