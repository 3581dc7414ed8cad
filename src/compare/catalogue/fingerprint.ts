import { queryCatalogue } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import { type CatalogueTable, catalogueTables, definingColumns } from "./catalogue-tables.ts";
import { inReading } from "#database/read-again.ts";

/**
 * Stands for everything that a full reading of the catalogue sees, for a small part of its price. Equal
 * fingerprints of one database mean an equal catalogue. Different ones mean only that it has to be read: an index
 * that was dropped and made again is another row of the catalogue and the same index.
 */
export type Fingerprint = string & { readonly fingerprint: true };

/**
 * Makes a function that takes fingerprints of one database. They are good for this database and this function
 * alone: PostgreSQL's internal numbers (OIDs) are part of them, and what the function saw before. It is told whether what
 * was written since the last time was counted (`track_counts`).
 */
export async function fingerprints(database: Database): Promise<(isCounted?: boolean) => Promise<Fingerprint>> {
  const all = await catalogueTables(database);
  const tables = all.filter(({ readable }) => readable);
  const hidden = all.filter(({ table, readable }) => !readable && table in UNREADABLE);
  const unreadable = hidden.map(({ table }) => `select 1 from ${UNREADABLE[table]}`).join(" union all ");
  const [initial] = await queryCatalogue<{ xid: string; counts: boolean }>(database, INITIAL);
  const made = initial?.xid ?? BOOTSTRAP;
  // The same texts each time: the session keeps their plans.
  const [counting, summing] = [countSql(tables), sumSql(tables)];
  const activity = initial?.counts === true ? activitySql(tables) : undefined;
  const known = new Map<string, Known>();
  let moment = made;
  let before: readonly (string | null)[] = [];
  return async (isCounted = true) =>
    await inReading(database, async (query) => {
      if (unreadable !== "" && (await query(unreadable)).length > 0) return unlikeAny();
      const written = await readWritten();
      const counts = (written.includes(true) ? await query(counting, `${moment},${made},${marks()}`) : []) as Counts[];
      const since = tables.map(({ table }, index) => {
        if (written[index] === false) return undefined;
        const { total, fresh } = counts[index]!;
        const last = known.get(table);
        if (last !== undefined && fresh === 0 && total === last.total) return undefined;
        // Where all rows of before are left, the fresh ones are all that is new.
        return total - fresh === last?.total ? moment : made;
      });
      const sums = since.every((each) => each === undefined) ? [] : ((await query(summing, since.join())) as Sums[]);
      const parts = tables.map(({ table }, index) => {
        const last = known.get(table);
        if (written[index] === false && last !== undefined) return last.part;
        const { total, younger } = counts[index]!;
        const from = since[index];
        const old = from === made ? undefined : last;
        const { rows, first, second } = from === undefined ? NO_MORE : sums[index]!;
        const now = {
          total,
          rows: rows + (old?.rows ?? 0),
          first: BigInt(first ?? 0) + (old?.first ?? 0n),
          second: BigInt(second ?? 0) + (old?.second ?? 0n),
        };
        const part = `${total - younger} ${now.rows} ${now.first} ${now.second}`;
        known.set(table, { ...now, part });
        return part;
      });
      moment = counts[0]?.now ?? moment;
      return parts.join() as Fingerprint;

      function marks(): string {
        return written.map((isWritten) => (isWritten ? made : "")).join();
      }

      /** Whether anything was written into each table since the last time, as far as can be told. */
      async function readWritten(): Promise<boolean[]> {
        const now = activity === undefined ? [] : ((await query(activity)) as Written[]).map(({ rows }) => rows);
        const last = before;
        before = now;
        return tables.map(({ table }, index) => {
          const own = now[index] ?? null;
          return !isCounted || own === null || own !== last[index] || !known.has(table);
        });
      }
    });
}

const NO_MORE: Sums = { rows: 0, first: null, second: null };

/** For a state that only a full reading can judge. */
function unlikeAny(): Fingerprint {
  return crypto.randomUUID() as string as Fingerprint;
}

/** How many rows were ever written into a table, also for nothing; null where nobody counts. */
interface Written {
  readonly rows: string | null;
}

/** What was last seen of a table. */
interface Known extends Omit<Sums, "first" | "second"> {
  /** All of its rows, whether they count or not. */
  readonly total: number;
  readonly first: bigint;
  readonly second: bigint;
  /** Of the fingerprint. */
  readonly part: string;
}

interface Counts {
  readonly total: number;
  /** Since the last fingerprint. */
  readonly fresh: number;
  /** Since the database was made. */
  readonly younger: number;
  /** The transaction that will be next. */
  readonly now: string;
}

/** The rows that count, and two hashes of their text, added up so that order does not matter. */
interface Sums {
  readonly rows: number;
  readonly first: string | null;
  readonly second: string | null;
}

/** The transaction of initdb's last work, which makes plpgsql: what is older came with PostgreSQL. */
const INITIAL = `select xmin::text as xid, current_setting('server_version_num')::int >= 150000 as counts
  from pg_language where lanname = 'plpgsql'`;
/** Before everything. */
const BOOTSTRAP = "1";

/**
 * Tables that only a superuser may read, and what shows everyone whether they hold something. Of roles (pg_authid) no
 * comparison speaks.
 */
const UNREADABLE: Readonly<Record<string, string>> = {
  pg_subscription: "(select oid from pg_subscription) as s",
  pg_user_mapping: "pg_user_mappings",
};

/**
 * Objects whose number nothing refers to but dependencies, which follow from definitions, and comments: dropped and
 * made again they are the same. Where something else names them (a comment, an extension they depend on) the number
 * stays, or two that swap their names would be taken for unchanged.
 */
const NAMELESS: Readonly<Record<string, string>> = {
  pg_attrdef: "true",
  pg_policy: "true",
  pg_constraint: "t.contype in ('c', 'n')",
  pg_trigger: "t.tgconstraint = 0 and t.tgparentid = 0 and t.oid not in (select tgparentid from pg_trigger)",
};

const CLASSES = Object.keys(NAMELESS)
  .map((table) => `'${table}'::regclass`)
  .join(", ");

/** The rows that count. Storage for long values (toast) outlives the column it was made for, but may have options. */
const ROWS: Readonly<Record<string, string>> = {
  pg_class: "(t.relnamespace <> 'pg_toast'::regnamespace or t.reloptions is not null)",
  pg_index: "t.indexrelid not in (select oid from toast)",
  pg_attribute: "t.attnum > 0 and not t.attisdropped and t.attrelid not in (select oid from toast)",
  // Those of foreign keys follow from the constraint, unless someone switched them off.
  pg_trigger: "not (t.tgisinternal and t.tgenabled = 'O')",
  pg_depend:
    `(t.refclassid = 'pg_extension'::regclass or not (t.classid in (${CLASSES}) or t.refclassid in (${CLASSES})))` +
    " and not (t.classid = 'pg_class'::regclass and t.objid in (select oid from toast))",
  pg_shdepend: `t.classid not in (${CLASSES})`,
};

/**
 * PostgreSQL's statistics of what was written, by this session: shared ones, and what it has not added to them yet. (Until
 * PostgreSQL 14 a process collected them, and nobody knew when it had.)
 * https://www.postgresql.org/docs/current/monitoring-stats.html
 */
function activitySql(tables: readonly CatalogueTable[]): string {
  const kinds = ["tuples_inserted", "tuples_updated", "tuples_deleted"];
  const counters = ["pg_stat_get_", "pg_stat_get_xact_"].flatMap((prefix) =>
    kinds.map((kind) => `${prefix}${kind}(oid)`),
  );
  return `select case when current_setting('track_counts') = 'on' then (${counters.join(" + ")})::text end as rows
            from unnest('{${tables.map(({ oid }) => oid).join()}}'::oid[]) with ordinality as list (oid, number)
           order by number`;
}

/**
 * How many rows each table has, old and new: since the first of the two transactions of `$1`, and since the second. What
 * changes a row puts a newer one in its place, so a table whose older rows are all there, and that has no newer ones,
 * has not changed. A table without a place in `$1` behind those two is not looked at.
 */
function countSql(tables: readonly CatalogueTable[]): string {
  return `with ${AGES} ${inOrder(
    tables.map(
      ({ table }, index) => `count(*)::int as total, count(*) filter (where ${isSince("xmin", 1)})::int as fresh,
           count(*) filter (where ${isSince("xmin", 2)})::int as younger,
           pg_snapshot_xmin(pg_current_snapshot())::xid::text as now from ${table} where ${ageOf(index + 3)} is not null`,
    ),
  )}`;
}

/** The sums of each table's rows since a transaction of its own, of `$1`; a table without one is not looked at. */
function sumSql(tables: readonly CatalogueTable[]): string {
  const sums = tables.map((described, index) => {
    const { table } = described;
    const values = definingColumns(described).map(([column, value]) =>
      column === "oid" && table in NAMELESS ? numberWhereNamed(table) : value,
    );
    const since = index + 1;
    const conditions = [
      `${ageOf(since)} is not null`,
      isSince("t.xmin", since),
      ...(table in ROWS ? [ROWS[table]] : []),
    ];
    // Offset: the text is made once for both.
    return `count(*)::int as rows, sum(hashtextextended(line, 0))::text as first, sum(hashtextextended(line, 1))::text as second
      from (select row(${values.join(", ")})::text as line from ${table} t where ${conditions.join(" and ")} offset 0) as rows`;
  });
  return `with ${AGES}, toast as materialized (select oid from pg_class where relnamespace = 'pg_toast'::regnamespace) ${inOrder(sums)}`;
}

/** How many transactions ago those of `$1` were, which is a list with commas; null for one that is empty. */
const AGES = `ages as materialized (
  select array_agg(age(nullif(xid, '')::xid) order by number) as age
    from unnest(string_to_array($1::text, ',')) with ordinality as list (xid, number))`;

function ageOf(number: number): string {
  return `(select age[${number}] from ages)`;
}

/** One row of each, the first first. */
function inOrder(selections: readonly string[]): string {
  const numbered = selections.map((selection, index) => `select ${index} as number, ${selection}`);
  return `${numbered.join(" union all ")} order by number`;
}

function isSince(xmin: string, number: number): string {
  return `age(${xmin}) <= ${ageOf(number)}`;
}

function numberWhereNamed(table: string): string {
  const commented = `exists (select from pg_description d where d.objoid = t.oid and d.classoid = '${table}'::regclass)`;
  const dependent = `exists (select from pg_depend d where d.classid = '${table}'::regclass and d.objid = t.oid and d.deptype = 'x')`;
  return `case when ${NAMELESS[table]} and not ${commented} and not ${dependent} then 0::oid else t.oid end`;
}
