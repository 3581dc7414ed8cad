import { textArray } from "./digest.ts";
import { longest } from "./pick.ts";
import { DIFFERS, matching, oneOf, type Transform } from "./transform.ts";
import { COMPANY_FORMS, LAST_NAMES } from "./words.ts";

export const company: Transform = {
  name: "company",
  summary: "The name of a company, out of 2,048.",
  result: "Andersen Works",
  examples: ["company"],
  takes: ["text"],
  make(options) {
    options.none();
    const names = textArray(LAST_NAMES);
    const forms = textArray(COMPANY_FORMS);
    const count = COMPANY_FORMS.length;
    return {
      class: "lossy",
      proof: DIFFERS,
      mayBeResult: matching(`^${oneOf(LAST_NAMES)} ${oneOf(COMPANY_FORMS)}$`),
      maxLength: longest(LAST_NAMES) + 1 + longest(COMPANY_FORMS),
      expression: (
        value,
        { digest },
      ) => `(SELECT d.n || ' ' || CASE WHEN lower(d.n || ' ' || (${forms})[d.i]) = lower(${value})
      THEN (${forms})[1 + d.i % ${count}] ELSE (${forms})[d.i] END
    FROM (SELECT (${names})[1 + get_byte(g.h, 0)] AS n, 1 + get_byte(g.h, 1) % ${count} AS i FROM (SELECT ${digest(value)} AS h OFFSET 0) g OFFSET 0) d)`,
    };
  },
};
