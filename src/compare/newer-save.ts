import { Worker } from "node:worker_threads";
import { shareWork } from "#database/embedded/limit.ts";
import { stampOf } from "#files/stamps.ts";

// Defined by the compiler, which lays every module that is not an entry beside main.ts.
declare const CONFITURE_COMPILED: true | undefined;

/** What the thread looks after: files, and the stamp that they had. */
export interface Unsaved {
  readonly projectDir: string;
  readonly paths: readonly string[];
  readonly stamp: string;
}

/** To the thread: what is looked after until "stop". */
export type Told = Unsaved | "stop";

/** From the thread: one of the files was saved, once; "stopped" is its last word on them. */
export type Said = "saved" | "stopped";

interface Project {
  readonly projectDir: string;
  readonly signal?: AbortSignal | undefined;
}

let thread: Worker | undefined;

/**
 * Does work on files, and ends it when one of them is saved meanwhile, as soon as it has taken a second: what it comes to is not wanted
 * any more. The embedded engine keeps this thread while it works, and a statement may have no end, so that another thread looks at the
 * files, and cancels.
 * @param paths relative to the project
 * @param work is given the signal that it ends at
 * @returns undefined where one was saved and the work was ended
 * @throws as `work`
 */
export async function unlessSaved<T>(
  { projectDir, signal }: Project,
  paths: readonly string[],
  work: (ending: { readonly signal: AbortSignal }) => Promise<T>,
): Promise<T | undefined> {
  thread ??= startThread();
  const looking = thread;
  const saved = new AbortController();
  const stopped = Promise.withResolvers<void>();
  const onMessage = (said: Said): void => (said === "saved" ? saved.abort() : stopped.resolve());
  const tell = (told: Told): void => looking.postMessage(told);
  looking.on("message", onMessage).ref();
  tell({ projectDir, paths, stamp: stampOf(projectDir, paths) });
  const ending = { signal: signal === undefined ? saved.signal : AbortSignal.any([signal, saved.signal]) };
  const [outcome] = await Promise.allSettled([work(ending)]);
  // Nothing that comes next is its business; and it may have said something while nobody could listen.
  tell("stop");
  await stopped.promise;
  looking.off("message", onMessage).unref();
  if (saved.signal.aborted && signal?.aborted !== true) return undefined;
  if (outcome.status === "rejected") throw outcome.reason;
  return outcome.value;
}

function startThread(): Worker {
  const beside =
    typeof CONFITURE_COMPILED === "undefined" ? "./newer-save-thread.ts" : "./compare/newer-save-thread.ts";
  return new Worker(new URL(beside, import.meta.url), { workerData: { shared: shareWork() } });
}
