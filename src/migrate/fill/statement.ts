import { placeIn, type Script } from "#database/script.ts";
import { ConfitureError, type Location } from "#errors/error.ts";
import { inside, loadParser, type Node, type NodeOf, offsetOfByte, strings } from "#sql/parser.ts";
import type { QualifiedName } from "#sql/quote.ts";
import type { Statement } from "#sql/statement.ts";
import { isWord, type Token, tokensOf } from "#sql/tokens.ts";
import type { Backfill } from "../phase.ts";

/** The one statement of a backfill, which can be run for a part of the table's rows. */
export interface FillStatement {
  readonly verb: "UPDATE" | "DELETE" | "INSERT";
  /** What it is, as written. */
  readonly text: string;
  /** The table that it goes through, as the statement writes it. */
  readonly table: QualifiedName;
  /** What the statement calls that table. */
  readonly alias: string;
  /** The table that it writes to. */
  readonly target: QualifiedName;
  /** Columns of the target that it writes. */
  readonly columns: readonly string[];
  /** Functions that give the values it writes or decide which rows it is about. */
  readonly functions: readonly CalledFunction[];
  readonly location: Location;
  /** The statement for those rows only that meet a condition. */
  withCondition(condition: string): string;
  /** A query for whether a row is left to do; undefined where the statement cannot tell. */
  readonly remaining: string | undefined;
  /** The place in the file of a position in what `withCondition` returns, in code points from 1. */
  locate(sent: string, position: number): Location;
}

export interface CalledFunction extends QualifiedName {
  /** It is part of the values that are written, not of the condition. */
  readonly writes: boolean;
  /** It is called for each row, not inside a query of its own. */
  readonly ofRow: boolean;
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

interface Parts extends Pick<FillStatement, "verb" | "table" | "alias" | "target" | "columns" | "remaining"> {
  /** Where the condition begins, behind WHERE; undefined for none. */
  readonly where: number | undefined;
  /** Where the condition ends, or would. */
  readonly end: number;
}

interface Refusal {
  readonly refused: string;
  readonly wayOut: string;
}

function readUpdate(node: Node, tokens: readonly Token[], text: string): Parts | Refusal | undefined {
  const update = inside(node, "UpdateStmt");
  if (update?.relation === undefined) return undefined;
  const { where, end } = findCondition(tokens, text, ["RETURNING"]);
  if (where === undefined) {
    return {
      refused:
        "The UPDATE has no WHERE that says which rows are not done yet, so every sweep would do all of them again",
      wayOut: "Add one that is false once a row is done, such as WHERE new_column IS NULL.",
    };
  }
  const targets = (update.targetList ?? []).flatMap((target) => inside(target, "ResTarget") ?? []);
  const from = offsetOfByte(text, update.relation.location ?? 0);
  const firstTarget = offsetOfByte(text, targets[0]?.location ?? 0);
  // `UPDATE ONLY users`: the position is that of the name.
  const relationStart = tokens.findLast((token) => token.start < from && isWord(token, "UPDATE"))?.end ?? from;
  const set = tokens.findLast((token) => token.start < firstTarget && isWord(token, "SET"));
  const items = findFrom(tokens, set?.end ?? firstTarget);
  const source =
    items === undefined || (update.fromClause ?? []).length === 0 ? "" : `, ${text.slice(items.end, where - 5)}`;
  const verbAt = tokens.find((token) => isWord(token, "UPDATE"))?.start ?? 0;
  return {
    verb: "UPDATE",
    table: nameOf(update.relation),
    alias: aliasOf(update.relation),
    target: nameOf(update.relation),
    columns: targets.flatMap(({ name }) => name ?? []),
    where,
    end,
    remaining:
      set === undefined
        ? undefined
        : remainingOf(text, verbAt, `${text.slice(relationStart, set.start)}${source}`, text.slice(where, end)),
  };
}

function readDelete(node: Node, tokens: readonly Token[], text: string): Parts | Refusal | undefined {
  const remove = inside(node, "DeleteStmt");
  if (remove?.relation === undefined) return undefined;
  const { where, end } = findCondition(tokens, text, ["RETURNING"]);
  const verb = tokens.find((token) => isWord(token, "DELETE"));
  const from = findFrom(tokens, verb?.end ?? 0)?.end ?? 0;
  const using =
    (remove.usingClause ?? []).length > 0
      ? tokens.find((token) => token.start > from && isWord(token, "USING"))
      : undefined;
  const stop = where === undefined ? end : where - 5;
  const items =
    using === undefined ? text.slice(from, stop) : `${text.slice(from, using.start)}, ${text.slice(using.end, stop)}`;
  return {
    verb: "DELETE",
    table: nameOf(remove.relation),
    alias: aliasOf(remove.relation),
    target: nameOf(remove.relation),
    columns: [],
    where,
    end,
    remaining: remainingOf(text, verb?.start ?? 0, items, where === undefined ? "true" : text.slice(where, end)),
  };
}

function readInsert(
  node: Node,
  tokens: readonly Token[],
  text: string,
  table: QualifiedName,
): Parts | Refusal | undefined {
  const insert = inside(node, "InsertStmt");
  const select = inside(insert?.selectStmt, "SelectStmt");
  if (insert?.relation === undefined || select === undefined || (select.valuesLists ?? []).length > 0) return undefined;
  const isCut =
    [select.groupClause, select.distinctClause, select.windowClause, select.lockingClause].some(
      (clause) => (clause ?? []).length > 0,
    ) ||
    select.havingClause !== undefined ||
    select.limitCount !== undefined ||
    select.limitOffset !== undefined ||
    (select.op !== undefined && select.op !== "SETOP_NONE");
  const keyword = tokens.find((token) => isWord(token, "SELECT"));
  if (isCut || keyword === undefined) {
    return {
      refused: "The SELECT of this backfill means something else for a part of the rows",
      wayOut:
        "Leave out GROUP BY, HAVING, DISTINCT, LIMIT, OFFSET, WINDOW, FOR UPDATE, UNION and parentheses around the SELECT. A subquery may have them.",
    };
  }
  const found = (select.fromClause ?? [])
    .flatMap((item) => tablesIn(item, true))
    .filter(({ range }) => isNamed(range, table));
  const [only, second] = found;
  if (only === undefined || second !== undefined || only.isOptional) {
    const many = second !== undefined ? "more than once" : "as one that may have no row";
    return {
      refused:
        only === undefined
          ? `The SELECT of this backfill does not read ${table.name} in its FROM clause`
          : `The SELECT of this backfill reads ${table.name} ${many}`,
      wayOut:
        "Name the table of backfill: once in FROM, not on the side of an outer join that is filled up with nulls.",
    };
  }
  const { where, end } = findCondition(tokens, text, ["RETURNING", "ORDER", "ON CONFLICT"], keyword.end);
  const hasConflict = insert.onConflictClause !== undefined;
  if (where === undefined && !hasConflict) {
    return {
      refused: "The INSERT has neither a WHERE nor ON CONFLICT, so a sweep would insert every row again",
      wayOut: "Add WHERE NOT EXISTS (...) or ON CONFLICT DO NOTHING.",
    };
  }
  const from = findFrom(tokens, keyword.end)?.end ?? keyword.end;
  const condition = where === undefined ? "true" : text.slice(where, end);
  const verb = tokens.find((token) => isWord(token, "INSERT"));
  return {
    verb: "INSERT",
    table: nameOf(only.range),
    alias: aliasOf(only.range),
    target: nameOf(insert.relation),
    columns: (insert.cols ?? []).flatMap((column) => inside(column, "ResTarget")?.name ?? []),
    where,
    end,
    // Only the target knows whether a row is there already.
    remaining: hasConflict
      ? undefined
      : remainingOf(text, verb?.start ?? 0, text.slice(from, where === undefined ? end : where - 5), condition),
  };
}

/** @param verbAt where the statement begins behind its WITH clause */
function remainingOf(text: string, verbAt: number, items: string, condition: string): string {
  return `${text.slice(0, verbAt)}SELECT EXISTS (SELECT FROM ${items}\nWHERE (\n${condition}\n)) AS "remaining"`;
}

/**
 * The condition of a statement, by the words that cannot be names (SQL key words of PostgreSQL's manual): the parser does
 * not say where it ends.
 * @param ends what can come behind it; without any of these it goes on to the end
 */
function findCondition(
  tokens: readonly Token[],
  text: string,
  ends: readonly string[],
  from = 0,
): { readonly where: number | undefined; readonly end: number } {
  const isEnd = (token: Token, index: number): boolean =>
    ends.some((end) => {
      const [first = "", second] = end.split(" ");
      return isWord(token, first) && (second === undefined || isWord(tokens[index + 1], second));
    });
  const end = tokens.findIndex((token, index) => token.start >= from && isEnd(token, index));
  const until = end < 0 ? text.length : tokens[end]!.start;
  const where = tokens.find((token) => token.start >= from && token.end <= until && isWord(token, "WHERE"));
  return { where: where?.end, end: until };
}

/** The FROM of a clause: not that of IS DISTINCT FROM. */
function findFrom(tokens: readonly Token[], after: number): Token | undefined {
  return tokens.find(
    (token, index) => token.start >= after && isWord(token, "FROM") && !isWord(tokens[index - 1], "DISTINCT"),
  );
}

type Range = NodeOf<"RangeVar">;

/** Tables of a FROM clause, and whether each may be without a row in the result. */
function tablesIn(item: Node, isWhole: boolean): { readonly range: Range; readonly isOptional: boolean }[] {
  const range = inside(item, "RangeVar");
  if (range !== undefined) return [{ range, isOptional: !isWhole }];
  const join = inside(item, "JoinExpr");
  if (join === undefined) return [];
  const { jointype, larg, rarg } = join;
  const left = jointype === "JOIN_INNER" || jointype === "JOIN_LEFT";
  const right = jointype === "JOIN_INNER" || jointype === "JOIN_RIGHT";
  return [
    ...(larg === undefined ? [] : tablesIn(larg, isWhole && left)),
    ...(rarg === undefined ? [] : tablesIn(rarg, isWhole && right)),
  ];
}

function isNamed({ schemaname, relname }: Range, { schema, name }: QualifiedName): boolean {
  return relname === name && (schema === undefined || schemaname === undefined || schema === schemaname);
}

function nameOf({ schemaname, relname = "" }: Range): QualifiedName {
  return { ...(schemaname === undefined || schemaname === "" ? {} : { schema: schemaname }), name: relname };
}

function aliasOf({ alias, relname = "" }: Range): string {
  return alias?.aliasname ?? relname;
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

/** What PostgreSQL has no function for, though its value differs from run to run: CURRENT_TIMESTAMP and its like. */
const SESSION_VALUE = /^SVFOP_CURRENT_(?:DATE|TIME|TIMESTAMP)|^SVFOP_LOCAL/;

function functionsOf(node: Node): CalledFunction[] {
  const found: CalledFunction[] = [];
  const walk = (value: unknown, context: { readonly writes: boolean; readonly ofRow: boolean }): void => {
    if (Array.isArray(value)) {
      for (const item of value) walk(item, context);
      return;
    }
    if (typeof value !== "object" || value === null) return;
    for (const [name, part] of Object.entries(value)) {
      if (name === "FuncCall") {
        const names = strings((part as NodeOf<"FuncCall">).funcname);
        const [schema, own] = names.length > 1 ? [names.at(-2)!, names.at(-1)!] : [undefined, names[0] ?? ""];
        found.push({ ...(schema === undefined ? {} : { schema }), name: own, ...context });
      }
      if (name === "SQLValueFunction" && SESSION_VALUE.test(String((part as { op?: unknown }).op))) {
        found.push({ schema: "pg_catalog", name: "now", ...context });
      }
      const isCondition = name === "whereClause" || name === "fromClause" || name === "usingClause";
      const isQuery = name === "SubLink" || name === "RangeSubselect" || name === "withClause";
      walk(part, {
        writes: name === "targetList" || name === "onConflictClause" ? true : isCondition ? false : context.writes,
        ofRow: context.ofRow && !isQuery,
      });
    }
  };
  walk(node, { writes: false, ofRow: true });
  return found;
}
