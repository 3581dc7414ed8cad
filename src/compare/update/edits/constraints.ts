import type { Constraint } from "libpg-query";
import {
  addElement,
  type Clause,
  defaultName,
  type Element,
  readColumn,
  readTable,
  removeClause,
  type TableText,
} from "../create-table.ts";
import { commandsOn, type CommandText, removeCommand } from "../commands.ts";
import { removeSentence } from "../lines.ts";
import { removeItem } from "../lists.ts";
import { inside, type Node, strings } from "#sql/parser.ts";
import { quoteIdentifier } from "#sql/quote.ts";
import { isWord, tokensOf } from "#sql/lexer/tokens.ts";
import { attachedBy, isOnly, partitionsOf } from "../partitions.ts";
import type { SchemaTree, Sentence } from "../schema-tree.ts";
import { isSame, type Subject } from "../../sources/subjects.ts";
import { comesBack, isUnchanged } from "./lookups.ts";
import { type Done, edited, type EditKind, NOTHING, type Planned, type Work } from "./edit.ts";

/** Keys, foreign keys, checks and exclusions. */
export const constraints: EditKind = {
  edit(planned, work) {
    const table = planned.reading?.about.find(({ kind }) => kind === "relation");
    const { subtype, name } = planned.command ?? {};
    if (table === undefined || table.name === "") return undefined;
    if (subtype === "AT_DropConstraint" && name !== undefined) return drop(planned, work, table, name);
    if (subtype === "AT_AddConstraint") return add(planned, work, table);
    return undefined;
  },
};

/** Where the files make a constraint. */
export type FoundConstraint =
  | { readonly kind: "element"; readonly table: TableText; readonly element: Element }
  | { readonly kind: "clause"; readonly table: TableText; readonly clause: Clause }
  | { readonly kind: "command"; readonly command: CommandText };

/** Where a constraint is written, by its name or the one that PostgreSQL gives it. */
export function findConstraint(tree: SchemaTree, table: Subject, name: string): FoundConstraint | undefined {
  const command = commandsOn(tree, table).findLast(
    ({
      item: {
        command: { subtype, def },
      },
    }) => {
      const constraint = subtype === "AT_AddConstraint" ? inside(def, "Constraint") : undefined;
      return constraint !== undefined && nameOf(constraint, table.name, columnsOf(constraint)) === name;
    },
  );
  if (command !== undefined) return { kind: "command", command };
  const text = readTable(tree, table);
  if (text === undefined) return undefined;
  for (const element of text.items) {
    const constraint = inside(element.node, "Constraint");
    if (constraint !== undefined && nameOf(constraint, table.name, columnsOf(constraint)) === name) {
      return { kind: "element", table: text, element };
    }
    const column = inside(element.node, "ColumnDef")?.colname;
    const clauses = column === undefined ? [] : (readColumn(tree, text, column)?.clauses ?? []);
    const clause = clauses.find(
      (each) => nameOf(each.constraint, table.name, ofColumn(each.constraint, column!)) === name,
    );
    if (clause !== undefined) return { kind: "clause", table: text, clause };
  }
  return undefined;
}

function nameOf(constraint: Constraint, table: string, columns: readonly string[]): string | undefined {
  return constraint.conname ?? defaultName(table, columns, constraint.contype);
}

function ofColumn(constraint: Constraint, column: string): readonly string[] {
  return constraint.contype === "CONSTR_CHECK" ? columnsOf(constraint) : [column];
}

/** The columns that a constraint's own name would be made of. */
function columnsOf(constraint: Constraint): string[] {
  switch (constraint.contype) {
    case "CONSTR_FOREIGN":
      return strings(constraint.fk_attrs);
    case "CONSTR_CHECK": {
      const columns = new Set(columnsIn(constraint.raw_expr));
      return columns.size === 1 ? [...columns] : [];
    }
    case "CONSTR_EXCLUSION":
      return (constraint.exclusions ?? []).flatMap((each) => {
        const [element] = inside(each, "List")?.items ?? [];
        const { name, expr } = inside(element, "IndexElem") ?? {};
        return name ?? nameOfExpression(expr);
      });
    default:
      return strings(constraint.keys);
  }
}

/** What PostgreSQL calls a column of an index that is an expression: the commonest kinds (FigureColname in its parser). */
function nameOfExpression(expression: Node | undefined): string {
  const names = inside(expression, "FuncCall")?.funcname ?? inside(expression, "ColumnRef")?.fields;
  return strings(names).at(-1) ?? "expr";
}

/** Names of columns in an expression, without their tables. */
function columnsIn(node: unknown): string[] {
  if (typeof node !== "object" || node === null) return [];
  if (Array.isArray(node)) return node.flatMap(columnsIn);
  const reference = inside(node as Node, "ColumnRef");
  if (reference !== undefined) return strings(reference.fields).slice(-1);
  return Object.values(node).flatMap(columnsIn);
}

function drop(planned: Planned, work: Work, table: Subject, name: string): Done | undefined {
  const { tree } = work;
  const found = findConstraint(tree, table, name);
  const isOfSome = isOfSomePartitions(planned, work, found);
  if (comesBack(planned, work) && !isOfSome) return NOTHING;
  if (found === undefined) return undefined;
  const { how, file } = remove(tree, found);
  if (isOfSome) removeParts(tree, { kind: "relation", schema: table.schema, name });
  const subject: Subject = { kind: "constraint", schema: table.schema, of: table.name, name };
  const isAboutIt = ({ item: { command } }: CommandText): boolean =>
    command.name === name && /^AT_(?:Validate|Alter)Constraint$/.test(command.subtype ?? "");
  for (let own = commandsOn(tree, table).find(isAboutIt); own; own = commandsOn(tree, table).find(isAboutIt))
    removeCommand(tree, own);
  for (;;) {
    const own = tree.about(subject).find(({ reading }) => isSame(reading!.about[0]!, subject));
    if (own === undefined) return { how, file };
    removeSentence(tree, own);
  }
}

/** Whether a key is, or will be, one that partitions are given by themselves: it is made anew together with theirs. */
function isOfSomePartitions(planned: Planned, { plan }: Work, found: FoundConstraint | undefined): boolean {
  const isMadeAnew = plan.some(({ node, subject, command }) => {
    const isIt = subject !== undefined && planned.subject !== undefined && isSame(subject, planned.subject);
    return isIt && command?.subtype === "AT_AddConstraint" && isOnly(node);
  });
  return isMadeAnew || (found?.kind === "command" && isOnly(found.command.list.sentence.node));
}

/** Removes the keys of partitions that are attached to an index, which go together with it. */
function removeParts(tree: SchemaTree, index: Subject): void {
  for (;;) {
    const attached = tree.about(index).find(({ node }) => attachedBy(node) !== undefined);
    if (attached === undefined) return;
    const name = attachedBy(attached.node)!.relname ?? "";
    removeSentence(tree, attached);
    for (const { reading } of tree.sentences) {
      const key = reading?.kind === "table" ? findConstraint(tree, reading.makes!, name) : undefined;
      if (key === undefined) continue;
      remove(tree, key);
      break;
    }
  }
}

function remove(tree: SchemaTree, found: FoundConstraint): Done {
  if (found.kind === "command") {
    return { how: removeCommand(tree, found.command), file: found.command.list.sentence.file };
  }
  const { file } = found.table.sentence;
  if (found.kind === "element") removeItem(tree, found.table, found.element);
  else removeClause(tree, file, found.clause);
  return edited(file);
}

function add(planned: Planned, work: Work, table: Subject): Done | undefined {
  const { tree, style, from } = work;
  const constraint = inside(planned.command?.def, "Constraint");
  const words = tokensOf(planned.sql);
  const word = words.find((token) => token.depth === 0 && isWord(token, "CONSTRAINT"));
  if (constraint?.conname === undefined || word === undefined) return undefined;
  const found = findConstraint(tree, table, constraint.conname);
  const isOfSome = isOnly(planned.node) && INDEXED.has(constraint.contype);
  // What was taken away together with the keys of partitions comes back.
  if (isUnchanged(planned, work) && !(isOfSome && found === undefined)) return NOTHING;
  const definition = planned.sql.slice(word.start).trim();
  // A column that was just added may bring it along: the next round tells.
  if (found !== undefined && !planned.makes.some((id) => from.has(id))) return NOTHING;
  if (found?.kind === "command") {
    const { list, item } = found.command;
    const { file } = list.sentence;
    // Behind ADD.
    const start = tokensOf(tree.text(file), item.start, item.end)[1]!.start;
    tree.splice(file, start, item.end, style.part(definition));
    return edited(file);
  }
  // Only ALTER TABLE knows these; rows are not looked at for what is not enforced, either.
  const isUnchecked = constraint.skip_validation === true && constraint.is_enforced === true;
  if (isUnchecked || constraint.indexname !== undefined) {
    if (found !== undefined) remove(tree, found);
    return undefined;
  }
  // In parentheses, or before a partition, it would be a key of that as well.
  if (isOfSome) {
    if (found !== undefined) remove(tree, found);
    return apart(partitionsOf(tree, table));
  }
  const sql = style.part(withoutDefaultName(tree, table, constraint, definition));
  if (found?.kind === "element") {
    tree.splice(found.table.sentence.file, found.element.start, found.element.end, sql);
    return edited(found.table.sentence.file);
  }
  if (found?.kind === "clause") {
    const inline = refersAhead(tree, found.table, constraint) ? undefined : inlineOf(constraint, definition);
    if (inline !== undefined) {
      const { file } = found.table.sentence;
      const { conname } = found.clause.constraint;
      const head = conname === undefined ? "" : `CONSTRAINT ${quoteIdentifier(conname)} `;
      tree.splice(file, found.clause.start, found.clause.end, style.part(head + inline));
      return edited(file);
    }
    removeClause(tree, found.table.sentence.file, found.clause);
  }
  const text = readTable(tree, table);
  const isApart = found === undefined && standsApart(tree, constraint);
  if (text === undefined || isApart || refersAhead(tree, text, constraint)) {
    return found === undefined ? apart() : undefined;
  }
  addElement(tree, text, sql, "constraint");
  return edited(text.sentence.file);

  function apart(after: readonly Sentence[] = []): Done {
    const { reading, needs, subject } = planned;
    const file = work.place({
      sql: style.statement(planned.sql),
      kind: reading?.kind ?? "constraint",
      makes: subject,
      on: table,
      needs,
      after,
    });
    return { how: "added", file };
  }
}

/** What a column says of its own constraint; undefined for what only a table can say, or says better. */
function inlineOf({ contype, fk_attrs: columns = [] }: Constraint, definition: string): string | undefined {
  const isOfColumn = contype === "CONSTR_CHECK" || (contype === "CONSTR_FOREIGN" && columns.length === 1);
  const word = contype === "CONSTR_CHECK" ? "CHECK" : "REFERENCES";
  const first = tokensOf(definition).find((token) => token.depth === 0 && isWord(token, word));
  return isOfColumn && first !== undefined ? definition.slice(first.start) : undefined;
}

const INDEXED: ReadonlySet<Constraint["contype"]> = new Set<Constraint["contype"]>([
  "CONSTR_PRIMARY",
  "CONSTR_UNIQUE",
  "CONSTR_EXCLUSION",
]);

/** Where constraints in the tree have no names of their own, one that would get its name anyway has none, either. */
function withoutDefaultName(tree: SchemaTree, table: Subject, constraint: Constraint, definition: string): string {
  if (defaultName(table.name, columnsOf(constraint), constraint.contype) !== constraint.conname) return definition;
  const all = tree.sentences.flatMap(({ node }) =>
    (inside(node, "CreateStmt")?.tableElts ?? []).flatMap((each) => inside(each, "Constraint") ?? []),
  );
  if (all.length === 0 || all.some(({ conname }) => conname !== undefined)) return definition;
  return definition.slice(tokensOf(definition)[1]!.end).trim();
}

/** Whether this kind of constraint has statements of its own in the tree, as pg_dump writes it. */
function standsApart(tree: SchemaTree, { contype }: Constraint): boolean {
  let [apart, within] = [0, 0];
  for (const { node } of tree.sentences) {
    for (const each of inside(node, "AlterTableStmt")?.cmds ?? []) {
      if (inside(inside(each, "AlterTableCmd")?.def, "Constraint")?.contype === contype) apart++;
    }
    for (const each of inside(node, "CreateStmt")?.tableElts ?? []) {
      if (inside(each, "Constraint")?.contype === contype) within++;
      const own = inside(each, "ColumnDef")?.constraints ?? [];
      if (own.some((clause) => inside(clause, "Constraint")?.contype === contype)) within++;
    }
  }
  return apart > within;
}

/** Whether a foreign key leads to a table that is made later, or not in these files. */
function refersAhead(tree: SchemaTree, text: TableText, { pktable }: Constraint): boolean {
  if (pktable === undefined) return false;
  const subject: Subject = { kind: "relation", schema: pktable.schemaname ?? "public", name: pktable.relname ?? "" };
  const maker = tree.maker(subject);
  return maker === undefined || tree.sentences.indexOf(maker) > tree.sentences.indexOf(text.sentence);
}
