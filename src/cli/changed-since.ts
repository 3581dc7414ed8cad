import { join } from "node:path";
import type { ChangedMigration } from "#compare/sources/changed-since.ts";
import { readRegularFile } from "#files/read.ts";
import type { CommandContext } from "./command.ts";
import { readLintSettings } from "./lint-settings.ts";

const RULE = "edited-migration";

/** Which changed migrations are no matter, as `lint --since` is told of them: in db/lint.yaml, or by a comment in the file. */
export async function mayChange(context: CommandContext): Promise<(changed: ChangedMigration) => boolean> {
  const [{ ignoresInFile }, { settings, severities }] = await Promise.all([
    import("#lint/ignores.ts"),
    readLintSettings(context),
  ]);
  const globs = settings.exclude.map((pattern) => new Bun.Glob(pattern));
  return ({ path, file }) =>
    severities.get(RULE) === "off" ||
    globs.some((glob) => glob.match(path)) ||
    (file !== undefined && ignoresInFile(readRegularFile(join(context.projectDir, path), path).toString(), RULE));
}
