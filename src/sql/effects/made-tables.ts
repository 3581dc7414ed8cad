import { mayBeSame } from "../names-in.ts";
import { createdTable, moveOf } from "./replaced.ts";
import type { Statement } from "../statement.ts";
import { foldedName, namesAltered } from "../lexer/token-names.ts";

/** A table that statements make, while they run in this order. */
export interface MadeTable {
  /** What it is called, from the statement of that number on. */
  readonly names: readonly { readonly at: number; readonly name: string }[];
  /** Whether it has row level security in the end. */
  readonly isSecured: boolean;
}

/** The tables that these statements make. Pure. */
export function madeTables(statements: readonly Statement[]): MadeTable[] {
  const tables: { names: { at: number; name: string }[]; isSecured: boolean }[] = [];
  for (const [at, statement] of statements.entries()) {
    const { firstWord, text } = statement;
    const created = firstWord === "CREATE" ? createdTable(statement) : undefined;
    if (created !== undefined) tables.push({ names: [{ at, name: created }], isSecured: false });
    if (firstWord !== "ALTER" || tables.length === 0) continue;
    const move = moveOf(statement);
    const security = /\b(enable|disable)\s+row\s+level\b/i.exec(text)?.[1]?.toLowerCase();
    if (move === undefined && security === undefined) continue;
    const altered = move?.from ?? namesAltered(statement.tokens()).map(foldedName)[0];
    const table = tables.findLast(({ names }) => mayBeSame(names.at(-1)!.name, altered ?? ""));
    if (table === undefined) continue;
    if (move !== undefined) table.names.push({ at, name: move.to });
    else table.isSecured = security === "enable";
  }
  return tables;
}

/** The one that is called so when, or as soon as, the statement of that number has run. Pure. */
export function madeTableAt(tables: readonly MadeTable[], at: number, name: string): MadeTable | undefined {
  return tables.findLast(({ names }) => {
    const now = names.findLast((one) => one.at <= at);
    return now !== undefined && mayBeSame(now.name, name);
  });
}
