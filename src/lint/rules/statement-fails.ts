import type { Rule } from "../rule.ts";

export const statementFails: Rule = {
  id: "statement-fails",
  title: "A statement that PostgreSQL refuses",
  group: "transactions",
  severity: "error",
  asks: ["trace"],
  why: "The statement was run in a scratch database after everything that comes before it, and PostgreSQL refused it whatever rows there are: a table that is not there, a type that does not fit. What production holds besides the migrations is not there, so an object that was made by hand is missing.",
  instead: "Correct the statement. Where it needs something that was made by hand, put that into base.sql.",
  wrong: "ALTER TABLE no_such_table ADD COLUMN bio text;",
  right: "ALTER TABLE users ADD COLUMN bio text;",
};
