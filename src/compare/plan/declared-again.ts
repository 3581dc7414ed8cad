import type { Action } from "../engine/actions.ts";
import type { Fact, Facts } from "../engine/facts.ts";
import { withPayloads } from "../engine/lookups.ts";
import { encodeId, type ObjectId } from "../engine/object-id.ts";
import { parentsFromTheBeginning, parentsOf } from "../kinds/further-parents.ts";
import type { Side } from "../kinds/kind.ts";

/**
 * What a table has from a parent and declares as well cannot be added afterwards. Columns are a part of CREATE TABLE, as
 * `scripts/patch-planner.ts` has the planner write it. Pure.
 */
export function withColumnsDeclaredAgain(side: Side): Facts {
  const isInBoth = ({ id }: Fact): boolean => id.kind === "column" && isInherited({ ...id, kind: "column" }, side);
  return withPayloads(side.facts, isInBoth, { _declaredAgain: true });
}

/** In a table that is there, columns and constraints that it declares as well come before its parent's. Pure. */
export function declaredBeforeInherited(actions: readonly Action[], to: Side): Action[] {
  const creates = new Map<string, Action>();
  const ordered: Action[] = [];
  for (const action of actions) {
    const [made] = action.produces;
    if (made?.kind === "table" && action.verb === "create" && !creates.has(encodeId(made))) {
      creates.set(encodeId(made), action);
    }
    const part = addedPart(action);
    if (part === undefined || !isInherited(part, to)) {
      ordered.push(action);
      continue;
    }
    const create = creates.get(encodeId(tableOf(part)));
    // A partition is made with its parent's.
    if (create !== undefined && part.kind === "column") continue;
    const start = create === undefined ? 0 : ordered.indexOf(create) + 1;
    const at = ordered.findIndex((other, index) => index >= start && isOfAncestor(addedPart(other), part, to));
    ordered.splice(at < 0 ? ordered.length : at, 0, action);
  }
  return ordered;
}

/** A column or constraint. */
interface Part {
  readonly kind: "column" | "constraint";
  readonly schema: string;
  readonly table: string;
  readonly name: string;
}

function addedPart(action: Action): Part | undefined {
  const [made] = action.produces;
  if (action.verb !== "create" || (made?.kind !== "column" && made?.kind !== "constraint")) return undefined;
  return action.sql.includes(" ADD ") ? { ...made, kind: made.kind } : undefined;
}

function tableOf({ schema, table }: Part): ObjectId {
  return { kind: "table", schema, name: table };
}

/** Whether an ancestor of the table has it as well. */
function isInherited(part: Part, side: Side): boolean {
  return inParents(part, side).some((parent) => side.facts.has(parent) || isInherited(parent, side));
}

function isOfAncestor(other: Part | undefined, part: Part, side: Side): boolean {
  if (other === undefined || other.name !== part.name || other.kind !== part.kind) return false;
  return inParents(part, side).some(
    (parent) => encodeId(parent) === encodeId(other) || isOfAncestor(other, parent, side),
  );
}

/** What has the same name in the table's parents, as far as it has them from the beginning; whether it is there or not. */
function inParents({ kind, schema, table, name }: Part, side: Side): readonly Part[] {
  const [first] = parentsOf({ schema, name: table }, side);
  const parents = first === undefined ? [] : [first, ...parentsFromTheBeginning({ schema, name: table }, side)];
  return parents.map((parent) => ({ kind, schema: parent.schema, table: parent.name, name }));
}
