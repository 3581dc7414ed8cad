import { DISJOINT, matching, type Transform } from "./transform.ts";

export const uuid: Transform = {
  name: "uuid",
  summary: "A UUID (version 4) made of 122 bits of the digest.",
  result: "3f9ac0b1-e2d4-4a5b-a071-8293a4b5c6d7",
  examples: ["uuid"],
  takes: ["uuid", "text"],
  make(options, { family }) {
    options.none();
    return {
      class: "probable",
      proof: DISJOINT,
      mayBeResult: matching("^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"),
      maxLength: 36,
      expression: (value, { digest }) => {
        const text = family === "text" ? value : `${value}::text`;
        // RFC 9562: four bits of version, two of variant.
        const bytes = "set_byte(set_byte(d.h, 6, get_byte(d.h, 6) & 15 | 64), 8, get_byte(d.h, 8) & 63 | 128)";
        return `(SELECT encode(substr(${bytes}, 1, 16), 'hex')::uuid${family === "text" ? "::text" : ""} FROM (SELECT ${digest(text)} AS h OFFSET 0) d)`;
      },
    };
  },
};
