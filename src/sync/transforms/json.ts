import { quoteLiteral } from "#sql/quote.ts";
import { allPlaces, type Place, readPlaces } from "./json-places.ts";
import { unruledIn } from "./json-unruled.ts";
import { fits, unfitIn } from "./json-unfit.ts";
import { type Inside, type Keyed, type Nested, PARTIAL, type Transform } from "./transform.ts";

export const json: Transform = {
  name: "json",
  summary:
    "Values inside of a document, by path: `contact.email`, `friends[].phone` for every object of an array, `*` for any key (with `keys: keep`, since the keys themselves are copied as they are), quotes around a key with dots. A value takes any transform but `year`, `shift`, `network` and `address`. An array at the end of a path is replaced element by element. `keep` lists the paths that stay, with all that is below them. Everything else is left out, so that a new key is not copied before somebody has looked at it.",
  result: '{"theme": "dark", "contact": {"email": "u3f9ac0b1e2d4a5b6@example.com"}}',
  examples: ['{ json: { contact.email: email, "friends[].phone": phone }, keep: [theme] }'],
  takes: ["json"],
  make(options, subject) {
    const root = readPlaces(options, subject);
    const places = allPlaces(root);
    const document = (value: string): string => (subject.baseType === "json" ? `${value}::jsonb` : value);
    return {
      inside: places.flatMap(insideOf),
      kept: places.flatMap(keptOf),
      class: "lossy",
      proof: PARTIAL,
      maxLength: "original",
      paths: Array.from(options.map(), ([path, at]) => ({ path, rule: at.written, offset: at.keyOffset })),
      unruled: (value) => unruledIn(root, `(${document(value)})`),
      unfit: (value) => unfitIn(root, `(${document(value)})`),
      expression: (value, keyed) => {
        const made = build(root, "d.j", keyed, { next: 0 });
        const back = subject.baseType === "json" ? "::json" : "";
        return `(SELECT (${made})${back} FROM (SELECT ${document(value)} AS j OFFSET 0) d WHERE d.j IS NOT NULL)`;
      },
    };
  },
};

/** The values that a rule replaces, for the proof. */
function insideOf({ rule, offset, jsonpath, path, items }: Place): Inside[] {
  if (rule?.replaced === undefined) return [];
  // Of an array its elements; of what is replaced as a whole, all that is in it.
  const all = rule.isConstant ? `${jsonpath}.**` : items === undefined ? `${jsonpath}[*]` : jsonpath;
  return [
    {
      path,
      offset: offset!,
      ...rule.replaced,
      values: (value) =>
        `select f.v operator(pg_catalog.#>>) '{}', f.n::pg_catalog.text from pg_catalog.jsonb_path_query(${value}::pg_catalog.jsonb, ${quoteLiteral(all)}) with ordinality f (v, n) where pg_catalog.jsonb_typeof(f.v) operator(pg_catalog.=) any ('{string,number,boolean}')`,
    },
  ];
}

function keptOf({ rule, offset, jsonpath, path }: Place): Pick<Inside, "path" | "offset" | "values">[] {
  if (rule?.kept !== true) return [];
  const values = (value: string): string =>
    `select '', '' from pg_catalog.jsonb_path_query(${value}::pg_catalog.jsonb, ${quoteLiteral(jsonpath)})`;
  return [{ path, offset: offset!, values }];
}

function build(place: Place, value: string, keyed: Keyed, names: { next: number }): string {
  const { rule, keys, any, items } = place;
  if (rule?.kept === true) return value;
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
  if (items !== undefined || rule?.isConstant === false) {
    const e = `e${names.next++}`;
    const made = items === undefined ? leaf(rule!, `${e}.value`, keyed) : build(items, `${e}.value`, keyed, names);
    cases.push(
      `WHEN 'array' THEN coalesce((SELECT jsonb_agg(${made} ORDER BY ${e}.n) FROM jsonb_array_elements(${value}) WITH ORDINALITY ${e} (value, n)), '[]')`,
    );
  }
  const otherwise = rule === undefined ? "'null'::jsonb" : leaf(rule, value, keyed);
  return cases.length === 0 ? otherwise : `CASE jsonb_typeof(${value}) ${cases.join(" ")} ELSE ${otherwise} END`;
}

/** A value that is not of the kind that the rule is for becomes null: `unfitIn` has found it before. */
function leaf(rule: Nested, value: string, keyed: Keyed): string {
  if (rule.isConstant)
    return `CASE jsonb_typeof(${value}) WHEN 'null' THEN 'null'::jsonb ELSE to_jsonb(${rule.expression("", keyed)}) END`;
  const original = rule.isNumber ? `(${value} #>> '{}')::int8` : `(${value} #>> '{}')`;
  return `CASE WHEN ${fits(rule, value)} THEN to_jsonb(${rule.expression(original, keyed)}) ELSE 'null'::jsonb END`;
}
