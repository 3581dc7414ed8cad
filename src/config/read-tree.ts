import { ConfitureError } from "#errors/error.ts";
import type { ErrorCode } from "#errors/codes.ts";
import { nearest } from "#errors/suggest.ts";
import { interpolate, InterpolationError } from "./interpolate.ts";
import { KEYS, SYNONYMS, type Section } from "./keys.ts";
import { not, type Setting, type TextSetting } from "./setting.ts";
import type { SourceText } from "./source-text.ts";
import type { Variables } from "./variables.ts";
import { isNull, type MapEntry, type MapNode, type ScalarNode, type TreeNode } from "#files/yaml-tree.ts";

/**
 * Reads typed values off a YAML tree. A key without a value (`key:`, `~`, `null`, or an interpolation
 * that gives nothing) is as good as absent.
 */
export class TreeReader {
  readonly source: SourceText;
  readonly #variables: Variables;

  constructor(source: SourceText, variables: Variables) {
    this.source = source;
    this.#variables = variables;
  }

  /** "db/environments/local.yaml:5" */
  originOf(offset: number): string {
    return `${this.source.file}:${this.source.lineAt(offset)}`;
  }

  fail(offset: number, message: string, hint?: string, code: ErrorCode = "config_invalid"): ConfitureError {
    return new ConfitureError(code, message, { location: this.source.location(offset), hint });
  }

  /** @throws ConfitureError `config_unknown_key` that names every key of the file which its section does not have */
  checkAllKeys(root: MapNode): void {
    const sections = [...root.entries.values()].flatMap(({ key, value }): [MapNode, Section][] => {
      if (!Object.hasOwn(KEYS, key)) return [];
      const maps = value.kind === "list" ? value.items : [value];
      return maps.flatMap((map): [MapNode, Section][] => (map.kind === "map" ? [[map, key as Section]] : []));
    });
    const unknown = [[root, ""] as [MapNode, Section], ...sections].flatMap(([map, section]) =>
      unknownKeys(map, section),
    );
    const [first, ...others] = unknown.toSorted((a, b) => a.offset - b.offset);
    if (first === undefined) return;
    const hint = [
      first.hint,
      ...others.map((key) => `Line ${this.source.lineAt(key.offset)}: ${uncapitalized(key.problem)}. ${key.hint}`),
    ].join("\n");
    throw this.fail(first.offset, first.problem, hint, "config_unknown_key");
  }

  /**
   * @param what what the keys of the map are: "rule"
   * @throws ConfitureError `config_unknown_key` for the first that is none of `known`
   */
  checkNames(map: MapNode, known: readonly string[], what: string): void {
    for (const { key, offset } of map.entries.values()) {
      if (known.includes(key)) continue;
      const suggestion = nearest(key, known);
      const hint =
        suggestion === undefined
          ? known.length > 12
            ? undefined
            : `Known: ${known.join(", ")}.`
          : `Did you mean "${suggestion}"?`;
      throw this.fail(offset, `Unknown ${what} "${key}"`, hint, "config_unknown_key");
    }
  }

  /** A map under a key, or undefined when it is absent. */
  map(map: MapNode, key: string): MapNode | undefined {
    const entry = present(map, key);
    if (entry === undefined) return undefined;
    if (entry.value.kind === "map") return entry.value;
    throw this.fail(entry.value.offset, `"${key}" must be a map of keys and values`);
  }

  /** A text with its variables filled in, or undefined when it is absent or empty. */
  text(map: MapNode, key: string, shown = key): TextSetting | undefined {
    const entry = present(map, key);
    return entry === undefined ? undefined : this.scalarText(entry.value, shown);
  }

  scalarText(node: TreeNode, shown: string): TextSetting | undefined {
    if (node.kind !== "scalar") throw this.fail(node.offset, `"${shown}" must be a single value, not a ${node.kind}`);
    const { text, used } = this.#interpolate(node);
    if (text === "") return undefined;
    const from = used.length === 0 ? "" : ` (${used.join(", ")})`;
    return {
      value: text,
      origin: this.originOf(node.offset) + from,
      // A value out of a variable, or one that looks like no setting, can be a secret in the wrong place.
      quoted: used.length === 0 && !shown.endsWith("password") && /^[\w./:*+ -]{1,60}$/.test(text) ? `"${text}"` : "",
      fail: (problem, hint) => this.fail(node.offset, `"${shown}" ${problem}`, hint),
    };
  }

  boolean(map: MapNode, key: string): Setting<boolean> | undefined {
    const setting = this.text(map, key);
    if (setting === undefined) return undefined;
    if (!/^(?:true|false)$/i.test(setting.value)) throw setting.fail(`must be true or false${not(setting)}`);
    return { value: setting.value.toLowerCase() === "true", origin: setting.origin };
  }

  /** The items of a list, or undefined when the key is absent. */
  list(map: MapNode, key: string): { items: readonly TreeNode[]; origin: string } | undefined {
    const entry = present(map, key);
    if (entry === undefined) return undefined;
    if (entry.value.kind !== "list") {
      throw this.fail(entry.value.offset, `"${key}" must be a list`, `For instance:\n  ${key}:\n    - first`);
    }
    return { items: entry.value.items, origin: this.originOf(entry.offset) };
  }

  /** A list of texts, none of them empty. */
  texts(map: MapNode, key: string): { values: string[]; origin: string } | undefined {
    const list = this.list(map, key);
    if (list === undefined) return undefined;
    return { values: list.items.map((item) => this.requiredText(item, key)), origin: list.origin };
  }

  /** @throws ConfitureError when the item of list `key` is empty */
  requiredText(node: TreeNode, key: string): string {
    const setting = isNull(node) ? undefined : this.scalarText(node, key);
    if (setting === undefined) throw this.fail(node.offset, `An item of "${key}" is empty`);
    return setting.value;
  }

  #isQuoted(node: ScalarNode): boolean {
    return /["']/.test(this.source.text[node.offset] ?? "") && !node.plain;
  }

  #interpolate(node: ScalarNode): { text: string; used: readonly string[] } {
    try {
      const result = interpolate(node.text, this.#variables);
      if (result.text.includes("\0")) throw this.fail(node.offset, "A value holds a zero character");
      return result;
    } catch (cause) {
      if (!(cause instanceof InterpolationError)) throw cause;
      // Quotes, escapes and folding shift a scalar's text; if the `${` is not found, the scalar's start has to do.
      const at = node.offset + cause.at + (this.#isQuoted(node) ? 1 : 0);
      const offset = this.source.text.startsWith("${", at) ? at : node.offset;
      throw this.fail(offset, cause.message, cause.hint, cause.code);
    }
  }
}

/** The entry of a key that has a value. */
export function present(map: MapNode, key: string): MapEntry | undefined {
  const entry = map.entries.get(key);
  return entry === undefined || isNull(entry.value) ? undefined : entry;
}

interface UnknownKey {
  readonly offset: number;
  readonly problem: string;
  readonly hint: string;
}

function unknownKeys(map: MapNode, section: Section): UnknownKey[] {
  const known: readonly string[] = KEYS[section];
  const place = section === "" ? "" : ` under "${section}"`;
  return [...map.entries.values()]
    .filter(({ key }) => !known.includes(key))
    .map(({ key, offset }) =>
      // Only a word is surely a key: `password:secret` without its space ends up here as well.
      /^[A-Za-z_][\w-]{0,39}$/.test(key)
        ? { offset, problem: `Unknown key "${key}"${place}`, hint: suggestKey(key, section) }
        : { offset, problem: `There is an unknown key${place}`, hint: "A key is followed by a colon and a space." },
    );
}

function uncapitalized(sentence: string): string {
  return sentence.charAt(0).toLowerCase() + sentence.slice(1);
}

function placeOf(section: string): string {
  return section === "" ? "at the top level of the file" : `under "${section}"`;
}

function suggestKey(key: string, section: Section): string {
  const known: readonly string[] = KEYS[section];
  const synonym = Object.hasOwn(SYNONYMS, key.toLowerCase()) ? SYNONYMS[key.toLowerCase()]! : "";
  const suggestion = known.includes(synonym) ? synonym : nearest(key, known);
  if (suggestion !== undefined) return `Did you mean "${suggestion}"?`;
  const elsewhere = Object.entries(KEYS).filter(([other]) => other !== section);
  for (const [other, keys] of elsewhere) {
    if ((keys as readonly string[]).includes(key)) return `"${key}" belongs ${placeOf(other)}.`;
  }
  for (const [other, keys] of elsewhere) {
    const near = nearest(key, keys);
    if (near !== undefined) return `Did you mean "${near}"? That belongs ${placeOf(other)}.`;
  }
  return `Known keys here: ${known.join(", ")}.`;
}
