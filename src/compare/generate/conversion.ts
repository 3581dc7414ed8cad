import { parseScript, placeIn, type Script, type SqlText } from "#database/script.ts";
import { ConfitureError, type Location } from "#errors/error.ts";
import { inside, loadParser, type Node, type NodeOf, offsetOfByte } from "#sql/parser.ts";
import { type QualifiedName, writeIdentifier } from "#sql/quote.ts";
import { isWord, type Token, tokensOf } from "#sql/lexer/tokens.ts";
import type { Expression } from "./expression.ts";

/** How values go from the columns of one release to those of the next, and back (docs/generating.md, "A conversion"). */
export interface Conversion {
  /** As shown to the user. */
  readonly file: string;
  readonly forward: Assignments;
  /** Undefined where no column goes. */
  readonly backward: Assignments | undefined;
}

/** What an UPDATE sets. */
export interface Assignments {
  readonly table: QualifiedName;
  readonly values: ReadonlyMap<string, Expression>;
  readonly location: Location;
}

const MARKER = /^--[ \t]*confiture:(\w*)[^\n]*$/gm;

/**
 * Reads a conversion: an UPDATE that fills the new columns from the old ones, and one that does the reverse, each behind a
 * comment of its own.
 * @throws ConfitureError `generate_refused` for what a trigger, a CHECK and a backfill could not all have
 */
export async function readConversion(source: SqlText): Promise<Conversion> {
  const { file, text } = source;
  const sections = new Map<string, Script>();
  const markers = [...text.matchAll(MARKER)];
  for (const [index, { 0: line, 1: way = "", index: at }] of markers.entries()) {
    const refuse = (why: string): ConfitureError => refused(why, placeIn(source, at), SHAPE);
    if (way !== "forward" && way !== "backward") throw refuse(`${file} has an unknown comment confiture:${way}`);
    if (sections.has(way)) throw refuse(`${file} has confiture:${way} twice`);
    sections.set(way, parseScript(source, at + line.length, markers[index + 1]?.index));
  }
  const before = parseScript(source, 0, markers[0]?.index);
  if (before.statements[0] !== undefined) {
    throw refused(
      `${file} has a statement before its first comment`,
      placeIn(source, before.statements[0].start),
      SHAPE,
    );
  }
  const [forward, backward] = [sections.get("forward"), sections.get("backward")];
  if (forward === undefined) {
    throw refused(`${file} does not say how the new columns are filled`, placeIn(source, 0), SHAPE);
  }
  return {
    file,
    forward: await readUpdate(forward),
    backward: backward === undefined ? undefined : await readUpdate(backward),
  };
}

const SHAPE =
  "Write two statements: below the line -- confiture:forward an UPDATE that fills the new columns from the old ones, " +
  "below -- confiture:backward one that fills the old columns from the new ones.";

async function readUpdate(script: Script): Promise<Assignments> {
  const [statement, second] = script.statements;
  const at = placeIn(script, (second ?? statement)?.start ?? 0);
  const refuse = (why: string, wayOut: string = SHAPE, place: Location = at): ConfitureError =>
    refused(why, place, wayOut);
  if (statement === undefined || second !== undefined) {
    throw refuse(
      `${script.file} has ${second === undefined ? "no statement" : "more than one statement"} below one of its comments`,
    );
  }
  const { text } = statement;
  const update = inside((await loadParser()).parse(text), "UpdateStmt");
  if (update?.relation?.relname === undefined) throw refuse(`${script.file} holds something else than an UPDATE`);
  const { schemaname, relname, alias } = update.relation;
  const extra = [update.withClause, ...(update.fromClause ?? []), update.returningClause];
  if (extra.some((clause) => clause !== undefined)) {
    throw refuse(
      "An UPDATE of a conversion has WITH, FROM or RETURNING, and a trigger sees one row",
      "Let each value come from columns of the same row; what other tables say can be put into a function.",
    );
  }
  if (update.whereClause !== undefined) {
    throw refuse(
      "An UPDATE of a conversion has a WHERE",
      "Leave it out: which rows are not filled yet is told by their new columns. What differs from row to row can be a CASE.",
    );
  }
  const tokens = tokensOf(text);
  const targets = (update.targetList ?? []).flatMap((node) => inside(node, "ResTarget") ?? []);
  const values = new Map<string, Expression>();
  for (const [index, { name = "", location = 0, val, indirection }] of targets.entries()) {
    const begin = offsetOfByte(text, location);
    const place = placeIn(script, statement.start + begin);
    if (val === undefined || indirection !== undefined || "MultiAssignRef" in val || "SetToDefault" in val) {
      throw refuse(
        `The value of ${name} is no expression of its own`,
        "Write SET column = expression for each.",
        place,
      );
    }
    const following = targets[index + 1]?.location;
    const until = following === undefined ? text.length : offsetOfByte(text, following);
    const own = tokens.filter(({ start }) => start >= begin && start < until);
    const equals = own.findIndex((token) => token.depth === 0 && token.text === "=");
    const last = own.at(-1)?.text === "," || isWord(own.at(-1), "SET") ? -1 : own.length;
    const inner = own.slice(equals + 1, last);
    values.set(name, expressionOf(text, inner, val, alias?.aliasname ?? relname, refuse, place));
  }
  return {
    table: { ...(schemaname === undefined || schemaname === "" ? {} : { schema: schemaname }), name: relname },
    values,
    location: at,
  };
}

function expressionOf(
  text: string,
  tokens: readonly Token[],
  node: Node,
  table: string,
  refuse: (why: string, wayOut: string, place: Location) => ConfitureError,
  place: Location,
): Expression {
  /** Columns by where they begin, each with the number of its tokens. */
  const found = new Map<number, { readonly column: string; readonly tokens: number }>();
  walk(node);
  const pieces: (string | { readonly column: string })[] = [];
  for (let index = 0; index < tokens.length; index++) {
    const token = tokens[index]!;
    const before = tokens[index - 1];
    if (before !== undefined) {
      const gap = text.slice(before.end, token.start);
      // A comment would take what follows it along.
      pieces.push(gap.trim() === "" ? gap.replaceAll(/\s+/g, " ") : " ");
    }
    const reference = found.get(token.start);
    if (reference === undefined) pieces.push(token.text);
    else {
      pieces.push({ column: reference.column });
      index += reference.tokens - 1;
    }
  }
  return {
    columns: [...new Set([...found.values()].map(({ column }) => column))],
    isSimple: isAlone(node),
    sql: (row) =>
      pieces.map((piece) => (typeof piece === "string" ? piece : row + writeIdentifier(piece.column))).join(""),
  };

  function walk(value: unknown): void {
    if (Array.isArray(value)) {
      for (const item of value) walk(item);
      return;
    }
    if (typeof value !== "object" || value === null) return;
    for (const [name, part] of Object.entries(value)) {
      if (name === "SubLink") {
        throw refuse(
          "A value of a conversion has a query in it, and what that reads may change without the row",
          "Put it into a function that always gives the same for the same values, or take another way: docs/guides/medium-4-schema-to-schema.md",
          place,
        );
      }
      if (name === "ColumnRef") note(part as NodeOf<"ColumnRef">);
      else walk(part);
    }
  }

  function note({ fields = [], location = 0 }: NodeOf<"ColumnRef">): void {
    const written = fields.flatMap((field) => inside(field, "String")?.sval ?? []);
    const column = written.at(-1);
    const name = written.at(-2);
    if (column === undefined || written.length !== fields.length || (name !== undefined && name !== table)) {
      throw refuse(
        "A value of a conversion reads something else than columns of its table",
        "Write each column by its name.",
        place,
      );
    }
    found.set(offsetOfByte(text, location), { column, tokens: fields.length * 2 - 1 });
  }
}

/** What can stand beside an operator without parentheses. */
function isAlone(node: Node): boolean {
  const call = inside(node, "FuncCall");
  return (
    "ColumnRef" in node ||
    "CoalesceExpr" in node ||
    "CaseExpr" in node ||
    (call !== undefined && call.funcformat === "COERCE_EXPLICIT_CALL")
  );
}

function refused(message: string, location: Location, hint: string): ConfitureError {
  return new ConfitureError("generate_refused", message, { location, hint: `Nothing was written. ${hint}` });
}
