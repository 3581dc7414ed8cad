import type { ApplyPlan } from "#compare/apply.ts";
import type { ProjectFiles, Source } from "#compare/sources/sources.ts";
import type { Target } from "#database/target.ts";
import { askRenames } from "./ask-renames.ts";
import { canAsk } from "./can-ask.ts";
import type { CommandContext } from "./command.ts";
import { warnNotCompared } from "./compare-options.ts";
import { databaseName } from "./database-options.ts";
import { makersIn } from "./output/findings.ts";
import { permitRemovals } from "./removals.ts";
import { readRenames } from "./renames.ts";
import { NOT_IN_PLAN, type RowsLeftOut, tellRowsLeftOut } from "./rows-left-out.ts";
import { undoneIn } from "./undone.ts";

/** A database in use, to be compared. */
export function liveSource(target: Target): Source & { readonly kind: "live" } {
  return { kind: "live", target, name: databaseName(target) };
}

/** Such a plan, with the rows that it leaves to who writes them. */
export interface ToldPlan extends ApplyPlan {
  readonly rowsLeftOut: readonly RowsLeftOut[];
}

/**
 * Plans the way of a database to the schema files. What would be taken away, or set back to what it was before a migration, is
 * listed, and has to be allowed.
 * @throws ConfitureError as `planApply`
 */
export async function planFor(
  context: CommandContext,
  files: ProjectFiles,
  target: Target,
  {
    rename,
    allowDrop,
    command,
  }: {
    readonly rename?: string | undefined;
    readonly allowDrop?: string | undefined;
    /** Which takes these options, where the one that runs does not. */
    readonly command?: string;
  },
): Promise<ToldPlan> {
  const { planApply } = await import("#compare/apply.ts");
  const permit = permitRemovals(context, allowDrop, makersIn(files), {
    what: "The plan",
    undone: "Nothing was done.",
    ...(command === undefined ? {} : { command: `${command} ` }),
  });
  const plan = await planApply({
    ...files,
    from: liveSource(target),
    renames: readRenames(rename),
    decideRenames: canAsk(context) ? askRenames(context.io) : undefined,
    permit,
    undone: undoneIn(context, files),
    noDown: true,
    online: false,
    onStep: context.step,
  });
  return { ...plan, rowsLeftOut: tellRowsLeftOut(context, files, plan.leftEmpty, NOT_IN_PLAN) };
}

/** Tells what such a plan leaves to be done by hand, and what looks renamed. */
export async function tellByHand(
  context: CommandContext,
  { byHand, givenByDefault, notCompared, possibleRenames }: ToldPlan,
): Promise<void> {
  const { renameFlag } = await import("#compare/generate/rename-first.ts");
  const { messages } = context;
  warnNotCompared(context, notCompared);
  for (const { change, kind, name } of byHand.up) {
    messages.warn(`no SQL is planned for this, do it by hand: ${kind} ${name} (${change})`);
  }
  if (givenByDefault.length > 0) {
    messages.warn(
      `default privileges of the database give rights to what is made in it, and no file speaks of them: to ${givenByDefault.join(", ")} (confiture drift --grants shows them)`,
    );
  }
  for (const rename of possibleRenames) {
    const { kind, from, to } = rename;
    messages.warn(`${kind} ${from} is dropped and ${to} added; if it was renamed: ${renameFlag(rename)}`);
  }
}
