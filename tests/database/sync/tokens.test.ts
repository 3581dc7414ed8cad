import { expect, test } from "bun:test";
import type { TokenKind } from "#sync/plan.ts";
import { tokensIn, tokensOf } from "#sync/run/tokens.ts";
import { newestAndEmbedded } from "../../support/engines.ts";

const TEXTS: readonly (readonly [TokenKind, string, readonly string[]])[] = [
  ["email", "ask Ann.Lee@mail.test, now", ["Ann.Lee@mail.test"]],
  ["phone", "call T+49 30 1234567 or (030) 123-4567.", ["49 30 1234567", "(030) 123-4567"]],
  ["phone", "u4420123@example.com a4420123b", []],
  ["phone", "+49 (30) 1234567", ["+49 (30) 1234567"]],
  ["email", "Ann.Lee@mail.test", ["Ann.Lee@mail.test"]],
  ["card", "4000 0039 1752 8460, a4000003917528460", ["4000 0039 1752 8460"]],
  ["ssn", "943-71-0268; f943710268", ["943-71-0268"]],
];

test("numbers are found in a text, and digits within a word are none", async () => {
  await using database = await newestAndEmbedded.find(({ kind }) => kind === "embedded")!.fresh();
  for (const [kind, text, found] of TEXTS) {
    for (const tokens of [tokensIn, tokensOf]) {
      const rows = await database.query<{ token: string }>(`select token from ${tokens(kind, `'${text}'`)} m (token)`);
      expect(rows.map(({ token }) => token)).toEqual([...found]);
    }
  }
});
