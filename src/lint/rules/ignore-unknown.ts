import type { Rule } from "../rule.ts";

export const ignoreUnknown: Rule = {
  id: "ignore-unknown",
  title: "A comment that names no rule",
  group: "lint",
  severity: "error",
  schemaFiles: true,
  asks: ["neighbours"],
  why: "A misspelt rule would silently have no effect.",
  instead: "`confiture lint --rules` lists the rules. The names of squawk, eugene and Atlas are understood as well.",
  wrong: "-- confiture:ignore drop-tabel nobody uses it since 3.0\nDROP TABLE users;",
  right: "-- confiture:ignore ban-drop-table nobody uses it since 3.0\nDROP TABLE users;",
};
