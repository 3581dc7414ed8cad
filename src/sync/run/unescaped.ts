import { quoteLiteral } from "#sql/quote.ts";
import { UNSEEN } from "./characters.ts";

/** Letters, digits and signs of double width. */
const WIDE = "\\uff0b\\uff0d\\uff0e\\uff10-\\uff19\\uff20-\\uff3a\\uff3f\\uff41-\\uff5a";

/** What another normal form parts from its letter: accents of Latin, Greek and Cyrillic, marks of kana, and the rest of a Hangul syllable. */
const MARKS = "\\u0300-\\u036f\\u1161-\\u1175\\u11a8-\\u11c2\\u3099\\u309a";

const HEX = "[0-9A-Fa-f]";
/** A percent sign of an address of the web, however often it was encoded. */
const PERCENT = "%(?:25)*";
const FURTHER = `${PERCENT}[89ABab]${HEX}`;
/** The bytes of a character outside of ASCII in UTF-8: others are none (RFC 3629). */
const BYTES = [
  `(?:${PERCENT}[Cc][2-9A-Fa-f]|${PERCENT}[Dd]${HEX})${FURTHER}`,
  `(?:${PERCENT}[Ee]0${PERCENT}[ABab]${HEX}|${PERCENT}[Ee][1-9A-Ca-cEeFf]${FURTHER}|${PERCENT}[Ee][Dd]${PERCENT}[89]${HEX})${FURTHER}`,
  `(?:${PERCENT}[Ff]0${PERCENT}[9ABab]${HEX}|${PERCENT}[Ff][1-3]${FURTHER}|${PERCENT}[Ff]4${PERCENT}8${HEX})(?:${FURTHER}){2}`,
].join("|");

const NAMED_BLANKS = "nbsp|ensp|emsp|emsp13|emsp14|numsp|puncsp|thinsp|hairsp|Tab|NewLine";
const NAMED_DASHES = "ndash|mdash|minus|hyphen|dash|horbar";
const NAMED_UNSEEN = "shy|zwj|zwnj|lrm|rlm|ZeroWidthSpace|NoBreak";

/**
 * What stands for a character in JSON, XML or an address of the web, and everything between: as it is, then by number, hexadecimal three
 * times and decimal, by bytes, and by name; the slash, which JSON may escape, and what nobody sees. Backslashes are doubled by whatever
 * such a text is in.
 */
const ESCAPES = [
  "([^\\\\&%]+)",
  `\\\\+u(${HEX}{4})`,
  `&(?:amp;)*#[xX]0*(${HEX}{1,6});`,
  `${PERCENT}([0-7]${HEX})`,
  "&(?:amp;)*#0*([0-9]{1,7});",
  `(${BYTES})`,
  `(\\\\+[nrtfv]|&(?:amp;)*(?:${NAMED_BLANKS});)`,
  `(&(?:amp;)*(?:${NAMED_DASHES});)`,
  "(&(?:amp;)*commat;)",
  "(\\\\+/)",
  // Tags and selectors of variants take two escapes in JSON.
  `(&(?:amp;)*(?:${NAMED_UNSEEN});|\\\\+u[dD][bB]4[0-3]\\\\+u[dD][c-fC-F]${HEX}{2})`,
  // Others are part of no token.
  "\\\\+[^unrtfv\\\\/]",
  "[\\\\&%]",
].join("|");

/** What XML may have within a text that is read without it. */
const UNREAD = "<!\\[CDATA\\[|\\]\\]>|<!--[^>]*-->";

/**
 * What a text has in which characters stand in other ways. It is looked for in every text, and PostgreSQL takes longer for each
 * alternative, so that it says less than it might.
 */
export const ESCAPED = `[\\\\${UNSEEN}${WIDE}${MARKS}]|&[#A-Za-z]|%[02-7C-Fc-f]${HEX}|<!`;

/** SQL for a condition: the text has what the pattern says. */
export function matches(text: string, pattern: string): string {
  return `${text} operator(pg_catalog.~) ${quoteLiteral(pattern)}`;
}

/** Other encodings have not all characters, nor their numbers. */
const IS_UNICODE = "pg_catalog.current_setting('server_encoding') operator(pg_catalog.=) 'UTF8'";

/** SQL for what a text says whose characters stand in other ways; null for all others. */
export function readAs(text: string): string {
  return `case when ${matches(text, ESCAPED)} then ${unescaped(text)} end`;
}

function unescaped(text: string): string {
  const hex = "pg_catalog.lpad(coalesce(e.f[2], e.f[3], e.f[4]), 8, '0')";
  const number = `coalesce(('x' operator(pg_catalog.||) ${hex})::pg_catalog.bit(32)::pg_catalog.int4, e.f[5]::pg_catalog.int4)`;
  // Halves of pairs are no characters, nor is zero.
  const isOne = `c.number operator(pg_catalog.>) 0 and (c.number operator(pg_catalog.<) 128 or (${IS_UNICODE}
    and c.number operator(pg_catalog.<=) 1114111 and (c.number operator(pg_catalog.<) 55296 or c.number operator(pg_catalog.>) 57343)))`;
  const bytes = `pg_catalog.decode(pg_catalog.regexp_replace(e.f[6], ${quoteLiteral(PERCENT)}, '', 'g'), 'hex')`;
  const character = `case when e.f[1] is not null then e.f[1]
    when ${isOne} then pg_catalog.chr(c.number)
    when e.f[6] is not null and ${IS_UNICODE} then pg_catalog.convert_from(${bytes}, 'UTF8')
    when e.f[7] is not null then ' ' when e.f[8] is not null then '-' when e.f[9] is not null then '@' when e.f[10] is not null then '/'
    when e.f[11] is not null then '' else ';' end`;
  const plain = `case when ${matches(text, "[\\\\&%]")} then (select pg_catalog.string_agg(${character}, '' order by e.n) from pg_catalog.regexp_matches(${text}, ${quoteLiteral(ESCAPES)}, 'g') with ordinality e (f, n), lateral (select ${number}) c (number)) else ${text} end`;
  const seen = `pg_catalog.regexp_replace(u.text, ${quoteLiteral(`[${UNSEEN}]|${UNREAD}`)}, '', 'g')`;
  // Only Unicode has characters of double width, and normal forms.
  const composed = ["NFKC", "NFC"].map((form) => `pg_catalog.normalize(${seen}, '${form}')`);
  return `(select case when not ${IS_UNICODE} then ${seen} when ${matches("u.text", `[${WIDE}]`)} then ${composed[0]} when ${matches("u.text", `[${MARKS}]`)} then ${composed[1]} else ${seen} end from (select ${plain}) u (text))`;
}
