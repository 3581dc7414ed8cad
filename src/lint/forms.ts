import { rowShapeOf } from "#sql/alike.ts";
import { dangersOf } from "#sql/effects/danger.ts";
import { withFewRows } from "#sql/few-rows.ts";
import { inside, type Node, type Parser } from "#sql/parser.ts";
import { quoteLiteral } from "#sql/quote.ts";
import type { Statement } from "#sql/statement.ts";
import type { LintStatement } from "./file.ts";
import { comparesConstants } from "./rows.ts";

/** Statements that only add rows say little to rules; a longer one costs the parser much memory. In UTF-16 units. */
const LONGEST_INSERT = 100_000;

type Form = Pick<LintStatement, "node" | "shape">;

/** What the statements of one file are parsed to. It may hold tens of thousands that write rows, one like the other: the first is parsed. */
export class Forms {
  readonly #parser: Parser;
  readonly #first = new Map<string, Form>();
  /** Values that the file adds to enums, as literals. */
  readonly #newValues: string[] = [];

  constructor(parser: Parser) {
    this.#parser = parser;
  }

  of(statement: Statement): Form & Pick<LintStatement, "isAlike"> {
    const usesNewValue = this.#newValues.some((value) => statement.text.includes(value));
    const written = usesNewValue ? undefined : rowShapeOf(statement);
    const alike = written === undefined ? undefined : this.#first.get(written);
    if (alike !== undefined) return { ...alike, isAlike: true };
    const text = textToParse(statement);
    const node = text === undefined ? undefined : this.#parser.parse(text);
    const added = inside(node, "AlterEnumStmt")?.newVal;
    if (added !== undefined) this.#newValues.push(quoteLiteral(added));
    if (node === undefined || usesNewValue || !writesRows(node)) return { node, shape: undefined, isAlike: false };
    const few = withoutRows(node);
    if (dependsOnValues(statement, few)) return { node: few, shape: undefined, isAlike: false };
    const form = { node: few, shape: written ?? ("InsertStmt" in few ? JSON.stringify(few) : undefined) };
    if (written !== undefined) this.#first.set(written, form);
    return { ...form, isAlike: false };
  }
}

/** Undefined for a long INSERT of rows that are more than constants. */
export function textToParse({ firstWord, text }: Pick<Statement, "firstWord" | "text">): string | undefined {
  const few = withFewRows(text);
  if (firstWord !== "INSERT" || few.length <= LONGEST_INSERT) return few;
  return few.replaceAll(/ {16,}/g, "").length <= LONGEST_INSERT ? few : undefined;
}

function writesRows(node: Node): boolean {
  return "InsertStmt" in node || "UpdateStmt" in node || "DeleteStmt" in node;
}

/** Whether rules may say something else of a statement of the same shape, for its values. */
function dependsOnValues(statement: Statement, node: Node): boolean {
  return comparesConstants(node) || dangersOf(statement).length > 0;
}

/** Rules do not look at the rows of an INSERT, which take much memory. */
function withoutRows(node: Node): Node {
  const insert = inside(node, "InsertStmt");
  const select = inside(insert?.selectStmt, "SelectStmt");
  if (select?.valuesLists === undefined || insert === undefined) return node;
  const { valuesLists: _rows, ...rest } = select;
  return { InsertStmt: { ...insert, selectStmt: { SelectStmt: rest } } };
}
