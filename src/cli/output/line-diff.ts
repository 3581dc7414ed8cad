/** Equal lines shown around those that differ. */
const CONTEXT = 3;
/** Of two parts with more lines than this in product, what they have in common is not looked for. */
const LIMIT = 4_000_000;

/** A line of a difference: of both texts, of the first alone, or of the second alone. */
export interface Line {
  readonly sign: " " | "-" | "+";
  readonly text: string;
}

/**
 * The lines in which two texts differ, with those around them: "- old", "+ new", "  same", and "..." where equal ones are left
 * out. Ends of lines do not count. Pure.
 */
export function lineDiff(before: string, after: string): string[] {
  return shorten(compareLines(linesOf(before), linesOf(after)));
}

/** All lines of two texts, those that both have once, in as few steps as can be. Pure. */
export function compareLines(a: readonly string[], b: readonly string[]): Line[] {
  let start = 0;
  while (start < Math.min(a.length, b.length) && a[start] === b[start]) start++;
  let end = 0;
  while (end < Math.min(a.length, b.length) - start && a.at(-1 - end) === b.at(-1 - end)) end++;
  const same = (lines: readonly string[]): Line[] => lines.map((text) => ({ sign: " ", text }));
  return [
    ...same(a.slice(0, start)),
    ...middle(a.slice(start, a.length - end), b.slice(start, b.length - end)),
    ...same(a.slice(a.length - end)),
  ];
}

function linesOf(text: string): string[] {
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

/** By the longest common subsequence. */
function middle(a: readonly string[], b: readonly string[]): Line[] {
  const removed = (lines: readonly string[]): Line[] => lines.map((text) => ({ sign: "-", text }));
  const added = (lines: readonly string[]): Line[] => lines.map((text) => ({ sign: "+", text }));
  if (a.length === 0 || b.length === 0 || a.length * b.length > LIMIT) return [...removed(a), ...added(b)];
  const width = b.length + 1;
  const common = new Uint32Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      common[i * width + j] =
        a[i] === b[j]
          ? common[(i + 1) * width + j + 1]! + 1
          : Math.max(common[(i + 1) * width + j]!, common[i * width + j + 1]!);
    }
  }
  const lines: Line[] = [];
  let [i, j] = [0, 0];
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) {
      lines.push({ sign: " ", text: a[i]! });
      i++;
      j++;
    } else if (common[(i + 1) * width + j]! >= common[i * width + j + 1]!) lines.push({ sign: "-", text: a[i++]! });
    else lines.push({ sign: "+", text: b[j++]! });
  }
  return [...lines, ...removed(a.slice(i)), ...added(b.slice(j))];
}

function shorten(lines: readonly Line[]): string[] {
  const isNear = lines.map(() => false);
  for (const [at, { sign }] of lines.entries()) {
    if (sign !== " ") isNear.fill(true, Math.max(0, at - CONTEXT), at + CONTEXT + 1);
  }
  return lines.flatMap(({ sign, text }, at) => {
    if (isNear[at] === true) return [`${sign} ${text}`];
    return isNear[at - 1] === true || (at === 0 && isNear.includes(true)) ? ["..."] : [];
  });
}
