import type { MigrationFile } from "../files/migration-file.ts";
import type { LayoutName } from "./names.ts";

/** Languages in which other tools' migrations are written, by the end of the file's name. */
const LANGUAGES: Readonly<Record<string, string>> = {
  go: "Go",
  java: "Java",
  kt: "Kotlin",
  scala: "Scala",
  groovy: "Groovy",
  rb: "Ruby",
  py: "Python",
  php: "PHP",
  cs: "C#",
  exs: "Elixir",
  rs: "Rust",
  js: "JavaScript",
  cjs: "JavaScript",
  mjs: "JavaScript",
  ts: "TypeScript",
  mts: "TypeScript",
  cts: "TypeScript",
  erb: "a template (ERB)",
};

/**
 * A migration that is a program: it is listed, so that nothing that comes behind it runs as if it were not there.
 * Undefined for a file that is none: without a version, a test, types.
 */
export function foreignProgram(fileName: string, path: string, layout: LayoutName): MigrationFile | undefined {
  const match = /^(\d+)[_-](.+)\.([a-z]+)$/.exec(fileName);
  const [, version = "", name = "", extension = ""] = match ?? [];
  if (!Object.hasOwn(LANGUAGES, extension) || /((^|_)test|[._-]spec|\.test|\.d)$/.test(name)) return undefined;
  return { version, name, form: "foreign", layout, path };
}

/** What a file is written in, for people. */
export function languageOf(path: string): string {
  return LANGUAGES[path.slice(path.lastIndexOf(".") + 1)] ?? "another language";
}
