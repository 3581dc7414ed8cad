import { join, relative } from "node:path";
import type { ArgsDef } from "citty";
import type { Location } from "#errors/error.ts";
import type { Severity } from "#lint/severity.ts";
import { type CommandContext, GLOBAL_ARGS } from "../../command.ts";

/** For commands that find things which other programs show. */
export const REPORT_ARGS = {
  format: {
    ...GLOBAL_ARGS.format,
    options: ["human", "json", "sarif", "github", "gitlab", "junit"],
    description: "human, json for one document, or a report for another program: sarif, github, gitlab, junit",
  },
} as const satisfies ArgsDef;

/** Something that a command found, and where to look. */
export interface Reported {
  readonly rule: string;
  readonly severity: Severity;
  readonly message: string;
  /** What to do about it. */
  readonly fix: string | undefined;
  readonly location: Location;
  /** The same in every run that finds it, wherever its line has moved to. 32 hexadecimal digits. */
  readonly fingerprint: string;
}

/** A kind of what is found. */
export interface ReportedRule {
  readonly id: string;
  readonly title: string;
  readonly why: string;
  readonly instead: string;
  readonly severity: Severity;
  readonly isOn: boolean;
}

export interface Report {
  /** Without the tool's name: "lint". */
  readonly command: string;
  /** What was looked at, file by file or check by check, with what was found there. */
  readonly suites: readonly { readonly name: string; readonly findings: readonly Reported[] }[];
  /** Whether a finding makes the command fail. */
  fails(finding: Reported): boolean;
  rules(): Promise<readonly ReportedRule[]>;
}

/** A path of the project as a report names it. */
export type ShownPath = (path: string) => string;

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

/** @param identity what makes it this finding and no other, for as long as it is there */
export function fingerprintOf(...identity: readonly string[]): string {
  return new Bun.CryptoHasher("sha256").update(JSON.stringify(identity)).digest("hex").slice(0, 32);
}
