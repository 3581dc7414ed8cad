import type { Checked } from "#sync/check.ts";
import type { SyncFinding } from "#sync/plan.ts";
import { type CommandContext, defineCommand } from "../../command.ts";
import { projectFiles, SCRATCH_ARGS } from "../../compare-options.ts";
import { databasePlace, openOptions } from "../../database-options.ts";
import type { Paint } from "../../output/style.ts";
import { renderFinding, syncFindingToJson } from "../../output/sync.ts";
import { REPORT_ARGS, renderReport, shownFrom } from "../../output/reports/render.ts";
import { fingerprintOf, type Report, type ReportedRule } from "../../output/reports/report.ts";
import { count } from "../../output/text.ts";
import { type ProjectRules, readProjectRules } from "../../project-rules.ts";
import { requireEnvironment } from "../../sync-options.ts";

export const command = defineCommand({
  args: {
    from: {
      type: "string",
      valueHint: "NAME",
      description: "check the rules against the database of this environment (default: against the schema files)",
    },
    ...SCRATCH_ARGS,
    ...REPORT_ARGS,
  },
  details:
    "Checks the rules in db/sync against every table and column of the schema files, built in the embedded PostgreSQL:\n" +
    "no server is needed, and a column that no rule speaks of is found before it is in production. Exits 3 for findings.",
  examples: ["confiture sync check", "confiture sync check --from production", "confiture sync check --format json"],
  async run(args, context) {
    const { messages, paint } = context;
    const project = await readProjectRules(context);
    const checked =
      args.from === undefined
        ? await besideFiles(context, args.scratch, project)
        : await besideDatabase(context, args.from, project);
    const findings = checked.kind === "findings" ? checked.findings : [];
    const tables = checked.kind === "plan" ? checked.plan.tables.length : null;
    const warnings = checked.kind === "plan" ? checked.plan.warnings : [];
    for (const warning of warnings) messages.warn(warning);
    messages.debug(`Rules: sha256:${project.rules.digest}`);
    const script = await renderReport(args.format, () => reportOf(findings, project), shownFrom(context));
    return {
      json: { rules: project.rules.digest, tables, findings: findings.map(syncFindingToJson), warnings },
      ...(script === undefined ? { text: renderChecked(findings, tables ?? 0, paint) } : { script }),
      exitCode: findings.length === 0 ? 0 : 3,
    };
  },
});

function renderChecked(findings: readonly SyncFinding[], tables: number, paint: Paint): string {
  return findings.length === 0
    ? `✅ The rules say what becomes of every column (${count(tables, "table")})\n`
    : `${[...findings.flatMap((finding) => [...renderFinding(finding, paint), ""]), count(findings.length, "fault")].join("\n")}\n`;
}

/** By file of rules, also those in which nothing was found. */
function reportOf(findings: readonly SyncFinding[], { rules }: ProjectRules): Report {
  const names = new Set([...rules.files.map(({ file }) => file), ...findings.map(({ location }) => location.file)]);
  const reported = findings.map((finding) => ({
    ...finding,
    severity: "error" as const,
    fingerprint: fingerprintOf(finding.rule, finding.table ?? "", finding.column ?? "", finding.message),
  }));
  return {
    command: "sync check",
    suites: [...names].map((name) => ({ name, findings: reported.filter(({ location }) => location.file === name) })),
    fails: () => true,
    rules: () => Promise.resolve([...new Set(findings.map(({ rule }) => rule))].map(toRule)),
  };
}

function toRule(id: string): ReportedRule {
  const title = id.replaceAll("-", " ");
  return { id, title, why: WHY, instead: "Each finding says what to write, and where.", severity: "error", isOn: true };
}

const WHY = "A copy is only made when the rules say what becomes of every column, and what they say can be done.";

async function besideFiles(
  context: CommandContext,
  scratch: string | undefined,
  project: ProjectRules,
): Promise<Checked> {
  const [{ buildSchema }, { withScratch }, { allLedgers }, { checkRules }] = await Promise.all([
    import("#compare/sources/sources.ts"),
    import("#compare/scratch/scratch.ts"),
    import("#migrate/ledger/find.ts"),
    import("#sync/check.ts"),
  ]);
  const files = await projectFiles(context, { scratch });
  context.messages.log("Building the schema files...");
  return await withScratch(files, async (database) => {
    await buildSchema(database, files);
    return await checkRules(database, await allLedgers(database, files.table), project.rules, project.key, true);
  });
}

async function besideDatabase(context: CommandContext, name: string, project: ProjectRules): Promise<Checked> {
  const [{ withDatabase }, { allLedgers }, { checkRules }, { warnUnmatchedPaths }, { warnOfLosses }] =
    await Promise.all([
      import("#database/open.ts"),
      import("#migrate/ledger/find.ts"),
      import("#sync/check.ts"),
      import("#sync/unmatched-paths.ts"),
      import("#sync/warn-losses.ts"),
    ]);
  const { target, migrations } = await requireEnvironment(context, name);
  context.messages.log(`From: ${databasePlace(target)} (environment: ${name})`);
  return await withDatabase(target, openOptions(context), async (database) => {
    const ledgers = await allLedgers(database, migrations.table);
    const checked = await checkRules(database, ledgers, project.rules, project.key);
    if (checked.kind === "findings") return checked;
    const { plan } = checked;
    const warnings = [
      ...plan.warnings,
      ...(await warnOfLosses(database, plan)),
      ...(await warnUnmatchedPaths(database, plan)),
    ];
    return { kind: "plan", plan: { ...plan, warnings } };
  });
}
