import type { SqlText } from "#database/script.ts";
import type { MigrationFile } from "../files/migration-file.ts";
import type { Sections } from "../files/sections.ts";
import { refuseOtherMarks } from "./marks.ts";
import { LAYOUTS } from "./registry.ts";
import { SqlSource } from "./source.ts";

/**
 * Cuts a SQL file of a migration into its ways, as its layout does.
 * @param sql the file; a migration may have one for each way
 * @throws ConfitureError `migration_invalid`, `migration_marks`, `migration_template`
 */
export function cutFile(migration: MigrationFile, sql: SqlText, opening: "up" | "down"): Sections {
  const layout = LAYOUTS[migration.layout];
  const source = new SqlSource(sql);
  refuseOtherMarks(source, migration.layout, layout);
  return layout.cut(source, opening);
}
