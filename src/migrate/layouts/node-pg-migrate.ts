import { basename, extname } from "node:path";
import { rowsOf } from "./histories.ts";
import { cutAtMarks, type Mark } from "./marked.ts";
import type { Layout } from "./layout.ts";
import { markedFile, OUTSIDE } from "./new-files.ts";
import { anyHeadMatches, hasOwnMarks, namedFiles } from "./numbered-files.ts";

const UP = "-- Up Migration";
const DOWN = "-- Down Migration";
const MARK = /^--[\s-]*(up|down)\s+migration/i;

/** node-pg-migrate (https://github.com/salsita/node-pg-migrate), its SQL files. */
export const nodePgMigrate: Layout = {
  title: "node-pg-migrate",
  names: "TIMESTAMP_name.sql",
  recognises: (folder) =>
    anyHeadMatches(folder, /^\s*--[\s-]*(?:up|down)\s+migration/im) && !hasOwnMarks(folder) ? "content" : undefined,
  find: (folder) => namedFiles(folder, "node-pg-migrate"),
  cut: (source) =>
    cutAtMarks(source, {
      read,
      upLine: UP,
      downLine: DOWN,
      openingIsUp: !source.comments.some(({ start, end }) => read(source.text.slice(start, end))?.kind === "up"),
      noTransactionForAll: true,
      howToRunOutside: "begin the file with the line: -- no-transaction",
    }),
  reads: (comment) => MARK.test(comment),
  creation: {
    versions: "timestamp",
    write: (migration) => markedFile(migration, { up: UP, down: DOWN }, { outsideHead: OUTSIDE }),
  },
  hasWaysBack: true,
  histories: {
    // The name is that of the file, without its ending; of a pair, without ".up" as well.
    "node-pg-migrate": rowsOf(
      ["pgmigrations"],
      ["id", "name", "run_on"],
      "name::text as key, run_on::timestamptz as applied_at",
      ({ path }) => basename(path, extname(path)).replace(/\.up$/, ""),
    ),
  },
};

function read(comment: string): Mark | undefined {
  const way = MARK.exec(comment)?.[1]?.toLowerCase();
  return way === "up" || way === "down" ? { kind: way } : undefined;
}
