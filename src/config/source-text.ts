import type { Location } from "#errors/error.ts";
import { isShowable } from "./keys.ts";

const MASK = "********";

/** The text of a configuration file, and the places in it. */
export class SourceText {
  readonly file: string;
  readonly text: string;
  readonly #hidesValues: boolean;
  readonly #lineStarts: number[] = [0];

  /** @param hidesValues whether it may hold passwords */
  constructor(file: string, text: string, hidesValues = true) {
    this.file = file;
    this.text = text;
    this.#hidesValues = hidesValues;
    for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) this.#lineStarts.push(at + 1);
  }

  /** The 1-based line of a UTF-16 offset. */
  lineAt(offset: number): number {
    let low = 0;
    let high = this.#lineStarts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.#lineStarts[middle]! <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  }

  /** The place of a UTF-16 offset. Values that might be secret are starred in its `sourceLine`. */
  location(offset: number): Location {
    const line = this.lineAt(offset);
    const start = this.#lineStarts[line - 1]!;
    return {
      file: this.file,
      line,
      column: Array.from(this.text.slice(start, offset)).length + 1,
      sourceLine: this.#hidesValues ? this.#showableLine(line) : this.#line(line),
    };
  }

  #line(line: number): string {
    const start = this.#lineStarts[line - 1]!;
    const end = this.#lineStarts[line] ?? this.text.length + 1;
    return this.text.slice(start, end - 1).replace(/\r$/, "");
  }

  /**
   * A line is shown whole only when its own key is known to hold nothing secret: a misspelt or broken
   * `password` line has to be starred as well, and it is exactly the one that errors point at.
   */
  #showableLine(line: number): string {
    const text = this.#line(line);
    const keyed = /^(\s*(?:- +)?)([A-Za-z_]\w*)(\s*:)(\s.*)?$/.exec(text);
    if (keyed !== null) {
      const [, indent = "", key = "", colon = "", value = ""] = keyed;
      if (value.trim() === "") return text;
      // The bare name of a variable is no secret, whatever its key.
      if (/^\s*(["']?)\$\{[A-Za-z_]\w*\}\1\s*$/.test(value)) return text;
      const showable = isShowable(key) && !/[{}@#]|:\/\/|: /.test(value);
      return showable ? text : `${indent}${key}${colon} ${MASK}`;
    }
    if (text.trim() === "") return text;
    const indent = /^\s*(?:- +)?/.exec(text)?.[0] ?? "";
    const showable = /^\s*- +[^{}:@#]+$/.test(text) && isShowable(this.#keyAbove(line));
    return showable ? text : `${indent}${MASK}`;
  }

  #keyAbove(line: number): string {
    for (let above = line - 1; above > 0; above--) {
      const text = this.#line(above);
      if (/^\s*(- +[^:]*)?$/.test(text)) continue;
      return /^\s*(?:- +)?([A-Za-z_]\w*)\s*:\s*$/.exec(text)?.[1] ?? "";
    }
    return "";
  }
}
