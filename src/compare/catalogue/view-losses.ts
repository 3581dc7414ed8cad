import { inside, type NodeOf, type Parser, strings } from "#sql/parser.ts";

/** What a view that stays no longer does, and the columns that it no longer has, by its query as PostgreSQL writes it. Pure. */
export function viewLosses(from: string, to: string, parser: Parser): ViewLosses {
  const [before, after] = [from, to].map((text) => inside(parser.parse(text.trim()), "SelectStmt"));
  const left = new Set(columnsOf(after));
  return {
    fates: losesWhere(before, after) ? ["no longer leaves any row out (WHERE)"] : [],
    columns: after === undefined ? [] : columnsOf(before).filter((column) => !left.has(column)),
  };
}

export interface ViewLosses {
  readonly fates: readonly string[];
  readonly columns: readonly string[];
}

/** Of one of those that UNION and the like put together just as well. */
function losesWhere(before: NodeOf<"SelectStmt"> | undefined, after: NodeOf<"SelectStmt"> | undefined): boolean {
  if (before === undefined || after === undefined) return false;
  if (before.larg !== undefined && after.larg !== undefined)
    return losesWhere(before.larg, after.larg) || losesWhere(before.rarg, after.rarg);
  const has = ({ whereClause }: NodeOf<"SelectStmt">): boolean =>
    whereClause !== undefined && inside(whereClause, "A_Const")?.boolval?.boolval !== true;
  return has(before) && before.larg === undefined && after.larg === undefined && !has(after);
}

/** pg_get_viewdef leaves AS out where a column of a table gives its name, and "?column?" where nothing has one (ruleutils.c). */
function columnsOf(query: NodeOf<"SelectStmt"> | undefined): string[] {
  if (query?.larg !== undefined) return columnsOf(query.larg);
  const [row] = query?.valuesLists ?? [];
  if (row !== undefined) return (inside(row, "List")?.items ?? []).map((_, at) => `column${at + 1}`);
  return (query?.targetList ?? []).map((target) => {
    const { name, val } = inside(target, "ResTarget") ?? {};
    return name ?? strings(inside(val, "ColumnRef")?.fields).at(-1) ?? "?column?";
  });
}
