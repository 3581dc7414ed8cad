import { quoteLiteral } from "#sql/quote.ts";
import { PATTERN_NAMES, type PatternName, PATTERNS } from "./patterns.ts";
import { PARTIAL, type Transform } from "./transform.ts";

/** SQL for a text in which what matches these patterns is replaced, in the order in which they stand in `PATTERNS`. */
export function scrubbedOf(value: string, names: readonly PatternName[]): string {
  return PATTERN_NAMES.filter((name) => names.includes(name)).reduce(
    (text, name) => `pg_catalog.regexp_replace(${text}, ${quoteLiteral(PATTERNS[name])}, '[${name}]', 'g')`,
    value,
  );
}

export const scrub: Transform = {
  name: "scrub",
  summary:
    "Replaces what looks like an address, a number and so on inside of a text: email, phone, card, iban, ssn, ip. It finds patterns; it does not find names. A result that would be too long for the column is cut.",
  result: "Call me at [phone] or write to [email]",
  examples: ["{ scrub: [email, phone] }", "scrub"],
  takes: ["text"],
  make(options, { length }) {
    const wanted = options.list();
    if (wanted.length === 0 && options.node !== undefined)
      throw options.fail(
        "An empty list scrubs nothing",
        "Write patterns, such as [email, phone], or `scrub` alone for all",
      );
    for (const option of wanted) {
      if (PATTERN_NAMES.some((name) => name === option.text())) continue;
      throw option.fail(`There is no pattern "${option.text()}"`, `Known: ${PATTERN_NAMES.join(", ")}`);
    }
    const names = PATTERN_NAMES.filter(
      (name) => wanted.length === 0 || wanted.some((option) => option.text() === name),
    );
    return {
      class: "lossy",
      proof: PARTIAL,
      maxLength: "original",
      expression: (value) => {
        const scrubbed = scrubbedOf(value, names);
        return length === null ? scrubbed : `left(${scrubbed}, ${length})`;
      },
    };
  },
};
