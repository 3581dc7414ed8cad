import type * as Yaml from "yaml";
import type { Document, Node as YamlNode, Pair } from "yaml";
import { ConfitureError, type Location } from "#errors/error.ts";

/** The text of a YAML file, and the places in it. */
export interface YamlSource {
  readonly file: string;
  readonly text: string;
  /** The place of a UTF-16 offset. */
  location(offset: number): Location;
}

/**
 * A YAML document with the place of every value. Scalars stay source text: whether `0123` is a number or
 * a password depends on the key it stands under, which the parser does not know.
 */
export type TreeNode = ScalarNode | ListNode | MapNode;

export interface ScalarNode {
  readonly kind: "scalar";
  /** The text with quotes, escapes and folding resolved. */
  readonly text: string;
  /** Written without quotes and not as a block. */
  readonly plain: boolean;
  /** UTF-16 offset in the file. */
  readonly offset: number;
}

export interface ListNode {
  readonly kind: "list";
  readonly items: readonly TreeNode[];
  readonly offset: number;
}

export interface MapNode {
  readonly kind: "map";
  readonly entries: ReadonlyMap<string, MapEntry>;
  readonly offset: number;
}

export interface MapEntry {
  readonly key: string;
  readonly offset: number;
  readonly value: TreeNode;
}

const MAX_DEPTH = 20;

/** Whether the value is absent in all but name: empty, `~` or `null`, without quotes. */
export function isNull(node: TreeNode): boolean {
  return node.kind === "scalar" && node.plain && /^(?:|~|null|Null|NULL)$/.test(node.text);
}

/**
 * Parses a configuration file. An empty one is an empty map.
 * @param example lines of such a file, for one that holds something else
 * @throws ConfitureError `config_syntax` with the place, in words of our own: the parser's messages can
 * quote the file, and so a password that begins with `*` or `!`
 */
export async function parseYaml(source: YamlSource, example: readonly string[]): Promise<MapNode> {
  const yaml = await import("yaml");
  let document: Document.Parsed;
  try {
    document = yaml.parseDocument(source.text, {
      schema: "failsafe",
      merge: false,
      prettyErrors: false,
      logLevel: "error",
    });
  } catch {
    // Nesting of tens of thousands of levels exhausts the parser's stack.
    throw new ConfitureError("config_syntax", "The YAML is nested too deeply", { location: { file: source.file } });
  }
  const problem = [...document.errors, ...document.warnings].toSorted((a, b) => a.pos[0] - b.pos[0])[0];
  if (problem !== undefined)
    throw unclosed(yaml, source, problem.pos[0]) ?? syntaxError(source, problem.pos[0], problem.code);
  const { contents } = document;
  if (contents === null) return { kind: "map", entries: new Map(), offset: 0 };
  const root = new TreeBuilder(yaml, source).build(contents, 0);
  if (isNull(root)) return { kind: "map", entries: new Map(), offset: 0 };
  if (root.kind !== "map") {
    throw new ConfitureError("config_invalid", "The file holds no `key: value` lines", {
      location: source.location(root.offset),
      hint: ["For instance:", ...example].join("\n  "),
    });
  }
  return root;
}

class TreeBuilder {
  readonly #yaml: typeof Yaml;
  readonly #source: YamlSource;
  /** Finished nodes only, so an anchor cannot hold itself; shared, so an alias costs nothing. */
  readonly #anchors = new Map<string, TreeNode>();
  readonly #unusedScalars = new Map<string, number>();

  constructor(yaml: typeof Yaml, source: YamlSource) {
    this.#yaml = yaml;
    this.#source = source;
  }

  build(node: YamlNode, depth: number): TreeNode {
    const root = this.#convert(node, depth);
    for (const offset of this.#unusedScalars.values()) {
      throw this.#fail(offset, "This anchor (&) is never used", "Put a value that begins with & in quotes.");
    }
    return root;
  }

  #convert(node: unknown, depth: number): TreeNode {
    const { isAlias, isMap, isSeq, isScalar } = this.#yaml;
    if (isAlias(node)) {
      const target = this.#anchors.get(node.source);
      if (target === undefined) throw this.#unknownAlias(node.range?.[0] ?? 0);
      this.#unusedScalars.delete(node.source);
      return target;
    }
    if (!isMap(node) && !isSeq(node) && !isScalar(node)) {
      return { kind: "scalar", text: "", plain: true, offset: 0 };
    }
    const offset = node.range?.[0] ?? 0;
    if (depth > MAX_DEPTH) throw this.#fail(offset, "The YAML is nested too deeply");
    let result: TreeNode;
    if (isMap(node)) {
      result = { kind: "map", entries: this.#entries(node.items, depth), offset };
    } else if (isSeq(node)) {
      result = { kind: "list", items: node.items.map((item) => this.#convert(item, depth + 1)), offset };
    } else {
      const plain = node.type === undefined || node.type === "PLAIN";
      result = { kind: "scalar", text: asText(node.value), plain, offset };
      if (node.anchor !== undefined) this.#unusedScalars.set(node.anchor, offset);
    }
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, result);
    return result;
  }

  #entries(pairs: readonly Pair[], depth: number): Map<string, MapEntry> {
    const entries = new Map<string, MapEntry>();
    const merged: TreeNode[] = [];
    for (const pair of pairs) {
      if (!this.#yaml.isScalar(pair.key)) {
        const offset = this.#yaml.isNode(pair.key) ? (pair.key.range?.[0] ?? 0) : 0;
        throw this.#fail(offset, "A key has to be a plain word");
      }
      const key = asText(pair.key.value);
      const offset = pair.key.range?.[0] ?? 0;
      // A pair such as `? key` has no value node, and so no place but its key's.
      const value: TreeNode =
        pair.value === null || pair.value === undefined
          ? { kind: "scalar", text: "", plain: true, offset }
          : this.#convert(pair.value, depth + 1);
      // In quotes it is a name like any other.
      if (key === "<<" && pair.key.type === "PLAIN") merged.push(...(value.kind === "list" ? value.items : [value]));
      else entries.set(key, { key, offset, value });
    }
    for (const map of merged) {
      if (map.kind !== "map") throw this.#fail(map.offset, "A merge (<<) takes a map");
      for (const [key, entry] of map.entries) if (!entries.has(key)) entries.set(key, entry);
    }
    return entries;
  }

  #unknownAlias(offset: number): ConfitureError {
    return this.#fail(offset, "No anchor (&) above has this alias's name", "Put a value that begins with * in quotes.");
  }

  #fail(offset: number, message: string, hint?: string): ConfitureError {
    return new ConfitureError("config_syntax", message, { location: this.#source.location(offset), hint });
  }
}

/** The failsafe schema makes every scalar a string; a missing one is null. */
function asText(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** Our words for the parser's codes; a code that is not here gets the general sentence. */
const SYNTAX_PROBLEMS: Readonly<Record<string, readonly [message: string, hint?: string]>> = {
  BAD_INDENT: [
    "The indentation does not fit the lines around it",
    "Indent the keys of one section alike. If they are, look for an unclosed bracket or quote above.",
  ],
  TAB_AS_INDENT: ["YAML is indented with spaces, never with tabs", "Put two spaces in the tab's place."],
  DUPLICATE_KEY: ["This key is given twice", "Remove one of the two."],
  MULTIPLE_DOCS: [
    "A second YAML document begins here; a configuration file holds one",
    "Remove the line `---`, or put what follows in a file of its own.",
  ],
  BAD_SCALAR_START: ["A value cannot begin with this character", "Put the value in quotes."],
  BAD_DQ_ESCAPE: [
    "This backslash escape is unknown",
    "Use single quotes, in which a backslash is an ordinary character.",
  ],
  BLOCK_AS_IMPLICIT_KEY: ["There is a second `: ` on this line", "Put a value that holds `: ` in quotes."],
  MULTILINE_IMPLICIT_KEY: ["A `key: value` line is broken here", "A key is followed by a colon and a space."],
  MISSING_CHAR: [
    "Something is missing here",
    "Look for an unclosed quote or bracket, or a key without its colon and space.",
  ],
  TAG_RESOLVE_FAILED: ["Tags (!) have no meaning here", "Put a value that begins with ! in quotes."],
  KEY_OVER_1024_CHARS: ["This key is too long", "A key is followed by a colon and a space."],
  BAD_DIRECTIVE: ["This directive (%) is unknown", "Put a value that begins with % in quotes."],
};

const CLOSING: Readonly<Record<string, string>> = { "{": "}", "[": "]" };

/** What the lexer puts between pieces of the text, which is none of it. */
const MARKS = new Set(["\u0002", "\u0018", "\u001F"]);
const FLOW_ENDS = "\u0018";
const IS_SCALAR = "\u001F";

/** The error of a quote or bracket that nothing closes where it should, if that is why the parser stops further down. */
function unclosed(yaml: typeof Yaml, source: YamlSource, stopped: number): ConfitureError | undefined {
  const open: { readonly bracket: string; readonly offset: number }[] = [];
  let offset = 0;
  let before = "";
  for (const token of new yaml.Lexer().lex(source.text)) {
    if (token === FLOW_ENDS) break;
    if (before !== IS_SCALAR && token in CLOSING) open.push({ bracket: token, offset });
    else if (before !== IS_SCALAR && (token === "}" || token === "]")) open.pop();
    else if (before !== IS_SCALAR && isOpenQuote(token) && offset < stopped) {
      // What stands behind it in the line that closes it is where the parser stops at the latest.
      if (!source.text.slice(offset + token.length, stopped).includes("\n")) return openQuote(source, offset);
    }
    if (!MARKS.has(token)) offset += token.length;
    before = token;
  }
  const last = open.at(-1);
  if (last === undefined || last.offset > stopped) return undefined;
  const closing = CLOSING[last.bracket]!;
  return new ConfitureError("config_syntax", `This ${last.bracket} is not closed`, {
    location: source.location(last.offset),
    hint: `Write ${closing} where the ${closing === "}" ? "map" : "list"} ends.`,
  });
}

/** Whether a quoted text has no end, or goes on over a line that reads like a key, so that a later quote ends it. */
function isOpenQuote(token: string): boolean {
  if (!/^["']/.test(token)) return false;
  const isClosed = /^(?:"(?:[^"\\]|\\[^])*"|'(?:[^']|'')*')$/.test(token);
  return !isClosed || /\n *(?:- +)*[^\s:]+:(?:\s|["']$)/.test(token);
}

function openQuote(source: YamlSource, offset: number): ConfitureError {
  const quote = source.text[offset]!;
  return new ConfitureError("config_syntax", `This ${quote} is not closed`, {
    location: source.location(offset),
    hint: `Write ${quote} where the text ends.`,
  });
}

function syntaxError(source: YamlSource, offset: number, code: string): ConfitureError {
  const [message, hint] = SYNTAX_PROBLEMS[code] ?? [
    "This is not valid YAML",
    "Put a value that holds special characters in quotes.",
  ];
  return new ConfitureError("config_syntax", message, { location: source.location(offset), hint });
}
