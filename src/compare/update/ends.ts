import { differences } from "../engine/differences.ts";
import { type Facts, factsOf } from "../engine/facts.ts";
import { encodeId, type ObjectId } from "../engine/object-id.ts";
import { ConfitureError } from "#errors/error.ts";
import type { LoadedMigration } from "#migrate/files/body.ts";
import { canonicalVersion } from "#migrate/files/version.ts";
import { allows } from "../generate/allowing.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";
import { type Change, compareCatalogues } from "../catalogue/changes.ts";
import { describe } from "../catalogue/describe.ts";
import type { Database } from "#database/database.ts";
import { SCRATCH_LEDGER, startRun } from "../runs/scratch-run.ts";
import type { ScratchSeries } from "../runs/scratch-series.ts";
import { notBuilt, readRowHashes, type Rows } from "../contained/rows.ts";
import { writtenColumns } from "../contained/written.ts";
import type { ProjectFiles } from "../sources/sources.ts";
import { notRolledThrough, replayMigrations, reversible, startsFromNothing } from "../verify/replay-ways.ts";
import { loadHistory, replayStates, type Stops } from "./replay-states.ts";
import { findOtherValues } from "./other-values.ts";
import { type LeftRows, readLeftRows } from "./rows.ts";
import { subjectOfId, wholeOf } from "../sources/subjects.ts";

export interface EndsOptions extends ProjectFiles {
  readonly onStep?: ((step: string) => void) | undefined;
  /** Migrations as they ran somewhere, of which the files say something else by now. */
  readonly former?: (() => Promise<readonly LoadedMigration[]>) | undefined;
  /** Words, as for `allows`, for what the files are to have as the migrations make it, whether or not these ever made it otherwise. */
  readonly take?: readonly string[] | undefined;
}

/** What base and migrations lead to. */
export interface History {
  readonly migrations: readonly LoadedMigration[];
  readonly base: LoadedMigration | undefined;
  readonly end: Catalogue;
  /** The rows that they leave. */
  readonly left: LeftRows;
  /** "1 row of public.t", which they leave with values of their own in columns with computed defaults, and the files build with others. */
  readonly otherValues: readonly string[];
  /** Whether they start from nothing; otherwise they were applied to what the schema files build. */
  readonly fromNothing: boolean;
  /** Those that were not run: the way back from what the schema files build ends above them. */
  readonly notRun: readonly LoadedMigration[];
}

/**
 * Runs base and migrations: from nothing, or on top of what the schema files build where only these make what the first
 * migration needs, as `verify` does.
 * @param built rows that the schema files make
 * @throws ConfitureError `schema_update_refused`, or what a migration fails with
 */
export async function readHistory(options: EndsOptions, series: ScratchSeries, built: Rows): Promise<History> {
  const { migrations, base } = await loadHistory(options);
  if (migrations.length === 0 && base === undefined) {
    throw new ConfitureError("schema_update_refused", "There are no migrations that could have changed anything", {
      hint: "Nothing was written. `confiture migrate new` creates a migration.",
    });
  }
  const files = { ...options, migrations, beginning: base, isTested: () => false };
  const fromNothing = await startsFromNothing(files, await series.empty());
  options.onStep?.("Running base and migrations");
  if (!fromNothing) {
    let rows: Omit<LeftRows, "taken"> | undefined;
    const atEnd = async (there: Database): Promise<void> => {
      rows = await readLeftRows(there, built, await writtenColumns(migrations));
    };
    const { way, replay } = await replayMigrations({ ...files, atEnd }, series, false);
    const [finding] = replay.findings;
    if (finding === undefined && replay.end !== undefined && rows !== undefined) {
      // What became of the files' own rows on the way back is no change of the migrations.
      return {
        migrations,
        base,
        end: replay.end,
        left: { ...rows, taken: new Set(), areAmongOthers: true },
        otherValues: [],
        fromNothing,
        notRun: notRolledThrough(way, migrations),
      };
    }
    throw new ConfitureError(
      "schema_update_refused",
      `What the migrations lead to is not known: they do not start from an empty database, and ${finding?.message ?? "what the schema files build cannot be rolled back through them"}`,
      {
        hint: "Nothing was written. `confiture migrate base` writes down what is there before the first migration.",
        cause: finding?.error,
        location: finding?.error?.location,
        server: finding?.error?.server,
      },
    );
  }
  const database = await series.empty();
  const run = await startRun(database, options);
  const all = [...(base === undefined ? [] : [base]), ...migrations];
  // Rows of other tables are not in the files.
  const only = new Set(built.keys());
  const taken = new Set<string>();
  for (const migration of all) {
    const before =
      only.size > 0 && mayTakeRows(migration) ? await readRowHashes(database, SCRATCH_LEDGER, { only }) : undefined;
    const error = await run.step(migration, "up");
    if (error !== undefined) throw error;
    if (before === undefined) continue;
    for (const table of notBuilt(before, await readRowHashes(database, SCRATCH_LEDGER, { only })).keys())
      taken.add(table);
  }
  const end = await run.read();
  const left = await readLeftRows(database, built, await writtenColumns(all));
  const otherValues = await findOtherValues(options, series, { ...files, begin: undefined }, database);
  return { migrations, base, end, left: { ...left, taken }, otherValues, fromNothing, notRun: [] };
}

/** Whether a way up may take rows away or change them. */
function mayTakeRows({ up }: LoadedMigration): boolean {
  return (
    up.kind !== "sql" || /\b(?:delete|update|truncate|merge|do|call|select|execute|refresh)\b/i.test(up.script.text)
  );
}

/** What the files are to build, and what is left in them because no migration made it. */
export interface Target {
  readonly catalogue: Catalogue;
  /** What only the files have, or have otherwise than every state that the migrations went through. */
  readonly kept: readonly Change[];
  /** Names of what the files have as a migration made it before it was edited. */
  readonly beforeEdits: readonly string[];
}

/**
 * Tells what migrations changed from what was written into the files and is in no migration yet: the files are behind
 * where an object is in them as it was at some time on the way.
 * @param built what the files build
 */
export async function targetFor(
  options: EndsOptions,
  series: ScratchSeries,
  { migrations, base, end, fromNothing }: History,
  built: Catalogue,
): Promise<Target> {
  const own = candidates(built, end);
  leaveOut(own, options.take ?? [], end.facts);
  if (own.size === 0) return { catalogue: end, kept: [], beforeEdits: [] };
  options.onStep?.("Looking for when the migrations changed what differs");
  const passThrough = async (all: readonly LoadedMigration[], isFormer: boolean): Promise<void> => {
    const look = ({ facts }: Catalogue): void => {
      for (const [key, id] of own) if (facts.has(id) && facts.hashOf(id) === built.facts.hashOf(id)) own.delete(key);
    };
    const before: Stops["before"] = async (migration, read) => {
      if (own.size > 0 && mayChange(migration, own.values(), built)) look(await read());
      return own.size > 0;
    };
    const reached = await replayStates(options, series, { base, migrations: all, fromNothing }, { before });
    // Behind what was edited, others need not run as they are now.
    if (reached instanceof ConfitureError && !isFormer) throw reached;
    // The end of the files as they are now is known to differ.
    if (isFormer && typeof reached === "function") look(await reached());
  };
  await passThrough(fromNothing ? migrations : reversible({ migrations }), false);
  const open = new Map(own);
  const former = fromNothing && own.size > 0 ? ((await options.former?.()) ?? []) : [];
  if (former.length > 0) {
    const versions = new Map(former.map((migration) => [canonicalVersion(migration.file.version), migration]));
    await passThrough(
      migrations.map((migration) => versions.get(canonicalVersion(migration.file.version)) ?? migration),
      true,
    );
  }
  const beforeEdits = [...open].flatMap(([key, id]) => (own.has(key) ? [] : [describe(id).name]));
  if (own.size === 0) return { catalogue: end, kept: [], beforeEdits };
  const catalogue = withOwn(end, built, own);
  return { catalogue, kept: compareCatalogues(end, catalogue), beforeEdits };
}

/**
 * Takes what somebody wants as the migrations make it out of what only the files have otherwise.
 * @throws ConfitureError `usage` for a name of which that cannot be
 */
function leaveOut(own: Map<string, ObjectId>, names: readonly string[], end: Facts): void {
  const changed = [...own].filter(([, id]) => end.has(id)).map(([key, id]) => ({ key, ...describe(id) }));
  for (const name of names) {
    const meant = changed.filter((each) => allows(name, each));
    if (meant.length === 0) throw nothingToTake(name, [...new Set(changed.map((each) => each.name))]);
    for (const { key } of meant) own.delete(key);
  }
}

function nothingToTake(name: string, others: readonly string[]): ConfitureError {
  return new ConfitureError("usage", `--take: schema files and migrations do not have "${name}" in two ways`, {
    hint: `Nothing was written. ${others.length === 0 ? "There is nothing that both have, and differently" : `What both have, and differently: ${others.join(", ")}`}.`,
  });
}

/** What is only in the files, or is different in them. */
function candidates(built: Catalogue, end: Catalogue): Map<string, ObjectId> {
  const ids = differences(built.facts, end.facts).flatMap((delta) => {
    if (delta.verb === "remove") return [delta.fact.id];
    return delta.verb === "set" ? [delta.id] : [];
  });
  return new Map(ids.map((id) => [encodeId(id), id]));
}

/**
 * Whether a migration speaks of one of the objects, or of what it depends on: a view changes when a column of its table gets
 * another name. What is not SQL may speak of each.
 */
function mayChange({ up }: LoadedMigration, ids: Iterable<ObjectId>, { facts }: Catalogue): boolean {
  if (up.kind !== "sql") return true;
  const text = up.script.text.toLowerCase();
  const isSpokenOf = (name: string): boolean => text.includes(name.toLowerCase());
  for (const id of ids) {
    const subject = subjectOfId(id);
    if (subject === undefined) return true;
    if ([subject, wholeOf(subject)].some(({ name }) => isSpokenOf(name))) return true;
    for (const needed of neededBy(facts, id)) if ("name" in needed && isSpokenOf(needed.name)) return true;
  }
  return false;
}

/** What an object depends on, with what that depends on, and what they are parts of. */
function neededBy(facts: Facts, id: ObjectId): readonly ObjectId[] {
  const found = new Map([[encodeId(id), id]]);
  for (const each of found.values()) {
    const parent = facts.get(each)?.parent;
    const next = [...facts.outgoingEdges(each).map(({ to }) => to), ...(parent === undefined ? [] : [parent])];
    for (const other of next) if (!found.has(encodeId(other))) found.set(encodeId(other), other);
  }
  return [...found.values()];
}

/** The end, with some objects as the files build them. */
function withOwn(end: Catalogue, built: Catalogue, own: ReadonlyMap<string, ObjectId>): Catalogue {
  const facts = new Map(end.facts.facts().map((fact) => [encodeId(fact.id), fact]));
  const added = new Set<string>();
  // Parents come before their parts: what belongs to something that migrations took away goes with it.
  for (const fact of built.facts.facts().toSorted((a, b) => depth(built.facts, a.id) - depth(built.facts, b.id))) {
    const key = encodeId(fact.id);
    if (!own.has(key) || (fact.parent !== undefined && !facts.has(encodeId(fact.parent)))) continue;
    facts.set(key, fact);
    added.add(key);
  }
  const edges = [
    ...end.facts.edges.filter(({ from }) => !added.has(encodeId(from))),
    ...built.facts.edges.filter(({ from, to }) => added.has(encodeId(from)) && facts.has(encodeId(to))),
  ];
  return { ...end, facts: factsOf(end.facts, [...facts.values()], edges) };
}

function depth(facts: Facts, id: ObjectId): number {
  const parent = facts.get(id)?.parent;
  return parent === undefined ? 0 : 1 + depth(facts, parent);
}
