import type { Output } from "../io.ts";
import { unpainted } from "./style.ts";

/** Narrower than this nothing is gained. */
const NARROWEST = 24;

/** A text for a terminal, broken between words where it is wider than that; for anything else as it is. */
export function fit(output: Output, text: string): string {
  const columns = output.columns;
  return columns === undefined || columns < NARROWEST ? text : wrap(text, columns);
}

/**
 * Breaks long lines between words; what follows is indented by two more than the line. Lines that are to be copied or read
 * in columns stay: commands, a place, a source line with its caret, and what is indented by four or more. Pure.
 */
export function wrap(text: string, columns: number): string {
  return text
    .split("\n")
    .map((line) => (widthOf(line) <= columns || isFixed(line) ? line : wrapLine(line, columns)))
    .join("\n");
}

function isFixed(line: string): boolean {
  return /^ {4}|\S {2,}\S|^ *-->|^ *\d* \||^ *(confiture|createdb|psql|export|env) /.test(unpainted(line));
}

/** The room of a line; marks for formats take none. */
function widthOf(line: string): number {
  return Bun.stringWidth(unpainted(line));
}

function wrapLine(line: string, columns: number): string {
  const indent = /^ */.exec(line)![0];
  // A sign such as ✅ stays before the word that it is about.
  const words = line.slice(indent.length).match(/(?:^[^\p{L}\p{N}\s`]+ )?(?:`[^`]*`\S*|\S+)/gu) ?? [];
  return fillLines(words, columns, indent, `${indent}  `).join("\n");
}

/** Words in lines of that width; a word that is wider than a line has one of its own. Pure. */
export function fillLines(words: readonly string[], columns: number, indent = "", hanging = ""): string[] {
  const lines: string[] = [];
  let current = indent;
  let isEmpty = true;
  for (const word of words) {
    const longer = isEmpty ? current + word : `${current} ${word}`;
    if (isEmpty || widthOf(longer) <= columns) {
      current = longer;
    } else {
      lines.push(current);
      current = hanging + word;
    }
    isEmpty = false;
  }
  return [...lines, current];
}
