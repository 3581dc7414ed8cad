import { expect, test } from "bun:test";
import { clipName, NAME_BYTES } from "#sql/clip-name.ts";

test.each([
  ["short", "short", NAME_BYTES],
  ["x".repeat(64), "x".repeat(63), NAME_BYTES],
  ["ä".repeat(32), "ä".repeat(31), NAME_BYTES],
  ["a🙂", "a", 4],
  ["a🙂", "a🙂", 5],
  ["abc", "", 0],
])("%s is cut to %s", (name, clipped, bytes) => {
  expect(clipName(name, bytes)).toBe(clipped);
});
