import { namesAltered } from "#sql/lexer/token-names.ts";
import { Statement } from "#sql/statement.ts";
import type { Dependents } from "./dependents.ts";

/** What code may do, by the words in it. */
export interface Code {
  readonly drops: boolean;
  readonly setsBack: boolean;
  readonly forgets: boolean;
}

export const NO_CODE: Code = { drops: false, setsBack: false, forgets: false };

/** What gives up prepared statements, those of others among them. */
export const FORGETS = /\b(?:deallocate|discard)\b/i;

/** What a statement may take along besides what it names. */
export function scopeOf(text: string, code: Code): Dependents["scope"] | undefined {
  if (code.drops || CASCADES.test(text)) return "all";
  return /^alter\s+table\b[^]*\bdrop\b/i.test(text) ? "constraints" : undefined;
}

/** ON DELETE CASCADE is no such. */
const CASCADES =
  /^(?:drop\b[^]*\bcascade\b|alter\b[^]*\bdrop\b[^,]*\bcascade\b|drop\s+owned\b|do\b[^]*\b(?:drop|execute)\b)/i;

export const SETS_BACK = /^(?:alter|select|with)\b[^]*\b(?:setval|restart)\b|^do\b[^]*\b(?:setval|restart|execute)\b/i;

/** What may make functions or rules, or change them. */
export const MAKES_CODE = /\b(?:function|procedure|routine|aggregate|rule|extension|language|import|do|call)\b/i;

/** The table of an ALTER TABLE, as it is written. */
export function tableAltered(text: string): string | undefined {
  return namesAltered(Statement.of(text).tokens(12))[0];
}

export const RUNS_CODE = /^(?:do|call)\b/i;
