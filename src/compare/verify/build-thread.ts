import { parentPort, workerData } from "node:worker_threads";
import { takeModule } from "#database/embedded/load.ts";
import { ConfitureError } from "#errors/error.ts";
import { readCatalogue } from "../catalogue/catalogue.ts";
import { withScratch } from "#scratch/scratch.ts";
import { buildSchema } from "../sources/sources.ts";
import { type BuildTask, type Built, readBuilt } from "./built.ts";

/** Builds schema files beside the thread that replays migrations, and says what they came to. */
const { code, files, reading } = workerData as BuildTask;

takeModule(code);
parentPort?.postMessage(await build());

/** Undefined where something went wrong: whoever asked finds out what. */
async function build(): Promise<Built | undefined> {
  try {
    return await withScratch(files, async (database) => {
      await buildSchema(database, files);
      return await readBuilt(database, await readCatalogue(database), reading);
    });
  } catch (error) {
    if (error instanceof ConfitureError) return undefined;
    throw error;
  }
}
