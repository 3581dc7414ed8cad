import { madeForm } from "./form.ts";
import type { Transform } from "./transform.ts";

export const ssn: Transform = {
  name: "ssn",
  summary:
    "A social security number of a range that is not given to anybody. `form` gives another form: # is a digit, @ a letter from A to Z, everything else stays.",
  result: "943-71-0268",
  examples: ["ssn", '{ ssn: { form: "9########" } }'],
  takes: ["text"],
  make(options) {
    return { tokens: "ssn", ...madeForm(options, "9##-##-####") };
  },
};
