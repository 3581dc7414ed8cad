import { dryRunUp, type PlannedMigration } from "#migrate/dry-run.ts";
import type { PlanUpOptions } from "#migrate/plan.ts";
import { migrationId } from "#migrate/migration-file.ts";
import type { CommandContext, Outcome } from "./command.ts";
import { migrateOptions } from "./migrate-options.ts";
import { count } from "./output/text.ts";

/** `migrate up --dry-run`: the SQL on standard output, what it is on standard error. */
export async function dryRunCommand(context: CommandContext, plan: PlanUpOptions): Promise<Outcome> {
  const planned = await dryRunUp(await migrateOptions(context), plan);
  context.messages.log(
    planned.length === 0
      ? "No pending migrations"
      : `Dry run: ${count(planned.length, "migration")} would be applied, nothing was`,
  );
  return {
    json: {
      dryRun: true,
      migrations: planned.map(({ file, transactional, statements, incomplete }) => ({
        version: file.version,
        name: file.name,
        file: file.path,
        transactional,
        statements,
        incomplete: incomplete ?? null,
      })),
    },
    script: planned.map(render).join("\n"),
  };
}

function render({ file, transactional, statements, incomplete }: PlannedMigration): string {
  const heading = `-- ${migrationId(file)} (${file.path}), ${transactional ? "in one transaction" : "outside a transaction"}\n`;
  const note = incomplete === undefined ? "" : `-- The rest is not known: ${incomplete}\n`;
  // The end of a COPY block stands alone on its line.
  const ended = statements.map((statement) => (statement.endsWith("\n\\.") ? `${statement}\n` : `${statement};\n`));
  return heading + ended.join("") + note;
}
