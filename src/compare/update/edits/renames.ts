import { quoteIdentifier } from "#sql/quote.ts";
import { renameInTree } from "../rename-text.ts";
import { renamingIn } from "../renames.ts";
import type { EditKind } from "./edit.ts";

/** What the planner gives another name, such as a constraint that was named after its table. */
export const renames: EditKind = {
  edit({ node, sql }, { tree, style }) {
    const renaming = renamingIn(node, sql);
    if (renaming === undefined) return undefined;
    const file = renameInTree(tree, renaming, style.part(quoteIdentifier(renaming.to)));
    return file === undefined ? undefined : { how: "renamed", file };
  },
};
