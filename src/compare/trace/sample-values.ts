import type { ColumnFacts } from "./read-tables.ts";

/** As much as fits into an index several times over. */
const LONG = 300;

/**
 * Values for a column, as text that its type reads: an ordinary one, an odd one, a large one.
 * @param isKey whether each row needs another
 */
export function samplesFor(column: ColumnFacts, isKey: boolean): string[] {
  const { labels, typeName, isArray } = column;
  if (labels !== null && labels.length > 0) return isKey ? [...labels] : [labels[0]!, labels.at(-1)!];
  if (isArray) return isKey ? [] : ["{}"];
  const samples = isKey ? KEYS[typeName] : SAMPLES[typeName];
  const own = samples ?? KEYS[typeName] ?? SAMPLES[typeName] ?? [];
  const { length } = column;
  if (length === null) return isKey || !TEXTS.has(typeName) ? [...own] : [...own, "x".repeat(LONG)];
  if (typeName === "bit") return ["1".padEnd(length, "0"), "0".repeat(length)];
  if (typeName === "numeric") return [...own, "0.1"];
  if (!TEXTS.has(typeName)) return [...own];
  const fitting = own.map((value) => value.slice(-length));
  return isKey ? fitting : [...fitting, "x".repeat(Math.min(length, LONG))];
}

/** Strings and numbers that a constraint speaks of, and the numbers beside these. Pure. */
export function literalsIn(definition: string): string[] {
  const strings = [...definition.matchAll(/'((?:[^']|'')*)'/g)].map(([, text = ""]) => text.replaceAll("''", "'"));
  const numbers = [...definition.replaceAll(/'(?:[^']|'')*'/g, "").matchAll(/(?<![\w.])-?\d+(?:\.\d+)?/g)]
    .map(([text]) => Number(text))
    .flatMap((number) => [number + 1, number, number - 1].map(String));
  // A date in words of the server may be cut: '2024-01-01 00:00:00+00'.
  return [...strings, ...numbers];
}

const TEXTS: ReadonlySet<string> = new Set(["text", "varchar", "bpchar", "citext", "name"]);

const upTo = (make: (n: number) => string): string[] => Array.from({ length: 40 }, (_, n) => make(n + 1));

const TEXT_KEYS = upTo((n) => `a${n}`);
const NUMBER_KEYS = upTo(String);

/** By the type's own name (pg_type.typname). */
const SAMPLES: Readonly<Record<string, readonly string[]>> = {
  int2: ["1", "-1", "300"],
  int4: ["1", "-1", "100000"],
  int8: ["1", "-1", "5000000000"],
  numeric: ["1", "-1", "1.5"],
  float4: ["1", "-1", "1.5"],
  float8: ["1", "-1", "1.5"],
  money: ["1", "-1"],
  oid: ["1"],
  bool: ["true", "false"],
  text: ["a", ""],
  varchar: ["a", ""],
  bpchar: ["a", ""],
  citext: ["a", ""],
  name: ["a"],
  bytea: ["\\x01", "\\x"],
  // What is old is deleted now and then: the last ones stay.
  date: ["2024-01-01", "1999-12-31", "2099-12-31"],
  timestamp: ["2024-01-01 12:00:00", "1999-12-31 23:59:59.9", "2099-12-31 00:00:00"],
  timestamptz: ["2024-01-01 12:00:00+00", "1999-12-31 23:59:59.9+00", "2099-12-31 00:00:00+00"],
  time: ["12:00:00", "23:59:59"],
  timetz: ["12:00:00+00"],
  interval: ["1 day", "-1 hour"],
  uuid: ["00000000-0000-4000-8000-000000000001"],
  json: ["{}", "[1]"],
  jsonb: ["{}", "[1]"],
  xml: ["<a/>"],
  inet: ["10.0.0.1"],
  cidr: ["10.0.0.0/8"],
  macaddr: ["08:00:2b:01:02:03"],
  macaddr8: ["08:00:2b:01:02:03:04:05"],
  point: ["(0,0)"],
  line: ["{1,0,0}"],
  lseg: ["[(0,0),(1,1)]"],
  box: ["((0,0),(1,1))"],
  path: ["((0,0),(1,1))"],
  polygon: ["((0,0),(1,1),(1,0))"],
  circle: ["<(0,0),1>"],
  tsvector: ["a"],
  tsquery: ["a"],
  varbit: ["1"],
  bit: ["1"],
  hstore: ["a=>1"],
  ltree: ["a"],
  int4range: ["[1,5)"],
  int8range: ["[1,5)"],
  numrange: ["[1,5)"],
  daterange: ["[2024-01-01,2024-02-01)"],
  tsrange: ["[2024-01-01,2024-02-01)"],
  tstzrange: ["[2024-01-01,2024-02-01)"],
};

const KEYS: Readonly<Record<string, readonly string[]>> = {
  int2: NUMBER_KEYS,
  int4: NUMBER_KEYS,
  int8: NUMBER_KEYS,
  numeric: NUMBER_KEYS,
  float4: NUMBER_KEYS,
  float8: NUMBER_KEYS,
  money: NUMBER_KEYS,
  oid: NUMBER_KEYS,
  text: TEXT_KEYS,
  varchar: TEXT_KEYS,
  // The last character has to differ where there is only one.
  bpchar: upTo((n) => `a${String.fromCharCode(64 + n)}`),
  citext: TEXT_KEYS,
  name: TEXT_KEYS,
  ltree: TEXT_KEYS,
  bytea: upTo((n) => `\\x${n.toString(16).padStart(2, "0")}`),
  date: upTo((n) => `2024-0${1 + Math.floor(n / 28)}-${String(1 + (n % 28)).padStart(2, "0")}`),
  timestamp: upTo((n) => `2024-01-01 12:${String(n).padStart(2, "0")}:00`),
  timestamptz: upTo((n) => `2024-01-01 12:${String(n).padStart(2, "0")}:00+00`),
  time: upTo((n) => `12:${String(n).padStart(2, "0")}:00`),
  interval: upTo((n) => `${n} days`),
  uuid: upTo((n) => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`),
  inet: upTo((n) => `10.0.0.${n}`),
  cidr: upTo((n) => `10.${n}.0.0/16`),
  macaddr: upTo((n) => `08:00:2b:01:02:${n.toString(16).padStart(2, "0")}`),
  int4range: upTo((n) => `[${n * 10},${n * 10 + 5})`),
  int8range: upTo((n) => `[${n * 10},${n * 10 + 5})`),
  numrange: upTo((n) => `[${n * 10},${n * 10 + 5})`),
  daterange: upTo((n) => `[20${String(n + 10)}-01-01,20${String(n + 10)}-02-01)`),
  tsrange: upTo((n) => `[20${String(n + 10)}-01-01,20${String(n + 10)}-02-01)`),
  tstzrange: upTo((n) => `[20${String(n + 10)}-01-01,20${String(n + 10)}-02-01)`),
};
