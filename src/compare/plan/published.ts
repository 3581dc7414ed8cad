import type { RowsHazard } from "#sql/effects/hazard.ts";
import type { Facts } from "../engine/facts.ts";
import type { ObjectId } from "../engine/object-id.ts";
import { rowsHazard } from "./statement.ts";

/**
 * What a new column of a table does to its subscribers, which look for every column that the table has; undefined where it is in no
 * publication, or in one with a list of columns. Pure.
 */
export function publishedHazard(facts: Facts, schema: string, table: string): RowsHazard | undefined {
  const own: ObjectId = { kind: "table", schema, name: table };
  const publications = facts.facts().flatMap(({ id, payload }) => {
    if (id.kind !== "publication") return [];
    const { name } = id;
    const rel = facts.get({ kind: "publicationRel", publication: name, schema, table });
    const isWhole =
      (payload["allTables"] === true && facts.get(own)?.payload["persistence"] === "p") ||
      facts.has({ kind: "publicationSchema", publication: name, schema }) ||
      (rel !== undefined && (rel.payload["columns"] ?? null) === null);
    return isWhole ? [name] : [];
  });
  return publications.length === 0 ? undefined : rowsHazard("published", { publications });
}
