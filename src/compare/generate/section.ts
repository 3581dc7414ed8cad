import type { PlannedStatement } from "../plan/statement.ts";
import type { Effects } from "./effects.ts";

/** A statement of a plan that was run. */
export interface MeasuredStatement extends PlannedStatement {
  readonly effects: Effects;
  /** How to do without what it does to a table in use. */
  readonly advice?: string;
}

/** One direction of a migration. */
export interface Section {
  readonly statements: readonly MeasuredStatement[];
  /** Whether all of it is one transaction, or each statement one of its own. */
  readonly transactional: boolean;
  /** What stands behind the marker of its file beside that: "phase:expand change:users_name". */
  readonly marker?: string;
}
