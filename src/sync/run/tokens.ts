import { quoteLiteral } from "#sql/quote.ts";
import type { SyncColumn } from "../plan.ts";

/** What personal data looks like inside a text. */
export type TokenKind = NonNullable<SyncColumn["tokens"]>;

interface Token {
  /** PostgreSQL's regular expression. */
  readonly pattern: string;
  /** SQL for the form in which two spellings of the same are alike. */
  readonly normalised: (token: string) => string;
}

/** A run of digits within a word, as in a hash, is no number of anything. */
const alone = (pattern: string): string => `(?<![A-Za-z0-9])${pattern}(?![A-Za-z0-9])`;

const digits = (token: string): string => `pg_catalog.regexp_replace(${token}, '[^0-9]', '', 'g')`;

export const TOKENS: Readonly<Record<TokenKind, Token>> = {
  email: {
    pattern: "[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\\.[A-Za-z0-9-]+)+",
    normalised: (token) => `pg_catalog.lower(${token})`,
  },
  phone: { pattern: alone("\\+?[0-9(][0-9 ()./-]{5,18}[0-9]"), normalised: digits },
  card: { pattern: alone("[0-9](?:[ -]?[0-9]){12,18}"), normalised: digits },
  iban: {
    pattern: alone("[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]){11,30}"),
    normalised: (token) => `pg_catalog.replace(${token}, ' ', '')`,
  },
  ssn: { pattern: alone("[0-9]{3}-?[0-9]{2}-?[0-9]{4}"), normalised: digits },
};

/** SQL for the tokens of one kind in a text, one a row. */
export function tokensIn(kind: TokenKind, text: string): string {
  return `(select f[1] from pg_catalog.regexp_matches(${text}, ${quoteLiteral(`(${TOKENS[kind].pattern})`)}, 'g') f)`;
}
