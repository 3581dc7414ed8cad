import { placeIn, type Script } from "#database/script.ts";
import { ConfitureError, type Location } from "#errors/error.ts";
import { inside, loadParser, type Node } from "#sql/parser.ts";
import type { Statement } from "#sql/statement.ts";
import { tokensOf } from "#sql/lexer/tokens.ts";
import type { Backfill } from "../phases/phase.ts";
import { type CalledFunction, functionsOf } from "./called-functions.ts";
import { type Parts, readUpdate, readDelete, readInsert } from "./statement-parts.ts";

/** The one statement of a backfill, which can be run for a part of the table's rows. */
export interface FillStatement extends Omit<Parts, "where" | "end"> {
  /** What it is, as written. */
  readonly text: string;
  /** Functions that give the values it writes or decide which rows it is about. */
  readonly functions: readonly CalledFunction[];
  readonly location: Location;
  /** The statement for those rows only that meet a condition. */
  withCondition(condition: string): string;
  /** The place in the file of a position in what `withCondition` returns, in code points from 1. */
  locate(sent: string, position: number): Location;
}

/** The code of every refusal of a backfill. */
export const REFUSED = "backfill_refused";

/**
 * Reads the statement of a backfill.
 * @throws ConfitureError `backfill_refused` for what means something else when it is done in parts
 */
export async function readFillStatement(script: Script, { table }: Backfill): Promise<FillStatement> {
  const [statement, second] = script.statements;
  const refuse = (why: string, wayOut: string, at: number = statement?.start ?? 0): ConfitureError =>
    new ConfitureError(REFUSED, why, { hint: wayOut, location: placeIn(script, at) });
  if (statement === undefined || second !== undefined) {
    throw refuse(
      second === undefined ? "A backfill has no statement" : "A backfill has more than one statement",
      "Write one UPDATE, DELETE or INSERT ... SELECT. Put anything else into a migration of its own.",
      second?.start,
    );
  }
  const { text } = statement;
  const node = (await loadParser()).parse(text);
  if (node === undefined) {
    throw refuse("PostgreSQL's grammar does not take the statement of this backfill", "Correct it, then run again.");
  }
  const tokens = tokensOf(text).filter(({ depth }) => depth === 0);
  const read =
    readUpdate(node, tokens, text) ?? readDelete(node, tokens, text) ?? readInsert(node, tokens, text, table);
  if (read === undefined) {
    throw refuse(
      "A backfill is one UPDATE, DELETE or INSERT ... SELECT",
      "Put other statements into a migration of their own.",
    );
  }
  if ("refused" in read) throw refuse(read.refused, read.wayOut);
  const changing = changingClause(node);
  if (changing) {
    throw refuse(
      "The WITH clause of this backfill changes rows, and would do so in every batch",
      "Put it into a migration of its own.",
    );
  }
  const { where, end } = read;
  const before = where === undefined ? text.slice(0, end) : `${text.slice(0, where)}(\n`;
  return {
    ...read,
    text,
    functions: functionsOf(node),
    location: placeIn(script, statement.start),
    withCondition: (condition) =>
      where === undefined
        ? `${before}\nWHERE ${condition}\n${text.slice(end)}`
        : `${before}${text.slice(where, end)}\n) AND ${condition}\n${text.slice(end)}`,
    locate: (sent, position) =>
      placeIn(script, statement.start + placeOf(sent, position, before.length, statement, where)),
  };
}

/** An offset into the statement of a position in what is sent, of which the first part is as written. */
function placeOf(
  sent: string,
  position: number,
  before: number,
  statement: Statement,
  where: number | undefined,
): number {
  const at = Array.from(sent)
    .slice(0, position - 1)
    .join("").length;
  if (at < before || where === undefined) return Math.min(at, statement.text.length);
  return Math.min(at - (before - where), statement.text.length);
}

function changingClause(node: Node): boolean {
  const [, statement] = Object.entries(node)[0] as [
    string,
    { readonly withClause?: { readonly ctes?: readonly Node[] } },
  ];
  return (statement.withClause?.ctes ?? []).some((cte) => {
    const query = inside(cte, "CommonTableExpr")?.ctequery;
    return query !== undefined && inside(query, "SelectStmt") === undefined;
  });
}
