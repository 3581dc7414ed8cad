import { expect, test } from "bun:test";
import { parseArray } from "#database/array-text.ts";

test.each([
  ["{}", []],
  ["{a}", ["a"]],
  ['{a,NULL,null,"NULL"}', ["a", null, "null", "NULL"]],
  ['{"a,b","c\\"d","e\\\\f","","{x}"}', ["a,b", 'c"d', "e\\f", "", "{x}"]],
  [
    "{{1,2},{3,NULL}}",
    [
      ["1", "2"],
      ["3", null],
    ],
  ],
  ["[0:1]={x,y}", ["x", "y"]],
  ["[1:1][-2:-1]={{🍓,ü}}", [["🍓", "ü"]]],
  ["{2025-01-01 00:00:00+00}", ["2025-01-01 00:00:00+00"]],
])("%s", (text, expected) => {
  expect(parseArray(text, undefined)).toEqual(expected);
});

test("elements go through the parser of their type, NULL does not", () => {
  expect(parseArray("{1,NULL,{2}}", Number)).toEqual([1, null, [2]]);
});

test("box has a delimiter of its own", () => {
  expect(parseArray("{(1,1),(0,0);(2,2),(1,1)}", undefined, ";")).toEqual(["(1,1),(0,0)", "(2,2),(1,1)"]);
});
