import type { Rule } from "../rule.ts";

export const ignoreWithoutReason: Rule = {
  id: "ignore-without-reason",
  title: "A comment that gives no reason",
  group: "lint",
  severity: "error",
  schemaFiles: true,
  asks: ["neighbours"],
  why: "Whoever reads the migration later needs to know why the finding does not matter here.",
  instead: "Write the reason behind the names of the rules.",
  wrong: "-- confiture:ignore drop-table\nDROP TABLE users;",
  right: "-- confiture:ignore drop-table nobody uses it since 3.0\nDROP TABLE users;",
};
