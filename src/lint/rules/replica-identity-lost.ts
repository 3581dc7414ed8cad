import type { Rule } from "../rule.ts";
import { inside } from "#sql/parser.ts";
import { alterations, nameOf } from "../syntax.ts";

export const replicaIdentityLost: Rule = {
  id: "replica-identity-lost",
  title: "A primary key dropped, or REPLICA IDENTITY NOTHING",
  group: "data",
  severity: "warning",
  asks: ["syntax", "neighbours"],
  why: "Logical replication finds rows by their primary key. In a published table without one, every UPDATE and DELETE fails.",
  instead: "Set another replica identity first, or add the new primary key in the same statement.",
  wrong: "ALTER TABLE users DROP CONSTRAINT users_pkey;",
  right: "ALTER TABLE users DROP CONSTRAINT users_pkey, ADD PRIMARY KEY USING INDEX users_new_pkey;",
  check({ node, isOld, world }) {
    const all = alterations(node);
    const addsKey = all.some(({ command }) => inside(command.def, "Constraint")?.contype === "CONSTR_PRIMARY");
    return all.flatMap(({ table, command }) => {
      if (!isOld(table)) return [];
      const known = world.find(table)?.constraints.get(command.name ?? "");
      const isKey =
        known === undefined ? command.name === `${table.relname ?? ""}_pkey` : known.kind === "CONSTR_PRIMARY";
      const drops = command.subtype === "AT_DropConstraint" && isKey && !addsKey;
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
