import { inside, type RangeVar } from "#sql/parser.ts";
import { parseQualifiedName } from "#sql/quote.ts";
import type { LintStatement } from "../file.ts";
import type { Found, Rule } from "../rule.ts";
import { alterations } from "#sql/alterations.ts";
import { nameOf } from "../syntax.ts";

export const attachScans: Rule = {
  id: "attach-scans",
  title: "A new partition for which it or the default partition is read",
  group: "locks",
  severity: "warning",
  asks: ["syntax", "neighbours", "trace"],
  why: "`ATTACH PARTITION` makes sure that every row of the table fits, and that no row of the default partition belongs into it. Both are locked with ACCESS EXCLUSIVE while they are read. `CREATE TABLE ... PARTITION OF` beside a default partition reads that one as well, and locks the parent as strongly.",
  instead:
    "Add a CHECK with the partition's bounds first: `NOT VALID` in one migration, `VALIDATE CONSTRAINT` in the next. PostgreSQL then attaches the table without reading it, and the CHECK can be dropped. For the default partition, a CHECK that excludes the bounds does the same. Make a partition with `CREATE TABLE ... (LIKE parent)` and attach it.",
  wrong: "ALTER TABLE events ATTACH PARTITION events_2027 FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');",
  right:
    "CREATE TABLE events_2027 (LIKE events INCLUDING ALL);\nALTER TABLE events ATTACH PARTITION events_2027 FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');",
  check({ file, statement, node, isOld, world, scans, facts }) {
    const made = inside(node, "CreateStmt");
    const parent = made?.partbound === undefined ? undefined : inside(made.inhRelations?.[0], "RangeVar");
    const [attachment] = alterations(node, "AT_AttachPartition");
    const attached = inside(attachment?.command.def, "PartitionCmd");
    const added = parent ?? attachment?.table;
    const name = attached?.name?.relname;
    // Whatever else is read is the default partition, or parts of it.
    const read = facts?.scans.filter((table) => !table.isNew && parseQualifiedName(table.name)?.name !== name);
    const isDefault = (made?.partbound ?? attached?.bound)?.is_default;
    const known = world.find(added);
    // Rows that are moved into the new one mostly come out of the default partition.
    const before = file.statements.slice(0, file.statements.indexOf(statement));
    const mayHaveDefault =
      (known === undefined || known.made < 0) && before.some((other) => copiesInto(other, attached?.name));
    const hasDefault =
      facts === undefined ? known?.hasDefaultPartition === true || mayHaveDefault : (read?.length ?? 0) > 0;
    const readsDefault = added !== undefined && isOld(added) && isDefault !== true && hasDefault;
    const ifAny = facts === undefined && mayHaveDefault ? ", if it has one," : "";
    const beside: Found[] = readsDefault
      ? [
          {
            message: `This reads the default partition of ${nameOf(added)}${ifAny} from beginning to end, while reads and writes of ${parent === undefined ? "that partition" : nameOf(added)} wait`,
            fix: "Add a CHECK to the default partition that excludes the new bounds: NOT VALID, and VALIDATE CONSTRAINT in the next migration",
          },
        ]
      : [];
    const itself = alterations(node, "AT_AttachPartition").flatMap(({ command }): Found[] => {
      const attach = inside(command.def, "PartitionCmd");
      const newcomer = world.find(attach?.name);
      const hasCheck = [...(newcomer?.constraints.values() ?? [])].some(
        ({ kind, valid }) => kind === "CONSTR_CHECK" && valid,
      );
      if (!isOld(attach?.name) || !(scans(attach?.name) ?? !hasCheck)) return [];
      const partition = nameOf(attach?.name);
      return [
        {
          message: `ATTACH PARTITION reads ${partition} from beginning to end, while reads and writes of it wait`,
          fix: `Before it, give ${partition} a CHECK that says the same as its bounds, NOT VALID, and VALIDATE CONSTRAINT in the next migration`,
        },
      ];
    });
    return [...itself, ...beside];
  },
};

function copiesInto({ node }: LintStatement, table: RangeVar | undefined): boolean {
  const insert = inside(node, "InsertStmt");
  return (
    insert?.relation?.relname === table?.relname && inside(insert?.selectStmt, "SelectStmt")?.fromClause !== undefined
  );
}
