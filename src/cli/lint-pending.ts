import type { Finding } from "#lint/finding.ts";
import type { ProjectFiles } from "#compare/sources/sources.ts";
import type { CommandContext } from "./command.ts";
import { judgeFiles } from "./judge-files.ts";
import { findPending, traceSettings } from "./pending.ts";

/** What lint has to say of the migrations that the environment's database does not have, beside the files it looked at. */
export interface PendingFindings {
  readonly findings: readonly Finding[];
  readonly files: readonly string[];
  readonly ignored: number;
}

/** @throws ConfitureError where the database cannot be asked, or db/lint.yaml is wrong */
export async function lintPending(context: CommandContext, files: ProjectFiles): Promise<PendingFindings> {
  const [{ collect }, { loadParser }, { readLintSettings }] = await Promise.all([
    import("#lint/collect.ts"),
    import("#sql/parser.ts"),
    import("./lint-settings.ts"),
  ]);
  const pending = await findPending(context, {}, undefined);
  if (pending.migrations.length === 0) return { findings: [], files: [], ignored: 0 };
  const { settings, severities } = await readLintSettings(context);
  const parser = await loadParser();
  const which = { kind: "pending", migrations: pending.migrations } as const;
  const collected = await collect(files, which, settings.exclude, parser);
  const { sizes, applied, otherwise } = pending;
  const tracing = { applied, otherwise, ...traceSettings(context, sizes) };
  const { findings, ignored, linted } = await judgeFiles(collected, { files, parser, tracing, severities, sizes });
  return { findings, files: linted.map(({ path }) => path), ignored };
}
