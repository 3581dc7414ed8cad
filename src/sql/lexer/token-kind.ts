/** What a token is. Semicolons and parentheses have kinds of their own because splitting turns on them. */
export const TokenKind = {
  /** A keyword or an unquoted identifier. */
  word: 1,
  quotedIdentifier: 2,
  /** '...' and its forms with a prefix: E, B, X, N and U&. */
  string: 3,
  dollarString: 4,
  number: 5,
  /** $1 */
  parameter: 6,
  operator: 7,
  punctuation: 8,
  semicolon: 9,
  open: 10,
  close: 11,
  /** A character PostgreSQL has no token for. */
  other: 12,
  /** A backslash outside quotes: psql takes what follows for a command. */
  backslash: 13,
  /** `-- ...` without its line end; only when comments are asked for. */
  lineComment: 14,
  blockComment: 15,
} as const;
export type TokenKind = (typeof TokenKind)[keyof typeof TokenKind];

/** The kind of each ASCII character that is a token by itself. */
export const SINGLE_KIND = new Uint8Array(128).fill(TokenKind.other);
for (const character of ",[]") SINGLE_KIND[character.charCodeAt(0)] = TokenKind.punctuation;
SINGLE_KIND[";".charCodeAt(0)] = TokenKind.semicolon;
SINGLE_KIND["(".charCodeAt(0)] = TokenKind.open;
SINGLE_KIND[")".charCodeAt(0)] = TokenKind.close;
SINGLE_KIND["\\".charCodeAt(0)] = TokenKind.backslash;
