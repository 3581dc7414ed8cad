import { inside, type NodeOf } from "#sql/parser.ts";
import type { Found, Rule } from "../rule.ts";
import { settingsSet } from "../settings-set.ts";
import { alterations } from "#sql/alterations.ts";
import { nameOf } from "../syntax.ts";

export const foreignKeysOff: Rule = {
  id: "foreign-keys-off",
  title: "DISABLE TRIGGER ALL, or session_replication_role = replica: foreign keys are not checked",
  group: "data",
  severity: "error",
  asks: ["syntax", "neighbours"],
  why: "PostgreSQL checks foreign keys by triggers of its own. `DISABLE TRIGGER ALL` and `session_replication_role = replica`, also by `set_config()`, switch these off as well, and the rows that were written in the meantime are not checked when they are switched on again.",
  instead:
    "`DISABLE TRIGGER USER` leaves the foreign keys on. Where they really have to be off, drop them, and add them again `NOT VALID` and `VALIDATE`.",
  wrong: "ALTER TABLE orders DISABLE TRIGGER ALL;",
  right: "ALTER TABLE orders DISABLE TRIGGER USER;",
  check({ node, isOld }): readonly Found[] {
    if (settingsSet(node).some(isReplica)) {
      return [
        { message: "From here on, foreign keys are not checked and no trigger runs, in any table of this session" },
      ];
    }
    const kept = inside(node, "AlterRoleSetStmt")?.setstmt ?? inside(node, "AlterDatabaseSetStmt")?.setstmt;
    if (kept !== undefined && isReplica(kept)) {
      return [{ message: "In every session that begins with this, foreign keys are not checked and no trigger runs" }];
    }
    return alterations(node, "AT_DisableTrigAll").flatMap(({ table }): Found[] =>
      isOld(table)
        ? [
            {
              message: `The foreign keys of ${nameOf(table)} are not checked until the triggers are on again, and what is written until then is never checked`,
              fix: `ALTER TABLE ${nameOf(table)} DISABLE TRIGGER USER;`,
            },
          ]
        : [],
    );
  },
};

function isReplica({ name, args }: Pick<NodeOf<"VariableSetStmt">, "name" | "args">): boolean {
  return name === "session_replication_role" && inside(args?.[0], "A_Const")?.sval?.sval?.toLowerCase() === "replica";
}
