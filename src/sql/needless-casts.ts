import { TokenKind } from "./lexer/token-kind.ts";
import { isWord, type Token, tokensOf } from "./lexer/tokens.ts";

/**
 * A statement that makes columns, without the casts of default values to the type that their column has anyway: PostgreSQL reads
 * `'x'` in its place as a value of that type, and keeps the same (manual, Type Conversion). A domain would make another value of it, so
 * only types of PostgreSQL's own lose their cast. Pure.
 */
export function withoutNeedlessCasts(sql: string): string {
  const tokens = tokensOf(sql);
  let text = "";
  let copied = 0;
  for (const [index, token] of tokens.entries()) {
    const cast = isWord(token, "DEFAULT") ? castBehind(tokens, index) : undefined;
    if (cast === undefined) continue;
    const type = words(sql, tokens.slice(cast.from + 1, cast.to));
    if (!PLAIN.test(type) || type !== typeBefore(sql, tokens, index)) continue;
    text += sql.slice(copied, tokens[cast.from]!.start);
    copied = tokens[cast.to - 1]!.end;
  }
  return text + sql.slice(copied);
}

/** Types whose text is read as it is; a number in quotes would not be written by anybody. */
const PLAIN =
  /^(?:text|character varying|jsonb?|uuid|date|bytea|inet|cidr|time(?:stamp)? with(?:out)? time zone)(?: \[ \])*$/;

/** The cast of a string behind DEFAULT, which ends the definition of a column or stands before its next clause. */
function castBehind(tokens: readonly Token[], at: number): { readonly from: number; readonly to: number } | undefined {
  const [value, sign] = [tokens[at + 1], tokens[at + 2]];
  if (value?.kind !== TokenKind.string || sign?.text !== "::") return undefined;
  const { depth } = tokens[at]!;
  const length = tokens
    .slice(at + 3)
    .findIndex((token) => token.depth < depth || (token.depth === depth && (token.text === "," || isClause(token))));
  return { from: at + 2, to: length < 0 ? tokens.length : at + 3 + length };
}

function isClause(token: Token): boolean {
  return ["NOT", "CONSTRAINT", "COLLATE", "GENERATED"].some((word) => isWord(token, word));
}

/** The type of the column whose DEFAULT this is, without its length or precision. */
function typeBefore(sql: string, tokens: readonly Token[], at: number): string | undefined {
  const { depth } = tokens[at]!;
  const begin = tokens.findLastIndex((token, index) => index < at && isBefore(token, depth));
  if (begin < 0) return undefined;
  const all = tokens.slice(begin + 1, at);
  const end = all.findIndex(isClause);
  // The first is the column's name.
  const type = all.slice(1, end < 0 ? all.length : end);
  return words(
    sql,
    type.filter((token) => token.depth === depth && token.kind !== TokenKind.open && token.kind !== TokenKind.close),
  );
}

/** What a column's definition stands behind. */
function isBefore(token: Token, depth: number): boolean {
  return (token.depth === depth && (token.text === "," || isWord(token, "COLUMN"))) || token.depth < depth;
}

function words(sql: string, tokens: readonly Token[]): string {
  return tokens.map(({ start, end }) => sql.slice(start, end)).join(" ");
}
