import { type ColumnText, readColumn, readTable, removeClause } from "../create-table.ts";
import { removeCommand } from "../commands.ts";
import { TokenKind } from "#sql/lexer/token-kind.ts";
import { tokensOf, isWord } from "#sql/lexer/tokens.ts";
import type { Subject } from "../../sources/subjects.ts";
import { SERIAL } from "./columns.ts";
import { alterationOf, behindWord, columnOf, followedBy } from "./lookups.ts";
import { type Done, edited, type EditKind, NOTHING, type Planned, type Work } from "./edit.ts";

/** Defaults, NOT NULL, identities and generated values of columns. */
export const columnProperties: EditKind = {
  edit(planned, work) {
    const named = columnOf(planned);
    if (named === undefined) return undefined;
    const { column } = named;
    switch (planned.command?.subtype) {
      case "AT_ColumnDefault":
        return planned.command.def === undefined ? dropDefault(planned, work) : setDefault(planned, work, column);
      case "AT_SetNotNull":
        return setNotNull(planned, work);
      case "AT_DropNotNull":
        return dropClause(planned, work, "CONSTR_NOTNULL", ["AT_SetNotNull"]);
      case "AT_AddIdentity":
        return addIdentity(planned, work);
      case "AT_DropIdentity":
        return dropClause(planned, work, "CONSTR_IDENTITY", ["AT_AddIdentity"]);
      case "AT_SetExpression":
        return setExpression(planned, work);
      case "AT_DropExpression":
        return dropClause(planned, work, "CONSTR_GENERATED", []);
      default:
        return undefined;
    }
  },
};

interface Found {
  readonly file: string;
  readonly text: ColumnText;
}

function find(planned: Planned, { tree }: Work): Found | undefined {
  const named = columnOf(planned)!;
  const table = readTable(tree, named.table);
  const text = table === undefined ? undefined : readColumn(tree, table, named.column.name);
  return table === undefined || text === undefined ? undefined : { file: table.sentence.file, text };
}

function setDefault(planned: Planned, work: Work, column: Subject): Done | undefined {
  const { tree, style, from, to } = work;
  const id = { kind: "default", schema: column.schema, table: column.of!, name: column.name } as const;
  if (from.has(id) && to.has(id) && from.hashOf(id) === to.hashOf(id)) return NOTHING;
  const value = behindWord(planned.sql, "DEFAULT");
  if (value === undefined) return undefined;
  const alteration = alterationOf(tree, column, ["AT_ColumnDefault"]);
  if (alteration !== undefined) {
    const { start, end } = alteration.item;
    const { file } = alteration.list.sentence;
    const word = tokensOf(tree.text(file), start, end).find((token) => isWord(token, "DEFAULT"));
    if (word === undefined) return undefined;
    tree.splice(file, word.end, end, ` ${style.part(value)}`);
    return edited(file);
  }
  const found = find(planned, work);
  if (found === undefined) return undefined;
  const { file, text } = found;
  if (SERIAL.test(tree.text(file).slice(text.type.start, text.type.end))) return undefined;
  const clause = text.clauses.find(({ constraint }) => constraint.contype === "CONSTR_DEFAULT");
  if (clause !== undefined) {
    const word = tree.text(file).slice(clause.start, clause.start + "DEFAULT".length);
    tree.splice(file, clause.start, clause.end, `${word} ${style.part(value)}`);
    return edited(file);
  }
  const notNull = text.clauses.find(({ constraint }) => constraint.contype === "CONSTR_NOTNULL");
  const at = notNull?.end ?? text.afterType;
  tree.splice(file, at, at, ` ${style.part("DEFAULT")} ${style.part(value)}`);
  return edited(file);
}

function dropDefault(planned: Planned, work: Work): Done | undefined {
  const { tree, style } = work;
  if (followedBy(planned, work, "AT_ColumnDefault")) return NOTHING;
  const found = find(planned, work);
  const { start, end } = found?.text.type ?? { start: 0, end: 0 };
  const type = found === undefined ? "" : tree.text(found.file).slice(start, end);
  if (found !== undefined && SERIAL.test(type)) {
    const plain = /big|8/i.test(type) ? "bigint" : /small|2/i.test(type) ? "smallint" : "integer";
    tree.splice(found.file, start, end, style.type(plain));
    return edited(found.file);
  }
  return dropClause(planned, work, "CONSTR_DEFAULT", ["AT_ColumnDefault"]);
}

function setNotNull(planned: Planned, work: Work): Done | undefined {
  const { tree, style } = work;
  const found = find(planned, work);
  if (found === undefined) return undefined;
  const { file, text } = found;
  const nullable = text.clauses.find(({ constraint }) => constraint.contype === "CONSTR_NULL");
  if (nullable !== undefined) tree.splice(file, nullable.start, nullable.end, style.part("NOT NULL"));
  else if (text.clauses.some(({ constraint }) => constraint.contype === "CONSTR_NOTNULL")) return undefined;
  else tree.splice(file, text.afterType, text.afterType, ` ${style.part("NOT NULL")}`);
  return edited(file);
}

function setExpression(planned: Planned, work: Work): Done | undefined {
  const { tree, style } = work;
  const expression = behindWord(planned.sql, "AS");
  const found = find(planned, work);
  const clause = found?.text.clauses.find(({ constraint }) => constraint.contype === "CONSTR_GENERATED");
  if (expression === undefined || found === undefined || clause === undefined) return undefined;
  const tokens = tokensOf(tree.text(found.file), clause.start, clause.end);
  const [open, close] = [TokenKind.open, TokenKind.close].map((kind) =>
    tokens.find((token) => token.kind === kind && token.depth === 0),
  );
  if (open === undefined || close === undefined) return undefined;
  tree.splice(found.file, open.start, close.end, style.part(expression));
  return edited(found.file);
}

function addIdentity(planned: Planned, work: Work): Done | undefined {
  const { tree, style } = work;
  const identity = behindWord(planned.sql, "ADD");
  const found = find(planned, work);
  if (found === undefined || identity === undefined) return undefined;
  const { file, text } = found;
  if (text.clauses.some(({ constraint }) => constraint.contype === "CONSTR_IDENTITY")) return undefined;
  const at = text.clauses.find(({ constraint }) => constraint.contype === "CONSTR_NOTNULL")?.end ?? text.afterType;
  tree.splice(file, at, at, ` ${style.part(identity)}`);
  return edited(file);
}

/** Takes a clause out of the column, or the statement that set it. */
function dropClause(planned: Planned, work: Work, type: string, setters: readonly string[]): Done | undefined {
  const { tree } = work;
  const alteration = alterationOf(tree, columnOf(planned)!.column, setters);
  if (alteration !== undefined) {
    return { how: removeCommand(tree, alteration), file: alteration.list.sentence.file };
  }
  const found = find(planned, work);
  const clause = found?.text.clauses.find(({ constraint }) => constraint.contype === type);
  if (found === undefined || clause === undefined) return undefined;
  removeClause(tree, found.file, clause);
  return edited(found.file);
}
