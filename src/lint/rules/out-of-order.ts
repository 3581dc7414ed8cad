import type { Rule } from "../rule.ts";

export const outOfOrder: Rule = {
  id: "out-of-order",
  title: "A new migration that is older than one of the other branch",
  group: "transactions",
  severity: "error",
  asks: ["neighbours"],
  why: "Only with `--since`. A migration whose version is older than the newest one of the commit, also one that this branch does not have yet, would have to run before migrations that databases have already, so `confiture migrate up` stops there (`history_out_of_order`).",
  instead: "Give it a newer version, and see whether it still does what it was meant to.",
  wrong: "-- 003_add_bio.sql, where the other branch has 004_add_age.sql\nALTER TABLE users ADD COLUMN bio text;",
  right: "-- 005_add_bio.sql, where the other branch has 004_add_age.sql\nALTER TABLE users ADD COLUMN bio text;",
};
