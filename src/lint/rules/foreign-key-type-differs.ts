import { strings } from "#sql/parser.ts";
import type { Found, Rule } from "../rule.ts";
import { madeForeignKeys, nameOf } from "../syntax.ts";
import { writeIdentifier } from "#sql/quote.ts";

export const foreignKeyTypeDiffers: Rule = {
  id: "foreign-key-type-differs",
  title: "A foreign key of another type than the column it points to",
  group: "objects",
  severity: "warning",
  schemaFiles: true,
  asks: ["neighbours"],
  why: "An `integer` that points to a `bigint` cannot hold every key, and comparisons between the two convert one side for every row.",
  instead: "Give both columns the same type.",
  given: "CREATE TABLE users (id bigint PRIMARY KEY);",
  wrong: "CREATE TABLE orders (id bigint PRIMARY KEY, user_id integer REFERENCES users (id));",
  right: "CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint REFERENCES users (id));",
  atEnd({ node, world }) {
    return madeForeignKeys(node).flatMap(({ table, constraint, columns }): Found[] => {
      const target = world.find(constraint.pktable);
      const keys =
        [...(target?.constraints.values() ?? [])].find(({ kind }) => kind === "CONSTR_PRIMARY")?.columns ?? [];
      const named = strings(constraint.pk_attrs);
      const referenced = named.length > 0 ? named : keys;
      return columns.flatMap((name, at): Found[] => {
        const from = plain(world.column(table, name)?.type ?? "");
        const to = plain(target?.columns.get(referenced[at] ?? "")?.type ?? "");
        if (from === "" || to === "" || from === to) return [];
        return [
          {
            message: `${nameOf(table)}.${writeIdentifier(name)} is ${from} and points to a column of type ${to}`,
            fix: `${writeIdentifier(name)} ${to}`,
            at: constraint.location,
          },
        ];
      });
    });
  },
};

/** What a column of a serial type is. */
function plain(type: string): string {
  const serial = /^(big|small)?serial(\d)?$/.exec(type);
  if (serial === null) return type;
  if (serial[1] === "big" || serial[2] === "8") return "bigint";
  return serial[1] === "small" || serial[2] === "2" ? "smallint" : "integer";
}
