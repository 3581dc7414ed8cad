import { existsSync, statSync } from "node:fs";
import { dirname, isAbsolute, relative, resolve, sep } from "node:path";
import type { Config } from "#config/config.ts";
import { ENVIRONMENTS_DIR } from "#config/find-environment.ts";
import { ConfitureError } from "#errors/error.ts";
import { shellWord } from "#errors/shell.ts";
import { readHead } from "#files/read.ts";

/** A file that a command writes under a name that somebody gives it. */
export interface OutputFile {
  /** The option that names it: "--output". */
  readonly option: string;
  /** "no script that confiture build wrote" */
  readonly other: string;
  /** Whether a file that begins so is one that the command wrote. */
  readonly isOwn: (beginning: string) => boolean;
  /** A place where it can go. */
  readonly example: string;
}

/** Enough of a file for `isOwn`. */
const BEGINNING_LENGTH = 200;

/**
 * A slip in a path is not to cost a file that somebody wrote, nor to make a folder: only what the command itself wrote earlier is
 * written over, and nothing goes to where migrations and environments are looked for.
 * @param output as it was given; "-" is standard output
 * @throws ConfitureError `usage`
 */
export function requireOutputFile(
  projectDir: string,
  output: string,
  { migrations }: Pick<Config, "migrations">,
  { option, other, isOwn, example }: OutputFile,
): void {
  if (output === "-") return;
  const path = resolve(projectDir, output);
  for (const [dir, what] of [
    [migrations.dir, "the migrations"],
    [ENVIRONMENTS_DIR, "the environments"],
  ] as const) {
    if (isOutside(resolve(projectDir, dir), path)) continue;
    throw new ConfitureError("usage", `${output} is in ${dir}, the folder of ${what}; nothing was done`, {
      hint: `Write it somewhere else: ${option} ${example}`,
    });
  }
  const folder = dirname(path);
  if (!existsSync(folder)) {
    throw new ConfitureError("usage", `Cannot write ${output}: the folder ${dirname(output)} does not exist`, {
      hint: `Make it first: mkdir -p ${shellWord(folder)}`,
    });
  }
  const found = statSync(path, { throwIfNoEntry: false });
  // In an empty file there is nothing to lose, and what is written to a pipe or a device takes nothing away.
  if (found?.isFile() !== true || found.size === 0) return;
  if (isOwn(readHead(path, output, BEGINNING_LENGTH).toString())) return;
  throw new ConfitureError("usage", `${output} is there already, and is ${other}; nothing was done`, {
    hint: `Remove it, or name another file with ${option}.`,
    location: { file: output },
  });
}

/** Whether a file is in none of the places below a folder. */
export function isOutside(dir: string, file: string): boolean {
  const path = relative(dir, file);
  return path === ".." || path.startsWith(`..${sep}`) || isAbsolute(path);
}
