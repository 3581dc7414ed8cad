import { existsSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { assembleSchema, BEGINNING_LENGTH, type BuildOptions, checkSchema, isAssembled } from "#build/builder.ts";
import type { Config } from "#config/config.ts";
import { ENVIRONMENTS_DIR } from "#config/find-environment.ts";
import { ConfitureError } from "#errors/error.ts";
import { shellWord } from "#errors/shell.ts";
import { writeFile } from "#files/change.ts";
import { readHead } from "#files/read.ts";
import type { CommandContext } from "./command.ts";
import { forPeople } from "./output/style.ts";

/** The next build would run the script of this one as well. */
export function refuseAmongSources(
  projectDir: string,
  output: string,
  dirs: Config["includeDirs"],
  files: readonly string[],
): void {
  const file = relative(projectDir, resolve(projectDir, output)).replaceAll("\\", "/");
  const dir = dirs.find(({ path }) => !isOutside(path, file))?.path;
  // What is there and is not run now never will be.
  const isRun = files.includes(file) || (file.endsWith(".sql") && !existsSync(join(projectDir, file)));
  if (output === "-" || dir === undefined || !isRun) return;
  throw new ConfitureError(
    "usage",
    `${output} would be one of the schema files in ${dir}: the next build would run it, too`,
    {
      hint: `Write it somewhere else: --output ${outside(dirs)}`,
    },
  );
}

/**
 * A slip in a path is not to cost a file that somebody wrote: only a script of an earlier build is written over, and nothing
 * goes to where migrations and environments are looked for.
 */
export function refuseOverOthers(
  projectDir: string,
  output: string,
  { migrations, includeDirs }: Pick<Config, "migrations" | "includeDirs">,
): void {
  if (output === "-") return;
  const path = resolve(projectDir, output);
  for (const [dir, what] of [
    [migrations.dir, "the migrations"],
    [ENVIRONMENTS_DIR, "the environments"],
  ] as const) {
    if (isOutside(resolve(projectDir, dir), path)) continue;
    throw new ConfitureError("usage", `${output} is in ${dir}, the folder of ${what}; nothing was done`, {
      hint: `Write it somewhere else: --output ${outside(includeDirs)}`,
    });
  }
  const found = statSync(path, { throwIfNoEntry: false });
  // In an empty file there is nothing to lose, and what is written to a pipe or a device takes nothing away.
  if (found?.isFile() !== true || found.size === 0) return;
  if (isAssembled(readHead(path, output, BEGINNING_LENGTH).toString())) return;
  throw new ConfitureError(
    "usage",
    `${output} is there already, and is no script that confiture build wrote; nothing was done`,
    { hint: "Remove it, or name another file with --output." },
  );
}

/** A slip in a path is not to make a folder. */
export function requireFolderOf(projectDir: string, output: string): void {
  const folder = dirname(resolve(projectDir, output));
  if (output === "-" || existsSync(folder)) return;
  throw new ConfitureError("usage", `Cannot write ${output}: the folder ${dirname(output)} does not exist`, {
    hint: `Make it first: mkdir -p ${shellWord(folder)}`,
  });
}

function isOutside(dir: string, file: string): boolean {
  return relative(dir, file).startsWith("..");
}

/** A place that is in none of the folders. */
function outside(dirs: Config["includeDirs"]): string {
  const places = ["schema.sql", "build/schema.sql"];
  return places.find((place) => dirs.every(({ path }) => isOutside(path, place))) ?? "../schema.sql";
}

export async function writeScript(
  { io, messages, json, projectDir }: CommandContext,
  options: BuildOptions,
  output: string,
): Promise<void> {
  if (output === "-" && json) {
    throw new ConfitureError("usage", "--output - and --format json both want standard output", {
      hint: "Give --output a file, or leave --format json out.",
    });
  }
  if (output === "-") {
    // Checked first: a file that cannot be run leaves a psql that reads this without half of a script.
    checkSchema(options);
    await io.stdout.writeAll(io.stdout.isTerminal ? forTerminal(assembleSchema(options)) : assembleSchema(options));
    return;
  }
  await writeFile(projectDir, output, assembleSchema(options));
  messages.log(`Wrote ${output}`);
}

/** What a terminal would act upon is written out. */
function* forTerminal(pieces: Iterable<string | Uint8Array>): Generator<string> {
  const decoder = new TextDecoder();
  for (const piece of pieces) {
    yield forPeople(typeof piece === "string" ? piece : decoder.decode(piece, { stream: true }));
  }
}
