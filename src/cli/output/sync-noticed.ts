import type { Proof } from "#sync/run/proof.ts";
import { agree, count } from "./text.ts";

/** What a last line has to say about originals that no rule forbids; undefined when there are none. */
export function originalsThere({ noticed }: Proof): string | undefined {
  const rows = noticed.reduce((sum, leak) => sum + leak.rows, 0);
  if (rows === 0) return undefined;
  const least = noticed.some(({ more }) => more === true) ? "at least " : "";
  return `${least}${count(rows, "row")} that ${agree(rows, "holds", "hold")} originals of tables that are left out`;
}
