import type { Facts } from "../engine/facts.ts";
import type { Action } from "../engine/actions.ts";
import { ConfitureError } from "#errors/error.ts";
import { parseQualifiedName, quoteIdentifier } from "#sql/quote.ts";
import { encodeId, type ObjectId } from "../engine/object-id.ts";
import { textOf, withPayloads } from "../engine/lookups.ts";
import { type Conversion, conversionOf } from "./conversions.ts";
import { underlying } from "./domains.ts";
import { lacksValues } from "./enum-columns.ts";
import { lossHazard, type PlannedStatement, rowsHazard } from "./statement.ts";

interface Attribute {
  readonly name: string;
  readonly type: string;
}

/** A column's composite type before and after. */
interface Change {
  readonly column: string;
  readonly before: readonly Attribute[];
  /** In the order that the new type has. */
  readonly after: readonly Attribute[];
  readonly type: string;
}

/**
 * A cast between composite types, and the way through text, takes their attributes by position. Where the names are not the
 * same in the same order, values would end up in other attributes, so each is taken by its name: the planner writes that as
 * `scripts/patch-planner.ts` has it. Pure.
 */
export function withValuesByAttribute(from: Facts, to: Facts): Facts {
  const conversions = new Map(
    to.facts().flatMap(({ id }) => {
      const change = id.kind === "column" ? changeOf(id, from, to) : undefined;
      if (change === undefined || isInOrder(change) || change.type.endsWith("[]")) return [];
      return [[encodeId(id), conversionByAttribute(change)] as const];
    }),
  );
  return withPayloads(
    to,
    ({ id }) => conversions.has(encodeId(id)),
    ({ id }) => ({ _using: conversions.get(encodeId(id)) }),
  );
}

/** @throws ConfitureError `generate_refused` where such values are in an array, which no expression can take apart */
export function requireNoArrays(actions: readonly Action[], from: Facts, to: Facts): void {
  for (const action of actions) {
    const change = convertedBy(action, from, to);
    if (change === undefined || isInOrder(change) || !change.type.endsWith("[]")) continue;
    throw new ConfitureError(
      "generate_refused",
      `No plan can be made: the attributes of ${change.type.slice(0, -2)} change, and column ${change.column} has them in an array`,
      { hint: "Write this change by hand, with a new column that a function fills: confiture migrate new" },
    );
  }
}

function isInOrder({ before, after }: Change): boolean {
  return before.length === after.length && before.every(({ name }, index) => name === after[index]?.name);
}

function conversionByAttribute({ column, before, after, type }: Change): string {
  const values = after.map(({ name, type: wanted }) => {
    const held = before.find((attribute) => attribute.name === name);
    if (held === undefined) return "NULL";
    const value = `(${quoteIdentifier(column)}).${quoteIdentifier(name)}`;
    if (held.type === wanted) return value;
    return wanted === "text" ? `${value}::text` : `${value}::text::${wanted}`;
  });
  // IS NULL holds for a value whose attributes are all NULL as well.
  return `CASE WHEN ${quoteIdentifier(column)} IS DISTINCT FROM NULL THEN ROW(${values.join(", ")})::${type} END`;
}

/**
 * What happens to values of a column whose composite type changes: what is lost, and what makes it fail; undefined where it is
 * no such change. Pure.
 */
export function attributeRisk(
  action: Action,
  from: Facts,
  to: Facts,
): Pick<PlannedStatement, "loss" | "rows"> | undefined {
  const change = convertedBy(action, from, to);
  if (change === undefined) return undefined;
  const { before, after, type } = change;
  const types = new Map(after.map((attribute) => [attribute.name, attribute.type]));
  const gone = before.filter(({ name }) => !types.has(name)).map(({ name }) => name);
  const kept = before.filter(({ name }) => types.has(name));
  const conversions = kept.map(({ name, type: held }) => conversionBetween(held, from, types.get(name)!, to));
  const isCut = conversions.some(({ loses }) => loses);
  const rows = conversions.find(({ risk }) => risk !== undefined)?.risk;
  const atRisk = rows === undefined ? {} : { rows };
  if (gone.length > 0) {
    return { ...atRisk, loss: lossHazard(isCut ? "attributes-and-cut" : "attributes", { names: gone, type }) };
  }
  return isCut ? { ...atRisk, loss: lossHazard("cut", { type }) } : atRisk;
}

/** As `conversionOf`, with what domains are made of, and composite types attribute by attribute. Pure. */
export function conversionBetween(held: string, from: Facts, type: string, to: Facts): Conversion {
  const [before, after] = [underlying(held, from), underlying(type, to)];
  const lacks = lacksValues(before, from, after, to);
  if (lacks !== undefined) return lacks ? { loses: false, risk: rowsHazard("removed-value") } : { loses: false };
  const [old, attributes] = [attributesOf(before, from), attributesOf(after, to)];
  if (old === undefined || attributes === undefined) return conversionOf(before, after);
  const parts = old.map(({ name, type: part }) => {
    const next = attributes.find((attribute) => attribute.name === name);
    return next === undefined ? { loses: true } : conversionBetween(part, from, next.type, to);
  });
  const risk = parts.find((part) => part.risk !== undefined)?.risk;
  return { loses: parts.some(({ loses }) => loses), ...(risk === undefined ? {} : { risk }) };
}

/** The change of a column whose values a statement converts. */
function convertedBy({ verb, rewriteRisk, consumes: [column] }: Action, from: Facts, to: Facts): Change | undefined {
  const isConversion = verb === "alter" && rewriteRisk && column?.kind === "column";
  return isConversion ? changeOf(column, from, to) : undefined;
}

function changeOf(
  column: Extract<ObjectId, { readonly table: string; readonly name: string }>,
  from: Facts,
  to: Facts,
): Change | undefined {
  const [held, type] = [textOf(from, column, "type"), textOf(to, column, "type")];
  if (held === undefined || type === undefined || held === type || held.endsWith("[]") !== type.endsWith("[]"))
    return undefined;
  const before = attributesOf(held, from);
  const after = attributesOf(type, from) ?? attributesOf(type, to);
  return before === undefined || after === undefined ? undefined : { column: column.name, before, after, type };
}

/** In their order; undefined when it is no composite type. */
function attributesOf(type: string, facts: Facts): readonly Attribute[] | undefined {
  const { schema, name } = parseQualifiedName(type.replace(/\[\]$/, "")) ?? {};
  if (schema === undefined || name === undefined) return undefined;
  const id = { kind: "type", schema, name } as const;
  if (textOf(facts, id, "variant") !== "composite") return undefined;
  return facts
    .childrenOf(id)
    .filter((child) => child.id.kind === "typeAttribute")
    .toSorted((a, b) => Number(a.payload["_position"]) - Number(b.payload["_position"]))
    .map((child) => ({ name: "name" in child.id ? child.id.name : "", type: textOf(facts, child.id, "type") ?? "" }));
}
