import { quoteLiteral } from "#sql/quote.ts";

/** Characters that nobody sees, and letters, digits and signs of double width. */
const UNSEEN = "\\u00ad\\u034f\\u180e\\u200b-\\u200f\\u2060-\\u2064\\ufeff";
const WIDE = "\\uff0b\\uff0d\\uff0e\\uff10-\\uff19\\uff20-\\uff3a\\uff3f\\uff41-\\uff5a";

/**
 * What stands for a character in JSON, XML or an address of the web, and everything between: as it is, then hexadecimal three times,
 * decimal, and the slash, which JSON may escape; what nobody sees, and the sign of double width. Backslashes are doubled by whatever such
 * a text is in.
 */
const ESCAPES = [
  "([^\\\\&%]+)",
  "\\\\+u00([2-7][0-9A-Fa-f])",
  "&(?:amp;)*#[xX]0*([2-7][0-9A-Fa-f]);",
  "%(?:25)*([2-7][0-9A-Fa-f])",
  "&(?:amp;)*#0*(3[2-9]|[4-9][0-9]|1[01][0-9]|12[0-6]);",
  "\\\\+(/)",
  "(\\\\+u(?:00[aA][dD]|200[bB-fF]|2060|[fF][eE][fF][fF])|&(?:amp;)*(?:shy|#0*(?:173|820[3-7]|8288|65279)|#[xX]0*(?:[aA][dD]|200[bB-fF]|2060|[fF][eE][fF][fF]));|%(?:25)*[cC]2%(?:25)*[aA][dD]|%(?:25)*[eE]2%(?:25)*80%(?:25)*8[bB-fF]|%(?:25)*[eE]2%(?:25)*81%(?:25)*[aA]0|%(?:25)*[eE][fF]%(?:25)*[bB][bB]%(?:25)*[bB][fF])",
  "(\\\\+u[fF][fF]20|&(?:amp;)*#(?:0*65312|[xX]0*[fF][fF]20);|%(?:25)*[eE][fF]%(?:25)*[bB][cC]%(?:25)*[aA]0)",
  // Other characters are part of no token.
  "\\\\+u(?!00[2-7])[0-9A-Fa-f]{4}",
  "\\\\+[^u\\\\/]",
  "[\\\\&%]",
].join("|");

/** What XML may have within a text that is read without it. */
const UNREAD = "<!\\[CDATA\\[|\\]\\]>|<!--[^>]*-->";

/** What a text has in which characters stand in other ways. */
export const ESCAPED = `\\\\|&(?:amp;)*(?:#|shy;)|%(?:25)*[2-7CcEe][0-9A-Fa-f]|<!\\[CDATA|<!--|[${UNSEEN}${WIDE}]`;

/** SQL for a condition: the text has what the pattern says. */
export function matches(text: string, pattern: string): string {
  return `${text} operator(pg_catalog.~) ${quoteLiteral(pattern)}`;
}

/** SQL for what a text says whose characters stand in other ways. */
export function unescaped(text: string): string {
  const hex = (part: number): string =>
    `pg_catalog.chr(('x' operator(pg_catalog.||) e.f[${part}])::pg_catalog.bit(8)::pg_catalog.int4)`;
  const unseen = "pg_catalog.left(e.f[7], 0)";
  const at = "pg_catalog.left('@', pg_catalog.length(e.f[8]))";
  const character = `coalesce(e.f[1], ${hex(2)}, ${hex(3)}, ${hex(4)}, pg_catalog.chr(e.f[5]::pg_catalog.int4), e.f[6], ${unseen}, ${at}, ';')`;
  const plain = `(select pg_catalog.string_agg(${character}, '' order by e.n) from pg_catalog.regexp_matches(${text}, ${quoteLiteral(ESCAPES)}, 'g') with ordinality e (f, n))`;
  const seen = `pg_catalog.regexp_replace(u.text, ${quoteLiteral(`[${UNSEEN}]|${UNREAD}`)}, '', 'g')`;
  // Only Unicode has characters of double width.
  return `(select case when u.text operator(pg_catalog.~) ${quoteLiteral(`[${WIDE}]`)} and pg_catalog.current_setting('server_encoding') operator(pg_catalog.=) 'UTF8' then pg_catalog.normalize(${seen}, 'NFKC') else ${seen} end from (select ${plain}) u (text))`;
}
