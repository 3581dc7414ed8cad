import type { Proof } from "#sync/run/proof.ts";
import { agree, formatCount } from "./text.ts";

/** An original that is in the copy, and that no rule forbids. */
export function noticedLine(leak: Proof["noticed"][number]): string {
  const unless = "if it is not meant to be there";
  if (leak.isInSchema === true)
    return `FOUND: ${leak.column}: its text in the schema (names, definitions, comments) holds an original (${leak.kind}); ${remedyOf(leak.column)} removes it, ${unless}`;
  if (leak.mayBeChance === true)
    return `FOUND: ${rowsWith(leak)} in digits, perhaps by chance; replace it (integer), if that is what the column is for`;
  return `FOUND: ${rowsWith(leak)} of a table that is left out; scrub or replace it, ${unless}`;
}

/** What takes a text of the schema away: what belongs to the database itself, no migration of its objects does. */
function remedyOf(object: string): string {
  const [, database, what, setting = "", role] =
    /^database (.+) \((comment|label|setting (.+?)(?: of the role (.+))?)\)$/.exec(object) ?? [];
  if (database === undefined) return "a migration that alters it";
  // A copy's comment says that it is one.
  if (what === "comment") return `on the target, COMMENT ON DATABASE ${database} with the rest of its comment`;
  if (what === "label") return `on the target, SECURITY LABEL ON DATABASE ${database} IS NULL`;
  const of = role === undefined ? `DATABASE ${database}` : `ROLE ${role} IN DATABASE ${database}`;
  return `on the target, ALTER ${of} RESET ${setting}`;
}

/** "public.notes.body: 1,200 rows hold an original (email)" */
export function rowsWith({ column, kind, rows, more }: Proof["leaks"][number]): string {
  return `${column}: ${more === true ? "at least " : ""}${formatCount(rows)} ${agree(rows, "row holds", "rows hold")} an original (${kind})`;
}
