import { expect, test } from "bun:test";
import { LongestEnd, LOOK } from "../../../src/cli/longest-end.ts";
import { countAnswer } from "#database/answers.ts";

/** Milliseconds until it is too long, when an answer comes every so many looks. */
function endsAfter(answerEvery: number): number {
  const end = new LongestEnd(true);
  for (let looks = 1; looks < 1000; looks++) {
    if (looks % answerEvery === 0) countAnswer();
    if (end.look()) return looks * LOOK;
  }
  throw new Error("never");
}

test("without an answer interrupted work is over within two seconds, with answers within five", () => {
  expect(endsAfter(Infinity)).toBeLessThan(2000);
  expect(endsAfter(10)).toBe(5000);
  expect(endsAfter(16)).toBe(5000);
});
