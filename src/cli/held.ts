import { abandonedAttempts } from "#database/abandoned-attempts.ts";

/** Whether something that nobody waits for would keep the process from ending. */
export function isHeld(): boolean {
  return abandonedAttempts.count > 0;
}
