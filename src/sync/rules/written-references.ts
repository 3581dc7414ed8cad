import type { SourceColumn, SourceTable } from "../source/catalogue.ts";
import { columnReference, shownTable } from "./names.ts";
import { isNamedAs, isOfType, namesFor } from "./naming.ts";
import { endOf, type Reference } from "./references.ts";
import type { Problem } from "./rules.ts";
import { yamlPath } from "./yaml-key.ts";

/** References of the rules that stand there twice, or whose columns most likely stand in different orders at their two ends. */
export function writtenReferenceProblems(references: readonly Reference[]): Problem[] {
  const real = references.filter(({ virtual }) => !virtual);
  const seen = new Set<string>();
  return references.flatMap((reference): Problem[] => {
    const { from, fromColumns, places = [] } = reference;
    const [place] = places;
    if (place === undefined) return [];
    const about = { table: shownTable(from) };
    const meaning = meaningOf(reference);
    if (seen.has(meaning)) {
      const message = `The reference of ${shownEnd(reference)} to ${shownTable(reference.to)} stands there twice`;
      return [{ rule: "duplicate-rule", message, fix: "Remove one of the two", place, ...about }];
    }
    seen.add(meaning);
    const right = uncrossed(reference, real);
    if (right === undefined) return [];
    const at = right.findIndex((key, i) => key !== reference.toColumns[i]);
    const message = `${shownTable(from)}.${fromColumns[at]!.name} would refer to ${columnReference(reference.to, reference.toColumns[at]!)}, and most likely means ${columnReference(reference.to, right[at]!)}: columns at the two ends are in different orders, so other rows would be copied than those that belong together`;
    const to = right.map((key) => yamlPath(columnReference(reference.to, key))).join(", ");
    return [{ rule: "crossed-reference", message, fix: `Write \`to: [${to}]\``, place: places[at]!, ...about }];
  });
}

/**
 * The column by which `follow` names a reference and, where one is, no other: one that both tables have under one name, such as a
 * tenant's, is most likely shared.
 */
export function followColumn(reference: Reference, references: readonly Reference[]): SourceColumn {
  const { from, fromColumns, toColumns } = reference;
  const others = references.filter((other) => other !== reference && other.from === from);
  const own = fromColumns.filter((column) => !others.some((other) => other.fromColumns.includes(column)));
  const some = own.length === 0 ? fromColumns : own;
  return some.findLast((column) => column.name !== toColumns[fromColumns.indexOf(column)]!.name) ?? some.at(-1)!;
}

/** The column of a reference that may be NULL, so that a row refers to nothing; rather one that is not shared, as above. */
export function emptiableColumn({ fromColumns, toColumns }: Reference): SourceColumn | undefined {
  const free = fromColumns.filter(({ notNull, generated }) => !notNull && !generated);
  return free.findLast((column) => column.name !== toColumns[fromColumns.indexOf(column)]!.name) ?? free.at(-1);
}

/** The columns by which a table refers, for people: "events.user_id", "events (tenant_id, user_id)". */
export function shownEnd({ from, fromColumns }: Pick<Reference, "from" | "fromColumns">): string {
  const [only, ...others] = fromColumns;
  if (others.length === 0) return columnReference(from, only!);
  return `${shownTable(from)} (${fromColumns.map(({ name }) => name).join(", ")})`;
}

/** The same for references that say the same, in whatever order their pairs are. */
function meaningOf({ from, to, fromColumns, toColumns, where }: Reference): string {
  const pairs = fromColumns.map((column, at) => [column.number, toColumns[at]!.number]);
  return JSON.stringify([from.oid, to.oid, pairs.toSorted(([a = 0], [b = 0]) => a - b), where?.text.trim()]);
}

/** The other columns in the order in which they go with the first ones; undefined where they are as likely as they stand. */
function uncrossed(reference: Reference, real: readonly Reference[]): readonly SourceColumn[] | undefined {
  const { from, to, fromColumns, toColumns } = reference;
  // With itself, only an order that looks crossed says anything: in the other one, a row would refer to itself.
  if (from === to) return undefined;
  const keys = [...toColumns];
  const fit = (at: number, key: SourceColumn): number => fitOf({ from, column: fromColumns[at]! }, { to, key }, real);
  let isCrossed = false;
  for (let [i, swapped] = [0, false]; i < keys.length; i = swapped ? 0 : i + 1) {
    const own = keys[i]!;
    const other = keys.findIndex((key, j) => j > i && fit(i, key) + fit(j, own) > fit(i, own) + fit(j, key));
    swapped = other >= 0;
    if (!swapped) continue;
    [keys[i], keys[other]] = [keys[other]!, own];
    isCrossed = true;
  }
  return isCrossed ? keys : undefined;
}

/** How much says that one column refers to another: what both refer to in the end, then their names, then their types. */
function fitOf(
  { from, column }: { readonly from: SourceTable; readonly column: SourceColumn },
  { to, key }: { readonly to: SourceTable; readonly key: SourceColumn },
  real: readonly Reference[],
): number {
  const isOfSame = endOf(real, { table: from, column }).column === endOf(real, { table: to, column: key }).column;
  const isNamed = isNamedAs(column, namesFor(to, key, true)) || isNamedAs(key, namesFor(from, column, true));
  return (isOfSame ? 8 : 0) + (isNamed ? 4 : 0) + (isOfType(column, key) ? 1 : 0);
}
