import type { Database } from "#database/database.ts";
import { withTemporaryFolder } from "#files/temporary.ts";
import type { ScratchSeries } from "../runs/scratch-series.ts";
import { buildSchema, type ProjectFiles } from "../sources/sources.ts";
import type { Saved } from "./schema-tree.ts";

/** Whether PostgreSQL looks whether what the bodies of functions name is there, as it does in a build. */
export type Bodies = "checked" | "unchecked";

/** Builds schema files as they are while they are edited, in an empty scratch database. */
export async function buildTexts(
  options: ProjectFiles,
  series: ScratchSeries,
  texts: Saved,
  bodies: Bodies = "checked",
): Promise<Database> {
  return await withTemporaryFolder(async ({ dir, write }) => {
    for (const [path, text] of texts) write(path, text);
    const database = await series.empty();
    if (bodies === "unchecked") await database.execute("SET check_function_bodies = off");
    await buildSchema(database, { ...options, projectDir: dir });
    if (bodies === "unchecked") await database.execute("RESET check_function_bodies");
    return database;
  });
}
