import { wordOf } from "./pick.ts";
import { LAST_NAMES } from "./words.ts";

export const lastName = wordOf(LAST_NAMES, {
  name: "last_name",
  summary: "A last name out of 256.",
  result: "Andersen",
});
