import { longest, pickWord } from "./pick.ts";
import { DIFFERS, type Transform } from "./transform.ts";
import { LAST_NAMES } from "./words.ts";

export const lastName: Transform = {
  name: "last_name",
  summary: "A last name out of 256.",
  result: "Andersen",
  examples: ["last_name"],
  takes: ["text"],
  make(options) {
    options.none();
    return {
      class: "lossy",
      proof: DIFFERS,
      maxLength: longest(LAST_NAMES),
      expression: (value, { digest }) => pickWord(LAST_NAMES, value, digest(value)),
    };
  },
};
