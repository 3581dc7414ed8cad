import type { Script } from "#database/script.ts";
import { Lexer } from "#sql/lexer/lexer.ts";
import type { PsqlCommand } from "#sql/psql-command.ts";
import type { Span, Statement } from "#sql/statement.ts";

const BYTE_ORDER_MARK = 0xfeff;
const LINE_FEED = 10;

/**
 * One file's part of the assembled script: a heading, then its text, made safe to stand before other files
 * (a missing last semicolon is added) and inside a transaction (`script` has lost its own BEGIN and COMMIT).
 * The same input gives the same bytes.
 * @param commands what to write in the place of psql's commands; nothing where there is none
 * @throws ConfitureError `file_unreadable` for a large file, which is read as it is asked for
 */
export function* assembleFile(
  script: Script,
  original: Script,
  commands: ReadonlyMap<PsqlCommand, () => Iterable<string | Uint8Array>>,
): Generator<string | Uint8Array> {
  const replaced: Replaced[] = [
    ...(script.omitted ?? []).map((statement) => withSemicolon(script, statement)),
    ...script.psqlCommands.map((command) => ({ start: command.start, end: command.end, by: commands.get(command) })),
  ];
  if (script.text.charCodeAt(0) === BYTE_ORDER_MARK) replaced.push({ start: 0, end: 1 });
  yield `-- File: ${script.file}\n`;
  let last: string | Uint8Array = "";
  for (const piece of withReplaced(script, replaced)) {
    yield piece;
    if (piece.length > 0) last = piece;
  }
  yield ending(last, original.statements.at(-1));
}

function withSemicolon(script: Script, statement: Statement): Span {
  if (!statement.terminated) return { start: statement.start, end: statement.end };
  const lexer = new Lexer(script.text, statement.end);
  lexer.next();
  return { start: statement.start, end: lexer.end };
}

/** A part of the file that is left out, or that something else stands for. */
interface Replaced extends Span {
  readonly by?: (() => Iterable<string | Uint8Array>) | undefined;
}

/** What is left of the file; of a large one in pieces. */
function* withReplaced({ text, outline }: Script, parts: readonly Replaced[]): Generator<string | Uint8Array> {
  const inOrder = parts.toSorted((a, b) => a.start - b.start);
  if (outline === undefined) {
    let at = 0;
    for (const { start, end, by } of inOrder) {
      yield text.slice(at, start);
      if (by !== undefined) yield* by();
      at = end;
    }
    yield text.slice(at);
    return;
  }
  let from = 0;
  for (const { start, end, by } of inOrder) {
    const range = outline.range(start, end);
    yield* outline.source.pieces({ from, to: range.from });
    if (by !== undefined) yield* by();
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
