import type { Fact, Facts } from "../engine/facts.ts";
import { encodeId, type ObjectId } from "../engine/object-id.ts";
import { parentTable } from "../engine/lookups.ts";
import { findCircles } from "./circles.ts";
import { homeOf } from "./homes.ts";
import { type FolderKind, folderRank, type LayoutUnit } from "./layout.ts";
import { addMentions, namedUnits, wordsOf } from "./mentions.ts";

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
