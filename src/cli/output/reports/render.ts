import { join, relative } from "node:path";
import type { ArgsDef } from "citty";
import { type CommandContext, GLOBAL_ARGS } from "../../command.ts";
import type { Report, ShownPath } from "./report.ts";

/** For commands that find things which other programs show. */
export const REPORT_ARGS = {
  format: {
    ...GLOBAL_ARGS.format,
    options: ["human", "json", "sarif", "github", "gitlab", "junit"],
    description: "human, json for one document, or a report for another program: sarif, github, gitlab, junit",
  },
} as const satisfies ArgsDef;

/** How a path is shown to programs that read reports: from where the command was started, which in CI is the repository. */
export function shownFrom({ io, projectDir }: Pick<CommandContext, "io" | "projectDir">): ShownPath {
  return (path) => {
    const shown = relative(io.cwd, join(projectDir, path)).replaceAll("\\", "/");
    return shown.startsWith("../") ? path : shown;
  };
}

/**
 * A report for another program; undefined where people or JSON were asked for.
 * @param make is asked only for a report: it may read files to say where things are
 */
export async function renderReport(format: string, make: () => Report, shown: ShownPath): Promise<string | undefined> {
  switch (format) {
    case "sarif": {
      const report = make();
      return (await import("./sarif.ts")).renderSarif(report, await report.rules(), shown);
    }
    case "github":
      return (await import("./github.ts")).renderGithub(make(), shown);
    case "gitlab":
      return (await import("./gitlab.ts")).renderGitlab(make(), shown);
    case "junit":
      return (await import("./junit.ts")).renderJunit(make(), shown);
    default:
      return undefined;
  }
}
