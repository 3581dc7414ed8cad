import { numberOf } from "./digest.ts";
import { Options } from "./options.ts";
import { DIFFERS, type Transform } from "./transform.ts";

/** The first and the last day of the type, but for some that a time zone may take. */
const ENDS = {
  date: ["'4714-11-24 BC'", "'5874897-12-31'"],
  timestamp: ["'4714-11-26 00:00:00+00 BC'", "'294276-12-29 00:00:00+00'"],
} as const;

export const shift: Transform = {
  name: "shift",
  summary:
    "The moment some days earlier or later, at most `days` (180), never none; `infinity` stays. All dates of the person whom `by` names are shifted alike, in every table, so that the time between them stays.",
  result: "2024-03-19 14:05:00+00",
  examples: ["{ shift: { by: user_id } }", "{ shift: { by: user_id, days: 30 } }"],
  takes: ["date", "timestamp"],
  make(options, { family, baseType, person: likely, original }) {
    const map = options.map(["by", "days"]);
    const by = map.get("by");
    if (by === undefined)
      throw options.fail("`by` has to name the column that tells whose date it is", `{ shift: { by: ${likely} } }`);
    const days = Options.numberOf(map, "days", 180, 1, 36_500);
    const person = original(by, by.text());
    return {
      class: "lossy",
      proof: DIFFERS,
      maxLength: "original",
      stays: ["infinity", "-infinity"],
      expression: (value, { digestIn }) => {
        const number = `${numberOf(digestIn(`shift:${person.domain}`, `coalesce(${person.sql}::text, '')`))} % ${2 * days}`;
        const [first, last] = ENDS[family === "date" ? "date" : "timestamp"].map((end) => `${end}::${baseType}`);
        const room = family === "date" ? `${days}` : `make_interval(days => ${days})`;
        // Where the type has no room for that, the other way.
        const shifted = `(SELECT CASE WHEN ${value} >= ${last} - ${room} THEN -abs(d.s) WHEN ${value} <= ${first} + ${room} THEN abs(d.s) ELSE d.s END
          FROM (SELECT n - ${days} + (n >= ${days})::int AS s FROM (SELECT (${number})::int AS n OFFSET 0) d OFFSET 0) d)`;
        return family === "date" ? `(${value} + ${shifted})` : `(${value} + make_interval(days => ${shifted}))`;
      },
    };
  },
};
