import type { SchemaUpdate } from "#compare/update/update.ts";
import type { ProjectFiles } from "#compare/sources/sources.ts";
import type { CommandContext } from "./command.ts";
import { changersIn } from "./output/findings.ts";
import { inLine } from "./output/visible.ts";

/** What protected something and goes from the schema files, with the migration that took it away, by its text. */
export interface Unprotected {
  readonly kind: string;
  readonly name: string;
  readonly fate: string | null;
  readonly takenBy: string | null;
}

export function unprotectedIn(files: ProjectFiles, { unprotected }: SchemaUpdate): readonly Unprotected[] {
  const find = changersIn(files);
  return unprotected.map(({ kind, name, fate = null, change }) => {
    const place = find(change);
    return { kind, name, fate, takenBy: place === undefined ? null : `${place.file}:${place.line}` };
  });
}

/** A diff alone does not say that something is open now. */
export function tellUnprotected({ messages }: CommandContext, all: readonly Unprotected[]): void {
  if (all.length === 0) return;
  const lines = all.map(({ kind, name, fate, takenBy }) => {
    const by = takenBy === null ? "" : `, by ${inLine(takenBy)}`;
    return `\n  ${inLine(`${kind} ${name}${fate === null ? "" : ` ${fate}`}`)}${by}`;
  });
  messages.warn(
    `migrations took away what protected something, and the schema files follow them (where that was not meant, a new migration brings it back):${lines.join("")}`,
  );
}
