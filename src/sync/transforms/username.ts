import { hexOf } from "./digest.ts";
import { DISJOINT, literally, matching, type Transform } from "./transform.ts";

const BEGINNING = "user_";
const DIGITS = 16;

export const username: Transform = {
  name: "username",
  summary: "A name by number, made of 64 bits of the digest.",
  result: "user_3f9ac0b1e2d4a5b6",
  examples: ["username"],
  takes: ["text"],
  make(options) {
    options.none();
    return {
      class: "probable",
      proof: DISJOINT,
      shape: `${literally(BEGINNING)}${"_".repeat(DIGITS)}`,
      mayBeResult: matching(`^${BEGINNING}[0-9a-f]{${DIGITS}}$`),
      maxLength: BEGINNING.length + DIGITS,
      expression: (value, { digest }) => `('${BEGINNING}' || ${hexOf(digest(value), DIGITS)})`,
    };
  },
};
