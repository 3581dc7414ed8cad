import type { Proof } from "#sync/run/proof.ts";
import { number } from "./sync.ts";
import { agree } from "./text.ts";

/** What a last line has to say about originals that no rule forbids; undefined when there are none. */
export function originalsThere({ noticed }: Proof): string | undefined {
  const rows = noticed.reduce((sum, leak) => sum + leak.rows, 0);
  if (rows === 0) return undefined;
  const least = noticed.some(({ more }) => more === true) ? "at least " : "";
  return `${least}${number(rows)} ${agree(rows, "row holds", "rows hold")} originals of tables that are left out`;
}
