import { expect, test } from "bun:test";
import { sequenceOptions } from "#compare/engine/sequence-options.ts";

const USUAL = { increment: "1", minValue: "1", maxValue: "2147483647", start: "1", cache: "1", cycle: false };
const DOWNWARDS = { ...USUAL, increment: "-1", minValue: "-2147483648", maxValue: "-1", start: "-1" };

test.each([
  ["a sequence as CREATE SEQUENCE makes it says nothing", "integer", USUAL, ""],
  ["one that counts down says that alone", "integer", DOWNWARDS, "INCREMENT BY -1"],
  ["a start is said where it is not the first number", "integer", { ...USUAL, start: "5" }, "START WITH 5"],
  ["bounds of another type are said", "bigint", USUAL, "MAXVALUE 2147483647"],
  [
    "all that is unusual",
    "integer",
    { increment: "2", minValue: "-4", maxValue: "8", start: "0", cache: "3", cycle: true },
    "INCREMENT BY 2 MINVALUE -4 MAXVALUE 8 START WITH 0 CACHE 3 CYCLE",
  ],
  [
    "down, within bounds of its own",
    "integer",
    { ...DOWNWARDS, minValue: "-7", maxValue: "9", start: "9" },
    "INCREMENT BY -1 MINVALUE -7 MAXVALUE 9",
  ],
])("%s", (_what, type, options, text) => {
  expect(sequenceOptions(type, options).join(" ")).toBe(text);
});
