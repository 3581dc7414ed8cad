import { inside } from "#sql/parser.ts";
import { writeIdentifier } from "#sql/quote.ts";
import type { Rule } from "../rule.ts";
import { nameOf } from "../syntax.ts";

export const setSchema: Rule = {
  id: "set-schema",
  title: "SET SCHEMA of a table in use",
  group: "data",
  severity: "error",
  asks: ["syntax", "neighbours"],
  why: "Every application that uses the table under its old name fails from that moment on.",
  instead: "Leave a view with the old name behind, in the same migration.",
  wrong: "ALTER TABLE users SET SCHEMA app;",
  right: "ALTER TABLE users SET SCHEMA app;\nCREATE VIEW public.users AS SELECT * FROM app.users;",
  atEnd({ node, world, movesOld }) {
    const move = inside(node, "AlterObjectSchemaStmt");
    if (move?.relation === undefined || (move.objectType !== "OBJECT_TABLE" && move.objectType !== "OBJECT_VIEW"))
      return [];
    if (!movesOld || world.find(move.relation) !== undefined) return [];
    const name = nameOf(move.relation);
    return [
      {
        message: `Applications that use ${name} fail as soon as it is in the schema ${writeIdentifier(move.newschema ?? "")}`,
        fix: `CREATE VIEW ${name} AS SELECT * FROM ${writeIdentifier(move.newschema ?? "")}.${writeIdentifier(move.relation.relname ?? "")};  -- in the same migration`,
      },
    ];
  },
};
