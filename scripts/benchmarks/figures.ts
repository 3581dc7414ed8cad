import { readFile, writeFile } from "node:fs/promises";
import { cpus, totalmem } from "node:os";

/** What a document says between the two comments that name these figures, without blank lines around it. */
export async function readFigures(path: string, name: string): Promise<string> {
  return (await parts(path, name)).figures.trim();
}

/** Writes figures into a document, between the two comments that name them. */
export async function writeFigures(path: string, name: string, text: string): Promise<void> {
  const { before, after } = await parts(path, name);
  await writeFile(path, `${before}\n\n${text.trim()}\n\n${after}`);
}

/** A document up to the end of the comment before some figures, the figures, and all from the comment behind them. */
async function parts(path: string, name: string): Promise<{ before: string; figures: string; after: string }> {
  const document = await readFile(path, "utf8");
  const begin = `<!-- figures of ${name}: begin -->`;
  const from = document.indexOf(begin) + begin.length;
  const to = document.indexOf(`<!-- figures of ${name}: end -->`, from);
  if (from < begin.length || to < 0) throw new Error(`${path} has no place for the figures of ${name}`);
  return { before: document.slice(0, from), figures: document.slice(from, to), after: document.slice(to) };
}

/** The machine that measures: processors, memory, system. */
export function machine(): string {
  return `${cpus().length} x ${cpus()[0]?.model ?? "?"}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform} ${process.arch}`;
}
