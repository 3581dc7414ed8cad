import { ConfitureError } from "#errors/error.ts";
import type { Span } from "#sql/statement.ts";
import { isMarker, isNoTransactionLine } from "../files/sections.ts";
import { refuseMistypedMark } from "./mistyped-mark.ts";
import type { Layout } from "./layout.ts";
import type { LayoutName } from "./names.ts";
import type { SqlSource } from "./source.ts";

/** What a tool writes into a comment to tell the way up from the way back. */
interface ToolMark {
  readonly tool: string;
  /** The layout that reads it, where there is one. */
  readonly layout?: LayoutName;
  /** Matched against a comment of one line, written as a line comment. */
  readonly pattern: RegExp;
  /** People write these words for themselves as well: a mark only where statements follow. */
  readonly needsStatement?: true;
}

const TOOL_MARKS: readonly ToolMark[] = [
  { tool: "goose", layout: "goose", pattern: /^--\s*\+goose\b/i },
  { tool: "sql-migrate", layout: "sql-migrate", pattern: /^--\s*\+migrate\b/i },
  { tool: "micrate", pattern: /^--\s*\+micrate\b/i },
  { tool: "rambler", pattern: /^--\s*rambler\s+(?:up|down)\b/i },
  { tool: "Play", pattern: /^-+\s*!\s*(?:ups|downs)\b/i },
  { tool: "MyBatis Migrations", pattern: /^--\s*(?:\/\/)?\s*@\s*undo\b/i },
  { tool: "Liquibase", pattern: /^--\s*liquibase formatted sql\b/i },
  { tool: "tern", layout: "tern", pattern: /^-+ create above \/ drop below -+$/i },
  {
    tool: "node-pg-migrate",
    layout: "node-pg-migrate",
    pattern: /^--[\s-]*down\s+migration\W*$/i,
    needsStatement: true,
  },
  // dbmate's, in another spelling than the one that is read: "-- Migrate:Down", "-- migration: down".
  {
    tool: "dbmate",
    layout: "confiture",
    pattern: /^--\W*migrat(?:e|ions?)\W+(?:up|down|undo|rollback|revert)(?:\s+\w+:\S+)*\W*$/i,
  },
  // "-- Down", "--- UP ---", "-- @down", "-- [undo]"
  { tool: "another tool", pattern: /^--[\W_]*(?:down|undo)[\W_]*$/i, needsStatement: true },
  { tool: "another tool", pattern: /^--[\s=#*-]*(?:rollback|revert)\s*:?[\s=#*-]*$/i, needsStatement: true },
];

/** Without one of these words there is no mark; they are found much faster than comments. */
const WORDS =
  /goose|migrat|micrate|rambler|! ?(?:ups|downs)|down|undo|liquibase|create above|rollback|revert|:\s*up\b/i;

/** A mark is short; so nothing is matched against a comment of a megabyte. */
const LONGEST = 120;

/**
 * Refuses a file with a comment that is another tool's mark: what follows it could be a way back, and would run as a part
 * of the way up. Only comments count: the same words in strings, bodies and data are data.
 * @throws ConfitureError `migration_marks` with the place and the line to write
 */
export function refuseOtherMarks(source: SqlSource, name: LayoutName, layout: Layout): void {
  const { file, text } = source;
  if (!WORDS.test(text)) return;
  for (const span of source.comments) {
    const comment = text.slice(span.start, span.end);
    if (layout.reads(comment) || isNoTransactionLine(comment)) continue;
    refuseMistypedMark(source, span);
    const line = asLineComment(comment);
    if (line === undefined) continue;
    const mark = TOOL_MARKS.find(
      ({ pattern, needsStatement }) =>
        pattern.test(line) && (needsStatement !== true || hasStatementAfter(source, span)),
    );
    if (mark === undefined && !(isMarker(line) && name !== "confiture") && !(isMarker(line) && line !== comment))
      continue;
    throw new ConfitureError(
      "migration_marks",
      `${file} holds a mark of ${mark?.tool ?? "dbmate"}: ${oneLine(comment)}`,
      {
        location: source.locate(span.start),
        hint: hintFor(source, line, name, layout, mark),
      },
    );
  }
}

/** A comment as if it were a line comment; undefined for one of several lines, or too long for a mark. */
function asLineComment(comment: string): string | undefined {
  if (comment.length > LONGEST) return undefined;
  if (comment.startsWith("--")) return comment.trimEnd();
  const inner = comment.slice(2, -2).trim();
  if (inner.includes("\n")) return undefined;
  return inner.startsWith("--") ? inner : `-- ${inner}`;
}

/** The line to write instead; a way back has to have a way up above it. */
function ownMark({ text, comments }: SqlSource, isDown: boolean, mayBeRemark: boolean): string {
  const hasUp = comments.some(({ start, end }) => /^--\s*migrate:up\b/.test(text.slice(start, end)));
  const above = isDown && !hasUp ? ", and put `-- migrate:up` above the SQL of the way up" : "";
  const advice = `rite this line as \`-- migrate:${isDown ? "down" : "up"}\`${above}.`;
  return mayBeRemark
    ? `If the way back begins here, w${advice} If it is only a remark, use other words.`
    : `W${advice}`;
}

function oneLine(comment: string): string {
  return comment.replaceAll(/\s+/g, " ").trim();
}

function hasStatementAfter({ statements }: SqlSource, { end }: Span): boolean {
  const last = statements.at(-1);
  return last !== undefined && last.start >= end;
}

function hintFor(
  source: SqlSource,
  line: string,
  name: LayoutName,
  layout: Layout,
  mark: ToolMark | undefined,
): string {
  const isDown = /down|undo|below|rollback|revert/i.test(line);
  const advice =
    name === "confiture"
      ? ownMark(source, isDown, mark?.needsStatement === true)
      : `${layout.title} does not read it; remove the line.`;
  if (mark?.layout === undefined || mark.layout === name) return advice;
  if (mark.layout === "confiture")
    return `${advice}\nOr say in the environment file that the folder is dbmate's:\n  migrations:\n    layout: confiture`;
  return `${advice}\nOr say in the environment file that the folder is ${mark.tool}'s:\n  migrations:\n    layout: ${mark.layout}`;
}
