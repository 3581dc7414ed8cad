/** A constraint, as the catalogue has it. */
export interface Definition {
  /** By pg_constraint.contype. */
  readonly type: string;
  /** Without NOT VALID. */
  readonly def: string;
  readonly validated: boolean;
}

/**
 * What ALTER CONSTRAINT says to make one foreign key of another; undefined where only a new one will do. Only a PostgreSQL that knows NOT
 * ENFORCED has one to begin or end with. The planner writes constraints with it (`scripts/patch-planner.ts`). Pure.
 */
export function foreignKeyChange(from: Definition, to: Definition): string | undefined {
  const [before, after] = [timingOf(from), timingOf(to)];
  if (from.type !== "f" || to.type !== "f" || before.reference !== after.reference) return undefined;
  const isEnforced = after.enforced && !before.enforced;
  // PostgreSQL looks at the rows of one that comes to be enforced, and has no statement that forgets what it has seen.
  if (isEnforced ? !to.validated : before.enforced === after.enforced && from.validated && !to.validated)
    return undefined;
  return [
    ...(before.timing === after.timing ? [] : [after.timing]),
    ...(before.enforced === after.enforced ? [] : [after.enforced ? "ENFORCED" : "NOT ENFORCED"]),
  ].join(" ");
}

/** Whether one is enforced and the other is not: whether rows are valid follows from that. Pure. */
export function changesEnforcement(from: string, to: string): boolean {
  return from.endsWith(NOT_ENFORCED) !== to.endsWith(NOT_ENFORCED);
}

const NOT_ENFORCED = " NOT ENFORCED";

function timingOf({ def }: Definition): {
  readonly reference: string;
  readonly timing: string;
  readonly enforced: boolean;
} {
  const enforced = !def.endsWith(NOT_ENFORCED);
  const rest = enforced ? def : def.slice(0, -NOT_ENFORCED.length);
  for (const [end, timing] of TIMINGS)
    if (rest.endsWith(end)) return { reference: rest.slice(0, -end.length), timing, enforced };
  return { reference: rest, timing: "NOT DEFERRABLE", enforced };
}

const TIMINGS = [
  [" DEFERRABLE INITIALLY DEFERRED", "DEFERRABLE INITIALLY DEFERRED"],
  [" DEFERRABLE", "DEFERRABLE INITIALLY IMMEDIATE"],
] as const;
