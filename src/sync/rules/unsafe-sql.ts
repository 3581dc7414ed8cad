import { withParser } from "#sql/parser.ts";
import { QueryKeys, type Subkeys } from "../keyed.ts";
import type { SourceColumn, SourceTable } from "../source/catalogue.ts";
import { shownTable } from "./names.ts";
import type { Reference } from "./references.ts";
import type { Problem, TableRule } from "./rules.ts";
import { placeWithin } from "./place-within.ts";
import { conditionBreak, conditionFault, expressionFault } from "./sql-reach.ts";
import type { TreatmentOf } from "./treatment.ts";

/** What to say of a condition where nothing tells what was meant. */
export const AS_AFTER_WHERE =
  "Write it as after WHERE: columns by name, texts in single quotes, such as status = 'new'";

/** The rules laid beside the tables. */
interface LaidRules {
  readonly ruleOf: ReadonlyMap<SourceTable, TableRule>;
  readonly references: readonly Reference[];
  readonly treatmentOf: TreatmentOf;
  readonly subkeys: Subkeys;
}

/**
 * SQL of the rules that may reach further than it should.
 * @param valued tables whose expressions are looked at
 */
export async function unsafeSql(
  tables: readonly SourceTable[],
  valued: readonly SourceTable[],
  { ruleOf, references, treatmentOf, subkeys }: LaidRules,
): Promise<Problem[]> {
  const written = tables.map((table) => ({
    table,
    conditions: [
      ruleOf.get(table)?.rows,
      ...references.map(({ from, where }) => (from === table ? where : undefined)),
    ].filter((condition) => condition !== undefined),
    expressions: (valued.includes(table) ? table.columns : []).flatMap((column) => {
      const treatment = treatmentOf(column);
      return treatment?.kind === "transform" && treatment.made.readsOthers === true ? [{ column, treatment }] : [];
    }),
  }));
  // The parser takes a moment, and most rules need none.
  if (written.every(({ conditions, expressions }) => conditions.length + expressions.length === 0)) return [];
  return await withParser((parser) =>
    written.flatMap(({ table, conditions, expressions }) => {
      const shown = shownTable(table);
      return [
        ...conditions.flatMap((condition): Problem[] => {
          const { text, place } = condition;
          const message = conditionFault(parser, text);
          if (message === undefined) return [];
          const at = conditionBreak(parser, text);
          const where = at === undefined ? place : placeWithin(condition, at);
          return [{ rule: "invalid-sql", message, fix: AS_AFTER_WHERE, place: where, table: shown }];
        }),
        ...expressions.flatMap(({ column, treatment: { made, place } }): Problem[] => {
          const sql = made.expression("", new QueryKeys(subkeys).of("none"));
          const message = expressionFault(parser, sql, readableBy(column, table, treatmentOf));
          const fix =
            "Use other columns of the row, which stand for what they become, or a transform: token, mask, filler, a value";
          if (message === undefined) return [];
          return [{ rule: "invalid-sql", message, fix, place, table: shown, column: column.name }];
        }),
      ];
    }),
  );
}

/** Columns of a table, with why an expression cannot read one: it would find NULL there. */
function readableBy(
  own: SourceColumn,
  { columns }: SourceTable,
  treatmentOf: TreatmentOf,
): ReadonlyMap<string, string | undefined> {
  return new Map(
    columns.map((column) => {
      const { name, generated } = column;
      const treatment = treatmentOf(column);
      if (column === own)
        return [
          name,
          `The expression is for "${name}" itself, and originals are out of its reach: it can only read other columns`,
        ];
      if (generated) return [name, `"${name}" is generated: an expression reads what it is computed from`];
      if (treatment?.kind === "transform" && treatment.made.readsOthers === true)
        return [name, `"${name}" is an expression itself, which another one cannot read`];
      return [name, undefined];
    }),
  );
}
