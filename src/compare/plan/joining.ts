import type { Facts } from "../engine/facts.ts";
import { columnsOf, isOfSameType, textOf } from "../engine/lookups.ts";
import type { Extra, Side } from "../kinds/kind.ts";
import { quoteIdentifier, quoteQualified } from "#sql/quote.ts";
import { columnConversion, withoutUsing } from "./automatic.ts";
import { lossHazard, type PlannedStatement, rowsHazard, statementOf } from "./statement.ts";
import {
  type Check,
  checksOf,
  columnSql,
  declaration,
  freeName,
  indexesOf,
  placeIn,
  primaryKeyOf,
  triggersOf,
} from "./table-parts.ts";

interface Named {
  readonly schema: string;
  readonly name: string;
}

/** Where a table belongs: a parent, and its bound where that is partitioned. */
export interface Place {
  readonly parent: Named | undefined;
  readonly bound: string | undefined;
}

/** Of a column that has another than its parent's: null for none. */
function ownDefault({ schema, name }: Named, column: string, extras: readonly Extra[]): string | null | undefined {
  const own = extras.find(({ kind, path }) => kind === "default" && Bun.deepEquals(path, [schema, name, column]));
  return (own?.payload as { readonly expression: string | null } | undefined)?.expression;
}

/**
 * What attaches a table to a partitioned one, or makes it inherit, with its rows; undefined where PostgreSQL would not take it as it
 * is. Pure.
 */
export function joining(
  table: Named & { readonly kind: "table" },
  { parent, bound }: Place,
  from: Facts,
  { facts: to, extras }: Side,
): PlannedStatement[] | undefined {
  if (parent === undefined) return undefined;
  const own = columnsOf(table, from);
  const wanted = columnsOf({ kind: "table", ...parent }, to);
  const lacked = [...wanted.keys()].filter((column) => !own.has(column));
  const declares = (column: string): boolean => to.has({ kind: "column", ...placeIn(table), name: column });
  // What comes through a parent is the parent's alone: a second one is there for that long. A column that the table has and is not to
  // declare is left to `planDeclarations`.
  const checks = checksOf({ kind: "table", ...parent }, to).filter(
    (check) => !from.has({ kind: "constraint", ...placeIn(table), name: check.name }),
  );
  const isOwn = (check: Check): boolean =>
    bound !== undefined || to.has({ kind: "constraint", ...placeIn(table), name: check.name });
  const isHeld = bound === undefined && !(lacked.every(declares) && checks.every(isOwn));
  const holder = isHeld ? quoteQualified(table.schema, freeName(table, from, to)) : undefined;
  // A partition has the columns of its table and no others.
  const more = bound === undefined ? [] : [...own.keys()].filter((column) => !wanted.has(column));
  const [name, of] = [quoteQualified(table.schema, table.name), quoteQualified(parent.schema, parent.name)];
  const missing = lacked.map((column) => ({ column, statement: newColumn(column) }));
  if (missing.some(({ statement }) => statement === undefined)) return undefined;
  if (bound === undefined) {
    const inherit = statementOf(`ALTER TABLE ${name} INHERIT ${of}`);
    return holder === undefined ? [...preparations(), inherit] : [...preparations(), ...through(holder, inherit)];
  }
  const attach = statementOf(`ALTER TABLE ${of} ATTACH PARTITION ${name} ${bound}`);
  return [...preparations(), { ...attach, rows: rowsHazard("bound") }];

  /** What the parent demands of its rows, it has to demand before. */
  function preparations(): PlannedStatement[] {
    const required = [...wanted].filter(([column, { notNull }]) => notNull && own.get(column)?.notNull === false);
    // A trigger of the parent becomes one of the partition, and wants its name.
    const triggers = triggersOf({ kind: "table", ...parent! }, to).filter((trigger) =>
      from.has({ kind: "trigger", ...placeIn(table), name: trigger }),
    );
    // An index like one of the parent's would become part of that; where both are to be there, it is made again.
    const ofParent = new Set(indexesOf({ kind: "table", ...parent! }, to).map(({ form }) => form));
    const indexes = indexesOf(table, from).filter(({ id, form }) => ofParent.has(form) && to.has(id));
    // A table has one primary key: that of the parent becomes it.
    const [key, keyOfParent] = [primaryKeyOf(table, from), primaryKeyOf({ kind: "table", ...parent! }, to)];
    const isOtherKey = key !== undefined && keyOfParent !== undefined && key.def !== keyOfParent.def;
    const others = [...wanted].filter(([column, after]) => own.has(column) && !isOfSameType(own.get(column)!, after));
    return [
      ...(isOtherKey
        ? [{ ...statementOf(`ALTER TABLE ${name} DROP CONSTRAINT ${quoteIdentifier(key.id.name)}`), removes: [key.id] }]
        : []),
      ...missing.flatMap(({ column, statement }) => (isHeld && !declares(column) ? [] : (statement ?? []))),
      ...more.map((column) => ({
        ...statementOf(`ALTER TABLE ${name} DROP COLUMN ${quoteIdentifier(column)}`),
        loss: lossHazard("values"),
        removes: [{ kind: "column" as const, ...placeIn(table), name: column }],
      })),
      ...others.map(([column, after]) => conversion(column, own.get(column)!.type, after)),
      ...indexes.map(({ id }) => statementOf(`DROP INDEX ${quoteQualified(id.schema, id.name)}`)),
      ...triggers.map((trigger) => statementOf(`DROP TRIGGER ${quoteIdentifier(trigger)} ON ${name}`)),
      ...required.map(([column]) => ({
        ...statementOf(`ALTER TABLE ${name} ALTER COLUMN ${quoteIdentifier(column)} SET NOT NULL`),
        rows: rowsHazard("null"),
      })),
      ...checks.filter(isOwn).map((check) => withCheck(name, check)),
    ];
  }

  function withCheck(on: string, check: Check): PlannedStatement {
    const sql = `ALTER TABLE ${on} ADD CONSTRAINT ${quoteIdentifier(check.name)} ${check.definition}`;
    return { ...statementOf(sql), rows: rowsHazard("check") };
  }

  /** With what the table is not to declare, from a second parent. */
  function through(second: string, inherit: PlannedStatement): PlannedStatement[] {
    const others = checks.filter((check) => !isOwn(check));
    const named = new Set(others.flatMap(({ columns }) => columns));
    const columns = [...wanted].filter(([column]) => named.has(column) && (own.has(column) || declares(column)));
    return [
      statementOf(`CREATE TABLE ${second} (${columns.map(columnSql).join(", ")})`),
      statementOf(`ALTER TABLE ${name} INHERIT ${second}`),
      ...missing.flatMap(({ column, statement }) => (declares(column) ? [] : (statement ?? []))),
      ...others.map((check) => withCheck(second, check)),
      inherit,
      statementOf(`ALTER TABLE ${name} NO INHERIT ${second}`),
      statementOf(`DROP TABLE ${second}`),
    ];
  }

  /** With the default that it is to have here; undefined where its values come from more than that. */
  function newColumn(column: string): PlannedStatement | undefined {
    const id = declares(column)
      ? { kind: "column" as const, ...placeIn(table), name: column }
      : declaration(column, parent!, to);
    const { type, collation = null, notNull, identity = null, generatedExpr = null } = to.get(id)?.payload ?? {};
    if (typeof type !== "string" || identity !== null || generatedExpr !== null) return undefined;
    const other = ownDefault(table, column, extras);
    const expression = other === undefined ? textOf(to, { ...id, kind: "default" }, "expr") : other;
    const clauses = [
      `${quoteIdentifier(column)} ${type}`,
      ...(typeof collation === "string" ? [`COLLATE ${collation}`] : []),
      ...(typeof expression === "string" ? [`DEFAULT ${expression}`] : []),
      ...(notNull === true ? ["NOT NULL"] : []),
    ];
    const on = holder !== undefined && !declares(column) ? holder : name;
    return {
      ...statementOf(`ALTER TABLE ${on} ADD COLUMN ${clauses.join(" ")}`),
      ...(notNull === true && typeof expression !== "string" ? { rows: rowsHazard("no-value") } : {}),
      makes: [{ kind: "column", ...placeIn(table), name: column }],
    };
  }

  /** With the column's values; the planner changes that of the parent alone. */
  function conversion(
    column: string,
    before: string,
    { type, collation }: { readonly type: string; readonly collation: string | undefined },
  ): PlannedStatement {
    const quoted = quoteIdentifier(column);
    const { loses, risk } = columnConversion(before, from, type, to);
    const head = `ALTER TABLE ${name} ALTER COLUMN ${quoted} TYPE ${type}${collation === undefined ? "" : ` COLLATE ${collation}`}`;
    const throughText = `${head} USING ${quoted}::text::${type}`;
    return {
      ...statementOf(withoutUsing(before === type ? head : `${head} USING ${quoted}::${type}`, before, from, type, to)),
      ...(before === type ? {} : { otherwise: { reason: "unreadable-text", sql: throughText, type } as const }),
      ...(loses ? { loss: lossHazard("cut", { type }) } : {}),
      ...(risk === undefined ? {} : { rows: risk }),
      needs: [{ kind: "column", ...placeIn(table), name: column }],
    };
  }
}
