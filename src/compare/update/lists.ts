import type { Span } from "#sql/statement.ts";
import type { Token } from "#sql/lexer/tokens.ts";
import { isBlank, lineStart, nextLine } from "./lines.ts";
import type { SchemaTree, Sentence } from "./schema-tree.ts";

/** One of several things with commas between them. Offsets are of the file, and leave out the comma. */
export interface Item extends Span {
  /** The comma behind it; undefined for the last one. */
  readonly comma: number | undefined;
}

/** The columns of a CREATE TABLE, the commands of an ALTER TABLE, the objects of a GRANT. */
export interface ListText<One extends Item = Item> {
  readonly sentence: Sentence;
  readonly items: readonly One[];
}

/** What commas at this depth keep apart. */
export function divide(tokens: readonly Token[], depth: number): Item[] {
  const parts: Item[] = [];
  let first: Token | undefined;
  let last: Token | undefined;
  for (const token of tokens) {
    if (token.text === "," && token.depth === depth) {
      if (first !== undefined && last !== undefined)
        parts.push({ start: first.start, end: last.end, comma: token.start });
      first = last = undefined;
    } else {
      first ??= token;
      last = token;
    }
  }
  if (first !== undefined && last !== undefined) parts.push({ start: first.start, end: last.end, comma: undefined });
  return parts;
}

/**
 * Behind a comment that follows on the same line.
 * @param further also behind one that ends on a later line
 */
export function lineEndBehind(tree: SchemaTree, file: string, at: number, further = false): number {
  const text = tree.text(file);
  const comment = tree.comments(file).find(({ start }) => start >= at && /^[ \t]*$/.test(text.slice(at, start)));
  if (comment === undefined || (!further && text.slice(comment.start, comment.end).includes("\n"))) return at;
  return isBlank(text.slice(comment.end, nextLine(text, comment.end))) ? comment.end : at;
}

/** Removes an item, its comma, and the comments that belong to it. */
export function removeItem(tree: SchemaTree, { sentence, items }: ListText, item: Item): void {
  const { file } = sentence;
  const text = tree.text(file);
  const comments = tree.comments(file);
  const index = items.indexOf(item);
  const before = items[index - 1];
  const line = lineStart(text, item.start);
  const lead = text.slice(line, behindWhich(text, comments, item.start, line));
  const isCommaFirst = /^[ \t]*,[ \t]*$/.test(lead);
  const begins = isBlank(lead) || isCommaFirst;
  const ends = item.comma === undefined || isCommaFirst ? item.end : item.comma + 1;
  const trailing = lineEndBehind(tree, file, ends);
  if (begins && isBlank(text.slice(trailing, nextLine(text, trailing)))) {
    const to = nextLine(text, trailing);
    const from = isCommaFirst ? line : ownComments(text, comments, item.start, to, line);
    tree.splice(file, from, to, "");
    if (item.comma === undefined && !isCommaFirst && before?.comma !== undefined) {
      tree.splice(file, before.comma, before.comma + 1, "");
    }
    return;
  }
  if (item.comma !== undefined) {
    const next = items[index + 1]!.start;
    tree.splice(file, item.start, isBlank(text.slice(item.comma + 1, next)) ? next : item.comma + 1, "");
  } else if (before?.comma !== undefined) {
    tree.splice(file, before.comma, item.end, "");
  } else tree.splice(file, item.start, item.end, "");
}

/** Where what stands in front of an item on its line ends: comments between the two are the item's, where it begins the line. */
function behindWhich(text: string, comments: readonly Span[], start: number, line: number): number {
  for (let from = start; ;) {
    const comment = comments.findLast(({ end }) => end <= from && /^[ \t]*$/.test(text.slice(end, from)));
    if (comment === undefined || comment.start < line) return isBlank(text.slice(line, from)) ? from : start;
    from = comment.start;
  }
}

/** A comment above several items stays; one above this one alone, or that names it, goes. */
function ownComments(text: string, comments: readonly Span[], start: number, to: number, line: number): number {
  let from = line;
  for (;;) {
    const comment = comments.findLast(({ end }) => end <= from && isBlank(text.slice(end, from)));
    if (comment === undefined || text.slice(comment.end, from).split("\n").length > 2) break;
    const begins = lineStart(text, comment.start);
    if (!isBlank(text.slice(begins, comment.start))) break;
    from = begins;
  }
  if (from === line) return line;
  const next = text.slice(to, nextLine(text, to)).trim();
  const name = /^"?(\w+)/.exec(text.slice(start))?.[1] ?? "";
  const isNamed = name !== "" && new RegExp(`\\b${name}\\b`, "i").test(text.slice(from, line));
  return isNamed || next === "" || next.startsWith("--") || next.startsWith("/*") || next.startsWith(")") ? from : line;
}
