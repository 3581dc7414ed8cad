import { inside, type RangeVar } from "#sql/parser.ts";
import { parseQualifiedName } from "#sql/quote.ts";
import type { Found, Rule } from "../rule.ts";

/** A table that is smaller finds room nearly everywhere. In bytes. */
const LARGE = 2 ** 30;

export const diskHeadroom: Rule = {
  id: "disk-headroom",
  title: "A rewrite or an index that needs a lot of disk space",
  group: "locks",
  severity: "note",
  asks: ["trace", "sizes"],
  why: "PostgreSQL writes a second copy of the table and its indexes beside the old one, and as much again into the write-ahead log; the old files go when the transaction commits. If the disk fills up before that, the statement fails, and so does everything else that needs space. Reported for tables of a gigabyte and more, where their sizes are known (`--stats`, or the database of the environment).",
  instead:
    "Make sure that there is room for the table, its indexes and the log, on replicas as well; or move the rows in batches.",
  wrong: "ALTER TABLE events ALTER COLUMN id TYPE bigint;",
  right: "ALTER TABLE events ADD COLUMN note text;",
  check({ node, facts, sizeOf }) {
    const rangeOf = (name: string): RangeVar => {
      const { schema, name: relname } = parseQualifiedName(name) ?? { name };
      return schema === undefined ? { relname } : { schemaname: schema, relname };
    };
    const isBuild = inside(node, "IndexStmt") !== undefined;
    const written = new Map(
      [
        ...(facts?.rewrites ?? []),
        ...[...(facts?.buildsIndexes ?? []), ...(facts?.rewritesIndexes ?? [])].flatMap(({ table, isNew }) =>
          table === undefined || (isNew && !isBuild) ? [] : [{ name: table, isNew: false }],
        ),
      ]
        .filter(({ isNew }) => !isNew)
        .map(({ name }) => [name, sizeOf(rangeOf(name))?.bytes ?? 0]),
    );
    return [...written].flatMap(([name, bytes]): Found[] =>
      bytes < LARGE
        ? []
        : [
            {
              message: `${name} has ${(bytes / LARGE).toFixed(1)} GB: ${facts?.rewrites.length === 0 ? "the new index needs disk space of its own" : "the rewrite needs that much disk space again, more for its indexes, and as much in the log"}`,
              fix: "Check the free space, on replicas as well",
            },
          ],
    );
  },
};
