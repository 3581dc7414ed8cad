import type { Progress } from "./progress.ts";

/**
 * What the record of a backfill says from now on of why it waits, and the milliseconds that it has waited until now. For the same
 * reason with other numbers it goes on waiting. Pure.
 */
export function waitingNow(
  { waits, waitsSince }: Pick<Progress, "waits" | "waitsSince">,
  reason: string | undefined,
  now: Date = new Date(),
): {
  readonly changes: Pick<Progress, "waits" | "waitsSince">;
  readonly waited: number;
  readonly goesOnWaiting: boolean;
} {
  const goesOnWaiting = reason !== undefined && waits !== null && kindOf(reason) === kindOf(waits);
  const waited = waitsSince === null || goesOnWaiting ? 0 : Math.max(0, now.getTime() - waitsSince.getTime());
  const since = goesOnWaiting ? waitsSince : now;
  return { changes: { waits: reason ?? null, waitsSince: reason === undefined ? null : since }, waited, goesOnWaiting };
}

/** A reason without its numbers. */
function kindOf(reason: string): string {
  return reason.replaceAll(/\d+(?:\.\d+)?/g, "");
}
