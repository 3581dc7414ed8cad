/** A group of four of an account number in lower case: with a digit, unlike a word. */
const GROUP = "(?=[A-Za-z]{0,3}[0-9])[A-Za-z0-9]";
const HEX = "[0-9A-Fa-f]{1,4}";
const SOME_HEX = `(${HEX}(:${HEX}){0,6})?`;

/** The sign as it is, in an address of the web, in XML or in JSON, however often it was encoded. */
const AT = String.raw`(@|%(25)*40|&(amp;)*(#0*64|#[xX]0*40|commat);|\\+u0040)`;

/**
 * What personal values look like inside of a text, as PostgreSQL's regular expressions: what `scrub` replaces. In the order in which
 * they are replaced: a card number also looks like a telephone number.
 */
export const PATTERNS = {
  email: String.raw`[[:alnum:]._%+-]+${AT}[[:alnum:]-]+((\.|%(25)*2[Ee])[[:alnum:]-]+)+`,
  iban: String.raw`\m([A-Z]{2}[0-9]{2}( ?[A-Z0-9]{4}){2,7}( ?[A-Z0-9]{1,4})?|[A-Za-z]{2}[0-9]{2} ?[A-Za-z0-9]{4}( ?${GROUP}{4}){1,6}( ?${GROUP}{1,4})?)\M`,
  card: String.raw`(?<![0-9])([0-9]([ -]?[0-9]){12,18}|[0-9]{4}(\.[0-9]{4}){3})(?![0-9])`,
  ssn: String.raw`\m[0-9]{3}-[0-9]{2}-[0-9]{4}\M`,
  // With a digit, unlike the names in `a::b`, and with the four numbers that may end it or the interface behind it.
  ip: String.raw`\m[0-9]{1,3}(\.[0-9]{1,3}){3}\M|(?<![[:alnum:]:])(?=[A-Fa-f:]*[0-9])((${HEX}:){7}${HEX}|${SOME_HEX}::${SOME_HEX}|((${HEX}:){6}|${SOME_HEX}::(${HEX}:){0,5})[0-9]{1,3}(\.[0-9]{1,3}){3})(%[[:alnum:]]+)?(?![[:alnum:]]|:[0-9A-Fa-f:])`,
  phone: String.raw`(\+|\m)[0-9][0-9 ()./-]{5,}[0-9]\M`,
} as const;

export type PatternName = keyof typeof PATTERNS;

export const PATTERN_NAMES = Object.keys(PATTERNS) as PatternName[];
