import {
  type ColumnDef,
  type Constraint,
  inside,
  type Node,
  type RangeVar,
  strings,
  type TypeName,
} from "#sql/parser.ts";
import { alterations } from "#sql/alterations.ts";
import { parseQualifiedName, writeIdentifier } from "#sql/quote.ts";

/** A column that is added to a table that is there. */
export interface AddedColumn {
  readonly table: RangeVar;
  readonly column: ColumnDef;
  readonly constraints: readonly Constraint[];
}

export function addedColumns(node: Node): AddedColumn[] {
  return alterations(node, "AT_AddColumn").flatMap(({ table, command }) => {
    const column = inside(command.def, "ColumnDef");
    return column === undefined ? [] : [{ table, column, constraints: constraintsOf(column) }];
  });
}

export function constraintsOf(column: ColumnDef): Constraint[] {
  return (column.constraints ?? []).flatMap((node) => inside(node, "Constraint") ?? []);
}

/** A constraint that is added to a table that is there, by itself or with a column. */
export interface AddedConstraint {
  readonly table: RangeVar;
  readonly constraint: Constraint;
  readonly column?: string;
}

export function addedConstraints(
  node: Node,
  ...kinds: readonly NonNullable<Constraint["contype"]>[]
): AddedConstraint[] {
  const all = [
    ...alterations(node, "AT_AddConstraint").flatMap(({ table, command }): AddedConstraint[] => {
      const constraint = inside(command.def, "Constraint");
      return constraint === undefined ? [] : [{ table, constraint }];
    }),
    ...addedColumns(node).flatMap(({ table, column, constraints }) =>
      constraints.map((constraint): AddedConstraint => ({ table, constraint, column: column.colname ?? "" })),
    ),
  ];
  return kinds.length === 0 ? all : all.filter(({ constraint }) => kinds.some((kind) => kind === constraint.contype));
}

/** Tables that a statement makes, with their columns and constraints. */
export interface MadeTable {
  readonly table: RangeVar;
  readonly columns: readonly ColumnDef[];
  readonly constraints: readonly Constraint[];
}

export function madeTable(node: Node): MadeTable | undefined {
  const create = inside(node, "CreateStmt");
  // A temporary one is gone before anything can be wrong with it.
  if (create?.relation === undefined || isTemporary(create.relation)) return undefined;
  const columns = (create.tableElts ?? []).flatMap((element) => inside(element, "ColumnDef") ?? []);
  const own = (create.tableElts ?? []).flatMap((element) => inside(element, "Constraint") ?? []);
  return { table: create.relation, columns, constraints: [...columns.flatMap(constraintsOf), ...own] };
}

/** A foreign key of a new table, or one that is added. */
export interface MadeForeignKey {
  readonly table: RangeVar;
  readonly constraint: Constraint;
  readonly columns: readonly string[];
  readonly isOfNewTable: boolean;
}

export function madeForeignKeys(node: Node): MadeForeignKey[] {
  const made = madeTable(node);
  const all = [
    ...(made?.constraints ?? []).map((constraint) => {
      const column = made?.columns.find((candidate) => constraintsOf(candidate).includes(constraint));
      return { table: made!.table, constraint, column: column?.colname };
    }),
    ...addedConstraints(node),
  ];
  return all.flatMap(({ table, constraint, column }) =>
    constraint.contype === "CONSTR_FOREIGN"
      ? [
          {
            table,
            constraint,
            columns: column === undefined ? strings(constraint.fk_attrs) : [column],
            isOfNewTable: made !== undefined,
          },
        ]
      : [],
  );
}

/** Every column that a statement makes: of a new table, or added to one. */
export function madeColumns(node: Node): { readonly table: RangeVar; readonly column: ColumnDef }[] {
  const made = madeTable(node);
  if (made !== undefined) return made.columns.map((column) => ({ table: made.table, column }));
  return addedColumns(node);
}

/** What DROP names: the parts of each name. */
export function dropped(node: Node, type: string): { readonly parts: readonly string[] }[] {
  const drop = inside(node, "DropStmt");
  if (drop?.removeType !== type) return [];
  return (drop.objects ?? []).map((object) => ({ parts: strings(inside(object, "List")?.items) }));
}

/** Whether a table is written as one that is gone with its session. */
export function isTemporary(table: RangeVar | undefined): boolean {
  return table?.relpersistence === "t" || table?.schemaname === "pg_temp";
}

/** A name as a person would write it. */
export function nameOf(range: Pick<RangeVar, "schemaname" | "relname"> | undefined): string {
  return nameOfParts([range?.schemaname, range?.relname ?? ""].filter((part) => part !== undefined));
}

/** The name of an index, which is in the schema of its table. */
export function indexOn(table: RangeVar | undefined, name: string): string {
  return nameOf(table?.schemaname === undefined ? { relname: name } : { schemaname: table.schemaname, relname: name });
}

export function rangeOfName(name: string): RangeVar {
  const { schema, name: relname } = parseQualifiedName(name) ?? { schema: undefined, name };
  return schema === undefined ? { relname } : { schemaname: schema, relname };
}

export function nameOfParts(parts: readonly string[]): string {
  return parts.map(writeIdentifier).join(".");
}

/** A list of columns as SQL. */
export function listOf(names: readonly string[]): string {
  return names.map(writeIdentifier).join(", ");
}

/** What PostgreSQL calls types inside, and people do not. */
const TYPE_NAMES: Readonly<Record<string, string>> = {
  int2: "smallint",
  int4: "integer",
  int8: "bigint",
  float4: "real",
  float8: "double precision",
  bool: "boolean",
  bpchar: "char",
  timestamptz: "timestamptz",
};

/** A type as a person would write it: `varchar(20)`, `integer[]`; empty for none. */
export function typeText(type: TypeName | undefined): string {
  if (type === undefined) return "";
  const parts = strings(type.names).filter((part, at) => at > 0 || part !== "pg_catalog");
  const last = parts.at(-1) ?? "";
  const base = parts.length === 1 ? (TYPE_NAMES[last] ?? last) : parts.join(".");
  const modifiers = (type.typmods ?? []).map((node) => inside(node, "A_Const")?.ival?.ival ?? 0);
  // What `char` and `interval` have there when nothing was written is no modifier.
  const written = modifiers.length > 0 && base !== "interval" ? `(${modifiers.join(",")})` : "";
  return `${base}${written}${"[]".repeat(type.arrayBounds?.length ?? 0)}`;
}

/** Columns that a constraint proves to be no NULL once it is valid: of a NOT NULL, and of CHECK (a IS NOT NULL AND ...). */
export function notNullColumns(constraint: Constraint, columns: readonly string[]): string[] {
  if (constraint.contype === "CONSTR_NOTNULL" || constraint.contype === "CONSTR_PRIMARY") return [...columns];
  return constraint.contype === "CONSTR_CHECK" ? provenByExpression(constraint.raw_expr) : [];
}

/** Whether a constraint asks nothing but that columns are no NULL. */
export function asksNotNullAlone(constraint: Constraint): boolean {
  const asksAlone = (node: Node | undefined): boolean => {
    const and = inside(node, "BoolExpr");
    if (and !== undefined) return and.boolop === "AND_EXPR" && (and.args ?? []).every(asksAlone);
    return provenByExpression(node).length > 0;
  };
  return constraint.contype === "CONSTR_CHECK" && asksAlone(constraint.raw_expr);
}

function provenByExpression(node: Node | undefined): string[] {
  const and = inside(node, "BoolExpr");
  if (and !== undefined) return and.boolop === "AND_EXPR" ? (and.args ?? []).flatMap(provenByExpression) : [];
  const test = inside(node, "NullTest");
  if (test?.nulltesttype !== "IS_NOT_NULL") return [];
  return strings(inside(test.arg, "ColumnRef")?.fields).slice(-1);
}

/** Whether an expression is NULL, as it is written down. */
export function isNullConstant(expression: Node | undefined): boolean {
  const cast = inside(expression, "TypeCast");
  return cast === undefined ? inside(expression, "A_Const")?.isnull === true : isNullConstant(cast.arg);
}

/** Every node below one, itself included, with the name of its kind. */
export function* nodesIn(value: unknown): Generator<readonly [kind: string, inner: Record<string, unknown>]> {
  if (typeof value !== "object" || value === null) return;
  if (Array.isArray(value)) {
    for (const item of value) yield* nodesIn(item);
    return;
  }
  for (const [key, inner] of Object.entries(value)) {
    if (typeof inner !== "object" || inner === null) continue;
    if (/^[A-Z]/.test(key)) yield [key, inner as Record<string, unknown>];
    yield* nodesIn(inner);
  }
}

/** Functions of PostgreSQL itself whose value differs from row to row. */
const VOLATILE: ReadonlySet<string> = new Set([
  "random",
  "random_normal",
  "gen_random_uuid",
  "uuidv4",
  "uuidv7",
  "clock_timestamp",
  "timeofday",
  "nextval",
  "setval",
  "txid_current",
  "pg_current_xact_id",
  "uuid_generate_v1",
  "uuid_generate_v1mc",
  "uuid_generate_v4",
]);

/** Common ones whose value is the same for all rows of a statement. */
const STEADY: ReadonlySet<string> = new Set(
  (
    "now transaction_timestamp statement_timestamp current_setting lower upper md5 length concat coalesce to_char to_date to_timestamp " +
    "timezone date_trunc date_part jsonb_build_object json_build_object jsonb_build_array json_build_array to_jsonb to_json array_fill " +
    "decode encode repeat replace substring btrim trim abs round floor ceil greatest least make_interval make_date " +
    "uuid_nil int4range int8range numrange tstzrange tsrange daterange to_tsvector"
  ).split(" "),
);

/** Whether the value of an expression may differ from row to row, with the function that makes it so. */
export function volatileIn(
  expression: Node | undefined,
): { readonly name: string; readonly isKnown: boolean } | undefined {
  const names = [...nodesIn(expression)].flatMap(([kind, inner]) =>
    kind === "FuncCall" ? strings((inner as { funcname?: Node[] }).funcname).slice(-1) : [],
  );
  const known = names.find((name) => VOLATILE.has(name));
  if (known !== undefined) return { name: known, isKnown: true };
  const unknown = names.find((name) => !STEADY.has(name));
  return unknown === undefined ? undefined : { name: unknown, isKnown: false };
}

/** Whether values of one type fit into another without a look at them: nothing is rewritten (PostgreSQL's no-op casts). */
export function isFreeConversion(from: string, to: string): boolean {
  const [a, b] = [partsOfType(from), partsOfType(to)];
  if (from === to) return true;
  if (TEXTS.has(a.name) && b.name === "text") return true;
  if (TEXTS.has(a.name) && b.name === "varchar") {
    return b.modifiers.length === 0 || (a.name === "varchar" && wider(a.modifiers, b.modifiers, 0));
  }
  if (a.name === "cidr" && b.name === "inet") return true;
  if (a.name !== b.name) return false;
  switch (a.name) {
    case "numeric":
      return b.modifiers.length === 0 || (a.modifiers[1] === b.modifiers[1] && wider(a.modifiers, b.modifiers, 0));
    case "varbit":
    case "timestamptz":
    case "timestamp":
    case "time":
    case "timetz":
      return b.modifiers.length === 0 || wider(a.modifiers, b.modifiers, 0);
    default:
      return false;
  }
}

const TEXTS: ReadonlySet<string> = new Set(["text", "varchar"]);

function wider(from: readonly number[], to: readonly number[], at: number): boolean {
  return (from[at] ?? Number.NaN) <= (to[at] ?? Number.NaN);
}

/** A type as `typeText` writes it, without and with what stands in its brackets. */
export function partsOfType(type: string): { readonly name: string; readonly modifiers: readonly number[] } {
  const [, name = type, modifiers] = /^([^(]+)(?:\(([\d,]+)\))?$/.exec(type) ?? [];
  return { name, modifiers: modifiers?.split(",").map(Number) ?? [] };
}
