import type { Fact, Facts } from "../engine/facts.ts";
import { encodeId, type ObjectId } from "../engine/object-id.ts";
import { Lexer, TokenKind } from "#sql/lexer.ts";
import { parentTable } from "../engine/lookups.ts";
import { type FolderKind, folderRank, type LayoutUnit } from "./layout.ts";

/** A file-to-be, while what it needs is gathered. */
interface Unit extends LayoutUnit {
  readonly needs: Set<string>;
  readonly mentions: Set<string>;
}

/** Which file each object of a database goes into. */
export interface Units {
  readonly all: readonly LayoutUnit[];
  /** What has to be made in a second step, by encoded id: a default that calls a function that needs the table. */
  readonly deferred: ReadonlySet<string>;
  /** The unit that a statement belongs to, by what it makes, or else by what it is about. */
  unitFor(statement: { readonly produces: readonly ObjectId[]; readonly about: readonly ObjectId[] }): string;
  /** Notes that what makes `ids` also needs these. */
  require(unit: string, ids: readonly ObjectId[]): void;
  /** A file for statements about what is no fact; it comes after everything that the text names. Returns its key. */
  add(folder: FolderKind, name: string, text: string): string;
}

/** Gives every object a file, and tells what each file needs of others. */
export function divideIntoUnits(facts: Facts): Units {
  const homes = new Map<string, string>();
  const units = new Map<string, Unit>();
  const own = facts.facts().filter(({ id }) => id.kind !== "role" && id.kind !== "membership");
  for (const fact of own) homes.set(encodeId(fact.id), unitOf(fact.id).key);
  const links = dependencies(facts, own, homes);
  const deferred = breakCircles(own, links, homes, units);
  for (const [from, to] of links) addNeed(homes.get(from)!, homes.get(to)!);
  const named = namedUnits(own, homes, units);
  addMentions(own, homes, units, named);
  return {
    get all() {
      return [...units.values()];
    },
    deferred,
    unitFor({ produces, about }) {
      const made = produces[0];
      if (made !== undefined) return homeOfId(made);
      const keys = about.filter(({ kind }) => kind !== "role" && kind !== "schema").map(homeOfId);
      const candidates = keys.length > 0 ? keys : about.filter(({ kind }) => kind !== "role").map(homeOfId);
      return candidates.reduce((last, key) =>
        folderRank(units.get(key)!.folder) > folderRank(units.get(last)!.folder) ? key : last,
      );
    },
    require(unit, ids) {
      for (const id of ids) {
        const needed = id.kind === "role" ? undefined : homes.get(encodeId(id));
        if (needed !== undefined) addNeed(unit, needed);
      }
    },
    add(folder, name, text) {
      const key = [folder, "", name].join("\0");
      if (!units.has(key)) units.set(key, { key, folder, name, needs: new Set(), mentions: new Set() });
      for (const unit of units.values()) if (unit.folder === "common") addNeed(key, unit.key);
      if (folder === "common") return key;
      for (const word of wordsOf(text)) for (const other of named(word)) addNeed(key, other);
      return key;
    },
  };

  function addNeed(from: string, to: string): void {
    if (from !== to) units.get(from)!.needs.add(to);
  }

  function homeOfId(id: ObjectId): string {
    return homes.get(encodeId(id)) ?? unitOf(id).key;
  }

  function unitOf(id: ObjectId): Unit {
    const { folder, schema, name, args = [] } = homeOf(facts, id);
    const key = [folder, schema, name, ...args].join("\0");
    let unit = units.get(key);
    if (unit === undefined) {
      // `public` goes without saying.
      const file = schema === undefined || schema === "public" ? name : `${schema}.${name}`;
      unit = { key, folder, name: file, needs: new Set(), mentions: new Set() };
      units.set(key, unit);
    }
    return unit;
  }
}

/** What a file is for. */
interface Home {
  readonly folder: FolderKind;
  readonly schema?: string;
  readonly name: string;
  /** Functions of one name and other arguments have files of their own. */
  readonly args?: readonly string[];
}

function homeOf(facts: Facts, id: ObjectId): Home {
  switch (id.kind) {
    case "comment":
    case "acl":
    case "securityLabel":
      return homeOf(facts, id.target);
    case "column":
    case "default":
    case "constraint":
    case "trigger":
    case "rule":
    case "policy":
      return homeOfPart(facts, id);
    case "index": {
      const parent = facts.get(id)?.parent;
      if (parent?.kind === "materializedView") return homeOf(facts, parent);
      return { folder: "indexes", schema: id.schema, name: parent?.kind === "table" ? parent.name : id.name };
    }
    case "sequence": {
      const owner = facts.get(id)?.payload["ownedBy"] as { schema: string; table: string } | null | undefined;
      if (owner === null || owner === undefined) return homeOfObject(facts, id, "sequences");
      return homeOf(facts, { kind: "table", schema: owner.schema, name: owner.table });
    }
    case "table":
      return homeOfObject(
        facts,
        id,
        typeof facts.get(id)?.payload["partitionBound"] === "string" ? "partitions" : "tables",
      );
    case "foreignTable":
      return homeOfObject(facts, id, "tables");
    case "view":
      return homeOfObject(facts, id, "views");
    case "materializedView":
      return homeOfObject(facts, id, "materialized_views");
    case "function":
    case "procedure":
    case "aggregate":
      return homeOfObject(facts, id, "functions");
    case "collation":
    case "domain":
    case "type":
      return homeOfObject(facts, id, "types");
    case "typeAttribute":
      return homeOf(facts, { kind: "type", schema: id.schema, name: id.type });
    case "schema":
      return isMember(facts, id) ? EXTENSIONS : { folder: "common", name: "schemas" };
    case "extension":
    case "extensionIntent":
      return EXTENSIONS;
    case "fdw":
    case "server":
    case "userMapping":
      return isMember(facts, id) ? EXTENSIONS : { folder: "common", name: "foreign_servers" };
    case "publication":
    case "subscription":
      return { folder: "publications", name: id.name };
    case "publicationRel":
    case "publicationSchema":
      return { folder: "publications", name: id.publication };
    case "eventTrigger":
      return { folder: "event_triggers", name: id.name };
    case "defaultPrivilege":
      return { folder: "default_privileges", name: "default_privileges" };
    case "language":
    case "role":
    case "membership":
      return { folder: "common", name: "schemas" };
  }
}

const EXTENSIONS: Home = { folder: "common", name: "extensions" };

function homeOfObject(facts: Facts, id: Extract<ObjectId, { schema: string; name: string }>, folder: FolderKind): Home {
  if (isMember(facts, id)) return EXTENSIONS;
  return { folder, schema: id.schema, name: id.name, ...("args" in id ? { args: id.args } : {}) };
}

/** What belongs to a table or view, and is in its file or in a file of the same name. */
function homeOfPart(facts: Facts, id: Extract<ObjectId, { table: string; name: string }>): Home {
  const fact = facts.get(id);
  const parent = fact?.parent;
  const home: Home =
    parent === undefined ? { folder: "tables", schema: id.schema, name: id.table } : homeOf(facts, parent);
  if (home === EXTENSIONS) return home;
  switch (id.kind) {
    case "trigger":
    case "rule":
      return { ...home, folder: "triggers" };
    case "policy":
      return { ...home, folder: "policies" };
    case "constraint":
      return fact?.payload["type"] === "f" ? { ...home, folder: "foreign_keys" } : home;
    default:
      return home;
  }
}

function isMember(facts: Facts, id: ObjectId): boolean {
  return facts.outgoingEdges(id).some(({ kind }) => kind === "memberOfExtension");
}

/** Pairs of encoded ids: the first needs the second, which is in another unit. */
function dependencies(
  facts: Facts,
  own: readonly Fact[],
  homes: ReadonlyMap<string, string>,
): [from: string, to: string][] {
  const links: [string, string][] = [];
  const link = (from: string, to: string): void => {
    const [a, b] = [homes.get(from), homes.get(to)];
    if (a !== undefined && b !== undefined) links.push([from, to]);
  };
  for (const { from, to, kind } of facts.edges) {
    if (kind === "depends" || kind === "memberOfExtension") link(encodeId(from), encodeId(to));
  }
  for (const { id, parent } of own) {
    if (parent !== undefined) link(encodeId(id), encodeId(parent));
    const inherited = parentTable(facts, id);
    if (id.kind === "table" && inherited !== undefined) link(encodeId(id), encodeId({ kind: "table", ...inherited }));
  }
  return links;
}

/**
 * Takes apart what two files would need of each other: what a table has of a function that needs the table, say,
 * becomes a unit of its own behind both. Changes `homes` and `units`.
 * @returns what is made only then, by encoded id
 */
function breakCircles(
  own: readonly Fact[],
  links: readonly (readonly [string, string])[],
  homes: Map<string, string>,
  units: Map<string, Unit>,
): Set<string> {
  const deferred = new Set<string>();
  const circles = findCircles(units.keys(), links, homes);
  if (circles.size === 0) return deferred;
  const inCircle = (from: string, to: string): boolean => {
    const [a, b] = [homes.get(from)!, homes.get(to)!];
    return a !== b && circles.get(a) !== undefined && circles.get(a) === circles.get(b);
  };
  const parts = new Map(own.filter(isPart).map((fact) => [encodeId(fact.id), fact]));
  for (const [from, to] of links) if (parts.has(from) && inCircle(from, to)) deferred.add(from);
  // What in the same file builds on a deferred part comes with it: a comment on it, a constraint.
  for (let size = -1; size !== deferred.size;) {
    size = deferred.size;
    for (const [from, to] of links) if (deferred.has(to) && homes.get(from) === homes.get(to)) deferred.add(from);
  }
  for (const id of deferred) {
    const unit = units.get(homes.get(id)!)!;
    const key = `${unit.key}\0rest`;
    if (!units.has(key)) units.set(key, { ...unit, key, needs: new Set(), mentions: new Set() });
    homes.set(id, key);
  }
  return deferred;
}

/** Can be added to an object that is there already. */
function isPart({ id }: Fact): boolean {
  return id.kind === "column" || id.kind === "default" || id.kind === "constraint" || id.kind === "index";
}

/** Strongly connected components with more than one unit (Tarjan's algorithm): a number for each of their units. */
function findCircles(
  keys: Iterable<string>,
  links: readonly (readonly [string, string])[],
  homes: ReadonlyMap<string, string>,
): Map<string, number> {
  const nexts = new Map<string, Set<string>>();
  for (const key of keys) nexts.set(key, new Set());
  for (const [from, to] of links) {
    const [a, b] = [homes.get(from)!, homes.get(to)!];
    if (a !== b) nexts.get(a)!.add(b);
  }
  const numbers = new Map<string, number>();
  const lows = new Map<string, number>();
  const open: string[] = [];
  const isOpen = new Set<string>();
  const circles = new Map<string, number>();
  for (const root of nexts.keys()) {
    if (numbers.has(root)) continue;
    const stack = [enter(root)];
    for (let current = stack.at(-1); current !== undefined; current = stack.at(-1)) {
      const { key, rest } = current;
      const next = rest.next();
      if (next.done !== true) {
        if (!numbers.has(next.value)) stack.push(enter(next.value));
        else if (isOpen.has(next.value)) lower(key, numbers.get(next.value)!);
        continue;
      }
      stack.pop();
      const parent = stack.at(-1);
      if (parent !== undefined) lower(parent.key, lows.get(key)!);
      if (lows.get(key) !== numbers.get(key)) continue;
      const members = open.splice(open.lastIndexOf(key));
      for (const member of members) {
        isOpen.delete(member);
        if (members.length > 1) circles.set(member, numbers.get(key)!);
      }
    }
  }
  return circles;

  function enter(key: string): { key: string; rest: Iterator<string> } {
    numbers.set(key, numbers.size);
    lows.set(key, numbers.get(key)!);
    open.push(key);
    isOpen.add(key);
    return { key, rest: nexts.get(key)!.values() };
  }

  function lower(key: string, low: number): void {
    lows.set(key, Math.min(lows.get(key)!, low));
  }
}

/** What can be spoken of in a function's text. */
const MENTIONED: ReadonlySet<FolderKind> = new Set([
  "types",
  "functions",
  "sequences",
  "tables",
  "partitions",
  "views",
  "materialized_views",
]);

/** Where objects of a name are; in every schema when none is given. */
type NamedUnits = (word: { readonly schema: string | undefined; readonly name: string }) => string[];

function namedUnits(
  own: readonly Fact[],
  homes: ReadonlyMap<string, string>,
  units: ReadonlyMap<string, Unit>,
): NamedUnits {
  const named = new Map<string, { schema: string; unit: string }[]>();
  for (const { id } of own) {
    const unit = homes.get(encodeId(id))!;
    if (!("name" in id && "schema" in id) || "table" in id || !MENTIONED.has(units.get(unit)!.folder)) continue;
    named.set(id.name, [...(named.get(id.name) ?? []), { schema: id.schema, unit }]);
  }
  return ({ schema, name }) =>
    (named.get(name) ?? []).flatMap((object) =>
      schema === undefined || schema === object.schema ? [object.unit] : [],
    );
}

/** PostgreSQL records no dependency for the text of a function, but looks at it when it makes the function. */
function addMentions(
  own: readonly Fact[],
  homes: ReadonlyMap<string, string>,
  units: ReadonlyMap<string, Unit>,
  named: NamedUnits,
): void {
  for (const { id, payload } of own) {
    if (id.kind !== "function" && id.kind !== "procedure") continue;
    const unit = units.get(homes.get(encodeId(id))!)!;
    if (unit.folder !== "functions") continue;
    for (const word of namesIn(payload["def"] as string, payload["language"] as string)) {
      for (const other of named(word)) if (other !== unit.key) unit.mentions.add(other);
    }
  }
}

/** Names in a function's body that have to be there when it is made: in SQL all, in PL/pgSQL those of types. */
function* namesIn(definition: string, language: string): Generator<{ schema: string | undefined; name: string }> {
  if (language !== "sql" && language !== "plpgsql") return;
  const outer = new Lexer(definition);
  while (outer.next()) {
    if (outer.kind !== TokenKind.dollarString) continue;
    const text = definition.slice(outer.start, outer.end);
    const body = text.slice(text.indexOf("$", 1) + 1, text.lastIndexOf("$", text.length - 2));
    if (language === "sql") yield* wordsOf(body);
    else {
      for (const [, type = ""] of body.matchAll(/([\w."]+)\s*%\s*(?:row)?type\b/gi)) yield* wordsOf(type);
    }
  }
}

function* wordsOf(text: string): Generator<{ schema: string | undefined; name: string }> {
  const lexer = new Lexer(text);
  let before: string | undefined;
  let dotted = false;
  while (lexer.next()) {
    const token = text.slice(lexer.start, lexer.end);
    if (lexer.kind === TokenKind.word || lexer.kind === TokenKind.quotedIdentifier) {
      const name = token.startsWith('"') ? token.slice(1, -1).replaceAll('""', '"') : token.toLowerCase();
      yield { schema: dotted ? before : undefined, name };
      before = name;
      dotted = false;
    } else {
      dotted = token === "." && before !== undefined;
      if (!dotted) before = undefined;
    }
  }
}
