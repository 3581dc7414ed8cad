import type { MigrationFacts, StatementFacts } from "#compare/trace/facts.ts";
import type { Location } from "#errors/error.ts";
import type { Parser } from "#sql/parser.ts";
import { commentsInSql } from "./comments.ts";
import type { Comment, LintFile, LintStatement, Transaction } from "./file.ts";

/** A TypeScript migration with the statements that it asked for: the texts of its calls, one below the other. */
export function withAsked(file: LintFile, facts: MigrationFacts, parser: Parser): LintFile {
  const runner: Transaction = { kind: "runner", statements: [] };
  const statements: LintStatement[] = [];
  const comments: Comment[] = [...file.comments];
  const places: { readonly start: number; readonly place: Location }[] = [];
  const locate: LintFile["locate"] = (offset) =>
    places.findLast(({ start }) => start <= offset)?.place ?? { file: file.path };
  let text = "";
  for (const call of callsOf(facts.statements)) {
    const start = text.length;
    const { text: sent } = call[0]!.sent!;
    text += `${sent}\n;\n`;
    places.push({ start, place: call[0]!.place });
    for (const statement of call) {
      const from = start + statement.sent!.start;
      places.push({ start: from, place: statement.place });
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
    comments.push(...commentsInSql(text, locate, { start, end: start + sent.length }));
  }
  const hasMore = facts.hasBranches || facts.error !== undefined;
  return { ...file, text, statements, comments, hasMore, locate };
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
