import { readFile, writeFile } from "node:fs/promises";

/** Writes figures into a document, between the two comments that name them. */
export async function writeFigures(path: string, name: string, text: string): Promise<void> {
  const [begin, end] = [`<!-- figures of ${name}: begin -->`, `<!-- figures of ${name}: end -->`];
  const document = await readFile(path, "utf8");
  const [before, rest] = document.split(begin);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) throw new Error(`${path} has no place for the figures of ${name}`);
  await writeFile(path, `${before}${begin}\n\n${text}\n\n${end}${after}`);
}
