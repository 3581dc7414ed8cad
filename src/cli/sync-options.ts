import type { Config } from "#config/config.ts";
import { ConfitureError } from "#errors/error.ts";
import { shellWord } from "#errors/shell.ts";
import type { Database } from "#database/database.ts";
import type { SyncFinding } from "#sync/finding.ts";
import type { SyncPlan } from "#sync/plan.ts";
import type { SyncOptions } from "#sync/run/report.ts";
import { mayHoldPassword } from "./hide-passwords.ts";
import type { CommandContext } from "./command.ts";
import { siteBeside } from "./compare-options.ts";
import { sayRetry } from "./database-options.ts";
import { showSyncEvents } from "./output/sync.ts";
import { detailOf } from "./output/sync-proof.ts";
import { renderFindings, syncFindingToJson } from "./output/sync-findings.ts";
import { count } from "./output/text.ts";
import { type ProjectRules, type Purpose, readProjectRules, tellWithoutKey } from "./project-rules.ts";

/** Streams, and checks of the proof, at a time, where nothing else is said. */
export const JOBS = 4;

/** What every command says that works on two environments. */
export const SYNC_ARGS = {
  from: { type: "string", valueHint: "NAME", description: "the environment that is copied; it is only read" },
  to: { type: "string", valueHint: "NAME", description: "the environment whose database the copy replaces" },
  plain: {
    type: "boolean",
    description: "copy every value as it is, without rules; refused where an environment is protected",
  },
  "ignore-rules": { type: "boolean", description: "with --plain: also where db/sync has rules" },
  tables: {
    type: "string",
    valueHint: "NAMES",
    description: "copy the rows of these tables only, comma-separated; the others are made without rows",
  },
} as const;

export interface SyncArgs {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly plain?: boolean | undefined;
  readonly "ignore-rules"?: boolean | undefined;
  readonly tables?: string | undefined;
}

/** Two environments, and what a run between them needs. */
export interface SyncSides {
  readonly from: Config;
  readonly to: Config;
  readonly options: SyncOptions;
}

/**
 * Reads both environments.
 * @throws ConfitureError `usage`, `config_*`, `sync_not_allowed` for a plain copy of a protected environment
 */
export async function readSides(
  context: CommandContext,
  args: SyncArgs,
  purpose: Purpose,
  more: { readonly jobs: number; readonly skipLargeObjects: boolean; readonly skipExtensionTables: boolean },
): Promise<SyncSides> {
  const { from: source, to: target } = args;
  if (source === undefined || target === undefined) {
    throw new ConfitureError("usage", `${source === undefined ? "--from" : "--to"} is missing`, {
      hint: "Name both environments: --from production --to staging",
    });
  }
  const from = await requireEnvironment(context, source);
  const to = await requireEnvironment(context, target, "--to");
  if (source === target) {
    throw new ConfitureError("sync_not_allowed", "The source and the target are the same environment", {
      hint: "Name the environment of another database with --to.",
    });
  }
  if (purpose === "copy") requireReplaceable(to);
  if (args.plain === true && from.protected) {
    throw new ConfitureError("sync_not_allowed", `${protectedSentence(from)}: its values are not copied as they are`, {
      hint: "Leave --plain out: the rules in db/sync say what becomes of each column.",
    });
  }
  if (args.plain === true && args["ignore-rules"] !== true) await refuseRules(context, purpose);
  const rules = args.plain === true ? undefined : await readProjectRules(context);
  if (rules?.key === undefined && rules !== undefined) await tellWithoutKey(context, purpose);
  const options: SyncOptions = {
    source: { target: from.target, name: source },
    target: { target: to.target, name: target, isReplaceable: !to.protected && to.syncReplace },
    jobs: more.jobs,
    table: from.migrations.table,
    lockTimeout: from.migrations.lockTimeout,
    skipLargeObjects: more.skipLargeObjects || rules?.rules.largeObjects === "skip",
    skipExtensionTables: more.skipExtensionTables || rules?.rules.extensionTables === "skip",
    scratch: await siteBeside(context, undefined, undefined, from),
    plan: async (database) => {
      const plan = await makePlan(context, args, { from, purpose, rules }, database);
      if (purpose === "verify") return plan;
      const { countedWarnings } = await import("#sync/warn-counted.ts");
      return { ...plan, warnings: await countedWarnings(database, plan) };
    },
    ...(rules === undefined ? {} : { ruled: rules }),
    connect: { wait: context.wait, onRetry: sayRetry(context) },
    signal: context.io.signal,
    onEvent: showSyncEvents(context),
  };
  return { from, to, options };
}

/** @throws ConfitureError `usage` where none is named, or a database besides; `config_*` */
export async function requireEnvironment(
  context: CommandContext,
  name: string | undefined,
  option: "--from" | "--to" = "--from",
): Promise<Config> {
  if (context.chosen?.startsWith("env:") === false) {
    throw new ConfitureError(
      "usage",
      "--database-url names one database, and sync reads where both are from their environments",
      { hint: `Leave it out. ${environmentLines(option)}` },
    );
  }
  if (name !== undefined && mayHoldPassword(name)) {
    throw new ConfitureError("usage", `${option} names an environment, and a connection URL was given`, {
      hint: environmentLines(option),
    });
  }
  if (name !== undefined)
    return await context.configOf({ environment: name, environmentFrom: option, ownDatabase: true });
  throw new ConfitureError("usage", "--from is missing", { hint: "Name the environment: --from production" });
}

/** What to write, where no environment has the database yet. */
function environmentLines(option: "--from" | "--to"): string {
  const [name, variable] = option === "--from" ? ["production", "PRODUCTION_URL"] : ["staging", "STAGING_URL"];
  return `Write db/environments/${name}.yaml, set ${variable} to the URL, and name the environment: ${option} ${name}\ndatabase:\n  url: \${${variable}}`;
}

/**
 * The plan of one table, by the project's rules.
 * @param written the table, as rules name one
 * @throws ConfitureError `sync_findings` where something is wrong with its own rules; `usage`; `sync_source_failed`
 */
export async function planOfTable(
  context: CommandContext,
  from: Config,
  database: Database,
  written: string,
): Promise<{ readonly table: string; readonly plan: SyncPlan }> {
  const [{ allLedgers }, { checkTableRules }] = await Promise.all([
    import("#migrate/ledger/find.ts"),
    import("#sync/check.ts"),
  ]);
  const { rules, key } = await readProjectRules(context);
  if (key === undefined) await tellWithoutKey(context, "preview");
  const checked = await checkTableRules(
    database,
    await allLedgers(database, from.migrations.table),
    rules,
    key,
    written,
  );
  if (checked.kind === "findings")
    throw rulesIncomplete(checked.findings, `: ${checked.table} cannot be shown`, from, context);
  return checked;
}

/** @throws ConfitureError `sync_not_allowed` where somebody has written down what becomes of each column */
async function refuseRules({ projectDir }: CommandContext, purpose: Purpose): Promise<void> {
  const { ruleFiles } = await import("#sync/rules/rule-files.ts");
  const [file] = ruleFiles(projectDir);
  if (file === undefined) return;
  const [message, hint] =
    purpose === "verify"
      ? [
          "--plain is for a copy that was made without rules, and db/sync has rules",
          "If the copy was made without them",
        ]
      : ["--plain copies every value as it is, and db/sync has rules", "To copy the originals"];
  throw new ConfitureError("sync_not_allowed", message, {
    location: { file },
    hint: `Leave --plain out to go by the rules. ${hint}: --plain --ignore-rules`,
  });
}

/** @throws ConfitureError `sync_findings` for rules that are not whole; `usage`; `sync_source_failed` */
async function makePlan(
  context: CommandContext,
  { plain, tables }: SyncArgs,
  {
    from,
    purpose,
    rules: given,
  }: { readonly from: Config; readonly purpose: Purpose; readonly rules: ProjectRules | undefined },
  database: Database,
): Promise<SyncPlan> {
  const [
    { allLedgers },
    { readSource },
    { keepEverything },
    { checkRules },
    { onlyTables },
    { readsOfPlain, requireRights },
  ] = await Promise.all([
    import("#migrate/ledger/find.ts"),
    import("#sync/source/read.ts"),
    import("#sync/plain.ts"),
    import("#sync/check.ts"),
    import("#sync/only-tables.ts"),
    import("#sync/run/rights.ts"),
  ]);
  const ledgers = await allLedgers(database, from.migrations.table);
  const names = tables?.split(",").map((name) => name.trim());
  if (plain === true || given === undefined) {
    const catalogue = await readSource(database, ledgers);
    const kept = onlyTables(keepEverything(catalogue), catalogue, names);
    await requireRights(database, "source", readsOfPlain(kept, catalogue));
    return kept;
  }
  const checked = await checkRules(database, ledgers, given.rules, given.key);
  if (checked.kind === "findings") throw rulesIncomplete(checked.findings, OUTCOMES[purpose], from, context);
  return names === undefined ? checked.plan : onlyTables(checked.plan, await readSource(database, ledgers), names);
}

/** The check that finds what this database shows, and schema files may not. */
export function checkCommand({ environment }: Config): string {
  return `confiture sync check --from ${shellWord(environment ?? "NAME")}`;
}

/** What faults in the rules have kept a command from. */
const OUTCOMES: Readonly<Record<Purpose, string>> = {
  copy: "; no row was copied",
  preview: "; there is no plan to show",
  verify: "; nothing was proven",
};

function rulesIncomplete(
  findings: readonly SyncFinding[],
  outcome: string,
  from: Config,
  { messages }: CommandContext,
): ConfitureError {
  const all = detailOf(messages.level) === "verbose";
  const told = renderFindings(findings, (_, text) => text, all).map((line) => (line === "" ? "" : `  ${line}`));
  const head = `${count(findings.length, "fault")} in the rules${outcome}`;
  return new ConfitureError("sync_findings", [head, ...told].join("\n").trimEnd(), {
    hint: `Mend the rules, and look at them again: ${checkCommand(from)}`,
    data: { findings: findings.map(syncFindingToJson) },
  });
}

function protectedSentence({ environment, protectedBy }: Config): string {
  const why =
    protectedBy === undefined ? "is protected" : `has the database of "${protectedBy.name}", which is protected`;
  return `The environment "${environment ?? ""}" ${why}`;
}

/** @throws ConfitureError `sync_not_allowed` where no copy may take the place of an environment's database */
function requireReplaceable(to: Config): void {
  const name = to.environment ?? "";
  const location = to.file === null ? undefined : { file: to.file };
  if (to.protected) {
    throw new ConfitureError("sync_not_allowed", `${protectedSentence(to)}: no copy ever takes its place`, {
      hint: `\`protected: true\` says so. Copy into another database, whose environment is not protected: in db/environments/NAME.yaml, beside its \`database\`, write\nsync:\n  replace: true\nand name it: --to NAME`,
      location: to.protectedBy === undefined ? location : { file: to.protectedBy.file },
    });
  }
  if (!to.syncReplace) {
    throw new ConfitureError(
      "sync_not_allowed",
      `The environment "${name}" does not say that a copy may take its database's place`,
      {
        hint: `Everything in that database is replaced. If that is right, write into ${to.file ?? "its file"}:\nsync:\n  replace: true`,
        location,
      },
    );
  }
}
