import { splitStatements } from "#sql/split.ts";
import type { Span } from "#sql/statement.ts";
import type { Comment, LintFile, LintStatement } from "./file.ts";

/**
 * The comments in SQL that are for lint, or for a tool that does the same. One for a statement is about the one that it stands in, ends
 * the line of, or stands before.
 * @param part of the text, the statements of which a comment may be about; all of it where undefined
 */
export function commentsInSql(text: string, locate: LintFile["locate"], part?: Span): Comment[] {
  const { start: from, end: to } = part ?? { start: 0, end: text.length };
  // Most files hold no comment for us, and need not be read again.
  if (!/(?:confiture|squawk|eugene|atlas|nolint)/.test(text.slice(from, to))) return [];
  return splitStatements(text, from, to, { comments: true }).comments.map(({ start, end }) => ({
    start,
    end,
    text: text.slice(start, end),
    location: locate(start),
    isAstray: false,
    about: ({ statements }) => {
      const own =
        part === undefined ? statements : statements.filter(({ span }) => span.start >= from && span.end <= to);
      return aboutWhich(text, start, own);
    },
  }));
}

function aboutWhich(text: string, start: number, statements: readonly LintStatement[]): LintStatement[] {
  const next = statements.find(({ span }) => span.end > start);
  if (next !== undefined && next.span.start < start) return [next];
  const last = statements.findLast(({ span }) => span.end <= start);
  const isBehind = last !== undefined && /^[ \t]*;?[ \t]*$/.test(text.slice(last.span.end, start));
  const about = isBehind ? last : next;
  return about === undefined ? [] : [about];
}
