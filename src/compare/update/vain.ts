import { splitStatements } from "#sql/split.ts";
import type { Edit } from "./apply.ts";
import { removeAdded } from "./lines.ts";
import type { SchemaTree, Sentence } from "./schema-tree.ts";

/** More are not tried: each takes a build of all files. */
const MOST = 40;

/** Whether an edit may be without effect: what was appended, and what takes away a right that the files may not give there. */
export function mayBeVain({ how, sql }: Edit): boolean {
  return how === "appended" || (how === "added" && /^REVOKE\b/.test(sql));
}

/**
 * Leaves out statements that were added and are not needed: they have no effect where they stand, or a later edit does the same.
 * @param candidates those that may be such, in the order in which they are tried
 * @param edits what is told of
 * @param isProven whether the files as they are build what they have to
 * @returns what is to be told of
 */
export async function withoutVain(
  tree: SchemaTree,
  candidates: readonly Edit[],
  edits: readonly Edit[],
  isProven: () => Promise<boolean>,
): Promise<readonly Edit[]> {
  const needed = new Map<string, number>();
  const gone = new Set<Edit>();
  for (const edit of candidates.slice(0, MOST)) {
    const text = `${edit.file}\0${edit.written}`;
    const kept = needed.get(text) ?? 0;
    const run = runsOf(tree, edit).at(-1 - kept);
    if (run === undefined) continue;
    const saved = tree.save();
    for (const sentence of run.toReversed()) removeAdded(tree, sentence);
    if (await isProven()) gone.add(edit);
    else {
      tree.restore(saved);
      needed.set(text, kept + 1);
    }
  }
  if (gone.size === 0) return edits;
  const told = edits.filter((edit) => !gone.has(edit));
  const keys = new Set(told.map(({ key }) => key));
  // What was tried before is there, and what was tried after it is not.
  const instead = candidates.filter((edit) => !gone.has(edit) && !keys.has(edit.key) && runsOf(tree, edit).length > 0);
  return [...told, ...new Map(instead.map((edit) => [edit.key, edit])).values()];
}

/** Where what was added stands, each time as the statements that it consists of. */
function runsOf(tree: SchemaTree, { file, written = "" }: Edit): readonly (readonly Sentence[])[] {
  const parts = splitStatements(written).statements.map(({ text }) => unified(text));
  const own = tree.in(file);
  return own.flatMap((_, index) => {
    const run = own.slice(index, index + parts.length);
    const isIt = run.length === parts.length && run.every(({ statement }, at) => unified(statement.text) === parts[at]);
    return isIt && parts.length > 0 ? [run] : [];
  });
}

function unified(text: string): string {
  return text.replaceAll("\r\n", "\n");
}
