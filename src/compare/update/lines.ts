import type { Span } from "#sql/statement.ts";
import { TokenKind } from "#sql/lexer/token-kind.ts";
import { tokensOf } from "#sql/lexer/tokens.ts";
import type { SchemaTree, Sentence } from "./schema-tree.ts";

/** Where the line of an offset begins. */
export function lineStart(text: string, at: number): number {
  return text.lastIndexOf("\n", at - 1) + 1;
}

/** Behind the end of the line of an offset, with its line feed. */
export function nextLine(text: string, at: number): number {
  const feed = text.indexOf("\n", at);
  return feed < 0 ? text.length : feed + 1;
}

/** White space at the beginning of the line of an offset. */
export function indentOf(text: string, at: number): string {
  return /^[ \t]*/.exec(text.slice(lineStart(text, at)))![0];
}

export function isBlank(text: string): boolean {
  return text.trim() === "";
}

/** Behind a statement: its semicolon, its data, and a comment on its last line. */
function behind(tree: SchemaTree, sentence: Sentence): number {
  const { file, statement } = sentence;
  const text = tree.text(file);
  const { copyData } = statement;
  if (copyData !== undefined) return copyData.terminated ? nextLine(text, copyData.end) : copyData.end;
  const semicolon = behindSemicolon(tree, sentence);
  const comment = tree.comments(file).find(({ start }) => start >= semicolon && isInLine(text, semicolon, start));
  return comment === undefined || text.slice(comment.start, comment.end).includes("\n") ? semicolon : comment.end;
}

function behindSemicolon(tree: SchemaTree, { file, end, statement }: Sentence): number {
  if (!statement.terminated) return end;
  return tokensOf(tree.text(file), end).find(({ kind }) => kind === TokenKind.semicolon)?.end ?? end;
}

function isInLine(text: string, from: number, to: number): boolean {
  return /^[ \t]*$/.test(text.slice(from, to));
}

/**
 * Where a part of a text begins together with the comments that stand right above it: those with a line of their own,
 * and no empty line between.
 */
function withCommentsAbove(text: string, comments: readonly Span[], start: number): number {
  let from = lineStart(text, start);
  if (!isBlank(text.slice(from, start))) return start;
  for (;;) {
    const comment = comments.findLast(({ end }) => end <= from && isBlank(text.slice(end, from)));
    if (comment === undefined || text.slice(comment.end, from).split("\n").length > 2) return from;
    const line = lineStart(text, comment.start);
    if (!isBlank(text.slice(line, comment.start))) return from;
    from = line;
  }
}

/**
 * Where a statement begins together with the comments above it that are its own. Those that head a section are not: more
 * statements follow on the next lines, or a ruled line makes it a heading. What names this statement's object alone is its own.
 */
function withOwnComments(tree: SchemaTree, sentence: Sentence): number {
  const { file, start } = sentence;
  const text = tree.text(file);
  const begins = withCommentsAbove(text, tree.comments(file), start);
  const line = lineStart(text, start);
  if (begins >= line) return begins;
  const above = text.slice(begins, line);
  const all = tree.in(file);
  const next = all[all.findIndex((each) => each.start === start) + 1];
  if (isNamedIn(above, sentence) && !isNamedIn(above, next)) return begins;
  const to = nextLine(text, behind(tree, sentence));
  const isFollowed = next !== undefined && isBlank(text.slice(to, next.start)) && lineStart(text, next.start) === to;
  return isFollowed || RULED.test(above) ? line : begins;
}

const RULED = /^[ \t]*(?:--|\/\*|\*)?[ \t]*[-=*#~_+]{3,}[ \t]*(?:\*\/)?\r?$/m;

function isNamedIn(comment: string, sentence: Sentence | undefined): boolean {
  const name = sentence?.reading?.makes?.name ?? "";
  // Shorter ones are words.
  return (
    name.length > 2 && new RegExp(`(?<![\\p{L}\\p{N}_])${RegExp.escape(name)}(?![\\p{L}\\p{N}_])`, "iu").test(comment)
  );
}

/** Removes a statement with the comment that belongs to it, and one of the empty lines around it. */
export function removeSentence(tree: SchemaTree, sentence: Sentence): void {
  const { file } = sentence;
  const text = tree.text(file);
  let from = withOwnComments(tree, sentence);
  const line = lineStart(text, from);
  const isBehindAnother = tree.in(file).some(({ start, end }) => end > line && start < from);
  if (isBehindAnother && sentence.statement.copyData === undefined) {
    // A comment at the end of the line may be about all of it.
    const lead = text.slice(0, from).trimEnd().length;
    tree.splice(file, Math.max(lead, line), behindSemicolon(tree, sentence), "");
    return;
  }
  let to = behind(tree, sentence);
  const isWholeLine = isBlank(text.slice(lineStart(text, from), from)) && isBlank(text.slice(to, nextLine(text, to)));
  if (isWholeLine) {
    from = lineStart(text, from);
    to = nextLine(text, to);
    const isAfterEmpty = from === 0 || isBlank(text.slice(lineStart(text, from - 1), from));
    if (isAfterEmpty && isBlank(text.slice(to, nextLine(text, to))) && to < text.length) to = nextLine(text, to);
    else if (to === text.length && from > 0 && isAfterEmpty) from = lineStart(text, from - 1);
  } else if (isBlank(text.slice(lineStart(text, from), from))) to += /^[ \t]*/.exec(text.slice(to))![0].length;
  tree.splice(file, from, to, "");
}

/** Removes a statement that was added, with the lines that came before it. */
export function removeAdded(tree: SchemaTree, sentence: Sentence): void {
  const { file, start } = sentence;
  const text = tree.text(file);
  const gap = /(?:\r?\n){1,2}$/.exec(text.slice(0, start))?.[0];
  const to = behind(tree, sentence);
  if (gap === undefined || !isBlank(text.slice(to, nextLine(text, to)))) removeSentence(tree, sentence);
  else tree.splice(file, start - gap.length, to, "");
}

/**
 * Adds a statement behind another, or at the end of a file.
 * @param sql without a semicolon
 * @param tight on the next line, without an empty one between
 */
export function addBehind(tree: SchemaTree, sentence: Sentence, sql: string, tight: boolean): void {
  const { file, end, statement } = sentence;
  const gap = tight ? "\n" : "\n\n";
  if (!statement.terminated && statement.copyData === undefined) {
    const rest = behind(tree, sentence);
    tree.splice(file, rest, rest, `${gap}${sql};`);
    tree.splice(file, end, end, ";");
    return;
  }
  const at = behind(tree, sentence);
  if (statement.copyData !== undefined) {
    tree.splice(file, at, at, `${statement.copyData.terminated ? "" : "\n\\.\n"}${tight ? "" : "\n"}${sql};\n`);
    return;
  }
  const isLast = isBlank(tree.text(file).slice(at));
  tree.splice(file, at, at, `${gap}${sql};${isLast && at === tree.text(file).length ? "\n" : ""}`);
}

/** Adds a statement at the end of a file. */
export function addAtEnd(tree: SchemaTree, file: string, sql: string): void {
  const last = tree.in(file).at(-1);
  const text = tree.text(file);
  if (last === undefined || !isBlank(text.slice(behind(tree, last)))) {
    const rest = text.trimEnd();
    tree.splice(file, rest.length, text.length, rest === "" ? `${sql};\n` : `\n\n${sql};\n`);
    return;
  }
  addBehind(tree, last, sql, false);
}

/** Adds a statement before another one and its comments. */
export function addBefore(tree: SchemaTree, { file, start }: Sentence, sql: string): void {
  const at = withCommentsAbove(tree.text(file), tree.comments(file), start);
  tree.splice(file, at, at, `${sql};\n\n`);
}
