import { basename, dirname } from "node:path";
import { queryCatalogue } from "#database/catalogue.ts";
import { migrationId } from "../files/migration-file.ts";
import { hashesOf, type HistoryRow, isHash, toRecord, unfinished } from "./histories.ts";
import type { ForeignTable, Found, Layout } from "./layout.ts";
import type { Folder } from "./folder.ts";
import { migrationFolders } from "./migration-folders.ts";
import { plainContent } from "./new-files.ts";
import { wholeFile } from "./whole-file.ts";

/**
 * Prisma Migrate (https://www.prisma.io/docs/orm/prisma-migrate): a folder a migration, `migration.sql` in it, no way
 * back. Folders are ordered by name.
 */
export const prisma: Layout = {
  title: "Prisma",
  names: "folders with a migration.sql",
  recognises: (folder) => (isPrisma(folder) ? "names" : undefined),
  find: (folder): Found => migrationFolders(folder, { layout: "prisma", title: "Prisma" }, { up: "migration.sql" }),
  cut: wholeFile,
  reads: () => false,
  creation: {
    versions: "timestamp",
    write: ({ version, name, up }) => {
      const path = `${migrationId({ version, name })}/migration.sql`;
      return { form: "sql", up: { path, content: plainContent(up) } };
    },
  },
  hasWaysBack: false,
  histories: { prisma: prismaTable() },
};

function isPrisma(folder: Folder): boolean {
  return folder.folders.some((name) => {
    const inside = folder.inside(name);
    // Drizzle writes a snapshot beside it.
    return inside.has("migration.sql") && !inside.has("snapshot.json");
  });
}

/** `finished_at` is null for one that failed; `rolled_back_at` is set for one that does not count. */
function prismaTable(): ForeignTable {
  return {
    tables: ["_prisma_migrations"],
    columns: ["migration_name", "checksum", "started_at", "finished_at", "rolled_back_at"],
    async read(database, table) {
      const rows = await queryCatalogue<HistoryRow & { checksum: string }>(
        database,
        `select migration_name as key, checksum, finished_at as applied_at,
                (extract(epoch from finished_at - started_at) * 1000)::float8 as execution_ms
           from ${table} where rolled_back_at is null`,
      );
      const failed = rows.find(({ applied_at }) => applied_at === null);
      if (failed !== undefined) throw unfinished(`Prisma recorded that ${failed.key} did not finish`);
      return {
        kind: "records",
        records: rows.map((row) => toRecord(row, isHash(row.checksum))),
      };
    },
    sumsOf: hashesOf("sha256"),
    keyOf: ({ path }) => basename(dirname(path)),
  };
}
