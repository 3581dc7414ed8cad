import type { SourceColumn, SourceTable } from "../source/catalogue.ts";

const GENERIC = /^(?:id|uuid|guid|key|code|name|number|no|nr)$/;

/** Whether such a name, in words, says nothing of whose it is: "id". */
export function isGeneric(words: string): boolean {
  return GENERIC.test(words);
}

/** Whether a column has one of these names, or one that ends with it: "author_user_id". */
export function isNamedAs({ name }: SourceColumn, names: readonly string[]): boolean {
  const words = wordsOf(name);
  return names.some((one) => words === one || (one.endsWith("id") && words.endsWith(`_${one}`)));
}

/** Whether a column is named as one that refers to a key, and after its table: "user_id" for `users.id`. */
export function isNamedAfter(column: SourceColumn, table: SourceTable, key: SourceColumn): boolean {
  const after = singularOf(table);
  const names = namesFor(table, key, true).filter((name) =>
    after.some((one) => name === one || name === `${one}id` || name.startsWith(`${one}_`)),
  );
  return isNamedAs(column, names);
}

/** What a column that refers to a table is called: "user_id", "users_id", "user"; or like the key, where that says whose it is. */
export function namesFor(table: SourceTable, key: SourceColumn, isOneOfSeveral: boolean): readonly string[] {
  const singular = singularOf(table);
  const own = wordsOf(key.name);
  const generic = isGeneric(own);
  // "seat_tenant_id" is one for the part `tenant_id` of a key, of which "seat_id" is for the part `id`.
  if (isOneOfSeveral && !generic) return [own, ...singular.map((one) => `${one}_${own}`)];
  return [
    ...singular.flatMap((one) => [`${one}_${generic ? own : "id"}`, `${one}${generic ? own : "id"}`, one]),
    ...(generic ? [] : [own]),
  ];
}

/** What a table is called, and what one row of it may be. */
function singularOf(table: SourceTable): readonly string[] {
  const name = wordsOf(table.name);
  return [
    name,
    ...(name.endsWith("ies") ? [name.replace(/ies$/, "y")] : []),
    ...(/(?:s|x|z|ch|sh)es$/.test(name) ? [name.replace(/es$/, "")] : []),
    ...(/[^s]s$/.test(name) ? [name.replace(/s$/, "")] : []),
    ...(name === "people" ? ["person"] : []),
  ];
}

/** "userId" and "User_ID" are "user_id". */
export function wordsOf(name: string): string {
  return name.replace(/([a-z0-9])([A-Z])/g, "$1_$2").toLowerCase();
}

/** Whether the types of two columns are of one kind, such as whole numbers. */
export function isOfType(column: SourceColumn, key: SourceColumn): boolean {
  return !column.isArray && !key.isArray && kindOf(column) === kindOf(key);
}

function kindOf({ baseType, typeSchema }: SourceColumn): string {
  if (/^int[248]$/.test(baseType)) return "int";
  return /^(?:text|varchar|bpchar)$/.test(baseType) ? "text" : `${typeSchema}.${baseType}`;
}
