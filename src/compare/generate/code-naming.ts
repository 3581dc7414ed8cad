import type { Catalogue } from "../catalogue/catalogue.ts";
import { describe } from "../catalogue/describe.ts";
import { textOf } from "../engine/lookups.ts";
import { encodeId, type ObjectId } from "../engine/object-id.ts";
import { bodiesIn, wordsOf } from "../tree/mentions.ts";
import type { Rename } from "./renames.ts";
import type { SyncedColumns } from "./synced-columns.ts";

/**
 * Functions whose text may be about columns that go: PostgreSQL knows no dependency there. They are of triggers on the table, or
 * name it as well. Qualified names. Pure.
 */
export function codeNaming(
  { facts }: Catalogue,
  {
    schema,
    table,
    old,
  }: Pick<SyncedColumns, "schema" | "table"> & { readonly old: readonly { readonly name: string }[] },
): string[] {
  const ofTriggers = new Set(
    facts
      .childrenOf({ kind: "table", schema, name: table })
      .filter(({ id }) => id.kind === "trigger")
      .flatMap(({ id }) => facts.outgoingEdges(id))
      .map(({ to }) => encodeId(to)),
  );
  const isAbout = (id: ObjectId): boolean => {
    if (id.kind !== "function" && id.kind !== "procedure") return false;
    const words = new Set<string>();
    for (const body of bodiesIn(textOf(facts, id, "def") ?? "")) for (const { name } of wordsOf(body)) words.add(name);
    return old.some(({ name }) => words.has(name)) && (words.has(table) || ofTriggers.has(encodeId(id)));
  };
  return facts.facts().flatMap(({ id }) => (isAbout(id) ? [describe(id).name] : []));
}

/** Functions whose text is still about a column by the name that it had: no rename changes a text. Qualified names. Pure. */
export function codeNamingRenamed(to: Catalogue, renames: readonly Rename[]): string[] {
  const columns = new Map(
    to.facts.facts().flatMap(({ id }) => (id.kind === "column" ? [[describe(id).name, id] as const] : [])),
  );
  const found = renames.flatMap((rename) => {
    const column = columns.get(rename.to);
    // One of that name that is new is what the text means from now on.
    if (column === undefined || columns.has(rename.from)) return [];
    const { schema, table } = column;
    const name = rename.from.slice(rename.from.lastIndexOf(".") + 1).replaceAll(/^"|"$/g, "");
    return codeNaming(to, { schema, table, old: [{ name }] });
  });
  return [...new Set(found)];
}
