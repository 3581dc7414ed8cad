import { isUtf8 } from "node:buffer";
import { CharacterClass, CLASS_OF, CONTINUES_WORD, isDigit } from "#sql/lexer/characters.ts";
import type { FileBytes } from "./file-bytes.ts";

/** In bytes of the file. */
export interface LongInsert {
  /** Behind its last token. */
  readonly end: number;
  /** Behind its semicolon. */
  readonly next: number;
}

const NUL = 0;
const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const QUOTE = 39;
const DOUBLE_QUOTE = 34;
const DOLLAR = 36;
const OPEN = 40;
const CLOSE = 41;
const STAR = 42;
const DASH = 45;
const DOT = 46;
const SLASH = 47;
const SEMICOLON = 59;
const LESS = 60;
const BACKSLASH = 92;

/** In an INSERT these may change or remove rows, which whoever reads an outline has to see. */
const CHANGES: ReadonlySet<string> = new Set(["update", "delete", "merge"]);
const LONGEST_WORD = 8;
/** Stands for a word that is none of these: a number, or a longer one. */
const OTHER_WORD = "0";

const IS_SPACE = CLASS_OF.map((type) => (type === CharacterClass.space ? 1 : 0));

/**
 * Where an INSERT ends that is too long to be read at once, as the lexer would find it; looked through piece by piece.
 * @param from where it begins
 * @returns undefined for one that has to be read whole: it has comments, commands of psql's, dollar quotes or a word that
 * may change rows, is no text, or has no semicolon
 */
export function skimInsert(source: FileBytes, from: number): LongInsert | undefined {
  const skimmer = new Skimmer(from);
  for (const piece of source.texts(from)) {
    if (piece.includes(NUL) || !isUtf8(piece)) return undefined;
    const found = skimmer.read(piece);
    if (found !== undefined) return found === "whole" ? undefined : found;
  }
  return undefined;
}

type State = "code" | "string" | "identifier" | "escape string" | "behind escape string";

/** A scanner over bytes: those of a character above ASCII are none of the characters that it looks for. */
class Skimmer {
  #state: State = "code";
  /** Offset in the file of the piece that is read. */
  #base: number;
  #depth = 0;
  #end: number;
  /** The byte before, in code. */
  #before = 0;
  /** The word that is read, in lower case, and the byte before it. */
  #word = "";
  #beforeWord = 0;
  /** Behind the backslash of an escape string. */
  #escaped = false;
  /** What stands behind an escape string so far: white space, and a line end among it. */
  #isApart = false;
  #sawLineEnd = false;

  constructor(from: number) {
    this.#base = from;
    this.#end = from;
  }

  read(piece: Buffer): LongInsert | "whole" | undefined {
    for (let at = 0; at < piece.length;) {
      if (this.#state === "string" || this.#state === "identifier") {
        const close = piece.indexOf(this.#state === "string" ? QUOTE : DOUBLE_QUOTE, at);
        if (close === -1) break;
        // A doubled quote ends one and begins another.
        this.#close(close);
        at = close + 1;
      } else if (this.#state === "escape string") {
        this.#escape(piece[at]!, at);
        at++;
      } else if (this.#state === "behind escape string") {
        if (this.#continues(piece[at]!)) at++;
      } else {
        const found = this.#code(piece, at);
        if (typeof found !== "number") return found;
        at = found;
      }
    }
    this.#base += piece.length;
    return undefined;
  }

  #close(at: number): void {
    this.#state = "code";
    this.#end = this.#base + at + 1;
    this.#before = 0;
  }

  #escape(byte: number, at: number): void {
    if (this.#escaped) this.#escaped = false;
    else if (byte === BACKSLASH) this.#escaped = true;
    else if (byte === QUOTE) {
      this.#close(at);
      this.#state = "behind escape string";
      this.#isApart = false;
      this.#sawLineEnd = false;
    }
  }

  /** Whether the string goes on: a doubled quote, or a part of it on a later line. */
  #continues(byte: number): boolean {
    if (byte === QUOTE && (this.#sawLineEnd || !this.#isApart)) {
      this.#state = "escape string";
      return true;
    }
    if (byte < 128 && IS_SPACE[byte] === 1) {
      this.#isApart = true;
      this.#sawLineEnd ||= byte === LINE_FEED || byte === CARRIAGE_RETURN;
      return true;
    }
    this.#state = "code";
    return false;
  }

  /** @returns how far it was read */
  #code(piece: Buffer, from: number): number | LongInsert | "whole" {
    for (let at = from; at < piece.length; at++) {
      const byte = piece[at]!;
      if (isOfWord(byte)) {
        if (byte === DOLLAR && this.#word === "") return "whole";
        if (this.#word === "") this.#beforeWord = this.#before;
        let end = at + 1;
        while (end < piece.length && isOfWord(piece[end]!)) end++;
        this.#word = addTo(this.#word, piece, at, end);
        this.#before = byte;
        this.#end = this.#base + end;
        at = end - 1;
        continue;
      }
      const word = this.#word;
      this.#word = "";
      if (CHANGES.has(word)) return "whole";
      if (IS_SPACE[byte] === 1) {
        this.#before = byte;
        continue;
      }
      const before = this.#before;
      this.#before = byte;
      switch (byte) {
        case QUOTE:
          // Behind a point it belongs to a number.
          if (word === "e" && this.#beforeWord === DOT) return "whole";
          this.#state = word === "e" ? "escape string" : "string";
          return at + 1;
        case DOUBLE_QUOTE:
          this.#state = "identifier";
          return at + 1;
        case OPEN:
          this.#depth++;
          break;
        case CLOSE:
          if (this.#depth > 0) this.#depth--;
          break;
        case SEMICOLON:
          if (this.#depth === 0) return { end: this.#end, next: this.#base + at + 1 };
          break;
        case BACKSLASH:
          return "whole";
        case DASH:
          if (before === DASH) return "whole";
          break;
        case STAR:
          if (before === SLASH) return "whole";
          break;
        case LESS:
          // Perhaps a git conflict.
          if (before === LESS) return "whole";
          break;
      }
      this.#end = this.#base + at + 1;
    }
    return piece.length;
  }
}

function isOfWord(byte: number): boolean {
  return byte >= 128 || CONTINUES_WORD[byte] === 1;
}

function addTo(word: string, piece: Buffer, from: number, to: number): string {
  const isNumber = word === "" && isDigit(piece[from]!);
  if (word === OTHER_WORD || isNumber || word.length + to - from > LONGEST_WORD) return OTHER_WORD;
  return word + piece.toString("latin1", from, to).toLowerCase();
}
