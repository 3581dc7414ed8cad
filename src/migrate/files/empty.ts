import { ConfitureError } from "#errors/error.ts";

/**
 * What stands in a new migration until it is written. Empty files of other tools are applied as they are, but not one
 * that still says this.
 */
export const PLACEHOLDER = "-- Write the change here.";

/**
 * The refusal of a migration that does nothing: once it is recorded, what someone writes into it would never run.
 * @param file as shown to the user
 * @param goesBack whether it has a way back: the change may have been written there by mistake
 */
export function emptyMigration(file: string, goesBack = false): ConfitureError {
  const isTypeScript = file.endsWith(".ts");
  const example = isTypeScript ? "this.execute(`ALTER TABLE ...`);" : "ALTER TABLE ...;";
  const nothing = isTypeScript ? "this.execute(`SELECT 1`);" : "SELECT 1;";
  const what = goesBack
    ? "has no way up: its statements are all below `-- migrate:down`"
    : "is empty: it has no statement to run";
  return new ConfitureError("migration_empty", `${file} ${what}`, {
    hint: `Write what it is to do${isTypeScript ? " into up()" : ""}, for example: ${example}\nIf it is empty on purpose, say so with: ${nothing}`,
    location: { file },
  });
}
