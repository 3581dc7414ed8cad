import { inside } from "#sql/parser.ts";
import type { Found, Rule } from "../rule.ts";
import { alterations, nameOf } from "../syntax.ts";

export const attachScans: Rule = {
  id: "attach-scans",
  title: "ATTACH PARTITION that reads the new or the default partition",
  group: "locks",
  severity: "warning",
  asks: ["neighbours", "trace"],
  why: "`ATTACH PARTITION` makes sure that every row of the table fits, and that no row of the default partition belongs into it. Both are locked with ACCESS EXCLUSIVE while they are read.",
  instead:
    "Add a CHECK with the partition's bounds first: `NOT VALID` in one migration, `VALIDATE CONSTRAINT` in the next. PostgreSQL then attaches the table without reading it, and the CHECK can be dropped. For the default partition, a CHECK that excludes the bounds does the same.",
  wrong: "ALTER TABLE events ATTACH PARTITION events_2027 FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');",
  right:
    "CREATE TABLE events_2027 (LIKE events INCLUDING ALL);\nALTER TABLE events ATTACH PARTITION events_2027 FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');",
  check({ node, isOld, world, scans }) {
    return alterations(node, "AT_AttachPartition").flatMap(({ table, command }): Found[] => {
      const attach = inside(command.def, "PartitionCmd");
      const known = world.find(attach?.name);
      const hasCheck = [...(known?.constraints.values() ?? [])].some(
        ({ kind, valid }) => kind === "CONSTR_CHECK" && valid,
      );
      if (!isOld(attach?.name) || !(scans(attach?.name) ?? !hasCheck)) return [];
      const partition = nameOf(attach?.name);
      return [
        {
          message: `ATTACH PARTITION reads ${partition} from beginning to end, while reads and writes of it wait`,
          fix: `ALTER TABLE ${partition} ADD CONSTRAINT fits CHECK (...) NOT VALID;  -- the bounds of the partition\nALTER TABLE ${partition} VALIDATE CONSTRAINT fits;  -- in the next migration\nALTER TABLE ${nameOf(table)} ATTACH PARTITION ${partition} ...;`,
        },
      ];
    });
  },
};
