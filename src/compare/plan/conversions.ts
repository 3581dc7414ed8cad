import type { RowsHazard } from "#sql/effects/hazard.ts";
import { rowsHazard } from "./statement.ts";

/** What becomes of a column's values when its type changes. */
export interface Conversion {
  /** Values may be cut, rounded or reduced without an error. */
  readonly loses: boolean;
  /** What else can go wrong with values that are there. */
  readonly risk?: RowsHazard;
}

/**
 * What `USING column::type` does to values, by type names as format_type writes them. An explicit cast cuts a text to
 * length and rounds a number to scale without a word (manual, "Character Types", "Numeric Types"); a number that is too
 * large is an error. What is not known here counts as a loss. Pure.
 */
export function conversionOf(from: string, to: string): Conversion {
  if (from === to) return SAFE;
  if (from.endsWith("[]") && to.endsWith("[]")) return conversionOf(from.slice(0, -2), to.slice(0, -2));
  const a = parseType(from);
  const b = parseType(to);
  if (isText(b.base)) return textConversion(a, b);
  if (isText(a.base)) {
    // As it is.
    if (CITEXT.test(b.base)) return SAFE;
    if (TAKE_ANY_TEXT.has(b.base)) return LOSS;
    if (b.base === "jsonb") return { loses: false, risk: rowsHazard("json-text", { type: to }) };
    const loses = b.modifiers.length > 0 || TAKE_WHAT_THEY_CAN.has(b.base) || HSTORE.test(b.base);
    return { loses, risk: rowsHazard("unreadable", { type: to }) };
  }
  if ((INTEGERS.includes(a.base) || a.base === "numeric") && isNumber(b.base)) return numberConversion(a, b, to);
  if (a.base === "real" && b.base === "double precision") return SAFE;
  if (FLOATS.includes(a.base) && isNumber(b.base)) return { loses: true, risk: rowsHazard("too-large", { type: to }) };
  if (TIMES.includes(a.base) || a.base === "date") return timeConversion(a, b);
  if (WHOLE_OR_NOT_AT_ALL.has(b.base)) return { loses: false, risk: rowsHazard("unreadable", { type: to }) };
  if (a.base === "json" && b.base === "jsonb") return { loses: false, risk: rowsHazard("json-keys") };
  if (WHOLE.some(([source, target]) => source === a.base && target === b.base)) return SAFE;
  if (BITS.includes(a.base) && b.base === "bit varying") return bitConversion(a, b);
  if (a.base === "money" && b.base === "numeric") return moneyConversion(b, to);
  const reason = MAY_FAIL.find(([source, target]) => source.includes(a.base) && target.includes(b.base))?.[2];
  return reason === undefined ? LOSS : { loses: true, risk: rowsHazard(reason, { type: to }) };
}

/** Whether two types hold the same kind of values: both text, both numbers, both times. */
export function areAkin(from: string, to: string): boolean {
  const [a, b] = [parseType(from).base, parseType(to).base];
  return a === b || FAMILIES.some((family) => family.includes(a) && family.includes(b));
}

/**
 * Whether values that are different may become equal although nothing of them is lost: as texts, 'A' and 'a', '1' and '01' are; of
 * a day with 25 hours, two moments have one time of day. Pure.
 */
export function mergesValues(from: string, to: string): boolean {
  if (from.endsWith("[]") && to.endsWith("[]")) return mergesValues(from.slice(0, -2), to.slice(0, -2));
  const [a, b] = [parseType(from).base, parseType(to).base];
  if (isText(a)) return !isText(b) || (b === "character" && a !== b);
  return a === TIMES[1] && b === TIMES[0];
}

const SAFE: Conversion = { loses: false };
const LOSS: Conversion = { loses: true };

export interface TypeName {
  readonly base: string;
  readonly modifiers: readonly number[];
}

/** "timestamp(3) with time zone" -> "timestamp with time zone", [3]. Pure. */
export function parseType(name: string): TypeName {
  const modifiers = /\(([\d, -]+)\)/.exec(name);
  if (modifiers === null) return { base: name, modifiers: [] };
  return { base: name.replace(modifiers[0], ""), modifiers: modifiers[1]!.split(",").map(Number) };
}

const TEXTS: readonly string[] = ["text", "character varying", "character"];
/** From narrow to wide. */
const INTEGERS: readonly string[] = ["smallint", "integer", "bigint"];
const FLOATS: readonly string[] = ["real", "double precision"];
const DIGITS: Readonly<Record<string, number>> = { smallint: 5, integer: 10, bigint: 19 };
const TIMES: readonly string[] = ["timestamp without time zone", "timestamp with time zone"];

/** Casts under which every value stays what it is. */
const WHOLE: readonly (readonly [from: string, to: string])[] = [
  ["jsonb", "json"],
  ["boolean", "integer"],
  ["cidr", "inet"],
];

const BITS: readonly string[] = ["bit", "bit varying"];
/** Of the extension, in whatever schema. */
const CITEXT = /^(?:.*\.)?citext$/;
const HSTORE = /^(?:.*\.)?hstore$/;

/** Other casts that PostgreSQL has and that not every value goes through. */
const MAY_FAIL: readonly (readonly [from: readonly string[], to: readonly string[], RowsHazard["reason"]])[] = [
  [["jsonb"], [...INTEGERS, ...FLOATS, "numeric", "boolean"], "unreadable"],
  [[...INTEGERS, "numeric"], ["money", "oid", '"char"'], "too-large"],
  [["bit", "bit varying", "bytea"], INTEGERS, "too-large"],
  [["macaddr8"], ["macaddr"], "too-large"],
  [["path", "circle"], ["polygon"], "unreadable"],
];

/** Types that cut a text, whatever it is. */
const TAKE_ANY_TEXT: ReadonlySet<string> = new Set(["name", '"char"']);

/** Types that read a text in part, or in other words, and say nothing of the rest: a date has no time, and a time no seventh digit. */
const TAKE_WHAT_THEY_CAN: ReadonlySet<string> = new Set([
  "tsvector",
  "tsquery",
  "real",
  "double precision",
  "money",
  "date",
  "interval",
  "point",
  "line",
  "lseg",
  "box",
  "path",
  "polygon",
  "circle",
  ...["without", "with"].flatMap((zone) => [`time ${zone} time zone`, `timestamp ${zone} time zone`]),
]);

/** Types that have no part of a value: what another type writes as text is read as it is, or an error. */
const WHOLE_OR_NOT_AT_ALL: ReadonlySet<string> = new Set([
  "uuid",
  ...["int4", "int8", "num"].flatMap((numbers) => [`${numbers}range`, `${numbers}multirange`]),
]);

const FAMILIES: readonly (readonly string[])[] = [
  TEXTS,
  [...INTEGERS, "numeric", "real", "double precision"],
  [...TIMES, "date"],
];

function isNumber(base: string): boolean {
  return INTEGERS.includes(base) || FLOATS.includes(base) || base === "numeric";
}

function isText(base: string): boolean {
  return TEXTS.includes(base);
}

function textConversion(from: TypeName, to: TypeName): Conversion {
  const [limit] = to.modifiers;
  if (limit === undefined) return SAFE;
  const [length] = isText(from.base) ? from.modifiers : [];
  return length !== undefined && length <= limit ? SAFE : LOSS;
}

function bitConversion(from: TypeName, { modifiers: [limit] }: TypeName): Conversion {
  const [length] = from.modifiers;
  return limit === undefined || (length !== undefined && length <= limit) ? SAFE : LOSS;
}

function numberConversion(from: TypeName, to: TypeName, name: string): Conversion {
  const risk = rowsHazard("too-large", { type: name });
  const tooLarge = { loses: false, risk };
  if (INTEGERS.includes(to.base)) {
    if (from.base === "numeric") return { loses: from.modifiers[1] !== 0, risk };
    return INTEGERS.indexOf(to.base) >= INTEGERS.indexOf(from.base) ? SAFE : tooLarge;
  }
  // A double holds 15 decimal digits of every number.
  const isFloat = to.base === "double precision" || to.base === "real";
  if (isFloat && from.base === "numeric") return { loses: true, risk };
  if (to.base === "double precision") return from.base === "smallint" || from.base === "integer" ? SAFE : LOSS;
  if (to.base === "real") return from.base === "smallint" ? SAFE : LOSS;
  if (to.modifiers.length === 0) return SAFE;
  const [precision = 0, scale = 0] = to.modifiers;
  const [fromPrecision = DIGITS[from.base], fromScale = from.base === "numeric" ? undefined : 0] = from.modifiers;
  if (fromPrecision === undefined || fromScale === undefined) return { loses: true, risk };
  if (scale < fromScale) {
    // Rounding may take a digit more.
    return precision - scale > fromPrecision - fromScale ? LOSS : { loses: true, risk };
  }
  return precision - scale >= fromPrecision - fromScale ? SAFE : tooLarge;
}

/** How many of its 19 digits are behind the point is the database's: none to three (manual, "Monetary Types"). */
function moneyConversion({ modifiers: [precision, scale = 0] }: TypeName, name: string): Conversion {
  if (precision === undefined) return SAFE;
  const loses = scale < 3;
  return precision - scale < 19 ? { loses, risk: rowsHazard("too-large", { type: name }) } : { loses };
}

function timeConversion(from: TypeName, to: TypeName): Conversion {
  // A date or a time of day of an instant is one of some time zone.
  if (!TIMES.includes(to.base)) return from.base === TIMES[1] ? { ...LOSS, risk: rowsHazard("time-zone") } : LOSS;
  if ((to.modifiers[0] ?? 6) < (from.modifiers[0] ?? (from.base === "date" ? 0 : 6))) return LOSS;
  const changesZone = from.base !== to.base && !(from.base === "date" && to.base === TIMES[0]);
  return changesZone ? { loses: false, risk: rowsHazard("time-zone") } : SAFE;
}
