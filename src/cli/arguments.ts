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
      if (takesValue(arg) && argv[i + 1] !== undefined) rest.push(argv[++i]!);
      continue;
    }
    const candidates: Readonly<Record<string, CommandEntry | GroupEntry>> =
      entry === undefined ? COMMANDS : (entry as GroupEntry).commands;
    if (!Object.hasOwn(candidates, arg)) throw unknownCommand(path, arg, Object.keys(candidates));
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

function unknownCommand(path: readonly string[], word: string, known: readonly string[]): ConfitureError {
  const suggestion = nearest(word, known);
  const prefix = ["confiture", ...path].join(" ");
  return new ConfitureError("usage", `There is no command \`${prefix} ${word}\``, {
    hint: suggestion === undefined ? `Commands: ${known.join(", ")}` : `Did you mean \`${prefix} ${suggestion}\`?`,
  });
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
    throw unknownFlag(path, cause as Error & { code?: string }, Object.keys(options));
  }
  for (const [name, value] of Object.entries(values)) {
    const definition = definitions[name];
    if (definition?.type === "enum" && !definition.options?.includes(value as string)) {
      const known = definition.options ?? [];
      throw usage(path, `--${name} is ${known.join(" or ")}, not "${String(value)}"`);
    }
  }
  const extra = given[positionals.length];
  if (extra !== undefined) throw usage(path, `Unexpected argument "${extra}"`);
  return values;
}

function unknownFlag(
  path: readonly string[],
  cause: Error & { code?: string },
  known: readonly string[],
): ConfitureError {
  const flag = /'(-[^' ]*)/.exec(cause.message)?.[1];
  if (cause.code !== "ERR_PARSE_ARGS_UNKNOWN_OPTION" || flag === undefined) {
    return usage(path, cause.message.split("\n")[0]!.replace(/\.$/, ""));
  }
  const suggestion = nearest(flag.replace(/^--?/, ""), known);
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
