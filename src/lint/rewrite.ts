import { type Constraint, inside, type Node, offsetOfByte, type RangeVar, strings } from "#sql/parser.ts";
import { writeIdentifier } from "#sql/quote.ts";
import { TokenKind } from "#sql/lexer/token-kind.ts";
import { isWord, tokensOf } from "#sql/lexer/tokens.ts";
import type { Found, Rewrite } from "./rule.ts";
import { listOf, nameOf, nodesIn } from "./syntax.ts";

/** The statement with CONCURRENTLY behind the word: CREATE INDEX, DROP INDEX. */
export function concurrently(text: string, word: string): string {
  const at = tokensOf(text).find((token) => isWord(token, word))?.end;
  return at === undefined ? text : `${text.slice(0, at)} CONCURRENTLY${text.slice(at)}`;
}

const SUFFIXES: Readonly<Record<string, string>> = {
  CONSTR_CHECK: "check",
  CONSTR_FOREIGN: "fkey",
  CONSTR_UNIQUE: "key",
  CONSTR_PRIMARY: "pkey",
};

/** The name that a constraint has, or that PostgreSQL would give it. */
export function constraintName(constraint: Constraint, table: RangeVar, column: string | undefined): string {
  if (constraint.conname !== undefined) return constraint.conname;
  const named = strings(constraint.fk_attrs ?? constraint.keys);
  const columns =
    constraint.contype === "CONSTR_PRIMARY"
      ? []
      : constraint.contype === "CONSTR_CHECK"
        ? onlyColumnOf(constraint)
        : named.length > 0
          ? named
          : [column];
  return [table.relname, ...columns, SUFFIXES[constraint.contype ?? ""] ?? "constraint"]
    .filter((part) => part !== undefined)
    .join("_");
}

/** PostgreSQL names a CHECK after the column that it speaks of, if it is one alone (AddRelationNewConstraints). */
function onlyColumnOf({ raw_expr: expression }: Constraint): string[] {
  const columns = new Set(
    [...nodesIn(expression)].flatMap(([kind, inner]) =>
      kind === "ColumnRef" ? strings((inner as { fields?: Node[] }).fields).slice(-1) : [],
    ),
  );
  return columns.size === 1 ? [...columns] : [];
}

/** A rewrite for `--fix`, or why there is none. */
export type MaybeRewritten = Pick<Found, "rewrite" | "notRewritten">;

/** What to do where PostgreSQL takes no CONCURRENTLY. */
export const ON_PARTITIONED =
  "Build it while nobody needs the table: PostgreSQL builds no index of a partitioned table CONCURRENTLY";

/** What a key has besides its columns, as its index has it. */
export function indexOptions({ including, nulls_not_distinct: isStrict }: Constraint): string {
  const columns = strings(including);
  return `${columns.length === 0 ? "" : ` INCLUDE (${listOf(columns)})`}${isStrict === true ? " NULLS NOT DISTINCT" : ""}`;
}

/** Why a statement that does several things is not rewritten. */
export const SEVERAL_CHANGES = "its ALTER TABLE makes several changes; give each a statement of its own";
/** Why a constraint of a new column is not split from it. */
export const WITH_COLUMN = "the constraint is part of a new column; add it with a statement of its own";
/** Why a unique index is not built later. */
export const UNIQUE_LATER = "duplicate rows could be inserted before a unique index of a later migration is there";

/** The same for `--fix`: only of a constraint that has a name and its statement for itself. */
export function splitRewrite(text: string, node: Node, constraint: Constraint, table: RangeVar): MaybeRewritten {
  const { conname } = constraint;
  if (inside(node, "AlterTableStmt")?.cmds?.length !== 1) return { notRewritten: SEVERAL_CHANGES };
  if (conname === undefined) return { notRewritten: "the constraint has no name; give it one (ADD CONSTRAINT ...)" };
  const up = `ALTER TABLE ${nameOf(table)} VALIDATE CONSTRAINT ${writeIdentifier(conname)}`;
  const here = `${text} NOT VALID`;
  const rewrite: Rewrite = {
    here,
    later: { name: `validate_${conname}`, up, down: addedAnew(table, conname, here) },
  };
  return { rewrite };
}

/** The way back of a validation: the constraint as it was before. */
export function addedAnew(table: RangeVar, name: string, adding: string): string {
  return `ALTER TABLE ${nameOf(table)} DROP CONSTRAINT ${writeIdentifier(name)};\n\n${adding}`;
}

/** How to add a constraint without checking it, and check it later. */
export function splitValidation(text: string, node: Node, constraint: Constraint, table: RangeVar): string {
  const isAlone = inside(node, "AlterTableStmt")?.cmds?.length === 1 && constraint.conname !== undefined;
  return [
    isAlone ? `${text} NOT VALID;` : addedNotValid(text, constraint, table, undefined),
    validated(table, constraintName(constraint, table, undefined)),
  ].join("\n");
}

/** The same for the CHECK of a new column. */
export function splitFromColumn(text: string, constraint: Constraint, table: RangeVar, column: string): string {
  return [
    "Add the column without its CHECK, then:",
    addedNotValid(text, constraint, table, column),
    validated(table, constraintName(constraint, table, column)),
  ].join("\n");
}

function validated(table: RangeVar, name: string): string {
  return `ALTER TABLE ${nameOf(table)} VALIDATE CONSTRAINT ${writeIdentifier(name)};  -- in the next migration`;
}

/** A constraint of a statement in one of its own, with the name that PostgreSQL would give it. */
function addedNotValid(text: string, constraint: Constraint, table: RangeVar, column: string | undefined): string {
  const start = offsetOfByte(text, constraint.location ?? 0);
  const tokens = tokensOf(text, start);
  // A CHECK of a column ends with its parenthesis, and others at the next action.
  const close = tokens.findIndex(({ kind, depth }) => kind === TokenKind.close && depth === 0);
  const comma = tokens.findIndex((token) => token.depth === 0 && token.text === ",");
  const last = column === undefined ? tokens.at(comma < 0 ? -1 : comma - 1) : tokens[close];
  const definition = text.slice(start, last?.end);
  const named = `CONSTRAINT ${writeIdentifier(constraintName(constraint, table, column))} ${definition}`;
  return `ALTER TABLE ${nameOf(table)} ADD ${constraint.conname === undefined ? named : definition} NOT VALID;`;
}
