import { readdirSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { cannotRead } from "#files/reason.ts";

/**
 * The files in a folder of the project and all folders below it, sorted; relative to the project, with `/`. None where there is
 * no folder.
 * @throws ConfitureError `file_unreadable`
 */
export function filesBelow(projectDir: string, dir: string): string[] {
  try {
    return readdirSync(join(projectDir, dir), { recursive: true, withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map((entry) => relative(projectDir, join(entry.parentPath, entry.name)).split(sep).join("/"))
      .toSorted();
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw cannotRead(dir, cause);
  }
}
