import { statSync } from "node:fs";
import { join } from "node:path";

/**
 * Tells a state of files from another, without reading them: their names, sizes and times of change.
 * @param paths relative to `root`; one that is not there is a state as well
 */
export function stampOf(root: string, paths: readonly string[]): string {
  return paths
    .map((path) => {
      const found = statSync(join(root, path), { throwIfNoEntry: false });
      return found === undefined ? `${path} -` : `${path} ${found.ino} ${found.size} ${found.mtimeMs}`;
    })
    .join("\n");
}
