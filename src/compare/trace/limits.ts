import { lossOf } from "#sql/effects/loss.ts";
import { isRecreation } from "#sql/effects/recreated.ts";
import { isReplacement } from "#sql/effects/replaced.ts";
import { Statement } from "#sql/statement.ts";
import { isSwallowing, isSwallowingMeasured } from "#sql/effects/swallowed-writes.ts";
import {
  isAtLeast,
  type LockMode,
  type Relation,
  type StatementFacts,
  type TableLock,
  tableLocks,
  type Trace,
} from "./facts.ts";
import { sizesByName } from "./impact.ts";
import { otherSearchPath, type SizeOf, type Sizes } from "./sizes.ts";

/** What statements may do on a database in use without anybody looking at it. */
export interface Limits {
  /** The strongest lock on a table that has more rows than `rows`. */
  readonly lock: LockMode;
  /** The strongest lock on any table in use while a table that has more rows than `rows` is rewritten or read. */
  readonly longLock: LockMode;
  readonly rows: number;
  /** Whether code may take something away that the text of the statement does not name. */
  readonly dataLoss: boolean;
}

/** A statement that does more, or of which nobody can tell. */
export interface Excess {
  readonly statement: Pick<StatementFacts, "place">;
  /** Whether a lock on a table in use is what was seen, for as long as that table is large. */
  readonly isLock?: true;
  /** "ACCESS EXCLUSIVE on public.users (about 2,000,000 rows)" */
  readonly what: string;
}

/** So many rows can a page of 8 KiB hold (MaxHeapTuplesPerPage in PostgreSQL's htup_details.h), and a page is not smaller. */
const ROWS_ON_PAGE = 291;
const PAGE = 8192;

/** In the order in which they run. What could not be tried counts as too much. Pure. */
export function aboveLimits({ migrations }: Trace, sizes: Sizes, limits: Limits): Excess[] {
  const sizeOf = sizesByName(sizes);
  const path = otherSearchPath(sizes);
  // Nobody uses the tables of a database that has none yet.
  const isEmpty = sizes.relations.length === 0;
  const hasMore = (name: string): boolean => !isEmpty && mostRows(sizeOf.get(name)) > limits.rows;
  return migrations.flatMap(({ statements }) =>
    statements.flatMap((statement): Excess[] => {
      const { error, how, locks, sql } = statement;
      if (error !== undefined && error.onRows === undefined) {
        return [{ statement, what: `fails in a scratch database: ${error.error.message}` }];
      }
      if (statement.tooNew !== undefined) return [{ statement, what: statement.tooNew }];
      if (how.kind === "not-traced") return [{ statement, what: `could not be tried: ${how.reason}` }];
      const unseen = statement.opaque
        ? [{ statement, what: "runs code with branches, of which not all were seen" }]
        : [];
      const untold = limits.dataLoss ? [] : untoldLosses(statement);
      const lost =
        untold.length === 0
          ? []
          : [{ statement, what: `takes away what its text does not name: ${untold.join(", ")}` }];
      const isOther = (name: string): boolean => path !== undefined && !sql.includes(`${name.split(".")[0]}.`);
      const large = tableLocks(locks).filter(
        ({ isNew, kind, mode, name }) =>
          !isNew &&
          (kind === "table" || kind === "materialized view") &&
          mode !== limits.lock &&
          isAtLeast(mode, limits.lock) &&
          (isOther(name) || hasMore(name)),
      );
      const which = (name: string): string =>
        isOther(name) ? `or another table: the database looks names up in ${path}` : rowsIn(sizeOf.get(name));
      if (large.length === 0) {
        const work = largeWork(statement, (name) => isOther(name) || hasMore(name));
        const waiting = heldAbove(statement, limits.longLock);
        if (work === undefined || waiting.length === 0) return [...unseen, ...lost];
        const held = waiting.map(({ mode, on }) => `${mode} on ${on}`).join(", ");
        const what = `${held} while it ${work.verb} ${work.tables.map((name) => `${name} (${which(name)})`).join(", ")}`;
        return [{ statement, what, isLock: true }, ...unseen, ...lost];
      }
      const locked = large.map(({ mode, name, on }) => `${mode} on ${on} (${which(name)})`).join(", ");
      return [{ statement, what: locked, isLock: true }, ...unseen, ...lost];
    }),
  );
}

/** The large tables in use that a statement works through from beginning to end. */
function largeWork(
  { rewrites, rewritesIndexes, scans }: StatementFacts,
  isLarge: (name: string) => boolean,
): { readonly verb: string; readonly tables: readonly string[] } | undefined {
  const largeOf = (names: readonly (string | undefined)[]): string[] =>
    [...new Set(names)].filter((name) => name !== undefined && isLarge(name)) as string[];
  const inUse = (relations: readonly Relation[]): Relation[] => relations.filter(({ isNew }) => !isNew);
  const written = largeOf(inUse(rewrites).map(({ name }) => name));
  if (written.length > 0) return { verb: "rewrites", tables: written };
  const read = largeOf([...inUse(scans).map(({ name }) => name), ...inUse(rewritesIndexes).map(({ table }) => table)]);
  return read.length > 0 ? { verb: "reads all rows of", tables: read } : undefined;
}

/** Locks on tables in use that are stronger, those among them that the transaction took before. */
function heldAbove({ held }: StatementFacts, limit: LockMode): readonly TableLock[] {
  return tableLocks(held).filter(
    ({ isNew, kind, mode }) =>
      !isNew && (kind === "table" || kind === "materialized view") && mode !== limit && isAtLeast(mode, limit),
  );
}

/** What a statement takes away besides what its text says. Pure. */
export function untoldLosses({ sql, loses }: Pick<StatementFacts, "sql" | "loses">): string[] {
  const told = lossOf(Statement.of(sql));
  return loses.filter(
    (loss) => loss !== told && !isReplacement(loss) && !isRecreation(loss) && !isToldSwallowing(loss),
  );
}

/** What the text of a trigger's function tells is asked with what the text of statements tells. */
function isToldSwallowing(loss: string): boolean {
  return isSwallowing(loss) && !isSwallowingMeasured(loss);
}

/** Losses that its text names. Pure. */
export function toldLosses(statement: Pick<StatementFacts, "sql" | "loses">): string[] {
  const untold = untoldLosses(statement);
  return statement.loses.filter((loss) => !untold.includes(loss));
}

/** An upper bound where PostgreSQL never counted, or has no such table: what is not known is not nothing. */
function mostRows(size: SizeOf | undefined): number {
  return size === undefined ? Infinity : (size.rows ?? Math.ceil(size.bytes / PAGE) * ROWS_ON_PAGE);
}

function rowsIn(size: SizeOf | undefined): string {
  if (size === undefined) return "the database has no table of this name, so its size is not known";
  const most = mostRows(size).toLocaleString("en-US");
  return size.rows === null ? `at most ${most} rows: ANALYZE counts them` : `about ${most} rows`;
}
