import { nearest } from "#errors/suggest.ts";
import { Options, type RuleProblem } from "../transforms/options.ts";
import { TRANSFORM_NAMES, transformNamed } from "../transforms/registry.ts";
import { type Keyed, type Made, type Nested, aboutResults, type Transform } from "../transforms/transform.ts";

/** What a rule says of a column, before it is laid beside the column. */
type Written =
  | { readonly kind: "keep" }
  | { readonly kind: "as"; readonly options: Options }
  | {
      readonly kind: "transform";
      readonly transform: Transform;
      readonly options: Options;
      readonly domain: string | undefined;
      readonly keep: Options | undefined;
      readonly keepsKeys: boolean;
    };

/** What to do about a column that nobody has decided about, where nothing says more. */
export const DECIDE =
  "Write a transform here, or move the column to `keep: [...]` if nothing in it is personal. `TABLE: skip` copies none of the table's rows";

const BESIDE = ["domain", "keep", "keys"];

/**
 * Reads what a rule says.
 * @param shown what the rule is for
 * @param decide what to write, if nobody has decided yet
 */
export function readRule(options: Options, shown: string, decide: string): Written {
  const { node, offset } = options;
  if (node === undefined) throw options.fail(`The rule of ${shown} is empty`, decide, "undecided");
  if (node.kind === "list")
    throw options.fail("A rule is `keep`, a transform or a map", "For example email, or { mask: { last: 4 } }");
  if (node.kind === "scalar") {
    if (node.text === "keep") return { kind: "keep" };
    if (node.text === "?") throw options.fail(`Nobody has decided about ${shown} yet`, decide, "undecided");
    if (node.text === "as") throw options.fail("`as` needs a column", "{ as: users.email }");
    return {
      kind: "transform",
      transform: named(options, node.text),
      options: new Options(undefined, offset),
      domain: undefined,
      keep: undefined,
      keepsKeys: false,
    };
  }
  const map = options.map();
  const main = [...map].filter(([key]) => !BESIDE.includes(key));
  const [first] = main;
  if (first === undefined || main.length > 1) {
    const [key, odd] = main.find(([name]) => name !== "as" && transformNamed(name) === undefined) ?? [];
    const near = key === undefined ? undefined : nearest(key, [...BESIDE, "as", ...TRANSFORM_NAMES]);
    if (near !== undefined) throw odd!.fail(`Unknown key "${key}"`, `Did you mean "${near}"?`);
    throw options.fail("A rule has one transform", "For example { email: { at: example.org } }");
  }
  const [name, inner] = first;
  if (name === "as") return { kind: "as", options: inner };
  const transform = named(inner, name);
  const keep = map.get("keep");
  if (keep !== undefined && !["json", "hstore"].includes(name)) throw keep.fail("Only json and hstore have `keep`");
  const keys = map.get("keys");
  if (keys !== undefined && (name !== "json" || keys.text() !== "keep")) throw keys.fail("Only json has `keys: keep`");
  return {
    kind: "transform",
    transform,
    options: inner,
    domain: map.get("domain")?.text(),
    keep,
    keepsKeys: keys !== undefined,
  };
}

function named(options: Options, name: string): Transform {
  const transform = transformNamed(name);
  if (transform !== undefined) return transform;
  const near = nearest(name, [...TRANSFORM_NAMES, "keep"]);
  const fix = near === undefined ? `Known: keep, as, ${TRANSFORM_NAMES.join(", ")}` : `Did you mean "${near}"?`;
  throw options.fail(`There is no transform "${name}"`, fix, "unknown-transform");
}

/** A rule for a value inside of a document, which is a text or a number. */
export function inside(transform: Transform, made: Made, domain: string, options: Options): Nested {
  const { takes } = transform;
  if (takes !== "any" && !takes.includes("text") && !takes.includes("integer")) {
    throw notInside(options, transform);
  }
  return {
    kept: false,
    isConstant: made.isConstant === true,
    isNumber: takes !== "any" && !takes.includes("text"),
    replaced: {
      transform: transform.name,
      proof: made.proof,
      ...aboutResults(made, "pg_catalog.text"),
      ...(made.shape === undefined ? {} : { shape: made.shape }),
    },
    expression: (value, keyed) => {
      const own: Keyed = { ...keyed, digest: (text) => keyed.digestIn(domain, text) };
      const sql = made.expression(value, own);
      return made.isConstant === true ? `${sql}::text` : sql;
    },
  };
}

/** Transforms that read other columns, or what is inside of a value. */
const NOT_INSIDE = new Set(["address", "shift", "expr", "json", "hstore"]);

/** What to say of a transform that takes no value of a document. */
export function notInside(options: Options, { name }: Transform): RuleProblem {
  const fitting = TRANSFORM_NAMES.filter((one) => {
    const { takes } = transformNamed(one)!;
    return !NOT_INSIDE.has(one) && (takes === "any" || takes.includes("text") || takes.includes("integer"));
  });
  return options.fail(
    `\`${name}\` does not work inside of a document`,
    `For a value in a document: keep, ${fitting.join(", ")}; without a rule it is left out`,
    "wrong-type",
  );
}
