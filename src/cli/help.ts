import type { ArgsDef } from "citty";
import { type AnyCommand, type Entry, GLOBAL_ARGS, type GroupEntry, isGroup } from "./command.ts";
import { fillLines } from "./output/wrap.ts";
import { COMMANDS } from "./registry.ts";

/** The first screen: what there is. */
/** @param width of the terminal */
export function rootHelp(width = WIDTH): string {
  const lines = Object.entries(COMMANDS).flatMap(([name, entry]) => entryLines(name, entry));
  return [
    "Confiture: PostgreSQL schemas and migrations from SQL files",
    "",
    "USAGE",
    "  confiture COMMAND [OPTIONS]",
    "  confiture --version",
    "",
    "COMMANDS",
    ...columns(lines, width),
    "",
    "OPTIONS OF EVERY COMMAND",
    ...columns(optionLines(GLOBAL_ARGS), width),
    "",
    "EXAMPLES",
    "  confiture init                     a new project in this folder",
    "  confiture build --env local        the database from db/schema",
    "  confiture migrate up --env local   what is pending in db/migrations",
    "",
    "`confiture help COMMAND` or `confiture COMMAND --help` shows more.",
    "",
  ].join("\n");
}

function entryLines(name: string, entry: Entry): [string, string][] {
  if (!isGroup(entry)) return [[name, entry.summary]];
  return Object.entries(entry.commands).map(([child, { summary }]) => [`${name} ${child}`, summary]);
}

/** @param width of the terminal */
export function groupHelp(path: readonly string[], group: GroupEntry, width = WIDTH): string {
  const name = path.join(" ");
  return [
    `${group.summary}.`,
    ...(group.details === undefined ? [] : ["", ...flow(group.details, width)]),
    "",
    "USAGE",
    ...(group.unnamedUsage === undefined ? [] : [`  confiture ${name} ${group.unnamedUsage} [OPTIONS]`]),
    `  confiture ${name} COMMAND [OPTIONS]`,
    "",
    "COMMANDS",
    ...columns(
      Object.entries(group.commands).map(([child, { summary }]) => [child, summary]),
      width,
    ),
    "",
    ...(group.unnamed === undefined
      ? []
      : flow(
          `\`confiture help ${name} ${group.unnamed}\` lists the options of \`confiture ${name} ${group.unnamedUsage ?? ""}\`.`,
          width,
        )),
    `\`confiture help ${name} COMMAND\` shows more.`,
    "",
  ].join("\n");
}

/** @param width of the terminal */
export function commandHelp(path: readonly string[], summary: string, command: AnyCommand, width = WIDTH): string {
  const name = path.join(" ");
  const positionals = Object.entries<ArgsDef[string]>(command.args).filter(
    ([, definition]) => definition.type === "positional",
  );
  const own = optionLines(command.args);
  return [
    ...flow(`${summary}.`, width),
    ...(command.details === undefined ? [] : ["", ...flow(command.details, width)]),
    "",
    "USAGE",
    `  confiture ${[name, ...argumentsOf(command.args), "[OPTIONS]"].join(" ")}`,
    ...section(
      "ARGUMENTS",
      positionals.map(([argument, definition]) => [argument.toUpperCase(), definition.description ?? ""]),
      width,
    ),
    ...section("OPTIONS", own, width),
    "",
    ...flow(`Every command also takes ${globalNames(command.args)}: see \`confiture --help\`.`, width),
    "",
    "EXAMPLES",
    ...command.examples.map((example) => `  ${example}`),
    "",
  ].join("\n");
}

/** "NAME" or "[PATHS...]", for each argument. */
export function argumentsOf(args: ArgsDef): string[] {
  return Object.entries<ArgsDef[string]>(args)
    .filter(([, { type }]) => type === "positional")
    .map(([name, { required, valueHint = "" }]) =>
      required === false ? `[${name.toUpperCase()}${valueHint}]` : name.toUpperCase(),
    );
}

/** What every command takes, but for what this one has in another form. */
function globalNames(own: ArgsDef): string {
  const names = Object.entries<ArgsDef[string]>(GLOBAL_ARGS).filter(([name]) => !(name in own));
  return names
    .map(([name, definition]) => ("alias" in definition ? `-${String(definition.alias)}` : `--${name}`))
    .join(", ");
}

function section(title: string, lines: readonly (readonly [string, string])[], width: number): string[] {
  return lines.length === 0 ? [] : ["", title, ...columns(lines, width)];
}

/** "-e, --env NAME" and what it means, for each option. */
export function optionLines(args: ArgsDef): [string, string][] {
  return Object.entries(args).flatMap(([name, definition]): [string, string][] => {
    if (definition.type === "positional") return [];
    // A boolean that is on by default is only ever turned off.
    if (definition.type === "boolean" && definition.default === true) {
      return [[`    --no-${name}`, definition.negativeDescription ?? ""]];
    }
    const { alias, options } = definition as { alias?: string; options?: readonly string[] };
    const short = alias === undefined ? "    " : `-${alias}, `;
    const hint = definition.valueHint ?? options?.join("|") ?? "VALUE";
    const value = definition.type === "boolean" ? "" : hint.startsWith("[=") ? hint : ` ${hint}`;
    return [[`${short}--${name}${value}`, definition.description ?? ""]];
  });
}

/** Columns of a terminal that nobody has made wider, and as many as are used. */
const WIDTH = 80;

/** @param terminal its columns; undefined for anything else */
export function widthOfHelp(terminal: number | undefined): number {
  return Math.max(Math.min(terminal ?? WIDTH, WIDTH), NARROWEST);
}

/** Narrower terminals break lines themselves. */
const NARROWEST = 40;

/** What is longer than this stands in a line of its own. */
const LONGEST_LEFT = 27;

/** Narrower than this, what something means stands below its name. */
const NARROWEST_RIGHT = 26;

/** How far that stands in. */
const BELOW = 8;

function columns(lines: readonly (readonly [string, string])[], width: number): string[] {
  const lengths = lines.map(([left]) => left.length);
  const beside = Math.max(...lengths.filter((length) => length <= LONGEST_LEFT), 0) + 4;
  const isNarrow = width - beside < NARROWEST_RIGHT;
  const indent = isNarrow ? BELOW : beside;
  return lines.flatMap(([left, right]) => {
    const [first = "", ...more] = flow(right, width - indent);
    const isBelow = isNarrow || left.length > LONGEST_LEFT;
    const begin = isBelow ? [`  ${left}`, " ".repeat(indent) + first] : [`  ${left}`.padEnd(indent) + first];
    return [...begin, ...more.map((line) => " ".repeat(indent) + line)].map((line) => line.trimEnd());
  });
}

/** A text in lines of that width, with its paragraphs; what stands in backquotes stays together. */
function flow(text: string, width: number): string[] {
  return text.split("\n\n").flatMap((paragraph, at) => {
    const words = (paragraph.match(/[^\s`]*`[^`]*`\S*|\S+/g) ?? []).map((word) => word.replaceAll(/\s+/g, " "));
    return [...(at > 0 ? [""] : []), ...fillLines(words, width)];
  });
}
