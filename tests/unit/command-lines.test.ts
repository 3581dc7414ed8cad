import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readArguments } from "#cli/arguments.ts";
import { isGroup } from "#cli/command.ts";
import { findCommand } from "#cli/find-command.ts";
import { commandHelp, groupHelp, rootHelp } from "#cli/help.ts";
import { COMMANDS } from "#cli/registry.ts";
import { documentsIn } from "../../scripts/website/stage.ts";
import { readBlocks } from "../support/document.ts";
import { ROOT } from "../support/postgres-binaries.ts";

// Blocks marked `bash` are run by the tests of their documents, `sh` and `console` by tests/cli/shown-commands.test.ts. What else names
// a command is read as the program reads it.

interface CommandLine {
  readonly at: string;
  readonly words: readonly string[];
}

/** What changed is told with the commands of its time. */
const documents = documentsIn(ROOT).filter((name) => name !== "CHANGELOG.md");
const lines = documents.flatMap(commandLinesOf);

/** Every `confiture ...` in inline code, and every line of a block that begins so. */
function commandLinesOf(name: string): CommandLine[] {
  const text = readFileSync(join(ROOT, name), "utf8");
  const found: { text: string; line: number }[] = [];
  for (const block of readBlocks(text).filter(({ language }) =>
    ["", "console", "sh", "text", "yaml"].includes(language),
  )) {
    for (const [at, line] of block.text.split("\n").entries()) {
      const [, command] =
        /^ *(?:\$ |(?:- )?run: |docker run .* )?(?:\w+=\S+ )*(confiture \w.*?)(?: {2,}.*)?$/.exec(line) ?? [];
      if (command !== undefined) found.push({ text: command, line: block.line + at });
    }
  }
  // Blocks are blanked out, so that offsets hold.
  const prose = text.replaceAll(/^```[^]*?^```$/gm, (block) => block.replaceAll(/[^\n]/g, " "));
  for (const code of prose.matchAll(/`(confiture [^`]+)`/g)) {
    found.push({ text: code[1]!, line: text.slice(0, code.index).split("\n").length });
  }
  return found.map((each) => ({
    at: `${name}:${each.line}: ${each.text.replaceAll(/\s+/g, " ")}`,
    words: wordsOf(each.text),
  }));
}

/** The words of one command, as a shell cuts them; what comes behind it is another's. */
function wordsOf(line: string): string[] {
  const words: string[] = [];
  for (const [token] of line.matchAll(
    /"(?:[^"\\]|\\.)*"|'[^']*'|[|;&><]+|(?:[^\s"'|;&><]|"(?:[^"\\]|\\.)*"|'[^']*')+/g,
  )) {
    if (/^(?:[|;&><]+|\d?>.*|#.*)$/.test(token)) break;
    words.push(token.replaceAll(/["']/g, ""));
  }
  return words.slice(1);
}

/** Where the words stand for others: forms of several commands, and commands of which only the beginning is meant. */
const NO_COMMAND_LINE = /[|[\]]|\.\.\.|\bCOMMAND\b|\bOPTIONS\b/;
/** A word that stands for one of several, and an option without what would follow it. */
const PLACEHOLDER = /not "[A-Z]+"$|needs a value$/;

test.each(documents.filter((name) => lines.some(({ at }) => at.startsWith(`${name}:`))))(
  "%s names commands and options that there are",
  async (name) => {
    const wrong: string[] = [];
    for (const { at, words } of lines.filter((line) => line.at.startsWith(`${name}:`))) {
      if (words.length === 0 || NO_COMMAND_LINE.test(words.join(" "))) continue;
      try {
        const { path, entry, rest } = findCommand(words);
        if (entry === undefined || isGroup(entry) || rest.includes("--help")) continue;
        const { command } = await entry.load();
        // An argument that has to be there is left out where only the command is meant.
        const args = Object.entries(command.args).map(([key, arg]) => [key, { ...arg, required: false }]);
        readArguments(path, Object.fromEntries(args), rest);
      } catch (error) {
        const { message } = error as Error;
        if (!PLACEHOLDER.test(message)) wrong.push(`${at}: ${message}`);
      }
    }
    expect(wrong).toEqual([]);
  },
);

test("there are hundreds of them, in every part of the documents", () => {
  expect(lines.length).toBeGreaterThan(250);
});

test("help fits into 80 columns", async () => {
  const pages = [rootHelp()];
  for (const [name, entry] of Object.entries(COMMANDS)) {
    if (isGroup(entry)) pages.push(groupHelp([name], entry));
    const leaves = isGroup(entry)
      ? Object.entries(entry.commands).map(([child, leaf]) => [[name, child], leaf] as const)
      : [[[name], entry] as const];
    for (const [path, leaf] of leaves) pages.push(commandHelp(path, leaf.summary, (await leaf.load()).command));
  }
  expect(pages.flatMap((page) => page.split("\n")).filter((line) => line.length > 80)).toEqual([]);
});
