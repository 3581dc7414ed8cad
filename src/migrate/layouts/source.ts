import { placeIn, type SqlText } from "#database/script.ts";
import type { Location } from "#errors/error.ts";
import { splitStatements } from "#sql/split.ts";
import type { Span, Statement } from "#sql/statement.ts";

interface Split {
  readonly comments: readonly Span[];
  readonly statements: readonly Statement[];
}

/** A SQL file, with its comments found when they are first asked for. */
export class SqlSource {
  /** As shown to the user. */
  readonly file: string;
  readonly text: string;
  readonly #sql: SqlText;
  #split: Split | undefined;

  constructor(sql: SqlText) {
    this.file = sql.file;
    this.text = sql.text;
    this.#sql = sql;
  }

  /** Where an offset into the text is in the file. */
  locate(offset: number): Location {
    return placeIn(this.#sql, offset);
  }

  /** Comments outside strings, bodies and COPY data, in the order of the text. */
  get comments(): readonly Span[] {
    return this.#read().comments;
  }

  get statements(): readonly Statement[] {
    return this.#read().statements;
  }

  #read(): Split {
    this.#split ??= splitStatements(this.text, 0, this.text.length, { comments: true });
    return this.#split;
  }
}
