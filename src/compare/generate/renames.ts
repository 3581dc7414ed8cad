import type { Fact, Facts } from "../engine/facts.ts";
import { encodeId, type ObjectId } from "../engine/object-id.ts";
import { quoteIdentifier, quoteQualified } from "#sql/quote.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";
import { describe } from "../catalogue/describe.ts";
import { areAkin } from "../plan/conversions.ts";
import { type PlannedStatement, statementOf } from "../plan/statement.ts";
import { textOf } from "../engine/lookups.ts";

/** A dropped and an added object that could be one that was renamed. */
export interface PossibleRename {
  readonly kind: string;
  /** Qualified names. */
  readonly from: string;
  readonly to: string;
  /** False when several objects would fit, or when it fits only in part. */
  readonly certain: boolean;
}

/** A rename that a person asked for, by qualified names. */
export interface Rename {
  readonly from: string;
  readonly to: string;
}

/** The new name as it is said: alone where what is renamed stays where it was. Pure. */
export function newName({ from, to }: Rename): string {
  const [before, after] = [from, to].map((path) => path.slice(0, path.lastIndexOf(".") + 1));
  return before === after ? to.slice(to.lastIndexOf(".") + 1) : to;
}

/** An object under two names. */
interface Pair {
  readonly from: ObjectId;
  readonly to: ObjectId;
}

/** What would lose data, or all that depends on it, if it were dropped and made again: a person has to say. */
export const ASKED: readonly ObjectId["kind"][] = ["schema", "table", "column", "sequence", "type", "domain"];

/** Dropped and added objects that could be one, the likelier first. Pure. */
export function possibleRenames(from: Catalogue, to: Catalogue): PossibleRename[] {
  const rated = ASKED.flatMap((kind) => [
    ...candidates(kind, from.facts, to.facts),
    ...movable(kind, from.facts, to.facts).filter((pair) => looksMoved(pair, from.facts, to.facts)),
  ])
    .map((pair) => ({ pair, likeness: likeness(pair, from.facts, to.facts) }))
    .filter((one) => one.likeness >= LIKELY)
    .toSorted((a, b) => b.likeness - a.likeness || distance(a.pair, from, to) - distance(b.pair, from, to))
    .toSorted((a, b) => ASKED.indexOf(a.pair.from.kind) - ASKED.indexOf(b.pair.from.kind));
  return rated.map((one) => {
    const { pair } = one;
    const isOnly = rated.every(
      (other) => other === one || (!isSame(other.pair.from, pair.from) && !isSame(other.pair.to, pair.to)),
    );
    return {
      kind: describe(pair.from).kind,
      from: describe(pair.from).name,
      to: describe(pair.to).name,
      certain: isOnly && one.likeness === 1,
    };
  });
}

/** How far apart two columns stand. */
function distance({ from, to }: Pair, source: Catalogue, target: Catalogue): number {
  return Math.abs(positionOf(source.facts, from) - positionOf(target.facts, to));
}

function positionOf(facts: Facts, id: ObjectId): number {
  const position = facts.get(id)?.payload["_position"];
  return typeof position === "number" ? position : 0;
}

/** The statements that a person's rename comes to; none where nothing of these names was dropped and added. Pure. */
export function renameStatements({ from, to }: Rename, source: Catalogue, target: Catalogue): PlannedStatement[] {
  for (const kind of ASKED) {
    const pairs = [...candidates(kind, source.facts, target.facts), ...movable(kind, source.facts, target.facts)];
    const pair = pairs.find(
      (candidate) => describe(candidate.from).name === from && describe(candidate.to).name === to,
    );
    if (pair !== undefined) return asStatements(pair, source.facts);
  }
  return [];
}

/**
 * Renames that need no asking, because nothing but a name changes: indexes and constraints with the same definition,
 * and sequences that stay with their column. A rename builds nothing anew and keeps a sequence's next number. Pure.
 */
export function sameUnderAnotherName(from: Catalogue, to: Catalogue): PlannedStatement[] {
  const pairs: Pair[] = [];
  for (const kind of ["constraint", "index", "sequence"] as const) {
    for (const pair of candidates(kind, from.facts, to.facts)) {
      const isTaken = pairs.some((other) => isSame(other.from, pair.from) || isSame(other.to, pair.to));
      if (!isTaken && isSameThing(pair, from.facts, to.facts)) pairs.push(pair);
    }
  }
  return [
    ...pairs.map((pair) => asStatement(renaming(pair, from.facts), pair)),
    ...identityRenames(from.facts, to.facts),
  ];
}

/** Sequences of identity columns that are named after a table of another name: to the catalogue they are a part of the column. */
function identityRenames(from: Facts, to: Facts): PlannedStatement[] {
  return from.facts().flatMap(({ id, payload }) => {
    const [before, after] = [payload, to.get(id)?.payload].map(
      (one) =>
        (
          one?.["identity"] as
            | { readonly sequence?: { readonly schema: string; readonly name: string } }
            | undefined
            | null
        )?.sequence,
    );
    if (before === undefined || after === undefined || before.schema !== after.schema || before.name === after.name)
      return [];
    return [
      statementOf(
        `ALTER SEQUENCE ${quoteQualified(before.schema, before.name)} RENAME TO ${quoteIdentifier(after.name)}`,
      ),
    ];
  });
}

/** Dropped and added objects of one kind in one place. */
function candidates(kind: ObjectId["kind"], from: Facts, to: Facts): Pair[] {
  const only = (facts: Facts, others: Facts): Fact[] =>
    onlyIn(facts, others, kind).filter(({ parent }) => parent === undefined || others.has(parent));
  const added = only(to, from);
  return only(from, to).flatMap((dropped) =>
    added
      .filter(({ id, parent }) => placeOf(id, parent) === placeOf(dropped.id, dropped.parent))
      .map(({ id }) => ({ from: dropped.id, to: id })),
  );
}

/** Dropped and added objects of one kind in two schemas. */
function movable(kind: ObjectId["kind"], from: Facts, to: Facts): Pair[] {
  if (!MOVED.includes(kind)) return [];
  const added = onlyIn(to, from, kind);
  return onlyIn(from, to, kind).flatMap((dropped) =>
    added.filter(({ id }) => schemaOf(id) !== schemaOf(dropped.id)).map(({ id }) => ({ from: dropped.id, to: id })),
  );
}

function onlyIn(facts: Facts, others: Facts, kind: ObjectId["kind"]): Fact[] {
  return facts.facts().filter(({ id }) => id.kind === kind && !others.has(id));
}

/** By itself, and not because its schema was renamed. */
function looksMoved({ from, to }: Pair, source: Facts, target: Facts): boolean {
  const isSchemaOf = (facts: Facts, id: ObjectId): boolean => facts.has({ kind: "schema", name: schemaOf(id) });
  return nameIn(from) === nameIn(to) && (isSchemaOf(source, to) || isSchemaOf(target, from));
}

/** What takes along what belongs to it when it moves to another schema. */
const MOVED: readonly ObjectId["kind"][] = ["table", "sequence", "type", "domain"];

function schemaOf(id: ObjectId): string {
  return "schema" in id ? String(id.schema) : "";
}

function nameIn(id: ObjectId): string {
  return "name" in id ? id.name : "";
}

function placeOf(id: ObjectId, parent: ObjectId | undefined): string {
  return `${parent === undefined ? "" : encodeId(parent)}|${schemaOf(id)}`;
}

function isSame(a: ObjectId, b: ObjectId): boolean {
  return encodeId(a) === encodeId(b);
}

/** As likely as not. */
const LIKELY = 0.5;

/** From 0 to 1: how much of the one is in the other. */
function likeness({ from, to }: Pair, source: Facts, target: Facts): number {
  switch (from.kind) {
    case "schema":
      return sharedPart(childNames(source, from), childNames(target, to));
    case "table":
      return Math.max(
        sharedPart(columnsOf(source, from, true), columnsOf(target, to, true)),
        // All columns have new names as well.
        0.9 * sharedPart(columnsOf(source, from, false), columnsOf(target, to, false)),
      );
    case "column": {
      const [before = "", after = ""] = [textOf(source, from, "type"), textOf(target, to, "type")];
      if (source.structuralRollupOf(from) === target.structuralRollupOf(to)) return 1;
      return before === after ? 0.9 : areAkin(before, after) ? LIKELY : 0;
    }
    default:
      return source.hashOf(from) === target.hashOf(to) ? 1 : 0;
  }
}

function sharedPart(a: readonly string[], b: readonly string[]): number {
  const rest = [...b];
  let shared = 0;
  for (const name of a) {
    const at = rest.indexOf(name);
    if (at < 0) continue;
    rest.splice(at, 1);
    shared++;
  }
  // Nothing in common is nothing to lose.
  return a.length + b.length === 0 ? 0 : shared / Math.max(a.length, b.length);
}

function childNames(facts: Facts, id: ObjectId): string[] {
  return facts.childrenOf(id).flatMap((child) => ("name" in child.id ? [`${child.id.kind} ${child.id.name}`] : []));
}

function columnsOf(facts: Facts, table: ObjectId, named: boolean): string[] {
  return facts.childrenOf(table).flatMap(({ id }) => {
    const type = textOf(facts, id, "type");
    return id.kind === "column" ? [`${named ? id.name : ""} ${type}`] : [];
  });
}

function isSameThing({ from, to }: Pair, source: Facts, target: Facts): boolean {
  switch (from.kind) {
    case "constraint":
      return source.hashOf(from) === target.hashOf(to);
    case "index":
      return withoutName(textOf(source, from, "def")) === withoutName(textOf(target, to, "def"));
    case "sequence":
      return ownerOf(source, from) !== undefined && ownerOf(source, from) === ownerOf(target, to);
    default:
      return false;
  }
}

/** An index's definition names it first. */
function withoutName(definition: string | undefined): string | undefined {
  return definition?.replace(/ INDEX (?:[\w$]+|"(?:[^"]|"")+") ON /, " INDEX ON ");
}

/** The column that a sequence belongs to. */
function ownerOf(facts: Facts, sequence: ObjectId): string | undefined {
  const owner = facts.get(sequence)?.payload["ownedBy"] ?? null;
  return owner === null ? undefined : JSON.stringify(owner);
}

/** A new schema is made first; what has both another schema and another name moves before it gets the name. */
function asStatements(pair: Pair, source: Facts): PlannedStatement[] {
  const { from, to } = pair;
  const schema = schemaOf(to);
  if (schema === schemaOf(from)) return [asStatement(renaming(pair, source), pair)];
  const moved = { ...from, schema } as ObjectId;
  const home: ObjectId = { kind: "schema", name: schema };
  const create = `CREATE SCHEMA ${quoteIdentifier(schema)}`;
  const move = `ALTER ${from.kind.toUpperCase()} ${quoteQualified(schemaOf(from), nameIn(from))} SET SCHEMA ${quoteIdentifier(schema)}`;
  return [
    ...(source.has(home) ? [] : [{ ...statementOf(create), makes: [home] }]),
    asStatement(move, { from, to: moved }),
    ...(isSame(moved, to) ? [] : [asStatement(renaming({ from: moved, to }, source), { from: moved, to })]),
  ];
}

function asStatement(sql: string, { from, to }: Pair): PlannedStatement {
  return { ...statementOf(sql), makes: [to], removes: [from] };
}

function renaming({ from, to }: Pair, source: Facts): string {
  return sqlOf(from, quoteIdentifier(nameIn(to)), source);
}

function sqlOf(id: ObjectId, name: string, source: Facts): string {
  switch (id.kind) {
    case "column":
    case "constraint": {
      const parent = source.get(id)?.parent?.kind;
      const kind = parent === "foreignTable" ? "FOREIGN TABLE" : parent === "domain" ? "DOMAIN" : "TABLE";
      return `ALTER ${kind} ${quoteQualified(id.schema, id.table)} RENAME ${id.kind.toUpperCase()} ${quoteIdentifier(id.name)} TO ${name}`;
    }
    case "schema":
      return `ALTER SCHEMA ${quoteIdentifier(id.name)} RENAME TO ${name}`;
    case "table":
    case "sequence":
    case "type":
    case "domain":
    case "index":
      return `ALTER ${id.kind.toUpperCase()} ${quoteQualified(id.schema, id.name)} RENAME TO ${name}`;
    default:
      throw new Error(`no rename of a ${id.kind}`);
  }
}
