import type { Rule } from "../rule.ts";

export const notRunnable: Rule = {
  id: "not-runnable",
  title: "A file that the runner refuses",
  group: "transactions",
  severity: "error",
  schemaFiles: true,
  asks: ["syntax"],
  why: "`confiture migrate up` would stop at this file before it runs: it holds a command of psql, a quote that never ends, a git conflict, or bytes that are no UTF-8. Rules look at what can be read of it.",
  instead: "The message says what to change.",
  wrong: "\\d users\nSELECT 1;",
  right: "SELECT 1;",
};
