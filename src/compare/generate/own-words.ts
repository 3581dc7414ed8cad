import type { Database, ResultListener } from "#database/database.ts";
import { rollback } from "#database/rollback.ts";
import { ConfitureError } from "#errors/error.ts";
import { splitStatements } from "#sql/split.ts";
import type { ObjectId } from "../engine/object-id.ts";
import type { PlannedStatement } from "../plan/statement.ts";
import { missingRole } from "#database/missing-roles.ts";
import { withMissingRoles } from "#scratch/missing.ts";
import type { Written, WrittenStatements } from "../sources/written.ts";
import { asInPlan } from "./as-in-plan.ts";
import { definitionQuery } from "./definition.ts";

/**
 * A planned statement in the words of the schema files, comments and all: PostgreSQL keeps what a view or a function means, and
 * writes it out in words of its own. Both are tried and taken back: the words of the files are taken where they make exactly
 * the same on a session that finds nothing without its schema.
 * @returns undefined where the files have no such words
 */
export async function inOwnWords(
  database: Database,
  statement: PlannedStatement,
  written: WrittenStatements,
): Promise<PlannedStatement | undefined> {
  const { sql, setting = "" } = statement;
  const [made, ...more] = madeBy(statement);
  if (made === undefined || more.length > 0 || !statement.transactional || !sql.startsWith("CREATE ")) return undefined;
  const definition = definitionQuery(made);
  // Its operators are found by the path that it is given.
  if (definition === undefined || setting.startsWith("search_path")) return undefined;
  const candidates = (await written.of(made)).filter(isTakenAsItIs).slice(0, TRIED);
  if (candidates.length === 0) return undefined;
  const own = await withMissingRoles(database, () =>
    firstThatMakesTheSame(database, statement, { made, definition }, candidates),
  );
  return own === undefined ? undefined : { ...statement, sql: own, planned: sql };
}

/** What is replaced is only needed by the statement, as the planner has it. */
function madeBy({ sql, makes, needs }: PlannedStatement): readonly ObjectId[] {
  return makes.length === 0 && sql.startsWith("CREATE OR REPLACE ") ? needs.slice(0, 1) : makes;
}

/** So many statements of one name are tried, the last of the files first. */
const TRIED = 4;

async function firstThatMakesTheSame(
  database: Database,
  { sql }: PlannedStatement,
  { made, definition }: { readonly made: ObjectId; readonly definition: string },
  candidates: readonly Written[],
): Promise<string | undefined> {
  const isReplacing = sql.startsWith("CREATE OR REPLACE ");
  try {
    const wanted = await resultOf(database, `${BEGIN};\n${sql};\n${NO_PATH}; ${definition}`);
    if (wanted === undefined) return undefined;
    for (const candidate of candidates) {
      const text = await asInPlan(database, candidate, made, isReplacing);
      const found = await resultOf(database, `rollback to savepoint before_it; ${NO_PATH};\n${text};\n${definition}`);
      if (found === wanted) return text;
      await database.execute(`rollback to savepoint before_it; ${NO_PATH}`);
    }
    return undefined;
  } finally {
    await rollback(database);
  }
}

/**
 * What the last of some statements gives, in one row with one column; undefined for none, and where PostgreSQL refuses one of them.
 * @throws ConfitureError for a role that is missing, which may be made
 */
async function resultOf(database: Database, sql: string): Promise<string | undefined> {
  let result: string | undefined;
  const listener: ResultListener = {
    columns: () => {},
    row: ([value]) => {
      result = value ?? undefined;
    },
    copied: () => {},
    completed: () => {},
    ready: () => {},
  };
  try {
    await database.execute(sql, listener);
    return result;
  } catch (error) {
    if (!(error instanceof ConfitureError) || error.server === undefined) throw error;
    if (missingRole(error.server) !== undefined) throw error;
    return undefined;
  }
}

const BEGIN = "begin; set local check_function_bodies = off; savepoint before_it";
const NO_PATH = "set local search_path = ''";

/**
 * Whether the words mean the same wherever they run, and in a file of migrations. `*` stands for the columns that there are when
 * it runs; WITH NO DATA would leave a view empty; and some comments are marks of other tools.
 */
function isTakenAsItIs({ node, text }: Written): boolean {
  if (!("CreateTrigStmt" in node) && JSON.stringify(node).includes('"A_Star"')) return false;
  if (/\bwith\s+(?:no\s+)?data$/i.test(text)) return false;
  const { comments } = splitStatements(text, 0, text.length, { comments: true });
  return !comments.some(({ start, end }) => end - start <= LONGEST_MARK && MARK.test(text.slice(start, end)));
}

const LONGEST_MARK = 120;
const MARK = /goose|migrat|micrate|rambler|liquibase|\b(?:ups?|downs?|undo|rollback|revert)\b|create above/i;
