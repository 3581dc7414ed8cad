import { inside } from "#sql/parser.ts";
import { writeIdentifier } from "#sql/quote.ts";
import type { Found, Rule } from "../rule.ts";
import { madeColumns, madeTable } from "../syntax.ts";

/** What needs no quotes when it is written in lower case. */
const PLAIN = /^[a-z_][a-z0-9_]*$/;

export const naming: Rule = {
  id: "naming",
  title: "A new name that has to be quoted",
  group: "objects",
  severity: "note",
  on: false,
  schemaFiles: true,
  asks: ["syntax"],
  aliases: { atlas: ["NM101", "NM102", "NM103", "NM104", "NM105", "NM106"] },
  why: "A name with capitals or spaces has to be in quotes wherever it is used; without them PostgreSQL looks for another one.",
  instead: "Use lower case and underscores.",
  wrong: 'CREATE TABLE "User Accounts" (id bigint PRIMARY KEY);',
  right: "CREATE TABLE user_accounts (id bigint PRIMARY KEY);",
  check({ node }) {
    const made = madeTable(node);
    const names = [
      ...(made === undefined ? [] : [{ name: made.table.relname ?? "", at: made.table.location }]),
      ...madeColumns(node).map(({ column }) => ({ name: column.colname ?? "", at: column.location })),
      ...[inside(node, "IndexStmt")?.idxname].flatMap((name) => (name === undefined ? [] : [{ name, at: undefined }])),
    ];
    return names
      .filter(({ name }) => !PLAIN.test(name))
      .map(({ name, at }): Found => ({
        message: `${writeIdentifier(name)} has to be in quotes wherever it is used`,
        at,
      }));
  },
};
