import type { SourceColumn, SourceTable } from "../source/catalogue.ts";
import type { Graph, Wish } from "../subset/graph.ts";
import { followLine } from "./line-instead.ts";
import { columnReference, shownTable } from "./names.ts";
import type { Reference } from "./references.ts";
import type { TableRule } from "./rules.ts";
import type { TreatmentOf } from "./treatment.ts";
import { yamlPath } from "./yaml-key.ts";

/** A column that most likely refers to a key, though nothing in the schema or the rules says so. */
interface Likely {
  readonly from: Wish;
  readonly column: SourceColumn;
  readonly to: SourceTable;
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
    const key = graph.isCut(table) ? keyOf(table) : undefined;
    return key === undefined ? [] : [{ table, key, names: namesFor(table, key) }];
  });
  const referring = new Set(references.flatMap(({ fromColumns }) => fromColumns));
  const found = wishes.flatMap((from) =>
    from.table.columns.flatMap((column): Likely[] => {
      if (referring.has(column) || column.generated) return [];
      const name = wordsOf(column.name);
      const targets = keys.filter(
        ({ table, key, names }) =>
          table !== from.table &&
          isOfType(column, key) &&
          names.some((one) => name === one || (one.endsWith("id") && name.endsWith(`_${one}`))),
      );
      const [to = targets.length === 1 ? targets[0] : undefined] = targets.filter(
        ({ table }) => table.schema === from.table.schema,
      );
      return to === undefined ? [] : [{ from, column, to: to.table, key: to.key }];
    }),
  );
  // Schemas that are alike have the same to say.
  const alike = Map.groupBy(found, ({ from, column, to }) =>
    JSON.stringify(
      from.table.schema === to.schema ? [from.table.name, column.name, to.name] : [from.table.oid, column.number],
    ),
  );
  return [...alike.values()].map((same) => sentence(same, sides));
}

function sentence([first, ...others]: readonly Likely[], { graph, ruleOf, treatmentOf }: Sides): string {
  const { from, column, to } = first!;
  const [shown, target, rule] = [shownTable(from.table), shownTable(to), ruleOf.get(from.table)];
  const elsewhere = others.length === 0 ? "" : ` (and the same in ${others.length} more)`;
  const [line, agreed] = [lineOf(first!), agreement(treatmentOf, first!)];
  const chosen = graph.isCut(from.table) ? "its rows are chosen without it" : "every row is copied";
  // A table that chooses its own rows has what they refer to added.
  const added =
    from.own === undefined
      ? ""
      : `, which adds the rows that it refers to; to leave out its rows instead, also ${followLine(rule, [column])} at ${shown}`;
  return `${shown}.${column.name} looks like a reference to ${target}, and no foreign key says so${elsewhere}: ${chosen}, also where it refers to rows of ${target} that are left out. If it is one, write below \`references:\`, beside \`tables:\`, the line \`${line}\`${agreed}${added}; if that is meant, write it as well, and ${followLine(rule, [column], "none").replace(/^write /, "")} at ${shown}`;
}

function lineOf({ from, column, to, key }: Likely): string {
  const [left, right] = [columnReference(from.table, column), columnReference(to, key)];
  return `- { from: ${yamlPath(left)}, to: ${yamlPath(right)} }`;
}

/** A reference has the rule of its key. */
function agreement(treatmentOf: TreatmentOf, { from, column, to, key }: Likely): string {
  const [own, theirs] = [treatmentOf(column), treatmentOf(key)];
  if (own?.kind === "keep" && theirs?.kind === "keep") return "";
  return own === undefined
    ? ""
    : ` and remove the rule of ${shownTable(from.table)}.${column.name}, which follows ${shownTable(to)}.${key.name} then`;
}

/** The key by which others would refer to a table. */
function keyOf(table: SourceTable): SourceColumn | undefined {
  const primary = table.unique.find(({ isPrimary }) => isPrimary);
  if (primary === undefined || primary.columns.length !== 1) return undefined;
  return table.columns.find(({ number }) => number === primary.columns[0]);
}

/** What a column that refers to a table is called: "user_id", "users_id", "user"; or like the key, where that says whose it is. */
function namesFor(table: SourceTable, key: SourceColumn): readonly string[] {
  const name = wordsOf(table.name);
  const singular = [
    name,
    ...(name.endsWith("ies") ? [name.replace(/ies$/, "y")] : []),
    ...(/(?:s|x|z|ch|sh)es$/.test(name) ? [name.replace(/es$/, "")] : []),
    ...(/[^s]s$/.test(name) ? [name.replace(/s$/, "")] : []),
    ...(name === "people" ? ["person"] : []),
  ];
  const own = wordsOf(key.name);
  const generic = /^(?:id|uuid|guid|key|code|name|number|no|nr)$/.test(own);
  return [
    ...singular.flatMap((one) => [`${one}_${generic ? own : "id"}`, `${one}${generic ? own : "id"}`, one]),
    ...(generic ? [] : [own]),
  ];
}

/** "userId" and "User_ID" are "user_id". */
function wordsOf(name: string): string {
  return name.replace(/([a-z0-9])([A-Z])/g, "$1_$2").toLowerCase();
}

function isOfType(column: SourceColumn, key: SourceColumn): boolean {
  return !column.isArray && !key.isArray && kindOf(column) === kindOf(key);
}

function kindOf({ baseType, typeSchema }: SourceColumn): string {
  if (/^int[248]$/.test(baseType)) return "int";
  return /^(?:text|varchar|bpchar)$/.test(baseType) ? "text" : `${typeSchema}.${baseType}`;
}
