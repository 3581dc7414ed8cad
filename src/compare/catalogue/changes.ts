import { type Difference, differences } from "../engine/differences.ts";
import type { Fact } from "../engine/facts.ts";
import { encodeId, extraOf, type ObjectId } from "../engine/object-id.ts";
import type { Catalogue } from "./catalogue.ts";
import { withoutObjects } from "../engine/lookups.ts";
import type { Extra } from "../kinds/kind.ts";
import { propertyInWords } from "./property-words.ts";
import { changesOwner, compareExtras, type ExtraDifference, isByHand, isDefinedAlike, textOfExtra } from "./extras.ts";

/** One property that two versions of an object do not share; undefined where a side has none. */
export interface PropertyChange {
  readonly property: string;
  readonly from: unknown;
  readonly to: unknown;
}

/** One object that differs. What belongs to an added or dropped object is not listed again. */
export interface Change {
  readonly change: "added" | "dropped" | "changed";
  /** In PostgreSQL's words: "table", "materialized view", "comment". */
  readonly kind: string;
  /** Qualified, for people: "public.users.bio". */
  readonly name: string;
  /** The table or object that it belongs to, for finding it in files. */
  readonly path: readonly string[];
  readonly properties: readonly PropertyChange[];
  /** The table or other object that it is a part of: "table public.users". */
  readonly on: Pick<Change, "kind" | "name"> | undefined;
  /** In a few words what was added or dropped: a column's type, a constraint's definition. */
  readonly summary: string | undefined;
  /** Whether plans hold the SQL for its kind. The rest is compared by name and definition, and written by hand. */
  readonly planned: boolean;
}

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
        if (isClusterWide(id) || (parent !== undefined && whole.has(encodeId(parent)))) break;
        const [change, side] = delta.verb === "add" ? (["added", to] as const) : (["dropped", from] as const);
        const on = partOf(side.facts, id);
        changes.push({ change, ...describe(id), on, summary: summarise(delta.fact), properties: [], planned: true });
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
    const [on, properties] = [partOf(to.facts, id), mergeOwner(list)];
    changes.push({ change: "changed", ...describe(id), on, summary: undefined, properties, planned: true });
  }
  for (const difference of extraDifferences(from, to)) {
    changes.push(extraChange(difference, difference.to === undefined ? from : to));
  }
  return changes.toSorted((a, b) => compareText(a.name, b.name) || compareText(a.kind, b.kind));
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
    if (kind === "language grants" && isGone("language", path, from, to)) return false;
    // And so does what a dropped column, constraint or identity had.
    const [schema = "", table = "", name = ""] = path;
    const part = { kind: kind.startsWith("index ") ? "constraint" : "column", schema, table, name } as const;
    if (from.facts.has(part) && !to.facts.has(part)) return false;
    if (OF_IDENTITY.has(kind) && !isOfIdentity(to, difference.from!)) return false;
    // An index that is no part of another any more is an object of its own.
    if (kind.startsWith("index ") && to.facts.has({ kind: "index", schema, name })) return false;
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

const RELATIONS = ["table", "materializedView", "foreignTable", "index", "view", "sequence", "type"] as const;

function hasRelation({ facts }: Catalogue, relation: Extra["relation"]): boolean {
  return relation === undefined || RELATIONS.some((kind) => facts.has({ kind, ...relation }));
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

function summarise({ id, payload }: Fact): string | undefined {
  if (id.kind === "column") return `${payload["type"] as string}${payload["notNull"] === true ? " NOT NULL" : ""}`;
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

/** An identity in PostgreSQL's words. */
export function describe(id: ObjectId): Pick<Change, "kind" | "name" | "path"> {
  const of = (kind: string, ...path: string[]): Pick<Change, "kind" | "name" | "path"> => ({
    kind,
    name: path.join("."),
    path,
  });
  switch (id.kind) {
    case "column":
    case "constraint":
    case "trigger":
    case "rule":
    case "policy":
    case "default":
      return of(id.kind, id.schema, id.table, id.name);
    case "function":
    case "procedure":
    case "aggregate":
      return { kind: id.kind, name: `${id.schema}.${id.name}(${id.args.join(", ")})`, path: [id.schema, id.name] };
    case "comment":
    case "securityLabel":
      return belonging(id.kind === "comment" ? "comment" : "security label", id.target);
    case "acl": {
      const grants = belonging("grants", id.target);
      return { ...grants, name: `${grants.name} to ${id.grantee === "" ? "PUBLIC" : id.grantee}` };
    }
    case "membership":
      return of("role membership", id.role, id.member);
    case "userMapping":
      return of("user mapping", id.server, id.role);
    case "typeAttribute":
      return of("type attribute", id.schema, id.type, id.name);
    case "publicationRel":
      return of("published table", id.publication, id.schema, id.table);
    case "publicationSchema":
      return of("published schema", id.publication, id.schema);
    case "defaultPrivilege":
      return of("default privileges", id.role, ...(id.schema === null ? [] : [id.schema]), id.objtype, id.grantee);
    case "extensionIntent": {
      const extra = extraOf(id);
      return extra === undefined ? of(id.intentKind, id.ext, id.key) : of(extra.kind, ...extra.path);
    }
    case "table":
    case "view":
    case "materializedView":
    case "foreignTable":
    case "sequence":
    case "index":
    case "collation":
    case "domain":
    case "type":
      return of(words(id.kind), id.schema, id.name);
    case "schema":
    case "role":
    case "extension":
    case "language":
    case "eventTrigger":
    case "publication":
    case "subscription":
    case "fdw":
    case "server":
      return of(id.kind === "fdw" ? "foreign data wrapper" : words(id.kind), id.name);
  }
}

/** A comment, label or grant: named by what it is on. */
function belonging(kind: string, target: ObjectId): Pick<Change, "kind" | "name" | "path"> {
  const object = describe(target);
  return { kind: `${kind} on ${object.kind}`, name: object.name, path: object.path };
}

/** "materializedView" -> "materialized view" */
function words(kind: string): string {
  return kind.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
