import { parseArgs as parseStrictly } from "node:util";
import { type ArgsDef, parseArgs, type ParsedArgs } from "citty";
import { parseDuration } from "#config/duration.ts";
import { ConfitureError } from "#errors/error.ts";
import { nearest } from "#errors/suggest.ts";
import { GLOBAL_ARGS } from "./command.ts";
import { COMMANDS, type CommandEntry, type GroupEntry, isGroup } from "./registry.ts";

/** A command line, with the command it names taken out. */
export interface Invocation {
  /** ["migrate", "up"]; empty when no command is named. */
  readonly path: readonly string[];
  readonly entry: CommandEntry | GroupEntry | undefined;
  /** Flags before the command's name, and everything behind it. */
  readonly rest: readonly string[];
}

/**
 * Finds the command that a command line names.
 * @throws ConfitureError `usage` for an unknown one
 */
export function findCommand(argv: readonly string[]): Invocation {
  const path: string[] = [];
  const rest: string[] = [];
  let entry: CommandEntry | GroupEntry | undefined;
  for (let i = 0; i < argv.length; i++) {
    const arg = argv[i]!;
    const complete = entry !== undefined && !isGroup(entry);
    if (complete || arg === "--") {
      rest.push(...argv.slice(i));
      break;
    }
    if (arg.startsWith("-")) {
      rest.push(arg);
      const value = argv[i + 1];
      if (value === undefined || !takesValue(arg)) continue;
      requireChoice(path, arg, value);
      rest.push(value);
      i++;
      continue;
    }
    const candidates: Readonly<Record<string, CommandEntry | GroupEntry>> =
      entry === undefined ? COMMANDS : (entry as GroupEntry).commands;
    if (!Object.hasOwn(candidates, arg)) throw unknownCommand(path, arg, Object.keys(candidates), rest.at(-1));
    entry = candidates[arg];
    path.push(arg);
  }
  return { path, entry, rest };
}

/** Whether a global flag is followed by its value. */
function takesValue(arg: string): boolean {
  if (arg.includes("=")) return false;
  return Object.entries(GLOBAL_ARGS).some(
    ([name, definition]) =>
      definition.type !== "boolean" &&
      (arg === `--${name}` || ("alias" in definition && arg === `-${definition.alias}`)),
  );
}

/** `--color migrate up` would otherwise take the command's name for a colour, and then not know `up`. */
function requireChoice(path: readonly string[], arg: string, value: string): void {
  const definition: ArgsDef[string] | undefined = (GLOBAL_ARGS as ArgsDef)[arg.slice(2)];
  if (definition?.type !== "enum" || definition.options?.includes(value) === true) return;
  throw notAChoice(path, arg, definition.options ?? [], value);
}

function notAChoice(path: readonly string[], flag: string, known: readonly string[], value: string): ConfitureError {
  return usage(path, `${flag} is ${known.join(" or ")}, not "${value}"`);
}

/** @param before what stands left of the word, of flags and their values */
function unknownCommand(
  path: readonly string[],
  word: string,
  known: readonly string[],
  before: string | undefined,
): ConfitureError {
  const prefix = ["confiture", ...path].join(" ");
  return new ConfitureError("usage", `There is no command \`${prefix} ${word}\``, { hint: hint() });

  function hint(): string {
    if (word === "help") return `Try: ${prefix} --help`;
    const suggestion = nearest(word, known);
    if (suggestion !== undefined) return `Did you mean \`${prefix} ${suggestion}\`?`;
    const commands = `Commands: ${known.join(", ")}`;
    if (before?.startsWith("--") !== true || takesNoValue(before)) return commands;
    return `If "${word}" is the value of ${before}: options of a command go behind its name.\n${commands}`;
  }
}

function takesNoValue(flag: string): boolean {
  const definition: ArgsDef[string] | undefined = (GLOBAL_ARGS as ArgsDef)[flag.slice(2)];
  return flag.includes("=") || definition?.type === "boolean";
}

/**
 * Reads a command's arguments. What it does not know is an error: a mistyped `--dry-run` must not run.
 * @throws ConfitureError `usage`
 */
export function readArguments<Args extends ArgsDef>(
  path: readonly string[],
  own: Args,
  raw: readonly string[],
): ParsedArgs<Args & typeof GLOBAL_ARGS> {
  const definitions: ArgsDef = { ...own, ...GLOBAL_ARGS };
  const rawArgs = [...raw];
  const given = requireKnown(path, definitions, rawArgs);
  try {
    const args: Record<string, unknown> = parseArgs(rawArgs, definitions);
    // citty reads any --no-x as x turned off, also where x is an option of another kind.
    for (const name of Object.keys(definitions)) {
      if (!name.startsWith("no-") || given[name] !== true) continue;
      args[name] = true;
      args[name.slice(3)] = given[name.slice(3)];
    }
    return args as ParsedArgs<Args & typeof GLOBAL_ARGS>;
  } catch (cause) {
    // citty colours its messages.
    throw usage(path, Bun.stripANSI((cause as Error).message));
  }
}

function requireKnown(path: readonly string[], definitions: ArgsDef, raw: string[]): Record<string, unknown> {
  const options: Record<string, { type: "boolean" | "string"; short?: string }> = {};
  const positionals: string[] = [];
  for (const [name, definition] of Object.entries(definitions)) {
    if (definition.type === "positional") {
      positionals.push(name);
      continue;
    }
    const short = "alias" in definition && typeof definition.alias === "string" ? { short: definition.alias } : {};
    options[name] = { type: definition.type === "boolean" ? "boolean" : "string", ...short };
    if (definition.type === "boolean" && definition.default === true) options[`no-${name}`] = { type: "boolean" };
  }
  let values: Record<string, unknown>;
  let given: string[];
  try {
    const parsed = parseStrictly({ args: raw, options, strict: true, allowPositionals: true });
    ({ values, positionals: given } = parsed);
  } catch (cause) {
    throw notUnderstood(path, cause as Error & { code?: string }, Object.keys(options));
  }
  for (const [name, value] of Object.entries(values)) {
    const definition = definitions[name];
    if (definition?.type === "enum" && !definition.options?.includes(value as string)) {
      throw notAChoice(path, `--${name}`, definition.options ?? [], String(value));
    }
  }
  const extra = given[positionals.length];
  if (extra !== undefined) throw usage(path, `Unexpected argument "${extra}"`);
  return values;
}

/** What node's parser says, in the words of this tool. */
function notUnderstood(
  path: readonly string[],
  { message, code }: Error & { code?: string },
  known: readonly string[],
): ConfitureError {
  // "Unknown option '--x'", "Option '-e, --env <value>' argument missing", "Option '--steps' argument is ambiguous"
  const flag = /'(?:-\w, )?(-[^' ]*)/.exec(message)?.[1];
  if (flag !== undefined && code === "ERR_PARSE_ARGS_INVALID_OPTION_VALUE") {
    if (message.includes("does not take")) return usage(path, `${flag} takes no value`);
    const dash = message.includes("ambiguous") ? `; one that begins with a dash is written ${flag}=VALUE` : "";
    return usage(path, `${flag} needs a value${dash}`);
  }
  if (flag === undefined || code !== "ERR_PARSE_ARGS_UNKNOWN_OPTION") {
    return usage(path, message.split("\n")[0]!.replace(/\.$/, ""));
  }
  // The first screen names --version as well, which no command takes.
  const suggestion = nearest(flag.replace(/^--?/, ""), path.length === 0 ? [...known, "version"] : known);
  return new ConfitureError("usage", `Unknown option ${flag} for \`${["confiture", ...path].join(" ")}\``, {
    hint: suggestion === undefined ? helpHint(path) : `Did you mean --${suggestion}?`,
  });
}

function usage(path: readonly string[], message: string): ConfitureError {
  return new ConfitureError("usage", message, { hint: helpHint(path) });
}

function helpHint(path: readonly string[]): string {
  return `See: ${["confiture", ...path].join(" ")} --help`;
}

/**
 * A count given on the command line.
 * @throws ConfitureError `usage`
 */
export function readCount(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const count = Number(text);
  if (/^\d+$/.test(text) && count > 0 && Number.isSafeInteger(count)) return count;
  throw new ConfitureError("usage", `${flag} is a number from 1 up, not "${text}"`);
}

/**
 * A duration given on the command line, in milliseconds.
 * @throws ConfitureError `usage`
 */
export function readDuration(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const duration = parseDuration(text);
  if (duration !== undefined) return duration;
  throw new ConfitureError("usage", `${flag} is a duration such as 30s or 5min, not "${text}"`);
}

/**
 * A version given on the command line.
 * @throws ConfitureError `usage`
 */
export function readVersion(flag: string, text: string | undefined): string | undefined {
  if (text === undefined || /^\d+$/.test(text)) return text;
  const digits = /^(\d+)_/.exec(text)?.[1];
  throw new ConfitureError("usage", `${flag} is a version, which is digits, not "${text}"`, {
    hint: digits === undefined ? undefined : `Did you mean ${digits}?`,
  });
}
