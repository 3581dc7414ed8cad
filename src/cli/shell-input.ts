import { QUOTES } from "#database/script.ts";
import { splitStatements } from "#sql/split.ts";

/** Text typed into a shell, line by line, until it makes statements. */
export class ShellInput {
  #text = "";

  /** Whether a statement has begun. */
  get isOpen(): boolean {
    return this.#text.trim() !== "";
  }

  /** Whether what comes next is inside quotes, a comment or the rows of a COPY, where a backslash begins no command. */
  get isQuoted(): boolean {
    const { statements, unterminated } = splitStatements(this.#text);
    if (unterminated !== undefined && QUOTES.has(unterminated.what)) return true;
    return statements.some(({ copyData }) => copyData?.terminated === false);
  }

  /** @returns the statements that are complete now, with what stands between them; undefined for none */
  add(line: string): string | undefined {
    this.#text += `${line}\n`;
    const { statements } = splitStatements(this.#text);
    const open = statements.findIndex(
      ({ terminated, copyData }) => !terminated || (copyData !== undefined && !copyData.terminated),
    );
    const last = open === -1 ? statements.at(-1) : statements[open - 1];
    if (last === undefined) return undefined;
    const end = open === -1 ? this.#text.length : (statements[open]?.start ?? this.#text.length);
    const complete = this.#text.slice(0, end);
    this.#text = this.#text.slice(end);
    return complete;
  }

  clear(): void {
    this.#text = "";
  }
}
