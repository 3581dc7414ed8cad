import { tokensOf } from "./lexer/tokens.ts";

/**
 * A statement without the schema "public" in front of names, as PostgreSQL finds them by its usual search_path. Texts in quotes,
 * bodies of functions among them, stay. What pg_catalog has under the same name would be found instead of it. Pure.
 */
export function withoutPublic(sql: string): string {
  let text = "";
  let copied = 0;
  const tokens = tokensOf(sql);
  for (const [index, { text: word, start }] of tokens.entries()) {
    const dot = tokens[index + 1];
    if (!/^("public"|public)$/i.test(word) || dot?.text !== "." || tokens[index - 1]?.text === ".") continue;
    text += sql.slice(copied, start);
    copied = dot.end;
  }
  return text + sql.slice(copied);
}
