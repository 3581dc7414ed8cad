import { quoteLiteral } from "#sql/quote.ts";
import type { TokenKind } from "../plan.ts";

interface Token {
  /** PostgreSQL's regular expression; the token is what its one pair of brackets holds. */
  readonly pattern: string;
  /** The same for whether there is one at all: looking around takes ten times as long as reading. */
  readonly anywhere: string;
  /** SQL for the form in which two spellings of the same are alike. */
  readonly normalised: (token: string) => string;
  /** SQL for one more form of an original, where what is found may have either. */
  readonly original?: (token: string) => string;
  /** SQL for a condition: a text is such a token and nothing else. It need not be exact, and is sooner answered than a search. */
  readonly isWhole: (text: string) => string;
  /** One more pattern, for texts with other characters than those of ASCII: what they are next to may belong to the token, or not. */
  readonly international?: string;
  /** What every text with such a token has, as far as it stands in ASCII: sooner found out than whether there is one. */
  readonly hint: string;
  /** Bytes that a token takes at least, however its characters are written. */
  readonly least: number;
}

/**
 * A token beside which nothing of a class stands. What stands before it is read with it; what stands behind may be what stands before
 * the next one.
 */
function beside(none: string, token: string): Pick<Token, "pattern" | "anywhere"> {
  const before = `(?:^|[^${none}])`;
  return { pattern: `${before}(${token})(?![${none}])`, anywhere: `${before}${token}(?:[^${none}]|$)` };
}

/** A run of digits within a word, as in a hash, is no number of anything. */
const WORD = "A-Za-z0-9";

/** Blanks, hyphens and dashes outside of ASCII, as programs set them between digits. */
const SPACED = "\\u00a0\\u2007\\u2009\\u202f\\u2010-\\u2013";

/** A number with what a pattern allows between digits. */
function numberLike(shape: Pick<Token, "pattern" | "anywhere" | "hint" | "least">, between: string): Token {
  return {
    ...shape,
    normalised: (text) => onlyOf("0-9", text),
    // The hyphen comes last, where it is one. `translate` would take ten times as long for a long text.
    isWhole: (text) => `${text} operator(pg_catalog.~) ${quoteLiteral(`^[0-9${between}]+$`)}`,
  };
}

function onlyOf(characters: string, text: string): string {
  return `pg_catalog.regexp_replace(${text}, ${quoteLiteral(`[^${characters}]`)}, '', 'g')`;
}

const EMAIL = "[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\\.[A-Za-z0-9-]+)+";
const NOT_ASCII = "[^\\x01-\\x7f]";
/** With letters of any script in it (RFC 6531). */
const INTERNATIONAL_EMAIL = `(?:[A-Za-z0-9._%+-]|${NOT_ASCII})+@(?:[A-Za-z0-9-]|${NOT_ASCII})+(?:\\.(?:[A-Za-z0-9-]|${NOT_ASCII})+)+`;

const PHONE = `\\+?[0-9(][0-9${SPACED} ()./-]{5,18}[0-9]`;
const BETWEEN_PHONE = `${SPACED} ()./+-`;
// Its plus sign or bracket belongs to it, and a day with an hour behind it is none.
const BEFORE_PHONE = `(?:^|[^${WORD}+(]|(?=[+(]))`;

/** So many digits at the end are alike with and without the codes of a country and of long distance. */
const PHONE_END = 9;
/** Of a number that says it is one: all others, such as times and numbers of orders, are alike only where all digits are. */
const SAYS_PHONE = `^(?:\\+|\\(|00?[1-9]|[0-9]{1,5}\\)|(?:1[${SPACED}. -])?[0-9]{3}[${SPACED}. -][0-9]{3}[${SPACED}. -][0-9]{4}$)`;
const phoneDigits = (token: string): string => onlyOf("0-9", token);
const phoneEnd = (token: string): string =>
  `('n' operator(pg_catalog.||) pg_catalog.right(${phoneDigits(token)}, ${PHONE_END}))`;

const BETWEEN_IBAN = `${SPACED} .-`;
/** Countries, and how long their account numbers are (ISO 13616): what follows one in a text might be read with it. */
const IBAN_LENGTHS =
  "AD24AE23AL28AT20AZ28BA20BE16BG22BH22BI27BR29BY28CH21CR22CY28CZ24DE22DJ27DK18DO28EE20EG29ES24FI18FK18FO18FR27GB22GE22GI23GL18GR27GT28HN28HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20LB28LC32LI21LT20LU20LV21LY25MC27MD24ME22MK19MN20MR27MT31MU30NI28NL18NO15OM23PK24PL28PS29PT25QA29RO24RS22RU33SA24SC31SD18SE24SI19SK24SM27SO23ST25SV28TL23TN24TR26UA29VA22VG24XK20YE30";

export const TOKENS: Readonly<Record<TokenKind, Token>> = {
  email: {
    pattern: `(${EMAIL})`,
    anywhere: `${EMAIL}|${INTERNATIONAL_EMAIL}`,
    international: `(${INTERNATIONAL_EMAIL})`,
    // Both sides may have other collations, and other ideas of capital letters.
    normalised: (token) => `pg_catalog.lower(${token} collate pg_catalog."C")`,
    isWhole: (text) => `${text} operator(pg_catalog.~) '^[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+$'`,
    hint: "@",
    // a@b.c
    least: 5,
  },
  phone: {
    ...numberLike(
      {
        pattern: `${BEFORE_PHONE}(${PHONE})(?![${WORD}]|:[0-9])`,
        anywhere: `${BEFORE_PHONE}${PHONE}(?:[^${WORD}:]|:[^0-9]|:?$)`,
        hint: `(?:(?:^|[^${WORD}])[0-9]|[+(])[0-9${SPACED} ()./-]{5}`,
        least: 7,
      },
      BETWEEN_PHONE,
    ),
    normalised: (token) =>
      `case when ${token} operator(pg_catalog.~) ${quoteLiteral(SAYS_PHONE)} then ${phoneEnd(token)} else ${phoneDigits(token)} end`,
    original: (token) =>
      `case when ${token} operator(pg_catalog.~) ${quoteLiteral(SAYS_PHONE)} then ${phoneDigits(token)} else ${phoneEnd(token)} end`,
  },
  card: numberLike(
    {
      ...beside("0-9", `[0-9](?:[${SPACED} .-]?[0-9]){12,18}`),
      hint: `[0-9][0-9${SPACED} .-]{12}`,
      least: 13,
    },
    `${SPACED} .-`,
  ),
  iban: {
    ...beside(WORD, `[A-Za-z]{2}[0-9]{2}(?:[${BETWEEN_IBAN}]?[A-Za-z0-9]){11,30}`),
    normalised: (token) => {
      const whole = `pg_catalog.upper(${onlyOf("A-Za-z0-9", token)})`;
      const length = `pg_catalog.substring(${quoteLiteral(IBAN_LENGTHS)}, pg_catalog.left(${whole}, 2) operator(pg_catalog.||) '([0-9]{2})')`;
      return `pg_catalog.left(${whole}, coalesce(${length}, '34')::pg_catalog.int4)`;
    },
    isWhole: (text) =>
      `${text} operator(pg_catalog.~) ${quoteLiteral(`^[A-Za-z][A-Za-z][0-9][0-9][A-Za-z0-9${BETWEEN_IBAN}]+$`)}`,
    hint: `[A-Za-z]{2}[0-9]{2}[A-Za-z0-9${BETWEEN_IBAN}]{11}`,
    least: 15,
  },
  ssn: numberLike(
    {
      ...beside(WORD, `[0-9]{3}[${SPACED}-]?[0-9]{2}[${SPACED}-]?[0-9]{4}`),
      hint: `[0-9]{3}[${SPACED}-]?[0-9]{2}`,
      least: 9,
    },
    `${SPACED}-`,
  ),
};

/** For people. */
export const TOKEN_NAMES: Readonly<Record<TokenKind, string>> = {
  email: "e-mail address",
  phone: "phone number",
  card: "card number",
  iban: "IBAN",
  ssn: "social security number",
};

/**
 * What stands for a character of ASCII in JSON, XML or an address of the web, and everything between: as it is, then hexadecimal three
 * times, decimal, and the slash, which JSON may escape. Backslashes are doubled by whatever such a text is in.
 */
const ESCAPES = [
  "([^\\\\&%]+)",
  "\\\\+u00([2-7][0-9A-Fa-f])",
  "&(?:amp;)*#[xX]0*([2-7][0-9A-Fa-f]);",
  "%(?:25)*([2-7][0-9A-Fa-f])",
  "&(?:amp;)*#0*(3[2-9]|[4-9][0-9]|1[01][0-9]|12[0-6]);",
  "\\\\+(/)",
  // Other characters are part of no token.
  "\\\\+u(?!00[2-7])[0-9A-Fa-f]{4}",
  "\\\\+[^u\\\\/]",
  "[\\\\&%]",
].join("|");

/** What a text has in which characters stand in other ways; of addresses of the web, where one of a token does. */
const ESCAPED = "\\\\|&(?:amp;)*#|%(?:25)*(?:40|2[089Bb])";

function matches(text: string, pattern: string): string {
  return `${text} operator(pg_catalog.~) ${quoteLiteral(pattern)}`;
}

/** SQL for what a text says whose characters stand in other ways. */
function unescaped(text: string): string {
  const hex = (part: number): string =>
    `pg_catalog.chr(('x' operator(pg_catalog.||) e.f[${part}])::pg_catalog.bit(8)::pg_catalog.int4)`;
  const character = `coalesce(e.f[1], ${hex(2)}, ${hex(3)}, ${hex(4)}, pg_catalog.chr(e.f[5]::pg_catalog.int4), e.f[6], ';')`;
  return `(select pg_catalog.string_agg(${character}, '' order by e.n) from pg_catalog.regexp_matches(${text}, ${quoteLiteral(ESCAPES)}, 'g') with ordinality e (f, n))`;
}

/** SQL for a condition: the text may have a token of one of these kinds. Most texts are too short or have nothing like it. */
export function mayHaveToken(kinds: readonly TokenKind[], text: string): string {
  const least = Math.min(...kinds.map((kind) => TOKENS[kind].least));
  const hints = kinds.map((kind) => TOKENS[kind].hint);
  // The planner knows no order between conditions that cost the same.
  return `case when pg_catalog.octet_length(${text}) operator(pg_catalog.<) ${least} then false else ${matches(text, [...hints, ESCAPED].join("|"))} end`;
}

/** SQL for a condition: the text has such a token. */
export function hasToken(kind: TokenKind, text: string): string {
  const { anywhere } = TOKENS[kind];
  return `(${matches(text, anywhere)} or (${matches(text, ESCAPED)} and ${matches(unescaped(text), anywhere)}))`;
}

/** SQL for a condition: the text is an address and nothing else, which is told in a third of the time that `hasToken` takes. */
export function isEmail(text: string): string {
  return matches(text, `^${EMAIL}$`);
}

/** SQL for the tokens of one kind in a text, one a row: as it stands, and as it reads. */
export function tokensIn(kind: TokenKind, text: string): string {
  const { pattern, international } = TOKENS[kind];
  const having = (read: string, regexp: string): string =>
    `select f[1] from pg_catalog.regexp_matches(${read}, ${quoteLiteral(regexp)}, 'g') f`;
  const found = (read: string): string => {
    if (international === undefined) return having(read, pattern);
    return `${having(read, pattern)} union all ${having(read, international)} where ${matches(read, NOT_ASCII)}`;
  };
  return `(${found(text)} union all select r.token from (${found(unescaped(text))}) r (token) where ${matches(text, ESCAPED)})`;
}

/** The same for a text that is most often a token and nothing else. */
export function tokensOf(kind: TokenKind, text: string): string {
  const isWhole = TOKENS[kind].isWhole(text);
  return `(select ${text} where ${isWhole} union all select f.token from ${tokensIn(kind, text)} f (token) where not (${isWhole}))`;
}

/** SQL for all forms of an original that what is found may have, one a row. */
export function formsOf(kind: TokenKind, token: string): string {
  const { normalised, original } = TOKENS[kind];
  const forms = [normalised(token), ...(original === undefined ? [] : [original(token)])];
  return forms.map((form) => `select ${form}`).join(" union all ");
}
