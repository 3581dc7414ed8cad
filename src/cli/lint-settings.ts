import type { LintSettings } from "#config/lint-file.ts";
import { listEnvironments } from "#config/find-environment.ts";
import type { Severity } from "#lint/severity.ts";
import type { CommandContext } from "./command.ts";

/**
 * What `db/lint.yaml` says for the environment of the command, and the severities that it gives, by the rules' own ids.
 * @throws ConfitureError as `readLintFile`
 */
export async function readLintSettings({ projectDir, environment, io }: CommandContext): Promise<{
  readonly settings: LintSettings;
  readonly severities: ReadonlyMap<string, Severity | "off">;
}> {
  const [{ RULE_NAMES, rulesNamed }, { readLintFile }] = await Promise.all([
    import("#lint/names.ts"),
    import("#config/lint-file.ts"),
  ]);
  const settings = await readLintFile({
    projectDir,
    environment: environment ?? "local",
    env: io.env,
    ruleNames: RULE_NAMES,
    environments: [...new Set([...listEnvironments(projectDir), "local"])],
  });
  const severities = new Map(
    [...settings.rules].flatMap(([name, severity]) => rulesNamed(name).map((id) => [id, severity] as const)),
  );
  return { settings, severities };
}
