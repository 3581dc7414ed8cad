import type { Rule } from "../rule.ts";

export const failsOnRows: Rule = {
  id: "fails-on-rows",
  title: "A statement that works on empty tables and fails on rows",
  group: "data",
  severity: "error",
  severityElse: "note where a constraint refuses some rows",
  asks: ["trace"],
  why: "Some statements depend on the rows that there are: a cast that a value refuses, a NULL under NOT NULL, a duplicate under UNIQUE, a row that a CHECK does not allow. They work in every test with empty tables. The trace runs them on tables with a few rows of every kind that the schema allows, and shows a row on which they fail. Where a constraint refuses some rows, which is what it is there for, that is a note; a cast that fails is an error, and so is a constraint that refuses every row, such as NOT NULL of a new column without a default.",
  instead:
    "Clean up the rows in an earlier migration, or add the constraint `NOT VALID`: it still holds for every row that is written from then on, so that an `UPDATE` of a row that violates it fails. If production cannot have such rows, say why in the migration: `-- confiture:ignore fails-on-rows the application has always checked this`.",
  wrong: "ALTER TABLE users ALTER COLUMN age TYPE integer USING age::integer;\n-- where age is text",
  right: "ALTER TABLE users ADD COLUMN age_years integer;",
};
