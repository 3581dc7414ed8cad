import { parentPort, workerData } from "node:worker_threads";
import { WatchedWork } from "#database/embedded/limit.ts";
import { stampOf } from "#files/stamps.ts";
import type { Said, Told, Unsaved } from "./newer-save.ts";

/** Milliseconds that work is left to come to its end by itself: an engine that is ended has to start again. */
const PATIENCE = 1000;

/** Milliseconds between two looks at the files, and between two interruptions of work that goes on. */
const LOOK = 100;

const engine = new WatchedWork((workerData as { readonly shared: SharedArrayBuffer }).shared);
let timer: NodeJS.Timeout | undefined;

parentPort?.on("message", (told: Told) => {
  clearTimeout(timer);
  if (told === "stop") say("stopped");
  else timer = setTimeout(() => look(told, false), PATIENCE);
});

function look(files: Unsaved, wasSaved: boolean): void {
  const isSaved = wasSaved || isNew(files);
  if (isSaved && !wasSaved) say("saved");
  if (isSaved) engine.interrupt();
  timer = setTimeout(() => look(files, isSaved), LOOK);
}

function isNew({ projectDir, paths, stamp }: Unsaved): boolean {
  try {
    return stampOf(projectDir, paths) !== stamp;
  } catch {
    // Whoever looks at them next meets what is wrong.
    return true;
  }
}

function say(said: Said): void {
  parentPort?.postMessage(said);
}
