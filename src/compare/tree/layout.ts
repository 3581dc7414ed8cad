import { comparePaths } from "#build/order.ts";
import { distinctFileNames } from "./file-names.ts";

/** What a folder of an exported schema holds. */
export type FolderKind =
  | "common"
  | "types"
  | "functions"
  | "sequences"
  | "tables"
  | "partitions"
  | "indexes"
  | "views"
  | "materialized_views"
  | "foreign_keys"
  | "triggers"
  | "policies"
  | "publications"
  | "default_privileges"
  | "event_triggers";

/** What goes into one file: an object with everything that belongs to it. */
export interface LayoutUnit {
  readonly key: string;
  readonly folder: FolderKind;
  /** What the file is named after. */
  readonly name: string;
  /** Keys of units that have to come before it. */
  readonly needs: ReadonlySet<string>;
  /** Keys of units that the text of a function speaks of, which PostgreSQL does not record as dependencies. */
  readonly mentions: ReadonlySet<string>;
}

export interface Layout {
  /** By the unit's key: its path below the schema folder. Files sorted by path are in an order that works. */
  readonly paths: ReadonlyMap<string, string>;
  /** Units that speak of one that comes after them. */
  readonly ahead: ReadonlySet<string>;
}

interface Slot {
  readonly number: number;
  readonly folder: FolderKind;
}

const slot = (number: number, folder: FolderKind): Slot => ({ number, folder });

/** The usual folders, in their order. Functions come before tables only where something there needs them. */
const USUAL: readonly Slot[] = [
  slot(0, "common"),
  slot(2, "types"),
  slot(3, "functions"),
  slot(4, "types"),
  slot(5, "functions"),
  slot(6, "types"),
  slot(7, "functions"),
  slot(8, "sequences"),
  slot(10, "tables"),
  slot(15, "partitions"),
  slot(20, "indexes"),
  slot(30, "functions"),
  slot(40, "views"),
  slot(45, "materialized_views"),
];
/** Where functions go that nothing before tables needs. */
const LATE_FUNCTIONS = 11;
/** What needs something of a later folder goes into a further round of folders: a table that needs a view. */
const ROUND: readonly FolderKind[] = [
  "common",
  "types",
  "functions",
  "sequences",
  "tables",
  "partitions",
  "indexes",
  "views",
  "materialized_views",
];
const ROUNDS_FROM = 46;
/** What nothing else needs. Event triggers are the very last: they would fire for what comes after them. */
const LAST: readonly Slot[] = [
  slot(60, "foreign_keys"),
  slot(70, "triggers"),
  slot(75, "policies"),
  slot(80, "publications"),
  slot(85, "default_privileges"),
  slot(90, "event_triggers"),
];
const LAST_FROM = 1_000_000;

/** Folders that a function has to come before, if something in them needs it. */
const BEFORE_FUNCTIONS: ReadonlySet<FolderKind> = new Set(
  USUAL.slice(0, LATE_FUNCTIONS)
    .map(({ folder }) => folder)
    .filter((folder) => folder !== "functions"),
);

/** What a statement about several objects belongs to: the one that comes last as a rule. */
export function folderRank(folder: FolderKind): number {
  const last = LAST.findIndex((entry) => entry.folder === folder);
  return last < 0 ? USUAL.findLastIndex((entry) => entry.folder === folder) : USUAL.length + last;
}

/**
 * Lays units out over numbered folders so that sorting the files by path puts everything after what it needs. Pure.
 * @param units needs must form no circle
 */
export function layOut(units: readonly LayoutUnit[]): Layout {
  const byKey = new Map(units.map((unit) => [unit.key, unit]));
  const early = earlyFunctions(units, byKey);
  const needs = withMentions(units, byKey, early);
  const order = topologicalOrder(units, needs);
  const slots = new Map<string, number>();
  for (const key of order) {
    const unit = byKey.get(key)!;
    const from = Math.max(0, ...[...needs.get(key)!].map((needed) => slots.get(needed) ?? 0));
    slots.set(key, firstSlot(unit.folder, from, early.has(key)));
  }
  const folders = folderNames(slots);
  const paths = new Map<string, string>();
  for (const [folder, members] of Map.groupBy(order, (key) => folders.get(slots.get(key)!)!)) {
    for (const [key, name] of fileNames(members, byKey, needs)) paths.set(key, `${folder}/${name}`);
  }
  const ahead = new Set(
    units
      .filter(({ key, mentions }) =>
        [...mentions].some((other) => comparePaths(paths.get(key)!, paths.get(other)!) < 0),
      )
      .map(({ key }) => key),
  );
  return { paths, ahead };
}

/** Functions that have to come before the tables, with those that they speak of. */
function earlyFunctions(units: readonly LayoutUnit[], byKey: ReadonlyMap<string, LayoutUnit>): Set<string> {
  const seen = new Set<string>();
  const early = new Set<string>();
  const visit = (start: LayoutUnit): void => {
    const stack = [start];
    for (let unit = stack.pop(); unit !== undefined; unit = stack.pop()) {
      if (seen.has(unit.key)) continue;
      seen.add(unit.key);
      if (unit.folder === "functions") early.add(unit.key);
      for (const key of unit.needs) stack.push(byKey.get(key)!);
      if (unit.folder !== "functions") continue;
      for (const key of unit.mentions) if (byKey.get(key)?.folder === "functions") stack.push(byKey.get(key)!);
    }
  };
  for (const unit of units) if (BEFORE_FUNCTIONS.has(unit.folder)) visit(unit);
  return early;
}

/** What each unit needs, and what its text speaks of where that does no harm: no circle, no table made late. */
function withMentions(
  units: readonly LayoutUnit[],
  byKey: ReadonlyMap<string, LayoutUnit>,
  early: ReadonlySet<string>,
): Map<string, Set<string>> {
  const needs = new Map(units.map(({ key, needs: own }) => [key, new Set(own)]));
  for (const { key, mentions } of units) {
    for (const other of [...mentions].toSorted()) {
      const folder = byKey.get(other)?.folder;
      if (folder === undefined || other === key) continue;
      const before = early.has(other) || folder === "common" || folder === "types" || folder === "sequences";
      if (early.has(key) && !before) continue;
      if (!reaches(needs, other, key)) needs.get(key)!.add(other);
    }
  }
  return needs;
}

function reaches(needs: ReadonlyMap<string, ReadonlySet<string>>, from: string, to: string): boolean {
  const seen = new Set([from]);
  const stack = [from];
  for (let key = stack.pop(); key !== undefined; key = stack.pop()) {
    if (key === to) return true;
    for (const next of needs.get(key) ?? []) {
      if (seen.has(next)) continue;
      seen.add(next);
      stack.push(next);
    }
  }
  return false;
}

/** Every key after what it needs. */
function topologicalOrder(units: readonly LayoutUnit[], needs: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  const begun = new Set<string>();
  const order: string[] = [];
  for (const { key } of units) {
    if (begun.has(key)) continue;
    begun.add(key);
    const stack = [{ key, open: needs.get(key)!.values() }];
    for (let current = stack.at(-1); current !== undefined; current = stack.at(-1)) {
      const next = current.open.next();
      if (next.done === true) {
        order.push(current.key);
        stack.pop();
      } else if (!begun.has(next.value)) {
        begun.add(next.value);
        stack.push({ key: next.value, open: needs.get(next.value)!.values() });
      }
    }
  }
  return order;
}

function firstSlot(folder: FolderKind, from: number, early: boolean): number {
  const last = LAST.findIndex((entry) => entry.folder === folder);
  if (last >= 0) return LAST_FROM + last;
  const usual = USUAL.findIndex(
    (entry, index) =>
      entry.folder === folder && index >= from && (folder !== "functions" || early || index >= LATE_FUNCTIONS),
  );
  if (usual >= 0) return usual;
  const beyond = Math.max(0, from - USUAL.length);
  const round = Math.floor(beyond / ROUND.length);
  const place = ROUND.indexOf(folder);
  const next = place >= beyond % ROUND.length ? round : round + 1;
  return USUAL.length + next * ROUND.length + place;
}

/** "10_tables" for each slot that is used, with as many digits as the number of folders asks for. */
function folderNames(slots: ReadonlyMap<string, number>): Map<number, string> {
  const used = [...new Set(slots.values())].toSorted((a, b) => a - b);
  const rounds = used.filter((index) => index >= USUAL.length && index < LAST_FROM);
  let digits = 2;
  while (rounds.length > (LAST[0]!.number - ROUNDS_FROM) * 10 ** (digits - 2)) digits++;
  const scale = 10 ** (digits - 2);
  return new Map(
    used.map((index) => {
      const entry =
        index >= LAST_FROM
          ? LAST[index - LAST_FROM]!
          : (USUAL[index] ??
            slot(ROUNDS_FROM + rounds.indexOf(index) / scale, ROUND[(index - USUAL.length) % ROUND.length]!));
      return [index, `${String(Math.round(entry.number * scale)).padStart(digits, "0")}_${entry.folder}`];
    }),
  );
}

/**
 * File names within one folder. Where the names alone would put a file before one that it needs, the needed one
 * gets a number in front, which sorts before every letter; all others keep their plain names.
 * @param members in an order that works
 */
function fileNames(
  members: readonly string[],
  byKey: ReadonlyMap<string, LayoutUnit>,
  needs: ReadonlyMap<string, ReadonlySet<string>>,
): Map<string, string> {
  // Of names that differ in case alone, the one in lower case keeps its name.
  const order = (key: string): string => {
    const { name } = byKey.get(key)!;
    return `${name === name.toLowerCase() ? 0 : 1}${name}\0${key}`;
  };
  const sorted = members.toSorted((a, b) => compare(order(a), order(b)));
  const distinct = distinctFileNames(sorted.map((key) => byKey.get(key)!.name));
  const names = new Map(sorted.map((key, index) => [key, `${distinct[index]!}.sql`]));
  /** 0 for a plain name; the higher, the further in front. */
  const levels = new Map(members.map((key) => [key, 0]));
  for (const key of members.toReversed()) {
    const level = levels.get(key)!;
    for (const needed of needs.get(key)!) {
      const before = levels.get(needed);
      if (before === undefined) continue;
      const sortsBefore = comparePaths(names.get(needed)!, names.get(key)!) < 0;
      levels.set(needed, Math.max(before, sortsBefore ? level : level + 1));
    }
  }
  const highest = Math.max(...levels.values());
  const digits = Math.max(2, String(highest).length);
  return new Map(
    members.map((key) => {
      const level = levels.get(key)!;
      const name = names.get(key)!;
      return [key, level === 0 ? name : `${String(highest - level).padStart(digits, "0")}_${name}`];
    }),
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
