import type { ConfitureError } from "#errors/error.ts";
import { isMissingObject } from "../sources/sources.ts";
import { type Edit, keyOfPlanned, type Level, LEVELS } from "./apply.ts";
import type { Planned } from "./edits/edit.ts";
import type { Saved, SchemaTree } from "./schema-tree.ts";

/** How far from the text that it is about each edit is made: what does not work out is pushed further. */
export class EditLevels {
  readonly #of = new Map<string, Level>();

  get byKey(): ReadonlyMap<string, Level> {
    return this.#of;
  }

  /** @returns whether any of them was on another one */
  push(plan: readonly Planned[], level: Level): boolean {
    const keys = plan.map(keyOfPlanned).filter((key) => this.#of.get(key) !== level);
    for (const key of keys) this.#of.set(key, level);
    return keys.length > 0;
  }

  /** @returns whether there is a further one */
  pushFurther({ key, level }: Edit): boolean {
    const next = LEVELS[LEVELS.indexOf(level) + 1];
    if (next === undefined) return false;
    this.#of.set(key, next);
    return true;
  }

  /**
   * Pushes what made a statement fail: edits of the statement itself a step further, or else those of columns and other
   * objects that it or the error names behind everything, where it has run already.
   */
  pushFailed(tree: SchemaTree, original: Saved, own: readonly Edit[], { location, server }: ConfitureError): boolean {
    const line = location?.line;
    if (location === undefined || line === undefined) return false;
    const { file } = location;
    const failed = tree.in(file).findLast(({ start }) => {
      return tree.text(file).slice(0, start).split("\n").length <= line;
    });
    if (failed === undefined) return false;
    const before = original.get(file)?.split("\n") ?? [];
    const isOwn = failed.statement.text
      .split("\n")
      .some((each) => !before.some((other) => other.includes(each.trim())));
    const { makes, about = [] } = failed.reading ?? {};
    const names = new Set([makes, ...about].flatMap((subject) => (subject === undefined ? [] : [subject.name])));
    const guilty = own.filter(
      (edit) =>
        edit.file === file &&
        edit.subjects.some(({ name, of }) => names.has(name) || (of !== undefined && names.has(of))),
    );
    if (isOwn && guilty.map((edit) => this.pushFurther(edit)).some(Boolean)) return true;
    const words = new Set(namesIn(`${server?.message ?? ""}\n${failed.statement.text.slice(0, READ)}`));
    const named = own.filter(
      ({ level, subjects: [first] }) => level !== "last" && first !== undefined && words.has(first.name),
    );
    for (const { key } of named) this.#of.set(key, "last");
    return named.length > 0;
  }

  /** Where something is missing that a file still speaks of, what was taken away goes behind everything. */
  pushGone(own: readonly Edit[], error: ConfitureError): boolean {
    const gone = isMissingObject(error) ? own.filter(({ how }) => how === "removed") : [];
    for (const { key } of gone) this.#of.set(key, "last");
    return gone.length > 0;
  }
}

/** Characters of a statement that are looked through for names: the rest is rows. */
const READ = 20_000;

function namesIn(text: string): string[] {
  return [...text.matchAll(/"((?:[^"]|"")+)"|[\p{L}\p{N}_$]+/gu)].map(([word, quoted]) => {
    return quoted?.replaceAll('""', '"') ?? word.toLowerCase();
  });
}
