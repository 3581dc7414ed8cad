import type { Context, Rule } from "../rule.ts";
import { inside, type Node, type RangeVar } from "#sql/parser.ts";
import { alterations } from "#sql/alterations.ts";
import { addedConstraints, dropped, nameOf } from "../syntax.ts";
import { rangeOf } from "../world/relations.ts";

export const replicaIdentityLost: Rule = {
  id: "replica-identity-lost",
  title: "A primary key dropped, or REPLICA IDENTITY NOTHING",
  group: "data",
  severity: "warning",
  asks: ["syntax", "neighbours"],
  why: "Logical replication finds rows by their primary key. In a published table without one, every UPDATE and DELETE fails.",
  instead: "Set another replica identity first, or add the new primary key in the same migration.",
  wrong: "ALTER TABLE users DROP CONSTRAINT users_pkey;",
  right: "ALTER TABLE users DROP CONSTRAINT users_pkey, ADD PRIMARY KEY USING INDEX users_new_pkey;",
  check(context) {
    const { node, isOld, world } = context;
    return alterations(node).flatMap(({ table, command }) => {
      if (!isOld(table)) return [];
      const known = world.find(table)?.constraints.get(command.name ?? "");
      const isKey =
        known === undefined ? command.name === `${table.relname ?? ""}_pkey` : known.kind === "CONSTR_PRIMARY";
      const drops = command.subtype === "AT_DropConstraint" && isKey && !isSetAgain(context, table);
      const nothing =
        command.subtype === "AT_ReplicaIdentity" && inside(command.def, "ReplicaIdentityStmt")?.identity_type === "n";
      if (!drops && !nothing) return [];
      return [
        {
          message: `If ${nameOf(table)} is published, every UPDATE and DELETE of it fails from now on`,
          fix: "Set another REPLICA IDENTITY first",
        },
      ];
    });
  },
};

/** Whether the same statement, or one behind it, gives the table another key or identity, or drops it. */
function isSetAgain({ file, statement, world }: Context, table: RangeVar): boolean {
  const isSame = (other: RangeVar): boolean => world.keyOf(other) === world.keyOf(table);
  const sets = (node: Node): boolean =>
    addedConstraints(node, "CONSTR_PRIMARY").some((added) => isSame(added.table)) ||
    alterations(node, "AT_ReplicaIdentity").some((other) => isSame(other.table)) ||
    dropped(node, "OBJECT_TABLE").some(({ parts }) => isSame(rangeOf(parts)));
  const from = file.statements.indexOf(statement);
  return file.statements.slice(from).some(({ node }) => node !== undefined && sets(node));
}
