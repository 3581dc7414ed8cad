import type { Change } from "#compare/catalogue/changes.ts";
import type { PlannedHazard } from "#compare/generate/hazards.ts";
import type { Ends, PlanSegment } from "#compare/generate/plan.ts";
import type { ProjectFiles } from "#compare/sources/sources.ts";
import { ConfitureError } from "#errors/error.ts";
import type { CommandContext } from "./command.ts";
import { hazardToJson, segmentToJson } from "./output/hazards.ts";

/** What is shown of a plan that closes a difference. */
export interface ShownPlan {
  readonly sql: readonly string[];
  readonly hazards: readonly PlannedHazard[];
  readonly segments: readonly PlanSegment[];
  readonly script: string;
  readonly byHand: readonly Change[];
}

/**
 * Plans what closes a difference, by running it in a scratch database.
 * @throws ConfitureError as `planBetween`
 */
export async function showPlan(context: CommandContext, files: ProjectFiles, ends: Ends): Promise<ShownPlan> {
  const { planBetween, segmentsOf } = await import("#compare/generate/plan.ts");
  const { renderScript } = await import("#compare/generate/migration-file.ts");
  const { loadParser } = await import("#sql/parser.ts");
  context.step("Planning, and running the plan in a scratch database");
  const plan = await planBetween(files, ends);
  const segments = segmentsOf(plan);
  const statements = segments.flatMap((segment) => segment.statements);
  return {
    sql: statements.flatMap(({ sql }) => sql),
    hazards: statements.flatMap(({ hazards }) => hazards),
    segments,
    script: renderScript(
      plan.steps.map(({ up }) => up),
      await loadParser(),
    ),
    byHand: plan.byHand.up,
  };
}

/** Says what no plan holds. */
export function warnByHand(context: CommandContext, byHand: readonly Change[]): void {
  if (byHand.length === 0) return;
  const list = byHand.map(({ kind, name }) => `${kind} ${name}`).join(", ");
  context.messages.warn(`no SQL is planned for these, write it by hand: ${list}`);
}

/** The members of a document for a plan; null where none was asked for. */
export function shownPlanToJson(isWanted: boolean, plan: ShownPlan | undefined): Record<string, unknown> {
  if (!isWanted) return { sql: null, hazards: null, plan: null };
  return {
    sql: plan?.sql ?? [],
    hazards: (plan?.hazards ?? []).map(hazardToJson),
    plan: (plan?.segments ?? []).map(segmentToJson),
  };
}

/** The script, with what is not in it: whoever runs it has to know. */
export function scriptOf(plan: ShownPlan | undefined, byHand: readonly Change[]): string {
  return [plan?.script ?? "", ...byHand.map(byHandComment)].join("");
}

function byHandComment({ change, kind, name }: Change): string {
  return `-- By hand: ${kind} ${name} (${change})`.replaceAll(/\s+/g, " ") + "\n";
}

/** @throws ConfitureError `usage` for SQL that is to be a report as well */
export function requireOneForm({ sql, format }: { readonly sql?: boolean | undefined; readonly format: string }): void {
  if (sql !== true || format === "human" || format === "json") return;
  throw new ConfitureError("usage", `--sql prints SQL, and --format ${format} a report: leave one of them out`);
}
