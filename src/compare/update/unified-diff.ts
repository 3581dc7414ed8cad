/** Lines of context around a change. */
const CONTEXT = 3;

interface Line {
  readonly sign: " " | "-" | "+";
  readonly text: string;
}

/**
 * The difference between two versions of a file, as `diff -u` and git write it. Pure.
 * @param before undefined for a new file
 */
export function unifiedDiff(path: string, before: string | undefined, after: string): string {
  const [old, now] = [linesOf(before ?? ""), linesOf(after)];
  const lines = compare(old, now);
  const changed = lines.flatMap(({ sign }, index) => (sign === " " ? [] : [index]));
  const hunks: { from: number; to: number }[] = [];
  for (const index of changed) {
    const last = hunks.at(-1);
    const to = Math.min(lines.length, index + CONTEXT + 1);
    if (last !== undefined && index - CONTEXT <= last.to) last.to = to;
    else hunks.push({ from: Math.max(0, index - CONTEXT), to });
  }
  const text = hunks.map(({ from, to }) => {
    const own = lines.slice(from, to);
    const head = lines.slice(0, from);
    return `@@ -${range(head, own, "+")} +${range(head, own, "-")} @@\n${own.map(({ sign, text: line }) => `${sign}${shown(line)}\n`).join("")}`;
  });
  return `--- ${before === undefined ? "/dev/null" : path}\n+++ ${path}\n${text.join("")}`;
}

/** Where the lines of one side begin and how many there are. */
function range(head: readonly Line[], own: readonly Line[], other: "-" | "+"): string {
  const before = head.filter(({ sign }) => sign !== other).length;
  const count = own.filter(({ sign }) => sign !== other).length;
  return `${count === 0 ? before : before + 1}${count === 1 ? "" : `,${count}`}`;
}

function linesOf(text: string): string[] {
  const lines = text.split("\n");
  // What follows the last line feed is no line; a file without one shows that it has none.
  if (lines.at(-1) === "") lines.pop();
  else lines.push(`${lines.pop()!}\n\\ No newline at end of file`);
  return lines;
}

function shown(line: string): string {
  return line.replace(/\r(?=\n|$)/, "");
}

/** The shortest way from one to the other, by the longest common lines of what lies between what both begin and end with. */
function compare(old: readonly string[], now: readonly string[]): Line[] {
  let start = 0;
  while (start < old.length && start < now.length && old[start] === now[start]) start++;
  let end = 0;
  while (end < old.length - start && end < now.length - start && old.at(-1 - end) === now.at(-1 - end)) end++;
  const [a, b] = [old.slice(start, old.length - end), now.slice(start, now.length - end)];
  const same = (text: string): Line => ({ sign: " ", text });
  return [...old.slice(0, start).map(same), ...between(a, b), ...old.slice(old.length - end).map(same)];
}

/** Longer parts are shown as removed and added as a whole. */
const MOST = 4_000_000;

function between(a: readonly string[], b: readonly string[]): Line[] {
  const removed = a.map((text): Line => ({ sign: "-", text }));
  const added = b.map((text): Line => ({ sign: "+", text }));
  if (a.length * b.length > MOST) return [...removed, ...added];
  const width = b.length + 1;
  const lengths = new Uint32Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      lengths[i * width + j] =
        a[i] === b[j]
          ? lengths[(i + 1) * width + j + 1]! + 1
          : Math.max(lengths[(i + 1) * width + j]!, lengths[i * width + j + 1]!);
    }
  }
  const lines: Line[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      lines.push({ sign: " ", text: a[i]! });
      i++;
      j++;
    } else if (j >= b.length || (i < a.length && lengths[(i + 1) * width + j]! >= lengths[i * width + j + 1]!)) {
      lines.push(removed[i++]!);
    } else lines.push(added[j++]!);
  }
  return lines;
}
