import sql from "./unmodelled.sql" with { type: "text" };

/** An object, or a property of one, that pg-delta knows nothing of: compared by name and definition. */
export interface Unmodelled {
  /** In PostgreSQL's words: "cast", "statistics object"; of a property its name: "storage". */
  readonly kind: string;
  readonly path: readonly string[];
  /** The table, view or index that it belongs to and goes with. */
  readonly relation: { readonly schema: string; readonly name: string } | undefined;
  /** A text that says everything about it. */
  readonly definition: string;
  /** Of an object that has one; undefined where owners do not count, or were not read. */
  readonly owner?: string | undefined;
}

/** What differs between two databases in such objects; undefined where a side does not have it. */
export interface UnmodelledDifference {
  readonly kind: string;
  readonly path: readonly string[];
  readonly from: Unmodelled | undefined;
  readonly to: Unmodelled | undefined;
}

/** Kinds that pg-delta reports as not modelled and that are compared here, or belong to the server as roles do. */
export const COMPARED_ELSEWHERE: ReadonlySet<string> = new Set([
  "cast",
  "operator",
  "operator class",
  "operator family",
  "text search configuration",
  "text search dictionary",
  "text search parser",
  "text search template",
  "statistics object",
  "language",
  "transform",
  "parameter ACL",
]);

/** Kinds that no plan holds SQL for (plan/unmodelled.ts has it for the others): they are written by hand. */
export const BY_HAND: ReadonlySet<string> = new Set([
  "foreign key trigger",
  "dependency on an extension",
  "extension version",
]);

/** Whether a column is generated anew whenever it is read, and not stored. */
export function isVirtual(unmodelled: readonly Unmodelled[], column: readonly [string, string, string]): boolean {
  return unmodelled.some(
    ({ kind, path }) => kind === "generated column" && path.every((part, index) => part === column[index]),
  );
}

/** @param query runs with `search_path` set to pg_catalog */
export async function readUnmodelled(query: (sql: string) => Promise<object[]>): Promise<Unmodelled[]> {
  const rows = (await query(sql)) as {
    kind: string;
    path: string[];
    schema: string | null;
    table: string | null;
    definition: string;
    owner: string | null;
  }[];
  return rows.map(({ kind, path, schema, table, definition, owner }) => ({
    kind,
    path,
    relation: schema === null || table === null ? undefined : { schema, name: table },
    definition,
    ...(owner === null ? {} : { owner }),
  }));
}

/** Pure. */
export function compareUnmodelled(from: readonly Unmodelled[], to: readonly Unmodelled[]): UnmodelledDifference[] {
  const key = ({ kind, path }: Unmodelled): string => JSON.stringify([kind, ...path]);
  const before = new Map(from.map((object) => [key(object), object]));
  const after = new Map(to.map((object) => [key(object), object]));
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((each) => {
    const pair = { from: before.get(each), to: after.get(each) };
    if (pair.from?.definition === pair.to?.definition && !changesOwner(pair.from, pair.to)) return [];
    const { kind, path } = (pair.from ?? pair.to)!;
    return [{ kind, path, ...pair }];
  });
}

/** Whether it is another's then, as far as both sides say whose it is. */
export function changesOwner(from: Unmodelled | undefined, to: Unmodelled | undefined): boolean {
  return from?.owner !== undefined && to?.owner !== undefined && from.owner !== to.owner;
}
