import type { Facts } from "../engine/facts.ts";
import { textOf } from "../engine/lookups.ts";
import type { ObjectId } from "../engine/object-id.ts";
import type { Relation } from "../kinds/kind.ts";
import { type SequenceOptions, sequenceOptions } from "../engine/sequence-options.ts";

interface Identity {
  readonly generation: string;
  readonly sequence: { readonly schema: string; readonly name: string } | null;
  readonly options: SequenceOptions | null;
}

/** A property as people read it: an identity as it is declared, parents by name; all others are texts, numbers and lists. Pure. */
export function propertyInWords(facts: Facts, id: ObjectId, property: string, value: unknown): unknown {
  if (property === "parents" && id.kind === "foreignTable" && Array.isArray(value)) {
    return (value as Relation[]).map(({ schema, name }) => `${schema}.${name}`);
  }
  if (property !== "identity" || id.kind !== "column" || typeof value !== "object" || value === null) return value;
  const { generation, sequence, options } = value as Identity;
  const isNamed = sequence !== null && sequence.name !== `${id.table}_${id.name}_seq`;
  const more = [
    ...(isNamed ? [`SEQUENCE NAME ${sequence.schema}.${sequence.name}`] : []),
    ...(options === null ? [] : sequenceOptions(textOf(facts, id, "type") ?? "", options)),
  ];
  const words = `GENERATED ${generation === "a" ? "ALWAYS" : "BY DEFAULT"} AS IDENTITY`;
  return more.length === 0 ? words : `${words} (${more.join(" ")})`;
}
