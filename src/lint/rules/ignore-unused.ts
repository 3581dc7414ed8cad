import type { Rule } from "../rule.ts";

export const ignoreUnused: Rule = {
  id: "ignore-unused",
  title: "A comment that ignores nothing",
  group: "lint",
  severity: "warning",
  schemaFiles: true,
  asks: ["neighbours"],
  aliases: { squawk: ["unused-ignore"] },
  why: "The rule finds nothing in the statement below the comment: the statement was changed, or the comment is in the wrong place. Left there, it would hide the next mistake.",
  instead: "Delete the comment.",
  wrong: "-- confiture:ignore drop-table nobody uses it since 3.0\nALTER TABLE users ADD COLUMN bio text;",
  right: "-- confiture:ignore drop-table nobody uses it since 3.0\nDROP TABLE users;",
};
