import type { Masked } from "#database/sql-to-send.ts";
import type { Section } from "../files/sections.ts";

/**
 * A text in which some parts are not to be run.
 * @param masked in order; one that ends a statement becomes its semicolon
 */
export function withMasked(text: string, masked: readonly Masked[]): Required<Pick<Section, "text" | "masked">> {
  const out: string[] = [];
  let at = 0;
  for (const { start, end, endsStatement } of masked) {
    const blank = text.slice(start, end).replaceAll(/[^\n\r]/g, " ");
    out.push(text.slice(at, start), endsStatement === true ? `;${blank.slice(1)}` : blank);
    at = end;
  }
  out.push(text.slice(at));
  return { text: out.join(""), masked };
}
