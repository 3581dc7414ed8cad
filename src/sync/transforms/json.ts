import { quoteLiteral } from "#sql/quote.ts";
import type { Options } from "./options.ts";
import { type Inside, type Keyed, type Nested, PARTIAL, type Subject, type Transform } from "./transform.ts";

/** What becomes of a value in a document. What no path leads to is left out. */
interface Place {
  rule?: Nested;
  readonly keys: Map<string, Place>;
  /** Of every other key (`*`). */
  any?: Place;
  /** Of an array's elements (`[]`). */
  items?: Place;
}

export const json: Transform = {
  name: "json",
  summary:
    "Values inside of a document, by path: `contact.email`, `friends[].phone` for every object of an array, `*` for any key (with `keys: keep`, since the keys themselves are copied as they are), quotes around a key with dots. `keep` lists the paths that stay, with all that is below them. Everything else is left out, so that a new key is not copied before somebody has looked at it.",
  result: '{"theme": "dark", "contact": {"email": "u3f9ac0b1e2d4a5b6@example.com"}}',
  examples: ['{ json: { contact.email: email, "friends[].phone": phone }, keep: [theme] }'],
  takes: ["json"],
  make(options, subject) {
    const { root, inside } = placesOf(options, subject);
    return {
      inside,
      class: "lossy",
      proof: PARTIAL,
      maxLength: "original",
      expression: (value, keyed) => {
        const names = { next: 0 };
        const document = subject.baseType === "json" ? `${value}::jsonb` : value;
        const made = build(root, "d.j", keyed, names);
        const back = subject.baseType === "json" ? "::json" : "";
        return `(SELECT (${made})${back} FROM (SELECT ${document} AS j OFFSET 0) d WHERE d.j IS NOT NULL)`;
      },
    };
  },
};

function placesOf(options: Options, subject: Subject): { readonly root: Place; readonly inside: readonly Inside[] } {
  const root: Place = { keys: new Map() };
  const inside: Inside[] = [];
  for (const [path, rule] of options.map()) {
    const nested = subject.nested(rule, path);
    const jsonpath = quoteLiteral(put(root, path, rule, nested, subject.keepsKeys));
    if (nested.replaced === undefined) continue;
    inside.push({
      path,
      ...nested.replaced,
      values: (value) =>
        `select f.v operator(pg_catalog.#>>) '{}', f.n::pg_catalog.text from pg_catalog.jsonb_path_query(${value}::pg_catalog.jsonb, ${jsonpath}) with ordinality f (v, n) where pg_catalog.jsonb_typeof(f.v) operator(pg_catalog.=) any ('{string,number}')`,
    });
  }
  for (const path of subject.keep?.list() ?? []) {
    put(root, path.text(), path, { kept: true, takes: "any", expression: (value) => value }, subject.keepsKeys);
  }
  if (root.rule !== undefined || (root.keys.size === 0 && root.any === undefined && root.items === undefined)) {
    throw options.fail("At least one path has to be here", "{ json: { contact.email: email }, keep: [theme] }");
  }
  return { root, inside };
}

/** @returns the path as SQL/JSON has it */
function put(root: Place, path: string, at: Options, rule: Nested, keepsKeys: boolean): string {
  const parts = [...path.matchAll(/"([^"]+)"|(\[\])|([^.[\]"]+)|(\.)|(.)/g)];
  if (parts.length === 0 || parts.some(([, , , , , stray]) => stray !== undefined)) {
    throw at.fail(`"${path}" is no path`, "For example contact.email, friends[].phone");
  }
  let place = root;
  let jsonpath = "$";
  for (const [, quoted, brackets, plain, dot] of parts) {
    if (dot !== undefined) continue;
    if (place.rule !== undefined) throw at.fail(`The path ${path} leads through a value that has a rule already`);
    if (brackets !== undefined) {
      place = place.items ??= { keys: new Map() };
      jsonpath += "[*]";
    } else if (plain === "*") {
      if (!keepsKeys) {
        throw at.fail(
          `\`*\` in ${path} copies the keys themselves as they are, and a key may be somebody's name`,
          "Name the keys. If none can be personal, say so beside `json`: keys: keep",
        );
      }
      place = place.any ??= { keys: new Map() };
      jsonpath += ".*";
    } else {
      const key = quoted ?? plain!;
      jsonpath += `.${JSON.stringify(key)}`;
      const next = place.keys.get(key) ?? { keys: new Map() };
      place.keys.set(key, next);
      place = next;
    }
  }
  if (place.rule !== undefined || place.keys.size > 0 || place.any !== undefined || place.items !== undefined) {
    throw at.fail(`The path ${path} has two rules`);
  }
  place.rule = rule;
  return jsonpath;
}

function build(place: Place, value: string, keyed: Keyed, names: { next: number }): string {
  const { rule, keys, any, items } = place;
  if (rule !== undefined) return rule.kept ? value : leaf(rule, value, keyed);
  const cases: string[] = [];
  if (keys.size > 0 || any !== undefined) {
    const e = `e${names.next++}`;
    const branches = [...keys].map(
      ([key, below]) => `WHEN ${quoteLiteral(key)} THEN ${build(below, `${e}.value`, keyed, names)}`,
    );
    const otherwise = any === undefined ? "" : ` ELSE ${build(any, `${e}.value`, keyed, names)}`;
    const made =
      branches.length === 0
        ? build(any!, `${e}.value`, keyed, names)
        : `CASE ${e}.key ${branches.join(" ")}${otherwise} END`;
    const only = any === undefined ? ` WHERE ${e}.key IN (${[...keys.keys()].map(quoteLiteral).join(", ")})` : "";
    cases.push(
      `WHEN 'object' THEN coalesce((SELECT jsonb_object_agg(${e}.key, ${made}) FROM jsonb_each(${value}) ${e}${only}), '{}')`,
    );
  }
  if (items !== undefined) {
    const e = `e${names.next++}`;
    const made = build(items, `${e}.value`, keyed, names);
    cases.push(
      `WHEN 'array' THEN coalesce((SELECT jsonb_agg(${made} ORDER BY ${e}.n) FROM jsonb_array_elements(${value}) WITH ORDINALITY ${e} (value, n)), '[]')`,
    );
  }
  return `CASE jsonb_typeof(${value}) ${cases.join(" ")} ELSE 'null'::jsonb END`;
}

/** A value that is not of the kind that the rule is for becomes null: what it is nobody knows. */
function leaf(rule: Nested, value: string, keyed: Keyed): string {
  const isNumber = rule.takes !== "any" && !rule.takes.includes("text");
  const original = isNumber ? `(${value} #>> '{}')::int8` : `(${value} #>> '{}')`;
  const kinds = isNumber ? "'number'" : "'string', 'number'";
  // A number with a fraction or an exponent is none of bigint's.
  const fits = isNumber ? ` AND ${value} #>> '{}' ~ '^-?[0-9]{1,18}$'` : "";
  return `CASE WHEN jsonb_typeof(${value}) IN (${kinds})${fits} THEN to_jsonb(${rule.expression(original, keyed)}) ELSE 'null'::jsonb END`;
}
