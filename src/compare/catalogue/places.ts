import { Lexer, TokenKind } from "#sql/lexer.ts";
import { locate } from "#sql/position.ts";
import type { Change } from "./changes.ts";

/** A text that may say something about an object: a schema file or a migration. */
export interface SourceText {
  /** As shown to the user. */
  readonly file: string;
  readonly text: string;
}

/** Where a file speaks of an object. */
export interface Place {
  readonly file: string;
  readonly line: number;
}

/**
 * The place to go to for a changed object: where its own name last follows that of what it belongs to, otherwise
 * where what it belongs to is first named. A guess by names, for people; undefined when no text names either.
 */
export function findPlace({ path }: Pick<Change, "path">, sources: readonly SourceText[]): Place | undefined {
  // The schema is seldom written out.
  const names = path.length > 1 ? path.slice(1) : path;
  for (const source of sources.toReversed()) {
    const offset = findNames(source.text, names).at(-1);
    if (offset !== undefined) return placeAt(source, offset);
  }
  for (const source of names.length > 1 ? sources : []) {
    const offset = findNames(source.text, names.slice(0, 1)).at(0);
    if (offset !== undefined) return placeAt(source, offset);
  }
  return undefined;
}

function placeAt({ file, text }: SourceText, offset: number): Place {
  return { file, line: locate(text, offset).line };
}

/** Offsets of the last name wherever all of them follow each other within one statement. */
function findNames(text: string, names: readonly string[]): number[] {
  const lexer = new Lexer(text);
  const found: number[] = [];
  let matched = 0;
  while (lexer.next()) {
    if (lexer.kind === TokenKind.semicolon) matched = 0;
    else if (lexer.kind === TokenKind.word || lexer.kind === TokenKind.quotedIdentifier) {
      if (nameOf(text.slice(lexer.start, lexer.end)) !== names[matched]) continue;
      matched++;
      if (matched < names.length) continue;
      found.push(lexer.start);
      matched = names.length - 1;
    }
  }
  return found;
}

function nameOf(token: string): string {
  return token.startsWith('"') ? token.slice(1, -1).replaceAll('""', '"') : token.toLowerCase();
}
