import { inside } from "#sql/parser.ts";
import type { Rule } from "../rule.ts";
import { alterations } from "#sql/alterations.ts";
import { nameOf } from "../syntax.ts";

export const detachBlocks: Rule = {
  id: "detach-blocks",
  title: "DETACH PARTITION without CONCURRENTLY",
  group: "locks",
  severity: "warning",
  asks: ["syntax", "neighbours"],
  aliases: { squawk: ["require-concurrent-partition-detach"] },
  why: "`DETACH PARTITION` takes an ACCESS EXCLUSIVE lock on the partitioned table: it waits for every query on any partition, and all later ones wait behind it.",
  instead:
    "Use `DETACH PARTITION ... CONCURRENTLY`, alone in its migration. It is not possible while the table has a default partition.",
  wrong: "ALTER TABLE events DETACH PARTITION events_2020;",
  right: "ALTER TABLE events DETACH PARTITION events_2020 CONCURRENTLY;",
  check({ node, isOld, world }) {
    return alterations(node, "AT_DetachPartition").flatMap(({ table, command }) => {
      const detach = inside(command.def, "PartitionCmd");
      if (detach?.concurrent === true || !isOld(table)) return [];
      const hasDefault = world.find(table)?.hasDefaultPartition === true;
      return [
        {
          message: `DETACH PARTITION blocks reads and writes of ${nameOf(table)} and all its partitions`,
          fix: hasDefault
            ? "There is a default partition, so CONCURRENTLY is not possible: set a short lock_timeout, and try again"
            : `ALTER TABLE ${nameOf(table)} DETACH PARTITION ${nameOf(detach?.name)} CONCURRENTLY;  -- alone in its migration`,
        },
      ];
    });
  },
};
