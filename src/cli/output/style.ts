import { styleText } from "node:util";
import type { Output } from "../io.ts";

/** Adds colour to a text, or leaves it alone. */
export type Paint = (format: "bold" | "red" | "green" | "yellow" | "cyan" | "dim", text: string) => string;

/**
 * Colour for one stream: `--color` decides, then NO_COLOR (any non-empty value, https://no-color.org), then
 * whether a terminal is there to show it.
 */
export function paintFor(output: Output, choice: string, env: Readonly<Record<string, string | undefined>>): Paint {
  const wanted =
    choice === "always" ||
    (choice === "auto" && output.isTerminal && (env["NO_COLOR"] ?? "") === "" && env["TERM"] !== "dumb");
  return wanted ? (format, text) => styleText(format, text, { validateStream: false }) : (_format, text) => text;
}
