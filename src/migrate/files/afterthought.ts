import type { ConfitureError } from "#errors/error.ts";
import type { TypeScriptBody } from "./body.ts";
import type { MigrateEvent } from "../events.ts";
import type { AllLeftOpen } from "../guest/left-open.ts";

/** What TypeScript migrations of one command have left open. */
export type LeftOpenBodies = AllLeftOpen<TypeScriptBody>;

const OF_APPLIED =
  "This database lacks what the statement does. Roll the migration back, correct it and apply it again, or put the statement into a new migration.";
const OF_ROLLED_BACK = "This database still has what the statement was to undo: run it by hand.";

/**
 * The failure by what a migration did after it had ended, with nobody to wait for it.
 * @param isCommitted whether the migration is recorded already
 */
export async function afterthought(
  leftOpen: LeftOpenBodies,
  isCommitted: boolean,
): Promise<ConfitureError | undefined> {
  const said = leftOpen.spoken();
  if (said === undefined) return undefined;
  const { file, absolutePath, method } = said.about;
  const { text, stack } = said.spoke;
  const { askedLate, thrown } = await import("./typescript.ts");
  const recorded =
    method === "up" ? "the migration is recorded as applied" : "the migration is recorded as rolled back";
  if (text === undefined) {
    const outcome = isCommitted ? `, and was not run: ${recorded} without it` : "";
    const error = askedLate(file, absolutePath, method, stack, outcome);
    return isCommitted
      ? error.with({ hint: `${method === "up" ? OF_APPLIED : OF_ROLLED_BACK}\n${error.hint}` })
      : error;
  }
  const what = `What ${method}() of ${file} had left running failed${isCommitted ? `, and ${recorded}` : ""}`;
  return thrown(file, absolutePath, { text, stack }, what);
}

/** Waits, for a moment and only where something is open, for what the migrations may still do, and ends it. */
export async function endLeftOpen(
  leftOpen: LeftOpenBodies,
  { signal, onEvent }: { signal?: AbortSignal | undefined; onEvent?: ((event: MigrateEvent) => void) | undefined },
): Promise<ConfitureError | undefined> {
  for (const { file, method } of await leftOpen.end(signal)) onEvent?.({ type: "left-open", file, method });
  return await afterthought(leftOpen, true);
}
