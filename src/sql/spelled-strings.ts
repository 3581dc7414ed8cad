import { TokenKind } from "./lexer/token-kind.ts";
import { tokensOf } from "./lexer/tokens.ts";

/** What is not to stand in a file or on a terminal as it is: control characters and directional controls, without line feeds and tabs. */
const UNSEEN = /(?![\n\t])[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/gu;

/** The same SQL with what is not seen in its strings spelled out: `E'a\rb'`. */
export function withSpelledStrings(sql: string): string {
  let text = "";
  let copied = 0;
  for (const { kind, start, end } of tokensOf(sql)) {
    const string = sql.slice(start, end);
    if (kind !== TokenKind.string || string.search(UNSEEN) < 0) continue;
    const isPlain = string.startsWith("'");
    if (!isPlain && !/^E'/i.test(string)) continue;
    const escaped = isPlain ? `E${string.replaceAll("\\", "\\\\")}` : string;
    text += sql.slice(copied, start) + escaped.replaceAll(UNSEEN, spell);
    copied = end;
  }
  return text + sql.slice(copied);
}

function spell(character: string): string {
  const code = character.charCodeAt(0);
  if (character === "\r") return String.raw`\r`;
  return code < 0x80 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
}
