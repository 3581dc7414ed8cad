import { ConfitureError } from "#errors/error.ts";
import { planFor, tellByHand } from "./apply-plan.ts";
import type { CommandContext } from "./command.ts";
import { filesBeside } from "./compare-options.ts";
import { databasePlace } from "./database-options.ts";
import { refuseMigrations } from "./kept-by-migrations.ts";
import { migrateOptions } from "./migrate-options.ts";
import { showMigrateEvents } from "./output/migrate.ts";
import { renderPlanned } from "./output/planned.ts";

/**
 * Brings the environment's database to the schema files, and tells what is done there. Where something would be taken
 * away, somebody at a terminal is asked, and otherwise nothing is done; nor is it where files, settings or the database were
 * changed meanwhile, or where migrations keep the database.
 * @param besideMigrations whether it is done where there are migrations as well
 * @param isStill whether files and settings are what they were
 * @returns whether it has to be planned anew
 * @throws ConfitureError as `refuseMigrations`, `planApply` and `runApply`
 */
export async function keepInStep(
  context: CommandContext,
  besideMigrations: boolean,
  isStill: () => boolean,
): Promise<boolean> {
  const config = await context.config();
  const { target } = config;
  const place = databasePlace(target, context.projectDir);
  const files = await filesBeside(context, {}, target);
  if (!besideMigrations) await refuseMigrations(context, config, files, "confiture dev --apply");
  const command = besideMigrations ? "confiture apply --no-ledger" : "confiture apply";
  const plan = await planFor(context, files, target, { command });
  await tellByHand(context, plan);
  if (plan.migrations.length === 0) return false;
  const planAnew = (why: string): true => {
    context.tell(`   ${why}\n   Nothing was done; it is planned anew\n`);
    return true;
  };
  if (!isStill()) return planAnew("Files were changed since this was planned");
  context.tell(`   Running on ${place}:\n${renderPlanned(plan)}\n`);
  const { runApply } = await import("#compare/apply.ts");
  const running = await migrateOptions(context, undefined, showMigrateEvents(context));
  context.step("Running the plan");
  try {
    await runApply(running, files, plan);
  } catch (error) {
    if (error instanceof ConfitureError && error.data?.["isStale"] === true) return planAnew(error.message);
    throw error;
  }
  context.tell(`✅ ${place} is in step\n`);
  return false;
}
