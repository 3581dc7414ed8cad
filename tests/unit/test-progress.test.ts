import { expect, test } from "bun:test";
import { TestProgress } from "../../scripts/test-progress.ts";

const MINUTE = 60_000;

test("a run of all tests says how long it will take, and every half minute how far it is", () => {
  const timings = Object.fromEntries(Array.from({ length: 10 }, (_, file) => [`tests/${file}.test.ts`, 2 * MINUTE]));
  const progress = new TestProgress(timings, 2, 0);
  expect(progress.expectation).toStartWith("About 10 minutes ");
  const begins = (file: number): string => `\ntests/${file}.test.ts:\n(pass) tests/x.test.ts: something [1ms]\n`;
  expect(progress.read(begins(0) + begins(1), 10_000)).toBeUndefined();
  // Nothing is known to be done.
  expect(progress.read("", MINUTE)).toBeUndefined();
  // A piece may end in the middle of a line, and parallel files are named again and again.
  expect(progress.read(`${begins(2)}\ntests/3.te`, 1.1 * MINUTE)).toBeUndefined();
  expect(progress.read(`st.ts:\n${begins(0)}`, 4 * MINUTE)).toBe("20 % of the tests, about 16 minutes left");
  expect(progress.read(begins(4), 4.1 * MINUTE)).toBeUndefined();
});
