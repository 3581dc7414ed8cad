import { numberOf } from "./digest.ts";
import { DISJOINT, matching, type Transform } from "./transform.ts";

const SIZE = 10 ** 17;

export const iban: Transform = {
  name: "iban",
  summary: "A German account number with the right check digits (mod 97), of a bank that does not exist.",
  result: "DE44048213709415526830",
  examples: ["iban"],
  takes: ["text"],
  make(options) {
    options.none();
    return {
      class: "probable",
      proof: DISJOINT,
      tokens: "iban",
      shape: `DE__0${"_".repeat(17)}`,
      mayBeResult: matching("^DE[0-9]{20}$"),
      maxLength: 22,
      // ISO 13616: the country's letters as numbers and two zeros behind the account, and 98 minus the rest by 97.
      expression: (
        value,
        { digest },
      ) => `(SELECT 'DE' || lpad((98 - (d.b || '131400')::numeric % 97)::text, 2, '0') || d.b
    FROM (SELECT '0' || lpad((${numberOf(digest(value))} % ${SIZE})::text, 17, '0') AS b OFFSET 0) d)`,
    };
  },
};
