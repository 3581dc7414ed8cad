import { type Difference, differences } from "../engine/differences.ts";
import type { Fact } from "../engine/facts.ts";
import { encodeId, type ObjectId } from "../engine/object-id.ts";
import type { Catalogue } from "./catalogue.ts";
import { withoutObjects } from "../engine/lookups.ts";
import { propertyInWords } from "./property-words.ts";
import { changesOwner, type ExtraDifference, isByHand, isDefinedAlike, textOfExtra } from "./extras.ts";
import { describe, type Described } from "./describe.ts";
import { extraDifferences, RELATIONS } from "./extra-differences.ts";

/** One property that two versions of an object do not share; undefined where a side has none. */
export interface PropertyChange {
  readonly property: string;
  readonly from: unknown;
  readonly to: unknown;
}

/**
 * One object that differs. What belongs to an added or dropped object is not listed again; but what is lost with a schema is, each
 * table, view and function of it.
 */
export interface Change extends Described {
  readonly change: "added" | "dropped" | "changed";
  readonly properties: readonly PropertyChange[];
  /** The table or other object that it is a part of: "table public.users". */
  readonly on: Pick<Change, "kind" | "name"> | undefined;
  /** In a few words what was added or dropped: a column's type, a constraint's definition. */
  readonly summary: string | undefined;
  /** Whether plans hold the SQL for its kind. The rest is compared by name and definition, and written by hand. */
  readonly planned: boolean;
}

/** Changes as an error lists them, a line each. Pure. */
export function listChanges(changes: readonly Pick<Change, "change" | "kind" | "name" | "properties">[]): string {
  return changes.map((change) => `  ${changeInLine(change)}`).join("\n");
}

/** "changed column public.users.bio (type: text -> character varying(9))" Pure. */
export function changeInLine({ change, kind, name, properties }: Parameters<typeof listChanges>[0][number]): string {
  const short = (value: unknown): string | undefined =>
    typeof value === "string" && value.length <= SHORT && !value.includes("\n") ? value : undefined;
  const what = properties.map(({ property, from, to }) => {
    const [before, after] = [short(from), short(to)];
    return before === undefined || after === undefined ? property : `${property}: ${before} -> ${after}`;
  });
  return `${change} ${kind} ${name}${what.length === 0 ? "" : ` (${what.join(", ")})`}`;
}

/** A value that fits into a line beside another one. */
const SHORT = 60;

/** An index that CREATE INDEX CONCURRENTLY left invalid on one side: one that is made anew is valid. Pure. */
export function isUnfinishedIndex({ kind, properties }: Change): boolean {
  return kind === "index" && properties.length > 0 && properties.every(({ property }) => property === "valid");
}

/** What has to happen to `from` to become `to`, object by object. Pure. */
export function compareCatalogues(from: Catalogue, to: Catalogue): Change[] {
  const deltas = differences(from.facts, to.facts);
  const whole = new Set(
    deltas.flatMap((delta) => (delta.verb === "add" || delta.verb === "remove" ? [encodeId(delta.fact.id)] : [])),
  );
  const changes: Change[] = [];
  const noted = new Map<string, { id: ObjectId; list: PropertyChange[] }>();
  const note = (id: ObjectId, property: PropertyChange): void => {
    const key = encodeId(id);
    if (whole.has(key)) return;
    const entry = noted.get(key) ?? { id, list: [] };
    entry.list.push(property);
    noted.set(key, entry);
  };
  for (const delta of deltas) {
    switch (delta.verb) {
      case "add":
      case "remove": {
        const { id, parent } = delta.fact;
        const isListed = parent !== undefined && whole.has(encodeId(parent));
        if (isClusterWide(id) || (isListed && !(delta.verb === "remove" && standsByItself(delta.fact)))) break;
        const [change, side] = delta.verb === "add" ? (["added", to] as const) : (["dropped", from] as const);
        const on = partOf(side.facts, id);
        changes.push({
          change,
          ...describe(id),
          on,
          summary: summarise(delta.fact, side.facts),
          properties: [],
          planned: true,
        });
        break;
      }
      case "set":
        note(delta.id, {
          property: delta.attr,
          from: propertyInWords(from.facts, delta.id, delta.attr, delta.from),
          to: propertyInWords(to.facts, delta.id, delta.attr, delta.to),
        });
        break;
      case "link":
      case "unlink":
        noteEdge(delta, note);
        break;
    }
  }
  for (const { id, list } of noted.values()) {
    if (isClusterWide(id)) continue;
    const [on, properties] = [partOf(to.facts, id), mergeOwner(withoutBounds(list))];
    changes.push({ change: "changed", ...describe(id), on, summary: undefined, properties, planned: true });
  }
  for (const difference of extraDifferences(from, to)) {
    changes.push(extraChange(difference, difference.to === undefined ? from : to));
  }
  return changes.toSorted((a, b) => compareText(a.name, b.name) || compareText(a.kind, b.kind));
}

/**
 * Whether something is of no concern, by globs on qualified names, "audit.*", or on those of a kind: "index:public.*".
 */
export function named(globs: readonly string[]): (object: Pick<Change, "kind" | "name">) => boolean {
  const patterns = globs.map((glob) => new Bun.Glob(glob));
  return ({ kind, name }) => patterns.some((glob) => glob.match(name) || glob.match(`${kind}:${name}`));
}

/** A catalogue without the objects of some names, and what belongs to them. Pure. */
export function withoutNamed(
  catalogue: Catalogue,
  isNamed: (object: Pick<Change, "kind" | "name">) => boolean,
): Catalogue {
  const ids = catalogue.facts.facts().flatMap(({ id }) => (isNamed(describe(id)) ? [id] : []));
  return {
    ...catalogue,
    facts: withoutObjects(catalogue.facts, ids),
    extras: catalogue.extras.filter(({ kind, path }) => !isNamed({ kind, name: path.join(".") })),
  };
}

function extraChange({ kind, path, from, to }: ExtraDifference, { facts }: Catalogue): Change {
  const relation = (from ?? to)?.relation;
  const id = RELATIONS.map((each) => ({ kind: each, ...relation }) as ObjectId).find(
    (each) => relation !== undefined && facts.has(each),
  );
  const properties = [
    ...(isDefinedAlike(from, to)
      ? []
      : [{ property: "definition", from: from && textOfExtra(from), to: to && textOfExtra(to) }]),
    ...(from?.comment === to?.comment ? [] : [{ property: "comment", from: from?.comment, to: to?.comment }]),
    ...(changesOwner(from, to) ? [{ property: "owner", from: from?.owner, to: to?.owner }] : []),
  ];
  return {
    change: from === undefined ? "added" : to === undefined ? "dropped" : "changed",
    kind,
    name: path.join("."),
    path,
    on: id === undefined ? undefined : (partOf(facts, id) ?? describe(id)),
    summary: from !== undefined && to !== undefined ? undefined : textOfExtra((from ?? to)!),
    properties: from === undefined || to === undefined ? [] : properties,
    planned: !isByHand({ kind }),
  };
}

/** The object at the top of those that it belongs to; what belongs to a schema alone stands by itself. */
function partOf(facts: Catalogue["facts"], id: ObjectId): Change["on"] {
  let top: ObjectId | undefined;
  for (let parent = facts.get(id)?.parent; parent !== undefined; parent = facts.get(parent)?.parent) {
    if (parent.kind === "schema") break;
    top = parent;
  }
  if (top === undefined) return undefined;
  const { kind, name } = describe(top);
  return { kind, name };
}

/** A table, view or function, for example, and not a comment, a grant or default privileges of its schema. */
function standsByItself({ id, parent }: Fact): boolean {
  return parent?.kind === "schema" && !("target" in id) && id.kind !== "defaultPrivilege";
}

function summarise({ id, payload }: Fact, facts: Catalogue["facts"]): string | undefined {
  if (id.kind === "column") {
    const given = facts.childrenOf(id).find((child) => child.id.kind === "default")?.payload["expr"];
    const words = [
      payload["type"] as string,
      ...(typeof given === "string" ? [`DEFAULT ${given}`] : []),
      ...(typeof payload["generatedExpr"] === "string" ? [`GENERATED ALWAYS AS (${payload["generatedExpr"]})`] : []),
      ...(payload["notNull"] === true ? ["NOT NULL"] : []),
    ];
    return words.join(" ");
  }
  const definition = payload["def"] ?? payload["expr"];
  if (typeof definition !== "string") return undefined;
  if (id.kind === "index") return definition.replace(/^CREATE (UNIQUE )?INDEX \S+ ON (?:ONLY )?\S+ USING /, "$1");
  return id.kind === "constraint" || id.kind === "default" ? definition : undefined;
}

/** Roles belong to a server; a schema only takes them for granted. */
function isClusterWide({ kind }: ObjectId): boolean {
  return kind === "role" || kind === "membership";
}

/** Dependencies follow from definitions, which are compared themselves; owners do not. */
function noteEdge(
  delta: Extract<Difference, { verb: "link" | "unlink" }>,
  note: (id: ObjectId, property: PropertyChange) => void,
): void {
  const { kind, from, to } = delta.edge;
  if (kind !== "owner") return;
  const owner = describe(to).name;
  note(from, {
    property: "owner",
    from: delta.verb === "unlink" ? owner : undefined,
    to: delta.verb === "link" ? owner : undefined,
  });
}

/** With its type, an identity has the bounds of that: in words it is the same. */
function withoutBounds(list: readonly PropertyChange[]): PropertyChange[] {
  const changesType = list.some(({ property }) => property === "type");
  return list.filter(({ property, from, to }) => !(changesType && property === "identity" && from === to));
}

function mergeOwner(list: readonly PropertyChange[]): PropertyChange[] {
  const owners = list.filter(({ property }) => property === "owner");
  if (owners.length < 2) return [...list];
  const merged = {
    property: "owner",
    from: owners.find(({ from }) => from !== undefined)?.from,
    to: owners.find(({ to }) => to !== undefined)?.to,
  };
  return [...list.filter(({ property }) => property !== "owner"), merged];
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
