const RECREATES = "recreates ";
const REPLACES = "replaces ";
const WITHOUT = " without what this database has on it: ";

/**
 * Of an object that is dropped and made again, in the words of `lossOf`.
 * @param isReplaced by OR REPLACE, which takes its settings alone
 */
export function lossOfRecreated(what: string, lost: readonly string[], isReplaced: boolean): string {
  return `${isReplaced ? REPLACES : RECREATES}${what}${WITHOUT}${lost.join("; ")}`;
}

/** Whether a loss is one of `lossOfRecreated`. */
export function isRecreation(loss: string): boolean {
  return loss.startsWith(RECREATES) || (loss.startsWith(REPLACES) && loss.includes(WITHOUT));
}
