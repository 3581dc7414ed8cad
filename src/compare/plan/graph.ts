import type { Catalogue } from "../catalogue/catalogue.ts";
import { changesOwner, kindOf } from "../catalogue/extras.ts";
import { type KindRules } from "../engine/actions.ts";
import { type Edge, type Fact, type Facts, factsOf, type Value } from "../engine/facts.ts";
import { encodeId, extraId, extraOf } from "../engine/object-id.ts";
import { commentOn } from "../kinds/comments.ts";
import type { Extra } from "../kinds/kind.ts";
import { KINDS } from "../kinds/registry.ts";
import { creationOf, nameOf, ownerOf, plannedOf } from "./extra-statements.ts";

/**
 * Whether the planner orders its objects among its own: those of a name of their own. A base type and its functions need each
 * other, which no order can bring about.
 */
export function isInGraph({ kind }: Pick<Extra, "kind">): boolean {
  return kind !== "base type" && kindOf({ kind }).statements?.name !== undefined;
}

/** The facts with what the planner does not know, as far as it is in their graph, and what needs what. */
export function withExtraFacts(
  facts: Facts,
  { extras }: Pick<Catalogue, "extras">,
  other: Pick<Catalogue, "extras">,
): Facts {
  const own = extras.filter(isInGraph);
  if (own.length === 0) return facts;
  const others = new Map(other.extras.map((extra) => [keyOf(extra), extra]));
  const made: Fact[] = [];
  const edges: Edge[] = [];
  for (const extra of own) {
    const id = extraId(extra.kind, extra.path);
    const { payload, comment = null, relation } = extra;
    const table = relation && RELATIONS.map((kind) => ({ kind, ...relation })).find((each) => facts.has(each));
    // What it is of is made in another step.
    if (relation !== undefined && table === undefined) continue;
    const isOthers = changesOwner(extra, others.get(keyOf(extra)));
    made.push({
      id,
      ...(table === undefined ? {} : { parent: table }),
      payload: { definition: payload as Value, comment, owner: isOthers ? (extra.owner ?? null) : null },
    });
    edges.push(...(extra.needs ?? []).map((to) => ({ from: id, to, kind: "depends" }) as const));
    edges.push(...(extra.neededBy ?? []).map((from) => ({ from, to: id, kind: "depends" }) as const));
  }
  return factsOf(facts, [...facts.facts(), ...made], [...facts.edges, ...edges]);
}

const RELATIONS = ["table", "materializedView", "foreignTable"] as const;

function keyOf({ kind, path }: Pick<Extra, "kind" | "path">): string {
  return encodeId(extraId(kind, path));
}

/** Properties of such facts. */
export const EXTRA_PROPERTIES = ["definition", "comment", "owner"] as const;

/** How the objects of every kind are made, changed and dropped on the way from one catalogue to another. */
export function kindRules(from: Catalogue, to: Catalogue): ReadonlyMap<string, KindRules> {
  const [before, after] = [from, to].map(
    ({ extras }) => new Map(extras.filter(isInGraph).map((extra) => [keyOf(extra), extra])),
  );
  const find = (side: ReadonlyMap<string, Extra>, { id }: Fact): Extra => side.get(keyOf(extraOf(id)!))!;
  const rules = (weight: number): KindRules => ({
    weight,
    create: (fact) => creationOf(find(after!, fact), to, from).map(({ sql }) => sql),
    drop: (fact) => `DROP ${nameOf(find(before!, fact))}`,
    alter: (fact, property) => {
      const [old, wanted] = [find(before!, fact), find(after!, fact)];
      const name = nameOf(wanted)!;
      if (property === "definition") {
        return kindOf(wanted)
          .statements?.change?.(old, wanted, to)
          ?.map((statement) => plannedOf(statement).sql);
      }
      if (property === "comment") return [commentOn(name, wanted.comment)];
      return [ownerOf(name, wanted, to)];
    },
  });
  return new Map(
    Object.keys(KINDS).map((kind) => [kind, rules(kind === "statistics object" ? AFTER_INDEXES : AFTER_ROUTINES)]),
  );
}

const AFTER_ROUTINES = 9;
const AFTER_INDEXES = 15;
