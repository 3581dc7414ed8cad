import { describe, expect, test } from "bun:test";
import { cannotRunInTransaction, transactionControl } from "#sql/classify.ts";
import { splitStatements } from "#sql/split.ts";

/** A text that counts how many of its characters are looked at. */
class CountingText {
  visited = 0;
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  get length(): number {
    return this.#text.length;
  }

  charCodeAt(at: number): number {
    this.visited++;
    return this.#text.charCodeAt(at);
  }

  charAt(at: number): string {
    this.visited++;
    return this.#text.charAt(at);
  }

  startsWith(prefix: string, at: number): boolean {
    this.visited += prefix.length;
    return this.#text.startsWith(prefix, at);
  }

  indexOf(wanted: string, from = 0): number {
    const found = this.#text.indexOf(wanted, from);
    this.visited += (found === -1 ? this.#text.length : found + wanted.length) - Math.min(from, this.#text.length);
    return found;
  }

  slice(from: number, to: number): string {
    const piece = this.#text.slice(from, to);
    this.visited += piece.length;
    return piece;
  }
}

/** Every kind of token, whole and cut short, and what else the splitter looks for. */
const PIECES: readonly string[] = [
  // Words and numbers.
  ["a", "é", "e", "U&", "1", "1e+", "0x", ".5", "1.", "1_", "$1"],
  // Quotes, closed and open.
  ["'a'", "''", "'", "E'\\'", "E'a'", "B'", 'U&"', '"a"', '"', "$$", "$q$", "$q", "$", "E''\n"],
  // Operators and punctuation.
  ["+", "-", "*", "/", "<", "@", "@-", ",", ".", ":", "::", ":=", ";", "(", ")", "{", "\\", "\\;", "\\x\n"],
  // Comments and white space.
  ["--", "--\n", "--\r", "/*", "*/", "/**/", " ", "\n", "\r\n"],
  // What decides where a statement ends.
  ["copy t from stdin;", "copy t from stdin;\n", "\n\\.\n", "\\.", " begin atomic ", "create function ", " end;"],
  // Conflicts of git.
  ["<<<<<<< ", "\n<<<<<<< a\n", "\n=======\n", "\n>>>>>>> b\n"],
  // Statements that are looked at more closely.
  ["alter table ", "begin;", "commit ", "reindex (", "create subscription "],
].flat();

/** What a pair repeats in. */
const SURROUNDINGS: readonly (readonly [name: string, before: string, after: string])[] = [
  ["by itself", "", ""],
  ["in a statement each", "", ";"],
  ["in a statement each that goes on", "", " a;"],
  ["in a line each", "", "\n"],
  ["behind a COPY each", "copy t from stdin;", "\n\\.\n"],
];

/** Characters in a text. */
const SIZE = 2000;
/** How often a character may be looked at: each of the readings below is one, with looks ahead two. */
const LOOKS = 25;

function read(source: string): number {
  const text = new CountingText(source);
  const { statements } = splitStatements(text as unknown as string, 0, text.length, { comments: true });
  for (const statement of statements) {
    void statement.words;
    void statement.tokens();
    transactionControl(statement);
    cannotRunInTransaction(statement);
  }
  return text.visited;
}

describe("a text is read in linear time, whatever two pieces repeat in it", () => {
  test.each(SURROUNDINGS)("%s", (_name, before, after) => {
    const slow: string[] = [];
    for (const first of PIECES) {
      for (const second of PIECES) {
        const unit = `${before}${first}${second}${after}`;
        const text = unit.repeat(Math.ceil(SIZE / unit.length));
        const looks = read(text) / text.length;
        if (looks > LOOKS) slow.push(`${JSON.stringify(unit)}: ${Math.round(looks)}`);
      }
    }
    expect(slow).toEqual([]);
  });
});
