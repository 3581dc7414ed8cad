import { quoteIdentifier, quoteQualified, writeIdentifier } from "#sql/quote.ts";
import { parentTable } from "../engine/lookups.ts";
import { type Extra, type Kind, kind, type Relation, type Side } from "./kind.ts";

/** NOT NULL that is NO INHERIT or NOT VALID, from PostgreSQL 18 on. */
export interface NotNullConstraint {
  readonly column: string;
  readonly noInherit: boolean;
  readonly validated: boolean;
}

const NAME = "not null constraint";
const NULLS = { code: "ROWS", reason: "null" } as const;

export const notNullConstraint: Kind<NotNullConstraint> = kind<NotNullConstraint>({
  query: {
    path: "array[r.nspname, r.relname, conname]",
    relation: "r.oid",
    payload: "'column', attname, 'noInherit', connoinherit, 'validated', convalidated",
    from: `from relation r join pg_constraint c on conrelid = r.oid
      join pg_attribute a on a.attrelid = r.oid and a.attnum = conkey[1]
      where contype = 'n' and (connoinherit or not convalidated)`,
  },
  text,
  statements: {
    create: (extra, side) => {
      // It comes with that of the parent.
      if (isOfParent(extra, side)) return [];
      const sql = `${alterTable(extra)} ADD CONSTRAINT ${quoteIdentifier(extra.path[2] ?? "")} ${text(extra.payload)}`;
      return [extra.payload.validated ? { sql, rows: NULLS } : sql];
    },
    transition: (from, to, side) => {
      const make = to === undefined ? [] : notNullConstraint.statements!.create(to, side, side);
      if (from === undefined) return { first: [], last: make };
      const name = quoteIdentifier(from.path[2] ?? "");
      if (!isOnlyUnchecked(from, side)) return { first: [`${alterTable(from)} DROP CONSTRAINT ${name}`], last: make };
      const stays = side.facts.get(columnOf(from))?.payload["notNull"] === true;
      return {
        first: [],
        last: stays ? [{ sql: `${alterTable(from)} VALIDATE CONSTRAINT ${name}`, rows: NULLS }] : [],
      };
    },
  },
});

function text({ column, noInherit, validated }: NotNullConstraint): string {
  return `NOT NULL ${writeIdentifier(column)}${noInherit ? " NO INHERIT" : ""}${validated ? "" : " NOT VALID"}`;
}

function alterTable({ relation }: Extra): string {
  return `ALTER TABLE ${quoteQualified(relation!.schema, relation!.name)}`;
}

interface Column {
  readonly kind: "column";
  readonly schema: string;
  readonly table: string;
  readonly name: string;
}

function columnOf({ relation, payload }: Extra<NotNullConstraint>): Column {
  const { schema, name } = relation!;
  return { kind: "column", schema, table: name, name: payload.column };
}

/** The one that a column has. Pure. */
export function constraintOn(
  { schema, table, name }: Omit<Column, "kind">,
  { extras }: Pick<Side, "extras">,
): Extra<NotNullConstraint> | undefined {
  return extras.find((extra): extra is Extra<NotNullConstraint> => {
    const isOfTable = ({ relation }: { readonly relation: Relation | undefined }): boolean =>
      relation?.schema === schema && relation.name === table;
    return extra.kind === NAME && isOfTable(extra) && (extra.payload as NotNullConstraint).column === name;
  });
}

function isOfParent({ relation, path, payload }: Extra<NotNullConstraint>, side: Side): boolean {
  const parent = parentTable(side.facts, { kind: "table", ...relation! });
  if (parent === undefined) return false;
  const own = constraintOn({ schema: parent.schema, table: parent.name, name: payload.column }, side);
  return own?.path[2] === path[2] && own?.payload.noInherit === false;
}

/** Whether rows that were there before it may have NULL. */
export function isUncheckedNotNull({ kind: each, payload }: Extra): boolean {
  return each === NAME && !(payload as NotNullConstraint).validated;
}

/** Whether it is like any other but for rows that nobody has looked at yet, and shall be like any other, or go with it. */
export function isOnlyUnchecked(from: Extra<NotNullConstraint>, to: Pick<Side, "extras">): boolean {
  const { validated, noInherit } = from.payload;
  return !validated && !noInherit && constraintOn(columnOf(from), to) === undefined;
}
