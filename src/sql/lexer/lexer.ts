import {
  beginsWord,
  CharacterClass,
  CLASS_OF,
  CONTINUES_WORD,
  continuesWord,
  isDigit,
  isOperatorCharacter,
} from "./characters.ts";
import { TokenKind, SINGLE_KIND } from "./token-kind.ts";
import {
  BOM,
  QUOTE,
  DOUBLE_QUOTE,
  DOLLAR,
  AMPERSAND,
  STAR,
  PLUS,
  DASH,
  DOT,
  SLASH,
  COLON,
  EQUALS,
  LETTER_E,
  LETTER_N,
  LETTER_U,
  BACKSLASH,
} from "./character-codes.ts";
import { blockCommentEnd, continuedAt, lineCommentEnd, numberEnd, wordEnd } from "./token-ends.ts";

export type LexerGap = "string" | "quoted identifier" | "dollar-quoted string" | "comment";

/** How far is looked at first where not the whole text may be looked at. */
const WINDOW = 16;

// Copies in constants, which the compiler folds; properties of an object it would read for every character.
const SPACE = CharacterClass.space;
const LETTER = CharacterClass.letter;
const SINGLE = CharacterClass.single;
const DASH_CLASS = CharacterClass.dash;
const SLASH_CLASS = CharacterClass.slash;
const WORD = TokenKind.word;

/** Characters with which an operator may end in + or -. */
const IS_SPECIAL = new Uint8Array(128);
for (const character of "~!@#%^&|`?") IS_SPECIAL[character.charCodeAt(0)] = 1;

/**
 * PostgreSQL's scanner over a JavaScript string (manual, "Lexical Structure"; scan.l), with
 * standard_conforming_strings on. Reads one token a call and allocates nothing for it: the token is in
 * `kind`, `start` and `end`. It accepts any text; what the text leaves open is in `gap`.
 */
export class Lexer {
  kind: TokenKind = TokenKind.other;
  /** UTF-16 offsets of the token; `end` is exclusive. */
  start: number;
  end: number;
  /** The construct that runs into the end of the text, if one does. */
  gap: LexerGap | undefined = undefined;
  gapStart = -1;

  readonly text: string;
  private limit: number;
  private readonly comments: boolean;
  /** Of the run of operator characters read last: its end, the last that is no + or -, the last of `IS_SPECIAL`. */
  private runEnd = -1;
  private lastOther = -1;
  private lastSpecial = -1;

  /**
   * @param from offset to begin at, outside any quotes; a byte order mark at offset 0 is skipped
   * @param limit offset to stop at, as if the text ended there
   * @param comments whether comments are tokens or white space
   */
  constructor(text: string, from = 0, limit: number = text.length, comments = false) {
    this.text = text;
    this.start = from;
    this.end = from === 0 && text.charCodeAt(0) === BOM ? 1 : from;
    this.limit = limit;
    this.comments = comments;
  }

  /** Continues at `offset`, up to `limit`. */
  moveTo(offset: number, limit: number): void {
    this.end = offset;
    this.limit = limit;
    this.runEnd = -1;
    this.lastOther = -1;
    this.lastSpecial = -1;
  }

  /** Reads the next token. False at the end of the text. */
  next(): boolean {
    // The frequent kinds come first and inline: a call for each token would cost more than the reading.
    const text = this.text;
    const limit = this.limit;
    let at = this.end;
    while (at < limit) {
      const code = text.charCodeAt(at);
      const type = code < 128 ? CLASS_OF[code] : LETTER;
      if (type === SPACE) {
        at++;
        continue;
      }
      this.start = at;
      if (type === LETTER) {
        at++;
        while (at < limit) {
          const following = text.charCodeAt(at);
          if (following < 128 && CONTINUES_WORD[following] === 0) break;
          at++;
        }
        this.kind = WORD;
        this.end = at;
        return true;
      }
      if (type === SINGLE) {
        this.kind = SINGLE_KIND[code] as TokenKind;
        this.end = at + 1;
        return true;
      }
      if (type === DASH_CLASS && text.charCodeAt(at + 1) === DASH && at + 1 < limit) {
        at = lineCommentEnd(text, at, limit);
        if (this.comments) return this.token(TokenKind.lineComment, at);
        continue;
      }
      if (type === SLASH_CLASS && text.charCodeAt(at + 1) === STAR && at + 1 < limit) {
        const close = blockCommentEnd(text, at, limit);
        at = close === -1 ? this.open("comment") : close;
        if (this.comments) return this.token(TokenKind.blockComment, at);
        continue;
      }
      return this.otherToken(at, code);
    }
    this.start = limit;
    this.end = limit;
    return false;
  }

  private otherToken(at: number, code: number): boolean {
    const following = this.text.charCodeAt(at + 1);
    switch (CLASS_OF[code]) {
      case CharacterClass.prefix:
        return this.prefixedString(at, code) || this.token(TokenKind.word, wordEnd(this.text, at + 1, this.limit));
      case CharacterClass.quote:
        return this.token(TokenKind.string, this.plainString(at + 1, "'", "string"));
      case CharacterClass.doubleQuote:
        return this.token(TokenKind.quotedIdentifier, this.plainString(at + 1, '"', "quoted identifier"));
      case CharacterClass.digit:
        return this.token(TokenKind.number, numberEnd(this.text, at, this.limit));
      case CharacterClass.dot:
        if (isDigit(following)) return this.token(TokenKind.number, numberEnd(this.text, at, this.limit));
        return this.token(TokenKind.punctuation, following === DOT ? at + 2 : at + 1);
      case CharacterClass.colon:
        return this.token(TokenKind.punctuation, following === COLON || following === EQUALS ? at + 2 : at + 1);
      case CharacterClass.dollar:
        return this.dollar(at);
      default:
        return this.operator(at);
    }
  }

  private token(kind: TokenKind, end: number): boolean {
    this.kind = kind;
    this.end = end < this.limit ? end : this.limit;
    return true;
  }

  /** B'', E'', N'', X'', U&'' or U&"" at `at`; false when the letter begins an ordinary word. */
  private prefixedString(at: number, code: number): boolean {
    const text = this.text;
    const letter = code | 32;
    let following = text.charCodeAt(at + 1);
    if (letter === LETTER_U) {
      if (following !== AMPERSAND) return false;
      following = text.charCodeAt(at + 2);
      if (following === QUOTE) return this.token(TokenKind.string, this.plainString(at + 3, "'", "string"));
      if (following !== DOUBLE_QUOTE) return false;
      return this.token(TokenKind.quotedIdentifier, this.plainString(at + 3, '"', "quoted identifier"));
    }
    if (following !== QUOTE) return false;
    if (letter === LETTER_E) return this.token(TokenKind.string, this.escapeString(at + 2));
    if (letter === LETTER_N) return this.token(TokenKind.string, this.plainString(at + 2, "'", "string"));
    return this.token(TokenKind.string, this.bitString(at + 2));
  }

  /** The rest of B'' or X'': a quote ends them, doubled or not. */
  private bitString(at: number): number {
    const close = this.find("'", at);
    return close === -1 ? this.open("string") : close + 1;
  }

  /** From behind the opening quote to behind the closing one; a doubled quote stands for itself. */
  private plainString(at: number, quote: string, gap: LexerGap): number {
    const text = this.text;
    const limit = this.limit;
    for (;;) {
      const close = this.find(quote, at);
      if (close === -1) return this.open(gap);
      if (close + 1 >= limit || text.charCodeAt(close + 1) !== quote.charCodeAt(0)) return close + 1;
      at = close + 2;
    }
  }

  private escapeString(at: number): number {
    const text = this.text;
    const limit = this.limit;
    while (at < limit) {
      const code = text.charCodeAt(at++);
      if (code === BACKSLASH) {
        at++;
      } else if (code === QUOTE) {
        if (text.charCodeAt(at) === QUOTE && at < limit) {
          at++;
          continue;
        }
        // A part on a later line continues the string, and its backslashes still escape.
        const continued = continuedAt(text, at, limit);
        if (continued === -1) return at;
        at = continued;
      }
    }
    return this.open("string");
  }

  /** The first `wanted` at `at` or behind it that ends before the limit, or -1. */
  private find(wanted: string, at: number): number {
    const text = this.text;
    const limit = this.limit;
    if (limit === text.length) return text.indexOf(wanted, at);
    // Behind the limit nothing is looked at: many a short range may lie in one long text.
    for (let size = WINDOW; ; size *= 4) {
      const end = Math.min(at + size, limit);
      const found = text.slice(at, end).indexOf(wanted);
      if (found !== -1) return at + found;
      if (end === limit) return -1;
    }
  }

  private dollar(at: number): boolean {
    const text = this.text;
    let tagEnd = at + 1;
    const first = text.charCodeAt(tagEnd);
    if (isDigit(first)) {
      while (isDigit(text.charCodeAt(tagEnd))) tagEnd++;
      return this.token(TokenKind.parameter, tagEnd);
    }
    if (beginsWord(first)) {
      while (text.charCodeAt(tagEnd) !== DOLLAR && continuesWord(text.charCodeAt(tagEnd))) tagEnd++;
    }
    if (text.charCodeAt(tagEnd) !== DOLLAR || tagEnd >= this.limit) return this.token(TokenKind.other, at + 1);
    const body = tagEnd + 1;
    const close = this.find(text.slice(at, body), body);
    const end = close + body - at;
    if (close === -1) return this.token(TokenKind.dollarString, this.open("dollar-quoted string"));
    return this.token(TokenKind.dollarString, end);
  }

  /**
   * An operator: a run of operator characters, up to a comment. One of more than one character ends in + or - only if
   * it also holds one of ~ ! @ # % ^ & | ` ? (manual, "Operators"); the rest of the run are operators of their own.
   */
  private operator(at: number): boolean {
    if (at >= this.runEnd) this.readRun(at);
    const end = this.lastSpecial >= at ? this.runEnd : this.lastOther + 1;
    return this.token(TokenKind.operator, Math.max(end, at + 1));
  }

  /** Reads a run once, however many operators it comes to. */
  private readRun(at: number): void {
    const text = this.text;
    const limit = this.limit;
    let end = at;
    do {
      const code = text.charCodeAt(end);
      if (code !== PLUS && code !== DASH) {
        this.lastOther = end;
        if (IS_SPECIAL[code] === 1) this.lastSpecial = end;
      }
      end++;
    } while (end < limit && this.continuesRun(end));
    this.runEnd = end;
  }

  private continuesRun(at: number): boolean {
    const code = this.text.charCodeAt(at);
    if (!isOperatorCharacter(code)) return false;
    const following = this.text.charCodeAt(at + 1);
    return !(code === DASH && following === DASH) && !(code === SLASH && following === STAR);
  }

  /** Notes that the token at `start` never closes, and returns where it then ends. */
  private open(gap: LexerGap): number {
    this.gap = gap;
    this.gapStart = this.start;
    return this.limit;
  }
}
