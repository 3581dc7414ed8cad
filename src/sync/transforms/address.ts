import { textArray } from "./digest.ts";
import type { Options } from "./options.ts";
import { longest } from "./pick.ts";
import { DIFFERS, matching, oneOf, type Transform } from "./transform.ts";
import { CITIES, LAST_NAMES } from "./words.ts";

/** SQL over `d.h`, the digest of whose address it is; what is the original gets the next value of the kind. */
interface Part {
  readonly maxLength: number;
  /** A pattern for every result. */
  readonly pattern: string;
  readonly make: (value: string) => { readonly from: string; readonly result: string };
}

const CITY = `get_byte(h, 0) % ${CITIES.length}`;

const PARTS: Readonly<Record<string, Part>> = {
  street: {
    maxLength: longest(LAST_NAMES) + " Street 200".length,
    pattern: `${oneOf(LAST_NAMES)} Street [0-9]{1,3}`,
    make: (value) => ({
      from: `(${textArray(LAST_NAMES)})[1 + get_byte(h, 3)] || ' Street ' AS name, get_byte(h, 2) % 199 AS n`,
      result: `name || 1 + n + (lower(name || (1 + n)) = lower(${value}))::int`,
    }),
  },
  // Its first three digits are those of the city.
  postcode: {
    maxLength: 5,
    pattern: "[0-9]{5}",
    make: (value) => ({
      from: `(100 + ${CITY})::text AS area, get_byte(h, 1) % 99 AS n`,
      result: `area || lpad((n + (area || lpad(n::text, 2, '0') = ${value})::int)::text, 2, '0')`,
    }),
  },
  city: {
    maxLength: longest(CITIES),
    pattern: oneOf(CITIES),
    make: (value) => ({
      from: `${textArray(CITIES)} AS cities, 1 + ${CITY} AS n`,
      result: `CASE WHEN lower(cities[n]) = lower(${value}) THEN cities[1 + n % ${CITIES.length}] ELSE cities[n] END`,
    }),
  },
};

export const address: Transform = {
  name: "address",
  summary:
    "A part of a made-up address: `street`, `postcode` or `city`. Parts of the row that `by` names go together, and equal values of that column have the same address.",
  result: "Andersen Street 17",
  examples: ["{ address: { part: street, by: id } }", "{ address: { part: city, by: user_id } }"],
  takes: ["text"],
  make(options, { row, original }) {
    const map = options.map(["part", "by"]);
    const by = map.get("by");
    const part = partOf(map.get("part") ?? options, by?.text() ?? row);
    if (by === undefined) {
      const line = `{ address: { part: ${map.get("part")!.text()}, by: ${row} } }`;
      throw options.fail("`by` has to name the column that tells whose address it is", line);
    }
    const whose = original(by, by.text());
    return {
      class: "lossy",
      proof: DIFFERS,
      mayBeResult: matching(`^${part.pattern}$`),
      maxLength: part.maxLength,
      expression: (value, { digestIn }) => {
        const digest = digestIn(`address:${whose.domain}`, `coalesce(${whose.sql}::text, '')`);
        const { from, result } = part.make(value);
        return `(SELECT ${result} FROM (SELECT ${from} FROM (SELECT ${digest} AS h OFFSET 0) g OFFSET 0) d WHERE ${value} IS NOT NULL)`;
      },
    };
  },
};

function partOf(option: Options, by: string): Part {
  const part = option.node?.kind === "scalar" ? PARTS[option.text()] : undefined;
  if (part !== undefined) return part;
  throw option.fail(`\`part\` is one of ${Object.keys(PARTS).join(", ")}`, `{ address: { part: street, by: ${by} } }`);
}
