import type { Database } from "#database/database.ts";
import { quoteIdentifier, quoteLiteral, quoteQualified, reportedName } from "#sql/quote.ts";
import { type SyncPlan, type SyncTable, TOKEN_KINDS, type TokenKind } from "../plan.ts";
import { LOOKED_AT, LOOKS, MOST, WITHIN } from "../rules/looks.ts";
import { guessed } from "../skipped.ts";
import { MOST_BYTES, statesOf, type Unread } from "./origins.ts";

/**
 * Looks at the first rows of skipped tables for columns whose names do not say that they hold addresses or numbers of people. The
 * source counts; no value leaves it.
 * @returns the plan, in which originals of these are looked for as well, and the columns of which nothing is looked for
 */
export async function lookBehind(
  source: Database,
  plan: SyncPlan,
): Promise<{ readonly plan: SyncPlan; readonly unread: readonly Unread[] }> {
  const all = plan.tables.flatMap(({ schema, name, unnamed = [] }) => unnamed.map((column) => [schema, name, column]));
  if (all.length === 0) return { plan, unread: [] };
  const states = await statesOf(source, all);
  const unread = new Map<string, Unread>();
  const tables: SyncTable[] = [];
  for (const table of plan.tables) {
    const { schema, name, unnamed = [], behind = [] } = table;
    const stateOf = (column: string) => states.get([schema, name, column].join("\0"));
    const leave = (column: string, why: Unread["why"]): void => {
      const shown = reportedName(...(stateOf(column)?.root ?? [schema, name]), column);
      unread.set(shown, { column: shown, why });
    };
    const looked: string[] = [];
    for (const column of unnamed) {
      const state = stateOf(column);
      if (state?.readable !== true) leave(column, "right");
      else if (state.bytes > MOST_BYTES) leave(column, "size");
      else looked.push(column);
    }
    const kinds = looked.length === 0 ? [] : await kindsIn(source, table, looked);
    const found = looked.flatMap((column, at) => {
      const kind = kinds[at];
      if (kind === undefined) leave(column, "unlike");
      return kind === undefined ? [] : [guessed(column, kind)];
    });
    tables.push({ ...table, ...(found.length === 0 ? {} : { behind: [...behind, ...found] }) });
  }
  const searched = new Set(
    tables.flatMap(({ schema, name, behind = [] }) =>
      behind.map((column) =>
        reportedName(...(states.get([schema, name, column.name].join("\0"))?.root ?? [schema, name]), column.name),
      ),
    ),
  );
  // A partition may be empty, or hold other values than the next.
  return { plan: { ...plan, tables }, unread: [...unread.values()].filter(({ column }) => !searched.has(column)) };
}

/** What a text looks like, by kind: addresses anywhere in it count, numbers where nearly all texts are such. */
const KINDS = TOKEN_KINDS.flatMap((kind) => {
  const pattern = kind === "email" ? WITHIN : LOOKS.find(({ rule }) => rule === kind)?.pattern;
  return pattern === undefined ? [] : [{ kind, pattern, least: kind === "email" ? 0 : MOST }];
});

async function kindsIn(
  source: Database,
  { schema, name }: SyncTable,
  columns: readonly string[],
): Promise<(TokenKind | undefined)[]> {
  const texts = columns.map(
    (column, at) => `${quoteIdentifier(column)}::pg_catalog.text collate pg_catalog."C" as c${at}`,
  );
  const counts = columns.flatMap((_, at) => [
    `pg_catalog.count(c${at})::pg_catalog.float8 as n${at}`,
    ...KINDS.map(
      ({ kind, pattern }) =>
        `(pg_catalog.count(*) filter (where c${at} operator(pg_catalog.~) ${quoteLiteral(pattern)}))::pg_catalog.float8 as n${at}_${kind}`,
    ),
  ]);
  const [row] = await source.query<Record<string, number>>(
    `select ${counts.join(", ")} from (select ${texts.join(", ")} from only ${quoteQualified(schema, name)} limit ${LOOKED_AT}) seen`,
  );
  return columns.map((_, at) => {
    const all = row?.[`n${at}`] ?? 0;
    return KINDS.find(({ kind, least }) => {
      const share = all === 0 ? 0 : (row?.[`n${at}_${kind}`] ?? 0) / all;
      return share > 0 && share >= least;
    })?.kind;
  });
}
