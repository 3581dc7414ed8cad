import { inside, type Node, strings } from "#sql/parser.ts";

/** The words after which PostgreSQL names a column that a query returns without a name of its own. */
export interface ImpliedName {
  readonly name: string | undefined;
  /** In bytes of the statement: where the words begin of which the name is the last. */
  readonly location: number | undefined;
  /** How many words these are. */
  readonly parts: number;
}

/** FigureColname in PostgreSQL's source, as far as names are concerned that a rename can change. Pure. */
export function impliedName(val: Node | undefined): ImpliedName | undefined {
  const cast = inside(val, "TypeCast");
  if (cast === undefined) return strongName(val);
  const { typeName: type } = cast;
  return impliedName(cast.arg) ?? implied(type?.names, type?.location);
}

/** A name that also counts behind ELSE, as that of a type does not. */
function strongName(val: Node | undefined): ImpliedName | undefined {
  const column = inside(val, "ColumnRef");
  if (column !== undefined) return implied(column.fields, column.location);
  const call = inside(val, "FuncCall");
  if (call !== undefined) return implied(call.funcname, call.location);
  const part = inside(val, "A_Indirection");
  // The name of a field is the column's.
  if (part !== undefined) return strings(part.indirection).length > 0 ? undefined : impliedName(part.arg);
  const choice = inside(val, "CaseExpr");
  if (choice !== undefined) return strongName(inside(choice.defresult, "TypeCast")?.arg ?? choice.defresult);
  const collated = inside(val, "CollateClause");
  return collated === undefined ? undefined : impliedName(collated.arg);
}

function implied(words: readonly Node[] | undefined, location: number | undefined): ImpliedName {
  const names = strings(words);
  return { name: names.at(-1), location, parts: names.length };
}
