import { Database } from "bun:sqlite";
import { readFileSync } from "node:fs";
import { pid } from "node:process";
import { ConfitureError } from "#errors/error.ts";
import type { OpenOptions } from "../database.ts";

const POLL_MS = 50;

/** Keeps a data folder for this process until it is released, or the process ends. */
export interface Guard {
  release(): void;
}

export const NEEDS_WRITING =
  "PostgreSQL writes to its data folder whenever it starts, also where a command only reads, and a lock file is kept beside it: both folders have to be writable.";

export type GuardOptions = Pick<OpenOptions, "signal" | "onHeld">;

/**
 * Takes a data folder for this process alone: PostgreSQL inside WebAssembly cannot see that another
 * process has it open, and two at once destroy it. The guard is a lock that SQLite holds on a file,
 * because the operating system drops such a lock when the process ends, however it ends. The file stays.
 * @param wait how long to wait for another process, in milliseconds
 * @throws ConfitureError `embedded_in_use`, or `interrupted` by the signal
 */
export async function guardFolder(folder: string, wait: number, { signal, onHeld }: GuardOptions = {}): Promise<Guard> {
  const file = `${folder}.lock`;
  let told = false;
  const deadline = performance.now() + wait;
  for (;;) {
    const guard = tryGuard(folder, file);
    if (guard !== undefined) return guard;
    if (performance.now() >= deadline) throw inUse(folder, file);
    if (!told) {
      const holder = holderOf(file);
      onHeld?.({ pid: holder, stopped: isStopped(holder) });
      told = true;
    }
    await Bun.sleep(POLL_MS);
    if (signal?.aborted === true) {
      throw new ConfitureError("interrupted", "Interrupted while waiting for the embedded database");
    }
  }
}

function tryGuard(folder: string, file: string): Guard | undefined {
  let database: Database | undefined;
  try {
    database = new Database(file, { create: true });
    // The record is for a message only; a lost one is no harm.
    database.run("PRAGMA synchronous = OFF");
    database.run("BEGIN IMMEDIATE");
    database.run("CREATE TABLE IF NOT EXISTS holder (pid INTEGER)");
    database.run("DELETE FROM holder");
    database.run("INSERT INTO holder VALUES (?)", [pid]);
    database.run("COMMIT");
    // Others can read the record only once it is committed, so the lock that stays is a second one. In
    // between somebody else may have come first.
    database.run("BEGIN IMMEDIATE");
    if (readHolder(database) === pid) {
      const held = database;
      return { release: () => held.close() };
    }
    database.close();
    return undefined;
  } catch (error) {
    database?.close();
    if (isBusy(error)) return undefined;
    const isFull = (error as { code?: string }).code === "SQLITE_FULL";
    const why = isFull ? "no space is left on the disk" : (error as Error).message;
    throw new ConfitureError("embedded_failed", `The embedded database's lock file ${file} cannot be used: ${why}`, {
      hint: isFull
        ? `Free some space on the disk that holds ${folder}, then run it again. Nothing was done. ${NEEDS_WRITING}`
        : `${NEEDS_WRITING} The file itself may be deleted while no confiture is running.`,
      cause: error,
    });
  }
}

function inUse(folder: string, file: string): ConfitureError {
  const holder = holderOf(file);
  const who = holder === pid ? "This process" : `Another process${holder === undefined ? "" : ` (pid ${holder})`}`;
  return new ConfitureError("embedded_in_use", `${who} has the embedded database ${folder} open`, {
    hint: isStopped(holder)
      ? `That process is stopped. \`kill -CONT ${holder}\` lets it go on; the database is free as soon as it has ended.`
      : "It serves one process at a time. Wait for that process or end it: the database is free as soon as it is gone. " +
        "If it is `confiture db serve`, give the URL that it printed: --database-url URL",
    data: { folder, ...(holder === undefined ? {} : { pid: holder }) },
  });
}

function holderOf(file: string): number | undefined {
  let database: Database | undefined;
  try {
    database = new Database(file, { readonly: true });
    return readHolder(database);
  } catch {
    // Just being written, or gone.
    return undefined;
  } finally {
    database?.close();
  }
}

/** Whether a process is stopped, as Linux tells it: the letter behind its name, which stands in parentheses. */
function isStopped(process: number | undefined): boolean {
  if (process === undefined) return false;
  try {
    return /^[Tt] /.test(readFileSync(`/proc/${process}/stat`, "latin1").replace(/^.*\) /s, ""));
  } catch {
    // Another system, another user's process, or one that has just ended.
    return false;
  }
}

function readHolder(database: Database): number | undefined {
  return database.query<{ pid: number }, []>("SELECT pid FROM holder").get()?.pid;
}

function isBusy(error: unknown): boolean {
  return /^SQLITE_(BUSY|LOCKED)/.test((error as { code?: string }).code ?? "");
}
