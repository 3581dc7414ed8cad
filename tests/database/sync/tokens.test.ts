import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Database } from "#database/database.ts";
import { openDatabase } from "#database/open.ts";
import type { TokenKind } from "#sync/plan.ts";
import { formsOf, hasToken, rowsIn, TOKENS, tokensIn, tokensOf } from "#sync/run/tokens.ts";
import { newestAndEmbedded, type TestDatabase } from "../../support/engines.ts";
import { Random } from "../../unit/sql/random.ts";

const TEXTS: readonly (readonly [TokenKind, string, readonly string[]])[] = [
  ["email", "ask Ann.Lee@mail.test, now", ["Ann.Lee@mail.test"]],
  [
    "phone",
    "call T+49 30 1234567 or (030) 123-4567.",
    ["+49 30 1234567", "30 1234567", "1234567", "(030) 123-4567", "123-4567"],
  ],
  ["phone", "u4420123@example.com a4420123b", []],
  ["phone", "00123456789012345, 001234567890123456", ["00123456789012345"]],
  ["phone", "+49 (30) 1234567", ["+49 (30) 1234567", "(30) 1234567", "1234567"]],
  ["email", "Ann.Lee@mail.test", ["Ann.Lee@mail.test"]],
  ["phone", "+49301234567,2024-01-15; 0301234567", ["+49301234567", "2024-01-15", "0301234567"]],
  ["iban", "DE44 0482 1370 9415 5268 30;GB82WEST12345698765432", ["DE44048213709415526830", "GB82WEST12345698765432"]],
  ["iban", "gb29nwbk60161331926819", ["gb29nwbk60161331926819"]],
  ["card", "4000 0039 1752 8460, a4000003917528460b", ["4000 0039 1752 8460", "4000003917528460"]],
  ["card", "4000.0039.1752.8460; 14000003917528460123", ["4000.0039.1752.8460"]],
  ["phone", "at 2024-01-15 10:30", ["2024-01-15"]],
  ["phone", "12345678901234567890123456789012", []],
  ["card", "12345678901234567890123456789012", []],
  ["ssn", "943-71-0268; f943710268", ["943-71-0268"]],
];

let fresh: TestDatabase;
let database: Database;
beforeAll(async () => {
  fresh = await newestAndEmbedded.find(({ kind }) => kind === "embedded")!.fresh();
  database = await openDatabase(fresh.target);
});
afterAll(async () => {
  await database?.close();
  await fresh?.drop();
});

test("numbers are found in a text, and digits within a word are none", async () => {
  for (const [kind, text, found] of TEXTS) {
    // Of an original, a part is none.
    for (const tokens of kind === "phone" ? [tokensIn] : [tokensIn, tokensOf]) {
      const rows = await database.query<{ token: string }>(`select token from ${tokens(kind, `'${text}'`)} m (token)`);
      expect(rows.map(({ token }) => token)).toEqual([...found]);
    }
  }
});

/** How an original may stand in another place; `false` where it is another's. */
const SPELLINGS: readonly (readonly [TokenKind, original: string, kept: string, isFound: boolean])[] = [
  ["iban", "gb29nwbk60161331926819", "from gb29nwbk60161331926819", true],
  ["iban", "DE89 3704 0044 0532 0130 00", "de89370400440532013000", true],
  ["iban", "DE89370400440532013000", "DE89 3704 0044 0532 0130 00 is mine", true],
  ["iban", "DE89370400440532013000", "DE89-3704-0044-0532-0130-00.", true],
  ["iban", "DE89370400440532013000", "DE89370400440532013001", false],
  ["phone", "(415) 555-2671", "+14155552671", true],
  ["phone", "+14155552671", "call 415-555-2671", true],
  ["phone", "+49 170 1234567", "00491701234567", true],
  ["phone", "+49 170 1234567", "tel +49\u00a0170\u2009123\u20114567", true],
  ["phone", "(415) 555\u20132671", "415-555-2671", true],
  ["phone", "+49 170 1234567", "0170/1234567", true],
  ["phone", "+49 170 1234567", "01701234567", true],
  ["phone", "+49 170 1234567", "491701234567", true],
  ["phone", "0170 1234567", "00491701234567", true],
  ["phone", "0612345678", "+33 6 12 34 56 78", true],
  // Bare digits might as well be a time or the number of an order, and have to be the same from the first.
  ["phone", "0170 1234567", "491701234567", false],
  ["phone", "+1 415 555 2671", "4155552671", false],
  ["phone", "14155552671", "14155552671", true],
  ["phone", "+14155552671", "14155552671", true],
  ["phone", "+14155552671", "1700155552671", false],
  ["phone", "+12024011510", "at 2024-01-15 10:30", false],
  ["phone", "+49 170 1234567 / +49 171 7654321", "ask 0171 7654321", true],
  ["phone", "0170 1234567 0171 7654321", "+49 170 1234567", true],
  ["phone", "0170 1234567 0171 7654321", "+49 171 7654321", true],
  ["phone", "555-1234/555-4321", "5554321", true],
  // 13 digits are no two numbers.
  ["phone", "555 1234 555 432", "555 1234", false],
  ["phone", "00123456789012345", "00123456789012345", true],
  ["phone", "0170 1234567", "1234567", false],
  ["phone", "+1 415 5552671", "5552671", false],
  ["phone", "0170 1234567", "on 2024-01-15 0170 1234567 2 times", true],
  ["phone", "0170 1234567", "0171 7654321 0170 1234567", true],
  ["phone", "0170 1234567", "0171 7654321/0170 1234567", true],
  ["phone", "+1 415 555 2671", "tel=+1+415+555+2671", true],
  ["phone", "+1 415 555 2671", "tel=415+555+2671", true],
  ["phone", "+1 415 555 2671", "+1-4-1-5-5-5-5-2-6-7-1", true],
  ["phone", "+1 415 555 2671", "+ 1 4 1 5 5 5 5 2 6 7 1", true],
  ["phone", "4155552671", "4 - 1 - 5 - 5 - 5 - 5 - 2 - 6 - 7 - 1", true],
  ["phone", "+1 415 555 2671", "+1\t415\t555\t2671", true],
  ["phone", "+1 415 555 2671", "(415)\r\n555\n2671", true],
  ["phone", "+1 415 555 2671", "+\u200b1\u00ad415 555\u20602671", true],
  ["phone", "+1 415 555 2671", "\uff0b\uff11 \uff14\uff11\uff15 \uff15\uff15\uff15 \uff12\uff16\uff17\uff11", true],
  ["phone", "123456", "123456", false],
  ["phone", "+49 52 0006598", "at 52.0520006598", false],
  ["iban", "DE89370400440532013000", "iban%3ADE89370400440532013000", true],
  ["ssn", "123-45-6789", "SSN%3A123-45-6789", true],
  ["card", "4111111111111111", "4111.1111.1111.1111", true],
  ["card", "4111 1111 1111 1111", "id=4111111111111111id", true],
  ["card", "4111111111111111", "41111111111111112", false],
  ["email", "zorro@real.org", `{"m":"zorro\\u0040real.org"}`, true],
  ["email", "zörro@real.org", `{"m":"z\\u00f6rro@real.org"}`, true],
  ["email", "zorro@real.org", `{"{\\"m\\": \\"zorro\\\\u0040real.org\\"}"}`, true],
  ["email", "zorro@real.org", `{"m": "mail:\\nzorro@real.org"}`, true],
  ["email", "zorro@real.org", "<a>zorro&#64;real.org</a>", true],
  ["email", "zorro@real.org", "<a>z&#x6F;rro&#x0040;real.org</a>", true],
  ["email", "zorro@real.org", "/log?mail=zorro%40real.org&x=%zz&#; \\u00 \\", true],
  ["email", "zorro@real.org", "/go?to=%2Flog%3Fmail%3Dzorro%252540real.org", true],
  ["email", "zorro@real.org", "<a>zorro&amp;amp;#64;real.org</a>", true],
  ["email", "zorro@real.org", "mailto%3Azorro@real.org", true],
  ["email", "zorro@real.org", "to=a%2Czorro@real.org", true],
  ["email", "zorro@real.org", "%22zorro@real.org%22", true],
  ["email", "zorro@real.org", "%7Aorro@real.org", true],
  ["email", "zorro@real.org", "<a>zorro<![CDATA[@real.org]]></a>", true],
  ["email", "zorro@real.org", "<a><![CDATA[zorro]]>@<!-- - -->real.org</a>", true],
  ["email", "zorro@real.org", "zor\u00adro@re\u200bal.o\ufeffrg", true],
  ["email", "zorro@real.org", "zorro\uff20real.org", true],
  ["email", "zorro@real.org", "\uff5aorro\uff20real\uff0eorg", true],
  ["email", "zorro@real.org", `{"m":"zorro\\u200b@real.org"}`, true],
  ["email", "zorro@real.org", `{"m":"zorro\\uff20real.org"}`, true],
  ["email", "zorro@real.org", "zor&shy;ro&#x200B;&#xFF20;real&#173;.org", true],
  ["email", "zorro@real.org", "q=zorro%EF%BC%A0re%C2%ADal%E2%80%8B.org", true],
  ["email", "zor\u00adro@real.org", "zorro@real.org", true],
  ["email", "jos\u00e9@real.org", "ask jose\u0301@real.org", true],
  ["email", "jose\u0301@real.org", "ask jos\u00e9@real.org", true],
  ["email", "jose\u0301@real.org", "jose\u0301@real.org", true],
  ["email", "jos\u00e9@real.org", `{"m":"jose\\u0301@real.org"}`, true],
  ["email", "jos\u00e9@real.org", "to=jose%CC%81%40real.org", true],
  ["email", "\ud55c@real.org", "\u1112\u1161\u11ab@real.org", true],
  ["email", "\u304c@real.org", "\u304b\u3099@real.org", true],
  ["email", "jos\u00e9@real.org", "jose\u0300@real.org", false],
  ["email", "zorro@real.org", "zorro@real\u3002org", false],
  ["email", "zorro@real.org", "zorro\ufe6breal.org", false],
  ["email", "zorro@real.org", "zorro&#37;40real.org", false],
  ["email", "zorro@real.org", "zor\nro@real.org", false],
  ["phone", "+49 170 1234567", "/call?tel=%2B49%20170%201234567", true],
  ["phone", "+49 170 1234567", `{"tel": "0170\\/1234567"}`, true],
  ["phone", "+49 170 1234567", `{"tel": "\\t\\u002b491701234567"}`, true],
  ["email", "zorro@bücher.example", "ask zorro@bücher.example, now", true],
  ["email", "用户@例子.广告", "<用户@例子.广告>", true],
  ["email", "zorro@real.org", "联系zorro@real.org吧", true],
  ["email", "ZORRO@BücHER.example", "zorro@bücher.example", true],
  ["email", "zorro@bücher.example", "zorro@b\u00fccher.example2", false],
  ["card", "4111111111111111", "4111 1111 1111 1111 123", true],
  ["card", "4111111111111111", "4111111111111111 123", true],
  ["card", "4111111111111111", "2 4111 1111 1111 1111", true],
  ["card", "4111111111111111", "4111111111111111 12/26 123", true],
  ["card", "4111111111111111", "2024-01-05 4111111111111111", true],
  ["card", "4111111111111111", "42-4111111111111111", true],
  ["card", "4111111111111111", "4111111111111111.50", true],
  ["card", "4111111111111111 123", "paid by 4111-1111-1111-1111", true],
  ["card", "4111111111111111", "4111 - 1111 - 1111 - 1111", true],
  ["card", "4111111111111111", "4111\u20141111\u30001111[1111]", true],
  ["card", "4111111111111111", `{"n": "4111\\u00a01111\\n1111\\t1111"}`, true],
  ["card", "4111111111111111", "4111 1111 1111 1112 123", false],
  ["iban", "DE44048213709415526830", "Rechnung RE123456 DE44048213709415526830 bezahlt", true],
  ["iban", "DE44048213709415526830", "KW48 DE44 0482 1370 9415 5268 30", true],
  ["iban", "DE44048213709415526830", "Nr AB12 34 DE44048213709415526830", true],
  ["iban", "KW48 DE44 0482 1370 9415 5268 30", "DE44048213709415526830", true],
  ["iban", "DE44048213709415526830", "DE44\u20130482&#160;1370%C2%A09415&nbsp;5268\u200330", true],
  ["ssn", "123-45-6789", "12 123-45-6789 123", true],
  ["ssn", "123-45-6789", "SSN 123\u221245\u20146789", true],
  ["ssn", "123-45-6789", `{"n": "123\\u201345\\u00a06789"}`, true],
  ["ssn", "123-45-6789 12", "123456789", true],
  ["phone", "+1 415 555 2671", "415-555-2671-415-555-2672", true],
  ["phone", "(415) 555-2672", "415-555-2671-415-555-2672", true],
  ["phone", "415.555.2671.415.555.2672", "(415) 555 2672", true],
  ["phone", "0170 1234567", "0171-7654321-0170-1234567", true],
  // Of a day or a decimal, no part begins as a number does.
  ["phone", "+49 15 10304500", "on 2024-01-15.10304500", false],
  ["phone", "555-2671", "415-555-2671", false],
  ["phone", "+49 170 1234567", "+491701234567:200", true],
  ["phone", "+49 170 1234567", "+491701234567:20", true],
  ["phone", "(202) 401-1510", "at 2024-01-15 10:30", false],
  ["phone", "03 1234 5678", "\uff0803\uff091234-5678", true],
  ["phone", "+81 3 1234 5678", "tel [03] 1234-5678", true],
  ["phone", "+1 415 555 2671", "list [1700155552671]", false],
  ...["\u0085", "\u2028", "\u2003", "\u205f", "\u3000", "\u2014", "\u2015", "\u2212", "\uff0f"].map(
    (between) => ["phone", "+49 170 1234567", `0170${between}123${between}4567`, true] as const,
  ),
  ...[
    "\\n",
    "\\t",
    "\\r\\n",
    "\\u00a0",
    "\\u2013",
    "&#160;",
    "&#xA0;",
    "&nbsp;",
    "%C2%A0",
    "%25E2%2580%2593",
    "%0D%0A",
    "&#10;",
  ].map((between) => ["phone", "+49 170 1234567", `+49${between}170${between}1234567`, true] as const),
  ...[
    "\u2066",
    "\u202d",
    "\ufe0f",
    "\u{e0041}",
    "\\u2069",
    "\\udb40\\udc41",
    "&#8294;",
    "%EF%B8%8F",
    "%F3%A0%81%81",
  ].flatMap(
    (unseen) =>
      [
        ["phone", "+49 170 1234567", `0170 ${unseen}123${unseen}4567`, true],
        ["email", "zorro@real.org", `zorro@${unseen}real.o${unseen}rg`, true],
      ] as const,
  ),
  ["email", "zorro@real.org", "Write to zorro@real.org.Then call", true],
  ["email", "zorro@real.org", "zorro@real.org.evil.test", true],
  ["email", "zorro@real.org.evil.test", "zorro@real.org", false],
  ["email", "zorro@real.org", "zorro@real.organ.test", false],
  ["email", "用户@例子.广告", "用户@例子.广告\u2014today", true],
  ["email", "zörro@real.org", "q=z%C3%B6rro%40real.org", true],
  [
    "email",
    "zörro@real.org",
    `{"m":"z\\u00f6rro@real.org"} \\ud83d\\ude00 \\u0000 &#0; &#x110000; %ED%A0%80 %C3`,
    true,
  ],
  // What belongs to the address as well as it may be in front of one.
  ["email", "zorro@real.org", "x_zorro@real.org_y", false],
];

test("an original is found in other spellings, and another's is not taken for it", async () => {
  for (const [kind, original, kept, isFound] of SPELLINGS) {
    const { normalised } = TOKENS[kind];
    const [row] = await database.query<{ found: boolean }>(
      `select exists (
         select form from (select $1::text) o (v), lateral ${tokensOf(kind, "o.v")} m (token), lateral (${formsOf(kind, "m.token")}) n (form)
         intersect
         select ${normalised("m.token")} from (select $2::text) k (v), lateral ${tokensIn(kind, "k.v")} m (token) where ${hasToken(kind, "k.v")}) as found`,
      [original, kept],
    );
    expect([kind, original, kept, row?.found]).toEqual([kind, original, kept, isFound]);
  }
});

test("whether a text has one is told as whoever looks for them finds them, and as looking around would", async () => {
  const random = new Random(1);
  const alphabet = [..."0123456789012345 -+()./:aZ@,\n"];
  const texts = Array.from({ length: 3000 }, () =>
    Array.from({ length: random.below(45) }, () => random.pick(alphabet)).join(""),
  );
  for (const kind of Object.keys(TOKENS) as TokenKind[]) {
    const around = TOKENS[kind].pattern
      .replace(/^\(\?:\^\|\[\^([^\]]+)\]\)/, "(?<![$1])")
      .replace(/^\(\?:\^\|\[\^([^\]]+)\]\|/, "(?:(?<![$1])|");
    const rows = await database.query(
      `select text from unnest($1::text[]) t (text),
         lateral (select array_agg(${TOKENS[kind].normalised("m.token")}) as found from ${rowsIn(kind, "text")} m (token)) a,
         lateral (select array_agg(${TOKENS[kind].normalised("f[1]")}) as found from regexp_matches(text, '${around}', 'g') f) b
        where ${hasToken(kind, "text")} is distinct from (a.found is not null) or a.found is distinct from b.found`,
      [texts],
    );
    expect([kind, rows]).toEqual([kind, []]);
  }
});

test("no pattern looks back by more than one character, which PostgreSQL does by reading the text anew for each token", () => {
  const patterns = Object.values(TOKENS).flatMap(({ pattern, anywhere, international = "" }) => [
    pattern,
    anywhere,
    international,
  ]);
  for (const pattern of patterns) expect(pattern).not.toContain("(?<");
});
