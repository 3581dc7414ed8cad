import { Lexer } from "./lexer/lexer.ts";
import { TokenKind } from "./lexer/token-kind.ts";
import type { Statement } from "./statement.ts";

/** Longer statements are looked at one by one. In UTF-16 units. */
const LONGEST = 20_000;

const ROW_WORDS: ReadonlySet<string> = new Set(["INSERT", "UPDATE", "DELETE"]);

/**
 * What statements have in common that add, change or delete rows and differ in nothing but strings and numbers: PostgreSQL's grammar
 * takes all of them or none. Undefined for other statements, and for long ones. Pure.
 */
export function rowShapeOf({ firstWord = "", text }: Pick<Statement, "firstWord" | "text">): string | undefined {
  if (text.length > LONGEST || !ROW_WORDS.has(firstWord)) return undefined;
  const lexer = new Lexer(text);
  const shape: string[] = [];
  while (lexer.next()) {
    const token = text.slice(lexer.start, lexer.end);
    shape.push(isAnyValue(lexer.kind, token) ? VALUE : token);
  }
  return shape.join(" ");
}

/** The grammar looks into strings with a prefix. */
function isAnyValue(kind: TokenKind, token: string): boolean {
  if (kind === TokenKind.number) return /^\d+(?:\.\d+)?$/.test(token);
  return kind === TokenKind.string && token.startsWith("'");
}

/** No token of PostgreSQL's. */
const VALUE = "\0";
