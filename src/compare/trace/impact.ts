import { dangerWords } from "#sql/effects/danger-kinds.ts";
import { exposureWords } from "#sql/effects/exposure-kinds.ts";
import { giveBackMemory } from "../engine/memory.ts";
import {
  blockedBy,
  isAtLeast,
  type Lock,
  type MigrationFacts,
  type StatementFacts,
  type TableLock,
  tableLocks,
  type Trace,
} from "./facts.ts";
import type { SizeOf, Sizes } from "./sizes.ts";

/**
 * How much a statement hurts those who use the database, the worst first. `fails`: it cannot run, or not as soon as there is a row; `rewrite` and `scan`: it
 * works through a whole table while others wait; `loss`: what is stored is gone, or at risk; `exposure`: people see what they could not
 * see; `lock`: others wait for a moment, once
 * it has got its lock; `rows`: those wait who change the same rows; `unseen`: not all of it was seen, and what was keeps nobody
 * waiting; `none`: nobody has to wait for it.
 */
export type Weight = (typeof WEIGHTS)[number];

export const WEIGHTS = ["fails", "rewrite", "scan", "loss", "exposure", "lock", "rows", "unseen", "none"] as const;

/** What is worst about a statement. */
export interface Impact {
  readonly weight: Weight;
  /** "rewrites public.users: reads and writes wait until the migration commits" */
  readonly sentence: string;
  /** Of the tables that it is about, where that is known: for the order among those of one weight. */
  readonly bytes: number;
  /** How many tables in use it is about, for the order among losses whose sizes are not known. */
  readonly tables?: number;
}

/** A statement of a trace, with what is worst about it. */
export interface Weighed {
  readonly migration: MigrationFacts;
  readonly statement: StatementFacts;
  readonly impact: Impact;
}

/** After so many statements, what weighing them has left behind is given back. */
const BREATH = 10_000;

/** Statements of all migrations, the worst first; those that are alike in the order in which they run. Pure. */
export function worstFirst(trace: Trace, sizes: Sizes | undefined): Weighed[] {
  const sizeOf = sizesByName(sizes);
  return trace.migrations
    .flatMap((migration) =>
      migration.statements.map((statement, at) => {
        if (at % BREATH === 0) giveBackMemory();
        return { migration, statement, impact: impactOf(statement, sizeOf) };
      }),
    )
    .toSorted(
      (a, b) => rank(a) - rank(b) || b.impact.bytes - a.impact.bytes || (b.impact.tables ?? 0) - (a.impact.tables ?? 0),
    );
}

function rank({ impact }: Weighed): number {
  return WEIGHTS.indexOf(impact.weight);
}

export function sizesByName(sizes: Sizes | undefined): ReadonlyMap<string, SizeOf> {
  return new Map(sizes?.relations.map((size) => [size.name, size]));
}

/** Pure. */
export function impactOf(statement: StatementFacts, sizeOf: ReadonlyMap<string, SizeOf>): Impact {
  const { error, rewrites, scans, rewritesIndexes, buildsIndexes, loses, endangers, inTransaction, inBatches } =
    statement;
  const until = inBatches
    ? "until their batch commits"
    : inTransaction
      ? "until the migration commits"
      : "until it is done";
  const bytesOf = (names: readonly string[]): number =>
    names.reduce((sum, name) => sum + (sizeOf.get(name)?.bytes ?? 0), 0);
  if (error !== undefined && error.onRows === undefined) {
    return { weight: "fails", sentence: `fails: ${firstLine(error.error.message)}`, bytes: 0 };
  }
  if (error?.onRows?.isEvery === true) {
    const table = error.onRows.table ?? "the table";
    return { weight: "fails", sentence: `fails on every row of ${table}: ${firstLine(error.error.message)}`, bytes: 0 };
  }
  if (statement.tooNew !== undefined) return { weight: "fails", sentence: `fails: ${statement.tooNew}`, bytes: 0 };
  // What a transaction holds already is in the way of others while this works.
  const blocking = tableLocks(statement.held).filter((lock) => !lock.isNew && isAtLeast(lock.mode, "SHARE"));
  const waits = (names: readonly string[]): string | undefined => {
    const [lock] = blocking.filter(({ name }) => names.includes(name));
    return lock && `${blockedBy(lock.mode, lock.kind)} wait ${until}`;
  };
  const rewritten = inUse(rewrites);
  const rewriteWaits = waits(rewritten);
  if (rewriteWaits !== undefined) {
    return { weight: "rewrite", sentence: `rewrites ${list(rewritten)}: ${rewriteWaits}`, bytes: bytesOf(rewritten) };
  }
  const built = [...rewritesIndexes, ...buildsIndexes].flatMap(({ table }) => table ?? []);
  const read = [...new Set([...inUse(scans), ...rewritesIndexes.flatMap(({ table }) => table ?? [])])];
  const scanWaits = waits(read);
  if (scanWaits !== undefined) {
    const verb = read.some((name) => built.includes(name)) ? "builds an index of" : "reads all rows of";
    return { weight: "scan", sentence: `${verb} ${list(read)}: ${scanWaits}`, bytes: bytesOf(read) };
  }
  const changes = statement.rows.filter(({ isNew, updated, deleted }) => !isNew && updated + deleted > 0);
  if (loses.length + endangers.length > 0) {
    const concerned = [...statement.locks, ...statement.drops, ...changes].filter(
      ({ kind }) => kind === "table" || kind === "materialized view",
    );
    const about = [...new Set([...rewritten, ...inUse(concerned)])];
    const waiting = changes.length > 0 ? `: whoever changes the same rows waits ${until}` : "";
    return {
      weight: "loss",
      sentence: `${[...loses, ...endangers.map(dangerWords)].join("; ")}${waiting}`,
      bytes: bytesOf(about),
      tables: about.length,
    };
  }
  if (statement.exposes.length > 0) {
    return { weight: "exposure", sentence: `exposes ${statement.exposes.map(exposureWords).join("; ")}`, bytes: 0 };
  }
  const own = strongest(statement.locks);
  if (own !== undefined) {
    return {
      weight: "lock",
      sentence: `${own.mode} on ${own.on}: ${blockedBy(own.mode, own.kind)} wait ${until}`,
      bytes: bytesOf([own.name]),
    };
  }
  const locked = statement.rows.filter((table) => table.locked && !table.isNew);
  // What loses nothing, as where NULLs are filled, changes rows all the same.
  const held = (changes.length > 0 ? changes : locked).map(({ name }) => name);
  if (held.length > 0) {
    return {
      weight: "rows",
      sentence: `${changes.length > 0 ? "changes" : "locks"} rows of ${list(held)}: whoever changes the same rows waits ${until}`,
      bytes: bytesOf(held),
    };
  }
  if (statement.how.kind === "not-traced") {
    return { weight: "unseen", sentence: `not traced: ${statement.how.reason}`, bytes: 0 };
  }
  return statement.opaque
    ? { weight: "unseen", sentence: "nobody has to wait for what its code did here; it has branches", bytes: 0 }
    : { weight: "none", sentence: "nobody has to wait for it", bytes: 0 };
}

/** The strongest lock that is in the way of applications: on a table rather than on a sequence of it. */
function strongest(locks: readonly Lock[]): TableLock | undefined {
  const [first, ...others] = tableLocks(locks).filter(({ isNew, mode }) => !isNew && isAtLeast(mode, "SHARE"));
  if (first?.kind !== "sequence") return first;
  return others.find(({ kind, mode }) => kind !== "sequence" && mode === first.mode) ?? first;
}

function inUse(relations: StatementFacts["rewrites"]): string[] {
  return relations.flatMap(({ isNew, name }) => (isNew ? [] : [name]));
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}

/** Partitions can be many. */
function list(names: readonly string[]): string {
  return names.length <= 3 ? names.join(", ") : `${names.slice(0, 3).join(", ")} and ${names.length - 3} more`;
}
