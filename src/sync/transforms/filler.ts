import { DIFFERS, matching, type Transform } from "./transform.ts";

const LOREM =
  "Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor incididunt ut labore et dolore magna aliqua. ";

export const filler: Transform = {
  name: "filler",
  summary: "A text without meaning, as long as the original.",
  result: "Lorem ipsum dolor sit am",
  examples: ["filler"],
  takes: ["text"],
  make(options) {
    options.none();
    return {
      class: "lossy",
      // One that is this text already.
      proof: DIFFERS,
      mayBeResult: (text) =>
        `(${matching("^x+$")(text)} or ${text} operator(pg_catalog.=) pg_catalog.left(pg_catalog.repeat('${LOREM}', 1 operator(pg_catalog.+) (pg_catalog.length(${text}) operator(pg_catalog./) ${LOREM.length})), pg_catalog.length(${text})))`,
      maxLength: "original",
      expression: (value) => {
        const text = `left(repeat('${LOREM}', 1 + length(${value}) / ${LOREM.length}), length(${value}))`;
        return `CASE WHEN lower(${text}) = lower(${value}) THEN repeat('x', length(${value})) ELSE ${text} END`;
      },
    };
  },
};
