import { quoteIdentifier, quoteQualified } from "#sql/quote.ts";
import type { SyncTable } from "../plan.ts";

/** Of a table on the source. */
export interface TableSize {
  readonly schema: string;
  readonly name: string;
  readonly bytes: number;
  /** PostgreSQL's estimate; null where it never counted. */
  readonly rows: number | null;
}

/** What one COPY of the source gives to one COPY of the target: a table, or a range of its pages. */
export interface Piece {
  readonly table: SyncTable;
  readonly read: string;
  readonly write: string;
  /** The only one of its table, which may then be written frozen. */
  readonly isWhole: boolean;
  readonly bytes: number;
}

export interface PieceOptions {
  /** Bytes of a page on the source. */
  readonly pageSize: number;
  readonly jobs: number;
  /** Ranges of pages are read without reading the rest since version 14; the oldest that is supported has them. */
  readonly sourceEngine: "server" | "embedded";
}

/** A table of less is not worth a second stream. */
const SMALLEST = 32 * 1024 * 1024;
const PIECES_PER_JOB = 4;
/** The embedded engine gives its rows all at once, so that they have to be in memory. */
const EMBEDDED = 4 * 1024 * 1024;

/** Cuts large tables into ranges of pages, and puts the largest first. Pure. */
export function piecesOf(
  tables: readonly SyncTable[],
  sizes: readonly TableSize[],
  { pageSize, jobs, sourceEngine }: PieceOptions,
): Piece[] {
  const byName = new Map(sizes.map((size) => [`${size.schema}\0${size.name}`, size.bytes]));
  const most = Math.max(0, ...sizes.map(({ bytes }) => bytes));
  const total = sizes.reduce((sum, { bytes }) => sum + bytes, 0);
  const wanted =
    sourceEngine === "embedded"
      ? EMBEDDED
      : jobs === 1
        ? Math.max(most, 1)
        : Math.max(SMALLEST, Math.ceil(total / (jobs * PIECES_PER_JOB)));
  return tables
    .filter(({ mode }) => mode === "rows")
    .flatMap((table): Piece[] => {
      const bytes = byName.get(`${table.schema}\0${table.name}`) ?? 0;
      const count = Math.max(1, Math.ceil(bytes / wanted));
      if (count === 1) return [{ table, read: readWhole(table), write: writeInto(table), isWhole: true, bytes }];
      const pages = Math.ceil(bytes / pageSize / count);
      return Array.from({ length: count }, (_, index) => ({
        table,
        read: `COPY (${table.query}${range(index, count, pages)}) TO STDOUT`,
        write: writeInto(table),
        isWhole: false,
        bytes: Math.round(bytes / count),
      }));
    })
    .toSorted((a, b) => b.bytes - a.bytes);
}

/** The last range has no end: a table may have grown, and nothing must fall out. */
function range(index: number, count: number, pages: number): string {
  const from = index === 0 ? "" : ` AND source.ctid >= '(${index * pages},0)'::pg_catalog.tid`;
  const to = index === count - 1 ? "" : ` AND source.ctid < '(${(index + 1) * pages},0)'::pg_catalog.tid`;
  return from + to;
}

function readWhole(table: SyncTable): string {
  return table.whole
    ? `COPY ${quoteQualified(table.schema, table.name)}${columnList(table)} TO STDOUT`
    : `COPY (${table.query}) TO STDOUT`;
}

function writeInto(table: SyncTable): string {
  return `COPY ${quoteQualified(table.schema, table.name)}${columnList(table)} FROM STDIN`;
}

/** A table without columns has rows all the same, and no list. */
function columnList({ columns }: SyncTable): string {
  return columns.length === 0 ? "" : ` (${columns.map(({ name }) => quoteIdentifier(name)).join(", ")})`;
}
