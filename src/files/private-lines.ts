import { appendFileSync } from "node:fs";
import { readIfThere } from "./read.ts";

/** Adds a line to a file that only its owner may read. Throws what the system says. */
export function appendPrivateLine(path: string, line: string): void {
  appendFileSync(path, `${line}\n`, { mode: 0o600 });
}

/**
 * The last lines of such a file, oldest first; none where there is no such file.
 * @throws ConfitureError `file_unreadable`, `file_not_regular`
 */
export function lastLines(path: string, most: number): string[] {
  const text = readIfThere(path, path)?.toString("utf8") ?? "";
  return text
    .split("\n")
    .filter((line) => line !== "")
    .slice(-most);
}
