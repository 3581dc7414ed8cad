import { ConfitureError } from "#errors/error.ts";

/** `--rename` of every command that plans SQL. */
export const RENAME_ARGS = {
  rename: {
    type: "string",
    valueHint: "OLD=NEW",
    description: "treat as a rename: public.users.name=full_name (several with commas)",
  },
} as const;

/**
 * Reads `--rename`: OLD=NEW, or several with commas between them.
 * @throws ConfitureError `usage`
 */
export function readRenames(text: string | undefined): { from: string; to: string }[] {
  return (text ?? "")
    .split(",")
    .filter((one) => one !== "")
    .map(readRename);
}

function readRename(text: string): { from: string; to: string } {
  const match = /^([^=]+)=([^=]+)$/.exec(text);
  const [, from = "", to = ""] = match ?? [];
  if (match === null) throw new ConfitureError("usage", `--rename is OLD=NEW, not "${text}"`);
  // The new name alone is enough: it stays where the old one was.
  return { from, to: to.includes(".") ? to : [...from.split(".").slice(0, -1), to].join(".") };
}
