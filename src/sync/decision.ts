/** What is proposed for a column, and why where that is not its name. */
export interface Decision {
  /** `keep`, a transform, `?`; undefined for a foreign key that follows its key. */
  readonly rule: string | undefined;
  readonly why?: string;
  /** The same in lines, where it is long. */
  readonly lines?: readonly string[];
  /** What is proposed where this does not go together with other rules. */
  readonly otherwise?: Decision;
}

export const UNDECIDED = "?";

/** What is to be decided, as YAML has it. */
export const OPEN = '"?"';

/** Whether somebody has still to decide, about the column or something in its documents. */
export function isOpen({ rule }: Decision): boolean {
  return rule === UNDECIDED || rule?.includes(OPEN) === true;
}
