import { alterations } from "../alterations.ts";
import { inside, type Parser, strings } from "../parser.ts";
import type { Statement } from "../statement.ts";
import { familyOf, nameIn, type ObjectName } from "./object-names.ts";

/** Whether a statement may take objects that it does not name, as far as a look at its text tells. Pure. */
export function mayCascade({ firstWord, text }: Statement): boolean {
  return (firstWord === "DROP" || firstWord === "ALTER") && /\bcascade\b/i.test(text);
}

/** What a statement drops by name, of every family that others depend on. */
export interface CascadingName extends Omit<ObjectName, "family"> {
  readonly family: ObjectName["family"] | "extension" | "constraint";
}

/** What a statement drops by name, where CASCADE takes what depends on it as well. Pure. */
export function cascadingFrom(statement: Statement, parser: Parser): CascadingName[] {
  const node = parser.parse(statement.text);
  if (node === undefined) return [];
  const dropped = inside(node, "DropStmt");
  if (dropped?.behavior === "DROP_CASCADE") {
    const objects = dropped.objects ?? [];
    if (dropped.removeType === "OBJECT_EXTENSION")
      return strings(objects).map((name) => ({ family: "extension", schema: undefined, name }));
    const family = familyOf(dropped.removeType);
    return family === undefined ? [] : objects.flatMap((one) => nameIn(family, one) ?? []);
  }
  return alterations(node, "AT_DropColumn", "AT_DropConstraint").flatMap(({ table, command }): CascadingName[] => {
    const { subtype, name, behavior } = command;
    if (behavior !== "DROP_CASCADE" || name === undefined) return [];
    const family = subtype === "AT_DropColumn" ? "column" : "constraint";
    return [{ family, schema: table.schemaname, table: table.relname ?? "", name }];
  });
}

/** Something that a statement drops without naming it. */
export interface TakenObject {
  /** In the words of SQL: "FOREIGN KEY", "VIEW", "COLUMN", "DEFAULT". */
  readonly kind: string;
  /** As PostgreSQL identifies it: "posts_user_id_fkey on public.posts" */
  readonly name: string;
}

/** In the words of `lossOf`; of very many, the first are named. Pure. */
export function lossesOfTaken(objects: readonly TakenObject[]): string[] {
  const more = objects.length - MOST_NAMED;
  return [
    ...objects.slice(0, MOST_NAMED).map(({ kind, name }) => `drops ${kind} ${name}`),
    ...(more > 0 ? [`drops ${more} objects more`] : []),
  ];
}

/** CASCADE of a schema takes hundreds. */
const MOST_NAMED = 20;

/**
 * The word of SQL for a kind of object.
 * @param type as `pg_identify_object` calls it
 * @param constraint pg_constraint.contype
 */
export function kindOf(type: string, constraint: string | null): string {
  return CONSTRAINTS[constraint ?? ""] ?? WORDS[type] ?? type.toUpperCase();
}

const CONSTRAINTS: Readonly<Record<string, string>> = {
  f: "FOREIGN KEY",
  c: "CHECK",
  u: "UNIQUE",
  p: "PRIMARY KEY",
  x: "EXCLUDE",
  n: "NOT NULL",
  t: "CONSTRAINT TRIGGER",
};

/** How `pg_identify_object` calls columns. */
export const COLUMNS: ReadonlySet<string> = new Set([
  "table column",
  "foreign table column",
  "view column",
  "materialized view column",
  "composite type column",
]);

/** Where SQL has another word than PostgreSQL's description. */
const WORDS: Readonly<Record<string, string>> = {
  ...Object.fromEntries([...COLUMNS].map((type) => [type, "COLUMN"])),
  "default value": "DEFAULT",
  "statistics object": "STATISTICS",
};

/** What holds values first, then by kind and name. Pure. */
export function inOrderOfTaking(objects: readonly TakenObject[]): TakenObject[] {
  const rankOf = ({ kind }: TakenObject): number =>
    ["TABLE", "MATERIALIZED VIEW", "COLUMN", "VIEW"].indexOf(kind) + 1 || 5;
  return objects.toSorted(
    (a, b) => rankOf(a) - rankOf(b) || compareText(a.kind, b.kind) || compareText(a.name, b.name),
  );
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
