import { openDatabase, withDatabase } from "#database/open.ts";
import type { Database } from "#database/database.ts";
import { compareCopied, readSourceSchema, wantedCopy } from "#compare/copied-schema.ts";
import { quoteQualified } from "#sql/quote.ts";
import { ConfitureError } from "#errors/error.ts";
import { isUnmade } from "#migrate/status.ts";
import { allLedgers } from "#migrate/ledger/find.ts";
import { leftBehind } from "../only-tables.ts";
import type { SyncPlan, SyncTable } from "../plan.ts";
import { type Proof, prove } from "./proof.ts";
import { countRows, type RowCounts } from "./row-counts.ts";
import { readingFailed } from "./reading-failed.ts";
import { readRoles } from "./roles.ts";
import { type CopyRecord, readRecord } from "./record.ts";
import { countLargeObjects } from "./refuse-source.ts";
import { requireRights } from "./rights.ts";
import type { SyncOptions } from "./report.ts";
import { countTables, type TableCount } from "../roots.ts";
import { isIncomplete } from "./target-in-place.ts";
import { lookAtDocuments } from "../document-paths.ts";
import { tell } from "./tell-of-plan.ts";
import { pin, pinOpened } from "./settings.ts";
import { Source } from "./source.ts";
import { isOfUsers } from "./schemas-of-users.ts";

/** What holds of a copy now. */
export interface Verification {
  readonly proof: Proof;
  readonly rows: RowCounts;
  readonly changes: readonly { readonly change: string; readonly kind: string; readonly name: string }[];
  /** How many tables the source has, and of how many the copy has rows. */
  readonly tables: TableCount;
  /** What the copy says of itself. */
  readonly comment: string | null;
  readonly sameRules: boolean;
  readonly incomplete: boolean;
  /** How many the copy has. A run copies none, so that they were written since; nothing looks into them. */
  readonly largeObjects: number;
  readonly holds: boolean;
}

/**
 * Proves a copy once more, against the source as it is now. Reads only.
 * @throws ConfitureError `usage` where the key is another one than that of the copy; `sync_unproven` where there is no copy; as `runSync`
 */
export async function verifySync(options: SyncOptions): Promise<Verification> {
  const { signal, connect } = options;
  // Opening the embedded engine's folder would make it.
  if (isUnmade(options.target.target)) throw noCopy(options, "is not there yet");
  const step = (text: string): void => options.onEvent({ type: "step", step: text });
  const source = await Source.open({
    target: options.source.target,
    lockTimeout: options.lockTimeout,
    signal,
    ...(connect === undefined ? {} : { connect }),
  });
  try {
    const reader = source.isEmbedded ? source.session : await source.openSession();
    try {
      const look = source.atMoment(reader);
      const failed = (error: unknown): never => {
        throw readingFailed(error);
      };
      const plan = await options.plan(look).catch(failed);
      tell(await lookAtDocuments(look, plan), options);
      const schema = await readSourceSchema(look, options.table).catch(failed);
      if (!source.isEmbedded) await source.close();
      return await withDatabase(options.target.target, { ...connect, signal }, async (target) => {
        await pin(target);
        await requireRights(target, "target");
        const { roles } = await readRoles(target);
        const record = readRecord(await commentOf(target));
        const incomplete = await isIncomplete(target);
        if (record.comment === null && !incomplete)
          throw noCopy(options, "does not say that it is a copy made by sync");
        requireSameKey(plan, record, options);
        const copied = asCopied(plan, record);
        const { held, isThere } = await heldBy(target, copied);
        const proof = await prove({
          plan: held,
          hasKey: plan.reproducible,
          isFresh: false,
          jobs: source.isEmbedded || target.engine === "embedded" ? 1 : options.jobs,
          openSource: async () => (source.isEmbedded ? reader : await source.openLater()),
          openTarget: async () =>
            target.engine === "embedded"
              ? target
              : await pinOpened(await openDatabase(options.target.target, { ...connect, signal })),
          ledgers: await allLedgers(target, options.table),
          onEvent: options.onEvent,
        });
        step("Comparing the copy with the source");
        const { changes } = await compareCopied(
          { scratch: options.scratch, signal },
          target,
          wantedCopy(schema, roles),
          options.table,
        );
        step("Counting rows");
        const { comment } = record;
        const rows = await countRows(target, plan, isThere, record).catch((error: unknown) => {
          throw readingFailed(error, undefined, "target");
        });
        const sameRules = comment !== null && comment.includes(`sha256:${plan.digest}`);
        const proven = proof.columns.every(({ holds }) => holds) && proof.leaks.length === 0;
        return {
          proof,
          rows,
          changes: changes.map(({ change, kind, name }) => ({ change, kind, name })),
          tables: countTables(copied),
          comment,
          sameRules,
          incomplete,
          largeObjects: await countLargeObjects(target),
          holds: proven && rows.fewer.length === 0 && changes.length === 0 && sameRules && !incomplete,
        };
      });
    } finally {
      if (!source.isEmbedded) await reader.close();
    }
  } finally {
    await source.close();
  }
}

function noCopy(options: SyncOptions, what: string): ConfitureError {
  const { source, target } = options;
  return new ConfitureError("sync_unproven", `The database of "${target.name}" ${what}, so there is nothing to prove`, {
    hint:
      target.isReplaceable === false
        ? `No copy may take the place of "${target.name}". If the two were swapped: confiture sync verify --from ${target.name} --to ${source.name}`
        : `Make a copy, which proves itself: ${copyAgain(options)}`,
  });
}

/** The command that makes the copy. */
function copyAgain({ source, target }: SyncOptions): string {
  return `confiture sync run --from ${source.name} --to ${target.name}`;
}

/** With another key, no value of the copy would be known as a result. */
function requireSameKey({ keyMark, reproducible }: SyncPlan, record: CopyRecord, options: SyncOptions): void {
  if (!reproducible || keyMark === undefined || record.keyMark === undefined || keyMark === record.keyMark) return;
  throw new ConfitureError("usage", "CONFITURE_SYNC_KEY is not the key that this copy was made with", {
    hint: `Set the key of the copy. If it was made without one, or nobody has it: unset the variable, which leaves out what takes the key${
      options.target.isReplaceable === false ? "" : `,\nor make the copy again: ${copyAgain(options)}`
    }`,
  });
}

/** The plan of the copy as it was made: with `--tables`, other tables have no rows in it. */
function asCopied(plan: SyncPlan, record: CopyRecord): SyncPlan {
  if (record.tables === undefined) return plan;
  return {
    ...plan,
    tables: plan.tables.map((table) => (record.rowsOf(table) === undefined ? leftBehind(table) : table)),
  };
}

/** The plan without tables and columns that the source has got since: the comparison of the schemas tells of those. */
async function heldBy(
  target: Database,
  plan: SyncPlan,
): Promise<{ readonly held: SyncPlan; readonly isThere: (table: SyncTable) => boolean }> {
  const columns = await target.query<{ schema: string; name: string; names: string[] }>(
    `select n.nspname::pg_catalog.text as schema, c.relname::pg_catalog.text as name,
            coalesce(pg_catalog.array_agg(a.attname::pg_catalog.text) filter (where a.attname is not null), '{}') as names
       from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace
       left join pg_catalog.pg_attribute a on a.attrelid operator(pg_catalog.=) c.oid and a.attnum operator(pg_catalog.>) 0 and not a.attisdropped
      where c.relkind operator(pg_catalog.=) 'r' and ${isOfUsers("n")} group by 1, 2`,
  );
  const namesOf = new Map(columns.map(({ schema, name, names }) => [quoteQualified(schema, name), new Set(names)]));
  const tables = plan.tables.flatMap((table): SyncTable[] => {
    const names = namesOf.get(quoteQualified(table.schema, table.name));
    if (names === undefined) return [];
    const { identity, ...rest } = table;
    const isTold = identity?.columns.every((name) => names.has(name)) === true;
    const kept = table.columns.filter(({ name }) => names.has(name));
    return [{ ...rest, columns: kept, ...(isTold ? { identity } : {}) }];
  });
  return { held: { ...plan, tables }, isThere: ({ schema, name }) => namesOf.has(quoteQualified(schema, name)) };
}

async function commentOf(database: Database): Promise<string | null> {
  const [row] = await database.query<{ comment: string | null }>(
    `select pg_catalog.shobj_description(d.oid, 'pg_database') as comment from pg_catalog.pg_database d
      where d.datname operator(pg_catalog.=) pg_catalog.current_database()`,
  );
  return row?.comment ?? null;
}
