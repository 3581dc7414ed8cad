import { comparePaths } from "#build/order.ts";
import { lineEndOf, withLineEnds } from "./line-ends.ts";
import { pathBehind, USUAL_PATH } from "#sql/search-path.ts";
import { splitStatements } from "#sql/split.ts";
import type { Span, Statement } from "#sql/statement.ts";
import type { ProjectFiles } from "../sources/sources.ts";
import type { Node, Parser } from "#sql/parser.ts";
import { writtenName } from "#sql/lexer/token-names.ts";
import { tokensOf } from "#sql/lexer/tokens.ts";
import { type Reading, readStatement, type Resolve } from "../sources/readings.ts";
import { isSame, type Subject } from "../sources/subjects.ts";

/** A statement of a schema file, and what it is for. Offsets are UTF-16 units into the file's text. */
export interface Sentence extends Span {
  readonly file: string;
  readonly statement: Statement;
  /** Undefined for what is not read: rows, and what PostgreSQL's grammar does not take. */
  readonly node: Node | undefined;
  readonly reading: Reading | undefined;
  /** The schemas in which names without one are looked for. */
  readonly path: readonly string[];
}

/** Files that are put back when an edit does not work out. */
export type Saved = ReadonlyMap<string, string>;

/** Statements that are worth parsing. */
const PARSED: ReadonlySet<string> = new Set(["CREATE", "ALTER", "COMMENT", "GRANT", "REVOKE", "SET", "RESET"]);

const MAKES: ReadonlySet<string> = new Set(["CREATE", "ALTER", "DROP", "GRANT", "REVOKE"]);

interface FileState {
  readonly text: string;
  readonly before: readonly string[];
  readonly sentences: readonly Sentence[];
  readonly after: readonly string[];
  readonly comments: readonly Span[];
}

/** The schema files while they are edited: their texts, and the statements in them, in the order they run. */
export class SchemaTree {
  readonly #parser: Parser;
  readonly #reset: boolean;
  /** Whether a build runs each file behind those that it needs, whatever their names are. */
  readonly sortsByNeed: boolean;
  #order: readonly string[];
  #texts: Map<string, string>;
  readonly #states = new Map<string, FileState>();
  #all: readonly Sentence[] | undefined;

  /**
   * @param files in the order they run
   */
  constructor(
    parser: Parser,
    files: ReadonlyMap<string, string>,
    { resetBetweenFiles, order }: Pick<ProjectFiles, "resetBetweenFiles" | "order">,
  ) {
    this.#parser = parser;
    this.#reset = resetBetweenFiles;
    this.sortsByNeed = order === "dependencies";
    this.#order = [...files.keys()];
    this.#texts = new Map(files);
  }

  get parser(): Parser {
    return this.#parser;
  }

  get files(): readonly string[] {
    return this.#order;
  }

  get texts(): Saved {
    return this.#texts;
  }

  text(file: string): string {
    return this.#texts.get(file) ?? "";
  }

  save(): Saved {
    return new Map(this.#texts);
  }

  restore(saved: Saved): void {
    this.#texts = new Map(saved);
    this.#order = this.#order.filter((file) => saved.has(file));
    for (const file of saved.keys()) if (!this.#order.includes(file)) this.#order = this.#inserted(file);
    this.#all = undefined;
  }

  /** Puts `by` in the place of [start, end). */
  splice(file: string, start: number, end: number, by: string): void {
    const text = this.text(file);
    this.#texts.set(file, text.slice(0, start) + withLineEnds(by, lineEndOf(text)) + text.slice(end));
    this.#all = undefined;
  }

  /** Adds a new file at its place in the order, with the ends of lines that the others have. */
  add(file: string, text: string): void {
    this.#texts.set(file, withLineEnds(text, lineEndOf([...this.#texts.values()].join(""))));
    this.#order = this.#inserted(file);
    this.#all = undefined;
  }

  /** All statements, in the order they run. */
  get sentences(): readonly Sentence[] {
    if (this.#all !== undefined) return this.#all;
    const all: Sentence[] = [];
    let path = USUAL_PATH;
    const made = new Set<string>();
    for (const file of this.#order) {
      const state = this.#read(file, this.#reset ? USUAL_PATH : path, made);
      all.push(...state.sentences);
      path = state.after;
    }
    return (this.#all = all);
  }

  in(file: string): readonly Sentence[] {
    return this.sentences.filter((sentence) => sentence.file === file);
  }

  /** Whether a file is one of rows: what makes or changes objects is not expected in it, and some environments may leave it out. */
  isOfRows(file: string): boolean {
    const own = this.in(file);
    return (
      own.some(({ reading }) => reading?.kind === "rows") &&
      own.every(({ reading, statement }) => reading?.kind === "rows" || !MAKES.has(statement.firstWord ?? ""))
    );
  }

  /** The last statement of what is no file of rows; of all files where there is no other. There has to be one. */
  lastOfObjects(): Sentence {
    const file = this.#order.findLast((each) => this.in(each).length > 0 && !this.isOfRows(each));
    return (file === undefined ? this.sentences : this.in(file)).at(-1)!;
  }

  /** Comments of a file; COPY data and quotes hold none. */
  comments(file: string): readonly Span[] {
    const read = this.sentences.length > 0 || this.#states.has(file);
    return read ? (this.#states.get(file)?.comments ?? []) : [];
  }

  /** The statement that makes an object. The last one, where several do. */
  maker(subject: Subject): Sentence | undefined {
    return this.sentences.findLast(({ reading }) => reading?.makes !== undefined && isSame(reading.makes, subject));
  }

  /** Statements that are about an object, or about a part of it, and do not make it. */
  about(subject: Subject): readonly Sentence[] {
    return this.sentences.filter(({ reading }) => reading?.about.some((each) => isSame(each, subject)) === true);
  }

  #inserted(file: string): readonly string[] {
    const order = this.#order;
    const at = this.sortsByNeed ? -1 : order.findIndex((other) => comparePaths(file, other) < 0);
    return at < 0 ? [...order, file] : [...order.slice(0, at), file, ...order.slice(at)];
  }

  #read(file: string, path: readonly string[], made: Set<string>): FileState {
    const text = this.text(file);
    const known = this.#states.get(file);
    if (known !== undefined && known.text === text && known.before.join() === path.join()) {
      for (const { reading } of known.sentences) note(made, reading?.makes);
      return known;
    }
    const split = splitStatements(text, 0, text.length, { comments: true });
    let current = path;
    const resolve: Resolve = (schema, name, isMade) =>
      schema ?? (isMade ? current[0] : current.find((each) => made.has(`${each}\0${name}`))) ?? current[0] ?? "public";
    const sentences = split.statements.map((statement): Sentence => {
      const word = statement.firstWord ?? "";
      const node = PARSED.has(word) ? this.#parser.parse(statement.text) : undefined;
      const reading = node === undefined ? readRows(statement, resolve) : readStatement(node, resolve);
      note(made, reading?.makes);
      const own = current;
      current = pathBehind(statement, current);
      return { file, start: statement.start, end: statement.end, statement, node, reading, path: own };
    });
    const state = { text, before: path, sentences, after: current, comments: split.comments };
    this.#states.set(file, state);
    return state;
  }
}

function note(made: Set<string>, subject: Subject | undefined): void {
  if (subject !== undefined) made.add(`${subject.schema}\0${subject.name}`);
}

/** INSERT and COPY, which may be long, are not parsed. */
function readRows(statement: Statement, resolve: Resolve): Reading | undefined {
  const verb = statement.firstWord;
  if (!ROWS.has(verb ?? "")) return undefined;
  const head = tokensOf(statement.text.slice(0, HEAD));
  const at = verb === "COPY" ? 1 : head.findIndex(({ text }) => /^(into|from|update|table)$/i.test(text)) + 1;
  const names: string[] = [];
  for (let index = verb === "UPDATE" ? 1 : at; index < head.length; index += 2) {
    const { text } = head[index]!;
    names.push(writtenName(text));
    if (head[index + 1]?.text !== ".") break;
  }
  const name = names.at(-1);
  if (name === undefined) return undefined;
  return { kind: "rows", about: [{ kind: "relation", schema: resolve(names.at(-2), name, false), name }] };
}

const ROWS: ReadonlySet<string> = new Set(["INSERT", "COPY", "UPDATE", "DELETE", "TRUNCATE"]);
/** Characters of a statement that hold the name of its table. */
const HEAD = 1000;
