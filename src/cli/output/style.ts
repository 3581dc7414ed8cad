import type { Output } from "../io.ts";

/** What turns a format on, and off again (ECMA-48, "Select Graphic Rendition"). */
const FORMATS = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
} as const;

/** Adds colour to a text, or leaves it alone. */
export type Paint = (format: keyof typeof FORMATS, text: string) => string;

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
    return `\u001b[${on}m${text}\u001b[${off}m`;
  };
}
