import type { Fact, Facts } from "../engine/facts.ts";
import type { ObjectId } from "../engine/object-id.ts";
import type { SecurityHazard } from "#sql/effects/hazard.ts";
import { quoteIdentifier } from "#sql/quote.ts";
import { isNarrower } from "#sql/narrower-condition.ts";

/**
 * Whether subscribers of a publication come to get more than before. What a condition means is not judged, as of policies. Pure.
 * @param sql the statement, which changes one of its options at a time
 */
export function publicationHazards(id: ObjectId, sql: string, from: Facts, to: Facts): SecurityHazard[] {
  const hazards = (publication: string, reasons: readonly SecurityHazard["reason"][]): SecurityHazard[] =>
    reasons.map((reason) => ({ code: "SECURITY", reason, publication }));
  switch (id.kind) {
    case "publication":
      return hazards(id.name, from.has(id) ? ofOptions(id, sql, from, to) : showsSome(id, to) ? ["published"] : []);
    case "publicationSchema":
      return hazards(id.publication, isNew(id, from) || from.has(id) ? [] : ["published"]);
    case "publicationRel":
      return hazards(id.publication, isNew(id, from) ? [] : ofTable(id, from, to));
    default:
      return [];
  }
}

export const GENERATED = /^ALTER PUBLICATION (.+) SET \(publish_generated_columns = stored\)$/;

/** A publication that was there sends generated columns as well. Of a new one it is said what it publishes at all. Pure. */
export function generatedColumnsHazards(sql: string, from: Facts, to: Facts): SecurityHazard[] {
  const written = GENERATED.exec(sql)?.[1];
  return from.facts().flatMap(({ id }): SecurityHazard[] => {
    if (id.kind !== "publication" || quoteIdentifier(id.name) !== written || !showsSome(id, to)) return [];
    return [{ code: "SECURITY", reason: "published-generated", publication: id.name }];
  });
}

type Rel = Extract<ObjectId, { kind: "publicationRel" }>;

/** Then it is said of all that it names together. */
function isNew({ publication }: { readonly publication: string }, from: Facts): boolean {
  return !from.has({ kind: "publication", name: publication });
}

/** One that names nothing sends nothing. */
function showsSome(id: ObjectId, to: Facts): boolean {
  return to.get(id)?.payload["allTables"] === true || partsOf(id, to).length > 0;
}

function partsOf(publication: ObjectId, facts: Facts): readonly Fact[] {
  const name = "name" in publication ? publication.name : "";
  return facts.facts().filter(({ id }) => "publication" in id && id.publication === name);
}

function ofOptions(id: ObjectId, sql: string, from: Facts, to: Facts): SecurityHazard["reason"][] {
  const [before, after] = [from.get(id)!.payload, to.get(id)!.payload];
  if (after["allTables"] === true && before["allTables"] !== true) return ["published"];
  if (sql.includes("publish_via_partition_root")) {
    // Of a partitioned table or of its partitions: which of their conditions and lists of columns hold.
    const isLimited = partsOf(id, from).some(({ payload }) => isGiven(payload["where"]) || isGiven(payload["columns"]));
    return isLimited ? ["published-root"] : [];
  }
  const [fewer, more] = [before["publish"], after["publish"]];
  const isWider = Array.isArray(fewer) && Array.isArray(more) && more.some((one) => !fewer.includes(one));
  return isWider ? ["published-changes"] : [];
}

function ofTable(id: Rel, from: Facts, to: Facts): SecurityHazard["reason"][] {
  const { publication, schema } = id;
  const after = to.get(id)!.payload;
  const all = from.get({ kind: "publication", name: publication })?.payload["allTables"] === true;
  const before = all || from.has({ kind: "publicationSchema", publication, schema }) ? {} : from.get(id)?.payload;
  if (before === undefined) return ["published"];
  const [fewer, more] = [before["columns"], after["columns"]];
  const isWider = Array.isArray(fewer) && !(Array.isArray(more) && more.every((one) => fewer.includes(one)));
  return [
    ...(isWider ? ["published-columns" as const] : []),
    ...(isNarrower(textIn(before["where"]), textIn(after["where"])) ? [] : ["published-rows" as const]),
  ];
}

function isGiven(value: unknown): boolean {
  return value !== null && value !== undefined;
}

function textIn(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
