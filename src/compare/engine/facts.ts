import { type DependencyEdge, type Fact as EngineFact, FactBase } from "@supabase/pg-delta/core";
import { encodeId, type ObjectId } from "./object-id.ts";

/** What a property can be. */
export type Value =
  | string
  | number
  | bigint
  | boolean
  | null
  | undefined
  | readonly Value[]
  | { readonly [key: string]: Value };

/** An object, with what is known of it but its name. Properties that begin with `_` do not count in comparisons. */
export interface Fact {
  readonly id: ObjectId;
  /** What it belongs to and goes with. */
  readonly parent?: ObjectId;
  readonly payload: Readonly<Record<string, Value>>;
}

export interface Edge {
  /** What depends on `to`, or belongs to the role or extension that it is. */
  readonly from: ObjectId;
  readonly to: ObjectId;
  readonly kind: "depends" | "owner" | "memberOfExtension" | "managedBy";
}

/** The objects of a database and how they hang together. Never changed: others are made of them with `factsOf`. */
export interface Facts {
  readonly edges: readonly Edge[];
  facts(): readonly Fact[];
  get(id: ObjectId): Fact | undefined;
  has(id: ObjectId): boolean;
  childrenOf(id: ObjectId): readonly Fact[];
  outgoingEdges(id: ObjectId): readonly Edge[];
  incomingEdges(id: ObjectId): readonly Edge[];
  /** Whether it is only there for others to refer to, as what belongs to an extension is. */
  isReferenceOnly(id: ObjectId): boolean;
  /** The same for objects whose properties are the same. */
  hashOf(id: ObjectId): string;
  /** The same for objects that are the same with all their parts, whatever they are called. */
  structuralRollupOf(id: ObjectId): string;
}

/** Codes of what was read and is not known: no plan may touch it. */
export const UNREADABLE: Readonly<Record<string, string>> = {
  "user-mapping-unreadable": "user mapping",
  unresolved_security_label: "security label",
};

/**
 * Facts made of others. What is for reference only stays so, what could not be read stays known, and edges to what is not
 * among them go.
 */
export function factsOf(original: Facts, facts: readonly Fact[], edges: readonly Edge[] = original.edges): Facts {
  const base = engineFacts(original);
  const present = new Set(facts.map(({ id }) => encodeId(id)));
  const made = new FactBase(
    facts as EngineFact[],
    edges.filter(({ from, to }) => present.has(encodeId(from)) && present.has(encodeId(to))) as DependencyEdge[],
    base.source,
    new Set([...base.referenceOnly].filter((key) => present.has(key))),
  );
  return withUnreadable(base, made);
}

/** The planner asks the side that it is given for what could not be read. */
export function withUnreadable(original: FactBase, copy: FactBase): FactBase {
  if (copy !== original) copy.diagnostics.push(...original.diagnostics.filter(({ code }) => code in UNREADABLE));
  return copy;
}

/** What the planner takes. Every `Facts` was made here. */
export function engineFacts(facts: Facts): FactBase {
  if (!(facts instanceof FactBase)) throw new TypeError("facts that were not read or made by compare/engine");
  return facts;
}
