import { removeSentence } from "../lines.ts";
import { inside } from "#sql/parser.ts";
import type { SchemaTree, Sentence } from "../schema-tree.ts";
import { isPartOf, isSame, type Subject } from "../subjects.ts";
import { comesBack } from "./lookups.ts";
import { type EditKind, NOTHING } from "./edit.ts";

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
    // What several objects share cannot go with one of them.
    if (aboutIt(tree, subject).some(isShared)) return undefined;
    for (let rest = aboutIt(tree, subject)[0]; rest !== undefined; rest = aboutIt(tree, subject)[0]) {
      removeSentence(tree, rest);
    }
    const made = tree.maker(subject);
    if (made !== undefined) removeSentence(tree, made);
    return { how: "removed", file: maker.file };
  },
};

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
