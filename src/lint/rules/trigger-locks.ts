import { inside, strings } from "#sql/parser.ts";
import type { Found, Rule } from "../rule.ts";
import { nameOf, nameOfParts } from "../syntax.ts";

export const triggerLocks: Rule = {
  id: "trigger-locks",
  title: "CREATE or DROP TRIGGER and LOCK TABLE on a table in use",
  group: "locks",
  severity: "note",
  severityElse: "warning of LOCK TABLE",
  asks: ["syntax", "neighbours"],
  why: "`CREATE TRIGGER` blocks writes to the table until the transaction ends, `DROP TRIGGER` reads as well; `LOCK TABLE` whatever its mode says, ACCESS EXCLUSIVE when it says nothing.",
  instead: "Keep it alone in its migration, so that the lock is held for a moment only.",
  wrong: "CREATE TRIGGER users_audit AFTER UPDATE ON users FOR EACH ROW EXECUTE FUNCTION audit();",
  right:
    "CREATE TABLE users (id bigint);\nCREATE TRIGGER users_audit AFTER UPDATE ON users FOR EACH ROW EXECUTE FUNCTION audit();",
  check({ node, isOld, world }): readonly Found[] {
    const create = inside(node, "CreateTrigStmt");
    if (create?.relation !== undefined) {
      const { relation } = create;
      const isView = world.find(relation)?.kind === "view";
      return isOld(relation) && !isView
        ? [{ message: `CREATE TRIGGER blocks writes to ${nameOf(relation)} until the transaction ends` }]
        : [];
    }
    const drop = inside(node, "DropStmt");
    if (drop?.removeType === "OBJECT_TRIGGER") {
      return (drop.objects ?? []).flatMap((object) => {
        const table = strings(inside(object, "List")?.items).slice(0, -1);
        const known = world.findByParts(table);
        const isNew = known !== undefined && !isOld({ schemaname: known.schema, relname: known.name });
        return isNew
          ? []
          : [{ message: `DROP TRIGGER blocks reads and writes of ${nameOfParts(table)} until the transaction ends` }];
      });
    }
    return (inside(node, "LockStmt")?.relations ?? []).flatMap((relation): Found[] => {
      const table = inside(relation, "RangeVar");
      return isOld(table)
        ? [{ severity: "warning", message: `LOCK TABLE keeps ${nameOf(table)} locked until the transaction ends` }]
        : [];
    });
  },
};
