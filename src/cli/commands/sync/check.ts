import type { Database } from "#database/database.ts";
import type { SyncFinding } from "#sync/finding.ts";
import type { SourceCatalogue } from "#sync/source/catalogue.ts";
import { type CommandContext, defineCommand } from "../../command.ts";
import { projectFiles, REPLAY_ARGS, type ScratchArgs } from "../../compare-options.ts";
import { databasePlace, openOptions } from "../../database-options.ts";
import { type CheckedFiles, checkedToJson, renderChecked } from "../../output/checked-files.ts";
import type { Paint } from "../../output/style.ts";
import { detailOf } from "../../output/sync-proof.ts";
import { renderFindings, syncFindingToJson } from "../../output/sync-findings.ts";
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
      description:
        "check the rules against the database of this environment (default: against what schema files and migrations make)",
    },
    ...REPLAY_ARGS,
    ...REPORT_ARGS,
  },
  details:
    "Checks the rules in db/sync against every table and column that the schema files or the migrations make, in the\n" +
    "embedded PostgreSQL: no server is needed, and a column that no rule speaks of is found before it is in production.\n" +
    "Migrations run in an empty database, after db/migrations/base.sql if it is there; those that need tables of the\n" +
    "schema files run on top of these, as far as they do not contain them. Exits 3 for findings.",
  examples: ["confiture sync check", "confiture sync check --from production", "confiture sync check --format json"],
  async run(args, context) {
    const { messages, paint } = context;
    const project = await readProjectRules(context);
    const {
      findings,
      tables,
      warnings,
      notes = [],
      checked,
    } = args.from === undefined
      ? await besideFiles(context, args, project)
      : await besideDatabase(context, args.from, project);
    for (const warning of warnings) messages.warn(warning);
    for (const note of notes) messages.log(note);
    messages.debug(`Rules: sha256:${project.rules.digest}`);
    const script = await renderReport(args.format, () => reportOf(findings, project), shownFrom(context));
    return {
      json: {
        rules: project.rules.digest,
        tables,
        findings: findings.map(syncFindingToJson),
        warnings,
        notes,
        checked: checkedToJson(checked),
      },
      ...(script === undefined
        ? {
            text: `${renderChecked(checked)}${renderResult(findings, tables, paint, detailOf(messages.level) === "verbose")}`,
          }
        : { script }),
      exitCode: findings.length === 0 ? 0 : 3,
    };
  },
});

function renderResult(findings: readonly SyncFinding[], tables: number, paint: Paint, all: boolean): string {
  return findings.length === 0
    ? `✅ The rules say what becomes of every column (${count(tables, "table")})\n`
    : `${[...renderFindings(findings, paint, all), count(findings.length, "fault")].join("\n")}\n`;
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

/** What was checked, and what came of it. */
interface Result {
  readonly findings: readonly SyncFinding[];
  /** A partitioned one counts once. */
  readonly tables: number;
  readonly warnings: readonly string[];
  readonly notes?: readonly string[];
  /** Undefined for a database in use. */
  readonly checked?: CheckedFiles | undefined;
}

async function besideFiles(context: CommandContext, args: ScratchArgs, project: ProjectRules): Promise<Result> {
  const [{ lackingInSchema, withProjectStates }, { SCRATCH_LEDGER }, { allLedgers }, { checkStates }, { readSource }] =
    await Promise.all([
      import("#compare/contained/project-states.ts"),
      import("#compare/runs/scratch-run.ts"),
      import("#migrate/ledger/find.ts"),
      import("#sync/check-states.ts"),
      import("#sync/source/read.ts"),
    ]);
  const files = await projectFiles(context, args);
  const read = async (database: Database): Promise<SourceCatalogue> =>
    await readSource(database, [...(await allLedgers(database, files.table)), SCRATCH_LEDGER]);
  const passing: SourceCatalogue[] = [];
  const options = {
    ...files,
    onStep: context.step,
    beforeContract: async (database: Database) => {
      passing.push(await read(database));
    },
  };
  const { states, hasMore, ...found } = await withProjectStates(options, async (made) => {
    const beside = [];
    for (const { database, schemaFiles } of made) {
      beside.push({ database, catalogue: { ...(await read(database)), ofFiles: schemaFiles } });
    }
    const result = await checkStates(beside, passing, project.rules, project.key);
    return { ...result, states: made };
  });
  const isAsked = !hasMore || states.some(({ lacking }) => lacking !== undefined);
  const lacking = isAsked ? undefined : (await lackingInSchema(files)).lacking;
  return { ...found, checked: { states, lacking } };
}

async function besideDatabase(context: CommandContext, name: string, project: ProjectRules): Promise<Result> {
  const [{ withDatabase }, { allLedgers }, { checkRules }, { lookAtDocuments }, { countedWarnings }] =
    await Promise.all([
      import("#database/open.ts"),
      import("#migrate/ledger/find.ts"),
      import("#sync/check.ts"),
      import("#sync/document-paths.ts"),
      import("#sync/warn-counted.ts"),
    ]);
  const { target, migrations } = await requireEnvironment(context, name);
  context.messages.log(`From: ${databasePlace(target)} (environment: ${name})`);
  return await withDatabase(target, openOptions(context), async (database) => {
    const ledgers = await allLedgers(database, migrations.table);
    const checked = await checkRules(database, ledgers, project.rules, project.key);
    if (checked.kind === "findings") return { findings: checked.findings, tables: checked.tables, warnings: [] };
    const { plan } = checked;
    const { warnings, notes } = await lookAtDocuments(database, plan);
    const all = [...(await countedWarnings(database, plan)), ...warnings];
    return { findings: [], tables: checked.tables, warnings: all, notes };
  });
}
