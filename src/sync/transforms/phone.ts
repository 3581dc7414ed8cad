import { madeForm } from "./form.ts";
import type { Transform } from "./transform.ts";

export const phone: Transform = {
  name: "phone",
  summary:
    "A telephone number in a range that is not given to anybody. `form` gives another form: # is a digit, @ a letter from A to Z, everything else stays.",
  result: "+15550174926",
  examples: ["phone", '{ phone: { form: "+44 20 7946 0###" } }'],
  takes: ["text"],
  make(options) {
    return { tokens: "phone", ...madeForm(options, "+1555#######") };
  },
};
