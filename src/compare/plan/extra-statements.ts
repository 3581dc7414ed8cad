import { quoteIdentifier, quoteLiteral } from "#sql/quote.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";
import { changesOwner, isDefinedAlike, kindOf } from "../catalogue/extras.ts";
import type { Extra, KindStatement } from "../kinds/kind.ts";
import { type PlannedStatement, statementOf } from "./statement.ts";

/** What an object is called in DROP and COMMENT ON; undefined for a property. Pure. */
export function nameOf(extra: Extra): string | undefined {
  return kindOf(extra).statements?.name?.(extra);
}

/**
 * Makes an object with its comment, for its owner, or sets a property. Pure.
 * @param before what is there until then
 */
export function creationOf(extra: Extra, side: Catalogue, before: Catalogue): PlannedStatement[] {
  const { comment, owner } = extra;
  const name = nameOf(extra);
  const rest =
    name === undefined
      ? []
      : [
          ...(comment === undefined ? [] : [commentOn(name, comment)]),
          ...(owner === undefined || owner === side.builder
            ? []
            : [`ALTER ${name} OWNER TO ${quoteIdentifier(owner)}`]),
        ];
  return [...(kindOf(extra).statements?.create(extra, side, before) ?? []), ...rest].map(plannedOf);
}

/** Gives a property its default again. Pure. */
export function resetOf(extra: Extra, side: Catalogue): PlannedStatement[] {
  return (kindOf(extra).statements?.reset?.(extra, side) ?? []).map(plannedOf);
}

/** Changes an object, or drops it and makes it anew where there is no other way; sets a property. Pure. */
export function changeOf(before: Extra, after: Extra, from: Catalogue, to: Catalogue): PlannedStatement[] {
  const { statements } = kindOf(after);
  const name = nameOf(after);
  const changed = isDefinedAlike(before, after) ? [] : statements?.change?.(before, after, to);
  if (changed === undefined) {
    const created = creationOf(after, to, from);
    return name === undefined ? created : [statementOf(`DROP ${name}`), ...created];
  }
  const owner = after.owner === to.builder ? "CURRENT_USER" : quoteIdentifier(after.owner ?? "");
  return [
    ...changed.map(plannedOf),
    ...(name === undefined || before.comment === after.comment ? [] : [statementOf(commentOn(name, after.comment))]),
    ...(name === undefined || !changesOwner(before, after) ? [] : [statementOf(`ALTER ${name} OWNER TO ${owner}`)]),
  ];
}

function commentOn(name: string, comment: string | undefined): string {
  return `COMMENT ON ${name} IS ${comment === undefined ? "NULL" : quoteLiteral(comment).trim()}`;
}

/** Pure. */
export function plannedOf(statement: KindStatement): PlannedStatement {
  return typeof statement === "string"
    ? statementOf(statement)
    : { ...statementOf(statement.sql), rows: statement.rows };
}
