import type { AlterTableCmd } from "libpg-query";
import { TokenKind } from "#sql/lexer/token-kind.ts";
import { tokensOf } from "#sql/lexer/tokens.ts";
import { inside, offsetOfByte, strings } from "#sql/parser.ts";
import { removeSentence } from "./lines.ts";
import { divide, type Item, type ListText, removeItem } from "./lists.ts";
import type { SchemaTree, Sentence } from "./schema-tree.ts";
import { isSame, type Subject } from "../sources/subjects.ts";

/** A command of an ALTER TABLE in the files: its only one, or one of several. */
export interface Command extends Item {
  readonly command: AlterTableCmd;
}

export interface CommandText {
  readonly list: ListText<Command>;
  readonly item: Command;
}

/** Every command for a table, in the order they run. */
export function commandsOn(tree: SchemaTree, table: Subject): CommandText[] {
  return tree.about(table).flatMap((sentence) => {
    const list = readCommands(tree, sentence);
    return list === undefined ? [] : list.items.map((item) => ({ list, item }));
  });
}

function readCommands(tree: SchemaTree, sentence: Sentence): ListText<Command> | undefined {
  const { relation, cmds = [] } = inside(sentence.node, "AlterTableStmt") ?? {};
  if (relation?.location === undefined) return undefined;
  const tokens = tokensOf(tree.text(sentence.file), sentence.start, sentence.end);
  const name = sentence.start + offsetOfByte(sentence.statement.text, relation.location);
  let first = tokens.findIndex(({ start }) => start === name) + 1;
  while (tokens[first]?.text === ".") first += 2;
  if (tokens[first]?.text === "*") first++;
  const parts = divide(tokens.slice(first), 0).filter(({ start, end }) => end > start);
  if (first === 0 || parts.length !== cmds.length) return undefined;
  const items = parts.flatMap((part, index) => {
    const command = inside(cmds[index], "AlterTableCmd");
    return command === undefined ? [] : [{ ...part, command }];
  });
  return { sentence, items };
}

/** Removes a command, and with the last one its statement. */
export function removeCommand(tree: SchemaTree, { list, item }: CommandText): "removed" | "edited" {
  if (list.items.length > 1) {
    removeItem(tree, list, item);
    return "edited";
  }
  removeSentence(tree, list.sentence);
  return "removed";
}

/** The objects of a GRANT or REVOKE, in the order in which they are named; undefined where they cannot be told apart. */
export function grantedObjects(tree: SchemaTree, sentence: Sentence): ListText | undefined {
  const { objects = [], targtype } = inside(sentence.node, "GrantStmt") ?? {};
  if (targtype !== "ACL_TARGET_OBJECT") return undefined;
  const tokens = tokensOf(tree.text(sentence.file), sentence.start, sentence.end);
  const at = (words: RegExp, from: number): number =>
    tokens.findIndex(
      ({ kind, depth, text }, index) => index >= from && kind === TokenKind.word && depth === 0 && words.test(text),
    );
  const on = at(/^on$/i, 0);
  const end = at(/^(?:to|from)$/i, on);
  const follows = tokens[on + 2];
  const isClass = CLASSES.test(tokens[on + 1]?.text ?? "") && follows !== undefined && !/^[.,]$/.test(follows.text);
  const items = divide(tokens.slice(on + (isClass && on + 2 < end ? 2 : 1), end), 0);
  return on < 0 || end < 0 || items.length !== objects.length ? undefined : { sentence, items };
}

/** The privileges of a GRANT or REVOKE, in order; undefined where they cannot be told apart. */
export function grantedPrivileges(tree: SchemaTree, sentence: Sentence): ListText | undefined {
  const { privileges = [] } = inside(sentence.node, "GrantStmt") ?? {};
  const tokens = tokensOf(tree.text(sentence.file), sentence.start, sentence.end);
  const on = tokens.findIndex(({ kind, depth, text }) => kind === TokenKind.word && depth === 0 && /^on$/i.test(text));
  const items = divide(tokens.slice(1, on), 0);
  return on < 0 || items.length !== privileges.length ? undefined : { sentence, items };
}

/**
 * Takes a column of a table out of the lists of columns in a GRANT or REVOKE, and with the last one its privilege, or the statement. One
 * on other tables as well stays what it is for these.
 * @returns whether it was in one of them
 */
export function removeGrantedColumn(tree: SchemaTree, on: Sentence, table: Subject, column: string): boolean {
  const { privileges = [] } = inside(on.node, "GrantStmt") ?? {};
  const columns = privileges.map((each) => strings(inside(each, "AccessPriv")?.cols));
  const at = columns.findIndex((names) => names.includes(column));
  const sentence = at < 0 ? undefined : onOneObject(tree, on, table);
  if (sentence === undefined) return false;
  if (columns.every((names) => names.length === 1 && names[0] === column)) {
    removeSentence(tree, sentence);
    return true;
  }
  const list = grantedPrivileges(tree, sentence);
  const privilege = list?.items[at];
  if (list === undefined || privilege === undefined) return false;
  if (columns[at]!.length === 1) {
    removeItem(tree, list, privilege);
    return true;
  }
  const tokens = tokensOf(tree.text(sentence.file), privilege.start, privilege.end);
  const open = tokens.findIndex(({ kind }) => kind === TokenKind.open);
  const items = divide(tokens.slice(open + 1, -1), 1);
  const item = items[columns[at]!.indexOf(column)];
  if (item === undefined || items.length !== columns[at]!.length) return false;
  removeItem(tree, { sentence, items }, item);
  return true;
}

/** A GRANT on an object, which is taken out of one on several and put behind it; undefined where its objects cannot be told apart. */
function onOneObject(tree: SchemaTree, sentence: Sentence, subject: Subject): Sentence | undefined {
  const { file, start, end, node, reading } = sentence;
  if (inside(node, "GrantStmt")?.objects?.length === 1) return sentence;
  const list = grantedObjects(tree, sentence);
  const { about = [] } = reading ?? {};
  const own = list?.items[about.findIndex((each) => isSame(each, subject))];
  if (list === undefined || own === undefined || list.items.length !== about.length) return undefined;
  const text = tree.text(file);
  const others = list.items.filter((item) => item !== own).map((item) => text.slice(item.start, item.end));
  const grant = (objects: readonly string[]): string =>
    text.slice(start, list.items[0]!.start) + objects.join(", ") + text.slice(list.items.at(-1)!.end, end);
  const rest = `${grant(others)};\n`;
  tree.splice(file, start, end, rest + grant([text.slice(own.start, own.end)]));
  const behind = tree.sentences.filter((one) => one.file === file && one.start > start);
  return behind.toSorted((a, b) => a.start - b.start)[0];
}

const CLASSES = /^(?:table|sequence|function|procedure|routine|schema|type|domain|language)$/i;
