import { parseArray } from "./array-text.ts";

/** A type and the type of its arrays, by their numbers in pg_type. */
export interface ArrayType {
  readonly element: number;
  readonly array: number;
}

/** A column of a result, as the driver tells it: none of a statement that returns no rows. */
interface Column {
  readonly name: string;
  readonly type: number;
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

/** Types without a parser whose text is the value itself: names, strings, uuid, and numbers that a double cannot hold. */
const PLAIN: ReadonlySet<number> = new Set([18, 19, 20, 25, 1042, 1043, 1700, 2278, 2950]);

/**
 * The array types of a session. Most runs never meet an array, so they are asked for when a value comes or goes
 * that may be one.
 */
export class ArrayTypes {
  readonly #handlers: TypeHandlers;
  readonly #ask: () => Promise<readonly ArrayType[]>;
  readonly #known = new Set(PLAIN);
  #fetched = false;

  constructor(handlers: TypeHandlers, ask: () => Promise<readonly ArrayType[]>) {
    this.#handlers = handlers;
    this.#ask = ask;
  }

  /** Whether these parameters cannot be sent before `fetch`. */
  isNeededFor(parameters: readonly unknown[]): boolean {
    return !this.#fetched && parameters.some(Array.isArray);
  }

  /** Behind rows that arrived: arrays of a type that was not known yet are still text. */
  async complete(rows: readonly object[], { columns = [] }: { readonly columns?: readonly Column[] }): Promise<void> {
    const isNew = ({ type }: Column): boolean => !this.#known.has(type) && !(type in this.#handlers.parsers);
    const unknown = columns.filter(isNew);
    if (unknown.length === 0) return;
    await this.fetch();
    for (const { name, type } of unknown) {
      // One that is no array is asked about once.
      this.#known.add(type);
      const parse = this.#handlers.parsers[type];
      if (parse === undefined) continue;
      for (const row of rows as Record<string, unknown>[]) {
        const value = row[name];
        if (typeof value === "string") row[name] = parse(value);
      }
    }
  }

  async fetch(): Promise<void> {
    registerArrays(this.#handlers, await this.#ask());
    this.#fetched = true;
  }
}

/** Number of the type `box`, the one whose arrays are separated by semicolons. */
const BOX = 603;

/** Teaches a driver to read and write arrays of these types. */
function registerArrays({ parsers, serializers }: TypeHandlers, types: readonly ArrayType[]): void {
  for (const { element, array } of types) {
    const delimiter = element === BOX ? ";" : ",";
    parsers[array] = (text: string) => parseArray(text, parsers[element], delimiter);
    serializers[array] = (value: unknown) =>
      Array.isArray(value) ? writeArray(value, delimiter, serializers[element] ?? String) : String(value);
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
