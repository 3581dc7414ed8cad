import { basename } from "node:path";
import { migrationId } from "../files/migration-file.ts";
import { rowsOf } from "./histories.ts";
import { cutAtMarks, type Mark } from "./marked.ts";
import type { Layout } from "./layout.ts";
import { inStatementBlock, markedFile, newestSql } from "./new-files.ts";
import { anyHeadMatches, namedFiles } from "./numbered-files.ts";

const UP = "-- +migrate Up";
const DOWN = "-- +migrate Down";
const MARK = /^--\s*\+migrate\b\s*(.*?)\s*$/i;

/** sql-migrate (https://github.com/rubenv/sql-migrate): sections in comments that begin with `+migrate`. */
export const sqlMigrate: Layout = {
  title: "sql-migrate",
  names: "VERSION_name.sql or VERSION-name.sql",
  recognises: (folder) => (anyHeadMatches(folder, /^--\s*\+migrate\s/im) ? "content" : undefined),
  find: (folder) => namedFiles(folder, "sql-migrate"),
  cut: (source) =>
    cutAtMarks(source, {
      read,
      upLine: UP,
      downLine: DOWN,
      openingIsUp: false,
      noTransactionForAll: false,
      howToRunOutside: "put notransaction behind its mark: -- +migrate Up notransaction",
    }),
  reads: (comment) => MARK.test(comment),
  creation: {
    versions: "timestamp",
    write: (migration) => {
      const { version, name, before } = migration;
      const newest = newestSql(before);
      const hasUnderscore = newest !== undefined && /^\d+_/.test(basename(newest.path));
      return markedFile(
        migration,
        { up: UP, down: DOWN },
        {
          path: `${hasUnderscore ? migrationId({ version, name }) : `${version}-${name}`}.sql`,
          outside: (mark) => `${mark} notransaction`,
          section: (sql) => inStatementBlock(sql, "-- +migrate"),
        },
      );
    },
  },
  hasWaysBack: true,
  histories: {
    // The id is the file's name.
    "sql-migrate": rowsOf(
      ["gorp_migrations"],
      ["id", "applied_at"],
      "id::text as key, applied_at::timestamptz as applied_at",
      ({ path }) => basename(path),
    ),
  },
};

function read(comment: string): Mark | undefined {
  const [command, ...options] = MARK.exec(comment)?.[1]?.toLowerCase().split(/\s+/) ?? [];
  switch (command) {
    case undefined:
      return undefined;
    case "up":
    case "down":
      return { kind: command, outside: options.includes("notransaction") };
    case "statementend":
      return { kind: "end" };
    case "statementbegin":
      return { kind: "other" };
    default:
      return { kind: "unknown" };
  }
}
