import type { Rule } from "../rule.ts";

export const transactionControl: Rule = {
  id: "transaction-control",
  title: "BEGIN, COMMIT or ROLLBACK inside a migration",
  group: "transactions",
  severity: "error",
  asks: ["syntax", "neighbours"],
  aliases: { squawk: ["transaction-nesting", "ban-uncommitted-transaction"], atlas: ["PG103"] },
  why: "The runner has a transaction around a migration. A COMMIT in the file would end it too early, so the file is refused before anything runs. One BEGIN ... COMMIT around the whole file is understood, and so are files of several whole blocks.",
  instead: "Remove it. To control transactions yourself, put `transaction:false` behind `-- migrate:up`.",
  wrong: "-- migrate:up transaction:false\nBEGIN;\nALTER TABLE users ADD COLUMN bio text;",
  right: "BEGIN;\nALTER TABLE users ADD COLUMN bio text;\nCOMMIT;",
};
