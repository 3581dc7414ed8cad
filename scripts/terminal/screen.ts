/** What a command shows at a terminal, from real runs. */

/** A stretch of a line in one format. */
export interface Run {
  readonly text: string;
  readonly formats: readonly Format[];
}

export type Format = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";

/** One line of a screen. */
export type Line = readonly Run[];

/** Runs a shell command in a terminal of that width; what it shows in the end, line by line. */
export async function onScreen(
  command: string,
  { cwd, path, columns }: { readonly cwd: string; readonly path: string; readonly columns: number },
): Promise<{ readonly exitCode: number; readonly lines: readonly Line[] }> {
  let output = "";
  const decoder = new TextDecoder();
  const child = Bun.spawn(["sh", "-c", command], {
    cwd,
    env: { PATH: `${path}:/usr/bin:/bin`, HOME: cwd, TERM: "xterm-256color", TZ: "UTC" },
    terminal: { cols: columns, rows: 50, data: (_, data) => void (output += decoder.decode(data, { stream: true })) },
  });
  const exitCode = await child.exited;
  child.terminal?.close();
  return { exitCode, lines: linesOf(output).flatMap((line) => brokenAt(columns, line)) };
}

/** A line that is too long goes on in the next one, as at a terminal. */
function brokenAt(columns: number, line: Line): Line[] {
  const lines: Run[][] = [[]];
  let column = 0;
  for (const { text, formats } of line) {
    for (const { segment } of new Intl.Segmenter().segment(text)) {
      const width = Bun.stringWidth(segment);
      if (column + width > columns) {
        lines.push([]);
        column = 0;
      }
      column += width;
      const last = lines.at(-1)!;
      const run = last.at(-1);
      if (run?.formats === formats) last[last.length - 1] = { text: run.text + segment, formats };
      else last.push({ text: segment, formats });
    }
  }
  return lines;
}

/** The lines that stay: what was cleared to show how far something is does not. */
function linesOf(output: string): Line[] {
  const formats = new Set<Format>();
  return output
    .replaceAll("\r\n", "\n")
    .replace(/\n$/, "")
    .split("\n")
    .map((line) => runsOf(line.slice(line.lastIndexOf(CLEAR) + 1).replace(/^\[2K/, ""), formats));
}

const CLEAR = "\u001b[2K";

const ON: Readonly<Record<string, Format>> = { 1: "bold", 2: "dim", 31: "red", 32: "green", 33: "yellow", 36: "cyan" };
const OFF: Readonly<Record<string, readonly Format[]>> = {
  0: ["bold", "dim", "red", "green", "yellow", "cyan"],
  22: ["bold", "dim"],
  39: ["red", "green", "yellow", "cyan"],
};

function runsOf(line: string, formats: Set<Format>): Line {
  const runs: Run[] = [];
  const add = (text: string): void => {
    if (text !== "") runs.push({ text, formats: [...formats] });
  };
  const [first = "", ...others] = line.replaceAll("\r", "").split("\u001b[");
  add(first);
  for (const part of others) {
    const [, codes = "", text = ""] = /^([\d;]*)m(.*)$/.exec(part) ?? [];
    for (const code of codes.split(";")) {
      const on = ON[code];
      if (on !== undefined) formats.add(on);
      for (const off of OFF[code === "" ? "0" : code] ?? []) formats.delete(off);
    }
    add(text);
  }
  return runs;
}
