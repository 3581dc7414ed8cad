import type { Proof } from "#sync/run/proof.ts";
import { agree, count } from "./text.ts";

/** Originals that no rule forbids, a line each. */
export function renderNoticed(noticed: Proof["noticed"]): string[] {
  return noticed.map(({ column, kind, rows, more, isInSchema }) =>
    isInSchema === true
      ? `FOUND: ${column}: its text in the schema holds an original (${kind}); a migration can take it away, if it is not meant to be there`
      : `FOUND: ${column}: ${more === true ? "at least " : ""}${count(rows, "row")} ${agree(rows, "holds", "hold")} an original (${kind}) of a table that is left out; scrub or replace it, if it is not meant to be there`,
  );
}

/** What a last line has to say about originals that no rule forbids; undefined when there are none. */
export function originalsThere({ noticed }: Proof): string | undefined {
  const objects = new Set(noticed.flatMap(({ column, isInSchema }) => (isInSchema === true ? [column] : []))).size;
  const others = noticed.filter(({ isInSchema }) => isInSchema !== true);
  const rows = others.reduce((sum, leak) => sum + leak.rows, 0);
  const least = others.some(({ more }) => more === true) ? "at least " : "";
  const said = [
    ...(rows === 0
      ? []
      : [`${least}${count(rows, "row")} that ${agree(rows, "holds", "hold")} originals of tables that are left out`]),
    ...(objects === 0 ? [] : [`originals in the text of ${count(objects, "object")} of the schema`]),
  ];
  return said.length === 0 ? undefined : said.join(" and ");
}
