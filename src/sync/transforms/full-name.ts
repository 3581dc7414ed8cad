import { textArray } from "./digest.ts";
import { longest } from "./pick.ts";
import { DIFFERS, matching, oneOf, type Transform } from "./transform.ts";
import { FIRST_NAMES, LAST_NAMES } from "./words.ts";

export const fullName: Transform = {
  name: "full_name",
  summary: "A first and a last name, out of 65,536.",
  result: "Clara Andersen",
  examples: ["full_name"],
  takes: ["text"],
  make(options) {
    options.none();
    const first = textArray(FIRST_NAMES);
    const last = textArray(LAST_NAMES);
    return {
      class: "lossy",
      proof: DIFFERS,
      mayBeResult: matching(`^${oneOf(FIRST_NAMES)} ${oneOf(LAST_NAMES)}$`),
      maxLength: longest(FIRST_NAMES) + 1 + longest(LAST_NAMES),
      expression: (
        value,
        { digest },
      ) => `(SELECT d.f || ' ' || CASE WHEN lower(d.f || ' ' || (${last})[d.i]) = lower(${value})
      THEN (${last})[1 + d.i % ${LAST_NAMES.length}] ELSE (${last})[d.i] END
    FROM (SELECT (${first})[1 + get_byte(g.h, 0)] AS f, 1 + get_byte(g.h, 1) AS i FROM (SELECT ${digest(value)} AS h OFFSET 0) g OFFSET 0) d)`,
    };
  },
};
