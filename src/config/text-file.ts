import { ConfitureError } from "#errors/error.ts";
import { readIfThere } from "#files/read.ts";

/**
 * The text of a UTF-8 file without its byte order mark, or undefined when there is no such file.
 * @param path where it is
 * @param shown how errors name it
 * @throws ConfitureError `config_unreadable` when it cannot be read, is too long or is not UTF-8
 */
export function readTextFile(path: string, shown: string, maxBytes: number): string | undefined {
  const bytes = readBytes(path, shown);
  if (bytes === undefined) return undefined;
  if (bytes.length > maxBytes) {
    throw new ConfitureError("config_unreadable", `${shown} is longer than ${maxBytes / 1024} KB`, {
      location: { file: shown },
    });
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw notUtf8(bytes, shown);
  }
}

function readBytes(path: string, shown: string): Uint8Array | undefined {
  try {
    return readIfThere(path, shown);
  } catch (error) {
    if (!(error instanceof ConfitureError) || error.code !== "file_unreadable") throw error;
    throw error.with({ code: "config_unreadable" });
  }
}

function notUtf8(bytes: Uint8Array, shown: string): ConfitureError {
  let line = 1;
  let start = 0;
  for (let end = 0; end <= bytes.length; end++) {
    if (end < bytes.length && bytes[end] !== 0x0a) continue;
    // No byte of a longer UTF-8 sequence is a line feed, so a line can be judged by itself.
    if (!isUtf8(bytes.subarray(start, end))) break;
    line++;
    start = end + 1;
  }
  return new ConfitureError("config_unreadable", `${shown} is not valid UTF-8`, {
    location: { file: shown, line },
    hint: "Save the file as UTF-8.",
  });
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}
