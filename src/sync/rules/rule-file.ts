import type { Location } from "#errors/error.ts";
import type { YamlSource } from "#files/yaml-tree.ts";

/** A file of rules, relative to the project. */
export interface RulesText {
  readonly file: string;
  readonly text: string;
}

/** The text of a file of rules, and the places in it. */
export class RuleFile implements YamlSource {
  readonly file: string;
  readonly text: string;

  constructor(file: string, text: string) {
    this.file = file;
    this.text = text;
  }

  location(offset: number): Location {
    const before = this.text.slice(0, offset);
    const start = before.lastIndexOf("\n") + 1;
    const end = this.text.indexOf("\n", start);
    return {
      file: this.file,
      line: before.split("\n").length,
      column: Array.from(before.slice(start)).length + 1,
      sourceLine: this.text.slice(start, end < 0 ? undefined : end),
    };
  }
}
