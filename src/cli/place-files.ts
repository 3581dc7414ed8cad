import { existsSync } from "node:fs";
import { join } from "node:path";
import { ConfitureError } from "#errors/error.ts";
import { changeFiles, type FileChange } from "#files/change.ts";
import { withFolderLock } from "#files/lock.ts";
import { readIfThere } from "#files/read.ts";
import { inLine } from "./output/visible.ts";

/** What became of one file. */
export interface Fate {
  /** Relative to the project. */
  readonly path: string;
  readonly fate: "created" | "kept" | "replaced" | "unchanged" | "removed";
  /** Where the old one of a replaced or removed file is. */
  readonly backup?: string;
}

/** A file that a project should have. */
export interface Placement {
  /** Relative to the project. */
  readonly path: string;
  /** Undefined: there should be none. One that is there is kept under another name, unless `backUp` is false. */
  readonly content: string | undefined;
  /** Whether one that exists and says something else is replaced. One that is empty says nothing, and is. */
  readonly replace?: boolean;
  /** Whether a replaced one is kept beside it. */
  readonly backUp?: boolean;
  /** What the file has to hold still: somebody may have written to it since. Null: there has to be none. */
  readonly expected?: string | null;
}

/**
 * Writes files of the project, all of them or none.
 * @throws ConfitureError `file_unreadable`, `file_not_regular`, `file_changed`
 */
export async function placeFiles(projectDir: string, placements: readonly Placement[]): Promise<Fate[]> {
  return await withFolderLock(projectDir, ".", async () => {
    const planned = placements.map((placement) => plan(projectDir, placement));
    await changeFiles(
      projectDir,
      planned.flatMap(({ change }) => change ?? []),
    );
    return planned.map(({ fate }) => fate);
  });
}

/** A line for people. */
export function describeFate({ path, fate, backup }: Fate): string {
  return `${fate.padEnd(9)} ${inLine(path)}${backup === undefined ? "" : ` (the old one is ${backup})`}\n`;
}

interface Planned {
  readonly fate: Fate;
  readonly change?: FileChange;
}

function plan(projectDir: string, { path, content, replace = false, backUp = true, expected }: Placement): Planned {
  if (content === undefined && backUp) {
    const backup = freeBackup(projectDir, path);
    return { fate: { path, fate: "removed", backup }, change: { kind: "move", path, to: backup } };
  }
  const old = readIfThere(join(projectDir, path), path)?.toString();
  if (expected !== undefined && (old ?? null) !== expected) {
    const what = expected === null ? "exists, and is no schema file" : "has changed since it was read";
    throw new ConfitureError("file_changed", `${path} ${what}`, {
      hint: "Nothing was written. Run the command again.",
      location: { file: path },
    });
  }
  if (content === undefined) return { fate: { path, fate: "removed" }, change: { kind: "remove", path } };
  if (old === undefined) return { fate: { path, fate: "created" }, change: { kind: "create", path, content } };
  if (old === content) return { fate: { path, fate: "unchanged" } };
  // Left by a command that was killed, or made with touch.
  if (old === "") return { fate: { path, fate: "created" }, change: { kind: "replace", path, content } };
  if (!replace) return { fate: { path, fate: "kept" } };
  if (!backUp) return { fate: { path, fate: "replaced" }, change: { kind: "replace", path, content } };
  const backup = freeBackup(projectDir, path);
  return { fate: { path, fate: "replaced", backup }, change: { kind: "replace", path, content, backup } };
}

/** NAME.bak, or the first of NAME.bak2, NAME.bak3 ... that does not exist: an older copy may be the only one. */
export function freeBackup(projectDir: string, path: string): string {
  let backup = `${path}.bak`;
  for (let number = 2; existsSync(join(projectDir, backup)); number++) backup = `${path}.bak${number}`;
  return backup;
}
