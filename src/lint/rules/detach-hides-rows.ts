import { inside } from "#sql/parser.ts";
import type { Rule } from "../rule.ts";
import { alterations } from "#sql/alterations.ts";
import { nameOf } from "../syntax.ts";

export const detachHidesRows: Rule = {
  id: "detach-hides-rows",
  title: "Rows that a table does not show any more",
  group: "data",
  severity: "note",
  asks: ["syntax", "neighbours"],
  why: "`DETACH PARTITION` and `NO INHERIT` leave the rows where they are, in a table of their own. Queries of the partitioned table or the parent do not find them any more, and foreign keys, row level security and rights of that table do not go for them.",
  instead:
    "Make sure that no application needs these rows from the table, then detach. Say so in the migration: `-- confiture:ignore detach-hides-rows archived since 2024`.",
  wrong: "ALTER TABLE events DETACH PARTITION events_2020;",
  right: "ALTER TABLE events ATTACH PARTITION events_2020 FOR VALUES FROM (2020) TO (2021);",
  check({ node, isOld }) {
    const detached = alterations(node, "AT_DetachPartition").map(({ table, command }) => ({
      parent: table,
      part: inside(command.def, "PartitionCmd")?.name,
    }));
    const disinherited = alterations(node, "AT_DropInherit").map(({ table, command }) => ({
      parent: inside(command.def, "RangeVar"),
      part: table,
    }));
    return [...detached, ...disinherited].flatMap(({ parent, part }) =>
      parent !== undefined && isOld(parent) && isOld(part)
        ? [{ message: `Queries of ${nameOf(parent)} do not find the rows of ${nameOf(part)} any more` }]
        : [],
    );
  },
};
