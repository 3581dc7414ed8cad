import { inside, type Node, strings } from "#sql/parser.ts";
import { typeText } from "./syntax.ts";

/** What an expression comes to: NULL, a truth, a number or text that is written down; undefined where nobody knows. */
type Value = null | boolean | number | string | undefined;

/** Whether a CHECK refuses every row in which these columns are NULL, whatever the others hold. Pure. */
export function refusesNulls(check: Node | undefined, columns: ReadonlySet<string>): boolean {
  return new NullRow(columns).valueOf(check) === false;
}

/** A row of which no more is known than that some columns are NULL. */
class NullRow {
  readonly #columns: ReadonlySet<string>;

  constructor(columns: ReadonlySet<string>) {
    this.#columns = columns;
  }

  valueOf(node: Node | undefined): Value {
    const column = inside(node, "ColumnRef");
    if (column !== undefined) return this.#columns.has(strings(column.fields).at(-1) ?? "") ? null : undefined;
    const constant = inside(node, "A_Const");
    if (constant !== undefined) return literal(constant);
    const cast = inside(node, "TypeCast");
    if (cast !== undefined) return this.#cast(this.valueOf(cast.arg), typeText(cast.typeName));
    const test = inside(node, "NullTest");
    if (test !== undefined) return negated(this.#isNull(test.arg), test.nulltesttype === "IS_NOT_NULL");
    const truth = inside(node, "BooleanTest");
    if (truth !== undefined) return this.#truth(this.valueOf(truth.arg), truth.booltesttype ?? "");
    const several = inside(node, "BoolExpr");
    if (several !== undefined)
      return combined(
        several.boolop,
        (several.args ?? []).map((arg) => this.valueOf(arg)),
      );
    const coalesce = inside(node, "CoalesceExpr");
    if (coalesce !== undefined) return this.#coalesce(coalesce.args ?? []);
    const call = inside(node, "FuncCall");
    if (call !== undefined) return this.#call(strings(call.funcname).at(-1) ?? "", call.args ?? []);
    return this.#operator(node);
  }

  /** What becomes of a value by the cast is known of few. */
  #cast(value: Value, type: string): Value {
    return value === null || typeof value === "boolean" || /^(?:text|varchar)$/.test(type) ? value : undefined;
  }

  #isNull(node: Node | undefined): boolean | undefined {
    const value = this.valueOf(node);
    return value === undefined ? undefined : value === null;
  }

  #truth(value: Value, test: string): Value {
    if (value === undefined) return undefined;
    const asked = test.endsWith("TRUE") ? true : test.endsWith("FALSE") ? false : null;
    return (value === asked) !== test.startsWith("IS_NOT_");
  }

  #coalesce(args: readonly Node[]): Value {
    for (const arg of args) {
      const value = this.valueOf(arg);
      if (value !== null) return value;
    }
    return null;
  }

  #call(name: string, args: readonly Node[]): Value {
    if (STRICT.has(name)) return args.some((arg) => this.valueOf(arg) === null) ? null : undefined;
    if (name !== "num_nonnulls" && name !== "num_nulls") return undefined;
    const nulls = args.map((arg) => this.#isNull(arg));
    return nulls.includes(undefined) ? undefined : nulls.filter((isNull) => isNull === (name === "num_nulls")).length;
  }

  #operator(node: Node | undefined): Value {
    const operation = inside(node, "A_Expr");
    if (operation === undefined) return undefined;
    const [left, right] = [this.valueOf(operation.lexpr), this.valueOf(operation.rexpr)];
    switch (operation.kind) {
      case "AEXPR_DISTINCT":
      case "AEXPR_NOT_DISTINCT": {
        const isEqual = left === null && right === null ? true : compared("=", left, right);
        return negated(isEqual, operation.kind === "AEXPR_DISTINCT");
      }
      case "AEXPR_OP":
        if (left === null || right === null) return null;
        return compared(strings(operation.name).at(-1) ?? "", left, right);
      // What is none of a list, between nothing or like nothing is NULL as well.
      default:
        return left === null ? null : undefined;
    }
  }
}

/** Functions of PostgreSQL that give NULL for NULL, as CHECKs use them. */
const STRICT: ReadonlySet<string> = new Set(
  "length char_length octet_length lower upper btrim trim ltrim rtrim abs jsonb_typeof cardinality".split(" "),
);

function literal({ isnull, boolval, ival, sval }: { isnull?: boolean } & Constant): Value {
  if (isnull === true) return null;
  if (boolval !== undefined) return boolval.boolval === true;
  // A zero is left out by the parser.
  return ival === undefined ? sval?.sval : (ival.ival ?? 0);
}

interface Constant {
  readonly boolval?: { readonly boolval?: boolean };
  readonly ival?: { readonly ival?: number };
  readonly sval?: { readonly sval?: string };
}

function negated(value: boolean | undefined, isNegated: boolean): Value {
  return value === undefined ? undefined : value !== isNegated;
}

function combined(kind: string | undefined, values: readonly Value[]): Value {
  if (kind === "NOT_EXPR") return typeof values[0] === "boolean" ? !values[0] : values[0];
  const decides = kind === "OR_EXPR";
  if (values.includes(decides)) return decides;
  if (values.some((value) => value !== null && typeof value !== "boolean")) return undefined;
  return values.includes(null) ? null : !decides;
}

function compared(operator: string, left: Value, right: Value): boolean | undefined {
  if (left === undefined || right === undefined) return undefined;
  // NULL and a value are none of a kind, and what is written down as another kind may be equal.
  if (left === null || right === null) return false;
  if (typeof left !== typeof right) return undefined;
  if (operator === "=") return left === right;
  if (operator === "<>") return left !== right;
  if (typeof left !== "number" || typeof right !== "number") return undefined;
  switch (operator) {
    case ">":
      return left > right;
    case ">=":
      return left >= right;
    case "<":
      return left < right;
    case "<=":
      return left <= right;
    default:
      return undefined;
  }
}
