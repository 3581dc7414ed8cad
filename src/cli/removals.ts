import { allowingWords, allows } from "#compare/generate/allowing.ts";
import {
  describeRemoval,
  isUndone,
  type Permit,
  refuseRemovals,
  type Removal,
  type Remover,
} from "#compare/generate/removals.ts";
import type { ConfitureError } from "#errors/error.ts";
import { ask } from "./ask.ts";
import { canAsk } from "./can-ask.ts";
import type { CommandContext } from "./command.ts";
import type { FindMaker } from "./output/findings.ts";
import { agree } from "./output/text.ts";
import { inLine } from "./output/visible.ts";

/**
 * Lists what a migration takes away, with who made it, and lets that happen only where somebody has consented: with
 * `--allow-drop`, or now, on a terminal.
 * @param allowed the value of `--allow-drop`; undefined where nothing may be taken away
 */
export function permitRemovals(
  context: CommandContext,
  allowed: string | undefined,
  findMaker: FindMaker,
  remover?: Remover,
): Permit {
  const words = allowed === undefined ? [] : allowingWords(allowed);
  const madeBy = ({ kind, change, undoes }: Removal): string | undefined => {
    // What makes a column of a view is the view.
    const place =
      change === undefined
        ? undefined
        : findMaker({ ...change, kind: change.kind.endsWith("view") ? change.kind : kind, by: undoes });
    return place === undefined ? undefined : `${inLine(place.file)}:${place.line}`;
  };
  return async (removals, possible) => {
    const isUseful = (word: string): boolean => removals.some((removal) => allows(word, removal));
    for (const word of new Set(words.filter((each) => !isUseful(each))))
      context.messages.warn(`--allow-drop: nothing that is taken away is "${inLine(word)}", by its kind or name`);
    const open = removals.filter((removal) => !words.some((word) => allows(word, removal)));
    const refusal = (): ConfitureError => refuseRemovals(open, possible, madeBy, remover, words.filter(isUseful));
    const asks = open.length > 0 && remover?.holdsLocks !== true && canAsk(context);
    if (open.length > 0 && !asks) throw refusal();
    const list = removals.map((removal) => `  - ${describeRemoval(removal, madeBy)}`).join("\n");
    context.messages.log(`${headOf(removals)} by ${remover === undefined ? "this migration" : "this"}:\n${list}`);
    if (!asks) return;
    const question = `${questionOf(open)} [y/N] `;
    const answer = await ask(
      context.io,
      question,
      remover?.undone.toLowerCase().replace(/\.$/, "") ?? "nothing was written",
    );
    if (!/^y(es)?$/i.test(answer)) throw refusal();
  };
}

/** What becomes of what is listed. */
function headOf(removals: readonly Removal[]): string {
  if (removals.every(isUndone)) return "Undone";
  return removals.some(isUndone) ? "Taken away or undone" : "Taken away";
}

function questionOf(open: readonly Removal[]): string {
  if (!open.some(isUndone)) return agree(open.length, "Remove it?", "Remove them?");
  return open.every(isUndone) ? agree(open.length, "Undo it?", "Undo them?") : "Remove or undo them?";
}
