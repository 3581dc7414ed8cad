import type { SourceColumn, SourceTable } from "../source/catalogue.ts";
import { type Graph, spread, type Wish } from "../subset/graph.ts";
import { agree } from "./check-table.ts";
import { followLine, lineInPlace } from "./line-instead.ts";
import { columnReference, shownTable } from "./names.ts";
import { isGeneric, isNamedAs, isOfType, namesFor, wordsOf } from "./naming.ts";
import type { Reference } from "./references.ts";
import type { TableRule } from "./rules.ts";
import { isNothing, type TreatmentOf } from "./treatment.ts";
import { yamlPath } from "./yaml-key.ts";

/** Columns that most likely refer to a key, though nothing in the schema or the rules says so. */
interface Likely {
  readonly from: Wish;
  readonly to: SourceTable;
  /** Each column with the one of the key. */
  readonly pairs: readonly Pair[];
}

interface Pair {
  readonly column: SourceColumn;
  readonly key: SourceColumn;
}

interface Sides {
  readonly graph: Graph;
  readonly ruleOf: ReadonlyMap<SourceTable, TableRule>;
  readonly treatmentOf: TreatmentOf;
}

/**
 * Columns that look like references to tables of which rows are left out: without a reference, rows come along whatever they refer to. A
 * sentence each, with the line to write.
 */
export function likelyReferences(wishes: readonly Wish[], references: readonly Reference[], sides: Sides): string[] {
  const { graph } = sides;
  const keys = wishes.flatMap(({ table }) => {
    const key = graph.isCut(table) ? keyOf(table) : [];
    return key.length === 0 ? [] : [{ table, key }];
  });
  const isOfTenant = chosenByTenantAlone(wishes, graph);
  const referring = new Set(references.flatMap(({ fromColumns }) => fromColumns));
  const found = wishes.flatMap((from): Likely[] => {
    // A column that is made NULL refers to nothing.
    const free = from.table.columns.filter((column) => !column.generated && !isNothing(sides.treatmentOf(column)));
    const likely = keys
      .filter(({ table }) => table !== from.table)
      .flatMap(({ table: to, key }) => pairings(free, to, key).map((pairs): Likely => ({ from, to, pairs })))
      .filter(
        ({ to, pairs }) =>
          !pairs.every(({ column }) => referring.has(column)) && !(isOfTenant(from.table) && isOfTenant(to)),
      );
    return [...Map.groupBy(likely, numbersOf).values()].flatMap((all) => {
      const near = all.filter(({ to }) => to.schema === from.table.schema);
      const [only, ...others] = near.length > 0 ? near : all;
      return others.length > 0 ? [] : only!;
    });
  });
  // Schemas that are alike have the same to say.
  const alike = Map.groupBy(found, (likely) => {
    const { from, to, pairs } = likely;
    return JSON.stringify(
      from.table.schema === to.schema
        ? [from.table.name, ...pairs.map(({ column }) => column.name), to.name]
        : [from.table.oid, numbersOf(likely)],
    );
  });
  const isReferring = (column: SourceColumn): boolean => referring.has(column);
  return [...alike.values()].map((same) => sentence(same, isReferring, sides));
}

/** Whether the tenant alone decides which rows of a table are copied: what they refer to is the tenant's as well, and copied. */
function chosenByTenantAlone(wishes: readonly Wish[], graph: Graph): (table: SourceTable) => boolean {
  const own = new Set(wishes.flatMap(({ table, own: condition }) => (condition === undefined ? [] : [table])));
  spread(own, graph.edges, ({ direction, reference: { from, to } }) =>
    direction === "down" && own.has(to) ? from : undefined,
  );
  return (table) => graph.isCut(table) && !own.has(table);
}

/** Which columns a reference would be of, whatever it leads to. */
function numbersOf({ pairs }: Likely): string {
  return pairs
    .map(({ column }) => column.number)
    .toSorted((a, b) => a - b)
    .join();
}

function sentence(
  [first, ...others]: readonly Likely[],
  isReferring: (column: SourceColumn) => boolean,
  { graph, ruleOf, treatmentOf }: Sides,
): string {
  const { from, to, pairs } = first!;
  const followed = [ownColumn(pairs, isReferring)];
  const [shown, target, rule] = [shownTable(from.table), shownTable(to), ruleOf.get(from.table)];
  const elsewhere = others.length === 0 ? "" : ` (and the same in ${others.length} more)`;
  const [line, agreed] = [lineOf(first!), agreement(treatmentOf, first!)];
  const chosen = graph.isCut(from.table) ? "its rows are chosen without it" : "every row is copied";
  // A table that chooses its own rows has what they refer to added.
  const added =
    from.own === undefined
      ? ""
      : `, which adds the rows that it refers to; to leave out its rows instead, also ${followLine(rule, followed)} at ${shown}`;
  const names = pairs.map(({ column }) => column.name);
  const subject = names.length === 1 ? `${shown}.${names[0]}` : `${shown} (${names.join(", ")})`;
  return `${subject} looks like a reference to ${target}, and no foreign key says so${elsewhere}: ${chosen}, also where it refers to rows of ${target} that are left out. If it is one, write below \`references:\`, beside \`tables:\`, the line \`${line}\`${agreed}${added}; if that is meant, write it as well, and ${followLine(rule, followed, "none").replace(/^write /, "")} at ${shown}`;
}

/** The column by which `follow` names the reference and, where one is, no other. */
function ownColumn(pairs: readonly Pair[], isReferring: (column: SourceColumn) => boolean): SourceColumn {
  const free = pairs.filter(({ column }) => !isReferring(column));
  // One of the same name in both tables, such as a tenant's, is most likely shared by references to come.
  return (free.findLast(({ column, key }) => column.name !== key.name) ?? free.at(-1)!).column;
}

function lineOf({ from, to, pairs }: Likely): string {
  const left = pairs.map(({ column }) => yamlPath(columnReference(from.table, column)));
  const right = pairs.map(({ key }) => yamlPath(columnReference(to, key)));
  const [own, theirs] = [left, right].map((names) => (names.length === 1 ? names[0]! : `[${names.join(", ")}]`));
  return `- { from: ${own}, to: ${theirs} }`;
}

/** A reference has the rules of its key, column by column. */
function agreement(treatmentOf: TreatmentOf, { from, to, pairs }: Likely): string {
  return pairs
    .flatMap(({ column, key }) => {
      const [own, theirs] = [treatmentOf(column), treatmentOf(key)];
      if (own === undefined || theirs === undefined || agree(own, theirs)) return [];
      const shown = `${shownTable(from.table)}.${column.name}`;
      return theirs.kind === "keep"
        ? ` and at ${shownTable(from.table)} ${lineInPlace(column.name, "keep", false)}, as its key is kept`
        : ` and remove the rule of ${shown}, which follows ${shownTable(to)}.${key.name} then`;
    })
    .join("");
}

/** The key by which others would refer to a table; empty for none. */
function keyOf(table: SourceTable): SourceColumn[] {
  const primary = table.unique.find(({ isPrimary }) => isPrimary);
  const key = (primary?.columns ?? []).flatMap((number) => table.columns.filter((column) => column.number === number));
  // What refers to a period lies within it, or within several: a reference of the rules asks for the same one.
  return key.length > 1 && key.some(({ typeKind }) => typeKind === "r" || typeKind === "m") ? [] : key;
}

/** Every way to find all columns of a key among others, by name and type. */
function pairings(columns: readonly SourceColumn[], to: SourceTable, key: readonly SourceColumn[]): Pair[][] {
  return key.reduce<Pair[][]>(
    (found, part) => {
      const all = candidatesFor(columns, to, part, key.length > 1);
      return found.flatMap((pairs) =>
        all.flatMap((column) =>
          pairs.some((pair) => pair.column === column) ? [] : [[...pairs, { column, key: part }]],
        ),
      );
    },
    [[]],
  );
}

/** Columns that are named as one that refers to a column of a key, alone or as one of several. */
function candidatesFor(
  columns: readonly SourceColumn[],
  to: SourceTable,
  key: SourceColumn,
  isOneOfSeveral: boolean,
): SourceColumn[] {
  const fitting = columns.filter((column) => isOfType(column, key));
  const own = wordsOf(key.name);
  const same = fitting.filter(({ name }) => wordsOf(name) === own);
  // The part of a key that both tables share; its other part says which row it is.
  if (isOneOfSeveral && !isGeneric(own) && same.length > 0) return same;
  const names = namesFor(to, key, isOneOfSeveral);
  return fitting.filter((column) => isNamedAs(column, names));
}
