import type { ColumnDef, Constraint } from "libpg-query";
import { NAME_BYTES } from "#sql/clip-name.ts";
import type { Span } from "#sql/statement.ts";
import { TokenKind } from "#sql/lexer/token-kind.ts";
import { inside, type Node, offsetOfByte } from "#sql/parser.ts";
import { type Token, tokensOf } from "#sql/lexer/tokens.ts";
import { indentOf, isBlank, lineStart, nextLine } from "./lines.ts";
import type { SchemaTree, Sentence } from "./schema-tree.ts";
import type { Subject } from "../sources/subjects.ts";

/** A column or constraint in the parentheses of a CREATE TABLE, without its comma. Offsets are of the file. */
export interface Element extends Span {
  readonly node: Node;
  /** The comma behind it; undefined for the last one. */
  readonly comma: number | undefined;
}

/** A CREATE TABLE whose columns and constraints can be told apart. */
export interface TableText {
  readonly sentence: Sentence;
  readonly elements: readonly Element[];
  /** Behind the opening parenthesis. */
  readonly open: number;
  readonly close: number;
}

/** A clause of a column: its type, its default, a constraint. */
export interface Clause extends Span {
  readonly constraint: Constraint;
}

export interface ColumnText {
  readonly element: Element;
  readonly column: ColumnDef;
  readonly name: Span;
  readonly type: Span;
  readonly clauses: readonly Clause[];
  /** Behind the type and its collation. */
  readonly afterType: number;
}

/** Reads the table's statement; undefined where it is none that can be edited, such as that of a partition. */
export function readTable(tree: SchemaTree, table: Subject): TableText | undefined {
  const sentence = tree.maker(table);
  const create = inside(sentence?.node, "CreateStmt") ?? inside(sentence?.node, "CreateForeignTableStmt")?.base;
  if (sentence === undefined || create === undefined || create.partbound !== undefined) return undefined;
  if (create.ofTypename !== undefined) return undefined;
  const tokens = tokensOf(tree.text(sentence.file), sentence.start, sentence.end);
  const open = tokens.findIndex(({ kind }) => kind === TokenKind.open);
  const close = tokens.findIndex(({ kind, depth }, index) => index > open && kind === TokenKind.close && depth === 0);
  if (open < 0 || close < 0) return undefined;
  const nodes = create.tableElts ?? [];
  const parts = divide(tokens.slice(open + 1, close));
  if (parts.length !== nodes.length) return undefined;
  const elements = parts.map(({ start, end, comma }, index) => ({ start, end, comma, node: nodes[index]! }));
  for (const { start, node } of elements) {
    const location = inside(node, "ColumnDef")?.location ?? inside(node, "Constraint")?.location;
    if (location === undefined) continue;
    if (sentence.start + offsetOfByte(sentence.statement.text, location) !== start) return undefined;
  }
  return { sentence, elements, open: tokens[open]!.end, close: tokens[close]!.start };
}

function divide(tokens: readonly Token[]): (Span & { readonly comma: number | undefined })[] {
  const parts: (Span & { comma: number | undefined })[] = [];
  let first: Token | undefined;
  let last: Token | undefined;
  for (const token of tokens) {
    if (token.text === "," && token.depth === 1) {
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

/** Finds a column of a table. */
export function readColumn(tree: SchemaTree, table: TableText, name: string): ColumnText | undefined {
  const element = table.elements.find(({ node }) => inside(node, "ColumnDef")?.colname === name);
  return element === undefined ? undefined : readColumnOf(tree, table, element);
}

function readColumnOf(tree: SchemaTree, { sentence }: TableText, element: Element): ColumnText | undefined {
  const column = inside(element.node, "ColumnDef");
  const typeAt = column?.typeName?.location;
  if (column === undefined || typeAt === undefined || (column.fdwoptions ?? []).length > 0) return undefined;
  // What stands between has no place in the tree.
  if (column.storage_name !== undefined || column.compression !== undefined) return undefined;
  const { statement } = sentence;
  const at = (byte: number): number => sentence.start + offsetOfByte(statement.text, byte);
  const tokens = tokensOf(tree.text(sentence.file), element.start, element.end);
  const endBefore = (offset: number): number => tokens.findLast(({ end }) => end <= offset)?.end ?? offset;
  const starts = (column.constraints ?? []).flatMap((each) => {
    const constraint = inside(each, "Constraint");
    return constraint?.location === undefined ? [] : [{ constraint, start: at(constraint.location) }];
  });
  const heads = starts.filter(({ constraint }) => !constraint.contype?.startsWith("CONSTR_ATTR_"));
  const clauses = heads.map(({ constraint, start }, index) => {
    const next = heads[index + 1]?.start ?? element.end;
    return { constraint, start, end: index + 1 < heads.length ? endBefore(next) : element.end };
  });
  const collation = column.collClause?.location === undefined ? undefined : at(column.collClause.location);
  const firstClause = clauses[0]?.start ?? element.end;
  const start = at(typeAt);
  const name = tokens[0];
  if (name === undefined || clauses.some((clause) => clause.start < start)) return undefined;
  return {
    element,
    column,
    name: { start: name.start, end: name.end },
    type: { start, end: collation === undefined ? endOf(firstClause) : endBefore(collation) },
    clauses,
    afterType: endOf(firstClause),
  };

  function endOf(offset: number): number {
    return offset === element.end ? element.end : endBefore(offset);
  }
}

/** Adds a column behind the last column, or a constraint behind everything, laid out like its neighbours. */
export function addElement(tree: SchemaTree, table: TableText, sql: string, kind: "column" | "constraint"): void {
  const { sentence, elements, open } = table;
  const { file } = sentence;
  const text = tree.text(file);
  const last = elements.findLast(({ node }) => kind === "constraint" || inside(node, "ColumnDef") !== undefined);
  if (last === undefined) {
    const rest = elements.length > 0;
    tree.splice(file, open, open, rest ? `${sql}, ` : sql);
    return;
  }
  const { start, end, comma } = last;
  const line = lineStart(text, start);
  const lead = text.slice(line, start);
  const isAlone = isBlank(lead) || /^[ \t]*,[ \t]*$/.test(lead);
  const isCommaFirst = /^[ \t]*,/.test(lead);
  if (!isAlone) {
    tree.splice(file, end, end, `, ${sql}`);
    return;
  }
  const indent = indentOf(text, start);
  if (isCommaFirst || (comma !== undefined && lineStart(text, comma) > lineStart(text, end))) {
    const trailing = lineEndBehind(tree, file, end);
    tree.splice(file, trailing, trailing, `\n${indent}${isCommaFirst ? lead.trimStart() : ", "}${sql}`);
    return;
  }
  if (comma !== undefined) {
    const at = lineEndBehind(tree, file, comma + 1);
    tree.splice(file, at, at, `\n${indent}${sql},`);
    return;
  }
  const at = lineEndBehind(tree, file, end);
  tree.splice(file, at, at, `\n${indent}${sql}`);
  tree.splice(file, end, end, ",");
}

/** Behind a comment that follows on the same line. */
function lineEndBehind(tree: SchemaTree, file: string, at: number): number {
  const text = tree.text(file);
  const comment = tree.comments(file).find(({ start }) => start >= at && /^[ \t]*$/.test(text.slice(at, start)));
  if (comment === undefined || text.slice(comment.start, comment.end).includes("\n")) return at;
  return isBlank(text.slice(comment.end, nextLine(text, comment.end))) ? comment.end : at;
}

/** Removes a column or constraint, its comma, and the comments that belong to it. */
export function removeElement(tree: SchemaTree, table: TableText, element: Element): void {
  const { file } = table.sentence;
  const text = tree.text(file);
  const comments = tree.comments(file);
  const index = table.elements.indexOf(element);
  const before = table.elements[index - 1];
  const line = lineStart(text, element.start);
  const lead = text.slice(line, element.start);
  const isCommaFirst = /^[ \t]*,[ \t]*$/.test(lead);
  const begins = isBlank(lead) || isCommaFirst;
  const ends = element.comma === undefined || isCommaFirst ? element.end : element.comma + 1;
  const trailing = lineEndBehind(tree, file, ends);
  if (begins && isBlank(text.slice(trailing, nextLine(text, trailing)))) {
    const to = nextLine(text, trailing);
    const from = isCommaFirst ? line : ownComments(text, comments, element.start, to, line);
    tree.splice(file, from, to, "");
    if (element.comma === undefined && !isCommaFirst && before?.comma !== undefined) {
      tree.splice(file, before.comma, before.comma + 1, "");
    }
    return;
  }
  if (element.comma !== undefined) {
    const next = table.elements[index + 1]!.start;
    tree.splice(file, element.start, isBlank(text.slice(element.comma + 1, next)) ? next : element.comma + 1, "");
  } else if (before?.comma !== undefined) {
    tree.splice(file, before.comma, element.end, "");
  } else tree.splice(file, element.start, element.end, "");
}

/** A comment above several columns stays; one above this one alone, or that names it, goes. */
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

/** Removes [start, end) of a line together with the white space before it. */
export function removeClause(tree: SchemaTree, file: string, { start, end }: Span): void {
  const text = tree.text(file);
  let from = start;
  while (from > 0 && /\s/.test(text.charAt(from - 1))) from--;
  // A comment of a line must not swallow what follows.
  const isBehindComment = tree.comments(file).some((comment) => comment.end === from);
  tree.splice(file, isBehindComment ? start : from, end, "");
}

/** The name that PostgreSQL gives to a constraint without one (ChooseConstraintName, makeObjectName in its source). */
export function defaultName(
  table: string,
  columns: readonly string[],
  type: Constraint["contype"],
): string | undefined {
  const label = LABELS[type ?? ""];
  if (label === undefined) return undefined;
  const middle = type === "CONSTR_PRIMARY" ? [] : [columns.join("_")].filter((part) => part !== "");
  const name = [table, ...middle, label].join("_");
  return Buffer.byteLength(name) > NAME_BYTES ? undefined : name;
}

const LABELS: Readonly<Record<string, string>> = {
  CONSTR_PRIMARY: "pkey",
  CONSTR_UNIQUE: "key",
  CONSTR_FOREIGN: "fkey",
  CONSTR_CHECK: "check",
  CONSTR_EXCLUSION: "excl",
};
