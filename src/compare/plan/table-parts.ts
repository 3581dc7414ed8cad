import type { Facts } from "../engine/facts.ts";
import { quoteIdentifier } from "#sql/quote.ts";
import { parentTable, textOf } from "../engine/lookups.ts";
import type { ObjectId } from "../engine/object-id.ts";

interface Named {
  readonly schema: string;
  readonly name: string;
}

/** Where a column that a table has is declared: there, or in the nearest of its parents. Pure. */
export function declaration(name: string, table: Named, facts: Facts): ObjectId & { readonly kind: "column" } {
  const id = { kind: "column" as const, ...placeIn(table), name };
  const parent = parentTable(facts, { kind: "table", schema: table.schema, name: table.name });
  return facts.has(id) || parent === undefined ? id : declaration(name, parent, facts);
}

/** As the ids of its parts name it. Pure. */
export function placeIn({ schema, name }: Named): { readonly schema: string; readonly table: string } {
  return { schema, table: name };
}

/** A CHECK. */
export interface Check {
  readonly name: string;
  readonly definition: string;
  /** Those that it is about. */
  readonly columns: readonly string[];
}

/** What it demands of rows, and its parents as well. Pure. */
export function checksOf(table: ObjectId, facts: Facts): Check[] {
  const parent = parentTable(facts, table);
  const inherited = parent === undefined ? [] : checksOf({ kind: "table", ...parent }, facts);
  const own = facts.childrenOf(table).flatMap(({ id, payload }) => {
    const definition = textOf(facts, id, "def") ?? "";
    if (id.kind !== "constraint" || payload["type"] !== "c" || definition.endsWith(" NO INHERIT")) return [];
    const columns = facts.outgoingEdges(id).flatMap(({ to }) => (to.kind === "column" ? [to.name] : []));
    return [{ name: id.name, definition, columns }];
  });
  return [...inherited, ...own];
}

/** Its own, or that of its parents. Pure. */
export function primaryKeyOf(
  table: ObjectId,
  facts: Facts,
): { readonly id: ObjectId & { readonly kind: "constraint" }; readonly def: string } | undefined {
  const [key] = facts.childrenOf(table).flatMap(({ id, payload }) => {
    return id.kind === "constraint" && payload["type"] === "p" ? [{ ...id, kind: id.kind }] : [];
  });
  if (key !== undefined) return { id: key, def: textOf(facts, key, "def") ?? "" };
  const parent = parentTable(facts, table);
  return parent === undefined ? undefined : primaryKeyOf({ kind: "table", ...parent }, facts);
}

/** By name. Pure. */
export function triggersOf(table: ObjectId, facts: Facts): string[] {
  return facts.childrenOf(table).flatMap(({ id }) => (id.kind === "trigger" ? [id.name] : []));
}

/** With what two indexes of different tables have in common when they are alike. Pure. */
export function indexesOf(
  table: ObjectId,
  facts: Facts,
): { readonly id: Named & { readonly kind: "index" }; readonly form: string }[] {
  return facts.childrenOf(table).flatMap(({ id }) => {
    const [, unique = "", form] = /^CREATE (UNIQUE )?INDEX .*? (USING .*)$/s.exec(textOf(facts, id, "def") ?? "") ?? [];
    return id.kind !== "index" || form === undefined ? [] : [{ id: { ...id, kind: id.kind }, form: unique + form }];
  });
}

/** For a table that holds what another one inherits, for as long as that takes. Pure. */
export function freeName({ schema, name }: Named, from: Facts, to: Facts): string {
  let free = `${name}_inherited`;
  while ([from, to].some((facts) => facts.has({ kind: "table", schema, name: free }))) free += "_";
  return free;
}

/** A column in the list of a table. Pure. */
export function columnSql([name, column]: readonly [
  string,
  { readonly type: string; readonly collation: string | undefined; readonly notNull: boolean },
]): string {
  return `${quoteIdentifier(name)} ${typeSql(column)}${column.notNull ? " NOT NULL" : ""}`;
}

/** A column's type, with its collation where it has one of its own. Pure. */
export function typeSql({
  type,
  collation,
}: {
  readonly type: string;
  readonly collation: string | undefined;
}): string {
  return collation === undefined ? type : `${type} COLLATE ${collation}`;
}
