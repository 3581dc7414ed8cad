import { madeForm } from "./form.ts";
import type { Transform } from "./transform.ts";

export const postcode: Transform = {
  name: "postcode",
  summary: "A postcode. `form` gives another form: # is a digit, @ a letter from A to Z, everything else stays.",
  result: "48213",
  examples: ["postcode", '{ postcode: { form: "@# #@@" } }'],
  takes: ["text"],
  make: (options) => madeForm(options, "#####"),
};
