import type { Database } from "#database/database.ts";
import { rollback } from "#database/rollback.ts";
import { quoteIdentifier, quoteLiteral, reportedName } from "#sql/quote.ts";
import { type Decision, OPEN, UNDECIDED } from "./decision.ts";
import { mayBeTold, sampleOf } from "./document-sample.ts";
import type { SourceColumn, SourceTable } from "./source/catalogue.ts";
import { guessText, namesSensitive } from "./rules/guess.ts";
import { LOOKS, MOST } from "./rules/looks.ts";
import { yamlPath } from "./rules/yaml-key.ts";
import { readingFailed } from "./run/reading-failed.ts";
import { type Homes, homesFor, sharedRule } from "./shared-values.ts";
import { familyOf } from "./transforms/registry.ts";

/** Of how many columns there may be documents to look into: each gets a part of what is looked at. */
const COLUMNS = 10;

/** How deep documents are looked into. */
const DEEPEST = 6;

/** The longest rule in one line. */
const WIDTH = 100;

/** Kinds of values that a rule is for, as `jsonb_typeof` calls them. */
const SCALARS = ["string", "number", "boolean"];

/** A value, or an array of such, that needs a rule. */
interface Leaf {
  /** "friends[].phone" */
  readonly path: string;
  /** The last key. */
  readonly key: string;
  /** The same path for SQL/JSON. */
  readonly jsonpath: string;
  readonly kinds: readonly string[];
  /** The place in LOOKS of what most of its texts look like. */
  readonly look: number | null;
}

/** What is proposed for columns of documents, whose names say nothing. */
export async function decideDocuments(
  database: Database,
  table: SourceTable,
  homes: Homes,
): Promise<ReadonlyMap<SourceColumn, Decision>> {
  const decided = new Map<SourceColumn, Decision>();
  for (const column of table.columns) {
    if (column.generated || column.isArray || familyOf(column) !== "json") continue;
    const decision = await decideDocument(database, table, column, homes);
    if (decision !== undefined) decided.set(column, decision);
  }
  return decided;
}

async function decideDocument(
  database: Database,
  table: SourceTable,
  column: SourceColumn,
  homes: Homes,
): Promise<Decision | undefined> {
  const shown = reportedName(table.schema, table.name);
  const { leaves, untold, from } = await look(database, table, column).catch((error: unknown) => {
    throw readingFailed(error, shown);
  });
  const kept: string[] = [];
  const rules: string[] = [];
  for (const { path, key, jsonpath, kinds, look: at } of leaves) {
    if (kinds.every((kind) => kind === "boolean") && !namesSensitive(path)) {
      kept.push(yamlPath(path));
      continue;
    }
    const guess = kinds.includes("string") ? (guessText(key) ?? LOOKS[at ?? -1]?.rule) : undefined;
    const some = homesFor(homes, guess, table);
    const values = `select f.v #>> '{}' as v from (select source.${quoteIdentifier(column.name)}::jsonb as d ${from}) s, jsonb_path_query(s.d, ${quoteLiteral(jsonpath)}) f (v) where jsonb_typeof(f.v) = 'string'`;
    const shared = await sharedRule(database, some, values, shown);
    rules.push(`${yamlPath(path)}: ${guess === undefined || guess === UNDECIDED ? OPEN : (shared?.rule ?? guess)}`);
  }
  if (rules.length + kept.length === 0) return undefined;
  const keep = kept.length === 0 ? [] : [`keep: [${kept.join(", ")}]`];
  const json = rules.length === 0 ? "json: {}" : `json: { ${rules.join(", ")} }`;
  const rule = `{ ${[json, ...keep].join(", ")} }`;
  const lines = [rules.length === 0 ? "json: {}" : "json:", ...rules.map((line) => `  ${line}`), ...keep];
  const why = untold === 0 ? {} : { why: `${untold} other ${untold === 1 ? "key is" : "keys are"} left out` };
  return { rule, ...(rule.length > WIDTH ? { lines } : {}), ...why, otherwise: { rule: UNDECIDED } };
}

/** Looks for the paths of documents. No value is read, and no key that may be one. */
async function look(
  database: Database,
  table: SourceTable,
  column: SourceColumn,
): Promise<{ readonly leaves: readonly Leaf[]; readonly untold: number; readonly from: string }> {
  const name = `source.${quoteIdentifier(column.name)}`;
  const leaves: Leaf[] = [];
  let untold = 0;
  try {
    await database.execute(
      "begin isolation level repeatable read read only; set local row_security = off; set local search_path = pg_catalog, pg_temp",
    );
    const { from } = await sampleOf(database, table, name, COLUMNS);
    const visit = async (path: string, key: string, jsonpath: string, depth: number): Promise<readonly string[]> => {
      const [at] = await database.query<At>(queryAt(`select ${name}::jsonb as d ${from}`, jsonpath));
      const { kinds = [], look: most = null, keys = 0, told = [] } = at ?? {};
      untold += keys - told.length;
      const elements = kinds.includes("array") ? await visit(`${path}[]`, key, `${jsonpath}[*]`, depth + 1) : [];
      const scalars = kinds.filter((kind) => SCALARS.includes(kind));
      // Elements that are replaced one by one, by the rule of their array.
      const isOfArray = path.endsWith("[]");
      const own = [...new Set([...scalars, ...elements])];
      if (!isOfArray && own.length > 0) leaves.push({ path, key, jsonpath: `${jsonpath}[*]`, kinds: own, look: most });
      if (depth >= DEEPEST) return scalars;
      for (const each of told)
        await visit(path === "" ? each : `${path}.${each}`, each, `${jsonpath}.${JSON.stringify(each)}`, depth + 1);
      return scalars;
    };
    await visit("", column.name, "$", 0);
    return { leaves: leaves.filter(({ path }) => path !== ""), untold, from };
  } finally {
    await rollback(database);
  }
}

/** What is at a path. */
interface At {
  readonly kinds: readonly string[];
  readonly look: number | null;
  /** How many different keys the objects there have, and those of them that may be told. */
  readonly keys: number;
  readonly told: readonly string[];
}

/** @param documents SQL of a query for documents `d` */
function queryAt(documents: string, jsonpath: string): string {
  const looks = LOOKS.map(
    ({ pattern }, at) => `when ${MOST} * count(t) <= count(*) filter (where t ~ ${quoteLiteral(pattern)}) then ${at}`,
  ).join(" ");
  const told = mayBeTold("key", {
    documents: "documents",
    all: "(select count(*) from seen)",
    keys: "(select count(*) from found)",
  });
  return `with seen as materialized (${documents}),
    there as materialized (select row_number() over () as n, d from seen),
    places as materialized (select n, f.v from there, jsonb_path_query(d, ${quoteLiteral(jsonpath)}) f (v)),
    found as (select e.key, count(distinct n) as documents
                from places, jsonb_each(case jsonb_typeof(v) when 'object' then v end) e group by e.key),
    texts as (select e #>> '{}' as t from places, jsonb_path_query(v, '$[*]') f (e) where jsonb_typeof(e) = 'string')
  select coalesce((select array_agg(distinct jsonb_typeof(v)) from places), '{}') as kinds,
         (select case when count(t) = 0 then null ${looks} end from texts)::int as look,
         (select count(*) from found)::float8 as keys,
         coalesce((select json_agg(key order by documents desc, key) filter (where ${told}) from found), '[]') as told`;
}
