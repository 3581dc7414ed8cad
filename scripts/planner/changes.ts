import { join } from "node:path";

/** What is replaced in the files of pg-delta, below its `src`: each text stands once in its file. */
export type Changes = Readonly<Record<string, readonly (readonly [from: string, to: string])[]>>;

/** How a file of `src/compare/engine` is imported by one of pg-delta. */
export function engine(file: string): string {
  return JSON.stringify(join(import.meta.dir, "..", "..", "src", "compare", "engine", file));
}
