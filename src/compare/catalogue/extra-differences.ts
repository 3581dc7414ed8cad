import type { Catalogue } from "./catalogue.ts";
import type { Extra } from "../kinds/kind.ts";
import { compareExtras, type ExtraDifference } from "./extras.ts";
import { isOfConstraint } from "../kinds/partitioned-index.ts";
import { describe } from "./describe.ts";

/** What differs in what the planner does not know, and not because what it belongs to is new or gone. Pure. */
export function extraDifferences(from: Catalogue, to: Catalogue): ExtraDifference[] {
  return compareExtras(from.extras, to.extras).filter((difference) => {
    const { kind, path } = difference;
    if (difference.from !== undefined && difference.to !== undefined) return true;
    // An extension or aggregate that only one side has is a change itself.
    if (kind === "extension version") return false;
    if (kind === "aggregate arguments") return [from, to].every((side) => hasAggregate(side, path));
    // What a dropped table had goes with it.
    if (difference.to !== undefined) return true;
    const [name = ""] = path;
    if (kind === "published generated columns" && !to.facts.has({ kind: "publication", name })) return false;
    if (kind === "language grants" && isGone("language", path, from, to)) return false;
    // And so does what a dropped column, constraint or identity had.
    const [schema = "", table = "", column = ""] = path;
    const part = { kind: kind.startsWith("index ") ? "constraint" : "column", schema, table, name: column } as const;
    if (from.facts.has(part) && !to.facts.has(part)) return false;
    if (OF_IDENTITY.has(kind) && !isOfIdentity(to, difference.from!)) return false;
    // An index that is no part of another any more is an object of its own.
    if (kind.startsWith("index ") && to.facts.has({ kind: "index", schema, name: column })) return false;
    if (kind === "partitioned index" && isOfConstraint(difference.from!.relation!, to)) return true;
    return hasRelation(to, difference.from?.relation);
  });
}

function hasAggregate({ facts }: Catalogue, path: readonly string[]): boolean {
  return facts.facts().some(({ id }) => id.kind === "aggregate" && describe(id).name === path.join("."));
}

function isGone(kind: string, path: readonly string[], from: Catalogue, to: Catalogue): boolean {
  const has = ({ extras }: Catalogue): boolean =>
    extras.some((object) => object.kind === kind && Bun.deepEquals(object.path, path));
  return has(from) && !has(to);
}

const OF_IDENTITY: ReadonlySet<string> = new Set(["sequence grants", "sequence comment"]);

/** Whether a column of its table still has the sequence. */
function isOfIdentity({ facts }: Catalogue, { path, relation }: Extra): boolean {
  return facts.childrenOf({ kind: "table", ...relation! }).some(({ payload }) => {
    const identity = payload["identity"] as { readonly sequence: { readonly name: string } | null } | null | undefined;
    return identity?.sequence?.name === path[1];
  });
}

export const RELATIONS = ["table", "materializedView", "foreignTable", "index", "view", "sequence", "type"] as const;

function hasRelation({ facts }: Catalogue, relation: Extra["relation"]): boolean {
  return relation === undefined || RELATIONS.some((kind) => facts.has({ kind, ...relation }));
}
