import { parseQualifiedName } from "#sql/quote.ts";
import { HISTORIES } from "./registry.ts";

/** A table as far as it is known by its looks. */
export interface TableLooks {
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly string[];
}

/** What Rails keeps beside its history. */
const BESIDE = [{ tables: ["ar_internal_metadata"], columns: ["key", "value", "created_at", "updated_at"] }];

let known: ReadonlySet<string> | undefined;

/** Whether a table may be another tool's by its name alone. Pure. */
export function isHistoryName(name: string): boolean {
  known ??= new Set(kinds().flatMap(({ tables }) => tables.map((table) => parseQualifiedName(table)?.name ?? "")));
  return known.has(name);
}

/** Whether another tool keeps its history in a table. Pure. */
export function isHistoryTable(table: TableLooks): boolean {
  return kinds().some((kind) => looksLike(kind, table));
}

interface Kind {
  readonly tables: readonly string[];
  readonly columns: readonly string[];
}

/**
 * Whether a table is one of a tool's: it has the name, in the schema where the tool has one of its own, and the columns.
 * Where these are one or two words that anybody might use, it has no others. Pure.
 */
export function looksLike(kind: Kind, { schema, name, columns }: TableLooks): boolean {
  return kind.tables.some((table) => {
    const wanted = parseQualifiedName(table);
    if (wanted?.name !== name || (wanted.schema !== undefined && wanted.schema !== schema)) return false;
    if (!kind.columns.every((column) => columns.includes(column))) return false;
    return wanted.schema !== undefined || kind.columns.length > 2 || columns.length === kind.columns.length;
  });
}

function kinds(): Kind[] {
  return [...Object.values(HISTORIES), ...BESIDE];
}
