/** Lines of a terminal as SVG text. */
import type { Format, Line } from "./screen.ts";

export const CELL = { width: 8.4, height: 19, font: 14 };
export const MARGIN = { side: 18, top: 44, bottom: 18 };

export type Palette = Readonly<
  Record<"background" | "bar" | "text" | "faint" | Exclude<Format, "bold" | "dim">, string>
>;

export const DARK: Palette = {
  background: "#1e1b22",
  bar: "#2a2630",
  text: "#e9e4ec",
  faint: "#948d9c",
  red: "#ff7a85",
  green: "#8fd68a",
  yellow: "#f2cc6b",
  cyan: "#7fd3e0",
};

export const LIGHT: Palette = {
  background: "#fdfbf9",
  bar: "#efe9e6",
  text: "#2b2530",
  faint: "#7d7584",
  red: "#b3202f",
  green: "#2c7a28",
  yellow: "#8a6200",
  cyan: "#0b6f80",
};

/** Everything around the lines: the window, its bar and what is shown in it. */
export function windowOf(columns: number, rows: number, palette: Palette, styles: string, content: string): string {
  const width = Math.round(columns * CELL.width + 2 * MARGIN.side);
  const height = rows * CELL.height + MARGIN.top + MARGIN.bottom;
  const light = (index: number, color: string): string =>
    `<circle cx="${20 + index * 18}" cy="16" r="5.5" fill="${color}"/>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">
<style>
text{font:${CELL.font}px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:${palette.text};white-space:pre}
.dim{fill:${palette.faint}}.bold{font-weight:700}.red{fill:${palette.red}}.green{fill:${palette.green}}.yellow{fill:${palette.yellow}}.cyan{fill:${palette.cyan}}
${styles}</style>
<rect width="${width}" height="${height}" rx="10" fill="${palette.background}"/>
<path d="M0 32V10A10 10 0 0 1 10 0H${width - 10}A10 10 0 0 1 ${width} 10V32Z" fill="${palette.bar}"/>
${light(0, palette.red)}${light(1, palette.yellow)}${light(2, palette.green)}
<clipPath id="screen"><rect y="33" width="${width}" height="${height - 33}"/></clipPath>
<g clip-path="url(#screen)">
${content}
</g>
</svg>
`;
}

/** A line at a row; every stretch of it has the width that its characters have in a terminal. */
export function textOf(line: Line, row: number): string {
  const y = MARGIN.top + row * CELL.height + CELL.font;
  let column = 0;
  return line
    .flatMap(({ text, formats }) => text.split(WIDE).map((part) => ({ part, formats })))
    .map(({ part, formats }) => {
      const x = round(MARGIN.side + column * CELL.width);
      const cells = Bun.stringWidth(part);
      column += cells;
      if (part.trim() === "") return "";
      const marks = formats.length === 0 ? "" : ` class="${formats.join(" ")}"`;
      // A mark that is two cells wide keeps the size that the font gives it.
      const width = part.match(WIDE) ? "" : ` textLength="${round(cells * CELL.width)}"`;
      return `<text x="${x}" y="${y}"${width}${marks}>${escape(part)}</text>`;
    })
    .join("");
}

const WIDE = /(\p{Emoji_Presentation}|\p{Emoji}\uFE0F)/u;

export function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

export function round(value: number): number {
  return Math.round(value * 100) / 100;
}
