import { numberOf } from "./digest.ts";
import { DIFFERS, matching, type Transform } from "./transform.ts";

/** The beginning of numbers that card networks give to tests. */
const PREFIX = "400000";
const DIGITS = 9;

/** What a digit at a doubled place adds to the sum (ISO/IEC 7812-1, annex B). */
const doubled = (digit: string): string => `(${digit} * 2 + ${digit} / 5) % 10`;

/** The 16 digits for the number that the nine in the middle make. */
function withCheckDigit(number: string): string {
  // From the right, the first digit before the check digit is doubled, then every second one.
  const parts = Array.from({ length: DIGITS }, (_, place) => {
    const digit = `(${number} / ${10 ** place} % 10)`;
    return place % 2 === 0 ? doubled(digit) : digit;
  });
  const fixed = [...PREFIX].toReversed().reduce((sum, char, index) => {
    const digit = Number(char);
    const isDoubled = (DIGITS + index) % 2 === 0;
    return sum + (isDoubled ? (digit * 2 + Math.floor(digit / 5)) % 10 : digit);
  }, 0);
  return `'${PREFIX}' || lpad(${number}::text, ${DIGITS}, '0') || ((10 - (${fixed} + ${parts.join(" + ")}) % 10) % 10)`;
}

export const card: Transform = {
  name: "card",
  summary: "A card number of 16 digits with the right check digit (Luhn), in a range for tests.",
  result: "4000003917528460",
  examples: ["card"],
  takes: ["text"],
  make(options) {
    options.none();
    const size = 10 ** DIGITS;
    return {
      class: "lossy",
      proof: DIFFERS,
      tokens: "card",
      shape: `${PREFIX}${"_".repeat(DIGITS + 1)}`,
      mayBeResult: matching(`^${PREFIX}[0-9]{${DIGITS + 1}}$`),
      maxLength: 16,
      expression: (value, { digest }) =>
        `(SELECT CASE WHEN d.r = ${value} THEN ${withCheckDigit(`((d.n + 1) % ${size})`)} ELSE d.r END
    FROM (SELECT g.n, ${withCheckDigit("g.n")} AS r FROM (SELECT ${numberOf(digest(value))} % ${size} AS n OFFSET 0) g OFFSET 0) d)`,
    };
  },
};
