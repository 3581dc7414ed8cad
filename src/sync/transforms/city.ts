import { longest, pickWord } from "./pick.ts";
import { DIFFERS, type Transform } from "./transform.ts";
import { CITIES } from "./words.ts";

export const city: Transform = {
  name: "city",
  summary: "The name of a city out of 128.",
  result: "Lisbon",
  examples: ["city"],
  takes: ["text"],
  make(options) {
    options.none();
    return {
      class: "lossy",
      proof: DIFFERS,
      maxLength: longest(CITIES),
      expression: (value, { digest }) => pickWord(CITIES, value, digest(value)),
    };
  },
};
