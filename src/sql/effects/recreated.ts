const RECREATES = "recreates ";

/** Of an object that is dropped and made again, in the words of `lossOf`. */
export function lossOfRecreated(what: string, lost: readonly string[]): string {
  return `${RECREATES}${what} without what this database has on it: ${lost.join("; ")}`;
}

/** Whether a loss is one of `lossOfRecreated`. */
export function isRecreation(loss: string): boolean {
  return loss.startsWith(RECREATES);
}
