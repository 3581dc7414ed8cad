import type { Script } from "#database/script.ts";
import { Lexer } from "#sql/lexer.ts";
import type { Span, Statement } from "#sql/statement.ts";

/** What clears the session between files, where the project asks for it. */
export const RESET_BETWEEN_FILES = "RESET SESSION AUTHORIZATION;\nRESET ROLE;\nRESET ALL;\n";

const BYTE_ORDER_MARK = 0xfeff;

/**
 * One file's part of the assembled script: a heading, then its text, made safe to stand before other files
 * (a missing last semicolon is added) and inside a transaction (`script` has lost its own BEGIN and COMMIT).
 * The same input gives the same bytes. Pure.
 */
export function assembleFile(script: Script, original: Script): string {
  let text = script.text;
  const dropped = [...(script.omitted ?? []).map(withSemicolon), ...script.psqlCommands];
  for (const { start, end } of dropped.toSorted((a, b) => b.start - a.start)) {
    text = text.slice(0, start) + text.slice(end);
  }
  if (text.charCodeAt(0) === BYTE_ORDER_MARK) text = text.slice(1);
  return `-- File: ${script.file}\n${withEnd(text, original.statements.at(-1))}\n`;

  function withSemicolon(statement: Statement): Span {
    if (!statement.terminated) return statement;
    const lexer = new Lexer(script.text, statement.end);
    lexer.next();
    return { start: statement.start, end: lexer.end };
  }
}

function withEnd(text: string, last: Statement | undefined): string {
  const line = text === "" || text.endsWith("\n") ? "" : "\n";
  if (last?.copyData !== undefined) return last.copyData.terminated ? text + line : `${text}${line}\\.\n`;
  // On a line of its own: the last one may be a comment.
  return last === undefined || last.terminated ? text + line : `${text}${line};\n`;
}
