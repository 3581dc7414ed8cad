import type { Database } from "#database/database.ts";
import { nearest } from "#errors/suggest.ts";
import { quoteIdentifier, quoteQualified, reportedName } from "#sql/quote.ts";
import { mayBeTold, sampleOf } from "./document-sample.ts";
import type { SyncColumn, SyncInside, SyncPlan, SyncTable } from "./plan.ts";
import { readingAsPlanned } from "./reading-as-planned.ts";
import { readingFailed } from "./run/reading-failed.ts";
import { partsOf } from "./transforms/json-places.ts";

/** What to say of documents before they are copied. */
export interface DocumentPaths {
  /** Paths of rules that no row of the source has. */
  readonly warnings: readonly string[];
  /** Keys that are left out, as no rule names them. */
  readonly notes: readonly string[];
}

/** A column of documents in every table that its rule is for: partitions, and tables of several schemas. */
interface Documents {
  readonly column: SyncColumn;
  readonly tables: SyncTable[];
}

/** Keys of documents that no rule names, by the path of the object that they are in. */
interface Unruled {
  readonly path: string;
  readonly keys: number;
  /** Those whose names may be told, with the number of documents. */
  readonly named: readonly (readonly [key: string, documents: number])[];
}

/**
 * Looks for paths of rules that no row of the source has, and for keys in its documents that no rule names. No value leaves the source,
 * and of keys only those that are no values themselves.
 * @param database in no transaction
 * @throws ConfitureError `sync_source_failed`
 */
export async function lookAtDocuments(database: Database, plan: SyncPlan): Promise<DocumentPaths> {
  const all = documentsIn(plan);
  if (all.length === 0) return { warnings: [], notes: [] };
  try {
    return await readingAsPlanned(database, plan, async () => {
      const found = [];
      for (const documents of all) found.push(await look(database, documents));
      return { warnings: found.flatMap(({ warnings }) => warnings), notes: found.flatMap(({ notes }) => notes) };
    });
  } catch (error) {
    throw readingFailed(error);
  }
}

function documentsIn({ tables }: SyncPlan): Documents[] {
  const found = new Map<string, Documents>();
  for (const table of tables) {
    for (const column of table.columns) {
      if (column.unruled === undefined) continue;
      const key = JSON.stringify([column.name, column.ruledBy]);
      const known = found.get(key);
      if (known === undefined) found.set(key, { column, tables: [table] });
      else known.tables.push(table);
    }
  }
  return [...found.values()];
}

async function look(source: Database, documents: Documents): Promise<DocumentPaths> {
  const { column, tables } = documents;
  const written = [...(column.inside ?? []), ...(column.kept ?? []).map((each) => ({ ...each, transform: "keep" }))];
  const unmatched = new Set(written.keys());
  const seen: Seen[] = [];
  for (const table of tables) {
    const one = await lookAtSample(source, documents, table, [...unmatched]);
    for (const index of one.matched) unmatched.delete(index);
    seen.push(one);
  }
  const isWhole = seen.every((one) => one.isWhole);
  const sum = {
    isWhole,
    seen: seen.reduce((all, one) => all + one.seen, 0),
    unruled: sumOf(seen.flatMap((one) => one.unruled)),
  };
  // What these documents do not have, others may have.
  if (!isWhole)
    for (const index of unmatched)
      for (const table of tables) if (await hasPath(source, table, column.name, index)) unmatched.delete(index);
  const [first = "", ...others] = new Set(
    tables.map((table) => table.partOf ?? reportedName(table.schema, table.name)),
  );
  const shown = `${first}.${reportedName(column.name)}${others.length === 0 ? "" : ` and ${others.length} more`}`;
  const there = [
    ...written.flatMap(({ path }, index) => (unmatched.has(index) ? [] : [path])),
    ...sum.unruled.flatMap(({ path, named }) => named.map(([key]) => below(path, key))),
  ];
  return {
    // Without a document nothing can be said.
    warnings:
      sum.seen === 0
        ? []
        : [...unmatched].map((index) => unmatchedWarning(written[index]!, shown, likely(written[index]!.path, there))),
    notes: sum.unruled.length === 0 ? [] : [unruledNote(shown, sum)],
  };
}

/** Queries for the values of a column's paths: first those that are replaced, then those that stay. */
function valuesOf({ columns }: SyncTable, name: string): string[] {
  const { inside = [], kept = [] } = columns.find((column) => column.name === name)!;
  return [...inside, ...kept].map(({ values }) => values);
}

interface Seen {
  readonly seen: number;
  readonly isWhole: boolean;
  readonly matched: ReadonlySet<number>;
  readonly unruled: readonly Unruled[];
}

/** @param asked which paths are looked for */
async function lookAtSample(
  source: Database,
  { tables, column: { name } }: Documents,
  table: SyncTable,
  asked: readonly number[],
): Promise<Seen> {
  const column = quoteIdentifier(name);
  const { unruled: query } = table.columns.find((one) => one.name === name)!;
  const { from, most, isWhole } = await sampleOf(source, table, `source.${column}`, tables.length);
  const values = valuesOf(table, name);
  const matched = asked.map(
    (index) => `exists (select from seen source, lateral (${values[index]!}) each (v) where each.v is not null)`,
  );
  const told = mayBeTold("key", { documents: "documents", all: "(select count(*) from seen)", keys: "keys" });
  const [row] = await source.query<{ seen: number; matched: boolean[]; unruled: Unruled[] }>(
    `with seen as materialized (select source.${column} ${from}),
          found as (select each.path, each.key, count(*) as documents, count(*) over (partition by each.path) as keys
                      from seen source, lateral (select distinct u.path, u.key from (${query}) u (path, key)) each
                     group by each.path, each.key),
          places as (select path, count(*) as keys, json_agg(json_build_array(key, documents)) filter (where ${told}) as named
                       from found group by path)
     select (select count(*) from seen)::float8 as seen, array[${matched.join(", ")}]::bool[] as matched,
            coalesce((select json_agg(json_build_object('path', path, 'keys', keys, 'named', coalesce(named, '[]')) order by path)
                        from places), '[]') as unruled`,
  );
  const { seen = 0, matched: has = [], unruled = [] } = row ?? {};
  return {
    seen,
    isWhole: isWhole && seen < most,
    matched: new Set(asked.filter((_, at) => has[at] === true)),
    unruled,
  };
}

/** Whether any row of a table has a path. */
async function hasPath(source: Database, table: SyncTable, name: string, index: number): Promise<boolean> {
  const [row] = await source.query<{ has: boolean }>(
    `select exists (select from only ${quoteQualified(table.schema, table.name)} source,
                           lateral (${valuesOf(table, name)[index]!}) each (v) where each.v is not null) as has`,
  );
  return row?.has === true;
}

/** The keys of several tables together; of different keys there are at least as many as the table with most has. */
function sumOf(all: readonly Unruled[]): Unruled[] {
  const paths = Map.groupBy(all, ({ path }) => path);
  return [...paths].map(([path, some]) => {
    const named = Map.groupBy(
      some.flatMap((each) => each.named),
      ([key]) => key,
    );
    const summed = [...named].map(([key, counts]) => [key, counts.reduce((sum, [, count]) => sum + count, 0)] as const);
    return { path, keys: Math.max(summed.length, ...some.map(({ keys }) => keys)), named: summed };
  });
}

function unmatchedWarning(
  { path, transform, location: { file, line, column: at } }: Pick<SyncInside, "path" | "transform" | "location">,
  shown: string,
  meant: string | undefined,
): string {
  const fix = meant === undefined ? "Is it misspelt?" : `Did you mean "${meant}"?`;
  return `${file}:${line}:${at}: ${shown} ${path} (${transform}): this path matched no row of the source. ${fix}`;
}

/** The path that somebody most likely meant: with another key, which documents have at its place. */
function likely(path: string, others: readonly string[]): string | undefined {
  const parts = partsOf(path);
  for (const [index, part] of parts.entries()) {
    const before = joined(parts.slice(0, index));
    const keys = others.flatMap((other) => {
      const some = partsOf(other);
      return joined(some.slice(0, index)) === before && some[index] !== undefined ? [some[index]] : [];
    });
    if (keys.includes(part)) continue;
    const near = nearest(part, keys);
    return near === undefined ? undefined : joined([...parts.slice(0, index), near, ...parts.slice(index + 1)]);
  }
  return undefined;
}

function joined(parts: readonly string[]): string {
  return parts.reduce((path, part) => (path === "" || part === "[]" ? `${path}${part}` : `${path}.${part}`), "");
}

/** How many keys are named for one column. */
const MOST_NAMED = 12;

/** "public.users.profile: no rule names these keys, so they are left out: vat (in 312), friends[].note (in 40), of 600 documents" */
function unruledNote(shown: string, { seen, isWhole, unruled }: Omit<Seen, "matched">): string {
  const named = unruled
    .flatMap(({ path, named: some }) => some.map(([key, count]) => ({ path: below(path, key), count })))
    .toSorted((a, b) => b.count - a.count);
  const told = named.slice(0, MOST_NAMED).map(({ path, count }) => `${path} (in ${count})`);
  const rest = unruled.flatMap(({ path, keys, named: some }) => {
    const left = keys - some.length;
    if (left === 0) return [];
    return [
      `${left} ${some.length === 0 ? "" : "other "}${left === 1 ? "key" : "keys"}${path === "" ? "" : ` in ${path}`}`,
    ];
  });
  if (named.length > MOST_NAMED) rest.push(`${named.length - MOST_NAMED} more`);
  const documents = `${isWhole ? "" : "a sample of "}${seen} ${seen === 1 ? "document" : "documents"}`;
  return `${shown}: no rule names these keys, so they are left out: ${[...told, ...rest].join(", ")}, of ${documents}`;
}

function below(path: string, key: string): string {
  return path === "" ? key : `${path}.${key}`;
}
