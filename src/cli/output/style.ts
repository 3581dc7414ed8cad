import type { Output } from "../io.ts";
import { visible } from "./visible.ts";

/** What turns a format on, and off again (ECMA-48, "Select Graphic Rendition"). */
const FORMATS = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
} as const;

/** Marks a text for a format, or leaves it alone. `forPeople` turns the marks into what a terminal understands. */
export type Paint = (format: keyof typeof FORMATS, text: string) => string;

/** Known to this process alone, so that no text from elsewhere can hold a mark. */
const MARK = `\uFDD0${Math.random().toString(36).slice(2)}:`;
const MARKS = new RegExp(`${MARK}(\\d+);`, "g");

/**
 * Colour for one stream: `--color` decides, then NO_COLOR (any non-empty value, https://no-color.org), then
 * whether a terminal is there to show it.
 */
export function paintFor(output: Output, choice: string, env: Readonly<Record<string, string | undefined>>): Paint {
  const isWanted = (): boolean =>
    choice === "always" ||
    (choice === "auto" && (env["NO_COLOR"] ?? "") === "" && env["TERM"] !== "dumb" && output.isTerminal);
  return (format, text) => {
    // Asked only now: most runs have nothing to paint.
    if (!isWanted()) return text;
    const [on, off] = FORMATS[format];
    return `${MARK}${on};${text}${MARK}${off};`;
  };
}

/** A text without its marks and formats: what is seen of it. Pure. */
export function unpainted(text: string): string {
  return Bun.stripANSI(text.replaceAll(MARKS, ""));
}

/** The last step of every text for people: what is not of the tool's own making is made visible, then colours begin. */
export function forPeople(text: string): string {
  return visible(text).replaceAll(MARKS, "\u001b[$1m");
}
