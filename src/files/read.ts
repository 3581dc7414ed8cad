import { closeSync, constants, fstatSync, openSync, readFileSync, readSync, type Stats, statSync } from "node:fs";
import { ConfitureError } from "#errors/error.ts";
import { cannotRead, systemCode } from "./reason.ts";

/** A file that is open for reading, and its length in bytes. */
export interface OpenFile extends Disposable {
  readonly descriptor: number;
  readonly size: number;
  readonly mode: number;
}

/** Opening a FIFO waits for somebody who writes to it, unless this is asked for; for a regular file it means nothing. */
const WITHOUT_WAITING = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/**
 * Opens a regular file. Close it with `using`.
 * @param shown how errors name it
 * @throws ConfitureError `file_not_regular` for a folder, FIFO, device or socket; `file_unreadable`
 */
export function openRegularFile(path: string, shown: string): OpenFile {
  try {
    const descriptor = openSync(path, WITHOUT_WAITING);
    try {
      const found = fstatSync(descriptor);
      if (!found.isFile()) throw notRegular(shown, found);
      const { size, mode } = found;
      return { descriptor, size, mode, [Symbol.dispose]: () => closeSync(descriptor) };
    } catch (error) {
      closeSync(descriptor);
      throw error;
    }
  } catch (error) {
    throw explained(path, shown, error);
  }
}

/**
 * The bytes of a regular file.
 * @param shown how errors name it
 * @throws ConfitureError `file_not_regular` for a folder, FIFO, device or socket; `file_unreadable`
 */
export function readRegularFile(path: string, shown: string): Buffer {
  using file = openRegularFile(path, shown);
  return readWhole(file, shown);
}

/**
 * The bytes of an open file, from where it stands.
 * @throws ConfitureError `file_unreadable`
 */
export function readWhole(file: OpenFile, shown: string): Buffer {
  try {
    return readFileSync(file.descriptor);
  } catch (error) {
    throw cannotRead(shown, error);
  }
}

/**
 * The first bytes of a regular file, at most `length`.
 * @throws ConfitureError as `readRegularFile`
 */
export function readHead(path: string, shown: string, length: number): Buffer {
  using file = openRegularFile(path, shown);
  return readAt(file, 0, Buffer.allocUnsafe(Math.min(length, file.size)));
}

/**
 * Fills `bytes` with what stands at `at`.
 * @throws ConfitureError `file_unreadable` where the file ends before that
 */
export function readAt(file: OpenFile, at: number, bytes: Buffer): Buffer {
  for (let done = 0; done < bytes.length;) {
    const count = readSync(file.descriptor, bytes, done, bytes.length - done, at + done);
    if (count === 0) throw new ConfitureError("file_unreadable", "The file became shorter while it was read");
    done += count;
  }
  return bytes;
}

/** As `readRegularFile`; undefined when there is no such file. */
export function readIfThere(path: string, shown: string): Buffer | undefined {
  try {
    return readRegularFile(path, shown);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Whether an error of this module says that there is no such file. */
function isMissing(error: unknown): boolean {
  const code = systemCode(error instanceof ConfitureError ? error.cause : error);
  return code === "ENOENT" || code === "ENOTDIR";
}

/** Whether there is a folder of this name; one that cannot be seen is none. */
export function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

function explained(path: string, shown: string, error: unknown): ConfitureError {
  // A socket cannot be opened at all.
  if (systemCode(error) === "ENXIO" || systemCode(error) === "EOPNOTSUPP") {
    const found = statSync(path, { throwIfNoEntry: false });
    if (found !== undefined && !found.isFile()) return notRegular(shown, found);
  }
  return cannotRead(shown, error);
}

/** @param shown how the error names it */
export function notRegular(shown: string, found: Stats): ConfitureError {
  return new ConfitureError("file_not_regular", `${shown} is no regular file: it is ${kindOf(found)}`, {
    hint: found.isDirectory() ? "Name a file." : "What it holds has to be in a file: name one.",
    location: { file: shown },
  });
}

function kindOf(found: Stats): string {
  if (found.isDirectory()) return "a folder";
  if (found.isFIFO()) return "a FIFO (named pipe)";
  if (found.isSocket()) return "a socket";
  if (found.isCharacterDevice() || found.isBlockDevice()) return "a device";
  return "something else";
}
