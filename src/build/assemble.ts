import type { Script } from "#database/script.ts";
import { Lexer } from "#sql/lexer.ts";
import type { Span, Statement } from "#sql/statement.ts";

/** What clears the session between files, where the project asks for it. */
export const RESET_BETWEEN_FILES = "RESET SESSION AUTHORIZATION;\nRESET ROLE;\nRESET ALL;\n";

const BYTE_ORDER_MARK = 0xfeff;
const LINE_FEED = 10;

/**
 * One file's part of the assembled script: a heading, then its text, made safe to stand before other files
 * (a missing last semicolon is added) and inside a transaction (`script` has lost its own BEGIN and COMMIT).
 * The same input gives the same bytes.
 * @throws ConfitureError `file_unreadable` for a large file, which is read as it is asked for
 */
export function* assembleFile(script: Script, original: Script): Generator<string | Uint8Array> {
  const dropped = [
    ...(script.omitted ?? []).map((statement) => withSemicolon(script, statement)),
    ...script.psqlCommands,
  ];
  if (script.text.charCodeAt(0) === BYTE_ORDER_MARK) dropped.push({ start: 0, end: 1 });
  yield `-- File: ${script.file}\n`;
  let last: string | Uint8Array = "";
  for (const piece of withoutSpans(script, dropped)) {
    yield piece;
    if (piece.length > 0) last = piece;
  }
  yield ending(last, original.statements.at(-1));
}

function withSemicolon(script: Script, statement: Statement): Span {
  if (!statement.terminated) return statement;
  const lexer = new Lexer(script.text, statement.end);
  lexer.next();
  return { start: statement.start, end: lexer.end };
}

/** What is left of the file; of a large one in pieces. */
function* withoutSpans({ text, outline }: Script, spans: readonly Span[]): Generator<string | Uint8Array> {
  const inOrder = spans.toSorted((a, b) => a.start - b.start);
  if (outline === undefined) {
    let left = "";
    let at = 0;
    for (const { start, end } of inOrder) {
      left += text.slice(at, start);
      at = end;
    }
    yield left + text.slice(at);
    return;
  }
  let from = 0;
  for (const { start, end } of inOrder) {
    const range = outline.range(start, end);
    yield* outline.source.pieces({ from, to: range.from });
    from = range.to;
  }
  yield* outline.source.pieces({ from, to: outline.source.size });
}

/** @param last the last of the file that is not empty */
function ending(last: string | Uint8Array, statement: Statement | undefined): string {
  const end = last.at(-1);
  const line = end === undefined || end === "\n" || end === LINE_FEED ? "" : "\n";
  if (statement?.copyData !== undefined) return statement.copyData.terminated ? `${line}\n` : `${line}\\.\n\n`;
  // On a line of its own: the last one may be a comment.
  return statement === undefined || statement.terminated ? `${line}\n` : `${line};\n\n`;
}
