import { TokenKind } from "#sql/lexer/token-kind.ts";
import { readColumn, readTable } from "./create-table.ts";
import { findConstraint, type FoundConstraint } from "./edits/constraints.ts";
import { inside } from "#sql/parser.ts";
import { columnPlaces } from "./column-places.ts";
import { keptNames } from "./kept-names.ts";
import { type Token, tokensOf } from "#sql/lexer/tokens.ts";
import type { Span } from "#sql/statement.ts";
import type { Renaming } from "./renames.ts";
import type { SchemaTree, Sentence } from "./schema-tree.ts";
import { isSame, type Subject, wholeOf } from "../sources/subjects.ts";

/** What is to be put in the place of a part of a file. */
interface Change {
  readonly file: string;
  readonly start: number;
  readonly end: number;
  readonly by: string;
}

/**
 * Gives something its new name wherever the files speak of it. A name may stand for something else in an expression: whoever
 * asks has to build the files, and to compare.
 * @param written the new name as it is to be written
 * @returns the file of what was renamed; undefined where the files do not make it, or something has the name already
 */
export function renameInTree(tree: SchemaTree, { subject, to }: Renaming, written: string): string | undefined {
  const after = { ...subject, name: to };
  const home = homeOf(tree, subject);
  if (home === undefined || homeOf(tree, after) !== undefined) return undefined;
  const changes =
    subject.kind === "constraint" ? constraintChanges(tree, subject, written) : changesOf(tree, subject, written);
  if (changes.length === 0) return undefined;
  for (const { file, start, end, by } of changes.toSorted((a, b) => b.start - a.start))
    tree.splice(file, start, end, by);
  return home;
}

/** The file that makes it. */
function homeOf(tree: SchemaTree, subject: Subject): string | undefined {
  const { kind, schema, of } = subject;
  if (kind === "column" || kind === "constraint") {
    const owner: Subject = { kind: "relation", schema, name: of ?? "" };
    if (kind === "constraint") return findConstraint(tree, owner, subject.name) && tree.maker(owner)?.file;
    const table = readTable(tree, owner);
    const isThere = table !== undefined && readColumn(tree, table, subject.name) !== undefined;
    return isThere ? table.sentence.file : undefined;
  }
  if (kind === "attribute") {
    const type = tree.maker({ kind: "type", schema, name: of ?? "" });
    const attributes = (inside(type?.node, "CompositeTypeStmt")?.coldeflist ?? []).map((each) =>
      inside(each, "ColumnDef"),
    );
    return attributes.some((attribute) => attribute?.colname === subject.name) ? type?.file : undefined;
  }
  return tree.maker(subject)?.file;
}

/** One without a name of its own is given it where it stands. */
function constraintChanges(tree: SchemaTree, subject: Subject, written: string): Change[] {
  const found = findConstraint(
    tree,
    { kind: "relation", schema: subject.schema, name: subject.of ?? "" },
    subject.name,
  );
  const changes = changesOf(tree, subject, written);
  if (changes.some(({ file, start }) => found !== undefined && isWithin(found, file, start))) return changes;
  if (found === undefined) return [];
  const { file, part } = placeOf(found);
  // A command begins with ADD.
  const start = found.kind === "command" ? tokensOf(tree.text(file), part.start, part.end)[1]!.start : part.start;
  return [...changes, { file, start, end: start, by: `CONSTRAINT ${written} ` }];
}

function placeOf(found: FoundConstraint): { readonly file: string; readonly part: Span } {
  if (found.kind === "command") return { file: found.command.list.sentence.file, part: found.command.item };
  return { file: found.table.sentence.file, part: found.kind === "element" ? found.element : found.clause };
}

function isWithin(found: FoundConstraint, file: string, at: number): boolean {
  const { file: home, part } = placeOf(found);
  return file === home && at >= part.start && at < part.end;
}

function changesOf(tree: SchemaTree, subject: Subject, written: string): Change[] {
  return tree.sentences.flatMap((sentence) => {
    const { file } = sentence;
    if (subject.kind === "column" && !speaksOf(tree, sentence, subject)) return [];
    // Other tables may have one of the same name.
    if (OF_TABLE.has(subject.kind) && !isAboutTable(sentence, subject)) return [];
    const tokens = tokensOf(tree.text(file), sentence.start, sentence.end);
    const places = subject.kind === "column" ? columnPlaces(tree, sentence, subject, tokens) : undefined;
    const names = tokens.flatMap((token, index) =>
      nameIn(token) === subject.name && (places?.get(token) ?? isNameOf(tree, subject, sentence, tokens, index))
        ? [token]
        : [],
    );
    const quoted = written.includes("'") ? [] : tokens.flatMap((_, index) => nameInText(subject, tokens, index) ?? []);
    const kept = keptNames(sentence, tokens, names, subject.kind !== "column" || places !== undefined);
    return [
      ...[...names, ...quoted].map(({ start, end }) => ({ file, start, end, by: written })),
      ...kept.map(({ at, name }) => ({ file, start: at, end: at, by: ` AS ${name}` })),
    ];
  });
}

const OF_TABLE: ReadonlySet<Subject["kind"]> = new Set(["constraint", "trigger", "policy", "rule"]);

/** Whether a statement makes the table of a part, or is about it or a part of it; of one that is not read that is not known. */
function isAboutTable({ reading }: Sentence, part: Subject): boolean {
  if (reading === undefined) return true;
  const { makes, about } = reading;
  return [...(makes === undefined ? [] : [makes]), ...about].some((each) => isSame(wholeOf(each), wholeOf(part)));
}

/** Whether a statement has something to do with a column's table. */
function speaksOf(tree: SchemaTree, sentence: Sentence, { schema, of = "" }: Subject): boolean {
  const { file, start, end, reading } = sentence;
  const table: Subject = { kind: "relation", schema, name: of };
  if (reading?.makes !== undefined && isSame(reading.makes, table)) return true;
  const tokens = tokensOf(tree.text(file), start, end);
  return tokens.some((token, at) => nameIn(token) === of && !isElsewhere(tree, table, sentence, tokens, at));
}

/** Whether a name is that of something in another schema: it is written with that, or found there first. */
function isElsewhere(
  tree: SchemaTree,
  subject: Subject,
  { reading, path }: Sentence,
  tokens: readonly Token[],
  index: number,
): boolean {
  const { kind, schema, name } = subject;
  const qualifier = tokens[index - 1]?.text === "." ? nameIn(tokens[index - 2]) : undefined;
  if (qualifier !== undefined) return qualifier !== schema;
  const { makes } = reading ?? {};
  if (makes?.kind === kind && makes.name === name && tokens.findIndex((each) => nameIn(each) === name) === index)
    return makes.schema !== schema;
  const home = path.find((each) => tree.maker({ kind, schema: each, name }) !== undefined);
  return home !== undefined && home !== schema;
}

function isNameOf(
  tree: SchemaTree,
  subject: Subject,
  sentence: Sentence,
  tokens: readonly Token[],
  index: number,
): boolean {
  const token = tokens[index]!;
  const [before, next] = [tokens[index - 1], tokens[index + 1]];
  const word = wordAt(tokens, index - 1);
  const qualifier = before?.text === "." ? nameIn(tokens[index - 2]) : undefined;
  const kind = sentence.reading?.kind;
  switch (subject.kind) {
    case "constraint":
      return word === "CONSTRAINT";
    case "trigger":
      return word === "TRIGGER";
    case "policy":
      return word === "POLICY" || (word === "EXISTS" && wordAt(tokens, index - 3) === "POLICY");
    case "rule":
      return word === "RULE";
    case "schema":
      return isSchema(sentence, tokens, index);
    case "attribute":
      return isAttribute(subject, sentence, tokens, index);
    case "routine":
      return !isElsewhere(tree, subject, sentence, tokens, index) && next?.text === "(";
    case "type":
      return (
        !isElsewhere(tree, subject, sentence, tokens, index) &&
        next?.text !== "." &&
        !isColumnName(sentence, tokens, index) &&
        !isParameter(sentence, tokens, index)
      );
    case "relation": {
      if (isElsewhere(tree, subject, sentence, tokens, index)) return false;
      if (kind === "rows")
        return token.depth === 0 && tokens.findIndex((each) => nameIn(each) === subject.name) === index;
      const first = qualifier === undefined ? word : wordAt(tokens, index - 3);
      if (kind === "table" && token.depth > 0) return /^(REFERENCES|LIKE)$/.test(first) || next?.text === ".";
      return first !== "AS" && (next?.text !== "(" || BEFORE_A_TABLE.test(first));
    }
    case "column": {
      if (NOT_A_COLUMN.test(word) || next?.text === "(" || next?.text === ".") return false;
      if (kind === "comment" && !isBefore(tokens, index, "IS")) return false;
      if (kind === "rows") return token.depth === 1 && isBefore(tokens, index, "VALUES");
      return !isType(sentence, tokens, index) && isOfTable(subject, sentence, tokens, index);
    }
    default:
      return false;
  }
}

const BEFORE_A_TABLE = /^(INTO|REFERENCES|ON|ONLY|VIEW|TABLE|EXISTS|FROM|JOIN|UPDATE|COPY)$/;
const NOT_A_COLUMN = /^(INDEX|CONSTRAINT|TRIGGER|POLICY|TABLE|VIEW|AS|REFERENCES|FROM|JOIN|INTO|EXISTS|CONCURRENTLY)$/;

/**
 * The name of a relation, or of its schema, in a string that PostgreSQL reads as one: `nextval('shop.numbers')`,
 * `'numbers'::regclass`. What such a string means follows a rename, as the database knows the object.
 */
function nameInText({ kind, schema, name }: Subject, tokens: readonly Token[], index: number): Span | undefined {
  const { text, start } = tokens[index]!;
  if ((kind !== "relation" && kind !== "schema") || !/^'[^'\\]+'$/.test(text)) return undefined;
  const isArgument = tokens[index - 1]?.text === "(" && /^(NEXTVAL|CURRVAL|SETVAL)$/.test(wordAt(tokens, index - 2));
  const isCast = [index + 2, index + 4].some((at) => wordAt(tokens, at) === "REGCLASS");
  if (!isArgument && !(isCast && tokens[index + 1]?.text === "::")) return undefined;
  const parts = tokensOf(text.slice(1, -1));
  const [qualifier, own] = parts.length === 3 ? [parts[0], parts[2]] : [undefined, parts[0]];
  const found = kind === "schema" ? qualifier : own;
  if (found === undefined || nameIn(found) !== name) return undefined;
  if (kind === "relation" && qualifier !== undefined && nameIn(qualifier) !== schema) return undefined;
  return { start: start + 1 + found.start, end: start + 1 + found.end };
}

/** Where a name qualifies another one, or stands behind SCHEMA or in the search_path of the session: that of a function stays. */
function isSchema({ reading }: Sentence, tokens: readonly Token[], index: number): boolean {
  const word = wordAt(tokens, index - 1);
  if (tokens[index - 1]?.text === ".") return false;
  if (tokens[index + 1]?.text === "." || word === "SCHEMA") return true;
  if (word === "EXISTS") return [3, 4].some((back) => wordAt(tokens, index - back) === "SCHEMA");
  return reading?.searchPath !== undefined && index > 2;
}

/** In the statement that makes the type, and in a comment on the attribute. */
function isAttribute(
  { schema, of = "" }: Subject,
  { node, reading }: Sentence,
  tokens: readonly Token[],
  index: number,
): boolean {
  if (inside(node, "CompositeTypeStmt") !== undefined) {
    const { makes } = reading ?? {};
    const isOwn = makes?.kind === "type" && makes.schema === schema && makes.name === of;
    return isOwn && tokens[index]!.depth === 1 && /^[(,]$/.test(tokens[index - 1]?.text ?? "");
  }
  return (
    inside(node, "CommentStmt") !== undefined &&
    tokens[index - 1]?.text === "." &&
    nameIn(tokens[index - 2]) === of &&
    isBefore(tokens, index, "IS")
  );
}

/** In a REFERENCES clause, columns are those of the table that it leads to. */
function isOfTable(
  { schema, of = "" }: Subject,
  { reading }: Sentence,
  tokens: readonly Token[],
  index: number,
): boolean {
  const { depth } = tokens[index]!;
  const open = tokens.findLastIndex(
    (token, at) => at < index && token.kind === TokenKind.open && token.depth === depth - 1,
  );
  const isReference = wordAt(tokens, open - 2) === "REFERENCES" || wordAt(tokens, open - 4) === "REFERENCES";
  if (isReference) return nameIn(tokens[open - 1]) === of;
  const { makes, kind, about = [] } = reading ?? {};
  if (kind === "table") return makes?.name === of && makes.schema === schema;
  if (OF_ONE_TABLE.test(kind ?? "")) return about.some((each) => each.name === of && each.schema === schema);
  return true;
}

const OF_ONE_TABLE = /^(constraint|alter|index|statistics|trigger|policy|grant)$/;

function isBefore(tokens: readonly Token[], index: number, word: string): boolean {
  const at = tokens.findIndex(({ depth }, each) => depth === 0 && wordAt(tokens, each) === word);
  return at < 0 || index < at;
}

/** Whether a column begins here: behind the parenthesis of a CREATE TABLE, or a comma in it. */
function isColumnName({ reading }: Sentence, tokens: readonly Token[], index: number): boolean {
  const before = tokens[index - 1]?.text;
  return reading?.kind === "table" && tokens[index]!.depth === 1 && (before === "(" || before === ",");
}

/** Whether a parameter of a function has its name here: it stands before its type. */
function isParameter({ reading }: Sentence, tokens: readonly Token[], index: number): boolean {
  if (reading?.kind !== "function" || tokens[index]!.depth !== 1) return false;
  const isFirst =
    /^[(,]$/.test(tokens[index - 1]?.text ?? "") || /^(IN|OUT|INOUT|VARIADIC)$/.test(wordAt(tokens, index - 1));
  return isFirst && nameIn(tokens[index + 1]) !== undefined && wordAt(tokens, index + 1) !== "DEFAULT";
}

/** A type may have a column's name: it stands behind a column, or a cast. */
function isType(sentence: Sentence, tokens: readonly Token[], index: number): boolean {
  return tokens[index - 1]?.text === "::" || isColumnName(sentence, tokens, index - 1);
}

function wordAt(tokens: readonly Token[], index: number): string {
  const token = tokens[index];
  return token?.kind === TokenKind.word ? token.text.toUpperCase() : "";
}

function nameIn(token: Token | undefined): string | undefined {
  if (token === undefined) return undefined;
  if (token.text.startsWith('"')) return token.text.slice(1, -1).replaceAll('""', '"');
  return token.kind === TokenKind.word ? token.text.toLowerCase() : undefined;
}
