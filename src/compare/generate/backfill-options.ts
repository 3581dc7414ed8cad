import { writeIdentifier } from "#sql/quote.ts";
import type { Facts } from "../engine/facts.ts";

/** What stands in the marker of a backfill of a table (docs/formats.md, "Backfills"). Pure. */
export function backfillOptions(facts: Facts, schema: string, table: string): string {
  const parts = facts.childrenOf({ kind: "table", schema, name: table });
  const hasKey = parts.some(({ id, payload }) => id.kind === "constraint" && payload["type"] === "p");
  return [
    `backfill:${writeIdentifier(schema)}.${writeIdentifier(table)}`,
    ...(hasKey ? [] : ["key:ctid"]),
    ...(parts.some(({ id }) => id.kind === "trigger") ? ["triggers:on"] : []),
  ].join(" ");
}
