/**
 * What personal values look like inside of a text, as PostgreSQL's regular expressions: what `scrub` replaces, and `sync init`
 * counts. In the order in which they are replaced: a card number also looks like a telephone number.
 */
export const PATTERNS = {
  email: String.raw`[[:alnum:]._%+-]+@[[:alnum:]-]+(\.[[:alnum:]-]+)+`,
  iban: String.raw`\m[A-Z]{2}[0-9]{2}( ?[A-Z0-9]{4}){2,7}( ?[A-Z0-9]{1,4})?\M`,
  card: String.raw`\m[0-9]([ -]?[0-9]){12,18}\M`,
  ssn: String.raw`\m[0-9]{3}-[0-9]{2}-[0-9]{4}\M`,
  ip: String.raw`\m[0-9]{1,3}(\.[0-9]{1,3}){3}\M`,
  phone: String.raw`(\+|\m)[0-9][0-9 ()./-]{5,}[0-9]\M`,
} as const;

export type PatternName = keyof typeof PATTERNS;

export const PATTERN_NAMES = Object.keys(PATTERNS) as PatternName[];
