import { createHash } from "node:crypto";
import { quoteQualified, reportedName } from "#sql/quote.ts";
import type { SyncPlan } from "../plan.ts";
import { BY_TABLE, COPY_MARK } from "./prepared-target.ts";
import type { SyncReport } from "./report.ts";

interface TableName {
  readonly schema: string;
  readonly name: string;
}

/** What a copy says of itself, in the comment on its database. */
export interface CopyRecord {
  /** The comment, as far as it is for people; null where it is not that of a copy. */
  readonly comment: string | null;
  /** Rows of all tables together. */
  readonly rows: number;
  /** How many tables had their rows copied; undefined where the comment does not say. */
  readonly tables: number | undefined;
  /** `keyMark` of the plan that it was made by; undefined where the comment does not say. */
  readonly keyMark: string | undefined;
  /** How many rows a table had; undefined where its rows were not copied. */
  rowsOf(table: TableName): number | undefined;
}

/** The comment on a copy, which `readRecord` reads. */
export function writeRecord(
  source: string,
  { digest, keyMark, tables }: SyncPlan,
  { takenAt, lsn }: SyncReport["snapshot"],
  copied: SyncReport["tables"],
): string {
  const rowsOf = new Map(copied.map(({ table, rowsWritten }) => [table, rowsWritten]));
  const all = copied.reduce((sum, { rowsWritten }) => sum + rowsWritten, 0);
  const each = tables.flatMap((table) => {
    const rows = table.mode === "skip" ? undefined : rowsOf.get(reportedName(table.schema, table.name));
    return rows === undefined ? [] : [` ${markOf(table)}=${rows}`];
  });
  const moment = `${takenAt}${lsn === null ? "" : ` (${lsn})`}`;
  return `${COPY_MARK} from ${source}, as of ${moment}; rules sha256:${digest}${keyMark === undefined ? "" : `; key ${keyMark}`}; rows: ${all}${BY_TABLE}${each.join("")}`;
}

/** Reads what a database says of the copy that it is. */
export function readRecord(comment: string | null): CopyRecord {
  const own = comment?.startsWith(COPY_MARK) === true ? comment : null;
  const at = own?.lastIndexOf(BY_TABLE) ?? -1;
  const keyMark = own?.match(/; key ([0-9a-f]{8});/)?.[1];
  if (own === null || at === -1) return { comment: own, rows: 0, tables: undefined, keyMark, rowsOf: () => undefined };
  const rows = new Map(
    own
      .slice(at + BY_TABLE.length)
      .split(" ")
      // Somebody may have written behind it.
      .filter((entry) => /^[0-9a-f]{12}=\d+$/.test(entry))
      .map((entry) => {
        const [mark = "", number] = entry.split("=");
        return [mark, Number(number)] as const;
      }),
  );
  return {
    comment: own.slice(0, at),
    keyMark,
    rows: [...rows.values()].reduce((sum, each) => sum + each, 0),
    tables: rows.size,
    rowsOf: (table) => rows.get(markOf(table)),
  };
}

/** Every role of the server reads comments on databases, so tables are not named in them. */
function markOf({ schema, name }: TableName): string {
  return createHash("sha256").update(quoteQualified(schema, name)).digest("hex").slice(0, 12);
}
