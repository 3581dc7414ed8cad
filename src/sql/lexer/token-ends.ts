import { beginsWord, CharacterClass, CLASS_OF, CONTINUES_WORD, isDigit } from "./characters.ts";
import {
  CARRIAGE_RETURN,
  DASH,
  DOT,
  LETTER_B,
  LETTER_E,
  LETTER_O,
  LETTER_X,
  LINE_FEED,
  PLUS,
  QUOTE,
  SLASH,
  STAR,
  UNDERSCORE,
  ZERO,
} from "./character-codes.ts";

/** The end of the word that goes on at `at`. */
export function wordEnd(text: string, at: number, limit: number): number {
  while (at < limit) {
    const code = text.charCodeAt(at);
    if (code < 128 && CONTINUES_WORD[code] === 0) break;
    at++;
  }
  return at;
}

/** Behind the quote that continues a string ended at `at`: a line end lies between. -1 when none does. */
export function continuedAt(text: string, at: number, limit: number): number {
  let sawLineEnd = false;
  while (at < limit) {
    const code = text.charCodeAt(at);
    if (code === LINE_FEED || code === CARRIAGE_RETURN) {
      sawLineEnd = true;
      at++;
    } else if (CLASS_OF[code] === CharacterClass.space) {
      at++;
    } else if (code === DASH && text.charCodeAt(at + 1) === DASH) {
      at = lineCommentEnd(text, at, limit);
    } else {
      return code === QUOTE && sawLineEnd ? at + 1 : -1;
    }
  }
  return -1;
}

/** The end of the line comment at `at`: either kind of line end closes it. */
export function lineCommentEnd(text: string, at: number, limit: number): number {
  // Not with indexOf: a text may hold only one of both, and the search for the other would go to its end.
  while (at < limit) {
    const code = text.charCodeAt(at);
    if (code === LINE_FEED || code === CARRIAGE_RETURN) break;
    at++;
  }
  return at;
}

/** The end of the block comment at `at`, with those inside it; -1 when it is never closed. */
export function blockCommentEnd(text: string, at: number, limit: number): number {
  let depth = 1;
  at += 2;
  while (at < limit) {
    const code = text.charCodeAt(at++);
    if (code === STAR) {
      if (text.charCodeAt(at) === SLASH && at < limit) {
        at++;
        if (--depth === 0) return at;
      }
    } else if (code === SLASH && text.charCodeAt(at) === STAR) {
      at++;
      depth++;
    }
  }
  return -1;
}

/**
 * The end of the number at `at`: integers, decimals and exponents. Letters that follow a digit belong to the token, as in PostgreSQL
 * 15 and later, where they make it an error: 0x1F and 1_000 need no rules of their own.
 */
export function numberEnd(text: string, at: number, limit: number): number {
  const prefix = text.charCodeAt(at + 1) | 32;
  if (text.charCodeAt(at) === ZERO && (prefix === LETTER_X || prefix === LETTER_O || prefix === LETTER_B))
    return wordEnd(text, at + 1, limit);
  at = digitsEnd(text, at);
  if (text.charCodeAt(at) === DOT && text.charCodeAt(at + 1) !== DOT) at = digitsEnd(text, at + 1);
  if ((text.charCodeAt(at) | 32) === LETTER_E) {
    const sign = text.charCodeAt(at + 1);
    const digits = sign === PLUS || sign === DASH ? at + 2 : at + 1;
    if (isDigit(text.charCodeAt(digits))) at = digitsEnd(text, digits);
  }
  return beginsWord(text.charCodeAt(at)) ? wordEnd(text, at, limit) : at;
}

/** Behind the digits at `at`, which a single underscore may separate (PostgreSQL 16). */
function digitsEnd(text: string, at: number): number {
  while (isDigit(text.charCodeAt(at)) || (text.charCodeAt(at) === UNDERSCORE && isDigit(text.charCodeAt(at + 1)))) at++;
  return at;
}
