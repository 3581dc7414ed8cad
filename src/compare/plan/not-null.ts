import type { Facts } from "../engine/facts.ts";
import { parseQualifiedName, quoteIdentifier, quoteQualified } from "#sql/quote.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";
import { withPayloads } from "../catalogue/facts.ts";
import type { Unmodelled } from "../catalogue/unmodelled.ts";

/** Among what the planner does not know: NOT NULL that is NO INHERIT or NOT VALID, from PostgreSQL 18 on. */
export const NOT_NULL = "not null constraint";

/**
 * What the planner is to know of `side` so that each NOT NULL is written once: those of domains are constraints with names
 * as well from PostgreSQL 17 on, and those among what it does not know are made beside its plan. Pure.
 * @param to the side that the plan leads to
 */
export function withNotNullOnce(facts: Facts, side: Catalogue, to: Catalogue): Facts {
  const own = { unmodelled: side.unmodelled.filter(({ kind }) => kind === NOT_NULL) };
  return withPayloads(
    facts,
    ({ id }) => {
      if (id.kind === "domain") return facts.childrenOf(id).some(({ payload }) => payload["type"] === "n");
      if (id.kind !== "column") return false;
      const constraint = constraintOf(id, own);
      return constraint !== undefined && !isOnlyUnchecked(constraint, to);
    },
    { notNull: false },
  );
}

/** The statements before a plan, and behind it. Pure. */
export function notNullChange(
  before: Unmodelled | undefined,
  after: Unmodelled | undefined,
  { facts, unmodelled }: Pick<Catalogue, "facts" | "unmodelled">,
): { readonly first: readonly string[]; readonly last: readonly string[] } {
  const { relation, path } = (before ?? after)!;
  const table = `ALTER TABLE ${quoteQualified(relation!.schema, relation!.name)}`;
  const name = quoteIdentifier(path[2] ?? "");
  const make = after === undefined ? [] : [`${table} ADD CONSTRAINT ${name} ${after.definition}`];
  if (before === undefined) return { first: [], last: make };
  if (!isOnlyUnchecked(before, { unmodelled })) return { first: [`${table} DROP CONSTRAINT ${name}`], last: make };
  const stays = facts.get({ kind: "column", ...columnOf(before) })?.payload["notNull"] === true;
  return { first: [], last: stays ? [`${table} VALIDATE CONSTRAINT ${name}`] : [] };
}

/** Whether it is like any other but for rows that nobody has looked at yet, and shall be like any other, or go with it. */
function isOnlyUnchecked(constraint: Unmodelled, to: Pick<Catalogue, "unmodelled">): boolean {
  const { definition } = constraint;
  const isUnchecked = definition.endsWith(" NOT VALID") && !definition.includes(" NO INHERIT ");
  return isUnchecked && constraintOf(columnOf(constraint), to) === undefined;
}

interface Column {
  readonly schema: string;
  readonly table: string;
  readonly name: string;
}

function constraintOf(column: Column, { unmodelled }: Pick<Catalogue, "unmodelled">): Unmodelled | undefined {
  return unmodelled.find((object) => {
    if (object.kind !== NOT_NULL) return false;
    const { schema, table, name } = columnOf(object);
    return schema === column.schema && table === column.table && name === column.name;
  });
}

/** `NOT NULL column NO INHERIT NOT VALID` */
function columnOf({ path: [schema = "", table = ""], definition }: Unmodelled): Column {
  const [, column = ""] = /^NOT NULL (.*?)(?: NO INHERIT)?(?: NOT VALID)?$/s.exec(definition) ?? [];
  return { schema, table, name: parseQualifiedName(column)?.name ?? "" };
}
