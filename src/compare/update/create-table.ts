import type { ColumnDef, Constraint } from "libpg-query";
import { NAME_BYTES } from "#sql/clip-name.ts";
import type { Span } from "#sql/statement.ts";
import { TokenKind } from "#sql/lexer/token-kind.ts";
import { inside, type Node, offsetOfByte } from "#sql/parser.ts";
import { tokensOf } from "#sql/lexer/tokens.ts";
import { indentOf, isBlank, lineStart } from "./lines.ts";
import { divide, type Item, lineEndBehind, type ListText } from "./lists.ts";
import type { SchemaTree } from "./schema-tree.ts";
import type { Subject } from "../sources/subjects.ts";

/** A column or constraint in the parentheses of a CREATE TABLE. */
export interface Element extends Item {
  readonly node: Node;
}

/** A CREATE TABLE whose columns and constraints can be told apart. */
export interface TableText extends ListText<Element> {
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
  const parts = divide(tokens.slice(open + 1, close), 1);
  if (parts.length !== nodes.length) return undefined;
  const items = parts.map(({ start, end, comma }, index) => ({ start, end, comma, node: nodes[index]! }));
  for (const { start, node } of items) {
    const location = inside(node, "ColumnDef")?.location ?? inside(node, "Constraint")?.location;
    if (location === undefined) continue;
    if (sentence.start + offsetOfByte(sentence.statement.text, location) !== start) return undefined;
  }
  return { sentence, items, open: tokens[open]!.end, close: tokens[close]!.start };
}

/** Finds a column of a table. */
export function readColumn(tree: SchemaTree, table: TableText, name: string): ColumnText | undefined {
  const element = table.items.find(({ node }) => inside(node, "ColumnDef")?.colname === name);
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
  const { sentence, items, open } = table;
  const { file } = sentence;
  const text = tree.text(file);
  const last = items.findLast(({ node }) => kind === "constraint" || inside(node, "ColumnDef") !== undefined);
  if (last === undefined) {
    const rest = items.length > 0;
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
    const trailing = lineEndBehind(tree, file, end, true);
    tree.splice(file, trailing, trailing, `\n${indent}${isCommaFirst ? lead.trimStart() : ", "}${sql}`);
    return;
  }
  if (comma !== undefined) {
    const at = lineEndBehind(tree, file, comma + 1, true);
    tree.splice(file, at, at, `\n${indent}${sql},`);
    return;
  }
  const at = lineEndBehind(tree, file, end, true);
  tree.splice(file, at, at, `\n${indent}${sql}`);
  tree.splice(file, end, end, ",");
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
