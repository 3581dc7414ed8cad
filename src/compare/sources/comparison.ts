import { differences } from "../engine/differences.ts";
import type { Fact, Facts } from "../engine/facts.ts";
import { encodeId, type ObjectId } from "../engine/object-id.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";
import { type Change, compareCatalogues } from "../catalogue/changes.ts";
import { withPayloads } from "../engine/lookups.ts";
import { giveBackMemory } from "../engine/memory.ts";
import { reword } from "./rebuild.ts";
import type { ScratchOptions } from "#scratch/scratch.ts";
import { onTerms, type OnTerms, type Terms } from "../catalogue/terms.ts";

/** Two databases laid side by side. */
export interface Comparison {
  /** As they were compared: without what does not count, definitions in the same words. */
  readonly from: Catalogue;
  readonly to: Catalogue;
  readonly changes: readonly Change[];
  /** Roles whose grants in a database in use were left out. */
  readonly leftOut: readonly string[];
  /** What these grants of each side were. */
  readonly grants: OnTerms["grants"];
  /** Why some definitions were compared in the words of different versions; empty when all were brought to the same. */
  readonly unreworded: readonly string[];
}

/** Deparsed text may change once more when it is read again; it has never been seen to change a third time. */
const ROUNDS = 3;

/**
 * Compares on terms. Where a database in use takes part, definitions that differ are compared once more in the words
 * of one engine: its major version, or a dump and its restore, may only have put them differently.
 */
export async function compareOnTerms(
  options: ScratchOptions,
  from: Catalogue,
  to: Catalogue,
  terms: Terms,
): Promise<Comparison> {
  giveBackMemory();
  const { leftOut, grants, ...levelled } = onTerms(from, to, terms);
  giveBackMemory();
  let sides = levelled;
  let unlike = wordedUnlike(sides.from, sides.to);
  const unreworded = new Set<string>();
  const rounds = from.inUse || to.inUse || from.major !== to.major ? ROUNDS : 0;
  for (let round = 0; round < rounds && unlike.length > 0; round++) {
    const [newFrom, newTo] = [await reword(options, sides.from, unlike), await reword(options, sides.to, unlike)];
    for (const { sql, reason } of [...newFrom.refused, ...newTo.refused])
      unreworded.add(sql === "" ? reason : `${reason} (${firstLine(sql)})`);
    const settled =
      differences(sides.from.facts, newFrom.catalogue.facts).length +
        differences(sides.to.facts, newTo.catalogue.facts).length ===
      0;
    sides = { from: newFrom.catalogue, to: newTo.catalogue };
    unlike = wordedUnlike(sides.from, sides.to);
    if (settled) break;
  }
  return {
    ...sides,
    changes: compareCatalogues(sides.from, sides.to),
    leftOut,
    grants,
    unreworded: unlike.length === 0 ? [] : [...unreworded],
  };
}

/** Kinds that PostgreSQL keeps as trees and writes out anew whenever it is asked. */
const WRITTEN_OUT: ReadonlySet<ObjectId["kind"]> = new Set<ObjectId["kind"]>([
  "view",
  "materializedView",
  "constraint",
  "default",
  "column",
  "index",
  "policy",
  "rule",
  "trigger",
  "function",
  "procedure",
  "domain",
  "publicationRel",
]);

/** Objects that both have and whose definitions are not the same text. */
function wordedUnlike(from: Catalogue, to: Catalogue): ObjectId[] {
  return unlikeTexts(from.facts, to.facts).map(({ id }) => id);
}

interface UnlikeText {
  readonly id: ObjectId;
  readonly attr: string;
  readonly from: string;
  readonly to: string;
}

function unlikeTexts(from: Facts, to: Facts): UnlikeText[] {
  return differences(from, to).flatMap((delta) =>
    delta.verb === "set" &&
    WRITTEN_OUT.has(delta.id.kind) &&
    // These are names and flags, which are always the same.
    !["type", "returnType", "language", "enabled", "collation"].includes(delta.attr) &&
    typeof delta.from === "string" &&
    typeof delta.to === "string"
      ? [{ id: delta.id, attr: delta.attr, from: delta.from, to: delta.to }]
      : [],
  );
}

/**
 * What was rebuilt from the definitions of a catalogue comes back in other words now and then.
 * @returns what puts every definition that is still as it was rebuilt into the words that it had. Pure.
 */
export function inWordsOf(original: Catalogue, rebuilt: Catalogue): (catalogue: Catalogue) => Catalogue {
  const words = Map.groupBy(unlikeTexts(rebuilt.facts, original.facts), ({ id }) => encodeId(id));
  if (words.size === 0) return (catalogue) => catalogue;
  const asTheyWere = ({ id, payload }: Fact): [attr: string, text: string][] =>
    (words.get(encodeId(id)) ?? []).flatMap(({ attr, from, to }) => (payload[attr] === from ? [[attr, to]] : []));
  return (catalogue) => ({
    ...catalogue,
    facts: withPayloads(
      catalogue.facts,
      (fact) => words.has(encodeId(fact.id)),
      (fact) => Object.fromEntries(asTheyWere(fact)),
    ),
  });
}

function firstLine(sql: string): string {
  return sql.split("\n", 1)[0] ?? "";
}
