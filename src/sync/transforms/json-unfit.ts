import { quoteLiteral } from "#sql/quote.ts";
import type { Place } from "./json-places.ts";
import type { Nested } from "./transform.ts";

/** What a value is called, by what `jsonb_typeof` says of it. */
function called(value: string, number: string): string {
  return `CASE jsonb_typeof(${value}) WHEN 'object' THEN 'an object' WHEN 'array' THEN 'an array' WHEN 'string' THEN 'a text' WHEN 'number' THEN '${number}' ELSE 'true or false' END`;
}

const HAS_MEMBERS = (value: string): string =>
  `jsonb_typeof(${value}) IN ('object', 'array') AND ${value} NOT IN ('{}', '[]')`;

/**
 * A query for the values of a document that a path leads to and for which it has no rule, as they are of another kind: an object where a
 * text is expected. They would be lost. For each the path, and what it is.
 * @param value SQL of the document, as jsonb
 */
export function unfitIn(root: Place, value: string): string {
  return unfit(root, value, { next: 0 }).join(" UNION ALL ");
}

function unfit(place: Place, value: string, names: { next: number }): string[] {
  const { path, rule, keys, any, items } = place;
  if (rule?.kept === true) return [];
  const shown = path === "" ? "the document" : path;
  const isOpen = rule?.isConstant === true;
  const hasKeys = keys.size > 0 || any !== undefined;
  const kinds = [
    ...(hasKeys || isOpen ? [] : [`(jsonb_typeof(${value}) = 'object' AND ${value} <> '{}')`]),
    ...(items !== undefined || rule !== undefined ? [] : [`(jsonb_typeof(${value}) = 'array' AND ${value} <> '[]')`]),
    ...(rule === undefined
      ? [`(jsonb_typeof(${value}) IN ('string', 'number', 'boolean') AND ${value} <> '""')`]
      : isOpen || !rule.isNumber
        ? []
        : [`(jsonb_typeof(${value}) IN ('string', 'number', 'boolean') AND NOT ${fits(rule, value)})`]),
  ];
  const found =
    kinds.length === 0
      ? []
      : [
          `SELECT ${quoteLiteral(shown)}, ${called(value, rule === undefined ? "a number" : "no whole number")} WHERE ${kinds.join(" OR ")}`,
        ];
  for (const [key, below] of keys) found.push(...unfit(below, `(${value} -> ${quoteLiteral(key)})`, names));
  const e = `u${names.next++}`;
  const within = (below: Place, from: string, where = ""): string[] => {
    const inner = unfit(below, `${e}.value`, names);
    return inner.length === 0
      ? []
      : [`SELECT x.* FROM ${from} CROSS JOIN LATERAL (${inner.join(" UNION ALL ")}) x${where}`];
  };
  if (any !== undefined) {
    const named = keys.size === 0 ? "" : ` WHERE ${e}.key NOT IN (${[...keys.keys()].map(quoteLiteral).join(", ")})`;
    found.push(
      ...within(
        any,
        `jsonb_each(CASE jsonb_typeof(${value}) WHEN 'object' THEN ${value} END) ${e} (key, value)`,
        named,
      ),
    );
  }
  const elements = `jsonb_array_elements(CASE jsonb_typeof(${value}) WHEN 'array' THEN ${value} END) ${e} (value)`;
  if (items !== undefined) found.push(...within(items, elements));
  else if (rule !== undefined && !isOpen) {
    const no = rule.isNumber
      ? ` OR (jsonb_typeof(${e}.value) IN ('string', 'number', 'boolean') AND NOT ${fits(rule, `${e}.value`)})`
      : "";
    found.push(
      `SELECT ${quoteLiteral(`${shown}[]`)}, ${called(`${e}.value`, "no whole number")} FROM ${elements} WHERE (${HAS_MEMBERS(`${e}.value`)})${no}`,
    );
  }
  return found;
}

/** SQL for a condition: a rule has a result for a value that is neither an array nor an object. */
export function fits({ isNumber }: Nested, value: string): string {
  if (!isNumber) return `jsonb_typeof(${value}) IN ('string', 'number', 'boolean')`;
  // A number with a fraction or an exponent is none of bigint's.
  return `(jsonb_typeof(${value}) = 'number' AND ${value} #>> '{}' ~ '^-?[0-9]{1,18}$')`;
}
