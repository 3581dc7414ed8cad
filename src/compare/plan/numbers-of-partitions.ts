import type { Action } from "../engine/actions.ts";
import type { Facts } from "../engine/facts.ts";
import { parentTable, textOf } from "../engine/lookups.ts";
import type { ObjectId } from "../engine/object-id.ts";
import { quoteQualified } from "#sql/quote.ts";
import { isMadeAnew } from "./moves.ts";
import { setting } from "./numbers.ts";
import { alteration } from "./alteration.ts";

type TableId = ObjectId & { readonly kind: "table" };

/**
 * The identity of a partitioned table that is made anew begins at its start, and partitions come to it with their rows: so it goes
 * on behind their numbers. Pure.
 * @returns the statements that belong right behind an action
 */
export function numbersOfPartitions(
  actions: readonly Action[],
  from: Facts,
  to: Facts,
): Map<Action, readonly string[]> {
  return new Map(
    actions.flatMap((action) => {
      const table = action.verb === "create" ? remade(action.produces, from, to) : undefined;
      if (table === undefined) return [];
      return identitiesOf(table, to).flatMap((next) => {
        const columns = partitionsOf(table, from, to).map(({ schema, name }) => ({
          kind: "column" as const,
          schema,
          table: name,
          name: next.identity.name,
        }));
        const sql = setting({ next, columns, olds: [] }, from, to, from);
        return sql === undefined ? [] : [[action, sql] as const];
      });
    }),
  );
}

/** A sequence that belongs to a column goes with its table, and defaults of partitions need it: it is nobody's for that long. Pure. */
export function withSequencesKept(actions: readonly Action[], from: Facts, to: Facts): Action[] {
  return actions.flatMap((action) => {
    const table = action.verb === "drop" ? remade(action.destroys, from, to) : undefined;
    if (table === undefined) return [action];
    const own = from.facts().flatMap(({ id, payload }) => {
      const { schema, table: name } = (payload["ownedBy"] ?? {}) as {
        readonly schema?: string;
        readonly table?: string;
      };
      const isKept = id.kind === "sequence" && schema === table.schema && name === table.name && to.has(id);
      return isKept ? [alteration(`ALTER SEQUENCE ${quoteQualified(id.schema, id.name)} OWNED BY NONE`)] : [];
    });
    return [...own, action];
  });
}

function remade([table]: readonly ObjectId[], from: Facts, to: Facts): TableId | undefined {
  return table?.kind === "table" && isMadeAnew(table, from, to) ? { ...table, kind: table.kind } : undefined;
}

function identitiesOf(table: TableId, to: Facts) {
  return to.childrenOf(table).flatMap(({ id, payload }) => {
    if (id.kind !== "column") return [];
    const { sequence = null } = (payload["identity"] ?? {}) as {
      readonly sequence?: { readonly schema: string; readonly name: string } | null;
    };
    return sequence === null ? [] : [{ ...sequence, identity: { ...id, kind: id.kind } }];
  });
}

/** Those that have left it, to come back. */
function partitionsOf(table: TableId, from: Facts, to: Facts): TableId[] {
  return to.facts().flatMap(({ id }) => {
    const parent = parentTable(to, id);
    const isIts = id.kind === "table" && parent?.schema === table.schema && parent.name === table.name;
    return isIts && textOf(to, id, "partitionBound") !== undefined && from.has(id) ? [{ ...id, kind: id.kind }] : [];
  });
}
