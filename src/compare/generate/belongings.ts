import type { RowsHazard } from "#sql/effects/hazard.ts";
import { quoteIdentifier, quoteQualified } from "#sql/quote.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";
import { type Change } from "../catalogue/changes.ts";
import { describe } from "../catalogue/describe.ts";
import { textOf } from "../engine/lookups.ts";
import { encodeId, type ObjectId } from "../engine/object-id.ts";
import { constraintRisk } from "../plan/risks.ts";
import { rowsHazard } from "../plan/statement.ts";
import { type ColumnId, dependentInWords, dependentsOf, isSameTable } from "./column-facts.ts";
import { KEY } from "../plan/key-definition.ts";
import { readConstraint, readIndex, readReference, temporaryName } from "./moved-keys.ts";

/** Indexes and constraints of columns that others take the place of, as statements. */
export interface Belongings {
  /** Those of the new columns, once these are filled, without keeping anybody waiting. */
  readonly build: readonly string[];
  readonly unbuild: readonly string[];
  /** The names of those of the old columns, once these are gone. */
  readonly takeNames: readonly string[];
  readonly giveNames: readonly string[];
  /** Those of the old columns. */
  readonly dropOld: readonly string[];
  readonly makeOld: readonly string[];
  /** What rows can do to some of these statements. */
  readonly rows: ReadonlyMap<string, RowsHazard>;
  /** Whether rows can stand in the way of `build`, and of `makeOld`. */
  readonly limits: { readonly fresh: boolean; readonly old: boolean };
}

type Own =
  | { readonly kind: "index"; readonly schema: string; readonly name: string }
  | { readonly kind: "constraint"; readonly schema: string; readonly table: string; readonly name: string };

/** What was found on both sides: in words what cannot be made anew, or all of it. */
export interface FoundBelongings {
  readonly obstacle: string | undefined;
  readonly belongings: Belongings;
  /** Whether a difference is one of these. */
  readonly covers: (change: Change) => boolean;
}

/**
 * The indexes and constraints of one table that stand on columns which go, and on those which come. One that is on both sides
 * under the same name has another one for as long as both are there. Pure.
 */
export function belongingsOf(
  from: Catalogue,
  to: Catalogue,
  go: readonly ColumnId[],
  come: readonly ColumnId[],
): FoundBelongings {
  const [gone, came] = [ownOf(from, go), ownOf(to, come)];
  // A CHECK of several columns may stand on columns that change on one side only.
  const olds = together(
    gone,
    came.filter((id) => from.facts.has(id)),
  );
  const news = together(
    came,
    gone.filter((id) => to.facts.has(id)),
  );
  const taken = new Set(olds.map((id) => id.name));
  const [old, fresh] = [olds.map((id) => oldOne(from, id)), news.map((id) => newOne(from, to, id, taken))];
  const obstacle = [
    ...olds.map((id) => obstacleOf(from, id, go)),
    ...news.map((id) => obstacleOf(to, id, come)),
    ...fresh.map((one) => (typeof one === "string" ? one : undefined)),
    ...old.map((one) => (typeof one === "string" ? one : undefined)),
  ].find((why) => why !== undefined);
  const [olders, newers] = [old.filter(isPart).toSorted(referencesLast), fresh.filter(isPart).toSorted(referencesLast)];
  return {
    obstacle,
    covers: ({ kind, name }) => [...olds, ...news].map(describe).some((own) => own.kind === kind && own.name === name),
    belongings: {
      build: newers.flatMap(({ make }) => make),
      unbuild: newers.toReversed().flatMap(({ drop }) => drop),
      takeNames: newers.flatMap(({ takeName }) => takeName),
      giveNames: newers.toReversed().flatMap(({ giveName }) => giveName),
      dropOld: olders.toReversed().flatMap(({ drop }) => drop),
      makeOld: olders.flatMap(({ make }) => make),
      rows: new Map(
        [...olders, ...newers].flatMap(({ make, rows }) =>
          // VALIDATE CONSTRAINT and CREATE INDEX look at rows; ADD CONSTRAINT does where it is one statement.
          make.flatMap((sql) => (rows === undefined || ADDS_ONLY.test(sql) ? [] : [[sql, rows] as const])),
        ),
      ),
      limits: { fresh: newers.some(limits), old: olders.some(limits) },
    },
  };
}

/** What only changes the catalogue. */
const ADDS_ONLY = / NOT VALID$| USING INDEX /;

interface Part {
  readonly isReference: boolean;
  readonly rows: RowsHazard | undefined;
  readonly make: readonly string[];
  readonly drop: readonly string[];
  readonly takeName: readonly string[];
  readonly giveName: readonly string[];
}

function isPart(one: Part | string): one is Part {
  return typeof one !== "string";
}

/** What a foreign key refers to comes before it. */
function referencesLast(one: Part, other: Part): number {
  return Number(one.isReference) - Number(other.isReference);
}

function limits({ rows }: Part): boolean {
  return rows !== undefined;
}

function isOwn(id: ObjectId): id is Own {
  return id.kind === "index" || id.kind === "constraint";
}

function ownOf(catalogue: Catalogue, columns: readonly ColumnId[]): Own[] {
  return together(columns.flatMap((id) => dependentsOf(catalogue, id).filter(isOwn)));
}

function together(...lists: readonly (readonly Own[])[]): Own[] {
  return [...new Map(lists.flat().map((id) => [encodeId(id), id])).values()];
}

function typeOf({ facts }: Catalogue, id: Own): string | undefined {
  return id.kind === "index" ? undefined : textOf(facts, id, "type");
}

function obstacleOf(catalogue: Catalogue, id: Own, columns: readonly ColumnId[]): string | undefined {
  if (id.kind === "index") return undefined;
  const [column] = columns;
  if (column !== undefined && !isSameTable(id, column)) {
    return `the foreign key ${id.name} of ${id.schema}.${id.table} refers to it`;
  }
  const type = typeOf(catalogue, id);
  if (type === "p") return "it is part of the primary key, which tells rows apart while both releases write";
  if (type === "x") return `${dependentInWords(id, catalogue)}, and PostgreSQL makes no EXCLUDE while others write`;
  const isValid = catalogue.facts.get(id)?.payload["validated"] === true;
  return isValid || type === "u" ? undefined : `the constraint ${id.name} is not validated`;
}

function alter({ schema, table }: { readonly schema: string; readonly table: string }, action: string): string {
  return `ALTER TABLE ${quoteQualified(schema, table)} ${action}`;
}

const SAME = (): ReadonlyMap<string, string> => new Map();

/** A text for why it cannot be made again. */
function oldOne(from: Catalogue, id: Own): Part | string {
  const names = { takeName: [], giveName: [] };
  if (id.kind === "index") {
    const index = readIndex(from, id, SAME);
    if (index === undefined) return dependentInWords(id, from);
    const drop = [`DROP INDEX ${quoteQualified(id.schema, id.name)}`];
    return { isReference: false, rows: rowsOf(from, id), make: [index.definition], drop, ...names };
  }
  const definition = textOf(from.facts, id, "def") ?? "";
  const [type, name] = [typeOf(from, id), quoteIdentifier(id.name)];
  const reference = type === "f" ? readReference(from, id, SAME) : undefined;
  if (typeof reference === "string") return reference;
  if (type === "u" && !KEY.test(definition)) return dependentInWords(id, from);
  return {
    isReference: type === "f",
    rows: rowsOf(from, id),
    make: [alter(id, `ADD CONSTRAINT ${name} ${definition}`)],
    drop: [alter(id, `DROP CONSTRAINT ${name}`)],
    ...names,
  };
}

/** @param taken names of what old columns have until they go */
function newOne(from: Catalogue, to: Catalogue, id: Own, taken: ReadonlySet<string>): Part | string {
  const isTaken = taken.has(id.name);
  const own = isTaken ? temporaryName(id.name) : id.name;
  const [name, end] = [own, id.name].map(quoteIdentifier) as [string, string];
  const rows = rowsOf(to, id);
  if (isTaken && from.facts.facts().some(({ id: one }) => isOwn(one) && one.schema === id.schema && one.name === own)) {
    return `the name ${own} is taken`;
  }
  if (id.kind === "index") {
    const index = readIndex(to, id, SAME);
    if (index === undefined) return dependentInWords(id, to);
    const [now, later] = [own, id.name].map((one) => quoteQualified(id.schema, one)) as [string, string];
    return {
      isReference: false,
      rows: rows && { ...rows, leavesInvalid: true },
      make: [index.createNew(true, own)],
      drop: [`DROP INDEX CONCURRENTLY ${now}`],
      takeName: isTaken ? [`ALTER INDEX ${now} RENAME TO ${end}`] : [],
      giveName: isTaken ? [`ALTER INDEX ${later} RENAME TO ${name}`] : [],
    };
  }
  const names = {
    takeName: isTaken ? [alter(id, `RENAME CONSTRAINT ${name} TO ${end}`)] : [],
    giveName: isTaken ? [alter(id, `RENAME CONSTRAINT ${end} TO ${name}`)] : [],
  };
  const drop = [alter(id, `DROP CONSTRAINT ${name}`)];
  const type = typeOf(to, id);
  if (type === "c" || type === "f") {
    const reference = type === "f" ? readReference(to, id, SAME) : undefined;
    if (typeof reference === "string") return reference;
    const definition = textOf(to.facts, id, "def") ?? "";
    const make = [
      alter(id, `ADD CONSTRAINT ${name} ${definition} NOT VALID`),
      alter(id, `VALIDATE CONSTRAINT ${name}`),
    ];
    return { isReference: type === "f", rows, make, drop, ...names };
  }
  const unique = readConstraint(to, id, SAME);
  if (unique === undefined) return dependentInWords(id, to);
  const make = [unique.createIndex(true), alter(id, `ADD CONSTRAINT ${name} ${unique.usingIndex}`)];
  return { isReference: false, rows: rows && { ...rows, leavesInvalid: true }, make, drop, ...names };
}

function rowsOf({ facts }: Catalogue, id: Own): RowsHazard | undefined {
  if (id.kind === "constraint") return constraintRisk(id, facts);
  return textOf(facts, id, "def")?.startsWith("CREATE UNIQUE ") === true ? rowsHazard("unique") : undefined;
}
