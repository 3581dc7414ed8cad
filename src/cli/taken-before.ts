import type { Change } from "#compare/catalogue/changes.ts";
import type { ProjectFiles } from "#compare/sources/sources.ts";
import type { CommandContext } from "./command.ts";
import { takersIn } from "./output/findings.ts";
import { inLine } from "./output/visible.ts";

/** Warns where a plan makes what a migration took away, which the schema files may only have kept by mistake. */
export function warnWhereTakenBefore(
  { messages }: CommandContext,
  files: ProjectFiles,
  changes: readonly Change[],
): void {
  const findTaker = takersIn(files);
  for (const { change, kind, name, path } of changes) {
    const taker = change === "added" ? findTaker({ kind, path }) : undefined;
    if (taker === undefined) continue;
    messages.warn(
      `${inLine(taker.file)}:${taker.line} took ${kind} ${inLine(name)} away, and the schema files have it: this makes it again, without what it held. ` +
        "If it is to stay away, delete this migration; `confiture schema update` then takes it out of the schema files",
    );
  }
}
