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
  return partsOf(text ?? "", ",").map(readRename);
}

/** What stands between separators; in double quotes there is none. */
function partsOf(text: string, separator: "," | "." | "="): string[] {
  return text.match(new RegExp(String.raw`(?:"(?:[^"]|"")*"|[^${separator}])+`, "g")) ?? [];
}

/** Names as the catalogue has them: quotes, as in SQL, may be there. */
function unquoted(name: string): string {
  return name.length > 2 && /^"[^]*"$/.test(name) ? name.slice(1, -1).replaceAll('""', '"') : name;
}

function readRename(text: string): { from: string; to: string } {
  const [left = "", right = "", ...others] = partsOf(text, "=");
  const isPair = right !== "" && others.length === 0 && text === `${left}=${right}`;
  if (!isPair) throw new ConfitureError("usage", `--rename is OLD=NEW, not "${text}"`);
  // The new name alone is enough: it stays where the old one was.
  const [from, to] = [left, right].map((name) => partsOf(name, ".").map(unquoted)) as [string[], string[]];
  return { from: from.join("."), to: (to.length > 1 ? to : [...from.slice(0, -1), ...to]).join(".") };
}
