import { quoteLiteral } from "#sql/quote.ts";
import type { Place } from "./json-places.ts";

/**
 * A query for the keys of a document that no path leads to, so that they are left out with all that is below them: the path of the object
 * that holds one, and the key.
 * @param value SQL of the document, as jsonb
 */
export function unruledIn(root: Place, value: string): string {
  const found = unruled(root, value, { next: 0 });
  // Where no path names a key, as in an array of texts, none is left out.
  return found.length === 0 ? "SELECT '', '' WHERE false" : found.join(" UNION ALL ");
}

function unruled({ path, rule, keys, any, items }: Place, value: string, names: { next: number }): string[] {
  if (rule?.kept === true) return [];
  const k = `k${names.next++}`;
  const named = keys.size === 0 ? "" : ` WHERE ${k}.key NOT IN (${[...keys.keys()].map(quoteLiteral).join(", ")})`;
  const members = `jsonb_each(CASE jsonb_typeof(${value}) WHEN 'object' THEN ${value} END) ${k} (key, value)`;
  const elements = `jsonb_array_elements(CASE jsonb_typeof(${value}) WHEN 'array' THEN ${value} END) ${k} (value)`;
  const within = (from: string, inner: readonly string[], where = ""): string[] =>
    inner.length === 0 ? [] : [`SELECT x.* FROM ${from} CROSS JOIN LATERAL (${inner.join(" UNION ALL ")}) x${where}`];
  return [
    ...(keys.size > 0 && any === undefined
      ? [`SELECT ${quoteLiteral(path)} AS path, ${k}.key FROM ${members}${named}`]
      : []),
    ...[...keys].flatMap(([key, below]) => unruled(below, `(${value} -> ${quoteLiteral(key)})`, names)),
    ...(any === undefined ? [] : within(members, unruled(any, `${k}.value`, names), named)),
    ...(items === undefined ? [] : within(elements, unruled(items, `${k}.value`, names))),
  ];
}
