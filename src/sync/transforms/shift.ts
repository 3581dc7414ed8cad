import { numberOf } from "./digest.ts";
import { Options } from "./options.ts";
import { DIFFERS, type Transform } from "./transform.ts";

export const shift: Transform = {
  name: "shift",
  summary:
    "The moment some days earlier or later, at most `days` (180), never none. All dates of the person whom `by` names are shifted alike, in every table, so that the time between them stays.",
  result: "2024-03-19 14:05:00+00",
  examples: ["{ shift: { by: user_id } }", "{ shift: { by: user_id, days: 30 } }"],
  takes: ["date", "timestamp"],
  make(options, { family, original }) {
    const map = options.map(["by", "days"]);
    const by = map.get("by");
    if (by === undefined) throw options.fail("`by` has to name the column that tells whose date it is");
    const days = Options.numberOf(map, "days", 180, 1, 36_500);
    const person = original(by, by.text());
    return {
      class: "lossy",
      proof: DIFFERS,
      maxLength: "original",
      expression: (value, { digestIn }) => {
        const number = `${numberOf(digestIn(`shift:${person.domain}`, `coalesce(${person.sql}::text, '')`))} % ${2 * days}`;
        const shifted = `(SELECT d.n - ${days} + (d.n >= ${days})::int FROM (SELECT (${number})::int AS n OFFSET 0) d)`;
        return family === "date" ? `(${value} + ${shifted})` : `(${value} + make_interval(days => ${shifted}))`;
      },
    };
  },
};
