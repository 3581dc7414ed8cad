import { type CollectOptions, misnamedSchemaFiles } from "#build/collect.ts";
import type { CommandContext } from "./command.ts";
import { inLine } from "./output/visible.ts";

const told = new WeakSet<CommandContext>();

/** Says once in a command which files are no schema files for their names alone. */
export function tellMisnamed(context: CommandContext, options: Omit<CollectOptions, "projectDir">): void {
  if (told.has(context)) return;
  told.add(context);
  for (const path of misnamedSchemaFiles({ ...options, projectDir: context.projectDir })) {
    context.messages.warn(`${inLine(path)} is left out: names of schema files end in .sql`);
  }
}
