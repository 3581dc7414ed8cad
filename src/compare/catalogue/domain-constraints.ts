import { isNarrower } from "#sql/narrower-condition.ts";
import { writeIdentifier } from "#sql/quote.ts";
import { columnsOf, textOf } from "../engine/lookups.ts";
import type { Facts } from "../engine/facts.ts";
import type { ObjectId } from "../engine/object-id.ts";
import type { Change, PropertyChange } from "./changes.ts";

/** What a column, an attribute of a type or a domain no longer has when it is no longer of a domain. Pure. */
export function domainLosses(change: Change, { property, from, to }: PropertyChange, facts: Sides): string[] {
  if (!TYPES.has(`${change.kind} ${property}`)) return [];
  const lost = constraintsOf(String(from), facts.from);
  if (lost.length === 0) return [];
  const kept = [...constraintsOf(String(to), facts.to), ...ownConstraints(change, String(from), facts.to)];
  const conditions = kept.flatMap(({ condition }) => condition ?? []);
  const gone = lost.filter(({ condition }) =>
    condition === undefined
      ? !kept.some((one) => one.condition === undefined)
      : !conditions.some((one) => isNarrower(condition, one)),
  );
  const words = [...new Set(gone.map(({ text }) => text.replaceAll(/\s+/g, " ")))].join(", ");
  return gone.length === 0 ? [] : [`no longer has the constraints of the domain ${elementOf(String(from))}: ${words}`];
}

interface Sides {
  readonly from: Facts;
  readonly to: Facts;
}

const TYPES: ReadonlySet<string> = new Set(["column type", "type attribute type", "domain baseType"]);

interface DomainConstraint {
  readonly text: string;
  /** Of CHECK, on VALUE; undefined for NOT NULL. */
  readonly condition: string | undefined;
}

/** What values of a type fulfil, or its elements: with a domain that is over another one, those of both. */
function constraintsOf(type: string, facts: Facts): DomainConstraint[] {
  const element = elementOf(type);
  const domain = facts.facts().find(({ id }) => id.kind === "domain" && nameOf(id) === element);
  if (domain === undefined) return [];
  return [
    ...(domain.payload["notNull"] === true ? [NOT_NULL] : []),
    ...checksOf(domain.id, facts),
    ...constraintsOf(textOf(facts, domain.id, "baseType") ?? "", facts),
  ];
}

/** Those that do the same in its place: of the table of a column, and of a domain itself. */
function ownConstraints({ kind, path }: Change, was: string, facts: Facts): DomainConstraint[] {
  const [schema = "", table = "", column = ""] = path;
  if (kind === "domain") return constraintsOf(nameOf({ schema, name: table }), facts);
  // Nothing holds for each element of an array but a domain.
  if (kind !== "column" || was.endsWith("[]")) return [];
  const id: ObjectId = { kind: "table", schema, name: table };
  const value = new RegExp(String.raw`(?<![\w$"])${RegExp.escape(writeIdentifier(column))}(?![\w$"])`, "g");
  return [...(columnsOf(id, facts).get(column)?.notNull === true ? [NOT_NULL] : []), ...checksOf(id, facts, value)];
}

const NOT_NULL: DomainConstraint = { text: "NOT NULL", condition: undefined };

/** Those of a domain, or of a table on one of its columns. */
function checksOf(id: ObjectId, facts: Facts, value: RegExp | string = "VALUE"): DomainConstraint[] {
  return facts.childrenOf(id).flatMap((child) => {
    const text = child.id.kind === "constraint" ? (textOf(facts, child.id, "def") ?? "") : "";
    const condition = CHECK.exec(text)?.[1]?.replaceAll(value, "VALUE");
    // A domain over another domain and a column of varchar are compared as text, which is written out.
    return condition === undefined ? [] : [{ text, condition: condition.replaceAll("(VALUE)::text", "VALUE") }];
  });
}

/** Without those that hold for some tables alone, or for none. */
const CHECK = /^CHECK \((.*)\)(?: NOT VALID)?$/s;

function elementOf(type: string): string {
  return type.replace(/(?:\[\])+$/, "");
}

/** As format_type writes it. */
function nameOf({ schema, name }: { readonly schema: string; readonly name: string }): string {
  return `${writeIdentifier(schema)}.${writeIdentifier(name)}`;
}
