import type { Change } from "#compare/catalogue/changes.ts";
import type { FilledTable } from "#compare/generate/filled.ts";
import type { PlannedHazard } from "#compare/generate/hazards.ts";
import type { Catalogue } from "#compare/catalogue/catalogue.ts";
import type { Ends, PlanSegment } from "#compare/generate/plan.ts";
import type { ProjectFiles, Source } from "#compare/sources/sources.ts";
import { ConfitureError } from "#errors/error.ts";
import type { CommandContext } from "./command.ts";
import { hazardToJson, segmentToJson } from "./output/hazards.ts";
import { type ToldUndone, undoneInLine } from "./output/undone.ts";
import { NOT_IN_PLAN, type RowsLeftOut, tellRowsLeftOut } from "./rows-left-out.ts";
import { placedUndone, undoneIn } from "./undone.ts";

/** What is shown of a plan that closes a difference. */
export interface ShownPlan {
  readonly sql: readonly string[];
  readonly hazards: readonly PlannedHazard[];
  readonly segments: readonly PlanSegment[];
  readonly script: string;
  readonly byHand: readonly Change[];
  /** What it sets back to what it was before a migration. */
  readonly undone: readonly ToldUndone[];
  readonly rowsLeftOut: readonly RowsLeftOut[];
}

/** What a plan that is shown leads to. */
export interface Goal {
  readonly source: Source;
  /** As it was built. */
  readonly made: Catalogue;
}

/**
 * Plans what closes a difference, by running it in a scratch database. Warns of what it would undo, and of rows that it leaves out.
 * @throws ConfitureError as `planBetween`
 */
export async function showPlan(
  context: CommandContext,
  files: ProjectFiles,
  ends: Ends,
  goal: Goal,
): Promise<ShownPlan> {
  const { planBetween, segmentsOf } = await import("#compare/generate/plan.ts");
  const { renderScript } = await import("#compare/generate/migration-file.ts");
  const { loadParser } = await import("#sql/parser.ts");
  context.step("Planning, and running the plan in a scratch database");
  const plan = await planBetween(files, ends);
  const segments = segmentsOf(plan);
  const statements = segments.flatMap((segment) => segment.statements);
  const rowsLeftOut =
    goal.source.kind === "schema"
      ? tellRowsLeftOut(context, files, await leftEmptyBy(files, plan.changes), NOT_IN_PLAN)
      : [];
  return {
    sql: statements.flatMap(({ sql }) => sql),
    hazards: statements.flatMap(({ hazards }) => hazards),
    segments,
    script: renderScript(
      plan.steps.map(({ up }) => up),
      await loadParser(),
    ),
    byHand: plan.byHand.up,
    undone: await tellUndone(context, files, goal, plan.changes),
    rowsLeftOut,
  };
}

/** Tables that a plan makes and the schema files fill, which are built for it. */
async function leftEmptyBy(files: ProjectFiles, changes: readonly Change[]): Promise<readonly FilledTable[]> {
  if (!changes.some(({ change, kind }) => change === "added" && kind === "table")) return [];
  const [{ leftEmpty, readFilled }, { buildSchema, hasSchemaFiles }, { withScratch }] = await Promise.all([
    import("#compare/generate/filled.ts"),
    import("#compare/sources/sources.ts"),
    import("#scratch/scratch.ts"),
  ]);
  if (!hasSchemaFiles(files)) return [];
  const filled = await withScratch(files, async (database) => {
    await buildSchema(database, files);
    return await readFilled(database);
  });
  return leftEmpty(filled, changes);
}

/** Only files can be behind the migrations. */
async function tellUndone(
  context: CommandContext,
  files: ProjectFiles,
  { source, made }: Goal,
  changes: readonly Change[],
): Promise<readonly ToldUndone[]> {
  const find = source.kind === "schema" || source.kind === "git" ? undoneIn(context, files) : undefined;
  const undone = placedUndone(files, (await find?.(made, changes)) ?? []);
  if (undone.length === 0) return [];
  const list = undone.map((one) => `\n  ${undoneInLine(one)}`).join("");
  const way = source.kind === "schema" ? ". To bring what they did into the schema files: confiture schema update" : "";
  context.messages.warn(`this SQL sets back what migrations did${way}${list}`);
  return undone;
}

/** Says what no plan holds. */
export function warnByHand(context: CommandContext, byHand: readonly Change[]): void {
  if (byHand.length === 0) return;
  const list = byHand.map(({ kind, name }) => `${kind} ${name}`).join(", ");
  context.messages.warn(`no SQL is planned for these, write it by hand: ${list}`);
}

/** The members of a document for a plan; null where none was asked for. */
export function shownPlanToJson(isWanted: boolean, plan: ShownPlan | undefined): Record<string, unknown> {
  if (!isWanted) return { sql: null, hazards: null, plan: null, undone: null, rowsLeftOut: null };
  return {
    sql: plan?.sql ?? [],
    hazards: (plan?.hazards ?? []).map(hazardToJson),
    plan: (plan?.segments ?? []).map(segmentToJson),
    undone: plan?.undone ?? [],
    rowsLeftOut: plan?.rowsLeftOut ?? [],
  };
}

/** The script, with what it sets back and what is not in it: whoever runs it has to know. */
export function scriptOf(plan: ShownPlan | undefined, byHand: readonly Change[]): string {
  const undone = (plan?.undone ?? []).map((one) => commentOf(`This script ${undoneInLine(one)}`));
  // Right above a statement it would speak of that one.
  return [...undone, undone.length === 0 ? "" : "\n", plan?.script ?? "", ...byHand.map(byHandComment)].join("");
}

function byHandComment({ change, kind, name }: Change): string {
  return commentOf(`By hand: ${kind} ${name} (${change})`);
}

function commentOf(text: string): string {
  return `-- ${text.replaceAll(/\s+/g, " ")}\n`;
}

/** @throws ConfitureError `usage` for SQL that is to be a report as well */
export function requireOneForm({ sql, format }: { readonly sql?: boolean | undefined; readonly format: string }): void {
  if (sql !== true || format === "human" || format === "json") return;
  throw new ConfitureError("usage", `--sql prints SQL, and --format ${format} a report: leave one of them out`);
}
