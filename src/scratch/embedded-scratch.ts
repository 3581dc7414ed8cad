import type { Database } from "#database/database.ts";
import { DATABASE } from "#database/embedded/greeting.ts";
import { openDatabase, orInterrupted } from "#database/open.ts";
import { unawaited } from "#database/unawaited.ts";
import { ConfitureError } from "#errors/error.ts";
import { emptied } from "./emptied.ts";
import type { OnLeftOut } from "./left-out.ts";
import { roomSettings } from "./room.ts";
import { scratchSession } from "./session.ts";

/** A database of the embedded engine that was used, and may be used again once it is empty. */
interface Used {
  readonly database: Database;
  readonly watch: Watch;
  readonly settings: Settings;
}

type Settings = Readonly<Record<string, string>>;

let spare: (Used & { readonly isEmpty: boolean }) | undefined;
/** What the one that was asked for last began with. */
let lastSettings: Settings | undefined;
let preparing: Promise<void> | undefined;

/**
 * A scratch database in the embedded engine. Starting the engine, and having PostgreSQL plan what reads a catalogue, takes
 * longer than most of what is done in one: so one that is left is emptied and used again, as long as it is then as a new
 * one is. At most one is kept.
 * @param ownSettings what its sessions begin with
 */
export async function withEmbeddedScratch<T>(
  ownSettings: Settings,
  options: Listening,
  work: (database: Database) => Promise<T>,
): Promise<T> {
  const settings = { ...ownSettings, ...roomSettings() };
  lastSettings = settings;
  await preparing;
  const used = (await takeSpare(settings, options)) ?? (await open(settings, options));
  let isWhole = false;
  try {
    const result = await work(used.database);
    isWhole = true;
    return result;
  } catch (error) {
    isWhole = error instanceof ConfitureError && error.server !== undefined && !BREAKING.has(error.code);
    throw error;
  } finally {
    if (isWhole) await keep(used, false);
    else await used.database.close();
  }
}

/** Errors behind which nobody knows what has become of the session. */
const BREAKING: ReadonlySet<string> = new Set(["connection_lost", "embedded_failed", "internal", "interrupted"]);

/**
 * Has the next scratch database ready before it is asked for: the one that is left is emptied, or another one started where that cannot
 * be used again. Whoever asks sooner waits for it.
 * @param tryOut does in a new one what is to be fast in it: PostgreSQL keeps the plans
 */
export function prepareEmbeddedScratch(tryOut: (database: Database) => Promise<unknown>): void {
  const settings = lastSettings;
  if (settings === undefined || preparing !== undefined) return;
  const prepare = async (): Promise<void> => {
    const used = await takeSpare(settings, {});
    if (used !== undefined) return await keep(used, true);
    const started = await open(settings, {});
    await tryOut(started.database);
    await keep(started, await emptied(started.database));
  };
  unawaited.count++;
  preparing = prepare()
    // What is wrong comes up where one is asked for.
    .catch(() => {})
    .finally(() => {
      preparing = undefined;
      unawaited.count--;
    });
}

/** One that begins with what another has saved. Nobody uses it again. */
export async function withSavedScratch<T>(
  saved: Uint8Array<ArrayBuffer>,
  options: Listening,
  work: (database: Database) => Promise<T>,
): Promise<T> {
  await preparing;
  // Two engines at a time would take twice the memory.
  await removeSpare()?.database.close();
  const { database } = await open(roomSettings(), options, saved);
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}

async function keep(used: Used, isEmpty: boolean): Promise<void> {
  if (spare !== undefined || used.watch.leavesTraces) return await used.database.close();
  spare = { ...used, isEmpty };
  unawaited.count++;
}

function removeSpare(): typeof spare {
  const removed = spare;
  spare = undefined;
  if (removed !== undefined) unawaited.count--;
  return removed;
}

async function takeSpare(settings: Settings, { signal, onLeftOut }: Listening): Promise<Used | undefined> {
  const used = removeSpare();
  if (used === undefined) return undefined;
  const fits = JSON.stringify(used.settings) === JSON.stringify(settings) && signal?.aborted !== true;
  if (fits && (used.isEmpty || (await emptied(used.database)))) {
    used.watch.onLeftOut = onLeftOut;
    used.watch.signal = signal;
    return used;
  }
  await used.database.close();
  return undefined;
}

async function open(
  settings: Settings,
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
    return { database: watched(await openDatabase(target), watch), watch, settings };
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
