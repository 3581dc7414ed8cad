import type { ResultColumn } from "#database/database.ts";
import { ResultText } from "./result-text.ts";

/** Types that psql aligns to the right: numbers, money, and the numbers of objects and transactions. */
const RIGHT = new Set([20, 21, 23, 26, 28, 29, 700, 701, 790, 1700, 5069]);

/** A table is kept until it is whole, but no more of it than this; what follows is aligned by itself. */
const MOST_ROWS = 10_000;
const MOST_CHARACTERS = 8_000_000;

/** A cell, line by line, as it is shown. */
interface Cell {
  readonly lines: readonly string[];
  readonly widths: readonly number[];
  readonly width: number;
}

/** Tables as psql prints them: aligned, NULL as nothing, the number of rows below, and a tag for what has no rows. */
export class ResultTable extends ResultText {
  #columns: readonly ResultColumn[] = [];
  #heading: readonly Cell[] = [];
  #rows: Cell[][] = [];
  #widths: number[] = [];
  #characters = 0;
  #headed = false;

  protected begin(columns: readonly ResultColumn[]): void {
    this.#columns = columns;
    this.#heading = columns.map(({ name }) => cellOf(name));
    this.#widths = this.#heading.map(({ width }) => width);
    this.#rows = [];
    this.#characters = 0;
    this.#headed = false;
  }

  protected add(values: readonly (string | null)[]): string {
    const row = values.map((value) => (value === null ? EMPTY : cellOf(value)));
    for (const [index, { width }] of row.entries()) {
      if (width > (this.#widths[index] ?? 0)) this.#widths[index] = width;
      this.#characters += width;
    }
    this.#rows.push(row);
    return this.#rows.length >= MOST_ROWS || this.#characters >= MOST_CHARACTERS ? this.#print() : "";
  }

  protected end(): string {
    return `${this.#print()}(${this.count} ${this.count === 1 ? "row" : "rows"})\n\n`;
  }

  protected rest(): string {
    return this.#rows.length > 0 ? this.#print() : "";
  }

  #print(): string {
    const heading = this.#headed ? "" : headingText(this.#heading, this.#widths);
    this.#headed = true;
    const rows = this.#columns.length === 0 ? [] : this.#rows.map((row) => this.#rowText(row));
    this.#rows = [];
    this.#characters = 0;
    return heading + rows.join("");
  }

  #rowText(row: readonly Cell[]): string {
    const height = row.reduce((most, { lines }) => Math.max(most, lines.length), 1);
    let text = "";
    for (let line = 0; line < height; line++) {
      for (const [index, cell] of row.entries()) {
        const isLast = index === row.length - 1;
        const goesOn = line + 1 < cell.lines.length;
        const space = " ".repeat(Math.max(0, this.#widths[index]! - (cell.widths[line] ?? 0)));
        const shown = cell.lines[line] ?? "";
        const isRight = RIGHT.has(this.#columns[index]!.type);
        text += ` ${isRight ? space + shown : isLast && !goesOn ? shown : shown + space}`;
        text += goesOn ? "+" : isLast ? "" : " ";
        if (!isLast) text += "|";
      }
      text += "\n";
    }
    return text;
  }
}

function headingText(heading: readonly Cell[], widths: readonly number[]): string {
  const height = heading.reduce((most, { lines }) => Math.max(most, lines.length), 0);
  let text = "";
  for (let line = 0; line < height; line++) {
    const parts = heading.map((cell, index) => {
      const space = widths[index]! - (cell.widths[line] ?? 0);
      const before = " ".repeat(Math.floor(space / 2));
      const after = " ".repeat(space - before.length);
      return ` ${before}${cell.lines[line] ?? ""}${after}${line + 1 < cell.lines.length ? "+" : " "}`;
    });
    text += `${parts.join("|")}\n`;
  }
  const rule = widths.map((width) => "-".repeat(width + 2)).join("+");
  return `${text}${rule === "" ? "--" : rule}\n`;
}

export const EMPTY: Cell = { lines: [""], widths: [0], width: 0 };

/** A value as it is shown. */
export function cellOf(text: string): Cell {
  if (/^[\x20-\x7e]*$/.test(text)) return { lines: [text], widths: [text.length], width: text.length };
  const shown = text.split("\n").map(shownLine);
  const widths = shown.map(({ width }) => width);
  return { lines: shown.map((line) => line.text), widths, width: Math.max(...widths) };
}

/** What takes no room at all: marks on other characters, and what only joins or directs them. */
const NO_WIDTH = /^[\p{Mn}\p{Me}\p{Cf}\u1160-\u11ff]$/u;
const CONTROL = /^\p{Cc}$/u;

/** A line as psql shows it: tabs as spaces, other control characters by their number; a terminal acts upon none. */
function shownLine(line: string): { text: string; width: number } {
  let text = "";
  let width = 0;
  for (const character of line) {
    if (character === "\t") {
      const space = 8 - (width % 8);
      text += " ".repeat(space);
      width += space;
    } else if (CONTROL.test(character)) {
      const name = nameOf(character);
      text += name;
      width += name.length;
    } else {
      text += character;
      width += widthOf(character);
    }
  }
  return { text, width };
}

function nameOf(character: string): string {
  if (character === "\r") return "\\r";
  const code = character.charCodeAt(0);
  const hex = code.toString(16).toUpperCase();
  return code < 0x80 ? `\\x${hex.padStart(2, "0")}` : `\\u${hex.padStart(4, "0")}`;
}

/** Of one character: psql knows nothing of those that are shown as one. */
function widthOf(character: string): number {
  if (character < "\u0300") return 1;
  return NO_WIDTH.test(character) ? 0 : Math.max(1, Bun.stringWidth(character));
}
