import { clipName, NAME_BYTES } from "#sql/clip-name.ts";
import type { DataLoss, RowsHazard } from "#sql/effects/hazard.ts";
import { quoteIdentifier, quoteLiteral, quoteQualified, writeIdentifier } from "#sql/quote.ts";
import type { ColumnState } from "./column-facts.ts";
import { type Expression, operand } from "./expression.ts";
import { syncBody } from "./sync-trigger.ts";
import { isUnfilled, type SyncedColumns } from "./synced-columns.ts";

/** One migration of a change in steps: its statements, and what stands behind its markers. */
export interface ColumnStep {
  readonly part: "expand" | "fill" | "validate" | "indexes" | "contract";
  /** What it is called beside others of its part: the table that it fills. */
  readonly about?: string;
  /** What rows are to some of its statements. */
  readonly rows?: ReadonlyMap<string, RowsHazard>;
  /** What is gone with some of them. */
  readonly losses?: ReadonlyMap<string, DataLoss>;
  /** Options of the marker. */
  readonly options: string;
  readonly up: readonly string[];
  readonly down: readonly string[];
  readonly transactional: boolean;
}

/** What brings columns of one table in step and keeps them so, as statements. */
export interface SyncParts {
  /** The table, quoted. */
  readonly on: string;
  readonly addFresh: readonly string[];
  readonly makeSync: readonly string[];
  readonly dropSync: readonly string[];
  /** CHECK constraints that say what "in step" means, and their names. */
  readonly checks: readonly { readonly name: string; readonly add: string }[];
  readonly fill: string;
  /** NOT NULL by a CHECK that is proven, so that no row is read; and both CHECKs away. */
  readonly settle: readonly string[];
  /** NULL allowed again in the new columns. */
  readonly unsettle: readonly string[];
  readonly giveDefaults: readonly string[];
  readonly takeDefaults: readonly string[];
  /** Comments on the new columns, the same taken away, and those of the old columns. */
  readonly giveComments: readonly string[];
  readonly takeComments: readonly string[];
  readonly bringComments: readonly string[];
  readonly dropOld: readonly string[];
  /** The old columns once more, with their values; what they may not be is for `constrainOld`. */
  readonly bringOld: readonly string[];
  readonly constrainOld: readonly string[];
  readonly alter: (action: string) => string;
}

/** What a change in steps is called where nobody has named it, and what its objects are named after. Pure. */
function baseName({ table, old, fresh }: Pick<SyncedColumns, "table" | "old" | "fresh">): string {
  const [was, is] = [old, fresh].map((columns) => columns.map(({ name }) => name).join("_"));
  return was === "" ? `${table}_${is}` : `${table}_${was}_to_${is}`;
}

/** What stands behind `change:` on the markers. Pure. */
export function changeName(change: SyncedColumns): string {
  return nameOf(change.change) ?? nameOf(baseName(change).replaceAll(/[^\p{L}\p{N}_.-]/gu, "_")) ?? change.table;
}

/** A name that can stand on a marker. */
function nameOf(name: string | undefined): string | undefined {
  return name !== undefined && /^[\p{L}\p{N}_.-]+$/u.test(name) ? name : undefined;
}

/**
 * There is one BEFORE trigger, and its name sorts behind all others, so that it sees what they have done; it lists no columns,
 * since others may change what a statement does not name. Pure.
 */
export function syncParts(change: SyncedColumns): SyncParts {
  const { schema, table, old, fresh, forward, backward, isTwoWay, isLossy } = change;
  const on = quoteQualified(schema, table);
  const alter = (action: string): string => `ALTER TABLE ${on} ${action}`;
  const base = baseName(change);
  const sync = quoteQualified(schema, clipName(base));
  const trigger = quoteIdentifier(`~${clipName(base, NAME_BYTES - 1)}`);
  const [oldNames, newNames] = [old, fresh].map((columns) => columns.map((column) => writeIdentifier(column.name))) as [
    string[],
    string[],
  ];
  const body = syncBody(change);
  let tag = "$sync$";
  for (let count = 2; body.includes(tag); count++) tag = `$sync${count}$`;
  const required = fresh.filter(({ notNull }) => notNull);
  const presenceOf = (column: ColumnState): string => quoteIdentifier(`${clipName(column.name, 51)}_has_no_null`);
  const agree = quoteIdentifier(`${clipName(fresh.map((column) => column.name).join("_"), 56)}_agrees`);
  const each = (columns: readonly ColumnState[], action: (column: ColumnState, quoted: string) => string[]): string[] =>
    columns.flatMap((column) => action(column, writeIdentifier(column.name)));
  const giveDefault = ({ default: value }: ColumnState, quoted: string): string[] =>
    value === undefined ? [] : [alter(`ALTER COLUMN ${quoted} SET DEFAULT ${value}`)];
  const comment = ({ comment: text }: ColumnState, quoted: string, is: string | null = text ?? null): string[] =>
    text === undefined
      ? []
      : [`COMMENT ON COLUMN ${on}.${quoted} IS ${is === null ? "NULL" : quoteLiteral(is).trim()}`];
  const add = ({ type }: ColumnState, quoted: string): string[] => [alter(`ADD COLUMN ${quoted} ${type}`)];
  const update = (names: readonly string[], values: readonly Expression[]): string =>
    `UPDATE ${on}\n   SET ${names.map((column, index) => `${column} = ${values[index]!.sql("")}`).join(",\n       ")}`;
  const isFilled = newNames.map((column, index) => `${column} IS NOT DISTINCT FROM ${operand(forward[index]!, "")}`);
  const isKept = oldNames.map((column, index) => `${column} IS NOT DISTINCT FROM ${operand(backward[index]!, "")}`);
  const inStep = !isTwoWay
    ? isFilled.join(" AND ")
    : isLossy
      ? `(${isKept.join(" AND ")}) OR (${isFilled.join(" AND ")})`
      : isKept.join(" AND ");
  return {
    on,
    alter,
    addFresh: each(fresh, add),
    makeSync: [
      `CREATE FUNCTION ${sync}() RETURNS trigger LANGUAGE plpgsql${change.path === undefined ? "" : ` SET search_path TO ${change.path}`} AS ${tag}\n${body}${tag}`,
      `CREATE TRIGGER ${trigger} BEFORE INSERT OR UPDATE ON ${on} FOR EACH ROW EXECUTE FUNCTION ${sync}()`,
    ],
    dropSync: [`DROP TRIGGER ${trigger} ON ${on}`, `DROP FUNCTION ${sync}()`],
    checks: [
      { name: agree, add: `ADD CONSTRAINT ${agree} CHECK (${inStep})` },
      ...required.map((column) => ({
        name: presenceOf(column),
        add: `ADD CONSTRAINT ${presenceOf(column)} CHECK (${writeIdentifier(column.name)} IS NOT NULL)`,
      })),
    ],
    fill: `${update(newNames, forward)}\n WHERE ${isUnfilled(change)}`,
    settle: [
      ...each(required, (column, quoted) => [
        alter(`ALTER COLUMN ${quoted} SET NOT NULL`),
        alter(`DROP CONSTRAINT ${presenceOf(column)}`),
      ]),
      alter(`DROP CONSTRAINT ${agree}`),
    ],
    unsettle: each(required, (_, quoted) => [alter(`ALTER COLUMN ${quoted} DROP NOT NULL`)]),
    giveDefaults: each(fresh, giveDefault),
    takeDefaults: each(fresh, ({ default: value }, quoted) =>
      value === undefined ? [] : [alter(`ALTER COLUMN ${quoted} DROP DEFAULT`)],
    ),
    giveComments: each(fresh, comment),
    takeComments: each(fresh, (column, quoted) => comment(column, quoted, null)),
    bringComments: each(old, comment),
    dropOld: oldNames.map((column) => alter(`DROP COLUMN ${column}`)),
    bringOld: [...each(old, add), ...(old.length === 0 ? [] : [update(oldNames, backward)])],
    constrainOld: [
      ...each(old, giveDefault),
      ...each(old, ({ notNull }, quoted) => (notNull ? [alter(`ALTER COLUMN ${quoted} SET NOT NULL`)] : [])),
    ],
  };
}

/** The first and the third step of a change, which are alike for all of them. Pure. */
export function expandStep(parts: readonly SyncParts[], name: string, change: readonly SyncedColumns[]): ColumnStep {
  return {
    part: "expand",
    options: `phase:expand change:${name}`,
    rows: new Map(
      parts.flatMap(({ addFresh }, index) => {
        const published = change[index]?.published;
        return published === undefined ? [] : addFresh.map((sql) => [sql, published] as const);
      }),
    ),
    up: parts.flatMap(({ addFresh, makeSync, checks, alter }) => [
      ...addFresh,
      ...makeSync,
      ...checks.map(({ add }) => alter(`${add} NOT VALID`)),
    ]),
    down: parts.flatMap(({ dropSync, alter }, index) => [
      ...dropSync,
      ...change[index]!.fresh.map((column) => alter(`DROP COLUMN ${writeIdentifier(column.name)}`)),
    ]),
    transactional: true,
  };
}

/** The step that fills the rows of one table. Pure. */
export function fillStep({ fill }: SyncParts, name: string, { backfill, filling }: SyncedColumns): ColumnStep {
  return {
    part: "fill",
    options: `${backfill} change:${name}`,
    // That rows are filled goes without saying.
    ...(filling.trigger === undefined ? {} : { rows: new Map([[fill, filling]]) }),
    up: [fill],
    down: [],
    transactional: true,
  };
}

export function validateStep(parts: readonly SyncParts[], name: string): ColumnStep {
  return {
    part: "validate",
    options: `change:${name}`,
    up: parts.flatMap(({ checks, alter }) => checks.map((check) => alter(`VALIDATE CONSTRAINT ${check.name}`))),
    down: parts.flatMap(({ checks, alter }) =>
      checks.flatMap((check) => [alter(`DROP CONSTRAINT ${check.name}`), alter(`${check.add} NOT VALID`)]),
    ),
    transactional: false,
  };
}
