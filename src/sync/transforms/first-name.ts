import { longest, pickWord } from "./pick.ts";
import { DIFFERS, type Transform } from "./transform.ts";
import { FIRST_NAMES } from "./words.ts";

export const firstName: Transform = {
  name: "first_name",
  summary: "A first name out of 256.",
  result: "Clara",
  examples: ["first_name"],
  takes: ["text"],
  make(options) {
    options.none();
    return {
      class: "lossy",
      proof: DIFFERS,
      maxLength: longest(FIRST_NAMES),
      expression: (value, { digest }) => pickWord(FIRST_NAMES, value, digest(value)),
    };
  },
};
