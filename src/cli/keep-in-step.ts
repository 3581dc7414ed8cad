import { planFor } from "./apply-plan.ts";
import type { CommandContext } from "./command.ts";
import { filesBeside } from "./compare-options.ts";
import { databasePlace } from "./database-options.ts";
import { migrateOptions } from "./migrate-options.ts";
import { showMigrateEvents } from "./output/migrate.ts";
import { renderPlanned } from "./output/planned.ts";

/**
 * Brings the environment's database to the schema files, and tells what is done there. Where something would be taken
 * away, somebody at a terminal is asked, and otherwise nothing is done.
 * @throws ConfitureError as `planApply` and `runApply`
 */
export async function keepInStep(context: CommandContext, tell: (text: string) => void): Promise<void> {
  const { target } = await context.config();
  const place = databasePlace(target, context.projectDir);
  const plan = await planFor(context, await filesBeside(context, {}, target), target, {
    command: "confiture apply",
  });
  if (plan.migrations.length === 0) return;
  tell(`   Running on ${place}:\n${renderPlanned(plan)}\n`);
  const { runApply } = await import("#compare/apply.ts");
  await runApply(await migrateOptions(context, undefined, showMigrateEvents(context)), plan);
  tell(`✅ ${place} is in step\n`);
}
