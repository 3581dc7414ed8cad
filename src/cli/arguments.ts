import { parseArgs as parseStrictly } from "node:util";
import { type ArgsDef, parseArgs, type ParsedArgs } from "citty";
import { parseDuration } from "#sql/duration.ts";
import { ConfitureError } from "#errors/error.ts";
import { shellWord } from "#errors/shell.ts";
import { nearest } from "#errors/suggest.ts";
import { GLOBAL_ARGS } from "./command.ts";
import { helpHint, notAChoice, usage } from "./usage.ts";

/**
 * Reads a command's arguments. What it does not know is an error: a mistyped `--dry-run` must not run.
 * @throws ConfitureError `usage`
 */
export function readArguments<Args extends ArgsDef>(
  path: readonly string[],
  own: Args,
  raw: readonly string[],
): ParsedArgs<Args & typeof GLOBAL_ARGS> {
  // A command may have more values for one of them.
  const definitions: ArgsDef = { ...GLOBAL_ARGS, ...own };
  const rawArgs = raw.map((word) => (isBareOption(definitions, word) ? `${word}=all` : word));
  const { given, positionals } = requireKnown(path, definitions, rawArgs);
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
    throw usage(path, missingArgument(definitions, positionals) ?? Bun.stripANSI((cause as Error).message));
  }
}

/** The value hint of a last argument that may be given many times; all arguments are in `_`. */
export const LIST = "...";

/** An option that may do without a value, which then stands for all: its hint begins with `[=`. */
function isBareOption(definitions: ArgsDef, word: string): boolean {
  const definition = word.startsWith("--") ? definitions[word.slice(2)] : undefined;
  return definition?.valueHint?.startsWith("[=") === true;
}

/** What the first argument that has to be there and is not would say. */
function missingArgument(definitions: ArgsDef, given: readonly string[]): string | undefined {
  const positionals = Object.entries(definitions).filter(([, { type }]) => type === "positional");
  const [name, definition] = positionals[given.length] ?? [];
  if (name === undefined || definition?.required === false) return undefined;
  return `${name.toUpperCase()} is missing: ${definition?.description ?? "it has to be given"}`;
}

/** The options that are given, by name, and the arguments. */
function requireKnown(
  path: readonly string[],
  definitions: ArgsDef,
  raw: string[],
): { readonly given: Record<string, unknown>; readonly positionals: readonly string[] } {
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
  const isList = definitions[positionals.at(-1) ?? ""]?.valueHint === LIST;
  const extra = given[positionals.length];
  if (extra !== undefined && !isList) {
    const isVersion = "to" in definitions && definitions["to"]?.type === "string" && /^\d/.test(extra);
    throw isVersion
      ? new ConfitureError("usage", `Unexpected argument "${extra}"`, {
          hint: `Did you mean --to ${shellWord(extra)}?`,
        })
      : usage(path, `Unexpected argument "${extra}"`);
  }
  return { given: values, positionals: given };
}

/** What other tools call it, too far from our name for a spelling suggestion. */
const OTHER_TOOLS: Readonly<Record<string, string>> = {
  "--json": "--format json",
  "--url": "--database-url",
  "--dsn": "--database-url",
  "--environment": "--env",
  "--database": "--database-url",
  "-n": "--dry-run",
};

/** What needs no option here, by command. */
const OTHER_FORMS: Readonly<Record<string, string>> = {
  // Of an argument that begins with a comment.
  "confiture db sql --": 'Behind --, SQL may begin with a comment: confiture db sql -- "-- monthly ..."',
  "confiture db sql -c": 'SQL needs no option: confiture db sql "SELECT 1"',
  "confiture db sql --command": 'SQL needs no option: confiture db sql "SELECT 1"',
};

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
  const near = nearest(flag.replace(/^--?/, ""), path.length === 0 ? [...known, "version"] : known);
  const other =
    OTHER_TOOLS[flag] ??
    (near === undefined && flag.startsWith("--")
      ? OTHER_TOOLS[nearest(flag, Object.keys(OTHER_TOOLS)) ?? ""]
      : undefined);
  const isOurs = other !== undefined && known.includes(other.split(" ")[0]!.slice(2));
  const suggestion = isOurs ? other : near && `--${near}`;
  const command = ["confiture", ...path].join(" ");
  return new ConfitureError("usage", `Unknown option ${flag} for \`${command}\``, {
    hint:
      OTHER_FORMS[`${command} ${flag}`] ?? (suggestion === undefined ? helpHint(path) : `Did you mean ${suggestion}?`),
  });
}

/**
 * A count given on the command line.
 * @throws ConfitureError `usage`
 */
export function readCount(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const count = Number(text);
  if (/^\d+$/.test(text) && count > 0 && Number.isSafeInteger(count)) return count;
  throw new ConfitureError("usage", `${flag} takes a number from 1 up, not "${text}"`);
}

/**
 * A duration given on the command line, in milliseconds.
 * @throws ConfitureError `usage`
 */
export function readDuration(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const duration = parseDuration(text);
  if (duration !== undefined) return duration;
  throw new ConfitureError("usage", `${flag} takes a duration such as 30s or 5min, not "${text}"`);
}

/**
 * A version given on the command line, with or without the name behind it.
 * @throws ConfitureError `usage`
 */
export function readVersion(flag: string, text: string | undefined): string | undefined {
  if (text === undefined || /^[\p{L}\p{N}]/u.test(text)) return text;
  throw new ConfitureError("usage", `${flag} takes a version such as 012 or 20251012103000, not "${text}"`);
}
