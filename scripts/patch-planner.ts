import { readFile } from "node:fs/promises";
import { PLANNING } from "./planner/planning.ts";
import { RULES } from "./planner/rules.ts";

/**
 * Alters pg-delta where it is compiled and where it is tested, and fails where a text that it replaces has changed: what its
 * statements say is in `planner/rules.ts`, how it reads and plans in `planner/planning.ts`.
 */
export const patchPlanner: Bun.BunPlugin = {
  name: "patch-planner",
  setup(build) {
    build.onLoad({ filter: /[/\\]pg-delta[/\\]src[/\\].*\.ts$/ }, async ({ path }) => {
      let contents = await readFile(path, "utf8");
      const file = path.replaceAll("\\", "/").split("/pg-delta/src/")[1]!;
      for (const [from, to] of [...(RULES[file] ?? []), ...(PLANNING[file] ?? [])]) {
        if (contents.split(from).length !== 2)
          throw new Error(`${path} has changed: what patch-planner replaces in it is not there once`);
        contents = contents.replace(from, () => to);
      }
      // Comments in queries hold signs that not every database has in its encoding.
      if (file.startsWith("extract/")) contents = contents.replaceAll(/[^ -~\n]/g, "?");
      return { contents, loader: "ts" };
    });
  },
};
