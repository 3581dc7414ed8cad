import { queryCatalogue } from "#database/catalogue.ts";
import { ConfitureError } from "#errors/error.ts";
import type { MigrationFile } from "../files/migration-file.ts";
import type { Sections } from "../files/sections.ts";
import { compareVersions } from "../files/version.ts";
import type { Folder } from "./folder.ts";
import { hashesOf, type HistoryRow, isHash, toRecord } from "./histories.ts";
import type { ForeignTable, Found, Ignored, Layout } from "./layout.ts";
import { withMasked } from "./mask.ts";
import { migrationFolders } from "./migration-folders.ts";
import { versionsOf } from "./names-and-versions.ts";
import type { SqlSource } from "./source.ts";
import { wholeFile } from "./whole-file.ts";

const BREAKPOINT = /^-->\s*statement-breakpoint\s*$/;

/**
 * Drizzle (https://orm.drizzle.team/docs/kit-overview): files in the order of meta/_journal.json, or, since 1.0, folders with
 * a migration.sql and a snapshot.json.
 */
export const drizzle: Layout = {
  title: "Drizzle",
  names: "files that meta/_journal.json lists, or folders with a migration.sql and a snapshot.json",
  recognises: (folder) => (hasJournal(folder) || hasSnapshots(folder) ? "names" : undefined),
  find: (folder) => (hasJournal(folder) ? listedFiles(folder) : folders(folder)),
  cut,
  reads: (comment) => BREAKPOINT.test(comment),
  creation: { byItsTool: "drizzle-kit generate --custom --name NAME" },
  hasWaysBack: false,
  histories: { drizzle: drizzleTable() },
};

function hasJournal(folder: Folder): boolean {
  return folder.folders.includes("meta") && folder.inside("meta").has("_journal.json");
}

function hasSnapshots(folder: Folder): boolean {
  return folder.folders.some((name) => {
    const inside = folder.inside(name);
    return inside.has("migration.sql") && inside.has("snapshot.json");
  });
}

interface JournalEntry {
  readonly tag: string;
  /** Milliseconds since 1970, which is what the history knows a migration by. */
  readonly when: number;
}

function listedFiles(folder: Folder): Found {
  const entries = readJournal(folder);
  const found = versionsOf(entries.map(({ tag, when }) => ({ stem: tag, when })));
  const migrations = found.map(({ stem, when, version, name }): MigrationFile => {
    const path = folder.pathOf(`${stem}.sql`);
    if (!folder.has(`${stem}.sql`)) {
      throw invalid(folder, `meta/_journal.json lists ${stem}, and there is no ${path}`, "Bring the file back.");
    }
    return { version, name, form: "sql", layout: "drizzle", path, key: String(when) };
  });
  for (const [index, { version, path }] of migrations.entries()) {
    const before = migrations[index - 1];
    if (before === undefined || compareVersions(before.version, version) < 0) continue;
    throw invalid(
      folder,
      `meta/_journal.json has ${path} after ${before.path}, and their names say the opposite`,
      "Rename the files and their tags in the journal so that names and journal have one order.",
    );
  }
  const listed = new Set(migrations.map(({ path }) => path));
  const ignored = folder.files
    .filter((name) => name.endsWith(".sql") && !listed.has(folder.pathOf(name)))
    .map((name): Ignored => ({ path: folder.pathOf(name), why: "meta/_journal.json does not list it" }));
  return { migrations, ignored };
}

function readJournal(folder: Folder): JournalEntry[] {
  const text = new TextDecoder().decode(folder.inside("meta").bytes("_journal.json"));
  let journal: unknown;
  try {
    journal = JSON.parse(text);
  } catch (cause) {
    throw invalid(folder, `meta/_journal.json is not JSON: ${(cause as Error).message}`, "Restore it.");
  }
  const entries = (journal as { readonly entries?: unknown } | null)?.entries;
  const isEntry = (entry: unknown): entry is JournalEntry =>
    typeof (entry as JournalEntry | null)?.tag === "string" && typeof (entry as JournalEntry).when === "number";
  if (Array.isArray(entries) && entries.every(isEntry)) return entries;
  throw invalid(folder, "meta/_journal.json has no list of entries, each with a tag and a time", "Restore it.");
}

function folders(folder: Folder): Found {
  const { migrations, ignored } = migrationFolders(
    folder,
    { layout: "drizzle", title: "Drizzle" },
    { up: "migration.sql" },
  );
  return {
    migrations: migrations.map((migration) => {
      const when = timeOf(migration.version);
      return when === undefined ? migration : { ...migration, key: String(when) };
    }),
    ignored,
  };
}

/** A folder's name begins with its time in UTC: "20240101103000_name". */
function timeOf(version: string): number | undefined {
  const [, ...parts] = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)/.exec(version) ?? [];
  const [year, month, day, hour, minute, second] = parts.map(Number);
  if (second === undefined) return undefined;
  return Date.UTC(year!, month! - 1, day, hour, minute, second);
}

/** A breakpoint ends a statement, also one without a semicolon. */
function cut(source: SqlSource): Sections {
  const { text } = source;
  const sections = wholeFile(source);
  if (!text.includes("-->")) return sections;
  const breakpoints = source.comments.filter(({ start, end }) => BREAKPOINT.test(text.slice(start, end)));
  const masked = breakpoints.map((breakpoint) => ({ ...breakpoint, endsStatement: true }));
  return { ...sections, main: { ...sections.main, ...withMasked(text, masked) } };
}

/** A migration is known by its time; the hash is that of the file. */
function drizzleTable(): ForeignTable {
  return {
    tables: ["drizzle.__drizzle_migrations", "__drizzle_migrations"],
    columns: ["id", "hash", "created_at"],
    async read(database, table) {
      const rows = await queryCatalogue<HistoryRow & { hash: string }>(
        database,
        `select created_at::text as key, to_timestamp(created_at / 1000.0) as applied_at, hash from ${table}`,
      );
      return {
        kind: "records",
        records: rows.map((row) => toRecord(row, isHash(row.hash))),
      };
    },
    sumsOf: hashesOf("sha256"),
  };
}

function invalid(folder: Folder, message: string, hint: string): ConfitureError {
  return new ConfitureError("migration_invalid", message, {
    hint,
    location: { file: folder.pathOf("meta/_journal.json") },
  });
}
