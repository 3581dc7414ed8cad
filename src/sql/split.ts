import { findConflict, opensConflict } from "./conflict-marker.ts";
import { readCopyData } from "./copy-data.ts";
import { Lexer, TokenKind } from "./lexer.ts";
import { type PsqlCommand, readPsqlCommand } from "./psql-command.ts";
import { type Span, Statement } from "./statement.ts";
import { StatementShape } from "./statement-shape.ts";

export type { CopyData, Span, Statement } from "./statement.ts";
export type { PsqlCommand } from "./psql-command.ts";

export interface SplitOptions {
  /** Also collect line comments (`-- ...`), which COPY data and quotes never hold. */
  readonly comments?: boolean;
}

/** A construct that the text opens and never closes. */
export interface Unterminated {
  readonly what:
    | "string"
    | "quoted identifier"
    | "dollar-quoted string"
    | "comment"
    | "parenthesis"
    | "BEGIN ATOMIC body"
    | "statement before COPY data";
  /** Offset of its first character. */
  readonly start: number;
}

export interface SplitResult {
  readonly text: string;
  /** In the order of the text. Empty statements are left out. */
  readonly statements: readonly Statement[];
  /** In the order of the text; a statement may hold one. */
  readonly psqlCommands: readonly PsqlCommand[];
  /** Line comments without their line ends; empty unless asked for. */
  readonly comments: readonly Span[];
  readonly unterminated?: Unterminated;
  /** A git conflict, at its `<<<<<<<` line. */
  readonly conflictMarker?: { readonly start: number };
}

/**
 * Splits a script, or the part of it at [from, to), into statements as psql does (psqlscan.l): at semicolons
 * outside quotes, comments, parentheses and SQL-standard function bodies. COPY data is skipped, never read as SQL.
 *
 * Never throws: what is wrong with the text is in the result. After an unclosed parenthesis or body, the rest
 * is one statement, as it is for PostgreSQL. All offsets are UTF-16 units into `text`, whatever `from` is.
 */
export function splitStatements(
  text: string,
  from = 0,
  to: number = text.length,
  options: SplitOptions = {},
): SplitResult {
  const lexer = new Lexer(text, from, to, options.comments === true);
  const shape = new StatementShape();
  const statements: Statement[] = [];
  const psqlCommands: PsqlCommand[] = [];
  const comments: Span[] = [];
  let unterminated: Unterminated | undefined;
  let conflict: number | undefined;
  let soughtConflict = false;
  let start = -1;
  let end = -1;
  let depth = 0;
  let outermost = -1;
  // The SQL behind a COPY ... FROM STDIN on its own line comes before the data; `resume` is behind the data.
  let resume = -1;

  const finish = (terminated: boolean): void => {
    if (start === -1) return;
    if (shape.isCopyFromStdin) {
      const block = readCopyData(text, resume === -1 ? nextLine(text, lexer.end, to) : resume, to);
      if (resume === -1) lexer.moveTo(lexer.end, block.data.start);
      resume = block.next;
      statements.push(new Statement(text, start, end, terminated, block.data));
    } else {
      statements.push(new Statement(text, start, end, terminated));
    }
    start = -1;
    depth = 0;
    shape.reset();
  };

  const noteOpen = (): void => {
    if (unterminated !== undefined) return;
    if (lexer.gap !== undefined) unterminated = { what: lexer.gap, start: lexer.gapStart };
    else if (start !== -1 && depth > 0) unterminated = { what: "parenthesis", start: outermost };
    else if (start !== -1 && shape.inBody) unterminated = { what: "BEGIN ATOMIC body", start };
    else if (start !== -1 && resume !== -1) unterminated = { what: "statement before COPY data", start };
  };

  for (;;) {
    if (!lexer.next()) {
      if (resume === -1) break;
      noteOpen();
      finish(false);
      lexer.gap = undefined;
      lexer.moveTo(resume, to);
      resume = -1;
      continue;
    }
    const kind = lexer.kind;
    if (kind === TokenKind.semicolon) {
      if (depth === 0) {
        if (shape.inBody) {
          shape.nextInBody();
        } else {
          finish(true);
          continue;
        }
      }
    } else if (kind >= TokenKind.lineComment) {
      if (kind === TokenKind.lineComment) comments.push({ start: lexer.start, end: lexer.end });
      continue;
    } else if (kind === TokenKind.backslash) {
      const command = readPsqlCommand(text, lexer.start, to);
      psqlCommands.push(command);
      lexer.end = command.end;
      continue;
    } else {
      if (shape.watching && depth === 0) shape.see(lexer);
      if (kind === TokenKind.open) {
        if (depth++ === 0) outermost = lexer.start;
      } else if (kind === TokenKind.close) {
        if (depth > 0) depth--;
      } else if (kind === TokenKind.operator && !soughtConflict && opensConflict(text, lexer.start, lexer.end)) {
        // Where the rest of the first one is missing, it is missing for all that follow.
        soughtConflict = true;
        conflict = findConflict(text, lexer.start, to);
      }
    }
    if (start === -1) start = lexer.start;
    end = lexer.end;
  }
  noteOpen();
  finish(false);
  // An unclosed quote may have swallowed the markers.
  if (unterminated !== undefined) conflict ??= findConflict(text, unterminated.start, to);
  return {
    text,
    statements,
    psqlCommands,
    comments,
    ...(unterminated === undefined ? {} : { unterminated }),
    ...(conflict === undefined ? {} : { conflictMarker: { start: conflict } }),
  };
}

/** The start of the line after the one that holds `at`; `limit` when there is none. */
function nextLine(text: string, at: number, limit: number): number {
  const lineFeed = text.indexOf("\n", at);
  return lineFeed === -1 || lineFeed >= limit ? limit : lineFeed + 1;
}
