import { inside } from "#sql/parser.ts";
import type { Rule } from "../rule.ts";
import { nameOf } from "../syntax.ts";

export const vacuumFull: Rule = {
  id: "vacuum-full",
  title: "VACUUM FULL or CLUSTER, which copy the table",
  group: "locks",
  severity: "error",
  asks: ["syntax", "neighbours"],
  aliases: { squawk: ["prefer-repack"] },
  why: "`VACUUM FULL` and `CLUSTER` copy the whole table under an ACCESS EXCLUSIVE lock: nobody can read or write it.",
  instead:
    "Plain `VACUUM` gives room back to the table without blocking anybody. To make a table smaller while it is used, the extensions pg_repack and pg_squeeze copy it beside the work.",
  wrong: "VACUUM FULL users;",
  right: "VACUUM users;",
  check({ node, isOld }) {
    const vacuum = inside(node, "VacuumStmt");
    const isFull = (vacuum?.options ?? []).some((option) => inside(option, "DefElem")?.defname === "full");
    if (vacuum !== undefined && isFull) {
      const tables = (vacuum.rels ?? []).flatMap((relation) => inside(relation, "VacuumRelation")?.relation ?? []);
      const what = tables.length === 0 ? "every table" : tables.map(nameOf).join(", ");
      return [
        {
          message: `VACUUM FULL copies all of ${what}, while all reads and writes of it wait`,
          fix: "Leave FULL out, or use pg_repack",
        },
      ];
    }
    const cluster = inside(node, "ClusterStmt");
    if (cluster === undefined || (cluster.relation !== undefined && !isOld(cluster.relation))) return [];
    const what = cluster.relation === undefined ? "every clustered table" : nameOf(cluster.relation);
    return [{ message: `CLUSTER copies all of ${what}, while all reads and writes of it wait`, fix: "Use pg_repack" }];
  },
};
