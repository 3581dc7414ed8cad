import { existsSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { assembleSchema, type BuildOptions, checkSchema, isAssembled } from "#build/builder.ts";
import type { Config } from "#config/config.ts";
import { ConfitureError } from "#errors/error.ts";
import { writeFile } from "#files/change.ts";
import type { CommandContext } from "./command.ts";
import { isOutside, type OutputFile } from "./output-file.ts";
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

/** Where the script goes, as `requireOutputFile` asks for it. */
export function scriptFile({ includeDirs }: Pick<Config, "includeDirs">): OutputFile {
  return {
    option: "--output",
    other: "no script that confiture build wrote",
    isOwn: isAssembled,
    example: outside(includeDirs),
  };
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
