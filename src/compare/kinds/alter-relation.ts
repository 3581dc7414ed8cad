import { quoteIdentifier, quoteQualified } from "#sql/quote.ts";
import type { Facts } from "../engine/facts.ts";
import type { Extra, Relation, Side } from "./kind.ts";

/** `ALTER TABLE "s"."t"`, or what else it is. */
export function alterRelation(relation: Relation | undefined, facts: Facts): string {
  const { schema, name } = relation!;
  const kind = (Object.keys(WORDS) as (keyof typeof WORDS)[]).find((each) => facts.has({ kind: each, schema, name }));
  return `ALTER ${kind === undefined ? "TABLE" : WORDS[kind]} ${quoteQualified(schema, name)}`;
}

const WORDS = {
  materializedView: "MATERIALIZED VIEW",
  foreignTable: "FOREIGN TABLE",
  view: "VIEW",
  index: "INDEX",
  sequence: "SEQUENCE",
};

/** `ALTER TABLE "s"."t" ALTER COLUMN "c"`, for a property whose path ends with the column. */
export function alterColumn({ relation, path }: Pick<Extra, "relation" | "path">, { facts }: Side): string {
  return `${alterRelation(relation, facts)} ALTER COLUMN ${quoteIdentifier(path[2] ?? "")}`;
}
