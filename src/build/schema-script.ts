import { existsSync, realpathSync } from "node:fs";
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { readSql } from "#database/read-sql.ts";
import { parseScript, placeIn, type Script, withoutOwnTransaction } from "#database/script.ts";
import { ConfitureError } from "#errors/error.ts";
import type { PsqlCommand } from "#sql/psql-command.ts";
import { assembleFile } from "./assemble.ts";

/** How schema files are read. */
export interface ReadOptions {
  readonly projectDir: string;
  /** False leaves BEGIN and COMMIT to the files. */
  readonly transaction: boolean;
  /** The database that is built, to which files may connect; undefined where it has no name, null for any. */
  readonly databaseName?: string | null | undefined;
}

/** A schema file, ready to run, with the files that it includes. */
export interface SchemaScript {
  readonly file: string;
  /** As it is written. */
  readonly original: Script;
  /** Without BEGIN and COMMIT of its own. */
  readonly script: Script;
  /** What stands for a command of psql's, in the order of the text. */
  readonly commands: readonly (readonly [command: PsqlCommand, meaning: Meaning])[];
}

type Meaning =
  | { readonly kind: "include"; readonly included: SchemaScript }
  /** Connects to the same database once more: a session with clean settings. */
  | { readonly kind: "connect" };

/** What clears the session between files, where the project asks for it, and where a file connects anew. */
export const CLEAR_SESSION = "RESET SESSION AUTHORIZATION;\nRESET ROLE;\nRESET ALL;\n";

const INCLUDES: ReadonlySet<string> = new Set(["i", "include", "ir", "include_relative"]);
const CONNECTS: ReadonlySet<string> = new Set(["c", "connect"]);

/**
 * Reads a schema file and those it includes (`\i`, `\ir`).
 * @throws ConfitureError `schema_link_loop`, `schema_outside_project`, `file_*`, `sql_*`
 */
export function readSchemaScript(options: ReadOptions, file: string): SchemaScript {
  return read(options, file, []);
}

/** @param parents the files that include this one, by real path */
function read(options: ReadOptions, file: string, parents: readonly string[]): SchemaScript {
  const original = parseScript(
    readSql(file, `${options.projectDir}/${file}`, options.transaction),
    0,
    undefined,
    ({ name }) => INCLUDES.has(name) || CONNECTS.has(name),
  );
  const commands = original.psqlCommands
    .filter(({ name }) => INCLUDES.has(name) || CONNECTS.has(name))
    .map((command) => [command, meaningOf(command)] as const);
  const script = options.transaction ? withoutOwnTransaction(original, WAY_OUT) : original;
  return { file, original, script, commands };

  function meaningOf(command: PsqlCommand): Meaning {
    const inside = original.statements.some(
      ({ start, end, terminated }) => start < command.start && (command.start < end || !terminated),
    );
    if (inside)
      throw refused(original, command, "stands inside a statement", "End the statement before it with a semicolon.");
    if (CONNECTS.has(command.name)) {
      requireSameDatabase(options, original, command);
      return { kind: "connect" };
    }
    const chain = [...parents, realpathSync(join(options.projectDir, file))];
    const included = resolveInclude(options.projectDir, original, command);
    if (chain.includes(included.real)) {
      throw new ConfitureError("schema_link_loop", `${included.file} is included in a circle`, {
        location: placeIn(original, command.start),
        hint: "Remove one of the includes that lead back to it.",
      });
    }
    return { kind: "include", included: read(options, included.file, chain) };
  }
}

const WAY_OUT =
  "Remove it: the whole build is one transaction. Or run every statement by itself with --no-transaction.";

/** The scripts to run, in order; "connect" stands for a session with clean settings. */
export function* piecesOf({ script, commands }: SchemaScript): Generator<Script | "connect"> {
  let from = 0;
  const until = (end: number): Script => ({
    ...script,
    statements: script.statements.filter(({ start }) => start >= from && start < end),
  });
  if (commands.length === 0) {
    yield script;
    return;
  }
  for (const [command, meaning] of commands) {
    yield until(command.start);
    from = command.end;
    if (meaning.kind === "connect") yield "connect";
    else yield* piecesOf(meaning.included);
  }
  yield until(Number.POSITIVE_INFINITY);
}

/** The file's part of the assembled script, with what it includes in its place. */
export function assembleSchemaScript({ original, script, commands }: SchemaScript): Generator<string | Uint8Array> {
  const texts = commands.map(
    ([command, meaning]) =>
      [command, () => (meaning.kind === "connect" ? [CLEAR_SESSION] : assembleSchemaScript(meaning.included))] as const,
  );
  return assembleFile(script, original, new Map(texts));
}

/** A file and those that it includes, directly or not, which mostly run before what it says itself. */
export function* filesOf({ file, commands }: SchemaScript): Generator<string> {
  for (const [, meaning] of commands) if (meaning.kind === "include") yield* filesOf(meaning.included);
  yield file;
}

/** The files that a file includes, directly or not, by real path. */
export function includedIn(projectDir: string, script: SchemaScript): string[] {
  const [, ...included] = [...filesOf(script)].toReversed();
  return included.map((file) => realpathSync(join(projectDir, file)));
}

/** The file that a command names: as psql finds it when it is run in the project's folder or in the file's own. */
function resolveInclude(
  projectDir: string,
  script: Script,
  command: PsqlCommand,
): { readonly file: string; readonly real: string } {
  const [path, ...more] = command.arguments ?? [];
  if (path === undefined || more.length > 0) {
    throw refused(script, command, "names no file", `Write the path as it is: \\${command.name} 'path/to/file.sql'`);
  }
  const root = realpathSync(projectDir);
  const own = join(projectDir, dirname(script.file));
  const places = isAbsolute(path)
    ? [path]
    : (command.name.startsWith("ir") || command.name.endsWith("relative") ? [own] : [projectDir, own]).map((folder) =>
        resolve(folder, path),
      );
  const location = placeIn(script, command.start);
  const found = places.find((place) => existsSync(place));
  if (found === undefined) {
    throw new ConfitureError("file_unreadable", `Cannot read ${path}: there is no such file`, {
      location,
      hint: `It was looked for at ${places.map((place) => relative(root, place) || ".").join(" and ")}.`,
    });
  }
  const real = realpathSync(found);
  if (!real.startsWith(root + sep)) {
    throw new ConfitureError("schema_outside_project", `${path} lies outside the project`, {
      location,
      hint: "Copy the file into the project.",
    });
  }
  return { file: relative(root, real).split(sep).join("/"), real };
}

function requireSameDatabase({ databaseName }: ReadOptions, script: Script, command: PsqlCommand): void {
  if (databaseName === null) return;
  const [name = "-", ...more] = command.arguments ?? ["?"];
  if ((name === "-" || name === databaseName) && more.every((argument) => argument === "-")) return;
  throw refused(
    script,
    command,
    `connects to something else than the database that is built${databaseName === undefined ? "" : `, ${databaseName}`}`,
    "Remove it: the environment says which database is built.",
  );
}

function refused(script: Script, command: PsqlCommand, what: string, hint: string): ConfitureError {
  return new ConfitureError("sql_psql_command", `\\${command.name} ${what}`, {
    location: placeIn(script, command.start),
    hint,
  });
}
