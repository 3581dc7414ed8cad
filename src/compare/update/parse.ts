import type { Node } from "libpg-query";
import { Lexer, TokenKind } from "#sql/lexer.ts";

/** A statement as PostgreSQL's grammar reads it. Positions in it are bytes of its text in UTF-8. */
export type { Node } from "libpg-query";

/** The member of a node that has this name, such as "CreateStmt". */
export type NodeOf<Name extends string> =
  Extract<Node, Record<Name, unknown>> extends Record<Name, infer Inner> ? Inner : never;

/** Reads single statements. */
export interface Parser {
  /** Undefined for what PostgreSQL's grammar does not take. */
  parse(text: string): Node | undefined;
}

/** Loads PostgreSQL's parser, which takes a moment. */
export async function loadParser(): Promise<Parser> {
  const { loadModule, parseSync } = await import("libpg-query");
  await loadModule();
  const known = new Map<string, Node | undefined>();
  return {
    parse(text) {
      if (known.has(text)) return known.get(text);
      let node: Node | undefined;
      try {
        node = parseSync(text).stmts?.[0]?.stmt;
      } catch {
        // Whoever runs it is told by PostgreSQL.
      }
      known.set(text, node);
      return node;
    },
  };
}

/** The inside of a node, if it is one of this kind. */
export function inside<Name extends string>(node: Node | undefined, name: Name): NodeOf<Name> | undefined {
  if (node === undefined || !(name in node)) return undefined;
  return (node as Record<string, unknown>)[name] as NodeOf<Name>;
}

/** The text of `String` nodes. */
export function strings(nodes: readonly Node[] | undefined): string[] {
  return (nodes ?? []).flatMap((node) => inside(node, "String")?.sval ?? []);
}

/** The UTF-16 offset of a byte of a text in UTF-8. */
export function offsetOfByte(text: string, byte: number): number {
  if (text.length === Buffer.byteLength(text)) return byte;
  return Buffer.from(text).subarray(0, byte).toString().length;
}

/** One token of a text; offsets are UTF-16 units. */
export interface Token {
  readonly kind: TokenKind;
  readonly start: number;
  readonly end: number;
  readonly text: string;
  /** How many parentheses are open around it; those themselves count as outside. */
  readonly depth: number;
}

/** Tokens of a text, without comments. */
export function tokensOf(text: string, from = 0, to = text.length): Token[] {
  const lexer = new Lexer(text, from, to);
  const tokens: Token[] = [];
  let depth = 0;
  while (lexer.next()) {
    const { kind, start, end } = lexer;
    if (kind === TokenKind.close || text.charAt(start) === "]") depth--;
    tokens.push({ kind, start, end, text: text.slice(start, end), depth });
    if (kind === TokenKind.open || text.charAt(start) === "[") depth++;
  }
  return tokens;
}

/** Whether a token is this keyword, given in upper case. */
export function isWord(token: Token | undefined, word: string): boolean {
  return token?.kind === TokenKind.word && token.text.toUpperCase() === word;
}
