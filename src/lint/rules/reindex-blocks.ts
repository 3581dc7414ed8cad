import { inside } from "#sql/parser.ts";
import { writeIdentifier } from "#sql/quote.ts";
import type { Rule } from "../rule.ts";
import { nameOf } from "../syntax.ts";

export const reindexBlocks: Rule = {
  id: "reindex-blocks",
  title: "REINDEX without CONCURRENTLY",
  group: "locks",
  severity: "error",
  asks: ["syntax", "neighbours"],
  aliases: { squawk: ["require-concurrent-reindex"] },
  why: "`REINDEX` blocks writes to the table until the index is built and the transaction is committed, and reads as well: whoever plans a query locks every index of its tables, whether or not it is going to be used.",
  instead: "Use `REINDEX ... CONCURRENTLY`, alone in its migration.",
  wrong: "REINDEX TABLE users;",
  right: "REINDEX TABLE CONCURRENTLY users;",
  check({ node, world, isOld }) {
    const reindex = inside(node, "ReindexStmt");
    if (reindex === undefined) return [];
    const options = (reindex.params ?? []).map((param) => inside(param, "DefElem")?.defname);
    if (options.includes("concurrently") || reindex.kind === "REINDEX_OBJECT_SYSTEM") return [];
    const known = world.find(reindex.relation);
    if (known !== undefined && !isOld(reindex.relation)) return [];
    const named = reindex.name === undefined ? undefined : writeIdentifier(reindex.name);
    const name = reindex.relation === undefined ? named : nameOf(reindex.relation);
    const kind = reindex.kind?.replace("REINDEX_OBJECT_", "") ?? "TABLE";
    return [
      {
        message: `REINDEX blocks reads and writes until ${name ?? "the database"} is rebuilt`,
        fix: `REINDEX ${kind} CONCURRENTLY${name === undefined ? "" : ` ${name}`};  -- alone in its migration`,
      },
    ];
  },
};
