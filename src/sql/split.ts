import { findConflict, opensConflict } from "./conflict-marker.ts";
import { readCopyData } from "./copy-data.ts";
import { Lexer } from "./lexer/lexer.ts";
import { TokenKind } from "./lexer/token-kind.ts";
import { type PsqlCommand, readPsqlCommand } from "./psql-command.ts";
import { type CopyData, type Span, Statement } from "./statement.ts";
import { StatementShape } from "./statement-shape.ts";

// Copies in constants, as in the lexer.
const SEMICOLON = TokenKind.semicolon;
const OPEN = TokenKind.open;
const CLOSE = TokenKind.close;
const OPERATOR = TokenKind.operator;
const FIRST_SPECIAL = TokenKind.backslash;

export interface SplitOptions {
  /** Also collect comments, which COPY data and quotes never hold. */
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
  /** Comments, those of a line without its end; empty unless asked for. */
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
  return new Splitter(text, from, to, options.comments === true).run();
}

class Splitter {
  private readonly text: string;
  private readonly limit: number;
  private readonly lexer: Lexer;
  private readonly shape = new StatementShape();
  private readonly statements: Statement[] = [];
  private readonly psqlCommands: PsqlCommand[] = [];
  private readonly comments: Span[] = [];
  private unterminated: Unterminated | undefined = undefined;
  private conflict: number | undefined = undefined;
  private soughtConflict = false;
  /** The statement being read; -1 between statements. */
  private start = -1;
  private end = -1;
  private depth = 0;
  private outermostParenthesis = -1;
  /** What follows COPY ... FROM STDIN on its line comes before the data, in psql too; this is behind the data. */
  private resume = -1;

  constructor(text: string, from: number, to: number, comments: boolean) {
    this.text = text;
    this.limit = to;
    this.lexer = new Lexer(text, from, to, comments);
  }

  run(): SplitResult {
    do {
      while (this.lexer.next()) this.see(this.lexer.kind);
    } while (this.endOfLexerRange());
    const { text, statements, psqlCommands, comments, unterminated } = this;
    // An unclosed quote may have swallowed the markers.
    if (unterminated !== undefined) this.conflict ??= findConflict(text, unterminated.start, this.limit);
    return {
      text,
      statements,
      psqlCommands,
      comments,
      ...(unterminated === undefined ? {} : { unterminated }),
      ...(this.conflict === undefined ? {} : { conflictMarker: { start: this.conflict } }),
    };
  }

  private see(kind: TokenKind): void {
    const lexer = this.lexer;
    if (kind === SEMICOLON && this.depth === 0) {
      if (!this.shape.inBody) return this.finish(true);
      this.shape.nextInBody();
    } else if (kind >= FIRST_SPECIAL) {
      return this.seeSpecial(kind);
    } else if (this.shape.watching && this.depth === 0) {
      this.shape.see(lexer);
    }
    if (kind === OPEN) {
      if (this.depth++ === 0) this.outermostParenthesis = lexer.start;
    } else if (kind === CLOSE) {
      if (this.depth > 0) this.depth--;
    } else if (kind === OPERATOR && !this.soughtConflict && opensConflict(this.text, lexer.start, lexer.end)) {
      // Where the rest of the first one is missing, it is missing for all that follow.
      this.soughtConflict = true;
      this.conflict = findConflict(this.text, lexer.start, this.limit);
    }
    if (this.start === -1) this.start = lexer.start;
    this.end = lexer.end;
  }

  /** Comments and psql commands: no part of a statement, though they may stand in one. */
  private seeSpecial(kind: TokenKind): void {
    const lexer = this.lexer;
    if (kind === TokenKind.lineComment || kind === TokenKind.blockComment) {
      this.comments.push({ start: lexer.start, end: lexer.end });
    } else if (kind === TokenKind.backslash) {
      const command = readPsqlCommand(this.text, lexer.start, this.limit);
      this.psqlCommands.push(command);
      lexer.end = command.end;
    }
  }

  private finish(terminated: boolean): void {
    if (this.start === -1) return;
    const data = this.shape.isCopyFromStdin ? this.skipCopyData() : undefined;
    this.statements.push(new Statement(this.text, this.start, this.end, terminated, data));
    this.start = -1;
    this.depth = 0;
    this.shape.reset();
  }

  /** Reads the data and restricts the lexer to what is left of the line before it. */
  private skipCopyData(): CopyData {
    const isFirstOnLine = this.resume === -1;
    const start = isFirstOnLine ? nextLine(this.text, this.lexer.end, this.limit) : this.resume;
    const block = readCopyData(this.text, start, this.limit);
    if (isFirstOnLine) this.lexer.moveTo(this.lexer.end, start);
    this.resume = block.next;
    return block.data;
  }

  /** Ends what is open. True when the lexer has SQL behind COPY data to go on with. */
  private endOfLexerRange(): boolean {
    this.unterminated ??= this.findUnterminated();
    const resume = this.resume;
    this.finish(false);
    if (resume === -1) return false;
    this.lexer.gap = undefined;
    this.lexer.moveTo(this.resume, this.limit);
    this.resume = -1;
    return true;
  }

  private findUnterminated(): Unterminated | undefined {
    const { lexer, start } = this;
    if (lexer.gap !== undefined) return { what: lexer.gap, start: lexer.gapStart };
    if (start === -1) return undefined;
    if (this.depth > 0) return { what: "parenthesis", start: this.outermostParenthesis };
    if (this.shape.inBody) return { what: "BEGIN ATOMIC body", start };
    return this.resume === -1 ? undefined : { what: "statement before COPY data", start };
  }
}

/** The start of the line after the one that holds `at`; `limit` when there is none. */
function nextLine(text: string, at: number, limit: number): number {
  const lineFeed = text.indexOf("\n", at);
  return lineFeed === -1 || lineFeed >= limit ? limit : lineFeed + 1;
}
