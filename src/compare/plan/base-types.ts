import type { ObjectId } from "../engine/object-id.ts";
import { quoteQualified } from "#sql/quote.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";
import { type ExtraDifference, isDefinedAlike } from "../catalogue/extras.ts";
import { functionsOf, isShell } from "../kinds/base-type.ts";
import { belongingsChange, creationOf, nameOf } from "./extra-statements.ts";
import { type PlannedStatement, statementOf } from "./statement.ts";

/**
 * A plan with the base types that differ. Such a type and the functions that read and write it need each other: first
 * comes its name alone, then they, then the type; and it takes them along when it goes (manual, CREATE TYPE). Pure.
 */
export function withBaseTypes(
  planned: readonly PlannedStatement[],
  differences: readonly ExtraDifference[],
  from: Catalogue,
  to: Catalogue,
): PlannedStatement[] {
  const shells: string[] = [];
  const types: PlannedStatement[] = [];
  const gone: string[] = [];
  const made = new Set<string>();
  const removed = new Set<string>();
  const belongings: PlannedStatement[] = [];
  for (const { from: before, to: after } of differences) {
    if (before !== undefined && after !== undefined && isDefinedAlike(before, after)) {
      belongings.push(...belongingsChange(before, after, to));
      continue;
    }
    if (before !== undefined && (after === undefined || isShell(after))) {
      gone.push(`DROP ${nameOf(before)}`, ...(after === undefined ? [] : [`CREATE ${nameOf(after)}`]));
      for (const name of functionsOf(before)) removed.add(quoteQualified(name.schema, name.name));
    } else if (before === undefined || isShell(before)) {
      // One that others may use is not made anew.
      if (before === undefined) shells.push(`CREATE ${nameOf(after!)}`);
      if (isShell(after!)) continue;
      types.push(...creationOf(after!, to, from));
      for (const name of functionsOf(after!)) made.add(quoteQualified(name.schema, name.name));
    }
  }
  const isOne = (names: ReadonlySet<string>, ids: readonly ObjectId[]): boolean =>
    ids.some((id) => id.kind === "function" && names.has(quoteQualified(id.schema, id.name)));
  const rest = planned.filter(({ removes }) => !isOne(removed, removes));
  const functions = rest.filter(({ makes }) => isOne(made, makes));
  const others = rest.filter(({ makes }) => !isOne(made, makes));
  const start = others.findIndex(({ makes: [id] }) => id !== undefined && !FOUNDATIONS.has(id.kind));
  const at = start < 0 ? others.length : start;
  return [
    ...others.slice(0, at),
    ...shells.map(statementOf),
    ...functions,
    ...types,
    ...others.slice(at),
    ...gone.map(statementOf),
    ...belongings,
  ];
}

/** What a type's name and its functions may need. */
const FOUNDATIONS: ReadonlySet<ObjectId["kind"]> = new Set(["schema", "extension", "acl", "comment"]);
