import { unawaited } from "#database/unawaited.ts";

/** Whether something that nobody waits for would keep the process from ending. */
export function isHeld(): boolean {
  return unawaited.count > 0;
}
