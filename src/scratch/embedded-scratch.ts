import type { Database } from "#database/database.ts";
import { DATABASE } from "#database/embedded/greeting.ts";
import { openDatabase, orInterrupted } from "#database/open.ts";
import { unawaited } from "#database/unawaited.ts";
import { emptied } from "./emptied.ts";
import type { OnLeftOut } from "./left-out.ts";
import { roomSettings } from "./room.ts";
import { scratchSession } from "./session.ts";

/** A database of the embedded engine that was used, and may be used again once it is empty. */
interface Used {
  readonly database: Database;
  readonly watch: Watch;
  readonly settings: string;
}

let spare: Used | undefined;

/**
 * A scratch database in the embedded engine. Starting the engine, and having PostgreSQL plan what reads a catalogue, takes
 * longer than most of what is done in one: so one that is left is emptied and used again, as long as it is then as a new
 * one is. At most one is kept.
 * @param ownSettings what its sessions begin with
 */
export async function withEmbeddedScratch<T>(
  ownSettings: Readonly<Record<string, string>>,
  options: Listening,
  work: (database: Database) => Promise<T>,
): Promise<T> {
  const settings = { ...ownSettings, ...roomSettings() };
  const used = (await takeSpare(JSON.stringify(settings), options)) ?? (await open(settings, options));
  let result: T;
  try {
    result = await work(used.database);
  } catch (error) {
    await used.database.close();
    throw error;
  }
  if (spare === undefined && !used.watch.leavesTraces) {
    spare = used;
    unawaited.count++;
  } else await used.database.close();
  return result;
}

/** One that begins with what another has saved. Nobody uses it again. */
export async function withSavedScratch<T>(
  saved: Uint8Array<ArrayBuffer>,
  options: Listening,
  work: (database: Database) => Promise<T>,
): Promise<T> {
  // Two engines at a time would take twice the memory.
  const left = spare;
  spare = undefined;
  if (left !== undefined) {
    unawaited.count--;
    await left.database.close();
  }
  const { database } = await open(roomSettings(), options, saved);
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}

async function takeSpare(settings: string, { signal, onLeftOut }: Listening): Promise<Used | undefined> {
  const used = spare;
  spare = undefined;
  if (used === undefined) return undefined;
  unawaited.count--;
  const fits = used.settings === settings && signal?.aborted !== true;
  if (fits && (await emptied(used.database))) {
    used.watch.onLeftOut = onLeftOut;
    used.watch.signal = signal;
    return used;
  }
  await used.database.close();
  return undefined;
}

async function open(
  settings: Readonly<Record<string, string>>,
  { onLeftOut, signal }: Listening,
  saved?: Uint8Array<ArrayBuffer>,
): Promise<Used> {
  const target = {
    engine: "embedded",
    ...(Object.keys(settings).length === 0 ? {} : { settings }),
    ...(saved === undefined ? {} : { saved }),
  } as const;
  const watch: Watch = { onLeftOut, signal, leavesTraces: false };
  // One that was used may serve somebody with another signal.
  try {
    return { database: watched(await openDatabase(target), watch), watch, settings: JSON.stringify(settings) };
  } catch (error) {
    throw orInterrupted(signal, error);
  }
}

interface Listening {
  readonly signal?: AbortSignal | undefined;
  readonly onLeftOut?: OnLeftOut | undefined;
}

interface Watch {
  /** Of whoever uses it. */
  onLeftOut: OnLeftOut | undefined;
  signal: AbortSignal | undefined;
  /** Whether something may have run that a session keeps and nothing shows. */
  leavesTraces: boolean;
}

/**
 * A setting of the project's own (`SET app.user = ...`) is known to the session ever after, and reading it is no error any
 * more; a library that was loaded stays.
 */
const LEAVES_TRACES = /\bset_config\s*\(\s*(?!'[^'.]*')|\bset\s+(?:(?:session|local)\s+)?[\w"]+\s*\.|\bload\s+'/i;

function watched(database: Database, watch: Watch): Database {
  const session = scratchSession(database, {
    name: DATABASE,
    onLeftOut: (statement, reason) => watch.onLeftOut?.(statement, reason),
    signal: () => watch.signal,
    onSql: (sql) => {
      // Nobody looks through what is read piece by piece.
      watch.leavesTraces ||= typeof sql !== "string" || LEAVES_TRACES.test(sql);
    },
  });
  // What only the session knows is not in what is saved.
  return { ...session, save: async () => (watch.leavesTraces ? undefined : await session.save?.()) };
}
