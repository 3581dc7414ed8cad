import { inside } from "#sql/parser.ts";
import { isWord, tokensOf } from "#sql/lexer/tokens.ts";
import type { Rule } from "../rule.ts";
import { concurrently, UNIQUE_LATER } from "../rewrite.ts";
import { indexOn, nameOf } from "../syntax.ts";

export const indexBlocksWrites: Rule = {
  id: "index-blocks-writes",
  title: "CREATE INDEX on a table in use, without CONCURRENTLY",
  group: "locks",
  severity: "error",
  asks: ["syntax", "neighbours", "trace"],
  aliases: {
    squawk: ["require-concurrent-index-creation"],
    eugene: ["E6"],
    atlas: ["PG101"],
    strongMigrations: ["add_index", "add_reference"],
  },
  why: "`CREATE INDEX` takes a SHARE lock: every INSERT, UPDATE and DELETE on the table waits until the index is built and the transaction is committed. On a large table that is minutes.",
  instead:
    "Build the index with `CONCURRENTLY`, alone in its migration: PostgreSQL does not allow it inside a transaction, and Confiture runs a file that holds nothing else without one. If it fails, it leaves an invalid index behind; drop that, then run the migration again. `confiture lint --fix` makes this change, but not for a unique index: rows that it keeps out could come in before it.",
  wrong: "CREATE INDEX users_email_idx ON users (email);",
  right: "CREATE INDEX CONCURRENTLY users_email_idx ON users (email);",
  check({ node, isOld, world, statement, facts }) {
    const index = inside(node, "IndexStmt");
    // ON ONLY a partitioned table makes a name for the indexes of its partitions, and reads nothing.
    if (index === undefined || index.concurrent === true || index.relation?.inh !== true || !isOld(index.relation))
      return [];
    // IF NOT EXISTS over an index that is there.
    if (facts?.buildsIndexes.length === 0) return [];
    const table = nameOf(index.relation);
    const isPartitioned = world.find(index.relation)?.partitioned === true;
    const online = concurrently(statement.text, "INDEX");
    const { idxname: name } = index;
    const whyNot = isPartitioned
      ? `${table} is partitioned, and its partitions get their indexes one by one`
      : name === undefined
        ? "the index has no name; give it one"
        : index.if_not_exists === true
          ? "IF NOT EXISTS passes over an invalid index that CONCURRENTLY may leave behind"
          : index.unique === true
            ? UNIQUE_LATER
            : undefined;
    return [
      {
        message: `CREATE INDEX blocks writes to ${table} until the index is built`,
        fix: isPartitioned
          ? `${onOnly(statement.text)};\nThen CREATE INDEX CONCURRENTLY on each partition of ${table}, and ATTACH PARTITION each to this index (ALTER INDEX)`
          : `${online};  -- alone in its migration`,
        ...(name === undefined || whyNot !== undefined
          ? { notRewritten: whyNot }
          : {
              rewrite: {
                here: undefined,
                alone: online,
                uses: name,
                later: {
                  name: `index_${name}`,
                  up: online,
                  down: `DROP INDEX CONCURRENTLY ${indexOn(index.relation, name)}`,
                },
              },
            }),
      },
    ];
  },
};

/** Behind its name, if it has one, which may be "on". */
function onOnly(text: string): string {
  const on = tokensOf(text).find((token) => token.depth === 0 && isWord(token, "ON"));
  return on === undefined ? text : `${text.slice(0, on.end)} ONLY${text.slice(on.end)}`;
}
