import { writtenName } from "#sql/lexer/token-names.ts";
import { quoteIdentifier, quoteQualified } from "#sql/quote.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";
import type { Fact, Facts } from "../engine/facts.ts";
import { columnsOf, textOf } from "../engine/lookups.ts";
import type { ObjectId } from "../engine/object-id.ts";
import { constraintOn } from "../kinds/not-null-constraint.ts";
import { KEY, NAME } from "./key-definition.ts";
import { type PlannedStatement, rowsHazard, statementOf } from "./statement.ts";
import { primaryKeyOf } from "./table-parts.ts";

/** A unique index that gives way to a key over the same columns. */
interface Taken {
  readonly table: ObjectId & { readonly kind: "table" };
  readonly index: ObjectId & { readonly kind: "index" };
  readonly key: ObjectId & { readonly kind: "constraint" };
  readonly type: string;
  readonly deferrable: string;
  readonly columns: readonly string[];
}

/**
 * Keys take unique indexes over the same columns with what these hold (manual, ALTER TABLE, "ADD table_constraint_using_index"; not for
 * partitioned tables): nothing is built again. A primary key would make its columns NOT NULL as well, which they become before. Pure.
 */
export function keysFromIndexes(from: Pick<Catalogue, "facts" | "extras">, to: Facts): PlannedStatement[] {
  const taken = indexesTaken(from, to);
  const required = taken.flatMap(({ table, type, columns }) => {
    const own = columnsOf(table, from.facts);
    const nullable =
      type === "PRIMARY KEY"
        ? columns.filter((name) => own.get(name)?.notNull === false && !forbidsNull(table, name, from))
        : [];
    return nullable.map((name) => ({
      ...statementOf(`ALTER TABLE ${nameOf(table)} ALTER COLUMN ${quoteIdentifier(name)} SET NOT NULL`),
      rows: rowsHazard("null"),
      needs: [{ kind: "column" as const, schema: table.schema, table: table.name, name }],
    }));
  });
  if (required.length > 0) return required;
  return taken.map(({ table, index, key, type, deferrable }) => ({
    ...statementOf(
      `ALTER TABLE ${nameOf(table)} ADD CONSTRAINT ${quoteIdentifier(key.name)} ${type} USING INDEX ${quoteIdentifier(index.name)}${deferrable}`,
    ),
    makes: [key],
    removes: [index],
  }));
}

/** Whether a partition or child forbids NULL in a column that its parent allows it in. */
function forbidsNull({ schema, name }: Named, column: string, { extras }: Pick<Catalogue, "extras">): boolean {
  return extras.some(({ kind, path }) => kind === "not null" && Bun.deepEquals(path, [schema, name, column]));
}

/** The indexes that stay as those of keys. Pure. */
export function indexesOfKeys(from: Pick<Catalogue, "facts" | "extras">, to: Facts): readonly ObjectId[] {
  return indexesTaken(from, to).map(({ index }) => index);
}

function indexesTaken(from: Pick<Catalogue, "facts" | "extras">, to: Facts): Taken[] {
  const used = new Set<string>();
  return to.facts().flatMap((fact): Taken[] => {
    const one = indexTaken(fact, from, to);
    if (one === undefined || used.has(nameOf(one.index))) return [];
    used.add(nameOf(one.index));
    return [one];
  });
}

function indexTaken(
  { id: key, parent: table }: Fact,
  from: Pick<Catalogue, "facts" | "extras">,
  to: Facts,
): Taken | undefined {
  const { facts } = from;
  if (key.kind !== "constraint" || table?.kind !== "table" || facts.has(key) || !facts.has(table)) return undefined;
  const [, type, distinct = "", names = "", include = "", , deferrable = ""] =
    KEY.exec(textOf(to, key, "def") ?? "") ?? [];
  if (type === undefined || [facts, to].some((side) => textOf(side, table, "partitionKey") !== undefined))
    return undefined;
  const columns = (names.match(COLUMN) ?? []).map(writtenName);
  if (type === "PRIMARY KEY") {
    if (primaryKeyOf(table, facts) !== undefined) return undefined;
    if (columns.some((name) => constraintOn({ schema: table.schema, table: table.name, name }, from) !== undefined))
      return undefined;
    // Before PostgreSQL 18, a parent cannot drop its NOT NULL where a child has a key on the column.
    const [own, next] = [columnsOf(table, facts), columnsOf(table, to)];
    if (columns.some((name) => own.get(name)?.notNull === true && next.get(name)?.notNull === false)) return undefined;
  }
  const form = ` USING btree (${names})${include}${distinct}`;
  const index = facts
    .childrenOf(table)
    .find((child) => isLike(child, form) && !to.has(child.id) && isFree(key, child.id, facts));
  if (index?.id.kind !== "index") return undefined;
  return {
    table: { ...table, kind: table.kind },
    index: { ...index.id, kind: index.id.kind },
    key: { ...key, kind: key.kind },
    type,
    deferrable,
    columns,
  };
}

const COLUMN = new RegExp(NAME, "g");

/** Whether a unique index has this form and no other, whatever its storage parameters. */
function isLike({ id, payload }: Fact, form: string): boolean {
  const definition = typeof payload["def"] === "string" ? payload["def"] : "";
  if (id.kind !== "index" || !definition.startsWith("CREATE UNIQUE INDEX ")) return false;
  const own = definition.slice(Math.max(definition.indexOf(" USING btree "), 0));
  return own === form || (own.startsWith(`${form} WITH (`) && !own.includes(" WHERE "));
}

/** PostgreSQL gives the index the name of the key. */
function isFree({ schema, name }: Named, index: ObjectId, facts: Facts): boolean {
  if ("name" in index && index.name === name) return true;
  return !facts.facts().some(({ id }) => "schema" in id && id.schema === schema && "name" in id && id.name === name);
}

interface Named {
  readonly schema: string;
  readonly name: string;
}

function nameOf({ schema, name }: Named): string {
  return quoteQualified(schema, name);
}
