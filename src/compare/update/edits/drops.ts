import { grantedObjects } from "../commands.ts";
import { removeSentence } from "../lines.ts";
import { removeItem } from "../lists.ts";
import { inside } from "#sql/parser.ts";
import type { SchemaTree, Sentence } from "../schema-tree.ts";
import { isPartOf, isSame, type Subject } from "../../sources/subjects.ts";
import { comesBack } from "./lookups.ts";
import { type EditKind, NOTHING, type Work } from "./edit.ts";

/** Objects that go, with everything that is said about them. */
export const drops: EditKind = {
  edit(planned, work) {
    const { tree, from } = work;
    const [subject] = planned.reading?.kind === "drop" ? planned.reading.about : [];
    if (subject === undefined) return undefined;
    if (comesBack(planned, work)) return NOTHING;
    const maker = tree.maker(subject);
    if (maker === undefined) {
      // The sequence of a serial or identity column goes with it.
      const [id] = planned.removes;
      const isOwned = id?.kind === "sequence" && (from.get(id)?.payload["ownedBy"] ?? null) !== null;
      return isOwned ? NOTHING : undefined;
    }
    const all = [subject, ...goesWith(subject, from)];
    const about = (): Sentence[] => all.flatMap((each) => aboutIt(tree, each));
    for (let [rest] = about(); rest !== undefined; [rest] = about()) {
      // Partitions and what inherits are tables of their own.
      if (rest.reading?.kind === "table") return undefined;
      if (!removeMention(tree, rest, all)) return undefined;
    }
    const made = tree.maker(subject);
    if (made !== undefined) removeSentence(tree, made);
    return { how: "removed", file: maker.file };
  },
};

/** Sequences of a table's serial and identity columns, which may have grants and comments of their own. */
function goesWith({ kind, schema, name }: Subject, from: Work["from"]): Subject[] {
  if (kind !== "relation") return [];
  return from.facts().flatMap(({ id, payload }): Subject[] => {
    if (id.kind === "sequence") {
      const owner = payload["ownedBy"] as { schema: string; table: string } | null | undefined;
      return owner?.schema === schema && owner.table === name ? [{ kind, schema: id.schema, name: id.name }] : [];
    }
    const isColumn = id.kind === "column" && id.schema === schema && id.table === name;
    // As PostgreSQL names it.
    return isColumn && (payload["identity"] ?? null) !== null ? [{ kind, schema, name: `${name}_${id.name}_seq` }] : [];
  });
}

/** Statements that belong to an object: its comments, grants, indexes, policies, rows. */
function aboutIt(tree: SchemaTree, subject: Subject): Sentence[] {
  return tree.sentences.filter(({ reading }) => {
    if (reading === undefined || (reading.makes !== undefined && isSame(reading.makes, subject))) return false;
    return reading.about.some((each) => isSame(each, subject) || isPartOf(each, subject));
  });
}

/**
 * Takes objects out of a GRANT that others share, or removes a statement that is about them alone.
 * @returns whether that was possible
 */
export function removeMention(tree: SchemaTree, sentence: Sentence, gone: readonly Subject[]): boolean {
  const { about = [] } = sentence.reading ?? {};
  if ((inside(sentence.node, "GrantStmt")?.objects ?? []).length < 2) {
    removeSentence(tree, sentence);
    return true;
  }
  const list = grantedObjects(tree, sentence);
  const index = about.findIndex((each) => gone.some((one) => isSame(each, one) || isPartOf(each, one)));
  if (list === undefined || about.length !== list.items.length || index < 0) return false;
  removeItem(tree, list, list.items[index]!);
  return true;
}
