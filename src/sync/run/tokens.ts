import { quoteLiteral } from "#sql/quote.ts";
import type { TokenKind } from "../plan.ts";
import { JOINING, PARTING, SEPARATORS, SIGNS } from "./characters.ts";
import type { Searched } from "./places.ts";
import { ESCAPED, matches, readAs } from "./unescaped.ts";
import { accountsIn, addressesIn, begun, JOINED, SEVERAL_HEADS, windowsIn } from "./windows.ts";

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
  readonly parts?: { readonly found: (token: string) => string; readonly original?: (token: string) => string };
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

function onlyOf(characters: string, text: string): string {
  return `pg_catalog.regexp_replace(${text}, ${quoteLiteral(`[^${characters}]`)}, '', 'g')`;
}

const EMAIL = "[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\\.[A-Za-z0-9-]+)+";
const NOT_ASCII = "[^\\x01-\\x7f]";
/** Letters of any script, as far as a list tells. */
const LETTER = `[^\\x01-\\x7f${PARTING}]`;
/** With letters of any script in it (RFC 6531). */
const INTERNATIONAL_EMAIL = `(?:[A-Za-z0-9._%+-]|${LETTER})+@(?:[A-Za-z0-9-]|${LETTER})+(?:\\.(?:[A-Za-z0-9-]|${LETTER})+)+`;

const BETWEEN = `[${SEPARATORS}]*`;

/** Fewer digits may be anything. */
const LEAST_PHONE = 7;
/** As many as a number has with the code of its country (E.164). */
const MOST_PHONE = 15;
/** With two zeros before it. What has more without anything between them is the number of something else. */
const MOST_DIGITS = MOST_PHONE + 2;
/** So many digits at the end are alike with and without the codes of a country and of long distance. */
const PHONE_END = 9;
/** Numbers in a row, of which nobody knows where one ends. */
const PHONES = `[${SIGNS}]*[0-9](?:${BETWEEN}[0-9]){${LEAST_PHONE - 1},}`;
const BEFORE_PHONE = `(?:^|[^${WORD}${SIGNS}]|(?=[${SIGNS}]))`;
/** A day with an hour behind it is none. */
const MINUTE = "[0-5][0-9](?![0-9])";
/** The same where a minute may follow, since no day ends in three digits. Looking back by more than one would read the text anew for each. */
const PHONES_BEFORE_COLON = `[${SIGNS}]*[0-9](?:${BETWEEN}[0-9]){${LEAST_PHONE - 4},}[0-9]{3}`;
const ANY_PHONE = `${BEFORE_PHONE}(?:${PHONES}(?:[^${WORD}:]|:[^0-5]|:[0-5][^0-9]|:[0-5][0-9]{2}|:?[0-5]?$)|${PHONES_BEFORE_COLON}:)`;

/** Neither of its parts can be one: they are too few, as only dashes and dots part them. */
const SINGLE_PHONE = `^[^0-9]*(?:[0-9]{${LEAST_PHONE},${MOST_DIGITS}}|[0-9](?:[${JOINING}]?[0-9]){${LEAST_PHONE - 1},${PHONE_END - 1}})$`;

function phonesIn(row: string, condition: string): string {
  return windowsIn(row, {
    least: LEAST_PHONE,
    most: MOST_PHONE,
    single: SINGLE_PHONE,
    // Of numbers that a dash or dot parts, short ones are parts of another, or of a day.
    condition: `(not c.is_joined or c.own operator(pg_catalog.>=) ${PHONE_END})${condition}`,
  });
}

/** Of a number that says it is one: all others, such as times and numbers of orders, are alike only where all digits are. */
const SAYS_PHONE = `^${JOINED}?(?:[${SIGNS}]|(?:1[${SEPARATORS}]+)?[0-9]{3}[${SEPARATORS}]+[0-9]{3}[${SEPARATORS}]+[0-9]{4}$)|^(?:00?[1-9]|[0-9]{1,5}[)}\\u005d\\uff09\\uff3d])`;
const phoneDigits = (token: string): string => onlyOf("0-9", token);
const phoneEnd = (token: string): string =>
  `('n' operator(pg_catalog.||) pg_catalog.right(${phoneDigits(token)}, ${PHONE_END}))`;

const LEAST_CARD = 13;
const MOST_CARD = 19;
const SINGLE_CARD = `^(?:[0-9]{${LEAST_CARD},${MOST_CARD}}|[0-9]{4}(?:[${SEPARATORS}][0-9]{4}){3})$`;
const cardsIn = (row: string): string =>
  windowsIn(row, { least: LEAST_CARD, most: MOST_CARD, single: SINGLE_CARD, condition: "true" });

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
    isWhole: (text) => matches(text, "^[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+$"),
    parts: { found: addressesIn },
    hint: "@",
    // a@b.c
    least: 5,
  },
  phone: {
    pattern: `${BEFORE_PHONE}(${PHONES}(?![${WORD}]|:${MINUTE})|${PHONES_BEFORE_COLON}(?=:))`,
    anywhere: ANY_PHONE,
    normalised: (token) =>
      `case when ${matches(token, SAYS_PHONE)} then ${phoneEnd(token)} else ${phoneDigits(token)} end`,
    isWhole: (text) => matches(text, `^[0-9${SEPARATORS}]+$`),
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
      token: begun,
    },
    original: (token) =>
      `case when ${matches(token, SAYS_PHONE)} then ${phoneDigits(token)} else ${phoneEnd(token)} end`,
    hint: `(?:(?:^|[^${WORD}])[0-9]|[${SIGNS}])[0-9${SEPARATORS}]{5}`,
    least: LEAST_PHONE,
  },
  card: {
    pattern: `([0-9](?:${BETWEEN}[0-9]){${LEAST_CARD - 1},})`,
    anywhere: `[0-9](?:${BETWEEN}[0-9]){${LEAST_CARD - 1}}`,
    normalised: (token) => onlyOf("0-9", token),
    isWhole: (text) => matches(text, SINGLE_CARD),
    parts: { found: cardsIn, original: cardsIn },
    hint: `[0-9][0-9${SEPARATORS}]{${LEAST_CARD - 1}}`,
    least: LEAST_CARD,
  },
  iban: {
    ...beside(WORD, `[A-Za-z]{2}[0-9]{2}(?:${BETWEEN}[A-Za-z0-9]){11,}`),
    normalised: (token) => {
      const whole = `pg_catalog.upper(${onlyOf("A-Za-z0-9", token)})`;
      const length = `pg_catalog.substring(${quoteLiteral(IBAN_LENGTHS)}, pg_catalog.left(${whole}, 2) operator(pg_catalog.||) '([0-9]{2})')`;
      return `pg_catalog.left(${whole}, coalesce(${length}, '34')::pg_catalog.int4)`;
    },
    isWhole: (text) => matches(text, `^[A-Za-z][A-Za-z][0-9][0-9][A-Za-z0-9${SEPARATORS}]+$`),
    parts: { found: accountsIn, original: accountsIn },
    alone: { isAlone: (text) => `not ${matches(text, SEVERAL_HEADS)}`, token: (text) => text },
    hint: `[A-Za-z]{2}[0-9]{2}[A-Za-z0-9${SEPARATORS}]{11}`,
    least: 15,
  },
  ssn: {
    ...beside(WORD, `[0-9]{3}${BETWEEN}[0-9]{2}${BETWEEN}[0-9]{4}`),
    normalised: (token) => onlyOf("0-9", token),
    isWhole: (text) => matches(text, `^(?:${BETWEEN}[0-9]){9}${BETWEEN}$`),
    hint: `[0-9]{3}${BETWEEN}[0-9]{2}`,
    least: 9,
  },
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
 * SQL for texts that may have a token of one of these kinds: each as `text`, as `read` where it reads otherwise, and its `object`. Most
 * texts are too short or have nothing like it.
 */
export function textsWith(
  kinds: readonly TokenKind[],
  { from, text, object = "null::pg_catalog.text" }: Pick<Searched, "from" | "text" | "object">,
): string {
  const least = Math.min(...kinds.map((kind) => TOKENS[kind].least));
  const hint = kinds.map((kind) => TOKENS[kind].hint).join("|");
  // Parallel workers do not run what makes `read`, so that what they can tell stands below it, in one pattern.
  const may = `case when pg_catalog.octet_length(${text}) operator(pg_catalog.>=) ${least} then ${matches(text, `${hint}|${ESCAPED}`)} else false end`;
  // What is left is read once, whatever is asked of it then.
  return `select t.text, t.read, t.object from (select s.text, ${readAs("s.text")} as read, s.object
      from (select ${text}, ${object} from ${from} where ${may} offset 0) s (text, object) offset 0) t
    where ${matches("t.text", hint)} or ${matches("t.read", hint)}`;
}

/**
 * SQL for a condition: the text has such a token.
 * @param read SQL for how the text reads, where that is not how it stands
 */
export function hasToken(kind: TokenKind, text: string, read = readAs(text)): string {
  const { anywhere } = TOKENS[kind];
  return `(${matches(text, anywhere)} or coalesce(${matches(`(${read})`, anywhere)}, false))`;
}

/** SQL for a condition: the text is an address and nothing else, which is told in a third of the time that `hasToken` takes. */
export function isEmail(text: string): string {
  return matches(text, `^${EMAIL}$`);
}

/** SQL for a condition: the text has digits, but fewer or more than a telephone number that is looked for. */
export function isOddNumber(text: string): string {
  // Nearly all have as many, and are told by one look.
  return `case when ${matches(text, `[0-9](?:[^0-9]*[0-9]){${LEAST_PHONE - 1}}`)} then pg_catalog.octet_length(${text}) operator(pg_catalog.>) ${MOST_DIGITS} and ${matches(text, `[0-9]{${MOST_DIGITS + 1}}`)} else ${matches(text, "[0-9]")} end`;
}

/** SQL for the tokens of one kind in a text, one a row: as it stands, and as it reads. */
export function tokensIn(kind: TokenKind, text: string, read = readAs(text)): string {
  const { parts } = TOKENS[kind];
  return parts === undefined
    ? rowsIn(kind, text, read)
    : `(select t.token from ${rowsIn(kind, text, read)} r (row), lateral (${parts.found("r.row")}) t (token))`;
}

/** SQL for what the patterns find, of which each may be several tokens. */
export function rowsIn(kind: TokenKind, text: string, read = readAs(text)): string {
  const { pattern, international } = TOKENS[kind];
  const having = (where: string, regexp: string): string =>
    `select f[1] from pg_catalog.regexp_matches(${where}, ${quoteLiteral(regexp)}, 'g') f`;
  const found = (where: string): string => {
    if (international === undefined) return having(where, pattern);
    return `${having(where, pattern)} union all ${having(where, international)} where ${matches(where, NOT_ASCII)}`;
  };
  return `(${found(text)} union all select f.token from (select ${read}) o (read), lateral (${found("o.read")}) f (token))`;
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
  return parts?.original === undefined
    ? rows
    : `(select t.token from ${rows} r (row), lateral (${parts.original("r.row")}) t (token))`;
}

/** SQL for all forms of an original that what is found may have, one a row. */
export function formsOf(kind: TokenKind, token: string): string {
  const { normalised, original } = TOKENS[kind];
  const forms = [normalised(token), ...(original === undefined ? [] : [original(token)])];
  return forms.map((form) => `select ${form}`).join(" union all ");
}
