import { withParser } from "#sql/parser.ts";
import { codePointOffset } from "#sql/position.ts";
import { parseQualifiedName, reportedName } from "#sql/quote.ts";
import type { Database } from "#database/database.ts";
import { ConfitureError, type Location } from "#errors/error.ts";
import { nearest } from "#errors/suggest.ts";
import type { SyncFinding, Trial } from "./finding.ts";
import type { Planned, Reads, SyncPlan } from "./plan.ts";
import { SEARCH_PATH } from "./plain.ts";
import { readingAsPlanned } from "./reading-as-planned.ts";
import { readingFailed } from "./run/reading-failed.ts";
import { reachesWhatMayFail } from "./rules/may-fail.ts";
import { mentionsIn } from "./rules/mentions.ts";
import { movingMoments } from "./rules/moments.ts";
import { unfitFindings, type UnfitValue } from "./rules/unfit-values.ts";
import { requireRights } from "./run/rights.ts";
import { unsteadyConditions } from "./rules/steady.ts";

/**
 * Asks PostgreSQL what it says to a plan: about conditions and expressions of the rules, and whether every query can be run.
 * Nothing is written. Words of PostgreSQL are passed on only where nothing but the rules can be in them.
 * @param database in no transaction
 * @throws ConfitureError `sync_source_failed` where the source cannot be read
 */
export async function tryPlan(
  database: Database,
  { plan, trials, reads }: Extract<Planned, { readonly kind: "plan" }>,
): Promise<SyncFinding[]> {
  await requireRights(database, "source", await withNamed(reads, plan, trials));
  return await readingAsPlanned(database, plan, async () => {
    // What cannot be parsed makes every query with it fail.
    const texts = await answers(
      database,
      trials.filter(({ kind }) => kind === "parse" || kind === "value"),
    );
    if (texts.length > 0) return texts;
    const moving = await movingMoments(database, trials);
    if (moving.length > 0) return moving;
    const unsteady = await unsteadyConditions(
      database,
      trials.filter(({ kind }) => kind === "steady"),
    );
    if (unsteady.length > 0) return unsteady;
    // What a condition fails on, every query with it fails on.
    const needed = await neededOf(database, trials);
    const onRows = await answers(
      database,
      needed.filter(({ kind }) => kind === "rows"),
    );
    if (onRows.length > 0) return onRows;
    for (const { schema, name, query, mode } of plan.tables) {
      if (mode === "skip") continue;
      try {
        // As far as to its start: names, types and rights are looked at, and no row.
        await database.execute(`explain ${query}`);
      } catch (error) {
        throw readingFailed(error, reportedName(schema, name));
      }
    }
    return await answers(
      database,
      needed.filter(({ kind }) => kind === "count" || kind === "refused"),
    );
  });
}

/**
 * Findings of a plan that could not be made, with references first whose columns PostgreSQL does not compare, in place of what they would
 * have to agree in.
 * @param database in no transaction
 */
export async function comparedFirst(
  database: Database,
  { findings, comparing }: Extract<Planned, { readonly kind: "findings" }>,
): Promise<readonly SyncFinding[]> {
  const isOfAgreement = ({ rule }: SyncFinding): boolean => /^(?:kept|transformed|disagreeing)-reference$/.test(rule);
  if (comparing.length === 0 || !findings.some(isOfAgreement)) return findings;
  const found = await readingAsPlanned(database, { settings: [SEARCH_PATH] }, () => answers(database, comparing));
  return [
    ...found,
    ...findings.filter((finding) => !isOfAgreement(finding) || !found.some((one) => isOfSame(one, finding))),
  ];
}

/** Trials without those of SQL in which nothing may fail on a row. */
async function neededOf(database: Database, trials: readonly Trial[]): Promise<Trial[]> {
  if (trials.every(({ ifMayFail }) => ifMayFail === undefined)) return [...trials];
  return await withParser(async (parser) => {
    const needed: Trial[] = [];
    for (const trial of trials) {
      const { ifMayFail } = trial;
      if (ifMayFail === undefined || (await reachesWhatMayFail(database, parser, ifMayFail))) needed.push(trial);
    }
    return needed;
  });
}

/** With what conditions name besides, and the schemas of types that values are cast to. */
async function withNamed(reads: Reads, { tables }: SyncPlan, trials: readonly Trial[]): Promise<Reads> {
  const conditions = trials.filter(({ kind }) => kind === "steady");
  const mentions =
    conditions.length === 0
      ? []
      : await withParser((parser) => conditions.flatMap(({ sql }) => mentionsIn(parser, sql)?.mentions ?? []));
  const relations = mentions.filter(({ kind }) => kind === "relation");
  const transformed = tables.flatMap(({ columns }) => columns.filter(({ treatment }) => treatment === "transform"));
  return {
    ...reads,
    tables: [...reads.tables, ...relations.map(({ schema, name }) => ({ schema: schema ?? "public", name }))],
    schemas: [
      ...mentions.flatMap(({ schema }) => (schema === null ? [] : [schema])),
      // "billing.mail[]"
      ...transformed.flatMap(({ type }) => parseQualifiedName(type.replace(/[([].*$/, ""))?.schema ?? []),
    ],
  };
}

async function answers(database: Database, trials: readonly Trial[]): Promise<SyncFinding[]> {
  const findings: SyncFinding[] = [];
  for (const trial of trials) {
    await database.execute("savepoint trial");
    findings.push(...(await answer(database, trial, findings)));
    await database.execute("rollback to savepoint trial");
  }
  return findings;
}

async function answer(
  database: Database,
  trial: Trial,
  earlier: readonly SyncFinding[],
): Promise<readonly SyncFinding[]> {
  const { kind, sql, finding, columns } = trial;
  try {
    if (kind === "parse") await database.execute(`${PREPARE}${sql}; deallocate confiture_trial`);
    else if (kind === "value" || kind === "rows") await database.execute(sql);
    else {
      const [row] = await database.query<{ refused: number | boolean; found?: string }>(sql);
      const refused = Number(row?.refused ?? 0);
      if (refused === 0) return [];
      if (kind === "refused") return [finding];
      if (row?.found !== undefined) return unfitFindings(JSON.parse(row.found) as UnfitValue[], trial);
      return [{ ...finding, message: `${finding.message} (${refused} ${refused === 1 ? "row" : "rows"})` }];
    }
    return [];
  } catch (error) {
    if (!(error instanceof ConfitureError) || error.code !== "sql_failed") throw readingFailed(error, finding.table);
    // PostgreSQL's advice is about SQL, of which such a rule has none.
    const isOfNames = finding.rule === "uncomparable-reference";
    if (kind === "parse" || kind === "value")
      return [
        {
          ...finding,
          message: `${finding.message}: ${error.server?.message ?? error.message}`,
          fix: fixOfColumn(error, sql, columns ?? []) ?? (isOfNames ? undefined : error.server?.hint) ?? finding.fix,
          location: placeOf(error, trial) ?? finding.location,
        },
      ];
    const sqlstate = error.server?.sqlstate ?? "";
    const isRaised = error.server?.routine === RAISE;
    if (!isRaised && FROM_OUTSIDE.test(sqlstate)) throw readingFailed(error, finding.table);
    const failed =
      finding.rule === "fails-on-rows" ? { ...finding, fix: fixOnRow(isRaised ? "" : sqlstate, kind) } : finding;
    // not_null_violation, check_violation, string_data_right_truncation, of a domain
    if (!isRaised && /^(?:23502|23514|22001)$/.test(sqlstate)) return [failed];
    // What fails on a row fails in whatever is asked of its results.
    if (earlier.some((one) => isOfSame(one, finding))) return [];
    const data = isRaised ? "a function raises an error" : (DATA_ERRORS[sqlstate] ?? "PostgreSQL refuses a value");
    return [{ ...failed, message: `${finding.message}: ${data} (SQLSTATE ${sqlstate})` }];
  }
}

function isOfSame(one: SyncFinding, { table, column }: SyncFinding): boolean {
  return column !== undefined && one.column === column && one.table === table;
}

const PREPARE = "prepare confiture_trial as ";

/** Where in the rules PostgreSQL says that it is. */
function placeOf({ server }: ConfitureError, { sql, locate }: Trial): Location | undefined {
  if (server?.position === undefined || locate === undefined) return undefined;
  return locate(codePointOffset(PREPARE + sql, server.position) - PREPARE.length);
}

/** Where SQL names a column that is not there (undefined_column): one that is. */
function fixOfColumn({ server }: ConfitureError, sql: string, columns: readonly string[]): string | undefined {
  if (server?.sqlstate !== "42703" || server.position === undefined) return undefined;
  const text = PREPARE + sql;
  const named = /^(?:[\w$]+\.)*"?([^\s".,()]+)/u.exec(text.slice(codePointOffset(text, server.position)))?.[1];
  const near = named === undefined ? undefined : nearest(named, columns);
  return near === undefined ? undefined : `Did you mean "${near}"?`;
}

/** Where PL/pgSQL raises what a function says, with whatever SQLSTATE (pl_exec.c). */
const RAISE = "exec_stmt_raise";

/**
 * What comes of the server, the session or the role, and of no value: connections, timeouts, replay, rights, memory, locks, shutdown, files,
 * and faults of PostgreSQL itself. Everything else comes of what SQL does with a row.
 */
const FROM_OUTSIDE = /^(?:|08...|25P0[34]|40...|42501|53...|55P03|5[78]...|XX...)$/;

/** How to keep SQL from what it fails on, by the kind of the error. */
function fixOnRow(sqlstate: string, kind: Trial["kind"]): string {
  const compared = kind === "rows" ? " > 5" : "";
  if (sqlstate === "22012")
    return `Ask first whether the value is fit for it: CASE WHEN amount <> 0 THEN 100 / amount${compared} END`;
  if (sqlstate === "21000") return "Let the query in brackets give one row: (SELECT max(...) ...)";
  if (sqlstate.startsWith("22"))
    return `Ask first whether a value has the form: CASE WHEN code ~ '^[0-9]{1,9}$' THEN code::int${compared} END`;
  return `Call the function only for values that it takes: CASE WHEN code <> '' THEN function(code)${compared} END`;
}

/** What may be said in place of PostgreSQL's words, which quote the value. */
const DATA_ERRORS: Readonly<Record<string, string>> = {
  "22P02": "a value is not of the form that a cast needs",
  "22003": "a number is out of range",
  "22007": "a value is no date or time",
  "22008": "a date or time is out of range",
  "22012": "division by zero",
  "21000": "a query in place of a value gives more than one row",
};
