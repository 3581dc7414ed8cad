import { ConfitureError } from "#errors/error.ts";

/**
 * Reads one rename of `--rename`.
 * @throws ConfitureError `usage`
 */
export function readRename(text: string): { from: string; to: string } {
  const match = /^([^=]+)=([^=]+)$/.exec(text);
  const [, from = "", to = ""] = match ?? [];
  if (match === null) throw new ConfitureError("usage", `--rename is OLD=NEW, not "${text}"`);
  // The new name alone is enough: it stays where the old one was.
  return { from, to: to.includes(".") ? to : [...from.split(".").slice(0, -1), to].join(".") };
}
