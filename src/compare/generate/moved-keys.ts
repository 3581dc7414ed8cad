import { KEY, NAME, NAMES } from "../plan/key-definition.ts";
import { clipName } from "#sql/clip-name.ts";
import { TokenKind } from "#sql/lexer/token-kind.ts";
import { parseQualifiedName, quoteIdentifier, quoteQualified, writeIdentifier } from "#sql/quote.ts";
import { isWord, tokensOf } from "#sql/lexer/tokens.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";
import { parentTable, textOf } from "../engine/lookups.ts";
import type { ObjectId } from "../engine/object-id.ts";

interface TableName {
  readonly schema: string;
  readonly name: string;
}

/** New names of a table's columns, by the old ones. */
export type Renaming = (table: TableName) => ReadonlyMap<string, string>;

/** A primary key or UNIQUE constraint that takes over an index of the new columns in the end. */
export interface MovedConstraint {
  readonly name: string;
  /** As it is. */
  readonly definition: string;
  /** The index of the new columns until then. */
  readonly index: string;
  readonly createIndex: (concurrently: boolean) => string;
  /** "PRIMARY KEY USING INDEX ..." */
  readonly usingIndex: string;
}

/** An index that is of no constraint. */
export interface MovedIndex {
  readonly schema: string;
  readonly name: string;
  /** What it is called until it takes the place of the other. */
  readonly newName: string;
  /** The statement that makes the old one. */
  readonly definition: string;
  readonly createNew: (concurrently: boolean, name?: string) => string;
}

/** A foreign key from or to columns that change. */
export interface MovedReference {
  readonly table: TableName;
  readonly to: TableName;
  readonly name: string;
  readonly newName: string;
  /** As it is, and on the new columns. */
  readonly definition: string;
  readonly newDefinition: string;
}

const REFERENCE = new RegExp(
  String.raw`^FOREIGN KEY \((${NAMES})\) REFERENCES ((?:${NAME}\.)?${NAME})\((${NAMES})\)(.*)$`,
);

/** Undefined for one that is not made from an index. Pure. */
export function readConstraint(catalogue: Catalogue, id: ObjectId, renaming: Renaming): MovedConstraint | undefined {
  if (id.kind !== "constraint") return undefined;
  const definition = textOf(catalogue.facts, id, "def") ?? "";
  const key = KEY.exec(definition);
  if (key === null) return undefined;
  const [, type = "", distinct = "", columns = "", include = "", storage = "", deferrable = ""] = key;
  const renamed = renaming({ schema: id.schema, name: id.table });
  const index = temporaryName(id.name);
  return {
    name: id.name,
    definition,
    index,
    createIndex: (concurrently) =>
      `CREATE UNIQUE INDEX ${concurrently ? "CONCURRENTLY " : ""}${quoteIdentifier(index)} ON ${quoteQualified(id.schema, id.table)} ` +
      `(${rename(columns, renamed)})${rename(include, renamed)}${distinct}${storage}`,
    usingIndex: `${type} USING INDEX ${quoteIdentifier(index)}${deferrable}`,
  };
}

/** Undefined for one whose columns cannot be told apart. Pure. */
export function readIndex(catalogue: Catalogue, id: ObjectId, renaming: Renaming): MovedIndex | undefined {
  if (id.kind !== "index") return undefined;
  const definition = textOf(catalogue.facts, id, "def") ?? "";
  const table = catalogue.facts.get(id)?.parent;
  const using = / USING \w+ /.exec(definition);
  const head = /^CREATE (UNIQUE )?INDEX (?:[\w$]+|"(?:[^"]|"")+") ON /.exec(definition);
  if (table?.kind !== "table" || using === null || head === null) return undefined;
  const newName = temporaryName(id.name);
  const [at, end] = [using.index, using.index + using[0].length];
  const columns = rename(definition.slice(end), renaming({ schema: table.schema, name: table.name }));
  return {
    schema: id.schema,
    name: id.name,
    newName,
    definition,
    createNew: (concurrently, name = newName) =>
      `CREATE ${head[1] ?? ""}INDEX ${concurrently ? "CONCURRENTLY " : ""}${quoteIdentifier(name)} ON ` +
      definition.slice(head[0].length, at) +
      using[0] +
      columns,
  };
}

/** A text for why one cannot be made anew. Pure. */
export function readReference({ facts }: Catalogue, id: ObjectId, renaming: Renaming): MovedReference | string {
  if (id.kind !== "constraint") throw new Error("no constraint");
  const definition = textOf(facts, id, "def") ?? "";
  const [, columns = "", written = "", referenced = "", rest = ""] = REFERENCE.exec(definition) ?? [];
  const to = parseQualifiedName(written);
  const table = { schema: id.schema, name: id.table };
  const own: ObjectId = { kind: "table", ...table };
  if (to?.schema === undefined) return `the foreign key ${id.name} has a form of its own`;
  if (facts.get(id)?.payload["validated"] !== true) return `the foreign key ${id.name} is not validated`;
  if (textOf(facts, own, "partitionKey") !== undefined || parentTable(facts, own) !== undefined) {
    return `the foreign key ${id.name} is of a partitioned table, or of one that inherits`;
  }
  const target = { schema: to.schema, name: to.name };
  return {
    table,
    to: target,
    name: id.name,
    newName: temporaryName(id.name),
    definition,
    newDefinition:
      `FOREIGN KEY (${rename(columns, renaming(table))}) REFERENCES ${quoteQualified(to.schema, to.name)} ` +
      `(${rename(referenced, renaming(target))})${rename(rest, renaming(table))}`,
  };
}

/** What something is called until the one that has its name is gone. Pure. */
export function temporaryName(name: string): string {
  return `${clipName(name, 58)}__new`;
}

/** A text with the columns in it by their new names, as far as they are none of functions, types and collations. */
function rename(text: string, names: ReadonlyMap<string, string>): string {
  const tokens = tokensOf(text);
  let result = "";
  let copied = 0;
  for (const [index, token] of tokens.entries()) {
    if (token.kind !== TokenKind.word && token.kind !== TokenKind.quotedIdentifier) continue;
    const name = names.get(parseQualifiedName(token.text)?.name ?? "");
    const [before, after] = [tokens[index - 1], tokens[index + 1]];
    const isOther =
      before?.text === "." ||
      before?.text === "::" ||
      isWord(before, "COLLATE") ||
      after?.text === "(" ||
      after?.text === ".";
    if (name === undefined || isOther) continue;
    result += text.slice(copied, token.start) + writeIdentifier(name);
    copied = token.end;
  }
  return result + text.slice(copied);
}
