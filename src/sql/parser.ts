import type { Node, ParseResult } from "libpg-query";
import { instantiateParser, NotParsed, type Parse } from "./parser-module.ts";

/** A statement as PostgreSQL's grammar reads it. Positions in it are bytes of its text in UTF-8. */
export type { AlterTableCmd, ColumnDef, Constraint, Node, RangeVar, TypeName } from "libpg-query";

/** The member of a node that has this name, such as "CreateStmt". */
export type NodeOf<Name extends string> =
  Extract<Node, Record<Name, unknown>> extends Record<Name, infer Inner> ? Inner : never;

/** Reads single statements. */
export interface Parser {
  /** Undefined for what PostgreSQL's grammar does not take. */
  parse(text: string): Node | undefined;
  /** All statements of a text; undefined as for `parse`. */
  parseAll(text: string): readonly Node[] | undefined;
  /** What a text means to PostgreSQL's grammar, wherever its words stand: the same for the same. Undefined as for `parse`. */
  outline(text: string): string | undefined;
  /** What PostgreSQL says of a text that it does not take, and where: in code points from the beginning. */
  complaint(text: string): Complaint | undefined;
}

export interface Complaint {
  /** "syntax error at or near \"ADDD\"" */
  readonly message: string;
  readonly position: number;
}

/** For the life of the process: what asks for it asks often. */
let kept: Promise<Parse> | undefined;

/** Loads PostgreSQL's parser, which takes a moment. It stays. */
export async function loadParser(): Promise<Parser> {
  return parserWith(await (kept ??= instantiateParser()));
}

/** PostgreSQL's parser for the length of a work, for commands that have to stay small. */
export async function withParser<T>(work: (parser: Parser) => T): Promise<T> {
  return work(parserWith(await (kept ?? instantiateParser())));
}

const WRITES_ROWS = ["InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"];

/** Offsets in a tree. Quotes inside of strings have a backslash. */
const PLACES = /"(?:location|stmt_location|stmt_len|list_start|list_end|rexpr_list_start|rexpr_list_end)":-?\d+/g;

function parserWith(parse: Parse): Parser {
  const known = new Map<string, Node | undefined>();
  const read = (text: string): ParseResult => JSON.parse(parse(text)) as ParseResult;
  return {
    parse(text) {
      if (known.has(text)) return known.get(text);
      let node: Node | undefined;
      try {
        node = read(text).stmts?.[0]?.stmt;
      } catch {
        // Whoever runs it is told by PostgreSQL.
      }
      // Files may hold thousands, and nobody asks twice.
      if (node === undefined || !WRITES_ROWS.some((name) => name in node)) known.set(text, node);
      return node;
    },
    parseAll(text) {
      try {
        return (read(text).stmts ?? []).flatMap(({ stmt }) => stmt ?? []);
      } catch {
        return undefined;
      }
    },
    outline(text) {
      try {
        return parse(text).replaceAll(PLACES, "");
      } catch {
        return undefined;
      }
    },
    complaint(text) {
      try {
        parse(text);
        return undefined;
      } catch (error) {
        return { message: (error as Error).message, position: error instanceof NotParsed ? error.position : 0 };
      }
    },
  };
}

/** The inside of a node, if it is one of this kind. */
export function inside<Name extends string>(node: Node | undefined, name: Name): NodeOf<Name> | undefined {
  if (node === undefined || !(name in node)) return undefined;
  return (node as Record<string, unknown>)[name] as NodeOf<Name>;
}

/** The text of `String` nodes. */
export function strings(nodes: readonly Node[] | undefined): string[] {
  return (nodes ?? []).flatMap((node) => inside(node, "String")?.sval ?? []);
}

/** The UTF-16 offset of a byte of a text in UTF-8. */
export function offsetOfByte(text: string, byte: number): number {
  if (text.length === Buffer.byteLength(text)) return byte;
  return Buffer.from(text).subarray(0, byte).toString().length;
}
