import { rowsIn } from "#compare/generate/filled.ts";
import type { Generated } from "#compare/generate/generate.ts";
import type { ProjectFiles } from "#compare/sources/sources.ts";
import type { MigrationFile } from "#migrate/files/migration-file.ts";
import type { CommandContext } from "./command.ts";
import { fillersIn } from "./output/findings.ts";
import { inLine } from "./output/visible.ts";

/** Rows that the schema files make of a table that a migration makes, and that it does not carry. */
export interface RowsLeftOut {
  readonly schema: string;
  readonly table: string;
  /** Where the schema files write them. */
  readonly file: string | null;
  readonly line: number | null;
}

/**
 * Warns of rows that only databases which are built get: a plan is about the schema.
 * @param written the files of the plan's migrations
 */
export function rowsLeftOut(
  { messages }: CommandContext,
  files: ProjectFiles,
  { leftEmpty, migrations }: Pick<Generated, "leftEmpty" | "migrations">,
  written: readonly MigrationFile[],
): RowsLeftOut[] {
  if (leftEmpty.length === 0 || written.length === 0) return [];
  const placeOf = fillersIn(files);
  const left = leftEmpty.map((filled) => {
    const { schema, table } = filled;
    const place = placeOf(schema, table);
    const makes = ({ up }: (typeof migrations)[number]): boolean =>
      up.some((statement) =>
        statement.makes.some((id) => id.kind === "table" && id.schema === schema && id.name === table),
      );
    const path = (written[migrations.findIndex(makes)] ?? written[0]!).path;
    return { schema, table, what: rowsIn(filled), file: place?.file ?? null, line: place?.line ?? null, path };
  });
  const lines = left.map(({ what, file, line, path }) => {
    const from = file === null ? "" : ` from ${inLine(file)}:${line}`;
    return `  ${inLine(what)}${from} into ${inLine(path)}`;
  });
  messages.warn(
    `rows of the schema files are in no migration: databases that are migrated will not have them. Write the INSERT of what they are to have into the migration, below the CREATE TABLE:\n${lines.join("\n")}`,
  );
  return left.map(({ schema, table, file, line }) => ({ schema, table, file, line }));
}
