/**
 * Records the first section of the README at a terminal, as a picture that moves: scripts/recording. The commands are
 * the README's and are run as they are written; what they print is shown as it came, and how long they take is what
 * they took. How fast somebody types is made up, so that two recordings differ in nothing but measured times.
 */
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { readBlocks, readSteps } from "../tests/support/document.ts";
import { type Line, onScreen } from "./terminal/screen.ts";
import { CELL, DARK, escape, MARGIN, round, textOf, windowOf } from "./terminal/svg.ts";

const ROOT = join(import.meta.dir, "..");
export const RECORDING = "docs/recording.svg";
const COLUMNS = 84;
const ROWS = 24;

/** Seconds: a key, before and after a command, a line that appears, before it all begins anew. */
const KEY = 0.04;
const PAUSE = 0.5;
const READ = 1.1;
const END = 4;

type Shown =
  | { readonly kind: "command"; readonly command: string; readonly output: readonly Line[] }
  | { readonly kind: "file"; readonly file: string; readonly text: string };

type Step = { readonly command: string } | { readonly file: string; readonly text: string };

/** What the first section of a README lets its reader do. */
export function stepsOf(readme: string): Step[] {
  const section = readme.split("\n## ")[1] ?? "";
  return readBlocks(section).flatMap((block): Step[] => {
    if (block.language === "bash") return readSteps(block).map(({ command }) => ({ command }));
    return block.file === undefined ? [] : [{ file: block.file, text: block.text }];
  });
}

async function run(): Promise<Shown[]> {
  const folder = await mkdtemp(join(tmpdir(), "confiture-recording-"));
  const [cwd, path] = [join(folder, "project"), join(folder, "bin")];
  await mkdir(cwd);
  await mkdir(path);
  await symlink(join(ROOT, "dist/confiture"), join(path, "confiture"));
  const shown: Shown[] = [];
  try {
    for (const step of stepsOf(await readFile(join(ROOT, "README.md"), "utf8"))) {
      if ("command" in step) {
        const { exitCode, lines } = await onScreen(step.command, { cwd, path, columns: COLUMNS });
        if (exitCode !== 0) throw new Error(`${step.command}: exit code ${exitCode}`);
        shown.push({ kind: "command", command: step.command, output: lines });
      } else {
        const target = join(cwd, step.file);
        // What a command has written already is shown by the README, not typed by its reader.
        if ((await readFile(target, "utf8").catch(() => "")).includes(step.text.trim())) continue;
        await mkdir(dirname(target), { recursive: true });
        await writeFile(target, step.text);
        shown.push({ kind: "file", file: step.file, text: step.text });
      }
    }
  } finally {
    await rm(folder, { recursive: true });
  }
  return shown;
}

/** The picture: lines that appear one after the other, and move up when the window is full. */
function recordingOf(shown: readonly Shown[]): string {
  let time = 0;
  let row = 0;
  const parts: { readonly markup: string; readonly at: number; readonly row: number; readonly typed?: number }[] = [];
  const add = (markup: string, typed?: number): void => {
    parts.push({ markup, at: time, row, ...(typed === undefined ? {} : { typed }) });
    row++;
  };
  for (const step of shown) {
    if (step.kind === "command") {
      const line = [
        { text: "$ ", formats: ["dim"] as const },
        { text: step.command, formats: ["bold"] as const },
      ];
      add(`<g data-command="${escape(step.command)}">${textOf(line, row)}</g>`, step.command.length);
      time += PAUSE + step.command.length * KEY + PAUSE;
      for (const output of step.output) add(textOf(output, row));
    } else {
      add(textOf([{ text: `# in an editor: ${step.file}`, formats: ["dim"] }], row));
      for (const text of step.text.trimEnd().split("\n")) add(textOf([{ text, formats: ["cyan"] }], row));
    }
    time += READ;
    row++;
  }
  const total = time + END;
  const percent = (seconds: number): string => `${round((seconds / total) * 100)}%`;

  let styles = `.l,.c,#page{animation:${round(total)}s infinite step-end}\n`;
  let content = "";
  for (const [index, { markup, at, row: line, typed }] of parts.entries()) {
    styles += `@keyframes l${index}{0%{opacity:0}${percent(at)}{opacity:1}}#l${index}{animation-name:l${index}}\n`;
    let cover = "";
    if (typed !== undefined) {
      // What is not typed yet is behind a cover that goes to the right.
      const x = MARGIN.side + 2 * CELL.width;
      const y = MARGIN.top + line * CELL.height;
      const distance = round(typed * CELL.width);
      cover = `<rect class="c" id="c${index}" x="${round(x)}" y="${y}" width="${distance + 4}" height="${CELL.height}" fill="${DARK.background}"/>`;
      styles += `#c${index}{transform:translateX(${distance}px);animation-name:c${index}}@keyframes c${index}{0%{transform:none}${percent(at + PAUSE)}{transform:none;animation-timing-function:steps(${typed})}${percent(at + PAUSE + typed * KEY)}{transform:translateX(${distance}px)}100%{transform:translateX(${distance}px)}}\n`;
    }
    content += `<g class="l" id="l${index}">${markup}${cover}</g>\n`;
  }
  const scroll = (last: number): number => Math.max(last + 1 - ROWS, 0) * CELL.height;
  const moves = parts.map(({ at, row: line }) => `${percent(at)}{transform:translateY(-${scroll(line)}px)}`);
  styles += `@keyframes page{0%{transform:none}${moves.join("")}}#page{animation-name:page;transform:translateY(-${scroll(row - 2)}px)}\n`;
  styles += "@media (prefers-reduced-motion:reduce){*{animation:none!important}}\n";
  return windowOf(COLUMNS, ROWS, DARK, styles, `<g id="page">\n${content}</g>`);
}

if (import.meta.main) {
  await writeFile(join(ROOT, RECORDING), recordingOf(await run()));
  console.log(RECORDING);
}
