import type { Script } from "#database/script.ts";
import { cannotRunInTransaction, setsTransaction, transactionControl } from "#sql/classify.ts";
import type { Statement } from "#sql/statement.ts";

/**
 * Statements that count as one step: usually one; those of one transaction of the file's own all together, since the ledger can
 * only be advanced between transactions.
 */
export function unitsOf(script: Script): readonly (readonly Statement[])[] {
  if (script.parts !== undefined) return script.parts;
  const units: Statement[][] = [];
  let open: Statement[] | undefined;
  for (const statement of script.statements) {
    const verb = transactionControl(statement);
    if (open !== undefined) {
      open.push(statement);
      if (verb !== undefined) open = undefined;
      continue;
    }
    const unit = [statement];
    units.push(unit);
    if (verb === "BEGIN" || verb === "START TRANSACTION") open = unit;
  }
  return units;
}

/**
 * Whether a step can be done and not counted when the runner ends in the wrong moment: PostgreSQL commits it by
 * itself, apart from its count.
 */
export function isUncertain(unit: readonly Statement[]): boolean {
  return howToRun(unit) === "alone";
}

/**
 * `with-count`: in one transaction with its count; so are several statements that bring no BEGIN with them. `own-transaction`: the file's own BEGIN and COMMIT, with the
 * count before the COMMIT. `alone`: not inside a transaction; CALL and DO may commit by themselves.
 */
export function howToRun(unit: readonly Statement[]): "with-count" | "own-transaction" | "alone" {
  const [first] = unit;
  const last = unit.at(-1);
  if (first === undefined || last === undefined) return "alone";
  if (unit.length > 1) {
    if (transactionControl(first) === undefined) return "with-count";
    const end = transactionControl(last);
    return end === "COMMIT" || end === "END" ? "own-transaction" : "alone";
  }
  // SET TRANSACTION READ ONLY would keep the count from being written.
  if (setsTransaction(first)) return "alone";
  const commits = first.words[0] === "CALL" || first.words[0] === "DO" || transactionControl(first) !== undefined;
  return commits || cannotRunInTransaction(first) !== undefined ? "alone" : "with-count";
}
