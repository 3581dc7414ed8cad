import { isAtLeast, type LockMode, type StatementFacts, type Trace } from "./facts.ts";
import { sizesByName } from "./impact.ts";
import type { SizeOf, Sizes } from "./sizes.ts";

/** What statements may do on a database in use without anybody looking at it. */
export interface Limits {
  /** The strongest lock on a table that has more rows than `rows`. */
  readonly lock: LockMode;
  readonly rows: number;
}

/** A statement that does more, or of which nobody can tell. */
export interface Excess {
  readonly statement: StatementFacts;
  /** "ACCESS EXCLUSIVE on public.users (about 2,000,000 rows)" */
  readonly what: string;
}

/** So many rows can a page of 8 KiB hold (MaxHeapTuplesPerPage in PostgreSQL's htup_details.h), and a page is not smaller. */
const ROWS_ON_PAGE = 291;
const PAGE = 8192;

/** In the order in which they run. What could not be tried counts as too much. Pure. */
export function aboveLimits({ migrations }: Trace, sizes: Sizes | undefined, limits: Limits): Excess[] {
  const sizeOf = sizesByName(sizes);
  return migrations.flatMap(({ statements }) =>
    statements.flatMap((statement): Excess[] => {
      const { error, how, locks } = statement;
      if (error !== undefined) return [{ statement, what: `fails where it was tried: ${error.error.message}` }];
      if (how.kind === "not-traced") return [{ statement, what: `could not be tried: ${how.reason}` }];
      const large = locks.filter(
        ({ isNew, kind, mode, name }) =>
          !isNew &&
          (kind === "table" || kind === "materialized view") &&
          mode !== limits.lock &&
          isAtLeast(mode, limits.lock) &&
          mostRows(sizeOf.get(name)) > limits.rows,
      );
      if (large.length === 0) return [];
      return [
        {
          statement,
          what: large.map(({ mode, name }) => `${mode} on ${name} (${rowsIn(sizeOf.get(name))})`).join(", "),
        },
      ];
    }),
  );
}

/** An upper bound where PostgreSQL never counted: what is not known is not nothing. */
function mostRows(size: SizeOf | undefined): number {
  return size === undefined ? 0 : (size.rows ?? Math.ceil(size.bytes / PAGE) * ROWS_ON_PAGE);
}

function rowsIn(size: SizeOf | undefined): string {
  const most = mostRows(size).toLocaleString("en-US");
  return size?.rows === null ? `at most ${most} rows: ANALYZE counts them` : `about ${most} rows`;
}
