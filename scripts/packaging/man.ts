import type { ArgsDef } from "citty";
import { type AnyCommand, type Entry, GLOBAL_ARGS, isGroup } from "../../src/cli/command.ts";
import { argumentsOf, optionLines } from "../../src/cli/help.ts";
import { COMMANDS } from "../../src/cli/registry.ts";
import { EXIT_CODES } from "../exit-codes.ts";

export interface ManPage {
  /** "confiture-migrate-up.1" */
  readonly name: string;
  readonly text: string;
}

interface Described {
  /** "migrate up" */
  readonly path: string;
  readonly summary: string;
  readonly command: AnyCommand;
}

/** A page for the program and one for each command, made of what `--help` says (man(7)). */
export async function manPages(version: string): Promise<ManPage[]> {
  const commands = await Promise.all(leaves().map(async (leaf) => ({ ...leaf, command: (await leaf.load()).command })));
  return [
    { name: "confiture.1", text: mainPage(commands, version) },
    ...commands.map((command) => ({ name: `${pageName(command.path)}.1`, text: commandPage(command, version) })),
  ];
}

function leaves() {
  return Object.entries(COMMANDS).flatMap(([name, entry]: [string, Entry]) =>
    isGroup(entry)
      ? Object.entries(entry.commands).map(([child, leaf]) => ({ ...leaf, path: `${name} ${child}` }))
      : [{ ...entry, path: name }],
  );
}

function mainPage(commands: readonly Described[], version: string): string {
  return page("confiture", "PostgreSQL schemas and migrations from SQL files", version, [
    ["SYNOPSIS", ".B confiture\n.I COMMAND\n[OPTIONS]"],
    ["COMMANDS", commands.map(({ path, summary }) => item(path, `${summary}.`)).join("\n")],
    ["OPTIONS", options(GLOBAL_ARGS)],
    ["EXIT STATUS", EXIT_CODES.map(([code, meaning]) => item(String(code), meaning)).join("\n")],
    ["SEE ALSO", commands.map(({ path }) => `.BR ${pageName(path)} (1)`).join(",\n")],
  ]);
}

function commandPage({ path, summary, command }: Described, version: string): string {
  const positionals = Object.entries<ArgsDef[string]>(command.args).filter(([, { type }]) => type === "positional");
  const usage = argumentsOf(command.args).map((argument) => `.I ${escape(argument)}`);
  const own = options(command.args);
  return page(pageName(path), summary, version, [
    ["SYNOPSIS", [`.B confiture ${path}`, ...usage, "[OPTIONS]"].join("\n")],
    ["DESCRIPTION", paragraphs(command.details ?? `${summary}.`)],
    ["ARGUMENTS", positionals.map(([name, { description }]) => item(name.toUpperCase(), description ?? "")).join("\n")],
    ["OPTIONS", own],
    ["EXAMPLES", `.nf\n${command.examples.map(escape).join("\n")}\n.fi`],
    ["SEE ALSO", ".BR confiture (1)"],
  ]);
}

function page(
  name: string,
  summary: string,
  version: string,
  sections: readonly (readonly [string, string])[],
): string {
  return [
    `.TH ${name.toUpperCase()} 1 "" "confiture ${version}"`,
    ".SH NAME",
    `${escape(name)} \\- ${escape(summary)}`,
    ...sections.filter(([, text]) => text !== "").map(([heading, text]) => `.SH ${heading}\n${text}`),
    "",
  ].join("\n");
}

function options(args: ArgsDef): string {
  return optionLines(args)
    .map(([flag, text]) => item(flag.trim(), text))
    .join("\n");
}

function item(term: string, text: string): string {
  return `.TP\n.B ${escape(term)}\n${escape(text)}`;
}

function paragraphs(text: string): string {
  return text
    .split("\n\n")
    .map((paragraph) => `.PP\n${paragraph.split("\n").map(escape).join("\n")}`)
    .join("\n");
}

/** What troff would act upon, written out; what stands between backticks is bold. */
function escape(text: string): string {
  return text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replace(/^([.'])/, "\\&$1")
    .replace(/`([^`]+)`/g, String.raw`\fB$1\fR`);
}

function pageName(path: string): string {
  return `confiture-${path.replaceAll(" ", "-")}`;
}
