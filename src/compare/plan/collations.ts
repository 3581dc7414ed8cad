import type { Facts } from "../engine/facts.ts";
import type { ObjectId } from "../engine/object-id.ts";
import type { Action } from "../engine/actions.ts";
import { textOf, withPayloads } from "../engine/lookups.ts";

/**
 * The planner makes a column anew to give it another collation. PostgreSQL changes it together with the type, and keeps the
 * values (manual, ALTER TABLE, "SET DATA TYPE"). So that the planner writes that statement, the type is to differ too. Pure.
 */
export function collationsAsTypes(from: Facts, to: Facts): Facts {
  return withPayloads(
    from,
    ({ id }) => changesCollation(id, from, to),
    ({ id }) => ({
      collation: to.get(id)?.payload["collation"] ?? null,
      type: `${textOf(from, id, "type")} COLLATE ${textOf(from, id, "collation") ?? "default"}`,
    }),
  );
}

/** The statement that changes a type, with the collation that the column is to have. Pure. */
export function withCollation(action: Action, from: Facts, to: Facts): Action {
  const [changed] = action.consumes;
  const collation = changed === undefined ? undefined : textOf(to, changed, "collation");
  if (changed === undefined || !from.has(changed) || !/ TYPE /.test(action.sql)) return action;
  const type = textOf(to, changed, "type") ?? "";
  const written = ` TYPE ${type}`;
  const start = action.sql.indexOf(written);
  const rest = action.sql.slice(start + written.length);
  if (start < 0 || (!rest.startsWith(" USING ") && rest !== "" && rest !== " CASCADE")) return action;
  const isOnlyCollation = textOf(from, changed, "type") === type && changesCollation(changed, from, to);
  const conversion = isOnlyCollation && rest.startsWith(" USING ") ? "" : rest;
  const collate = collation === undefined ? "" : ` COLLATE ${collation}`;
  return { ...action, sql: `${action.sql.slice(0, start)}${written}${collate}${conversion}` };
}

/** A default is taken away and set again around a change of type, which a change of collation alone does not need. Pure. */
export function isDefaultAround({ sql, verb, consumes: [column] }: Action, from: Facts, to: Facts): boolean {
  if (verb !== "alter" || column?.kind !== "column" || !/ (?:DROP|SET) DEFAULT\b/.test(sql)) return false;
  const isSame = textOf(from, column, "type") === textOf(to, column, "type");
  const [before, after] = [from, to].map((facts) => textOf(facts, { ...column, kind: "default" }, "expr"));
  return isSame && before === after && changesCollation(column, from, to);
}

function changesCollation(id: ObjectId, from: Facts, to: Facts): boolean {
  if ((id.kind !== "column" && id.kind !== "typeAttribute") || !to.has(id)) return false;
  return textOf(from, id, "collation") !== textOf(to, id, "collation");
}
