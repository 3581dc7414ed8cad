import { inside } from "#sql/parser.ts";
import { writeIdentifier } from "#sql/quote.ts";
import type { Rule } from "../rule.ts";

export const dropDatabase: Rule = {
  id: "drop-database",
  title: "DROP DATABASE",
  group: "data",
  severity: "error",
  asks: ["syntax"],
  aliases: { squawk: ["ban-drop-database"], atlas: ["DS101"] },
  why: "A whole database is gone, and no transaction brings it back.",
  instead:
    "`confiture db drop` drops the database of an environment, after a question at a terminal; a protected environment always has to be named.",
  wrong: "DROP DATABASE shop;",
  right: "DROP TABLE IF EXISTS pg_temp.shop;",
  check({ node }) {
    const drop = inside(node, "DropdbStmt");
    if (drop === undefined) return [];
    return [
      {
        message: `The database ${writeIdentifier(drop.dbname ?? "")} is gone afterwards, and no transaction brings it back`,
        fix: "confiture db drop",
      },
    ];
  },
};
