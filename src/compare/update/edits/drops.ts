import { removeSentence } from "../lines.ts";
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
    // What several objects share cannot go with one of them.
    if (about().some(isShared)) return undefined;
    for (let [rest] = about(); rest !== undefined; [rest] = about()) removeSentence(tree, rest);
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

function isShared({ node, reading }: Sentence): boolean {
  return reading?.kind === "table" || (inside(node, "GrantStmt")?.objects ?? []).length > 1;
}
