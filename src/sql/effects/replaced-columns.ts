import { mayBeSame, namesRelation } from "../names-in.ts";
import { writeIdentifier } from "../quote.ts";
import { createdTable, lossOfPut } from "./replaced.ts";
import type { Statement } from "../statement.ts";
import { foldedName, namesAltered, writtenName } from "../lexer/token-names.ts";

/** A column that another one takes the name of, while the first is kept under another name. */
export interface ReplacedColumn {
  /** As SQL takes them, folded. */
  readonly table: string;
  /** The name that applications use. */
  readonly column: string;
  /** What the column with the values is called from then on. */
  readonly now: string;
  /** Whether its values are written into the other one. */
  readonly hasValues: boolean;
}

/**
 * Which of these statements, run in this order, give the name of a column that was renamed to another one: applications then find that
 * one, without an error and without the values. Tables that the statements make are left out. Pure.
 */
export function replacedColumns(statements: readonly Statement[]): ReadonlyMap<Statement, readonly ReplacedColumn[]> {
  const found = new Map<Statement, readonly ReplacedColumn[]>();
  if (!statements.some(isRename)) return found;
  const tables: Table[] = [];
  const tableOf = (name: string): Table => {
    const known = tables.findLast((one) => mayBeSame(one.name, name));
    if (known !== undefined) return known;
    const table: Table = { name, isMade: false, moved: new Map(), made: new Set() };
    tables.push(table);
    return table;
  };
  for (const statement of statements) {
    const { firstWord, words } = statement;
    const made = firstWord === "CREATE" ? createdTable(statement) : undefined;
    if (made !== undefined) tables.push({ name: made, isMade: true, moved: new Map(), made: new Set() });
    if (firstWord !== "ALTER" || words[1] !== "TABLE" || !mayMoveColumn(statement)) continue;
    const tokens = statement.tokens();
    const [name] = namesAltered(tokens).map(foldedName);
    if (name === undefined) continue;
    const table = tableOf(name);
    const renamed = renamedColumn(tokens);
    const taken = renamed === undefined ? addedColumns(tokens).flatMap((to) => add(table, to)) : rename(table, renamed);
    if (table.isMade || taken.length === 0) continue;
    found.set(
      statement,
      taken.map(({ column, now, from }) => {
        const names = [column, now, ...(from === undefined ? [] : [from])];
        const isGenerated = from === undefined && namesRelation(statement.text, now);
        const hasValues = isGenerated || statements.some((one) => bringsValues(one, name, names));
        return { table: name, column, now, hasValues };
      }),
    );
  }
  return found;
}

/** What is known of the columns of a table. */
interface Table {
  readonly name: string;
  readonly isMade: boolean;
  /** Where columns are that were called so before. */
  readonly moved: Map<string, string>;
  readonly made: Set<string>;
}

interface Taken {
  readonly column: string;
  readonly now: string;
  /** What the other one was called before. */
  readonly from?: string;
}

function add({ moved, made }: Table, column: string): Taken[] {
  const now = moved.get(column);
  moved.delete(column);
  made.add(column);
  return now === undefined ? [] : [{ column, now }];
}

function rename({ moved, made }: Table, { from, to }: { readonly from: string; readonly to: string }): Taken[] {
  const now = moved.get(to);
  const isMade = made.delete(from);
  for (const [name, place] of moved) if (place === from) moved.set(name, to);
  moved.delete(to);
  if (isMade) made.add(to);
  else moved.set(from, to);
  // One that gets its own name back is no other.
  return now === undefined || now === from ? [] : [{ column: to, now, from }];
}

/** What is lost by it, in the words of `lossOf`; nothing where the values come along. */
export function lossOfReplacedColumn({ table, column, now, hasValues }: ReplacedColumn): string | undefined {
  return hasValues ? undefined : lossOfPut(`COLUMN ${column} of ${table}`, now, "values");
}

/** Whether it may rename or add a column, told without reading it through. */
export function mayMoveColumn({ firstWord, text }: Statement): boolean {
  return firstWord === "ALTER" && /\b(?:rename|add)\b/i.test(text);
}

function isRename({ firstWord, text }: Statement): boolean {
  return firstWord === "ALTER" && /\brename\b/i.test(text);
}

/** ALTER TABLE t RENAME [COLUMN] c TO c_old */
function renamedColumn(tokens: readonly string[]): { readonly from: string; readonly to: string } | undefined {
  const at = tokens.indexOf("RENAME", 3);
  const column = tokens[at + 1] === "COLUMN" ? at + 2 : at + 1;
  // RENAME TO, and RENAME CONSTRAINT a TO b
  if (at < 0 || tokens[column + 1] !== "TO") return undefined;
  return { from: columnName(tokens[column]!), to: columnName(tokens[column + 2] ?? "") };
}

/** ALTER TABLE t ADD [COLUMN] [IF NOT EXISTS] c text, ADD d int */
function addedColumns(tokens: readonly string[]): string[] {
  const added: string[] = [];
  let depth = 0;
  for (const [at, token] of tokens.entries()) {
    if (token === "(") depth++;
    else if (token === ")") depth--;
    if (depth > 0 || token !== "ADD") continue;
    const isColumn = tokens[at + 1] === "COLUMN";
    const named = isColumn ? at + 2 : at + 1;
    const name = tokens[tokens[named] === "IF" ? named + 3 : named];
    if (name !== undefined && (isColumn || !CONSTRAINTS.has(name))) added.push(columnName(name));
  }
  return added;
}

/** Without quotation marks where it needs none. */
function columnName(token: string): string {
  return writeIdentifier(writtenName(token));
}

const CONSTRAINTS: ReadonlySet<string> = new Set(
  "CONSTRAINT,PRIMARY,UNIQUE,CHECK,FOREIGN,EXCLUDE,NOT,GENERATED".split(","),
);

/** Whether it writes the values of one of these columns into another one. */
function bringsValues({ firstWord = "", text }: Statement, table: string, names: readonly string[]): boolean {
  const writes =
    /^(?:UPDATE|WITH|MERGE|INSERT|DO)$/.test(firstWord) || (firstWord === "ALTER" && /\busing\b/i.test(text));
  if (!writes || !namesRelation(text, table)) return false;
  return names.filter((name) => namesRelation(text, name)).length > 1;
}
