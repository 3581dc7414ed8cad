import type { Found, Rule } from "../rule.ts";
import { listOf, madeForeignKeys, nameOf } from "../syntax.ts";

export const foreignKeyWithoutIndex: Rule = {
  id: "foreign-key-without-index",
  title: "A new foreign key without an index on its columns",
  group: "objects",
  severity: "note",
  schemaFiles: true,
  asks: ["syntax", "neighbours"],
  aliases: { eugene: ["E15"] },
  why: "PostgreSQL makes no index for a foreign key. Every DELETE, and every UPDATE of the key, of the table that it points to reads this table from beginning to end.",
  instead: "Create an index that begins with the columns of the foreign key.",
  wrong: "CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint REFERENCES users (id));",
  right:
    "CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint REFERENCES users (id));\nCREATE INDEX ON orders (user_id);",
  atEnd({ node, world }) {
    return madeForeignKeys(node).flatMap(({ table, constraint, columns, isOfNewTable }): Found[] => {
      const known = world.find(table);
      // Of a table that is not known, neither are its indexes.
      if (known === undefined || known.made < 0) return [];
      const isServed = world
        .indexesOf(`${known.schema}.${known.name}`)
        .some(
          ({ index }) =>
            index?.plain === true && columns.every((name) => index.columns.slice(0, columns.length).includes(name)),
        );
      if (isServed) return [];
      return [
        {
          message: `No index begins with ${listOf(columns)} of ${nameOf(table)}: every DELETE in ${nameOf(constraint.pktable)} reads all of it`,
          fix: `CREATE INDEX ${isOfNewTable || known.partitioned ? "" : "CONCURRENTLY "}ON ${nameOf(table)} (${listOf(columns)});`,
          at: constraint.location,
        },
      ];
    });
  },
};
