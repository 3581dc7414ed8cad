import { queryCatalogue } from "#database/catalogue.ts";
import { ConfitureError } from "#errors/error.ts";
import { cutAtMarks, type Mark } from "./marked.ts";
import { type HistoryRow, toRecord } from "./histories.ts";
import type { ForeignTable, Layout } from "./layout.ts";
import { inStatementBlock, markedFile } from "./new-files.ts";
import { anyHeadMatches, numberedFiles } from "./numbered-files.ts";

const UP = "-- +goose Up";
const DOWN = "-- +goose Down";
/** goose takes dashes anywhere in the line for part of the comment. */
const MARK = /^--[\s-]*\+goose\b[\s-]*(.*?)[\s-]*$/i;

/** goose (https://github.com/pressly/goose): sections in comments that begin with `+goose`. */
export const goose: Layout = {
  title: "goose",
  names: "VERSION_name.sql",
  recognises: (folder) => (anyHeadMatches(folder, /^--\s*\+goose\s/im) ? "content" : undefined),
  find: (folder) => numberedFiles(folder, "goose"),
  cut(source) {
    for (const { start, end } of source.comments) {
      const command = MARK.exec(source.text.slice(start, end))?.[1];
      if (command === undefined || !/^ENVSUB/i.test(command) || /\bOFF$/i.test(command)) continue;
      throw new ConfitureError(
        "migration_template",
        `${source.file} is a template: +goose ${command} fills in variables`,
        {
          location: source.locate(start),
          hint: "Write the values into the file and remove this line.",
        },
      );
    }
    return cutAtMarks(source, {
      read,
      upLine: UP,
      downLine: DOWN,
      openingIsUp: false,
      noTransactionForAll: true,
      howToRunOutside: "begin the file with the line: -- +goose NO TRANSACTION",
    });
  },
  reads: (comment) => MARK.test(comment),
  creation: {
    versions: "timestamp",
    write: (migration) =>
      markedFile(
        migration,
        { up: UP, down: DOWN },
        { outsideHead: "-- +goose NO TRANSACTION\n", section: (sql) => inStatementBlock(sql, "-- +goose") },
      ),
  },
  hasWaysBack: true,
  histories: { goose: gooseTable() },
};

function read(comment: string): Mark | undefined {
  const command = MARK.exec(comment)?.[1]?.toLowerCase();
  switch (command) {
    case undefined:
      return undefined;
    case "up":
    case "down":
      return { kind: command };
    case "no transaction":
      return { kind: "no-transaction" };
    case "statementend":
      return { kind: "end" };
    case "statementbegin":
    case "envsub off":
      return { kind: "other" };
    default:
      return { kind: "unknown" };
  }
}

/** A row for every step up and down; the last one of a version counts. Version 0 is where it begins. */
function gooseTable(): ForeignTable {
  return {
    tables: ["goose_db_version"],
    columns: ["id", "version_id", "is_applied", "tstamp"],
    async read(database, table) {
      const rows = await queryCatalogue<HistoryRow & { is_applied: boolean }>(
        database,
        `select distinct on (version_id) version_id::text as key, tstamp::timestamptz as applied_at, is_applied
           from ${table} where version_id <> 0 order by version_id, id desc`,
      );
      return { kind: "records", records: rows.filter((row) => row.is_applied).map((row) => toRecord(row)) };
    },
  };
}
