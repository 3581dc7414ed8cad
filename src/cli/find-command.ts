import type { ArgsDef } from "citty";
import { ConfitureError } from "#errors/error.ts";
import { shellWord } from "#errors/shell.ts";
import { nearest } from "#errors/suggest.ts";
import { type CommandEntry, GLOBAL_ARGS, type GroupEntry, isGroup } from "./command.ts";
import { COMMANDS } from "./registry.ts";
import { notAChoice } from "./usage.ts";

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
      const unnamed = entry === undefined || !isGroup(entry) || isGlobal(arg) ? undefined : entry.unnamed;
      if (unnamed !== undefined) {
        entry = (entry as GroupEntry).commands[unnamed];
        path.push(unnamed);
        rest.push(...argv.slice(i));
        break;
      }
      rest.push(arg);
      const value = argv[i + 1];
      if (value === undefined || !takesValue(arg)) continue;
      requireChoice(path, arg, value);
      rest.push(value);
      i++;
      continue;
    }
    if (arg === "help" || (arg === "version" && path.length === 0)) {
      rest.push(`--${arg}`);
      continue;
    }
    const candidates: Readonly<Record<string, CommandEntry | GroupEntry>> =
      entry === undefined ? COMMANDS : (entry as GroupEntry).commands;
    if (!Object.hasOwn(candidates, arg)) {
      throw unknownCommand(path, arg, {
        known: Object.keys(candidates),
        before: rest.at(-1),
        behind: argv.slice(i + 1),
      });
    }
    entry = candidates[arg];
    path.push(arg);
  }
  return { path, entry, rest };
}

function isGlobal(arg: string): boolean {
  const [flag = ""] = arg.split("=", 1);
  return Object.entries(GLOBAL_ARGS).some(
    ([name, definition]) => flag === `--${name}` || ("alias" in definition && flag === `-${definition.alias}`),
  );
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

interface Surroundings {
  /** What may stand in the word's place. */
  readonly known: readonly string[];
  /** What stands left of the word, of flags and their values. */
  readonly before: string | undefined;
  readonly behind: readonly string[];
}

function unknownCommand(
  path: readonly string[],
  word: string,
  { known, before, behind }: Surroundings,
): ConfitureError {
  const prefix = ["confiture", ...path].join(" ");
  return new ConfitureError("usage", `There is no command \`${prefix} ${word}\``, { hint: hint() });

  function hint(): string {
    const other = OTHER_TOOLS.get(word) ?? OTHER_TOOLS.get(`${path[0] ?? ""} ${word}`);
    if (other !== undefined) return `Did you mean \`confiture ${other}\`?`;
    if (path.length > 0 && Object.hasOwn(COMMANDS, word)) return `Did you mean \`confiture ${word}\`?`;
    const suggestion =
      path.length === 0 ? nearestCommand(word, behind[0]) : (begunWith(word, known) ?? nearest(word, known));
    if (suggestion !== undefined) return `Did you mean \`${prefix} ${suggestion}\`?`;
    const commands = `Commands: ${known.join(", ")}`;
    if (before?.startsWith("--") !== true || takesNoValue(before)) return commands;
    const meant = commandIn(behind);
    const order = `If "${word}" is the value of ${before}: options of a command go behind its name`;
    return meant === undefined
      ? `${order}.\n${commands}`
      : `${order}: confiture ${[...meant, before, shellWord(word)].join(" ")}`;
  }
}

/** What other tools call it, everywhere or in one group. */
const OTHER_TOOLS = new Map(
  Object.entries({
    rollback: "migrate down",
    revert: "migrate down",
    undo: "migrate down",
    deploy: "migrate up",
    repair: "migrate accept",
    history: "migrate status",
    validate: "verify",
    dump: "export",
    pull: "export",
    push: "apply",
    watch: "dev",
    psql: "db shell",
    console: "db shell",
    connect: "db shell",
    query: "db sql",
    "migrate create": "migrate new",
    "migrate add": "migrate new",
    "migrate make": "migrate new",
    "migrate apply": "migrate up",
    "migrate run": "migrate up",
    "migrate latest": "migrate up",
    "migrate diff": "migrate generate",
  }),
);

/** The only name that a word of two letters or more is the beginning of. */
function begunWith(word: string, known: readonly string[]): string | undefined {
  const found = word.length < 2 ? [] : known.filter((name) => name.startsWith(word));
  return found.length === 1 ? found[0] : undefined;
}

/** "migrate up" for `up`, and for `migrat` in front of `up`. */
function nearestCommand(word: string, next: string | undefined): string | undefined {
  const groups = Object.entries(COMMANDS).flatMap(([name, entry]) => (isGroup(entry) ? [{ name, entry }] : []));
  const inside = groups.filter(({ entry }) => Object.hasOwn(entry.commands, word));
  if (inside.length > 0) return `${inside[0]!.name} ${word}`;
  const near = nearest(word, [...Object.keys(COMMANDS), "help", "version"]);
  if (near === undefined) {
    const children = groups.flatMap(({ name, entry }) => Object.keys(entry.commands).map((child) => ({ name, child })));
    const child = nearest(
      word,
      children.map((one) => one.child),
    );
    return children.filter((one) => one.child === child).map((one) => `${one.name} ${one.child}`)[0];
  }
  const group = groups.find(({ name }) => name === near);
  return group !== undefined && next !== undefined && Object.hasOwn(group.entry.commands, next)
    ? `${near} ${next}`
    : near;
}

/** The command that a command line names; undefined where it names none. */
function commandIn(argv: readonly string[]): readonly string[] | undefined {
  const [first = "", second = ""] = argv;
  const entry = Object.hasOwn(COMMANDS, first) ? COMMANDS[first] : undefined;
  if (entry === undefined) return undefined;
  if (!isGroup(entry)) return [first];
  return Object.hasOwn(entry.commands, second) ? [first, second] : undefined;
}

function takesNoValue(flag: string): boolean {
  const definition: ArgsDef[string] | undefined = (GLOBAL_ARGS as ArgsDef)[flag.slice(2)];
  return flag.includes("=") || definition?.type === "boolean";
}
