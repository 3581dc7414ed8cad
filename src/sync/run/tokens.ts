import { quoteLiteral } from "#sql/quote.ts";
import type { TokenKind } from "../plan.ts";
import { ESCAPED, matches, unescaped } from "./unescaped.ts";

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
  /** Tokens in what the pattern finds, which may be several; and those that an original is made of, however it is told apart. */
  readonly parts?: { readonly found: (token: string) => string; readonly original: (token: string) => string };
  /** Whether a text that `isWhole` is no more than one token, as SQL for a condition, and that token. Undefined: it is the text. */
  readonly alone?: { readonly isAlone: (text: string) => string; readonly token: (text: string) => string };
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

/** Beside what stands between digits of one number, what may also stand between two numbers. */
const APART = `${SPACED} \\t\\r\\n/+`;
const BETWEEN_PHONE = `${APART}().-`;
/** Fewer digits may be anything. */
const LEAST_PHONE = 7;
/** As many as a number has with the code of its country (E.164). */
const MOST_PHONE = 15;
/** With two zeros before it. What has more without anything between them is the number of something else. */
const MOST_DIGITS = MOST_PHONE + 2;
/** Numbers in a row, of which nobody knows where one ends. */
const PHONES = `[+(]*[0-9](?:[${BETWEEN_PHONE}]*[0-9]){${LEAST_PHONE - 1},}`;
// Its plus sign or bracket belongs to it, and a day with an hour behind it is none.
const BEFORE_PHONE = `(?:^|[^${WORD}+(]|(?=[+(]))`;

/**
 * SQL for numbers of which a row of them may consist: whatever begins and ends beside a blank, a slash or a plus sign.
 * @param condition over how many digits a number has, `c.own`, and how many stand before it and from it on, `c.before` and `c.rest`
 */
function phonesIn(row: string, condition: string): string {
  const digits = (text: string): string => `pg_catalog.length(${phoneDigits(text)})`;
  const several = `${row} operator(pg_catalog.~) ${quoteLiteral(`[0-9][().-]*[${APART}]`)}`;
  const piece = `([^0-9]*[0-9]+(?:[().-]*[0-9]+)*)`;
  return `select ${phoneBegun(row)} where not (${several}) and ${digits(row)} operator(pg_catalog.<=) ${MOST_DIGITS}
    union all select c.token from (
      select ${phoneBegun("w.text")} as token, ${digits("w.text")} as own, w.before, w.total operator(pg_catalog.-) w.before as rest from (
        select pg_catalog.array_to_string(f.pieces[1:j], '') as text, f.before, f.total
          from (select pg_catalog.array_agg(p.f[1]) over (order by p.n rows between current row and ${MOST_PHONE - 1} following) as pieces,
                  coalesce(pg_catalog.sum(${digits("p.f[1]")}) over (order by p.n rows between unbounded preceding and 1 preceding), 0) as before,
                  pg_catalog.sum(${digits("p.f[1]")}) over () as total
                from pg_catalog.regexp_matches(${row}, ${quoteLiteral(piece)}, 'g') with ordinality p (f, n) where ${several}) f,
            pg_catalog.generate_series(1, pg_catalog.cardinality(f.pieces)) j
        offset 0) w) c
      where c.own operator(pg_catalog.>=) ${LEAST_PHONE} and c.own operator(pg_catalog.<=) ${MOST_PHONE}${condition}`;
}

/** So many digits at the end are alike with and without the codes of a country and of long distance. */
const PHONE_END = 9;
/** Of a number that says it is one: all others, such as times and numbers of orders, are alike only where all digits are. */
const SAYS_PHONE = `^(?:\\+|\\(|00?[1-9]|[0-9]{1,5}\\)|(?:1[${APART}.-])?[0-9]{3}[${APART}.-][0-9]{3}[${APART}.-][0-9]{4}$)`;
const phoneBegun = (text: string): string => `pg_catalog.regexp_replace(${text}, '^[^0-9+(]+', '')`;
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
        pattern: `${BEFORE_PHONE}(${PHONES})(?![${WORD}]|:[0-9])`,
        anywhere: `${BEFORE_PHONE}${PHONES}(?:[^${WORD}:]|:[^0-9]|:?$)`,
        hint: `(?:(?:^|[^${WORD}])[0-9]|[+(])[0-9${BETWEEN_PHONE}]{5}`,
        least: LEAST_PHONE,
      },
      BETWEEN_PHONE,
    ),
    normalised: (token) =>
      `case when ${token} operator(pg_catalog.~) ${quoteLiteral(SAYS_PHONE)} then ${phoneEnd(token)} else ${phoneDigits(token)} end`,
    parts: {
      found: (row) => phonesIn(row, ""),
      // A part of one number is no number: what is left has to be one, too.
      original: (row) =>
        phonesIn(
          row,
          ` and (c.before operator(pg_catalog.=) 0 or c.before operator(pg_catalog.>=) ${LEAST_PHONE}) and (c.rest operator(pg_catalog.=) c.own or c.rest operator(pg_catalog.-) c.own operator(pg_catalog.>=) ${LEAST_PHONE})`,
        ),
    },
    alone: {
      isAlone: (text) => `not ${matches(text, `(?:[0-9][^0-9]*){${2 * LEAST_PHONE}}`)}`,
      token: phoneBegun,
    },
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

/** SQL for a condition: the text has digits, but fewer or more than a telephone number that is looked for. */
export function isOddNumber(text: string): string {
  // Nearly all have as many, and are told by one look.
  return `case when ${matches(text, `[0-9](?:[^0-9]*[0-9]){${LEAST_PHONE - 1}}`)} then ${matches(text, `[0-9]{${MOST_DIGITS + 1}}`)} else ${matches(text, "[0-9]")} end`;
}

/** SQL for the tokens of one kind in a text, one a row: as it stands, and as it reads. */
export function tokensIn(kind: TokenKind, text: string): string {
  const { parts } = TOKENS[kind];
  return parts === undefined
    ? rowsIn(kind, text)
    : `(select t.token from ${rowsIn(kind, text)} r (row), lateral (${parts.found("r.row")}) t (token))`;
}

/** SQL for what the patterns find, of which each may be several tokens. */
export function rowsIn(kind: TokenKind, text: string): string {
  const { pattern, international } = TOKENS[kind];
  const having = (read: string, regexp: string): string =>
    `select f[1] from pg_catalog.regexp_matches(${read}, ${quoteLiteral(regexp)}, 'g') f`;
  const found = (read: string): string => {
    if (international === undefined) return having(read, pattern);
    return `${having(read, pattern)} union all ${having(read, international)} where ${matches(read, NOT_ASCII)}`;
  };
  return `(${found(text)} union all select r.token from (${found(unescaped(text))}) r (token) where ${matches(text, ESCAPED)})`;
}

/** SQL for a condition: an original is a token and nothing else, as nearly all are; and that token, which is all of `tokensOf` then. */
export function onlyToken(kind: TokenKind, text: string): { readonly isOne: string; readonly token: string } {
  const { isWhole, alone } = TOKENS[kind];
  if (alone === undefined) return { isOne: `(${isWhole(text)})`, token: text };
  return { isOne: `(${isWhole(text)} and ${alone.isAlone(text)})`, token: alone.token(text) };
}

/** SQL for the tokens of an original, which is most often a token and nothing else. */
export function tokensOf(kind: TokenKind, text: string): string {
  const { isWhole: isTold, parts } = TOKENS[kind];
  const isWhole = isTold(text);
  const rows = `(select ${text} where ${isWhole} union all select f.token from ${rowsIn(kind, text)} f (token) where not (${isWhole}))`;
  return parts === undefined
    ? rows
    : `(select t.token from ${rows} r (row), lateral (${parts.original("r.row")}) t (token))`;
}

/** SQL for all forms of an original that what is found may have, one a row. */
export function formsOf(kind: TokenKind, token: string): string {
  const { normalised, original } = TOKENS[kind];
  const forms = [normalised(token), ...(original === undefined ? [] : [original(token)])];
  return forms.map((form) => `select ${form}`).join(" union all ");
}
