import { inside, strings } from "#sql/parser.ts";
import { isSame, type Subject } from "../../sources/subjects.ts";
import { SERIAL } from "./columns.ts";
import { type EditKind, NOTHING, type Work } from "./edit.ts";

/** Sequences that come with the serial column of a new table, or a new column, in the words of the migrations. */
export const serials: EditKind = {
  edit({ node, reading, subject }, work) {
    const altered = inside(node, "AlterSeqStmt");
    const isOwned = altered?.options?.some((each) => inside(each, "DefElem")?.defname === "owned_by") === true;
    const sequence = reading?.makes ?? subject;
    if ((inside(node, "CreateSeqStmt") === undefined && !isOwned) || sequence === undefined) return undefined;
    return isOfSerial(sequence, work) ? NOTHING : undefined;
  },
};

function isOfSerial({ schema, name }: Subject, { from, to, wordingOf, tree, plan }: Work): boolean {
  const owner = to.get({ kind: "sequence", schema, name })?.payload["ownedBy"] as
    | { readonly schema: string; readonly table: string; readonly column: string }
    | null
    | undefined;
  if (owner === null || owner === undefined || owner.schema !== schema) return false;
  const { table, column } = owner;
  // As PostgreSQL names it, where that is short enough and free.
  if (name !== `${table}_${column}_seq` || from.has({ kind: "column", schema, table, name: column })) return false;
  const whole: Subject = { kind: "relation", schema, name: table };
  const part: Subject = { kind: "column", schema, of: table, name: column };
  const added = wordingOf(part)?.column(part);
  const isMade = plan.some(({ reading }) => reading?.makes !== undefined && isSame(reading.makes, whole));
  const sql = isMade ? wordingOf(whole)?.statement(whole) : added && `CREATE TABLE t (${added})`;
  const elements = sql === undefined ? [] : (inside(tree.parser.parse(sql), "CreateStmt")?.tableElts ?? []);
  return elements.some((element) => {
    const definition = inside(element, "ColumnDef");
    return definition?.colname === column && SERIAL.test(strings(definition.typeName?.names).at(-1) ?? "");
  });
}
