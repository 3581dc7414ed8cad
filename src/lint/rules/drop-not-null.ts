import { writeIdentifier } from "#sql/quote.ts";
import type { Rule } from "../rule.ts";
import { alterations } from "#sql/alterations.ts";
import { nameOf } from "../syntax.ts";

export const dropNotNull: Rule = {
  id: "drop-not-null",
  title: "DROP NOT NULL of a column in use",
  group: "data",
  severity: "note",
  asks: ["syntax", "neighbours"],
  aliases: { squawk: ["ban-drop-not-null"] },
  why: "Applications that were written for a column without NULL may meet one now.",
  instead: "First deploy applications that can read NULL, then drop the NOT NULL.",
  wrong: "ALTER TABLE users ALTER COLUMN email DROP NOT NULL;",
  right: "CREATE TABLE users (email text NOT NULL);\nALTER TABLE users ALTER COLUMN email DROP NOT NULL;",
  check({ node, isOld }) {
    return alterations(node, "AT_DropNotNull").flatMap(({ table, command }) =>
      isOld(table)
        ? [{ message: `Readers of ${nameOf(table)}.${writeIdentifier(command.name ?? "")} may meet NULL from now on` }]
        : [],
    );
  },
};
