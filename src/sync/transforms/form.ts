import { quoteLiteral } from "#sql/quote.ts";
import { numberOf } from "./digest.ts";
import type { Options } from "./options.ts";
import { classOf, DIFFERS, DISJOINT, literally, type Made, matching } from "./transform.ts";

/** As many digits as 60 bits give without preferring any. */
const MOST_DIGITS = 17;

/** Letters, and where in the digest they come from: behind what the digits are made of. */
const MOST_LETTERS = 16;
const FIRST_BYTE = 16;

/**
 * A text with made-up digits and letters at some places: `#` is a digit, `@` a letter from A to Z, everything else stays.
 * @param usual the form where the option `form` gives no other
 * @throws RuleProblem for one without a digit, or with more than the digest has
 */
export function madeForm(options: Options, usual: string): Made {
  const form = options.map(["form"]).get("form")?.text() ?? usual;
  const digits = form.replaceAll(/[^#]/g, "").length;
  const letters = form.replaceAll(/[^@]/g, "").length;
  if (digits === 0 || digits > MOST_DIGITS || letters > MOST_LETTERS) {
    throw options.fail(
      `A form has 1 to ${MOST_DIGITS} digits (#) and at most ${MOST_LETTERS} letters (@), for example "+44 20 #### ####"`,
    );
  }
  const size = 10 ** digits;
  const results = size * 26 ** letters;
  return {
    class: classOf(results),
    proof: results >= 2 ** 50 ? DISJOINT : DIFFERS,
    shape: literally(form).replaceAll(/[#@]/g, "_"),
    mayBeResult: matching(`^${form.replaceAll(/[^\p{L}\p{N} ]/gu, asPattern)}$`),
    maxLength: Array.from(form).length,
    expression: (value, { digest }) => {
      const filled = (number: string): string => fill(form, `lpad((${number})::text, ${digits}, '0')`, digits);
      const hash = digest(value);
      const source =
        letters === 0
          ? `SELECT ${numberOf(hash)} % ${size} AS n OFFSET 0`
          : `SELECT ${numberOf("g.h")} % ${size} AS n, g.h FROM (SELECT ${hash} AS h OFFSET 0) g OFFSET 0`;
      return `(SELECT CASE WHEN ${filled("d.n")} = ${value} THEN ${filled(`(d.n + 1) % ${size}`)} ELSE ${filled("d.n")} END FROM (${source}) d)`;
    },
  };
}

/** What a character of a form that is no letter stands for in a pattern. */
function asPattern(character: string): string {
  if (character === "#") return "[0-9]";
  return character === "@" ? "[A-Z]" : `\\${character}`;
}

/** The form with its parts put together; a run of digits is a piece of `digits`. */
function fill(form: string, digits: string, count: number): string {
  let digit = 0;
  let letter = 0;
  const parts = [...form.matchAll(/#+|@|[^#@]+/g)].map(([part]) => {
    if (part === "@") return `chr(65 + get_byte(d.h, ${FIRST_BYTE + letter++}) % 26)`;
    if (!part.startsWith("#")) return quoteLiteral(part);
    const start = digit + 1;
    digit += part.length;
    return part.length === count ? digits : `substr(${digits}, ${start}, ${part.length})`;
  });
  return parts.join(" || ");
}
