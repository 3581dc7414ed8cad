import { wordOf } from "./pick.ts";
import { FIRST_NAMES } from "./words.ts";

export const firstName = wordOf(FIRST_NAMES, {
  name: "first_name",
  summary: "A first name out of 256.",
  result: "Clara",
});
