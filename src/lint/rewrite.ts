import { type Constraint, inside, type Node, type RangeVar, strings } from "#sql/parser.ts";
import { writeIdentifier } from "#sql/quote.ts";
import { isWord, tokensOf } from "#sql/lexer/tokens.ts";
import type { Found, Rewrite } from "./rule.ts";
import { nameOf, nodesIn } from "./syntax.ts";

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
  const name = writeIdentifier(constraintName(constraint, table, undefined));
  const isAlone = inside(node, "AlterTableStmt")?.cmds?.length === 1 && constraint.conname !== undefined;
  return [
    isAlone ? `${text} NOT VALID;` : `ALTER TABLE ${nameOf(table)} ADD CONSTRAINT ${name} ... NOT VALID;`,
    `ALTER TABLE ${nameOf(table)} VALIDATE CONSTRAINT ${name};  -- in the next migration`,
  ].join("\n");
}
