import { Lexer } from "./lexer/lexer.ts";
import { TokenKind } from "./lexer/token-kind.ts";

/** How many leading tokens `words` holds. */
const WORD_LIMIT = 8;

/** A range of UTF-16 offsets; `end` is exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** The lines that follow a COPY ... FROM STDIN, without the line `\.` that ends them. */
export interface CopyData extends Span {
  /** False when the text ends before a line `\.`, which psql takes for the end as well. */
  readonly terminated: boolean;
}

/** One SQL statement of a text: from its first token to its last, without the semicolon. */
export class Statement implements Span {
  readonly source: string;
  readonly start: number;
  readonly end: number;
  /** Whether a semicolon follows. */
  readonly terminated: boolean;
  /** Only for COPY ... FROM STDIN. */
  readonly copyData: CopyData | undefined;
  private wordCache: readonly string[] | undefined;

  constructor(source: string, start: number, end: number, terminated: boolean, copyData?: CopyData) {
    this.source = source;
    this.start = start;
    this.end = end;
    this.terminated = terminated;
    this.copyData = copyData;
  }

  /** A text that is one statement. */
  static of(text: string): Statement {
    return new Statement(text, 0, text.length, false);
  }

  /** The statement as written, comments inside it included. */
  get text(): string {
    return this.source.slice(this.start, this.end);
  }

  /**
   * The first eight tokens, comments left out: unquoted words in upper case, anything else as written.
   * Read when first asked for.
   */
  get words(): readonly string[] {
    this.wordCache ??= this.tokens(WORD_LIMIT);
    return this.wordCache;
  }

  /** The first of `words`, without reading the others. */
  get firstWord(): string | undefined {
    return (this.wordCache ?? this.tokens(1))[0];
  }

  /** Tokens in the form of `words`, at most `limit` of them. */
  tokens(limit: number = Number.MAX_SAFE_INTEGER): string[] {
    const { text } = this;
    const lexer = new Lexer(text);
    const tokens: string[] = [];
    while (tokens.length < limit && lexer.next()) {
      const token = text.slice(lexer.start, lexer.end);
      tokens.push(lexer.kind === TokenKind.word ? token.toUpperCase() : token);
    }
    return tokens;
  }
}
