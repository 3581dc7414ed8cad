import type { Facts } from "../engine/facts.ts";
import { encodeId, type ObjectId } from "../engine/object-id.ts";
import { tablesAbove, textOf } from "../engine/lookups.ts";
import type { PlannedStatement } from "./statement.ts";

/**
 * A partition that is partitioned itself comes after the columns of its parents have their types: PostgreSQL changes none that is in a
 * key of a partition below. What is about it follows it. Pure.
 */
export function keyedPartitionsLast(statements: readonly PlannedStatement[], to: Facts): PlannedStatement[] {
  const result = [...statements];
  for (const statement of statements) {
    const [made] = statement.makes;
    if (made?.kind !== "table" || textOf(to, made, "partitionKey") === undefined) continue;
    const above = new Set(tablesAbove(made, to).map(encodeId));
    const start = result.indexOf(statement);
    const last = result.findLastIndex((other) => / ALTER COLUMN .* TYPE /s.test(other.sql) && isAbout(other, above));
    if (last < start) continue;
    const moved = new Set([encodeId(made)]);
    const behind = result.slice(start, last + 1).filter((other) => {
      if (!isAbout(other, moved)) return false;
      for (const id of other.makes) if (id.kind === "table") moved.add(encodeId(id));
      return true;
    });
    result.splice(last + 1, 0, ...behind);
    for (const other of behind) result.splice(result.indexOf(other), 1);
  }
  return result;
}

/** Whether a statement is about one of these tables, or about something on it. */
function isAbout({ makes, removes, needs }: PlannedStatement, tables: ReadonlySet<string>): boolean {
  return [...makes, ...removes, ...needs].some((id) => tables.has(encodeId(tableOf(id))));
}

function tableOf(id: ObjectId): ObjectId {
  if ("target" in id) return tableOf(id.target);
  return "schema" in id && "table" in id && id.schema !== null
    ? { kind: "table", schema: id.schema, name: id.table }
    : id;
}
