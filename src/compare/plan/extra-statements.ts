import { quoteIdentifier } from "#sql/quote.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";
import { changesOwner, kindOf } from "../catalogue/extras.ts";
import { commentOn } from "../kinds/comments.ts";
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
          ...(owner === undefined || owner === side.builder ? [] : [ownerOf(name, extra, side)]),
        ];
  return [...(kindOf(extra).statements?.create(extra, side, before) ?? []), ...rest].map(plannedOf);
}

/** Gives a property its default again. Pure. */
export function resetOf(extra: Extra, side: Catalogue): PlannedStatement[] {
  return (kindOf(extra).statements?.reset?.(extra, side) ?? []).map(plannedOf);
}

/** Sets a property otherwise. Pure. */
export function changeOf(before: Extra, after: Extra, from: Catalogue, to: Catalogue): PlannedStatement[] {
  const changed = kindOf(after).statements?.change?.(before, after, to);
  return changed === undefined ? creationOf(after, to, from) : changed.map(plannedOf);
}

/** What changes about an object but its definition. Pure. */
export function belongingsChange(before: Extra, after: Extra, to: Catalogue): PlannedStatement[] {
  const name = nameOf(after)!;
  return [
    ...(before.comment === after.comment ? [] : [commentOn(name, after.comment)]),
    ...(changesOwner(before, after) ? [ownerOf(name, after, to)] : []),
  ].map(statementOf);
}

/** Pure. */
export function ownerOf(name: string, { owner = "" }: Extra, { builder }: Catalogue): string {
  return `ALTER ${name} OWNER TO ${owner === builder ? "CURRENT_USER" : quoteIdentifier(owner)}`;
}

/** Pure. */
export function plannedOf(statement: KindStatement): PlannedStatement {
  return typeof statement === "string" ? statementOf(statement) : { ...statementOf(statement.sql), ...statement };
}
