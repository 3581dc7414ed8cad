import type { Rule } from "../rule.ts";

export const notTraced: Rule = {
  id: "not-traced",
  title: "A statement that could not be run in a scratch database",
  group: "transactions",
  severity: "note",
  asks: ["trace"],
  why: "What PostgreSQL does with this statement was not seen: it needs an extension that the PostgreSQL inside the executable lacks, or its file cannot run at all. Rules judged it by its text alone.",
  instead: "`--scratch URL` traces on a server of yours, which may have the extension.",
  wrong: "CREATE EXTENSION postgis;",
  right: "ALTER TABLE users ADD COLUMN bio text;",
};
