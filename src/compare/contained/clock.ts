import { ConfitureError } from "#errors/error.ts";

/** A budget of time. */
export interface Clock {
  /** Milliseconds. */
  readonly budget: number;
  /** Milliseconds since it began: of work, where others keep the processors busy. */
  readonly spent: () => number;
}

/** @throws ConfitureError `scratch_unusable` when the budget is used up */
export function requireTime({ budget, spent }: Clock): void {
  if (spent() < budget) return;
  throw new ConfitureError("scratch_unusable", `it takes more than ${Math.round(budget / 1000)} seconds to find out`);
}
