import type { RowsHazard } from "#sql/effects/hazard.ts";
import type { Fact, Facts } from "../engine/facts.ts";
import type { ObjectId } from "../engine/object-id.ts";
import { textOf } from "../engine/lookups.ts";
import { highestOf, type SequenceOptions } from "../engine/sequence-options.ts";
import { rowsHazard } from "./statement.ts";

/** Below this an identity has fewer numbers than an integer that counts from 1. */
const MANY = 2_147_483_647n;

/** What rows that are there do to a new identity, which numbers each of them. Pure. */
export function fewNumbersHazard(column: Fact): RowsHazard | undefined {
  const options = optionsOf(column);
  if (options === undefined || options.cycle) return undefined;
  const { start, step, min, max } = numbersOf(options);
  const count = (step > 0n ? max - start : start - min) / (step > 0n ? step : -step) + 1n;
  return count < MANY ? rowsHazard("few-numbers", { count: Number(count) }) : undefined;
}

/**
 * What the next number of a sequence, or of an identity, does to narrower bounds: PostgreSQL refuses those that it lies outside of.
 * Pure.
 */
export function boundsHazard(id: ObjectId, sql: string, from: Facts, to: Facts): RowsHazard | undefined {
  if (!/ (?:MIN|MAX)VALUE /.test(sql) || / RESTART\b/.test(sql)) return undefined;
  const [old, next] = [optionsOf(from.get(id)), optionsOf(to.get(id))];
  if (old === undefined || next === undefined) return undefined;
  const [before, after] = [numbersOf(old), numbersOf(next)];
  const isNarrower = after.min > before.min || after.max < before.max;
  return isNarrower ? rowsHazard("outside-bounds", { bounds: [next.minValue, next.maxValue] }) : undefined;
}

/**
 * Whether a statement raises an identity's bound to that of its column's new type: a bound that was the old type's goes with it
 * (manual, ALTER SEQUENCE, "AS"). Pure.
 */
export function boundFollowsType(id: ObjectId, sql: string, from: Facts, to: Facts): boolean {
  const [old, next] = [optionsOf(from.get(id)), optionsOf(to.get(id))];
  if (id.kind !== "column" || old === undefined || next === undefined || next.increment.startsWith("-")) return false;
  if (!/ SET MAXVALUE \d+$/.test(sql) || !Bun.deepEquals({ ...old, maxValue: next.maxValue }, next)) return false;
  const [was, is] = [from, to].map((facts) => highestOf(textOf(facts, id, "type") ?? ""));
  return old.maxValue === was && next.maxValue === is && BigInt(is) > BigInt(was);
}

/** Of a sequence, or of an identity. Pure. */
export function optionsOf(fact: Fact | undefined): SequenceOptions | undefined {
  if (fact?.id.kind === "sequence") return fact.payload as unknown as SequenceOptions;
  const identity = fact?.payload["identity"] as { readonly options?: SequenceOptions | null } | null | undefined;
  return identity?.options ?? undefined;
}

function numbersOf({ start, increment, minValue, maxValue }: SequenceOptions): {
  readonly start: bigint;
  readonly step: bigint;
  readonly min: bigint;
  readonly max: bigint;
} {
  return { start: BigInt(start), step: BigInt(increment), min: BigInt(minValue), max: BigInt(maxValue) };
}
