import type { FindUndone, UndoneChange } from "#compare/generate/removals.ts";
import { type ProjectFiles, projectMigrations } from "#compare/sources/sources.ts";
import { asFailure } from "#errors/error.ts";
import type { CommandContext } from "./command.ts";
import { makersIn } from "./output/findings.ts";
import { type ToldUndone, toldUndone } from "./output/undone.ts";

/**
 * Looks for what migrations of the project did and a plan sets back; undefined where there are none. What stops migrations from
 * being run once more stops no plan.
 */
export function undoneIn(context: CommandContext, files: ProjectFiles): FindUndone | undefined {
  if (projectMigrations(files).length === 0) return undefined;
  return async (to, changes) => {
    const { findUndone } = await import("#compare/update/undone.ts");
    try {
      return await findUndone({ ...files, onStep: context.step }, to, changes);
    } catch (error) {
      const { message } = asFailure(error);
      context.messages.warn(
        `Whether this undoes what a migration did is not known, as they cannot all be run: ${message}`,
      );
      return [];
    }
  };
}

/** What is set back, with the places where migrations changed it. */
export function placedUndone(files: ProjectFiles, undone: readonly UndoneChange[]): ToldUndone[] {
  const findMaker = makersIn(files);
  return undone.map((each) => toldUndone(each, findMaker({ ...each.change, by: each.by })));
}
