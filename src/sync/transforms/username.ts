import { hexOf } from "./digest.ts";
import { DISJOINT, type Transform } from "./transform.ts";

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
      maxLength: 21,
      expression: (value, { digest }) => `('user_' || ${hexOf(digest(value), 16)})`,
    };
  },
};
