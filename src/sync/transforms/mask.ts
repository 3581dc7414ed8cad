import { Options } from "./options.ts";
import { matching, PARTIAL, type Transform } from "./transform.ts";

export const mask: Transform = {
  name: "mask",
  summary:
    "A star for every character but spaces and punctuation. `last` keeps that many at the end, of texts that are more than twice as long.",
  result: "***-**-****",
  examples: ["mask", "{ mask: { last: 4 } }"],
  takes: ["text"],
  make(options) {
    const last = Options.numberOf(options.map(["last"]), "last", 0, 0, 100);
    const masked = (text: string): string => `regexp_replace(${text}, '[^[:space:][:punct:]]', '*', 'g')`;
    return {
      class: "lossy",
      proof: PARTIAL,
      // What else is punctuation, collations say.
      mayBeResult: (text) =>
        `not (${matching("[A-Za-z0-9]")(text)}${last === 0 ? "" : ` and (pg_catalog.length(${text}) operator(pg_catalog.<=) ${2 * last} or ${matching(`[A-Za-z0-9].{${last}}`)(text)})`})`,
      maxLength: "original",
      expression: (value) =>
        last === 0
          ? masked(value)
          : `CASE WHEN length(${value}) > ${2 * last} THEN ${masked(`left(${value}, -${last})`)} || right(${value}, ${last}) ELSE ${masked(value)} END`,
    };
  },
};
