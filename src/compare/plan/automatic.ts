import type { Facts } from "../engine/facts.ts";
import { rowsHazard } from "./statement.ts";
import { conversionBetween } from "./composites.ts";
import { areAkin, type Conversion, parseType } from "./conversions.ts";
import { underlying } from "./domains.ts";
import { NAME } from "./key-definition.ts";

/**
 * A change of a column's type without its `USING column::type`, where PostgreSQL converts values by itself. An explicit cast would cut
 * what is too long without a word; by itself, PostgreSQL refuses it (manual, "Character Types"). Pure.
 */
export function withoutUsing(sql: string, before: string, from: Facts, after: string, to: Facts): string {
  const using = USING.exec(sql);
  return using?.[1] === after && isAutomatic(before, from, after, to) ? sql.slice(0, using.index) : sql;
}

const USING = new RegExp(` USING ${NAME}::(.+)$`, "s");

/** What becomes of a column's values when its type changes, in the form of `withoutUsing`. Pure. */
export function columnConversion(before: string, from: Facts, after: string, to: Facts): Conversion {
  const conversion = conversionBetween(before, from, after, to);
  const isChecked = CHECKED.has(parseType(elementOf(underlying(after, to))).base);
  if (!conversion.loses || !isChecked || !isAutomatic(before, from, after, to)) return conversion;
  const { base } = parseType(elementOf(underlying(after, to)));
  // "character" fills with blanks what it reads, so that none of them count.
  const reason = base === "character varying" ? "too-long" : "too-large";
  return { loses: false, risk: conversion.risk ?? rowsHazard(reason, { type: after }) };
}

/** Types whose values PostgreSQL only cuts when it is told to. */
const CHECKED: ReadonlySet<string> = new Set(["character varying", "character", "bit", "bit varying"]);

/** Whether PostgreSQL has an implicit cast or one for assignments (pg_cast.castcontext), the same in all of its versions. */
function isAutomatic(before: string, from: Facts, after: string, to: Facts): boolean {
  const [held, wanted] = [underlying(before, from), underlying(after, to)];
  const isArray = held.endsWith("[]");
  if (isArray !== wanted.endsWith("[]") || (isArray && (held !== before || wanted !== after))) return false;
  const [one, other] = [elementOf(held), elementOf(wanted)];
  const [a, b] = [parseType(one), parseType(other)];
  // A longer one would be refused; the cast fills it up.
  if (b.base === "bit" && (a.base !== "bit" || (a.modifiers[0] ?? 1) < (b.modifiers[0] ?? 1))) return false;
  // Of other types than its own, somebody may have said how they are written as text.
  if (one.includes(".") || other.includes(".")) return false;
  return TEXTS.has(b.base) || areAkin(one, other) || PAIRS.some(([x, y]) => x === a.base && y === b.base);
}

function elementOf(type: string): string {
  return type.replace(/\[\]$/, "");
}

const TEXTS: ReadonlySet<string> = new Set(["text", "character varying", "character"]);

const PAIRS: readonly (readonly [from: string, to: string])[] = [
  ["json", "jsonb"],
  ["jsonb", "json"],
  ["bit", "bit varying"],
  ["inet", "cidr"],
  ["cidr", "inet"],
  ["money", "numeric"],
  ["integer", "money"],
  ["bigint", "money"],
  ["numeric", "money"],
  ["macaddr", "macaddr8"],
  ["macaddr8", "macaddr"],
];
