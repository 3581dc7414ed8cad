const OURS = "<<<<<<< ";
const SEPARATOR = "=======";
const THEIRS = ">>>>>>> ";

/** Whether the operator token at [start, end) looks like the first line of a git conflict. */
export function opensConflict(text: string, start: number, end: number): boolean {
  return end - start === OURS.length - 1 && text.startsWith(OURS, start) && isLineStart(text, start);
}

/**
 * The first git conflict in [from, limit), where quotes are not looked at: a line that begins with
 * `<<<<<<< `, later a line `=======`, later one that begins with `>>>>>>> `.
 */
export function findConflict(text: string, from: number, limit: number): number | undefined {
  const ours = findLine(text, OURS, from, limit);
  if (ours === -1) return undefined;
  let separator = findLine(text, SEPARATOR, ours, limit);
  while (separator !== -1 && !isLineEnd(text, separator + SEPARATOR.length)) {
    separator = findLine(text, SEPARATOR, separator + 1, limit);
  }
  if (separator === -1 || findLine(text, THEIRS, separator, limit) === -1) return undefined;
  return ours;
}

function findLine(text: string, prefix: string, from: number, limit: number): number {
  let at = text.indexOf(prefix, from);
  while (at !== -1 && !isLineStart(text, at)) at = text.indexOf(prefix, at + 1);
  return at !== -1 && at + prefix.length <= limit ? at : -1;
}

function isLineStart(text: string, at: number): boolean {
  if (at === 0) return true;
  const before = text.charCodeAt(at - 1);
  return before === 10 || before === 13 || (at === 1 && before === 0xfeff);
}

function isLineEnd(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return Number.isNaN(code) || code === 10 || code === 13;
}
