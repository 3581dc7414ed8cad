import type { SourceColumn, SourceTable } from "../source/catalogue.ts";
import { columnReference, shownTable } from "./names.ts";
import { isNamedAfter, isNamedAs, isOfType, namesFor } from "./naming.ts";
import { endOf, type Reference } from "./references.ts";
import type { Problem } from "./rules.ts";
import { yamlPath } from "./yaml-key.ts";

/**
 * References of the rules that stand there twice, or whose columns most likely stand in different orders at their two ends. Where nothing
 * but equal names says so, it may be meant, so that it is a warning: edges may be looked up the other way round.
 * @param tenant the column of the rules' tenant
 */
export function writtenReferenceFaults(
  references: readonly Reference[],
  tenant: string | undefined,
): { readonly problems: readonly Problem[]; readonly warnings: readonly string[] } {
  const real = references.filter(({ virtual }) => !virtual);
  const seen = new Set<string>();
  const warnings = new Set<string>();
  const problems = references.flatMap((reference): Problem[] => {
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
    const crossed = uncrossed(reference, { real, tenant });
    if (crossed === undefined) return [];
    const { right, isSure } = crossed;
    const at = right.findIndex((key, i) => key !== reference.toColumns[i]);
    const message = `${shownTable(from)}.${fromColumns[at]!.name} would refer to ${columnReference(reference.to, reference.toColumns[at]!)}, and most likely means ${columnReference(reference.to, right[at]!)}: columns at the two ends are in different orders, so other rows would be copied than those that belong together`;
    const to = right.map((key) => yamlPath(columnReference(reference.to, key))).join(", ");
    const fix = `to: [${to}]`;
    if (isSure) return [{ rule: "crossed-reference", message, fix: `Write \`${fix}\``, place: places[at]!, ...about }];
    const { file, line } = places[at]!.file.location(places[at]!.offset);
    warnings.add(`${file}:${line}: ${message}. Unless that is meant, write \`${fix}\``);
    return [];
  });
  return { problems, warnings: [...warnings] };
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

interface Known {
  /** Foreign keys. */
  readonly real: readonly Reference[];
  readonly tenant: string | undefined;
}

/** The other columns in the order in which they go with the first ones; undefined where they are as likely as they stand. */
function uncrossed(
  reference: Reference,
  known: Known,
): { readonly right: readonly SourceColumn[]; readonly isSure: boolean } | undefined {
  const { from, to, fromColumns, toColumns } = reference;
  // With itself, only an order that looks crossed says anything: in the other one, a row would refer to itself.
  if (from === to) return undefined;
  const keys = [...toColumns];
  const of = (at: number, key: SourceColumn): Fit => fitOf({ from, column: fromColumns[at]! }, { to, key }, known);
  const fit = (at: number, key: SourceColumn): number => of(at, key).all;
  let isCrossed = false;
  for (let [i, swapped] = [0, false]; i < keys.length; i = swapped ? 0 : i + 1) {
    const own = keys[i]!;
    const other = keys.findIndex((key, j) => j > i && fit(i, key) + fit(j, own) > fit(i, own) + fit(j, key));
    swapped = other >= 0;
    if (!swapped) continue;
    [keys[i], keys[other]] = [keys[other]!, own];
    isCrossed = true;
  }
  const sure = (all: readonly SourceColumn[]): number => all.reduce((sum, key, at) => sum + of(at, key).sure, 0);
  return isCrossed ? { right: keys, isSure: sure(keys) > sure(toColumns) } : undefined;
}

interface Fit {
  readonly all: number;
  /** Of that, what more than equal names says. */
  readonly sure: number;
}

/** How much says that one column refers to another: the tenant, what both refer to in the end, then their names, then their types. */
function fitOf(
  { from, column }: { readonly from: SourceTable; readonly column: SourceColumn },
  { to, key }: { readonly to: SourceTable; readonly key: SourceColumn },
  { real, tenant }: Known,
): Fit {
  const isOfTenant = column.name === tenant && key.name === tenant;
  const isOfSame = endOf(real, { table: from, column }).column === endOf(real, { table: to, column: key }).column;
  const isNamed = isNamedAs(column, namesFor(to, key, true)) || isNamedAs(key, namesFor(from, column, true));
  const isAfterTable = isNamedAfter(column, to, key) || isNamedAfter(key, from, column);
  const others = (isOfTenant || isOfSame ? 8 : 0) + (isOfType(column, key) ? 1 : 0);
  return { all: others + (isNamed ? 4 : 0), sure: others + (isAfterTable ? 4 : 0) };
}
