import { namesRelation } from "../names-in.ts";
import { parseQualifiedName, writeQualified } from "../quote.ts";
import type { Statement } from "../statement.ts";
import { namesFrom } from "../lexer/token-names.ts";

/** A table that another one takes the name of, while the first is kept under another name. */
export interface Replaced {
  /** The name that applications use, as SQL takes it. */
  readonly table: string;
  /** What the table with the rows is called from then on. */
  readonly now: string;
  /** Whether its rows are copied into the other one, or the table becomes a part of it. */
  readonly hasRows: boolean;
  /** What the other one was called, where it was there before the statements: it may have rows of its own. */
  readonly exchanged?: string;
}

/**
 * Which of these statements, run in this order, give the name of a table that was renamed or moved away to another table: applications
 * then find that one, without an error. Pure.
 */
export function replacedTables(statements: readonly Statement[]): ReadonlyMap<Statement, Replaced> {
  return replaced(statements, { created: createdTable, moved: moveOf, brings: bringsRows });
}

/** The same of schemas, whose tables have the rows. Pure. */
export function replacedSchemas(statements: readonly Statement[]): ReadonlyMap<Statement, Replaced> {
  return replaced(statements, { created: createdSchema, moved: renamedSchema, brings: () => false });
}

/** What statements do to the objects of a kind. */
interface Kind {
  readonly created: (statement: Statement) => string | undefined;
  readonly moved: (statement: Statement) => Move | undefined;
  readonly brings: typeof bringsRows;
}

function replaced(statements: readonly Statement[], kind: Kind): ReadonlyMap<Statement, Replaced> {
  const found = new Map<Statement, Replaced>();
  if (!statements.some(mayMoveTable)) return found;
  /** Where those are that were called so before. */
  const moved = new Map<string, string>();
  const made = new Set<string>();
  for (const [at, statement] of statements.entries()) {
    const first = statement.firstWord;
    if (first !== "ALTER" && first !== "CREATE") continue;
    const created = first === "CREATE" ? kind.created(statement) : undefined;
    const move = first === "ALTER" ? kind.moved(statement) : undefined;
    const taken = created ?? move?.to;
    if (taken === undefined) continue;
    const now = moved.get(taken);
    const isMade = move === undefined || made.has(move.from);
    if (move !== undefined) {
      for (const [name, place] of moved) if (place === move.from) moved.set(name, move.to);
      if (!made.delete(move.from)) moved.set(move.from, move.to);
    }
    moved.delete(taken);
    if (isMade && (now !== undefined || !statement.words.includes("EXISTS"))) made.add(taken);
    // One that gets its own name back is no other.
    if (now === undefined || now === move?.from) continue;
    const names = [taken, now, ...(move === undefined ? [] : [move.from])];
    const hasRows = statements.some((one, index) => kind.brings(one, names, index > at ? taken : undefined));
    found.set(statement, {
      table: taken,
      now,
      hasRows,
      ...(isMade || move === undefined ? {} : { exchanged: move.from }),
    });
  }
  return found;
}

/** Whether it may give a table another name or schema, told without reading it through. */
export function mayMoveTable({ firstWord, text }: Statement): boolean {
  return firstWord === "ALTER" && /\b(?:rename|schema)\b/i.test(text);
}

/** What is lost by it, in the words of `lossOf`; nothing where the rows come along. */
export function lossOfReplaced(
  { table, now, hasRows }: Replaced,
  kind: "TABLE" | "SCHEMA" = "TABLE",
): string | undefined {
  return hasRows ? undefined : lossOfPut(`${kind} ${table}`, now, "rows");
}

/** The same for columns. */
export function lossOfPut(what: string, now: string, kept: "rows" | "values"): string {
  return `${PUTS}${what} in the place of ${now}, which keeps the ${kept}`;
}

/** Whether a loss is one of `lossOfPut`. */
export function isReplacement(loss: string): boolean {
  return loss.startsWith(PUTS);
}

const PUTS = "puts another ";

/** CREATE [UNLOGGED] TABLE [IF NOT EXISTS] users */
export function createdTable(statement: Statement): string | undefined {
  const tokens = statement.tokens(16);
  const at = tokens[1] === "UNLOGGED" || tokens[1] === "FOREIGN" ? 2 : 1;
  if (tokens[at] !== "TABLE") return undefined;
  return nameAt(tokens, tokens[at + 1] === "IF" ? at + 4 : at + 1);
}

/** CREATE SCHEMA [IF NOT EXISTS] app */
export function createdSchema(statement: Statement): string | undefined {
  if (statement.words[1] !== "SCHEMA") return undefined;
  const tokens = statement.tokens(16);
  return nameAt(tokens, tokens[2] === "IF" ? 5 : 2);
}

/** Another name, or another schema. */
interface Move {
  readonly from: string;
  readonly to: string;
}

/** ALTER SCHEMA app RENAME TO app_old */
function renamedSchema(statement: Statement): Move | undefined {
  if (statement.words[1] !== "SCHEMA") return undefined;
  const tokens = statement.tokens(16);
  const [from, to] = [nameAt(tokens, 2), nameAt(tokens, 5)];
  return tokens[3] !== "RENAME" || from === undefined || to === undefined ? undefined : { from, to };
}

/** ALTER TABLE [IF EXISTS] [ONLY] users RENAME TO users_old, or SET SCHEMA archive */
export function moveOf(statement: Statement): Move | undefined {
  if (statement.words[1] !== "TABLE" && statement.words[1] !== "FOREIGN") return undefined;
  const tokens = statement.tokens(20);
  const table = tokens.indexOf("TABLE");
  const from = nameAt(tokens, tokens[table + 1] === "IF" ? table + 3 : table + 1);
  const old = from === undefined ? undefined : parseQualifiedName(from);
  const verb = tokens.findIndex((token, at) => /^(?:RENAME|SET)$/.test(token) && at > table + 1);
  const isRename = tokens[verb] === "RENAME" && tokens[verb + 1] === "TO";
  const isMove = tokens[verb] === "SET" && tokens[verb + 1] === "SCHEMA";
  const target = nameAt(tokens, verb + 2);
  const other = target === undefined ? undefined : parseQualifiedName(target);
  if (from === undefined || old === undefined || other === undefined || (!isRename && !isMove)) return undefined;
  return { from, to: isRename ? writeQualified(old.schema, other.name) : writeQualified(other.name, old.name) };
}

/** @param taken where it comes behind the new table: the name that this has */
function bringsRows(statement: Statement, names: readonly string[], taken: string | undefined): boolean {
  const { firstWord = "", text } = statement;
  if (firstWord === "ALTER") {
    // The old table as a partition or child.
    return taken !== undefined && /\b(?:attach\s+partition|inherit)\b/i.test(text) && namesAll(text, names.slice(0, 2));
  }
  if (!/^(?:INSERT|WITH|CREATE|MERGE)$/.test(firstWord)) return false;
  const isQuery = /\b(?:select|table)\b/i.test(firstWord === "CREATE" ? (/\bas\b[^]*/i.exec(text)?.[0] ?? "") : text);
  if (!isQuery || /\bwith\s+no\s+data\b/i.test(text)) return false;
  if (firstWord === "CREATE") return createdTable(statement) !== undefined && namesTwo(text, names);
  return /\binto\b/i.test(text) && namesTwo(text, names);
}

/** The new table by one of its names, and the old one. */
function namesTwo(text: string, names: readonly string[]): boolean {
  return names.filter((name) => namesRelation(text, name)).length > 1;
}

function namesAll(text: string, names: readonly string[]): boolean {
  return names.every((name) => namesRelation(text, name));
}

function nameAt(tokens: readonly string[], at: number): string | undefined {
  const [name] = namesFrom(tokens, at);
  const read = name === undefined ? undefined : parseQualifiedName(name);
  return read === undefined ? undefined : writeQualified(read.schema, read.name);
}
