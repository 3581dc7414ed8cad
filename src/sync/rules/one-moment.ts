import type { Database } from "#database/database.ts";
import { type Node, offsetOfByte, type Parser, strings, withParser } from "#sql/parser.ts";
import type { PlacedText, Rules } from "./rules.ts";

/**
 * The rules with the moment of the source in the place of `now()` and the like. Each stream of a copy has a transaction of its own, and
 * so a time of its own: an order could be too old in one of them, and its items young enough in another.
 */
export async function atOneMoment(database: Database, rules: Rules): Promise<Rules> {
  const conditions = [...rules.tables.map(({ rows }) => rows), ...rules.references.map(({ where }) => where)];
  if (!conditions.some((condition) => condition !== undefined && MAY_ASK.test(condition.text))) return rules;
  const [row] = await database.query<{ now: string }>(
    "select pg_catalog.to_char(pg_catalog.now() at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') as now",
  );
  const moment = `'${row?.now ?? ""}+00'::pg_catalog.timestamptz`;
  return await withParser((parser) => {
    const fixed = (condition: PlacedText): PlacedText => {
      const text = withMoment(parser, condition.text, moment);
      return text === condition.text ? condition : { ...condition, text, shown: condition.text };
    };
    return {
      ...rules,
      tables: rules.tables.map((table) => (table.rows === undefined ? table : { ...table, rows: fixed(table.rows) })),
      references: rules.references.map((one) => (one.where === undefined ? one : { ...one, where: fixed(one.where) })),
    };
  });
}

const MAY_ASK = /now|transaction_timestamp|current_|local/i;

/**
 * A condition with a moment where it asks for the time; as it is where it is no condition. Pure.
 * @param moment a `timestamptz` in SQL
 */
export function withMoment(parser: Parser, condition: string, moment: string): string {
  const before = "SELECT WHERE (";
  const whole = `${before}${condition}\n)`;
  const statements = parser.parseAll(whole);
  if (statements === undefined) return condition;
  let text = condition;
  for (const { location, type } of asked(statements).toSorted((a, b) => b.location - a.location)) {
    const start = offsetOfByte(whole, location) - before.length;
    const [written] = AS_WRITTEN.exec(text.slice(start)) ?? [];
    if (written === undefined) continue;
    text = `${text.slice(0, start)}(${moment}${type === undefined ? "" : `::pg_catalog.${type}`})${text.slice(start + written.length)}`;
  }
  return text;
}

/** Whether SQL asks for the time. Pure. */
export function asksForTime(statements: unknown): boolean {
  return asked(statements).length > 0;
}

/** What asks for the time, with its brackets. */
const AS_WRITTEN =
  /^(?:(?:"?pg_catalog"?\s*\.\s*)?"?(?:now|transaction_timestamp)"?\s*\(\s*\)|(?:current|local)_?(?:date|timestamp|time)\b(?:\s*\(\s*\d+\s*\))?)/i;

interface Asked {
  readonly location: number;
  /** What a `timestamptz` becomes. */
  readonly type: string | undefined;
}

function asked(value: unknown): Asked[] {
  if (Array.isArray(value)) return value.flatMap(asked);
  if (typeof value !== "object" || value === null) return [];
  const { FuncCall: call, SQLValueFunction: asking } = value as {
    readonly FuncCall?: { readonly funcname?: readonly Node[]; readonly location?: number };
    readonly SQLValueFunction?: { readonly op: string; readonly typmod?: number; readonly location?: number };
  };
  const name = strings(call?.funcname ?? []).join(".");
  if (/^(?:pg_catalog\.)?(?:now|transaction_timestamp)$/.test(name))
    return [{ location: call?.location ?? 0, type: undefined }];
  const type = TYPES[asking?.op.replace(/^SVFOP_|_N$/g, "") ?? ""];
  if (asking === undefined || type === undefined) return Object.values(value).flatMap(asked);
  const { typmod = 0, location = 0 } = asking;
  return [{ location, type: typmod < 0 ? type : `${type}(${typmod})` }];
}

const TYPES: Readonly<Record<string, string>> = {
  CURRENT_DATE: "date",
  CURRENT_TIME: "timetz",
  CURRENT_TIMESTAMP: "timestamptz",
  LOCALTIME: "time",
  LOCALTIMESTAMP: "timestamp",
};
