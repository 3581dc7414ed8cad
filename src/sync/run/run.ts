import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import { quoteIdentifier } from "#sql/quote.ts";
import {
  columnOrders,
  compareCopied,
  INCOMPLETE_SCHEMA,
  planCopy,
  readSourceSchema,
  reorderedTables,
  unfilledOnSource,
} from "#compare/copied-schema.ts";
import { allLedgers } from "#migrate/ledger/find.ts";
import type { SyncPlan } from "../plan.ts";
import { copyLedgers } from "./copy-ledger.ts";
import { copyRows } from "./copy-rows.ts";
import { missingExtensionTables, readExtensionTables } from "./extension-tables.ts";
import { Laps } from "./laps.ts";
import { LeakAdvice } from "./leak-advice.ts";
import { piecesOf } from "./pieces.ts";
import { hasToProve, prove } from "./proof.ts";
import { writeRecord } from "./record.ts";
import { readingFailed } from "./reading-failed.ts";
import { readRoles } from "./roles.ts";
import { moveSequences, readSequences, setSequences } from "./sequences.ts";
import { pinOpened } from "./settings.ts";
import { readPageSize, readSizes } from "./sizes.ts";
import { Source } from "./source.ts";
import { countChosen, withRowsThere } from "./rows-there.ts";
import type { PreparedTarget } from "./prepared-target.ts";
import { aboutPlan, tell } from "./tell-of-plan.ts";
import { prepareTarget } from "./target.ts";
import type { SyncOptions, SyncPreview, SyncReport } from "./report.ts";
import { makeTables, NOT_REHEARSED, runAll } from "./make-objects.ts";
import { fillMaterializedViews } from "./materialized-views.ts";
import { refuseLargeObjects, refuseTarget } from "./refuse-source.ts";
import { requireProof, schemaDiffers, requireValidKeys } from "./require-copied.ts";

/**
 * Reads what a run would do. The target is not looked at.
 * @throws ConfitureError as `runSync` before anything is written
 */
export async function previewSync(options: SyncOptions): Promise<SyncPreview> {
  const source = await Source.open(sourceOptions(options));
  try {
    return await withReader(source, async (reader) => {
      const plan = await options.plan(source.atMoment(reader));
      const about = await aboutPlan(source.atMoment(reader), plan);
      const sizes = await withRowsThere(source.session, plan, await readSizes(source.session));
      return { plan, about, sizes, chosen: await countChosen(source.atMoment(reader), plan) };
    });
  } finally {
    await source.close();
  }
}

/**
 * Copies the source into the target: one moment of it, every row as the plan says, and puts the copy in the target's place when it is
 * complete and proven.
 * @throws ConfitureError `sync_*`, `connect_*`, `connection_lost`, `lock_held`, `interrupted`
 */
export async function runSync(options: SyncOptions): Promise<SyncReport> {
  const laps = new Laps();
  const { onEvent, signal } = options;
  const step = (text: string): void => onEvent({ type: "step", step: text });
  const jobs =
    options.source.target.engine === "embedded" || options.target.target.engine === "embedded" ? 1 : options.jobs;
  step("Reading the source");
  const source = await Source.open(sourceOptions(options));
  const readers: Database[] = [];
  let prepared: PreparedTarget | undefined;
  let writer: Database | undefined;
  let state: "making" | "finishing" | "done" = "making";
  const begun = { inTarget: false };
  const closeAll = async (): Promise<void> => {
    const sessions = [...(source.isEmbedded ? [] : readers), ...(writer?.engine === "server" ? [writer] : []), source];
    await Promise.allSettled(sessions.map((session) => session.close()));
  };
  try {
    const moment = await readMoment(source.session);
    // Before the target is touched: each of them has to be on the source's own server.
    for (let i = 0; i < jobs; i++) readers.push(source.isEmbedded ? source.session : await source.openSession());
    const look = source.atMoment(readers[0]!);
    const failed = (error: unknown): never => {
      throw readingFailed(error);
    };
    const plan = await options.plan(look).catch(failed);
    tell(await aboutPlan(look, plan), options);
    const schema = await readSourceSchema(look, options.table).catch(failed);
    await refuseLargeObjects(source.session, options.skipLargeObjects);
    const ofExtensions = await readExtensionTables(source.session, options.skipExtensionTables).catch(failed);
    const sizes = await withRowsThere(source.session, plan, await readSizes(source.session));

    await refuseTarget(options, source);
    laps.end();
    prepared = await prepareTarget(options.target.target, { ...options.connect, signal });
    if (prepared.warning !== undefined) onEvent({ type: "warning", message: prepared.warning });
    const openTarget = async (): Promise<Database> => await asTarget(await prepared!.open());
    const target = await openTarget();
    writer = target;
    step("Making tables");
    const { own, roles } = await readRoles(target);
    const [orders, unfilled] = [columnOrders(schema), unfilledOnSource(schema)];
    const made = await makeTables({
      target,
      clear: prepared.clear,
      planned: (empty) => planCopy(empty, schema, roles),
      look: async () => await missingExtensionTables(ofExtensions, target, options.skipExtensionTables),
      committing: () => (begun.inTarget = true),
      signal,
    });
    const { copy, found: missing } = made;
    if (!made.isRehearsed) onEvent({ type: "warning", message: NOT_REHEARSED });
    // The catalogue was read and planned: none of that memory is needed any more, and rows need some.
    Bun.gc(true);

    laps.end();
    step("Copying rows");
    const pageSize = await readPageSize(source.session);
    const pieces = piecesOf(plan.tables, sizes, {
      pageSize,
      jobs,
      sourceEngine: source.isEmbedded ? "embedded" : "server",
    });
    const streams = readers.splice(0);
    const tables = await copyRows({ source, plan, pieces, sizes, readers: streams, openTarget, signal, onEvent });
    laps.end();
    const ledgers = await withReader(source, async (reader) => {
      const entered = async (): Promise<Database> => {
        await source.enter(reader, []);
        return reader;
      };
      return await copyLedgers(source.atMoment(reader), entered, target, options.table);
    });
    const sequences = await readSequences(source.session).catch(failed);
    // From here on the source may clean up again, unless originals are to be looked for: those that it changes or erases meanwhile too.
    const releaseSource = async (): Promise<void> => (source.isEmbedded ? undefined : await source.close());
    if (!hasToProve(plan)) await releaseSource();

    step("Making keys, indexes and everything else");
    await runAll(target, copy.after, signal);
    const emptyViews = await fillMaterializedViews(target, unfilled, signal);
    await setSequences(target, sequences.states);
    await runAll(target, ["analyze"], signal);
    laps.end();
    Bun.gc(true);
    const proof = await prove({
      plan,
      hasKey: true,
      isFresh: true,
      jobs,
      openSource: async () => await source.openAtMoment(),
      openTarget,
      ledgers: await allLedgers(target, options.table),
      onEvent,
    });
    await requireProof(proof, async (work) => {
      if (options.ruled === undefined) return;
      const { ruled, table } = options;
      await withReader(source, async (reader) =>
        work(await LeakAdvice.on(source.atMoment(reader), table, ruled, plan)),
      );
    });
    await releaseSource();
    const { moved, behind } = await moveSequences(target, replacedIn(plan));
    for (const { column } of moved.filter(({ left }) => left === 0))
      onEvent({
        type: "warning",
        message: `the sequence of ${column} has no number left beyond those that its rule made: the next row without a number of its own fails`,
      });
    await runAll(target, copy.last, signal);
    step("Comparing the copy with the source");
    const { changes, unreworded } = await compareCopied(
      { scratch: options.scratch, signal },
      target,
      copy.wanted,
      options.table,
    );
    const different = changes.filter(({ name }) => name !== INCOMPLETE_SCHEMA);
    if (different.length > 0) throw schemaDiffers(different);
    for (const why of unreworded)
      onEvent({
        type: "warning",
        message: `two PostgreSQL versions print this differently, so it may be cosmetic: ${why}`,
      });
    const owned = new Set(plan.tables.map((table) => `${table.schema}.${table.name}`));
    const reordered = (await reorderedTables(target, orders)).filter((name) => owned.has(name));
    if (reordered.length > 0)
      onEvent({
        type: "warning",
        message: `columns are in another order than on the source, so INSERT without column names does something else there: ${reordered.join(", ")}`,
      });
    const foreignKeys = await requireValidKeys(target);
    laps.end();
    if (target.engine === "server") await target.close();

    step("Putting the copy in place");
    state = "finishing";
    const leftover = await prepared.finish(writeRecord(options.source.name, plan, moment, tables));
    laps.end();
    state = "done";
    if (leftover !== undefined) onEvent({ type: "warning", message: leftover });
    return {
      plan,
      tables,
      ledgers,
      left: {
        ...copy.left,
        owners: copy.left.owners.filter((role) => role !== own),
        materializedViews: emptyViews,
      },
      extensionTables: { withRows: ofExtensions.withRows, missing },
      sequences: { set: sequences.states.length, unreadable: sequences.unreadable, moved, behind },
      foreignKeys,
      proof,
      snapshot: moment,
      place: prepared.place,
      removed: prepared.removed,
      durations: laps.durations,
    };
  } catch (thrown) {
    const error = signal?.aborted === true ? thrown : await source.explain(thrown);
    const isKnown = signal?.aborted !== true || (error instanceof ConfitureError && error.code === "interrupted");
    const failure = isKnown ? error : new ConfitureError("interrupted", "Interrupted", { cause: error });
    await closeAll();
    const left = state === "done" ? undefined : await prepared?.abandon();
    const isEmptied = begun.inTarget && prepared?.place === "in place";
    throw withOutcome(failure, [
      ...(prepared === undefined || state !== "making" ? [] : [isEmptied ? EMPTIED : UNTOUCHED]),
      ...(left === undefined ? [] : [leftBehind(left)]),
    ]);
  } finally {
    // Whatever stays open keeps the process alive, and in place the target's lock.
    await closeAll();
  }
}

/** Whether a rule makes the values of a column. */
function replacedIn({ tables }: SyncPlan): (schema: string, table: string, column: string) => boolean {
  const replaced = new Set(
    tables.flatMap(({ schema, name, columns }) =>
      columns.flatMap((column) => (column.treatment === "keep" ? [] : [[schema, name, column.name].join("\0")])),
    ),
  );
  return (...names) => replaced.has(names.join("\0"));
}

const UNTOUCHED = "The target was not replaced: it holds what it held before.";
const EMPTIED = `The target was emptied and is not whole, as its schema ${INCOMPLETE_SCHEMA} says, and rows in it may be originals. Run it again, or empty the target.`;

function leftBehind(database: string): string {
  return `The unfinished copy is still there as the database ${quoteIdentifier(database)}, and may hold originals. The next run removes it.`;
}

/** The error, with what has become of the target. */
function withOutcome(error: unknown, outcome: readonly string[]): unknown {
  if (!(error instanceof ConfitureError) || outcome.length === 0) return error;
  return error.with({ hint: [...(error.hint === undefined ? [] : [error.hint]), ...outcome].join("\n") });
}

export function sourceOptions({
  source,
  lockTimeout,
  connect,
  signal,
}: SyncOptions): Parameters<typeof Source.open>[0] {
  return { target: source.target, lockTimeout, ...(connect === undefined ? {} : { connect }), signal };
}

/** A session beside the one that holds the moment; on the embedded engine that one itself. */
export async function withReader<T>(source: Source, work: (reader: Database) => Promise<T>): Promise<T> {
  if (source.isEmbedded) return await work(source.session);
  const reader = await source.openSession();
  try {
    return await work(reader);
  } catch (error) {
    throw readingFailed(error);
  } finally {
    await reader.close();
  }
}

/** The target is whole or thrown away: nothing has to be on its disk before the end. */
async function asTarget(database: Database): Promise<Database> {
  await pinOpened(database);
  await database.execute("set check_function_bodies = off; set synchronous_commit = off; set row_security = off");
  return database;
}

async function readMoment(database: Database): Promise<SyncReport["snapshot"]> {
  const [row] = await database.query<{ lsn: string | null; now: string }>(
    `select (case when pg_catalog.pg_is_in_recovery() then pg_catalog.pg_last_wal_replay_lsn() else pg_catalog.pg_current_wal_lsn() end)::pg_catalog.text as lsn,
            pg_catalog.to_char(pg_catalog.transaction_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as now`,
  );
  return { lsn: row?.lsn ?? null, takenAt: row?.now ?? "" };
}
