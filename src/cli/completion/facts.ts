import type { ArgsDef } from "citty";
import { LIST } from "../arguments.ts";
import { type Entry, GLOBAL_ARGS, isGroup } from "../command.ts";

/** A word that can be typed, and what it means. */
export type Word = readonly [word: string, description: string];

/**
 * What a value can be: names of things that the shell finds in the project, `words` and all of them, or `any`, of which a shell knows
 * none.
 */
export type Values =
  | "any"
  | "environments"
  | "files"
  | "folders"
  | "revisions"
  | "sources"
  | "versions"
  | `words ${string}`;

/** What can follow one command's name. */
export interface Completion {
  /** "", "migrate", "migrate up" */
  readonly path: string;
  /** The commands of a group. */
  readonly commands: readonly Word[];
  readonly options: readonly Word[];
  /** Of options that take a value, by every name they have. */
  readonly values: ReadonlyMap<string, Values>;
  /** One for each argument; the last stands for all that follow where `isList`. */
  readonly positionals: readonly Values[];
  readonly isList: boolean;
}

/** Everything that can be completed, read off the registry and the commands themselves. */
export async function completions(commands: Readonly<Record<string, Entry>>): Promise<Completion[]> {
  const all: Completion[] = [];
  for (const [name, entry] of Object.entries(commands)) {
    if (!isGroup(entry)) {
      all.push({ path: name, commands: [], ...takes((await entry.load()).command.args) });
      continue;
    }
    const { unnamed } = entry;
    const meant = unnamed === undefined ? {} : (await entry.commands[unnamed]!.load()).command.args;
    all.push({ path: name, commands: summaries(entry.commands), ...takes(meant), positionals: [], isList: false });
    for (const [child, leaf] of Object.entries(entry.commands)) {
      all.push({ path: `${name} ${child}`, commands: [], ...takes((await leaf.load()).command.args) });
    }
  }
  const root = takes({});
  const others: Word[] = [
    ["help", "Show the help of a command"],
    ["version", "Print the version"],
  ];
  return [
    {
      path: "",
      ...root,
      commands: [...summaries(commands), ...others],
      options: [...root.options, ["--version", "print the version"]],
    },
    ...all,
  ];
}

/** What a value of an option can be: of one command, or, where its path is undefined, of every other. */
export interface OptionValues {
  readonly path: string | undefined;
  readonly option: string;
  readonly kind: Values;
}

/** All of them; what every command takes comes last, because a command may have other values for it. Pure. */
export function optionValues(all: readonly Completion[]): OptionValues[] {
  const everywhere = all.find(({ path }) => path === "")?.values ?? new Map<string, Values>();
  return [
    ...all.flatMap(({ path, values }) =>
      [...values].flatMap(([option, kind]) => (everywhere.get(option) === kind ? [] : [{ path, option, kind }])),
    ),
    ...[...everywhere].map(([option, kind]) => ({ path: undefined, option, kind })),
  ];
}

function summaries(entries: Readonly<Record<string, Entry>>): Word[] {
  return Object.entries(entries).map(([name, { summary }]) => [name, summary]);
}

function takes(own: ArgsDef): Pick<Completion, "options" | "values" | "positionals" | "isList"> {
  const args = Object.entries<ArgsDef[string]>({ ...own, ...withoutKeys(GLOBAL_ARGS, own) });
  const positional = args.filter(([, { type }]) => type === "positional");
  const options: Word[] = [];
  const values = new Map<string, Values>();
  for (const [name, definition] of args) {
    const { type, description = "", default: usual, valueHint = "" } = definition;
    if (type === "positional") continue;
    if (definition.type === "boolean") {
      options.push(
        usual === true ? [`--no-${name}`, definition.negativeDescription ?? ""] : [`--${name}`, description],
      );
      continue;
    }
    options.push([`--${name}`, description]);
    // Its value is only ever a part of the same word.
    if (valueHint.startsWith("[=")) continue;
    const { alias } = definition as { alias?: string };
    for (const each of [`--${name}`, ...(alias === undefined ? [] : [`-${alias}`])]) {
      values.set(each, valuesOf(name, definition));
    }
  }
  return {
    options,
    values,
    positionals: positional.map(([name, definition]) => valuesOf(name, definition)),
    isList: positional.at(-1)?.[1].valueHint === LIST,
  };
}

function withoutKeys(all: ArgsDef, others: ArgsDef): ArgsDef {
  return Object.fromEntries(Object.entries(all).filter(([name]) => !(name in others)));
}

const BY_HINT: Readonly<Record<string, Values>> = {
  FILE: "files",
  [LIST]: "files",
  DIR: "folders",
  FOLDER: "folders",
  VERSION: "versions",
  SOURCE: "sources",
  "git:REVISION": "revisions",
};

/** Options whose hint is NAME and that do not name an environment. */
const OTHER_NAMES: ReadonlySet<string> = new Set(["contract"]);

function valuesOf(name: string, definition: ArgsDef[string]): Values {
  const { options, type, valueHint = "" } = definition as ArgsDef[string] & { options?: readonly string[] };
  // DURATION|auto
  const words = options ?? (valueHint.includes("|") ? valueHint.split("|").filter((word) => /^[a-z]/.test(word)) : []);
  if (words.length > 0) return `words ${words.join(" ")}`;
  if (type !== "positional" && valueHint === "NAME") return OTHER_NAMES.has(name) ? "any" : "environments";
  if (type === "positional" && name === "version") return "versions";
  return BY_HINT[valueHint] ?? (type === "positional" && SOURCES.has(name) ? "sources" : "any");
}

/** Arguments that name what `diff` compares. */
const SOURCES: ReadonlySet<string> = new Set(["from", "to", "source"]);
