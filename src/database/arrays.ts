import { parseArray } from "./array-text.ts";

/** A type and the type of its arrays, by their numbers in pg_type. */
export interface ArrayType {
  readonly element: number;
  readonly array: number;
}

/** How a driver turns values into text and back, by the types' numbers. */
export interface TypeHandlers {
  readonly parsers: Record<number, (text: string) => unknown>;
  readonly serializers: Record<number, (value: unknown) => unknown>;
}

/**
 * The array types of a database. The driver has a query of its own for this, but that one uses the operators
 * of the session's search_path, a failure of it ends the process, and it reads NULL as a word.
 */
export const ARRAY_TYPES = `select a.typelem as element, a.oid as array from pg_catalog.pg_type a
  where a.typcategory operator(pg_catalog.=) 'A' and a.typelem operator(pg_catalog.<>) 0`;

/** Number of the type `box`, the one whose arrays are separated by semicolons. */
const BOX = 603;

/** Teaches a driver to read and write arrays of these types. */
export function registerArrays({ parsers, serializers }: TypeHandlers, types: readonly ArrayType[]): void {
  for (const { element, array } of types) {
    const delimiter = element === BOX ? ";" : ",";
    parsers[array] = (text: string) => parseArray(text, parsers[element], delimiter);
    serializers[array] = (value: unknown) =>
      Array.isArray(value) ? writeArray(value, delimiter, serializers[element] ?? String) : value;
  }
}

/** The opposite of `parseArray`. */
function writeArray(items: readonly unknown[], delimiter: string, serialize: (item: unknown) => unknown): string {
  const written = items.map((item) => {
    if (item === null || item === undefined) return "NULL";
    if (Array.isArray(item)) return writeArray(item, delimiter, serialize);
    return `"${String(serialize(item)).replaceAll(/[\\"]/g, "\\$&")}"`;
  });
  return `{${written.join(delimiter)}}`;
}
