/**
 * What each ASCII character may begin, after PostgreSQL's scanner (manual, "Lexical Structure"; scan.l).
 * Every character above ASCII belongs to identifiers, a no-break space included.
 */
export const CharacterClass = {
  /** A token of its own, whatever follows. */
  single: 0,
  space: 1,
  letter: 2,
  /** A letter that may also be the prefix of a string: B'' E'' N'' U&'' X''. */
  prefix: 3,
  digit: 4,
  quote: 5,
  doubleQuote: 6,
  dollar: 7,
  operator: 8,
  dash: 9,
  slash: 10,
  dot: 11,
  colon: 12,
} as const;

/** Character class by ASCII code. */
export const CLASS_OF: Uint8Array = new Uint8Array(128);

/** 1 for the ASCII characters that continue an identifier: letters, digits, `_` and `$`. */
export const CONTINUES_WORD: Uint8Array = new Uint8Array(128);

const assign = (characters: string, value: number): void => {
  for (const character of characters) CLASS_OF[character.charCodeAt(0)] = value;
};

const LETTERS = "abcdefghijklmnopqrstuvwxyz";
// The vertical tab is white space since PostgreSQL 16.
assign(" \t\n\r\f\v", CharacterClass.space);
assign(`${LETTERS}${LETTERS.toUpperCase()}_`, CharacterClass.letter);
assign("bBeEnNuUxX", CharacterClass.prefix);
assign("0123456789", CharacterClass.digit);
assign("'", CharacterClass.quote);
assign('"', CharacterClass.doubleQuote);
assign("$", CharacterClass.dollar);
assign("~!@#^&|`?+*%<>=", CharacterClass.operator);
assign("-", CharacterClass.dash);
assign("/", CharacterClass.slash);
assign(".", CharacterClass.dot);
assign(":", CharacterClass.colon);

for (const character of `${LETTERS}${LETTERS.toUpperCase()}0123456789_$`) {
  CONTINUES_WORD[character.charCodeAt(0)] = 1;
}

/** Whether `code` begins an identifier. */
export function beginsWord(code: number): boolean {
  const type = code < 128 ? CLASS_OF[code] : CharacterClass.letter;
  return type === CharacterClass.letter || type === CharacterClass.prefix;
}

/** Whether `code` continues an identifier. False for NaN, which charCodeAt gives past the end. */
export function continuesWord(code: number): boolean {
  return code >= 128 || CONTINUES_WORD[code] === 1;
}

/** Whether `code` is one of PostgreSQL's operator characters. */
export function isOperatorCharacter(code: number): boolean {
  const type = CLASS_OF[code];
  return type === CharacterClass.operator || type === CharacterClass.dash || type === CharacterClass.slash;
}

export function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}
