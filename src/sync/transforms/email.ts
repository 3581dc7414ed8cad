import { hexOf } from "./digest.ts";
import { DISJOINT, matching, type Transform } from "./transform.ts";

const DIGITS = 16;

export const email: Transform = {
  name: "email",
  summary: "An address made of 64 bits of the digest, at a domain that takes no mail.",
  result: "u3f9ac0b1e2d4a5b6@example.com",
  examples: ["email", "{ email: { at: staging.example.org } }"],
  takes: ["text"],
  make(options) {
    const map = options.map(["at"]);
    const at = map.get("at")?.text() ?? "example.com";
    if (!/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(at))
      throw options.fail("`at` is the name of a mail domain: example.com");
    return {
      class: "probable",
      proof: DISJOINT,
      tokens: "email",
      shape: `u${"_".repeat(DIGITS)}@${at}`,
      mayBeResult: matching(`^u[0-9a-f]{${DIGITS}}@${at.replaceAll(".", String.raw`\.`)}$`),
      maxLength: 2 + DIGITS + at.length,
      expression: (value, { digest }) => `('u' || ${hexOf(digest(value), DIGITS)} || '@${at}')`,
    };
  },
};
