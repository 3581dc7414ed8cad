import { Statement } from "#sql/statement.ts";
import { isSwallowing, lossOfSwallowed } from "#sql/effects/swallowed-writes.ts";
import type { Rule } from "../rule.ts";
import { rangeOfName } from "../syntax.ts";

export const triggerSwallowsWrites: Rule = {
  id: "trigger-swallows-writes",
  title: "A trigger that lets nothing be written",
  group: "data",
  severity: "warning",
  asks: ["syntax", "neighbours", "trace"],
  why: "Before a row is written, PostgreSQL asks its `BEFORE ... FOR EACH ROW` triggers, and where one returns NULL, the row is left out: `INSERT`, `UPDATE` or `DELETE` succeeds and changes nothing, and nobody is told. So does `RETURN NEW` where a row is deleted, for NEW is NULL then, and `RETURN OLD` where one comes. A function that was written for `AFTER` triggers, where its result counts for nothing, mostly returns NULL. An `INSTEAD OF` trigger that writes nothing does the same to a view. Where only one way through the function returns NULL, rows made up in a scratch database tell whether it is taken.",
  instead:
    "Return the row (`RETURN NEW`, or `RETURN OLD` for a DELETE), or make it an `AFTER` trigger. To forbid writes, take the right away (`REVOKE INSERT ON ...`), or raise an error: then whoever writes is told.",
  wrong:
    "CREATE FUNCTION log_payment() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO payment_log VALUES (NEW.id); RETURN NULL; END';\nCREATE TRIGGER payments_log BEFORE INSERT ON payments FOR EACH ROW EXECUTE FUNCTION log_payment();",
  right:
    "CREATE FUNCTION log_payment() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO payment_log VALUES (NEW.id); RETURN NULL; END';\nCREATE TRIGGER payments_log AFTER INSERT ON payments FOR EACH ROW EXECUTE FUNCTION log_payment();",
  check({ statement, facts, world, isOld }) {
    const told = world.triggers
      .swallowedBy(Statement.of(statement.text))
      .filter(({ table, fate }) => fate !== "branch" && isOld(rangeOfName(table)))
      .map((one) => lossOfSwallowed(one));
    const losses = facts === undefined ? told : facts.loses.filter(isSwallowing);
    return losses.map((loss) => ({
      message: `This ${loss}: a row for which the trigger returns NULL is left out, and nobody is told`,
      fix: "Let it RETURN NEW (OLD where a row is deleted), make it an AFTER trigger, or raise an error",
    }));
  },
};
