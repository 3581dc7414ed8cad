import type { ResultColumn } from "#database/database.ts";
import { cellOf, EMPTY } from "./result-table.ts";
import { ResultText } from "./result-text.ts";

/** Each row as a list of its columns, as psql's `\x` prints it; a record is as wide as it needs. */
export class ResultExpanded extends ResultText {
  #heading: readonly string[] = [];

  protected begin(columns: readonly ResultColumn[]): void {
    const cells = columns.map(({ name }) => cellOf(name.replaceAll("\n", " ")));
    const width = Math.max(0, ...cells.map((cell) => cell.width));
    this.#heading = cells.map((cell) => (cell.lines[0] ?? "") + " ".repeat(width - cell.width));
  }

  protected add(values: readonly (string | null)[]): string {
    const cells = values.map((value) => (value === null ? EMPTY : cellOf(value)));
    const widest = Math.max(0, ...cells.map(({ width }) => width));
    const left = Bun.stringWidth(this.#heading[0] ?? "");
    const rule = `${"-".repeat(left + 1)}+${"-".repeat(widest + 1)}`;
    const title = `-[ RECORD ${this.count} ]`;
    const lines = cells.flatMap((cell, index) =>
      cell.lines.map((line, at) => {
        const name = at === 0 ? (this.#heading[index] ?? "") : " ".repeat(left);
        const goesOn = at + 1 < cell.lines.length;
        const space = goesOn ? " ".repeat(widest - (cell.widths[at] ?? 0)) : "";
        return `${name} | ${line}${space}${goesOn ? "+" : ""}\n`;
      }),
    );
    return `${title}${rule.slice(title.length)}\n${lines.join("")}`;
  }

  protected end(): string {
    return this.count === 0 ? "(0 rows)\n\n" : "\n";
  }

  protected rest(): string {
    return "";
  }
}
