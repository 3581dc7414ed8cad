import { hexOf } from "./digest.ts";
import { Options } from "./options.ts";
import { classOf, DIFFERS, DISJOINT, matching, type Transform } from "./transform.ts";

export const token: Transform = {
  name: "token",
  summary:
    "Hexadecimal digits of the digest, 32 unless `length` says how many. For keys of other systems, account numbers, anything that only has to be the same everywhere.",
  result: "3f9ac0b1e2d4a5b60718293a4b5c6d7e",
  examples: ["token", "{ token: { length: 20 } }"],
  takes: ["text"],
  make(options) {
    const length = Options.numberOf(options.map(["length"]), "length", 32, 8, 64);
    return {
      class: classOf(16 ** length),
      proof: length >= 16 ? DISJOINT : { ...DIFFERS, chance: 16 ** -length },
      shape: "_".repeat(length),
      mayBeResult: matching(`^[0-9a-f]{${length}}$`),
      maxLength: length,
      expression: (value, { digest }) => hexOf(digest(value), length),
    };
  },
};
