import type { MigrationFacts, StatementFacts } from "#compare/trace/facts.ts";
import type { Location } from "#errors/error.ts";
import type { Parser } from "#sql/parser.ts";
import { locate } from "#sql/position.ts";
import { commentsInSql } from "./comments.ts";
import type { Comment, LintFile, LintStatement, Transaction } from "./file.ts";

/** A TypeScript migration with the statements that it asked for: the texts of its calls, one below the other. */
export function withAsked(file: LintFile, facts: MigrationFacts, parser: Parser): LintFile {
  const runner: Transaction = { kind: "runner", statements: [] };
  const statements: LintStatement[] = [];
  const comments: Comment[] = [...file.comments];
  const places: { readonly start: number; readonly place: Location; readonly sent?: string }[] = [];
  const locateCall: LintFile["locate"] = (offset) => {
    const { start, place, sent } = places.findLast((one) => one.start <= offset) ?? NOWHERE;
    if (place === undefined) return { file: file.path };
    return sent === undefined ? place : placeWithin(place, sent, offset - start);
  };
  let text = "";
  for (const call of callsOf(facts.statements)) {
    const start = text.length;
    const { text: sent, place } = call[0]!.sent!;
    text += `${sent}\n;\n`;
    places.push(place === undefined ? { start, place: call[0]!.place } : { start, place, sent });
    for (const statement of call) {
      const from = start + statement.sent!.start;
      if (place === undefined) places.push({ start: from, place: statement.place });
      const made: LintStatement = {
        span: { start: from, end: from + statement.sql.length },
        text: statement.sql,
        words: [],
        node: parser.parse(statement.sql),
        shape: undefined,
        isAlike: false,
        transaction: statement.inTransaction ? runner : { kind: "none", statements: [] },
      };
      made.transaction.statements.push(made);
      statements.push(made);
    }
    comments.push(...commentsInSql(text, locateCall, { start, end: start + sent.length }));
  }
  const hasMore = facts.hasBranches || facts.error !== undefined;
  return { ...file, text, statements, comments, hasMore, locate: locateCall };
}

const NOWHERE = { start: 0, place: undefined, sent: undefined };

/** Where an offset of a text is that stands in the file as it was sent. */
function placeWithin(begins: Location, sent: string, offset: number): Location {
  const { line, column = 1 } = begins;
  if (line === undefined) return begins;
  const within = locate(sent, offset);
  return within.line === 1
    ? { ...begins, column: column + within.column - 1 }
    : { file: begins.file, ...within, line: line + within.line - 1 };
}

/** Statements that were sent as one text. */
function callsOf(statements: readonly StatementFacts[]): StatementFacts[][] {
  const calls: StatementFacts[][] = [];
  for (const statement of statements) {
    const call = calls.at(-1);
    const last = call?.at(-1)?.sent;
    const { sent } = statement;
    const isSame = last !== undefined && last.text === sent?.text && sent.start > last.start;
    if (isSame) call?.push(statement);
    else calls.push([statement]);
  }
  return calls;
}
