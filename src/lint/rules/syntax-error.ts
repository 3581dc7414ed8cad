import type { Rule } from "../rule.ts";

export const syntaxError: Rule = {
  id: "syntax-error",
  title: "A statement that PostgreSQL's parser does not take",
  group: "transactions",
  severity: "error",
  schemaFiles: true,
  asks: ["syntax"],
  aliases: { squawk: ["syntax-error"] },
  why: "Confiture carries the parser of PostgreSQL 18. What it does not take is a mistake, or syntax of a newer version or of another database; no other rule can look at such a statement, and the rest of the file is checked all the same.",
  instead:
    "Correct it. If it is syntax of a newer PostgreSQL, say so in the migration: `-- confiture:ignore syntax-error new in PostgreSQL 19`.",
  wrong: "ALTER TABLE users ADDD COLUMN bio text;",
  right: "ALTER TABLE users ADD COLUMN bio text;",
};
