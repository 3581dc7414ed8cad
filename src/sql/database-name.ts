import { TokenKind } from "./lexer/token-kind.ts";
import { quoteIdentifier } from "./quote.ts";
import { codePointOffset } from "./position.ts";
import { isWord, type Token, tokensOf } from "./lexer/tokens.ts";

/** SQL in which statements about a database are about another one. */
export interface Redirected {
  readonly sql: string;
  /** Where a position in `sql` is in the original; both as PostgreSQL counts, in code points from 1. */
  readonly before: (position: number) => number;
}

/** What stands before DATABASE where its name comes next, by the first word of the statement. */
const NAMED_BEHIND: Readonly<Record<string, readonly string[]>> = {
  ALTER: ["ALTER", "IN"],
  COMMENT: ["ON"],
  GRANT: ["ON"],
  REVOKE: ["ON"],
  SECURITY: ["ON"],
};

/** These cannot be about the database that they run in. */
const FOR_OTHERS = /^(?:RENAME|SET\s+TABLESPACE)\b/i;

/**
 * Makes statements that are about a database (ALTER, COMMENT ON, GRANT ... ON, SECURITY LABEL ON, REINDEX DATABASE, ALTER
 * ROLE ... IN DATABASE) be about the one of this name, whichever they name. Pure.
 * @returns undefined where there is none
 */
export function redirectDatabase(sql: string, name: string): Redirected | undefined {
  if (!/\b(?:database|reindex\b[^;]*\bsystem)\b/i.test(sql)) return undefined;
  const names = databaseNames(sql);
  if (names.length === 0) return undefined;
  const quoted = quoteIdentifier(name);
  const pieces: string[] = [];
  /** Offsets in the result where the original goes on, and there. */
  const joints: { readonly now: number; readonly original: number }[] = [];
  let [at, length] = [0, 0];
  for (const { start, end } of names) {
    pieces.push(sql.slice(at, start), quoted);
    length += start - at + quoted.length;
    joints.push({ now: length, original: end });
    at = end;
  }
  const redirected = [...pieces, sql.slice(at)].join("");
  return {
    sql: redirected,
    before(position) {
      const offset = codePointOffset(redirected, position);
      const joint = joints.findLast(({ now }) => now <= offset);
      const original = joint === undefined ? offset : joint.original + offset - joint.now;
      return Array.from(sql.slice(0, original)).length + 1;
    },
  };
}

function databaseNames(sql: string): Token[] {
  const found: Token[] = [];
  let first: string | undefined;
  const tokens = tokensOf(sql);
  for (const [at, token] of tokens.entries()) {
    if (token.kind === TokenKind.semicolon) first = undefined;
    else first ??= token.text.toUpperCase();
    const before = tokens[at - 1];
    if (before === undefined || !isNamedBehind(first ?? "", before, token)) continue;
    const named: Token[] = [];
    const isConcurrent = first === "REINDEX" && isWord(tokens[at + 1], "CONCURRENTLY");
    for (let next = isConcurrent ? at + 2 : at + 1; isName(tokens[next]); next += 2) {
      named.push(tokens[next]!);
      if (tokens[next + 1]?.text !== ",") break;
    }
    const last = named.at(-1);
    if (last !== undefined && !FOR_OTHERS.test(sql.slice(last.end, last.end + 100).trimStart())) found.push(...named);
  }
  return found;
}

/** Whether the name of a database comes next. */
function isNamedBehind(first: string, before: Token, token: Token): boolean {
  if (first === "REINDEX") {
    return (isWord(token, "DATABASE") || isWord(token, "SYSTEM")) && (isWord(before, first) || before.text === ")");
  }
  return isWord(token, "DATABASE") && NAMED_BEHIND[first]?.some((word) => isWord(before, word)) === true;
}

function isName(token: Token | undefined): boolean {
  return token?.kind === TokenKind.word || token?.kind === TokenKind.quotedIdentifier;
}
