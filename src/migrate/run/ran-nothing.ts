import type { Direction } from "../events.ts";
import type { LoadedMigration, TypeScriptBody } from "../files/body.ts";
import { emptyMigration } from "../files/empty.ts";
import type { RunOptions } from "./session.ts";

/**
 * What follows where code has run to its end without a statement, which nobody knows before: a way up may be refused, and a way back
 * is an empty one.
 * @throws ConfitureError `migration_empty`
 */
export function ranNothing(
  body: TypeScriptBody,
  { file }: LoadedMigration,
  direction: Direction,
  { requireStatement, onEvent }: Pick<RunOptions, "requireStatement" | "onEvent">,
): void {
  if (direction === "up") {
    if (requireStatement === true) throw emptyMigration(body.file);
    return;
  }
  body.ranNothing = true;
  onEvent?.({ type: "empty", migration: file, direction });
}
