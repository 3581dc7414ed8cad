import { inside } from "#sql/parser.ts";
import type { Rule } from "../rule.ts";
import { concurrently } from "../rewrite.ts";
import { dropped, nameOfParts } from "../syntax.ts";

export const dropIndexBlocks: Rule = {
  id: "drop-index-blocks",
  title: "DROP INDEX on a table in use, without CONCURRENTLY",
  group: "locks",
  severity: "warning",
  asks: ["syntax", "neighbours"],
  aliases: {
    squawk: ["require-concurrent-index-deletion"],
    atlas: ["PG102"],
    strongMigrations: ["remove_index"],
  },
  why: "`DROP INDEX` takes an ACCESS EXCLUSIVE lock on the table. The drop itself is quick, but it waits for every running query on the table, and all queries that come after wait behind it.",
  instead:
    "Use `DROP INDEX CONCURRENTLY`, alone in its migration. An index of a primary key or a unique constraint is dropped with its constraint; the index of a partitioned table cannot be dropped concurrently.",
  wrong: "DROP INDEX users_email_idx;",
  right: "DROP INDEX CONCURRENTLY users_email_idx;",
  check({ node, world, isOld, statement }) {
    if (inside(node, "DropStmt")?.concurrent === true) return [];
    return dropped(node, "OBJECT_INDEX").flatMap(({ parts }, _at, all) => {
      const known = world.findByParts(parts);
      const table = known?.index === undefined ? undefined : world.relations.get(known.index.table);
      const isNew = known !== undefined && !isOld({ schemaname: known.schema, relname: known.name });
      if (isNew || table?.partitioned === true || table?.temporary === true || known?.index?.ofConstraint === true)
        return [];
      return [
        {
          message: `DROP INDEX ${nameOfParts(parts)} waits for every query on its table, and all later ones wait behind it`,
          fix:
            all.length === 1
              ? `${concurrently(statement.text, "INDEX")};  -- alone in its migration`
              : `DROP INDEX CONCURRENTLY ${nameOfParts(parts)};  -- one statement for each index`,
        },
      ];
    });
  },
};
