import { type FilledTable, rowsIn } from "#compare/generate/filled.ts";
import type { Generated } from "#compare/generate/generate.ts";
import type { ProjectFiles } from "#compare/sources/sources.ts";
import type { MigrationFile } from "#migrate/files/migration-file.ts";
import type { CommandContext } from "./command.ts";
import { fillersIn } from "./output/findings.ts";
import { inLine } from "./output/visible.ts";

/** Rows that the schema files make of a table that a plan makes, and that it does not carry. */
export interface RowsLeftOut {
  readonly schema: string;
  readonly table: string;
  /** Where the schema files write them. */
  readonly file: string | null;
  readonly line: number | null;
}

/** What is said of such rows. */
export interface RowsWords {
  /** "are in no migration" */
  readonly said: string;
  /** The file that those of a table belong into. */
  readonly into?: (filled: FilledTable) => string;
}

/** Where a plan is written into files: the rows belong into the one that makes their table. */
export function inMigrations(migrations: Generated["migrations"], written: readonly MigrationFile[]): RowsWords {
  const into = ({ schema, table }: FilledTable): string => {
    const makes = ({ up }: (typeof migrations)[number]): boolean =>
      up.some((statement) =>
        statement.makes.some((id) => id.kind === "table" && id.schema === schema && id.name === table),
      );
    return (written[migrations.findIndex(makes)] ?? written[0]!).path;
  };
  const said =
    "are in no migration: databases that are migrated will not have them. Write the INSERT of what they are to have into the migration, below the CREATE TABLE";
  return { said, into };
}

/** Where a plan is run, or shown to be run. */
export const NOT_IN_PLAN: RowsWords = {
  said: "are not in this plan, which makes their tables empty. Where the database is to have them, run what writes them",
};

/** Warns of rows that only databases which are built get: a plan is about the schema. */
export function tellRowsLeftOut(
  { messages }: CommandContext,
  files: ProjectFiles,
  leftEmpty: readonly FilledTable[],
  { said, into }: RowsWords,
): RowsLeftOut[] {
  if (leftEmpty.length === 0) return [];
  const placeOf = fillersIn(files);
  const left = leftEmpty.map((filled) => {
    const { schema, table } = filled;
    const place = placeOf(schema, table);
    return { filled, schema, table, file: place?.file ?? null, line: place?.line ?? null };
  });
  const lines = left.map(({ filled, file, line }) => {
    const from = file === null ? "" : ` from ${inLine(file)}:${line}`;
    return `  ${inLine(rowsIn(filled))}${from}${into === undefined ? "" : ` into ${inLine(into(filled))}`}`;
  });
  messages.warn(`rows of the schema files ${said}:\n${lines.join("\n")}`);
  return left.map(({ schema, table, file, line }) => ({ schema, table, file, line }));
}
