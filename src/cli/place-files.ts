import { constants, copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ConfitureError } from "#errors/error.ts";
import { inLine } from "./output/visible.ts";

/** What became of one file. */
export interface Fate {
  /** Relative to the project. */
  readonly path: string;
  readonly fate: "created" | "kept" | "replaced" | "unchanged" | "removed";
  /** Where the old one of a replaced or removed file is. */
  readonly backup?: string;
}

/**
 * Writes a file of the project.
 * @param replace whether one that exists and says something else is replaced
 * @param backUp whether a replaced one is kept beside it
 */
export function placeFile(projectDir: string, path: string, content: string, replace: boolean, backUp: boolean): Fate {
  const absolute = join(projectDir, path);
  return writing(path, () => {
    if (existsSync(absolute)) {
      if (readFileSync(absolute, "utf8") === content) return { path, fate: "unchanged" };
      if (!replace) return { path, fate: "kept" };
      const backup = backUp ? freeBackup(projectDir, path) : undefined;
      if (backup !== undefined) copyFileSync(absolute, join(projectDir, backup), constants.COPYFILE_EXCL);
      writeFileSync(absolute, content);
      return { path, fate: "replaced", ...(backup === undefined ? {} : { backup }) };
    }
    mkdirSync(dirname(absolute), { recursive: true });
    writeFileSync(absolute, content, { flag: "wx" });
    return { path, fate: "created" };
  });
}

/** Takes a file away, and keeps it under another name. */
export function setAside(projectDir: string, path: string): Fate {
  return writing(path, () => {
    const backup = freeBackup(projectDir, path);
    renameSync(join(projectDir, path), join(projectDir, backup));
    return { path, fate: "removed", backup };
  });
}

/** A line for people. */
export function describeFate({ path, fate, backup }: Fate): string {
  return `${fate.padEnd(9)} ${inLine(path)}${backup === undefined ? "" : ` (the old one is ${backup})`}\n`;
}

function writing(path: string, work: () => Fate): Fate {
  try {
    return work();
  } catch (cause) {
    throw new ConfitureError("file_unreadable", `Cannot write ${path}: ${(cause as Error).message}`, {
      hint: "Is the folder writable?",
      location: { file: path },
      cause,
    });
  }
}

/** NAME.bak, or the first of NAME.bak2, NAME.bak3 ... that does not exist: an older copy may be the only one. */
function freeBackup(projectDir: string, path: string): string {
  let backup = `${path}.bak`;
  for (let number = 2; existsSync(join(projectDir, backup)); number++) backup = `${path}.bak${number}`;
  return backup;
}
