import { accessSync, constants, lstatSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { platform } from "node:process";
import { ConfitureError } from "#errors/error.ts";
import { shellWord } from "#errors/shell.ts";
import { reasonOf } from "./reason.ts";

/** Of a change to a file what is asked here. */
interface Change {
  readonly kind: "create" | "replace" | "move" | "remove";
  readonly path: string;
}

/**
 * Refuses changes to files that are read-only. The folder alone decides whether a name is given to another file, so that a
 * write-protected file would be replaced, moved or removed without an error; whoever protects one means its content.
 * @throws ConfitureError `file_unreadable` that names all of them; nothing is changed then
 */
export function requireWritable(root: string, changes: readonly Change[]): void {
  const refused = changes.flatMap((change): [path: string, reason: string][] => {
    const reason = change.kind === "create" ? undefined : reasonAgainst(resolve(root, change.path), change.kind);
    return reason === undefined ? [] : [[change.path, reason]];
  });
  const [first] = refused;
  if (first === undefined) return;
  const [path, reason] = first;
  const words = refused.map(([each]) => shellWord(each)).join(" ");
  const others = refused.length > 1 ? ` (and ${refused.length - 1} more of these files)` : "";
  const means =
    reason === READ_ONLY
      ? `${platform === "win32" ? "attrib -r" : "chmod u+w"} ${words}`
      : `see whose they are: ls -l ${words}`;
  throw new ConfitureError("file_unreadable", `Cannot write ${path}: ${reason}${others}`, {
    hint: `Nothing was written. If it may be changed: ${means}`,
    location: { file: path },
  });
}

const READ_ONLY = "it is read-only";

function reasonAgainst(path: string, kind: Change["kind"]): string | undefined {
  try {
    // A link is moved and removed itself, and what it leads to is replaced.
    const found = (kind === "replace" ? statSync : lstatSync)(path, { throwIfNoEntry: false });
    if (found?.isFile() !== true) return undefined;
    // Root may write to anything.
    if ((found.mode & 0o222) === 0) return READ_ONLY;
    accessSync(path, constants.W_OK);
    return undefined;
  } catch (cause) {
    return reasonOf(cause);
  }
}
