import { type Constraint, inside, type Node, type RangeVar, strings } from "#sql/parser.ts";
import { writeIdentifier } from "#sql/quote.ts";
import { isWord, tokensOf } from "#sql/tokens.ts";
import type { Rewrite } from "./rule.ts";
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

/** The same for `--fix`: only of a constraint that has a name and its statement for itself. */
export function splitRewrite(text: string, node: Node, constraint: Constraint, table: RangeVar): Rewrite | undefined {
  const { conname } = constraint;
  if (inside(node, "AlterTableStmt")?.cmds?.length !== 1 || conname === undefined) return undefined;
  const up = `ALTER TABLE ${nameOf(table)} VALIDATE CONSTRAINT ${writeIdentifier(conname)}`;
  const here = `${text} NOT VALID`;
  return { here, later: { name: `validate_${conname}`, up, down: addedAnew(table, conname, here) } };
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
