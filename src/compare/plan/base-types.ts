import type { ObjectId } from "../engine/object-id.ts";
import { parseQualifiedName, quoteQualified } from "#sql/quote.ts";
import type { Unmodelled, UnmodelledDifference } from "../catalogue/unmodelled.ts";
import { type PlannedStatement, statementOf } from "./statement.ts";
import { nameOf, objectWays, SHELL } from "./unmodelled-objects.ts";

/**
 * A plan with the base types that differ. Such a type and the functions that read and write it need each other: first
 * comes its name alone, then they, then the type; and it takes them along when it goes (manual, CREATE TYPE). Pure.
 */
export function withBaseTypes(
  planned: readonly PlannedStatement[],
  differences: readonly UnmodelledDifference[],
  builder: string | undefined,
): PlannedStatement[] {
  const shells: string[] = [];
  const types: string[] = [];
  const gone: string[] = [];
  const made = new Set<string>();
  const removed = new Set<string>();
  for (const { from: before, to: after } of differences) {
    if (before !== undefined && (after === undefined || after.definition === SHELL)) {
      gone.push(`DROP ${nameOf(before)}`, ...(after === undefined ? [] : [`CREATE ${nameOf(after)}`]));
      for (const name of functionsOf(before)) removed.add(quoteQualified(name.schema, name.name));
    } else if (before === undefined || before.definition === SHELL) {
      // One that others may use is not made anew.
      if (before === undefined) shells.push(`CREATE ${nameOf(after!)}`);
      if (after!.definition === SHELL) continue;
      types.push(...(objectWays(after!, builder)?.create ?? []));
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
    ...types.map(statementOf),
    ...others.slice(at),
    ...gone.map(statementOf),
  ];
}

/** What a type's name and its functions may need. */
const FOUNDATIONS: ReadonlySet<ObjectId["kind"]> = new Set(["schema", "extension", "acl", "comment"]);

/** Those that read and write a base type; those of pg_catalog, which stand there without a schema, are nobody's. */
export function functionsOf({ definition }: Unmodelled): { readonly schema: string; readonly name: string }[] {
  const functions = definition.matchAll(
    /\b(?:INPUT|OUTPUT|RECEIVE|SEND|TYPMOD_IN|TYPMOD_OUT|ANALYZE|SUBSCRIPT) = ((?:\w+|"(?:[^"]|"")+")\.(?:\w+|"(?:[^"]|"")+"))/g,
  );
  return [...functions].flatMap(([, text = ""]) => {
    const { schema, name } = parseQualifiedName(text) ?? {};
    return schema === undefined || name === undefined ? [] : [{ schema, name }];
  });
}
