import { join } from "node:path";
import { ConfitureError } from "#errors/error.ts";
import { isFolder } from "#files/read.ts";
import { readTextFile } from "./text-file.ts";
import type { DotenvEntry } from "./variables.ts";

const MAX_BYTES = 1024 * 1024;

/**
 * The project's `.env`, or nothing when there is none (a folder of that name, as Python makes, is none).
 * @throws ConfitureError `config_unreadable` or `config_syntax`
 */
export function readDotenv(projectDir: string): DotenvEntry[] {
  const path = join(projectDir, ".env");
  if (isFolder(path)) return [];
  const text = readTextFile(path, ".env", MAX_BYTES);
  return text === undefined ? [] : parseDotenv(text);
}

const ASSIGNMENT = /^\s*(?:export\s+)?([A-Za-z_][\w.-]*)\s*=[^\S\n]*/;

/**
 * Parses `NAME=value` lines, each with an optional `export`. A value in single quotes is taken as it is;
 * in double quotes \n, \r, \t, \", \\ and \$ are escapes; both may run over several lines. An unquoted
 * value ends at the line's end or at white space and `#`. Nothing is expanded and nothing is executed.
 * @throws ConfitureError `config_syntax` with the line; never with a value
 */
export function parseDotenv(text: string): DotenvEntry[] {
  const entries: DotenvEntry[] = [];
  const lines = text.replaceAll("\r\n", "\n").split("\n");
  for (let index = 0; index < lines.length; index++) {
    const line = index + 1;
    const content = lines[index]!;
    if (/^\s*(#|$)/.test(content)) continue;
    const assignment = ASSIGNMENT.exec(content);
    if (assignment === null) throw syntaxError(line, "This line is not NAME=value");
    const name = assignment[1]!;
    const rest = content.slice(assignment[0].length);
    const quote = rest[0];
    if (quote !== "'" && quote !== '"') {
      entries.push({ name, value: rest.replace(/(^|\s)#.*$/, "").trim(), line });
      continue;
    }
    const parts = [rest.slice(1)];
    let close = closingQuote(parts[0]!, quote);
    while (close === -1) {
      index++;
      if (index >= lines.length)
        throw syntaxError(line, `The ${quote} that begins the value of ${name} is never closed`);
      parts.push(lines[index]!);
      close = closingQuote(lines[index]!, quote);
    }
    const last = parts.pop()!;
    if (!/^\s*(#.*)?$/.test(last.slice(close + 1))) {
      throw syntaxError(line, `There is text after the closing ${quote} of ${name}`);
    }
    const raw = [...parts, last.slice(0, close)].join("\n");
    entries.push({ name, value: quote === '"' ? unescape(raw) : raw, line });
  }
  return entries;
}

function closingQuote(text: string, quote: string): number {
  for (let at = 0; at < text.length; at++) {
    if (quote === '"' && text[at] === "\\") at++;
    else if (text[at] === quote) return at;
  }
  return -1;
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", '"': '"', "\\": "\\", $: "$" };

function unescape(text: string): string {
  return text.replace(/\\([nrt"\\$])/g, (_, letter: string) => ESCAPES[letter]!);
}

function syntaxError(line: number, message: string): ConfitureError {
  return new ConfitureError("config_syntax", message, {
    location: { file: ".env", line },
    hint: "Lines of .env are NAME=value, NAME='value', NAME=\"value\" or # comments.",
  });
}
