import type { Action } from "../engine/actions.ts";
import type { Facts } from "../engine/facts.ts";
import { encodeId, type ObjectId } from "../engine/object-id.ts";

/** Puts foreign keys into the statements that make their tables, where all that they refer to is there by then. Pure. */
export function withForeignKeysInside(actions: readonly Action[], to: Facts): Action[] {
  const madeAt = new Map(
    actions.flatMap(({ produces }, index) => produces.map((id) => [encodeId(id), index] as const)),
  );
  const result: (Action | undefined)[] = [...actions];
  for (const [index, action] of actions.entries()) {
    const clause = foreignKeyIn(action);
    const [made] = action.produces;
    if (clause === undefined || made?.kind !== "constraint") continue;
    const at = madeAt.get(encodeId({ kind: "table", schema: made.schema, name: made.table } satisfies ObjectId));
    const table = at === undefined ? undefined : result[at];
    if (at === undefined || table === undefined || !TAKES_IN.test(table.sql) || HAS_MORE.test(table.sql)) continue;
    const needs = [...action.consumes, ...to.outgoingEdges(made).map((edge) => edge.to)];
    if (needs.some((id) => (madeAt.get(encodeId(id)) ?? -1) > at)) continue;
    result[at] = {
      ...table,
      sql: `${table.sql.slice(0, -1)}, ${clause})`,
      produces: [...table.produces, ...action.produces],
      consumes: [...table.consumes, ...action.consumes],
    };
    result[index] = undefined;
  }
  return result.filter((action) => action !== undefined);
}

/** `CONSTRAINT name FOREIGN KEY ...` of an action that adds one, valid at once. */
function foreignKeyIn({ verb, sql, newSegmentBefore }: Action): string | undefined {
  if (verb !== "create" || newSegmentBefore || sql.endsWith(" NOT VALID")) return undefined;
  return /^ALTER TABLE (?:"(?:[^"]|"")*"\.?)+ ADD (CONSTRAINT "(?:[^"]|"")*" FOREIGN KEY .*)$/s.exec(sql)?.[1];
}

const TAKES_IN = /^CREATE (UNLOGGED )?TABLE (?:"(?:[^"]|"")*"\.?)+ \(.+\)$/s;
/** What can stand behind the list of columns. */
const HAS_MORE = /\) (PARTITION BY|INHERITS|USING|WITH|WITHOUT|TABLESPACE) /;
