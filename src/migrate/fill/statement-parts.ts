import { inside, type Node, type NodeOf, offsetOfByte } from "#sql/parser.ts";
import type { QualifiedName } from "#sql/quote.ts";
import { isWord, type Token } from "#sql/lexer/tokens.ts";

/** What a backfill's statement does, and where its condition is. */
export interface Parts {
  readonly verb: "UPDATE" | "DELETE" | "INSERT";
  /** The table that it goes through, as the statement writes it. */
  readonly table: QualifiedName;
  /** What the statement calls that table. */
  readonly alias: string;
  /** The table that it writes to. */
  readonly target: QualifiedName;
  /** Columns of the target that it writes. */
  readonly columns: readonly string[];
  /** A query for whether a row is left to do; undefined where the statement cannot tell. */
  readonly remaining: string | undefined;
  /** Where the condition begins, behind WHERE; undefined for none. */
  readonly where: number | undefined;
  /** Where the condition ends, or would. */
  readonly end: number;
}

interface Refusal {
  readonly refused: string;
  readonly wayOut: string;
}

export function readUpdate(node: Node, tokens: readonly Token[], text: string): Parts | Refusal | undefined {
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

export function readDelete(node: Node, tokens: readonly Token[], text: string): Parts | Refusal | undefined {
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

export function readInsert(
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
