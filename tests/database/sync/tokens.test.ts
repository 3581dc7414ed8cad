import { expect, test } from "bun:test";
import type { TokenKind } from "#sync/plan.ts";
import { hasToken, TOKENS, tokensIn, tokensOf } from "#sync/run/tokens.ts";
import { newestAndEmbedded } from "../../support/engines.ts";
import { Random } from "../../unit/sql/random.ts";

const TEXTS: readonly (readonly [TokenKind, string, readonly string[]])[] = [
  ["email", "ask Ann.Lee@mail.test, now", ["Ann.Lee@mail.test"]],
  ["phone", "call T+49 30 1234567 or (030) 123-4567.", ["49 30 1234567", "(030) 123-4567"]],
  ["phone", "u4420123@example.com a4420123b", []],
  ["phone", "+49 (30) 1234567", ["+49 (30) 1234567"]],
  ["email", "Ann.Lee@mail.test", ["Ann.Lee@mail.test"]],
  ["phone", "+49 30 1234567,+49 30 7654321\n0301234567", ["+49 30 1234567", "+49 30 7654321", "0301234567"]],
  [
    "iban",
    "DE44 0482 1370 9415 5268 30;GB82WEST12345698765432",
    ["DE44 0482 1370 9415 5268 30", "GB82WEST12345698765432"],
  ],
  ["card", "4000 0039 1752 8460, a4000003917528460", ["4000 0039 1752 8460"]],
  ["ssn", "943-71-0268; f943710268", ["943-71-0268"]],
];

test("numbers are found in a text, and digits within a word are none", async () => {
  await using database = await newestAndEmbedded.find(({ kind }) => kind === "embedded")!.fresh();
  for (const [kind, text, found] of TEXTS) {
    for (const tokens of [tokensIn, tokensOf]) {
      const rows = await database.query<{ token: string }>(`select token from ${tokens(kind, `'${text}'`)} m (token)`);
      // A plus sign at the beginning of a text makes no difference.
      const bare = (some: readonly string[]): string[] => some.map((token) => token.replace(/^\+/, ""));
      expect(bare(rows.map(({ token }) => token))).toEqual(bare(found));
    }
  }
});

test("whether a text has one is told as whoever looks for them finds them, and as looking around would", async () => {
  await using database = await newestAndEmbedded.find(({ kind }) => kind === "embedded")!.fresh();
  const random = new Random(1);
  const alphabet = [..."0123456789012345 -+()./aZ@,\n"];
  const texts = Array.from({ length: 3000 }, () =>
    Array.from({ length: random.below(45) }, () => random.pick(alphabet)).join(""),
  );
  for (const kind of Object.keys(TOKENS) as TokenKind[]) {
    const around = TOKENS[kind].pattern.replace("(?:^|[^A-Za-z0-9])", "(?<![A-Za-z0-9])");
    const rows = await database.query(
      `select text from unnest($1::text[]) t (text),
         lateral (select array_agg(${TOKENS[kind].normalised("m.token")}) as found from ${tokensIn(kind, "text")} m (token)) a,
         lateral (select array_agg(${TOKENS[kind].normalised("f[1]")}) as found from regexp_matches(text, '${around}', 'g') f) b
        where ${hasToken(kind, "text")} is distinct from (a.found is not null) or a.found is distinct from b.found`,
      [texts],
    );
    expect([kind, rows]).toEqual([kind, []]);
  }
});
