import { withOwnOperators } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import { readRoutines } from "#migrate/warnings/known-code.ts";
import { type Parser, withParser } from "#sql/parser.ts";
import type { SyncFinding, Trial } from "../finding.ts";
import { asksForTime } from "./one-moment.ts";
import { type Called, OWN, reachedFrom } from "./reached.ts";
import { isSettled } from "./settled.ts";
import { choiceFault } from "./sql-reach.ts";

/** Whether a function changes what it may see, by the setting that a copy relies on. */
const UNLIMITED = withOwnOperators(`
  select p.oid::pg_catalog.regprocedure::pg_catalog.text as name from pg_catalog.pg_proc p
   where p.oid >= ${OWN} and p.proname = any (array(select pg_catalog.json_array_elements_text($1::pg_catalog.text::pg_catalog.json)::pg_catalog.name))
     and exists (select from pg_catalog.unnest(p.proconfig) s (setting) where s.setting ~* '^row_security=(on|true|yes|1)$') order by p.oid`);

interface Fault {
  /** What the condition does, in words that go on from its name. */
  readonly does: string;
  readonly fix: string;
}

/**
 * Asks the database what conditions call, also by operators, casts, views and domains, and says which of them may choose other rows in
 * the next query of a copy. A function of the database's own that says that it is STABLE or IMMUTABLE is believed.
 * @param database in a transaction, with the search_path of the copy's queries
 */
export async function unsteadyConditions(database: Database, trials: readonly Trial[]): Promise<SyncFinding[]> {
  if (trials.length === 0) return [];
  return await withParser(async (parser) => {
    const findings: SyncFinding[] = [];
    for (const { sql, finding } of trials) {
      const fault = await faultOf(database, parser, sql);
      if (fault !== undefined)
        findings.push({ ...finding, message: `${finding.message} ${fault.does}`, fix: fault.fix });
    }
    return findings;
  });
}

async function faultOf(database: Database, parser: Parser, condition: string): Promise<Fault | undefined> {
  for await (const { behind, by, sql, read, called } of reachedFrom(database, parser, condition)) {
    if (sql === null)
      return {
        does: `reads ${behind}${byWayOf(by)}, which is outside the moment of the copy: it may give something else in each query, so that rows would be missing`,
        fix: "Choose rows by what tables of this database hold",
      };
    if (read === undefined)
      return { does: `uses ${behind}, which cannot be read`, fix: "Write what it does in the condition itself" };
    const { statements, mentions } = read;
    const unsteady = behind === undefined ? undefined : faultBehind(statements);
    if (unsteady !== undefined)
      return { does: `uses ${behind}: ${unsteady}`, fix: `Write what ${behind} chooses in the condition itself` };
    const volatile = called.find(({ isVolatile }) => isVolatile);
    if (volatile !== undefined) return faultOfVolatile(volatile, behind);
    const unsettled = called.find(({ isOwn, bare, takes }) => !isOwn && !isSettled({ name: bare, takes }));
    if (unsettled !== undefined) return faultOfUnsettled(unsettled, behind);
    const counter = IN_PLACE.find((column) => mentions.some(({ kind, name }) => kind === "field" && name === column));
    if (
      counter !== undefined &&
      mentions.some(({ kind, name }) => kind === "relation" && /^pg_(?:class|database)$/.test(name))
    )
      return {
        does: `reads "${counter}"${byWayOf(behind)}, which VACUUM changes for all at once: it may be another one in each query of a copy, so that rows would be missing`,
        fix: "Choose rows by what tables hold",
      };
    const unlimited = await unlimitedAmong(database, called);
    if (unlimited !== undefined)
      return {
        does: `calls ${unlimited}, which turns row_security on: policies would hide rows from it without an error`,
        fix: `Leave it to the session: ALTER FUNCTION ${unlimited} RESET row_security;`,
      };
  }
  return undefined;
}

function faultBehind(statements: unknown): string | undefined {
  return (
    choiceFault(statements) ??
    (asksForTime(statements) ? "It asks for the time, which is another one in each query" : undefined)
  );
}

function faultOfVolatile({ name, way, isOwn }: Called, behind: string | undefined): Fault {
  return {
    does: `calls ${name}${byWayOf(way, behind)}, which is VOLATILE: it may give another result in each query of a copy, so that rows would be missing`,
    fix: isOwn
      ? `If it always gives the same while the data stays the same, say so: ALTER FUNCTION ${name} STABLE; otherwise leave it out`
      : "Leave it out. `sample: 10%` chooses rows by chance, the same ones each time",
  };
}

function faultOfUnsettled({ bare, way }: Called, behind: string | undefined): Fault {
  return {
    does: `calls ${bare}()${byWayOf(way, behind)}, which tells of the session, the server or the time: it may give another result in each query of a copy, so that rows would be missing`,
    fix: bare === "age" ? "Say since when: age(CURRENT_DATE, ...)" : "Choose rows by what tables hold",
  };
}

function byWayOf(...by: readonly (string | null | undefined)[]): string {
  const ways = by.filter((each) => each !== undefined && each !== null);
  return ways.length === 0 ? "" : ` (by ${ways.join(", of ")})`;
}

/** Columns of the catalogue that are written over, whoever reads them. */
const IN_PLACE = "relpages reltuples relallvisible relallfrozen relfrozenxid relminmxid datfrozenxid datminmxid".split(
  " ",
);

/** A function that turns row_security on, among these and all that they call. */
async function unlimitedAmong(database: Database, called: readonly Called[]): Promise<string | undefined> {
  const own = called.filter(({ isOwn }) => isOwn).map(({ bare }) => bare);
  if (own.length === 0) return undefined;
  const reached = (await readRoutines(database, own)).map(([bare]) => bare);
  const [found] = await database.query<{ name: string }>(UNLIMITED, [JSON.stringify([...own, ...reached])]);
  return found?.name;
}
