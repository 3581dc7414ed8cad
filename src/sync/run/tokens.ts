import { quoteLiteral } from "#sql/quote.ts";
import type { TokenKind } from "../plan.ts";

interface Token {
  /** PostgreSQL's regular expression; the token is what its one pair of brackets holds. */
  readonly pattern: string;
  /** The same for whether there is one at all: looking around takes ten times as long as reading. */
  readonly anywhere: string;
  /** SQL for the form in which two spellings of the same are alike. */
  readonly normalised: (token: string) => string;
  /** SQL for a condition: a text is such a token and nothing else. It need not be exact, and is sooner answered than a search. */
  readonly isWhole: (text: string) => string;
  /** SQL for what a text with such a token has, which is sooner found out. */
  readonly hint?: (text: string) => string;
}

/**
 * A token that no letter or digit stands beside: a run of digits within a word, as in a hash, is no number of anything. What
 * stands before it is read with it; what stands behind may be what stands before the next one.
 */
function alone(token: string): Pick<Token, "pattern" | "anywhere"> {
  const before = "(?:^|[^A-Za-z0-9])";
  return { pattern: `${before}(${token})(?![A-Za-z0-9])`, anywhere: `${before}${token}(?:[^A-Za-z0-9]|$)` };
}

/** A number with what a pattern allows between digits. */
function numberLike(token: string, between: string): Token {
  return {
    ...alone(token),
    normalised: (text) => `pg_catalog.translate(${text}, ${quoteLiteral(between)}, '')`,
    // The hyphen comes last, where it is one. `translate` would take ten times as long for a long text.
    isWhole: (text) => `${text} operator(pg_catalog.~) ${quoteLiteral(`^[0-9${between}]+$`)}`,
  };
}

const EMAIL = "[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\\.[A-Za-z0-9-]+)+";

export const TOKENS: Readonly<Record<TokenKind, Token>> = {
  email: {
    pattern: `(${EMAIL})`,
    anywhere: EMAIL,
    normalised: (token) => `pg_catalog.lower(${token})`,
    isWhole: (text) => `${text} operator(pg_catalog.~) '^[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+$'`,
    hint: (text) => `pg_catalog.strpos(${text}, '@') operator(pg_catalog.>) 0`,
  },
  phone: numberLike("\\+?[0-9(][0-9 ()./-]{5,18}[0-9]", " ()./+-"),
  card: numberLike("[0-9](?:[ -]?[0-9]){12,18}", " -"),
  iban: {
    ...alone("[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]){11,30}"),
    normalised: (token) => `pg_catalog.replace(${token}, ' ', '')`,
    isWhole: (text) => `${text} operator(pg_catalog.~) '^[A-Z][A-Z][0-9][0-9][A-Z0-9 ]+$'`,
  },
  ssn: numberLike("[0-9]{3}-?[0-9]{2}-?[0-9]{4}", "-"),
};

/** For people. */
export const TOKEN_NAMES: Readonly<Record<TokenKind, string>> = {
  email: "e-mail address",
  phone: "phone number",
  card: "card number",
  iban: "IBAN",
  ssn: "social security number",
};

/** SQL for a condition: the text has such a token. */
export function hasToken(kind: TokenKind, text: string): string {
  const { anywhere, hint } = TOKENS[kind];
  const matches = `${text} operator(pg_catalog.~) ${quoteLiteral(anywhere)}`;
  return hint === undefined ? matches : `(${hint(text)} and ${matches})`;
}

/** SQL for the tokens of one kind in a text, one a row. */
export function tokensIn(kind: TokenKind, text: string): string {
  return `(select f[1] from pg_catalog.regexp_matches(${text}, ${quoteLiteral(TOKENS[kind].pattern)}, 'g') f)`;
}

/** The same for a text that is most often a token and nothing else. */
export function tokensOf(kind: TokenKind, text: string): string {
  const isWhole = TOKENS[kind].isWhole(text);
  return `(select ${text} where ${isWhole} union all select f.token from ${tokensIn(kind, text)} f (token) where not (${isWhole}))`;
}
