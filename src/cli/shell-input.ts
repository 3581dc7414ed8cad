import { splitStatements } from "#sql/split.ts";

/** Text typed into a shell, line by line, until it makes statements. */
export class ShellInput {
  #text = "";

  /** Whether a statement has begun. */
  get isOpen(): boolean {
    return this.#text.trim() !== "";
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
