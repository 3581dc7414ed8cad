import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import { fingerprints } from "../catalogue/fingerprint.ts";
import { withSavedScratch } from "#scratch/embedded-scratch.ts";
import { type ScratchOptions, withScratch } from "#scratch/scratch.ts";
import { dropScratchLedger } from "./scratch-run.ts";

/**
 * Scratch databases one after the other, for work that needs several: starting one takes longer than most of what is
 * done in it, and two at a time would take twice the memory.
 */
export interface ScratchSeries {
  /** An empty database: the one before, if nothing was left behind in it, or else a new one in its place. */
  empty(): Promise<Database>;
  /** One of the embedded engine that begins with what another has saved. */
  begunWith(saved: Uint8Array<ArrayBuffer>): Promise<Database>;
}

export async function withScratchSeries<T>(
  options: ScratchOptions,
  work: (series: ScratchSeries) => Promise<T>,
): Promise<T> {
  let current: Opened | undefined;
  const empty = async (): Promise<Database> => {
    if (current !== undefined) {
      if (await isAsBegun(current)) return current.database;
      await current.close();
    }
    current = await open(options);
    return current.database;
  };
  const begunWith = async (saved: Uint8Array<ArrayBuffer>): Promise<Database> => {
    await current?.close();
    current = undefined;
    current = await open(options, saved);
    return current.database;
  };
  try {
    return await work({ empty, begunWith });
  } finally {
    await current?.close();
  }
}

/** Whether nothing is left behind in it. The session of what could not be ended otherwise is over. */
async function isAsBegun({ database, isUntouched }: Opened): Promise<boolean> {
  try {
    await dropScratchLedger(database);
    return await isUntouched();
  } catch (error) {
    if (error instanceof ConfitureError && error.code === "connection_lost") return false;
    throw error;
  }
}

interface Opened {
  readonly database: Database;
  /** Whether it is as it was when nothing had been done yet. */
  readonly isUntouched: () => Promise<boolean>;
  readonly close: () => Promise<void>;
}

/** A scratch database for as long as it is wanted. */
async function open(options: ScratchOptions, saved?: Uint8Array<ArrayBuffer>): Promise<Opened> {
  const opened = Promise.withResolvers<Database>();
  const unwanted = Promise.withResolvers<void>();
  const hold = async (database: Database): Promise<void> => {
    opened.resolve(database);
    await unwanted.promise;
  };
  const life = saved === undefined ? withScratch(options, hold) : withSavedScratch(saved, options, hold);
  life.catch(opened.reject);
  const close = async (): Promise<void> => {
    unwanted.resolve();
    await life;
  };
  const database = await opened.promise;
  try {
    // The engine's are emptied and used again wherever one is asked for, with a look of their own at what is left.
    if (database.engine === "embedded") return { database, isUntouched: () => Promise.resolve(false), close };
    const fingerprint = await fingerprints(database);
    const untouched = await fingerprint();
    return { database, isUntouched: async () => (await fingerprint()) === untouched, close };
  } catch (error) {
    await close();
    throw error;
  }
}
