import type { Database } from "#database/database.ts";
import { withTemporaryFolder } from "#files/temporary.ts";
import type { ScratchSeries } from "../scratch/scratch-series.ts";
import { buildSchema, type ProjectFiles } from "../sources/sources.ts";
import type { Saved } from "./schema-tree.ts";

/** Builds schema files as they are while they are edited, in an empty scratch database. */
export async function buildTexts(options: ProjectFiles, series: ScratchSeries, texts: Saved): Promise<Database> {
  return await withTemporaryFolder(async ({ dir, write }) => {
    for (const [path, text] of texts) write(path, text);
    const database = await series.empty();
    await buildSchema(database, { ...options, projectDir: dir });
    return database;
  });
}
