import { ConfitureError } from "#errors/error.ts";

/** A budget of time. */
export interface Clock {
  /** Milliseconds. */
  readonly budget: number;
  /** Milliseconds since it began: of work, where others keep the processors busy. */
  readonly spent: () => number;
}

/** @throws ConfitureError `scratch_unusable` with `data.outOfTime` when the budget is used up */
export function requireTime({ budget, spent }: Clock): void {
  if (spent() < budget) return;
  throw new ConfitureError(
    "scratch_unusable",
    `the limit of ${Math.round(budget / 1000)} seconds of work ran out before it was found out`,
    { data: { outOfTime: true } },
  );
}
