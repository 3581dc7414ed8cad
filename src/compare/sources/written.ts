import { piecesOf, readSchemaScript } from "#build/schema-script.ts";
import { ConfitureError } from "#errors/error.ts";
import { inside, loadParser, type Node, type Parser, strings } from "#sql/parser.ts";
import { pathBehind, USUAL_PATH } from "#sql/search-path.ts";
import { splitStatements } from "#sql/split.ts";
import type { Statement } from "#sql/statement.ts";
import { writtenName } from "#sql/lexer/token-names.ts";
import type { ObjectId } from "../engine/object-id.ts";
import { readStatement } from "./readings.ts";
import { schemaBuild, type ProjectFiles } from "./sources.ts";
import { isSame, type Subject, subjectOfId } from "./subjects.ts";

/** A statement of the schema files that makes an object. */
export interface Written {
  readonly text: string;
  readonly node: Node;
  /** The schemas that its names are looked up in. */
  readonly path: readonly string[];
}

/** Statements in the order they run; "fresh" stands for a session with its usual settings. */
type Pieces = Iterable<readonly Statement[] | "fresh">;

interface Found {
  /** Of what it makes, without the schema. */
  readonly name: string;
  readonly statement: Statement;
  readonly path: readonly string[];
}

/**
 * The statements of the schema files that make what PostgreSQL writes out in words of its own: views, routines, triggers, policies
 * and rules. They are read when the first of them is asked for.
 */
export class WrittenStatements {
  readonly #pieces: () => Pieces;
  #found: Promise<{ readonly parser: Parser; readonly byName: ReadonlyMap<string, readonly Found[]> }> | undefined;

  private constructor(pieces: () => Pieces) {
    this.#pieces = pieces;
  }

  static inFiles(files: ProjectFiles): WrittenStatements {
    return new WrittenStatements(() => piecesIn(files));
  }

  static inText(sql: string): WrittenStatements {
    return new WrittenStatements(() => [splitStatements(sql).statements]);
  }

  /** Those that make an object of that name; the one that ran last comes first. None where the files cannot be read. */
  async of(id: ObjectId): Promise<readonly Written[]> {
    const subject = subjectOfId(id);
    if (subject === undefined) return [];
    this.#found ??= this.#read();
    const { parser, byName } = await this.#found;
    return (byName.get(subject.name) ?? []).toReversed().flatMap(({ statement: { text }, path }) => {
      const node = parser.parse(text);
      return node !== undefined && makes(node, path, subject, id) ? [{ text, node, path }] : [];
    });
  }

  async #read(): Promise<{ readonly parser: Parser; readonly byName: ReadonlyMap<string, readonly Found[]> }> {
    let found: readonly Found[] = [];
    try {
      found = [...foundIn(this.#pieces())];
    } catch (error) {
      // Whoever builds them says what is wrong with them.
      if (!(error instanceof ConfitureError)) throw error;
    }
    return { parser: await loadParser(), byName: Map.groupBy(found, ({ name }) => name) };
  }
}

function* foundIn(pieces: Pieces): Generator<Found> {
  let path = USUAL_PATH;
  for (const piece of pieces) {
    if (piece === "fresh") {
      path = USUAL_PATH;
      continue;
    }
    for (const statement of piece) {
      const name = statement.firstWord === "CREATE" ? nameIn(statement) : undefined;
      if (name === undefined) path = pathBehind(statement, path);
      else yield { name, statement, path };
    }
  }
}

function* piecesIn(files: ProjectFiles): Pieces {
  const build = schemaBuild(files);
  for (const file of build.files) {
    if (build.resetBetweenFiles) yield "fresh";
    for (const piece of piecesOf(readSchemaScript(build, file))) {
      // Of a large file there is an outline, and not all of its words.
      if (piece === "connect") yield "fresh";
      else if (piece.outline === undefined) yield piece.statements;
    }
  }
}

/** The words for what they make, in upper case. */
export const WRITTEN_KINDS: ReadonlySet<string> = new Set([
  "VIEW",
  "FUNCTION",
  "PROCEDURE",
  "AGGREGATE",
  "TRIGGER",
  "POLICY",
  "RULE",
]);

/** The name of what it makes, without its schema; undefined where it makes something else. */
function nameIn(statement: Statement): string | undefined {
  const at = statement.words.findIndex((word) => WRITTEN_KINDS.has(word));
  if (at < 1 || !statement.words.slice(1, at).every((word) => BEFORE_KIND.has(word))) return undefined;
  const tokens = statement.tokens(at + 7);
  const name = tokens[at + 1] === "IF" && tokens[at + 2] === "NOT" ? at + 4 : at + 1;
  const written = tokens[name + 1] === "." ? tokens[name + 2] : tokens[name];
  return written === undefined ? undefined : writtenName(written);
}

const BEFORE_KIND: ReadonlySet<string> = new Set(["OR", "REPLACE", "MATERIALIZED", "RECURSIVE", "CONSTRAINT"]);

function makes(node: Node, path: readonly string[], subject: Subject, id: ObjectId): boolean {
  const made = madeBy(node, path, subject.schema);
  if (made === undefined || !isSame(made, subject)) return false;
  return made.args === undefined || !("args" in id) || made.args.length === id.args.length;
}

/** @param schema of what is sought, where a table of that name is in several */
function madeBy(node: Node, path: readonly string[], schema: string): Subject | undefined {
  const aggregate = inside(node, "DefineStmt");
  if (aggregate !== undefined) {
    const names = strings(aggregate.defnames);
    return { kind: "routine", schema: names.at(-2) ?? path[0] ?? "", name: names.at(-1) ?? "" };
  }
  return readStatement(node, (given, _, isMade) => {
    return given ?? (isMade ? path[0] : path.find((each) => each === schema)) ?? "";
  })?.makes;
}
