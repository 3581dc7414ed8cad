import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import { offsetOfByte, type Parser, withParser } from "#sql/parser.ts";
import type { SyncFinding, Trial } from "../finding.ts";
import { nodesIn } from "./sql-reach.ts";

/** Words that types of dates and times read as a moment of the query: in a date, a range, an array. */
const WORD = /\b(?:now|today|tomorrow|yesterday)\b/i;

/** A literal where it begins in SQL. Of one in dollars, nobody writes a date. */
const LITERAL = /^(?:e|u&)?'(?:[^']|'')*'/i;

/**
 * Texts in SQL of the rules that PostgreSQL reads as a moment, such as 'yesterday' beside a date: they mean another one in each query and
 * each run. PostgreSQL is asked: a word that is none makes such a text invalid, and no other.
 * @param database in a transaction, with the search_path of the copy's queries
 * @param trials that PostgreSQL can parse
 */
export async function movingMoments(database: Database, trials: readonly Trial[]): Promise<SyncFinding[]> {
  const suspects = trials.filter(({ kind, sql }) => kind === "parse" && WORD.test(sql));
  if (suspects.length === 0) return [];
  return await withParser(async (parser) => {
    const findings: SyncFinding[] = [];
    for (const { sql, finding, locate } of suspects) {
      for (const { start, text } of suspectedIn(parser, sql)) {
        const other = sql.slice(0, start) + text.replace(WORD, "confiture") + sql.slice(start + text.length);
        if (!(await isNoMoment(database, other))) continue;
        const each = finding.column === undefined ? "in each query: write now() or CURRENT_DATE" : EACH_RUN;
        findings.push({
          ...finding,
          message: `The moment of ${text} is another one ${each}`,
          location: locate?.(start) ?? finding.location,
        });
      }
    }
    return findings;
  });
}

const EACH_RUN = "in each run: an expression computes of the values of its row alone";

interface Suspect {
  /** Where the literal begins. */
  readonly start: number;
  readonly text: string;
}

function suspectedIn(parser: Parser, sql: string): Suspect[] {
  return [...nodesIn(parser.parseAll(sql) ?? [])].flatMap(([kind, fields]): Suspect[] => {
    const { sval, location = 0 } = fields as { readonly sval?: { readonly sval?: string }; readonly location?: number };
    if (kind !== "A_Const" || !WORD.test(sval?.sval ?? "")) return [];
    const start = offsetOfByte(sql, location);
    const [text] = LITERAL.exec(sql.slice(start)) ?? [];
    return text === undefined || !WORD.test(text) ? [] : [{ start, text }];
  });
}

/** Whether PostgreSQL says of SQL that a text in it is no date or time (invalid_datetime_format). */
async function isNoMoment(database: Database, sql: string): Promise<boolean> {
  await database.execute("savepoint moment");
  try {
    await database.execute(`prepare confiture_moment as ${sql}; deallocate confiture_moment`);
    return false;
  } catch (error) {
    if (!(error instanceof ConfitureError) || error.code !== "sql_failed") throw error;
    return error.server?.sqlstate === "22007";
  } finally {
    await database.execute("rollback to savepoint moment");
  }
}
