import { clipName, NAME_BYTES } from "#sql/clip-name.ts";
import { quoteIdentifier, quoteQualified, writeIdentifier } from "#sql/quote.ts";
import type { ColumnState } from "./column-facts.ts";
import { operand } from "./expression.ts";
import { syncBody } from "./sync-trigger.ts";
import { isUnfilled, type SyncedColumns } from "./synced-columns.ts";

/** One migration of a change in steps: its statements, and what stands behind its markers. */
export interface ColumnStep {
  readonly part: "expand" | "fill" | "validate" | "contract";
  /** Options of the marker. */
  readonly options: string;
  readonly up: readonly string[];
  readonly down: readonly string[];
  readonly transactional: boolean;
}

/** What a change in steps is called where nobody has named it, and what its objects are named after. Pure. */
function baseName({ table, old, fresh }: Pick<SyncedColumns, "table" | "old" | "fresh">): string {
  const [was, is] = [old, fresh].map((columns) => columns.map(({ name }) => name).join("_"));
  return was === "" ? `${table}_${is}` : `${table}_${was}_to_${is}`;
}

/**
 * A change of columns in steps between which any time may pass (docs/guides/medium-4-schema-to-schema.md). Pure.
 *
 * There is one BEFORE trigger, and its name sorts behind all others, so that it sees what they have done; it lists no columns,
 * since others may change what a statement does not name.
 */
export function columnSteps(change: SyncedColumns): ColumnStep[] {
  const { schema, table, old, fresh, finalNames, forward, backward, isTwoWay, isLossy, backfill } = change;
  const on = quoteQualified(schema, table);
  const alter = (action: string): string => `ALTER TABLE ${on} ${action}`;
  const base = baseName(change);
  const name = nameOf(change.change) ?? nameOf(base.replaceAll(/[^\p{L}\p{N}_.-]/gu, "_"));
  const sync = quoteQualified(schema, clipName(base));
  const trigger = quoteIdentifier(`~${clipName(base, NAME_BYTES - 1)}`);
  const [oldNames, newNames] = [old, fresh].map((columns) => columns.map((column) => writeIdentifier(column.name))) as [
    string[],
    string[],
  ];
  const values = forward.map((expression) => expression.sql(""));
  const isFilled = newNames.map((column, index) => `${column} IS NOT DISTINCT FROM ${operand(forward[index]!, "")}`);
  const isKept = oldNames.map((column, index) => `${column} IS NOT DISTINCT FROM ${operand(backward[index]!, "")}`);
  const inStep = !isTwoWay
    ? isFilled.join(" AND ")
    : isLossy
      ? `(${isKept.join(" AND ")}) OR (${isFilled.join(" AND ")})`
      : isKept.join(" AND ");
  const required = fresh.filter(({ notNull }) => notNull);
  const presenceOf = (column: ColumnState): string => quoteIdentifier(`${clipName(column.name, 51)}_has_no_null`);
  const agree = quoteIdentifier(`${clipName(fresh.map((column) => column.name).join("_"), 56)}_agrees`);
  const checks = [
    { name: agree, add: `ADD CONSTRAINT ${agree} CHECK (${inStep})` },
    ...required.map((column) => ({
      name: presenceOf(column),
      add: `ADD CONSTRAINT ${presenceOf(column)} CHECK (${writeIdentifier(column.name)} IS NOT NULL)`,
    })),
  ];
  const makeSync = [
    `CREATE FUNCTION ${sync}() RETURNS trigger LANGUAGE plpgsql AS $sync$\n${syncBody(change)}$sync$`,
    `CREATE TRIGGER ${trigger} BEFORE INSERT OR UPDATE ON ${on} FOR EACH ROW EXECUTE FUNCTION ${sync}()`,
  ];
  const dropSync = [`DROP TRIGGER ${trigger} ON ${on}`, `DROP FUNCTION ${sync}()`];
  const columns = (of: readonly ColumnState[], action: (column: ColumnState, quoted: string) => string[]): string[] =>
    of.flatMap((column) => action(column, writeIdentifier(column.name)));
  const giveDefault = ({ default: value }: ColumnState, quoted: string): string[] =>
    value === undefined ? [] : [alter(`ALTER COLUMN ${quoted} SET DEFAULT ${value}`)];
  const renamed = newNames.flatMap((column, index) => {
    const final = writeIdentifier(finalNames[index]!);
    return final === column ? [] : [{ column, final }];
  });
  const assignments = (names: readonly string[], given: readonly string[]): string[] =>
    names.map((column, index) => `${column} = ${given[index]}`);
  return [
    {
      part: "expand",
      options: `phase:expand change:${name}`,
      up: [
        ...columns(fresh, ({ type }, quoted) => [alter(`ADD COLUMN ${quoted} ${type}`)]),
        ...makeSync,
        ...checks.map(({ add }) => alter(`${add} NOT VALID`)),
      ],
      down: [...dropSync, ...newNames.map((column) => alter(`DROP COLUMN ${column}`))],
      transactional: true,
    },
    {
      part: "fill",
      options: `${backfill} change:${name}`,
      up: [`UPDATE ${on}\n   SET ${assignments(newNames, values).join(",\n       ")}\n WHERE ${isUnfilled(change)}`],
      down: [],
      transactional: true,
    },
    {
      part: "validate",
      options: `change:${name}`,
      up: checks.map((check) => alter(`VALIDATE CONSTRAINT ${check.name}`)),
      down: checks.flatMap((check) => [alter(`DROP CONSTRAINT ${check.name}`), alter(`${check.add} NOT VALID`)]),
      transactional: false,
    },
    {
      part: "contract",
      options: `phase:contract change:${name}`,
      up: [
        ...dropSync,
        // The CHECK is proven, so that no row is read.
        ...columns(required, (column, quoted) => [
          alter(`ALTER COLUMN ${quoted} SET NOT NULL`),
          alter(`DROP CONSTRAINT ${presenceOf(column)}`),
        ]),
        ...columns(fresh, giveDefault),
        alter(`DROP CONSTRAINT ${agree}`),
        ...oldNames.map((column) => alter(`DROP COLUMN ${column}`)),
        ...renamed.map(({ column, final }) => alter(`RENAME COLUMN ${column} TO ${final}`)),
      ],
      down: [
        ...renamed.map(({ column, final }) => alter(`RENAME COLUMN ${final} TO ${column}`)),
        ...columns(fresh, ({ default: value }, quoted) =>
          value === undefined ? [] : [alter(`ALTER COLUMN ${quoted} DROP DEFAULT`)],
        ),
        ...columns(required, (_, quoted) => [alter(`ALTER COLUMN ${quoted} DROP NOT NULL`)]),
        ...columns(old, ({ type }, quoted) => [alter(`ADD COLUMN ${quoted} ${type}`)]),
        ...(old.length === 0
          ? []
          : [
              `UPDATE ${on}\n   SET ${assignments(
                oldNames,
                backward.map((one) => one.sql("")),
              ).join(",\n       ")}`,
            ]),
        ...columns(old, giveDefault),
        ...columns(old, ({ notNull }, quoted) => (notNull ? [alter(`ALTER COLUMN ${quoted} SET NOT NULL`)] : [])),
        ...checks.map(({ add }) => alter(add)),
        ...makeSync,
      ],
      transactional: true,
    },
  ];
}

/** A name that can stand on a marker. */
function nameOf(name: string | undefined): string | undefined {
  return name !== undefined && /^[\p{L}\p{N}_.-]+$/u.test(name) ? name : undefined;
}
