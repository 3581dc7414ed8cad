import { expect, test } from "bun:test";
import { readRenames } from "#cli/renames.ts";

test.each([
  ["public.users.name=full_name", [{ from: "public.users.name", to: "public.users.full_name" }]],
  [
    "public.users.Loyalty Code=loyalty_code,public.a=public.b",
    [
      { from: "public.users.Loyalty Code", to: "public.users.loyalty_code" },
      { from: "public.a", to: "public.b" },
    ],
  ],
  [
    'public.users."Loyalty Code"=loyalty_code',
    [{ from: "public.users.Loyalty Code", to: "public.users.loyalty_code" }],
  ],
  ['public."a,b=c"."x""y"="d.e"', [{ from: 'public.a,b=c.x"y', to: "public.a,b=c.d.e" }]],
])("--rename takes names as they are and as SQL writes them: %s", (text, renames) => {
  expect(readRenames(text)).toEqual(renames);
});

test.each(["public.users.name", "=a", "a=", "a=b=c"])("--rename is refused: %s", (text) => {
  expect(() => readRenames(text)).toThrow("--rename is OLD=NEW");
});
