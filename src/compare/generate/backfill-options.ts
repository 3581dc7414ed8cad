import type { RowsHazard } from "#sql/effects/hazard.ts";
import { writeIdentifier } from "#sql/quote.ts";
import { textOf } from "../engine/lookups.ts";
import type { Facts } from "../engine/facts.ts";
import { rowsHazard } from "../plan/statement.ts";

/** What stands in the marker of a backfill of a table (docs/formats.md, "Backfills"). Pure. */
export function backfillOptions(facts: Facts, schema: string, table: string): string {
  const parts = facts.childrenOf({ kind: "table", schema, name: table });
  const hasKey = parts.some(({ id, payload }) => id.kind === "constraint" && payload["type"] === "p");
  return [
    `backfill:${writeIdentifier(schema)}.${writeIdentifier(table)}`,
    ...(hasKey ? [] : ["key:ctid"]),
    ...(firingTrigger(facts, schema, table) === undefined ? [] : ["triggers:on"]),
  ].join(" ");
}

/** What a backfill does to the rows of a table. Pure. */
export function filledHazard(facts: Facts, schema: string, table: string): RowsHazard {
  const trigger = firingTrigger(facts, schema, table);
  return trigger === undefined ? rowsHazard("filled") : rowsHazard("filled-with-trigger", { trigger });
}

/** As pg_get_triggerdef writes one that fires on every UPDATE. A list of columns (UPDATE OF) has none that is new. */
const ON_UPDATE =
  /^CREATE (?:CONSTRAINT )?TRIGGER (?:[\w$]+|"(?:[^"]|"")+") (?:BEFORE|AFTER) (?:(?:INSERT|DELETE) OR )*UPDATE(?! OF )/;

/** The first trigger of the user's that fires for each row that a backfill changes. */
function firingTrigger(facts: Facts, schema: string, table: string): string | undefined {
  for (const { id } of facts.childrenOf({ kind: "table", schema, name: table })) {
    if (id.kind === "trigger" && ON_UPDATE.test(textOf(facts, id, "def") ?? "")) return id.name;
  }
  return undefined;
}
