import { ConfitureError } from "#errors/error.ts";
import type { SqlSource } from "./source.ts";

/**
 * Refuses a file that is filled in by its tool before it runs: as it stands, it is no SQL.
 * @param pattern what is filled in; comments are passed over
 * @throws ConfitureError `migration_template`
 */
export function refuseTemplate(source: SqlSource, pattern: RegExp, what: string): void {
  const { file, text } = source;
  if (!pattern.test(text)) return;
  for (const match of text.matchAll(new RegExp(pattern.source, "g"))) {
    if (source.comments.some(({ start, end }) => start <= match.index && match.index < end)) continue;
    throw new ConfitureError("migration_template", `${file} is a template: ${match[0]} is ${what}`, {
      location: source.locate(match.index),
      hint: "Write what it stands for into the file, or run this migration with its own tool and record it with `confiture migrate resolve`.",
    });
  }
}
