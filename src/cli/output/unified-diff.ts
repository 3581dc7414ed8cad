import { lineEndOf } from "#compare/update/line-ends.ts";
import { compareLines, type Line } from "./line-diff.ts";

/** Lines of context around a change. */
const CONTEXT = 3;

/**
 * The difference between two versions of a file, as `diff -u` and git write it; the carriage returns at the ends of lines are left
 * out where most lines have them. Pure.
 * @param before undefined for a new file
 * @param after undefined for one that is removed
 */
export function unifiedDiff(path: string, before: string | undefined, after: string | undefined): string {
  const [old, now] = [linesOf(before ?? ""), linesOf(after ?? "")];
  const lines = compareLines(old, now);
  const shown = plain(before ?? after ?? "");
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
  return `--- ${before === undefined ? "/dev/null" : path}\n+++ ${after === undefined ? "/dev/null" : path}\n${text.join("")}`;
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

/** How lines are shown: a carriage return in a file with other ends of lines belongs to what is in the line. */
function plain(text: string): (line: string) => string {
  const isWindows = lineEndOf(text) === "\r\n";
  return (line) => (isWindows ? line.replace(/\r(?=\n|$)/, "") : line);
}
