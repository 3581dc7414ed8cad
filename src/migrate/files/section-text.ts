import { splitStatements } from "#sql/split.ts";
import type { Span } from "#sql/statement.ts";
import { SqlSource } from "../layouts/source.ts";
import type { Section } from "./sections.ts";

/**
 * The SQL of a section as a text of its own: without a byte order mark, blank lines above it, and the marks of its tool.
 * @param text the file's
 */
export function sectionText(file: string, text: string, section: Section): string {
  const sql = (section.text === undefined ? text.slice(section.start, section.end) : withoutMarks(file, text, section))
    .replace(/^\uFEFF/, "")
    .replace(/^(?:[^\S\n]*\n)+/, "");
  return sql === "" || sql.endsWith("\n") ? sql : `${sql}\n`;
}

/**
 * A section in which marks were blanked: lines that held nothing else go, and a mark that ends a statement becomes a
 * semicolon behind the statement where that lacks one.
 */
function withoutMarks(file: string, text: string, { start, end, text: own = text }: Section): string {
  const { comments } = new SqlSource({ file, text });
  const marks = comments.filter((mark) => mark.start >= start && mark.end <= end && isBlanked(text, own, mark));
  const semicolons = missingSemicolons(own, comments, marks, { start, end });
  const out: string[] = [];
  for (let at = start; at < end;) {
    const lineFeed = own.indexOf("\n", at);
    const next = lineFeed < 0 || lineFeed >= end ? end : lineFeed + 1;
    const line = edit(own, { start: at, end: next }, marks, semicolons);
    const wasBlank = text.slice(at, next).trim() === "";
    if (wasBlank || line.trim() !== "") out.push(line);
    at = next;
  }
  return out.join("");
}

function isBlanked(text: string, own: string, { start, end }: Span): boolean {
  return text.slice(start, end) !== own.slice(start, end);
}

/** The ends of statements that nothing but a mark ends. */
function missingSemicolons(own: string, comments: readonly Span[], marks: readonly Span[], part: Span): Set<number> {
  const { statements } = splitStatements(own, part.start, part.end);
  const found = new Set<number>();
  for (const mark of marks) {
    if (own[mark.start] !== ";") continue;
    const statement = statements.findLast((candidate) => candidate.end <= mark.start);
    if (statement === undefined) continue;
    const between = comments.filter(({ start, end }) => start >= statement.end && end <= mark.start);
    const gap = between.reduce(
      (rest, { start, end }) => rest.replace(own.slice(start, end), ""),
      own.slice(statement.end, mark.start),
    );
    if (!gap.includes(";")) found.add(statement.end);
  }
  return found;
}

/** A line without the marks in it, and with semicolons at some places. */
function edit(own: string, line: Span, marks: readonly Span[], semicolons: ReadonlySet<number>): string {
  const inside = marks.filter(({ start, end }) => start >= line.start && end <= line.end);
  const places = [...semicolons].filter((place) => place > line.start && place <= line.end);
  if (inside.length === 0 && places.length === 0) return own.slice(line.start, line.end);
  let out = "";
  for (let at = line.start; at < line.end; at++) {
    if (semicolons.has(at) && at > line.start) out += ";";
    if (!inside.some(({ start, end }) => at >= start && at < end)) out += own[at];
  }
  if (semicolons.has(line.end)) out += ";";
  return inside.length === 0 ? out : out.replace(/[^\S\r\n]+(?=\r?\n?$)/, "");
}
