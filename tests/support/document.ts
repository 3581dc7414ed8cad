import { expect } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { BINARY, builtBinary } from "./cli.ts";

/** A fenced block of a Markdown document. */
export interface CodeBlock {
  readonly language: string;
  readonly text: string;
  /** The line of its first line in the document. */
  readonly line: number;
  /** The file of a project that the words above the block say it shows. */
  readonly file: string | undefined;
}

/** What a document says about a command's output. */
export type Expectation =
  /** "Expected output:" or "Expected output (exit code 3):": this and nothing else, times aside. */
  | { readonly kind: "exact"; readonly lines: readonly string[]; readonly exitCode: number }
  /** A table of psql's: these lines are in the output. */
  | { readonly kind: "table"; readonly lines: readonly string[] }
  /** "Should show: a, b": these words are in the output. */
  | { readonly kind: "mentions"; readonly words: readonly string[] }
  /** "(no bio column)": this word is not in the output. */
  | { readonly kind: "absent"; readonly word: string };

export interface Step {
  readonly command: string;
  readonly line: number;
  readonly expectation: Expectation | undefined;
}

const FILE_LANGUAGES: readonly string[] = ["sql", "ts", "yaml"];
const PROJECT_FILE = /\bdb\/[\w./-]+\.(?:sql|ts|yaml)\b/g;

export function readBlocks(markdown: string): CodeBlock[] {
  const blocks: CodeBlock[] = [];
  const lines = markdown.split("\n");
  let prose: string[] = [];
  for (let at = 0; at < lines.length; at++) {
    const fence = /^```(\w*)$/.exec(lines[at]!);
    if (fence === null) {
      prose.push(lines[at]!);
      continue;
    }
    const end = lines.indexOf("```", at + 1);
    const text = lines
      .slice(at + 1, end)
      .map((line) => `${line}\n`)
      .join("");
    const language = fence[1]!;
    const file = FILE_LANGUAGES.includes(language) ? prose.join("\n").match(PROJECT_FILE)?.at(-1) : undefined;
    blocks.push({ language, text, line: at + 2, file });
    prose = [];
    at = end;
  }
  return blocks;
}

/** Cuts a shell block into commands, each with what the comments below it say about its output. */
export function readSteps(block: CodeBlock): Step[] {
  const steps: { command: string; line: number; expectation: Expectation | undefined }[] = [];
  const lines = block.text.split("\n");
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at]!;
    if (line === "") continue;
    if (!line.startsWith("#")) {
      const word = /<< ?(\w+)$/.exec(line)?.[1];
      const end = word === undefined ? at : lines.indexOf(word, at);
      steps.push({ command: lines.slice(at, end + 1).join("\n"), line: block.line + at, expectation: undefined });
      at = end;
      continue;
    }
    const comment: string[] = [];
    for (; lines[at]?.startsWith("#") === true; at++) comment.push(lines[at]!.replace(/^# ?/, ""));
    at--;
    const expectation = readExpectation(comment);
    const last = steps.at(-1);
    if (expectation !== undefined && last !== undefined) last.expectation = expectation;
  }
  return steps;
}

function readExpectation(comment: readonly string[]): Expectation | undefined {
  const [first = ""] = comment;
  const exact = /^Expected output(?: \(exit code (\d+)\))?:$/.exec(first);
  if (exact !== null) return { kind: "exact", lines: comment.slice(1), exitCode: Number(exact[1] ?? 0) };
  const shown = /^Should show: (.*)$/.exec(first)?.[1];
  if (shown !== undefined) return { kind: "mentions", words: shown.split(", ") };
  const absent = /^\(no (\w+) column\)$/.exec(first)?.[1];
  if (absent !== undefined) return { kind: "absent", word: absent };
  return comment.some((line) => line.includes("|")) ? { kind: "table", lines: comment } : undefined;
}

/** A folder to put before PATH: the executable under test, and other small programs by name. */
export async function commandFolder(programs: Readonly<Record<string, string>> = {}): Promise<string> {
  await builtBinary();
  const folder = await mkdtemp(join(tmpdir(), "confiture-commands-"));
  await symlink(BINARY, join(folder, "confiture"));
  for (const [name, script] of Object.entries(programs)) {
    await writeFile(join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }
  return folder;
}

/** A reader who follows a document: a shell that keeps its working directory from block to block. */
export class Reader {
  #cwd: string;
  readonly #env: Readonly<Record<string, string>>;
  readonly #name: string;

  constructor(name: string, cwd: string, env: Readonly<Record<string, string>>) {
    this.#name = name;
    this.#cwd = cwd;
    this.#env = env;
  }

  /** The text of a file, or undefined. */
  read(file: string): string | undefined {
    const path = join(this.#cwd, file);
    return existsSync(path) ? readFileSync(path, "utf8") : undefined;
  }

  async write(file: string, text: string): Promise<void> {
    const path = join(this.#cwd, file);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }

  /** Runs a block as it is written, in one shell, and holds every command's output against the document. */
  async run(block: CodeBlock): Promise<void> {
    const steps = readSteps(block);
    const mark = `@@${crypto.randomUUID()}`;
    const script = steps.map(({ command }) => `${command}\nprintf '%s %s\\n' '${mark}' "$?"\n`);
    const child = Bun.spawn(["sh", "-c", `exec 2>&1\n${script.join("")}printf '%s' "$PWD"\n`], {
      cwd: this.#cwd,
      env: this.#env,
      stdin: "ignore",
      stdout: "pipe",
      stderr: "inherit",
    });
    const [output] = await Promise.all([child.stdout.text(), child.exited]);
    const parts = output.split(mark);
    for (const [index, step] of steps.entries()) {
      const before = index === 0 ? parts[0]! : parts[index]!.replace(/^ \d+\n/, "");
      const status = Number(/^ (\d+)/.exec(parts[index + 1] ?? "")?.[1]);
      this.#check(step, status, before);
    }
    this.#cwd = parts.at(-1)!.replace(/^ \d+\n/, "");
  }

  #check({ command, line, expectation }: Step, status: number, output: string): void {
    // Whatever fails, the report says which line of which document it was.
    const at = `${this.#name}:${line}: ${command}`;
    const exitCode = expectation?.kind === "exact" ? expectation.exitCode : 0;
    expect({ at, status, output }).toEqual({ at, status: exitCode, output });
    switch (expectation?.kind) {
      case undefined:
        return;
      case "exact":
        expect({ at, lines: linesOf(output) }).toEqual({ at, lines: expectation.lines.map(withoutTimes) });
        return;
      case "table": {
        const lines = output.split("\n").map(withoutPadding);
        const missing = expectation.lines.map(withoutPadding).filter((wanted) => !lines.includes(wanted));
        expect({ at, missing, output }).toEqual({ at, missing: [], output });
        return;
      }
      case "mentions": {
        const missing = expectation.words.filter(
          (word) => !output.replaceAll(/\d+\.\d+\.\d+/g, "X.X.X").includes(word),
        );
        expect({ at, missing, output }).toEqual({ at, missing: [], output });
        return;
      }
      case "absent":
        expect(output.split("\n").length).toBeGreaterThan(2);
        expect({ at, found: new RegExp(`\\b${expectation.word}\\b`).test(output) }).toEqual({ at, found: false });
    }
  }
}

function linesOf(output: string): string[] {
  return output.replace(/\n$/, "").split("\n").map(withoutTimes);
}

/** Durations and dates are different every time, and the database is another one on every machine. */
function withoutTimes(line: string): string {
  return line
    .replace(/^Database: .*/, "Database: PLACE")
    .replaceAll(/\b\d+(\.\d+)?(ms|s)\b/g, "DURATION")
    .replaceAll(/\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\b/g, "TIME");
}

/** Column widths follow the content, and servers differ in it. */
function withoutPadding(line: string): string {
  return line
    .replace("← New!", "")
    .replaceAll(/-+/g, "-")
    .replaceAll(/\s*([|+])\s*/g, "$1")
    .trim();
}

/** Links to files that do not exist, or to headings that their files do not have. */
export function brokenLinks(path: string): string[] {
  const markdown = readFileSync(path, "utf8").replaceAll(/^```[^]*?^```$/gm, "");
  const broken: string[] = [];
  for (const [, link = ""] of markdown.matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^[a-z]+:/.test(link)) continue;
    const [file = "", anchor] = link.split("#");
    const target = file === "" ? path : join(dirname(path), file);
    if (!existsSync(target) || (anchor !== undefined && !anchorsOf(target).includes(anchor))) broken.push(link);
  }
  return broken;
}

/** As GitHub makes them of headings. */
function anchorsOf(path: string): string[] {
  return Array.from(readFileSync(path, "utf8").matchAll(/^#+ (.*)$/gm), ([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}
