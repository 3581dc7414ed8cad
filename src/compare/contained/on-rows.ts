import type { Database } from "#database/database.ts";
import type { ConfitureError } from "#errors/error.ts";
import type { LoadedMigration } from "#migrate/files/body.ts";
import { migrationId } from "#migrate/files/migration-file.ts";
import { SCRATCH_LEDGER, startRun } from "../runs/scratch-run.ts";
import { exact, settle, settleKey } from "./chance.ts";
import { type Clock, requireTime } from "./clock.ts";
import { makesAgain } from "./filled-by-making.ts";
import type { Lacking } from "./lacking.ts";
import type { Fixed } from "./marks.ts";
import { viewsIn } from "./materialized.ts";
import type { ContainedOptions } from "./replayed.ts";
import { type RowStatements, rowStatements } from "./row-statements.ts";
import { hashesOf, readRowHashes, type Rows, rowsOf } from "./rows.ts";
import { reactsToItself, type WritingCode } from "./writing-functions.ts";
import type { Written } from "./written.ts";

/** A migration that the rows of schema files tell to be lacking, although a replay without these rows does not. */
export interface LackingOnRows extends Lacking {
  /** How many migrations come before it. */
  readonly at: number;
  /** Why it is not known whether the rows are as they are after it, or before; undefined where they are as before. */
  readonly unknown: string | undefined;
}

/** What trying migrations on rows has shown. */
export interface TriedOnRows {
  /** The first that is lacking. */
  readonly lacking: LackingOnRows | undefined;
  /** Those that were not tried, as what they are about has another name now, or is gone. */
  readonly untried: ReadonlySet<LoadedMigration>;
}

/** What there is to try migrations on. */
interface Tried {
  /** Those that seem to be contained. */
  readonly held: readonly LoadedMigration[];
  readonly written: Written;
  /** Values that are no chance. */
  readonly fixed: Fixed;
  readonly code: WritingCode;
  /** Which of them make something again that an earlier one took away, with its rows. */
  readonly remade: ReadonlySet<number>;
  /** What the schema files build. */
  readonly built: Rows;
  /** What base and migrations make of an empty database. */
  readonly replayed: Rows;
}

/**
 * Tries what migrations do to rows on those that only the schema files make: a replay does not have them, so it does not show
 * whether the files hold them as these migrations leave them. Where they do, nothing is changed.
 * @param rebuild a scratch database with what the schema files build, for this alone; not asked for where no row can be changed
 */
export async function tryOnRows(
  options: ContainedOptions & { readonly clock: Clock },
  { held, written, fixed, code, remade, built, replayed }: Tried,
  rebuild: () => Promise<Database>,
): Promise<TriedOnRows> {
  const untried = new Set<LoadedMigration>();
  const own = onlyIn(built, replayed);
  if (own.size === 0) return { lacking: undefined, untried };
  for (const [at, migration] of held.entries()) {
    const isAgain = remade.has(at) || (await makesAgain(migration, options.signal));
    if (isAgain || reactsToItself(migration, code)) untried.add(migration);
  }
  const all: (readonly RowStatements[])[] = [];
  const tables = { ...code, filled: new Set([...own.keys()].map(nameOf)) };
  for (const migration of held) all.push(await rowStatements(migration, tables, options.signal));
  if (all.every(({ length }) => length === 0)) return { lacking: undefined, untried };
  const database = await rebuild();
  const run = await startRun(database, options);
  const read = async (): Promise<Rows> =>
    exact(await readRowHashes(database, SCRATCH_LEDGER, { written, chance: "each" }));
  const apply = async (of: LoadedMigration, changes: readonly RowStatements[]): Promise<ConfitureError | undefined> => {
    for (const { migration, isWhole, isReactedTo } of changes) {
      requireTime(options.clock);
      const error = await run.step(migration, "up");
      if (error === undefined) await run.forget(migration);
      else if (isWhole ? speaksOf(migration, own) : !isDoneAlready(error)) return error;
      else if (!isWhole && (isReactedTo || error.server?.sqlstate !== UNIQUE)) untried.add(of);
    }
    return undefined;
  };
  let first: LackingOnRows | undefined;
  const begun = await read();
  let before = begun;
  for (const [at, changes] of all.entries()) {
    if (changes.length === 0) continue;
    const migration = held[at]!;
    const error = await apply(migration, changes);
    const after = await read();
    const by = migrationId(migration.file);
    if (error !== undefined) {
      const failed = { at, of: "rows", what: FAILED(by), unknown: `${by}: ${error.message}` } as const;
      return { lacking: first ?? failed, untried };
    }
    const lacking = lackingIn({ begun, after }, { own, built, fixed, by });
    if (lacking === undefined) first = undefined;
    else if (first === undefined) {
      // A second time, it changes nothing of what it has left.
      const isStable =
        Bun.deepEquals(before, after) ||
        ((await apply(migration, changes)) === undefined && Bun.deepEquals(await read(), after));
      first = { at, ...lacking, unknown: isStable ? undefined : `${by} changes rows each time it is run` };
    }
    before = after;
  }
  return { lacking: first, untried };
}

const FAILED = (by: string): string => `what ${by} does to rows could not be tried on those in`;

/** Rows that one has more of than the other. Pure. */
function onlyIn(one: Rows, other: Rows): Rows {
  return new Map(
    [...one].flatMap(([table, rows]) => {
      const more = [...rows].flatMap(([hash, times]) => {
        const left = times - hashesOf(other, table, hash);
        return left > 0 ? [[hash, left] as const] : [];
      });
      return more.length === 0 ? [] : [[table, new Map(more)] as const];
    }),
  );
}

/** What is not any more as the schema files make it. Rows of the replay do not count: it has told of them. Pure. */
function lackingIn(
  tried: { readonly begun: Rows; readonly after: Rows },
  { own, built, fixed, by }: Pick<Tried, "built" | "fixed"> & { readonly own: Rows; readonly by: string },
): Lacking | undefined {
  const after = settle(tried.after, fixed);
  for (const [table, rows] of own) {
    const changed = new Map<string, number>();
    for (const [key, times] of tried.begun.get(table) ?? []) {
      const one = settleKey(key, fixed);
      const less = Math.max(0, times - hashesOf(tried.after, table, key));
      changed.set(one, (changed.get(one) ?? 0) + less);
    }
    let lost = 0;
    for (const [hash, times] of rows) {
      // Values that may be chance are others than before, too; rows of the replay may be among them.
      const others = (changed.get(hash) ?? 0) - (hashesOf(built, table, hash) - times);
      lost += Math.max(0, times - hashesOf(after, table, hash), others);
    }
    if (lost > 0) {
      return {
        of: "rows",
        what: `${rowsOf(lost, table)}, which ${by} takes away or changes, ${areOrIs(lost)} still in`,
      };
    }
  }
  const views = viewsIn(after);
  for (const [table, rows] of after) {
    // Nothing but a REFRESH gives other rows to a view.
    if (!views.has(table) && count(rows) <= count(built.get(table))) continue;
    let made = 0;
    for (const [hash, times] of rows) if (hashesOf(built, table, hash) === 0) made += times;
    if (made > 0) return { of: "rows", what: `${rowsOf(made, table)}, made by ${by}, ${areOrIs(made)} not in` };
  }
  return undefined;
}

function areOrIs(many: number): "is" | "are" {
  return many === 1 ? "is" : "are";
}

function count(rows: ReadonlyMap<string, number> = new Map()): number {
  return rows.values().reduce((sum, times) => sum + times, 0);
}

/** Whether it is about what a later migration has taken away or uses, or makes a row that is there. */
function isDoneAlready({ server }: ConfitureError): boolean {
  const code = server?.sqlstate ?? "";
  return code.startsWith("42") || code === UNIQUE || code === USED_BY_A_VIEW;
}

/** Of a column whose type is to change. */
const USED_BY_A_VIEW = "0A000";
const UNIQUE = "23505";

/** Whether the code of a migration speaks of a table with such rows. */
function speaksOf({ kept }: LoadedMigration, rows: Rows): boolean {
  const words = new Set((kept.source ?? "").toLowerCase().match(/[a-z_][\w$]*/g));
  return rows.keys().some((table) => words.has(nameOf(table)));
}

/** Without its schema, of `Rows`' keys. */
function nameOf(table: string): string {
  return table
    .slice(table.lastIndexOf(".") + 1)
    .replaceAll('"', "")
    .toLowerCase();
}
