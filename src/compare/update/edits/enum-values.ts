import { TokenKind } from "#sql/lexer/token-kind.ts";
import { quoteLiteral } from "#sql/quote.ts";
import { indentOf, isBlank, lineStart } from "../lines.ts";
import { inside } from "#sql/parser.ts";
import { type Token, tokensOf } from "#sql/lexer/tokens.ts";
import type { Subject } from "../../sources/subjects.ts";
import type { SchemaTree, Sentence } from "../schema-tree.ts";
import { edited, type EditKind } from "./edit.ts";

/** Values that an enum gains. */
export const enumValues: EditKind = {
  edit(planned, { tree }) {
    const change = inside(planned.node, "AlterEnumStmt");
    const type = planned.reading?.about[0];
    if (change?.newVal === undefined || change.oldVal !== undefined || type === undefined) return undefined;
    const { newVal: value, newValNeighbor: neighbour, newValIsAfter: isAfter } = change;
    const file = addValue(tree, type, { value, neighbour, isAfter: isAfter === true });
    return file === undefined ? undefined : edited(file);
  },
};

/** A value of an enum that is new, and where it comes. */
export interface NewValue {
  readonly value: string;
  /** Another one, beside which it comes; at the end when undefined. */
  readonly neighbour: string | undefined;
  readonly isAfter: boolean;
}

/**
 * Adds a value where an enum is made.
 * @returns the file; undefined where its values cannot be told
 */
export function addValue(tree: SchemaTree, type: Subject, { value, neighbour, isAfter }: NewValue): string | undefined {
  const list = valuesIn(tree, type);
  if (list === undefined) return undefined;
  const { maker, values, tokens } = list;
  const token = tokens[neighbour === undefined ? values.length - 1 : values.indexOf(neighbour)];
  if (token === undefined) return undefined;
  const text = tree.text(maker.file);
  const line = lineStart(text, token.start);
  const gap = isBlank(text.slice(line, token.start)) ? `\n${indentOf(text, token.start)}` : " ";
  const written = writtenValue(value);
  if (neighbour !== undefined && !isAfter) tree.splice(maker.file, token.start, token.start, `${written},${gap}`);
  else tree.splice(maker.file, token.end, token.end, `,${gap}${written}`);
  return maker.file;
}

/**
 * Gives a value another name where an enum is made.
 * @returns as `addValue`
 */
export function renameValue(tree: SchemaTree, type: Subject, from: string, to: string): string | undefined {
  const list = valuesIn(tree, type);
  const token = list?.tokens[list.values.indexOf(from)];
  if (list === undefined || token === undefined) return undefined;
  tree.splice(list.maker.file, token.start, token.end, writtenValue(to));
  return list.maker.file;
}

/** A value as it is written in a statement. */
export function writtenValue(value: string): string {
  return quoteLiteral(value).trim();
}

interface ValueList {
  readonly maker: Sentence;
  readonly values: readonly (string | undefined)[];
  /** Where each of them is written. */
  readonly tokens: readonly Token[];
}

function valuesIn(tree: SchemaTree, type: Subject): ValueList | undefined {
  const maker = tree.maker(type);
  const values = (inside(maker?.node, "CreateEnumStmt")?.vals ?? []).map((each) => inside(each, "String")?.sval);
  if (maker === undefined || values.length === 0) return undefined;
  const tokens = tokensOf(tree.text(maker.file), maker.start, maker.end).filter(
    ({ kind, depth }) => depth === 1 && (kind === TokenKind.string || kind === TokenKind.dollarString),
  );
  return tokens.length === values.length ? { maker, values, tokens } : undefined;
}
