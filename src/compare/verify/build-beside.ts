import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { loadAssets } from "#database/embedded/load.ts";
import { ConfitureError } from "#errors/error.ts";
import { type ProjectFiles, schemaBuild } from "../sources/sources.ts";
import type { BuildTask, Built, Reading } from "./built.ts";

// Defined by the compiler, which lays every module that is not an entry beside main.ts.
declare const CONFITURE_COMPILED: true | undefined;

/** So many schema files take longer to build than another engine to start. */
const MANY_FILES = 100;

/** Schema files that another thread builds. */
export interface BuildBeside {
  /** Undefined where it did not come to an end: then this thread has to find out why. */
  readonly built: Promise<Built | undefined>;
  readonly stop: () => Promise<void>;
}

/**
 * Builds schema files in an engine of their own, in another thread, where there are many and a processor is left for it.
 * @returns undefined where this thread does it as fast
 */
export async function buildBeside(files: ProjectFiles, reading: Reading): Promise<BuildBeside | undefined> {
  if (files.scratch.engine !== "embedded" || files.scratch.like !== undefined) return undefined;
  // Only this thread has another one watch what takes too long.
  if (files.timeLimit !== undefined) return undefined;
  if (availableParallelism() < 2 || !areMany(files)) return undefined;
  const task: BuildTask = {
    code: await (await loadAssets()).postgresModule(),
    files: withoutSurroundings(files),
    reading,
  };
  const beside = typeof CONFITURE_COMPILED === "undefined" ? "./build-thread.ts" : "./compare/verify/build-thread.ts";
  const worker = new Worker(new URL(beside, import.meta.url), { workerData: task });
  const { promise: built, resolve } = Promise.withResolvers<Built | undefined>();
  const stop = async (): Promise<void> => {
    files.signal?.removeEventListener("abort", onAbort);
    resolve(undefined);
    await worker.terminate();
  };
  const onAbort = (): void => void stop();
  worker.on("message", resolve);
  worker.on("error", () => resolve(undefined));
  worker.on("exit", () => resolve(undefined));
  files.signal?.addEventListener("abort", onAbort);
  return { built, stop };
}

/** Where they have no order, building them here says so. */
function areMany(files: ProjectFiles): boolean {
  try {
    return schemaBuild(files).files.length >= MANY_FILES;
  } catch (error) {
    if (error instanceof ConfitureError) return false;
    throw error;
  }
}

/** What can be handed to a thread. */
function withoutSurroundings(files: ProjectFiles): ProjectFiles {
  return {
    projectDir: files.projectDir,
    includeDirs: files.includeDirs,
    excludeDirs: files.excludeDirs,
    resetBetweenFiles: files.resetBetweenFiles,
    order: files.order,
    databaseName: files.databaseName,
    migrationsDir: files.migrationsDir,
    migrationsLayout: files.migrationsLayout,
    table: files.table,
    toolVersion: files.toolVersion,
    scratch: files.scratch,
  };
}
