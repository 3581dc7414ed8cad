import { migrationId } from "../files/migration-file.ts";
import { rowsOf } from "./histories.ts";
import type { Found, Layout } from "./layout.ts";
import type { Folder } from "./folder.ts";
import { migrationFolders } from "./migration-folders.ts";
import { newestSql, type NewFiles, type NewMigration, type NewWay, twoFiles } from "./new-files.ts";
import { wholeFile } from "./whole-file.ts";

/** "2018-01-01-000000_create", "2026-01-01-000000-0000_create" */
const FOLDER_NAME = /^([\d-]+)(?:_(.*))?$/s;

/** A moment, and the number that newer versions of Diesel put behind it. */
const NUMBERED = /^(\d{4}-\d\d-\d\d-\d{6})-(\d+)$/;

/** Diesel's version is what stands before the first `_`, without its dashes; as texts, versions are in its order. */
function versionThere(stem: string): string {
  return stem.split("_", 1)[0]!.replaceAll("-", "");
}

/**
 * Diesel (https://diesel.rs/guides/getting-started): a folder a migration, with up.sql, down.sql and perhaps a
 * metadata.toml.
 */
export const diesel: Layout = {
  title: "Diesel",
  names: "folders with an up.sql and a down.sql",
  recognises: (folder) => (folder.folders.some((name) => folder.inside(name).has("up.sql")) ? "names" : undefined),
  find,
  cut: wholeFile,
  reads: () => false,
  creation: { versions: "timestamp", write },
  hasWaysBack: true,
  wayBackOf: (path) => path.replace(/up\.sql$/, "down.sql"),
  histories: {
    diesel: rowsOf(
      ["__diesel_schema_migrations"],
      ["version", "run_on"],
      "version::text as key, run_on::timestamptz as applied_at",
    ),
  },
};

/** "2026-01-02-030405_name", Diesel's own, unless the newest folder has its digits without dashes. */
function write(migration: NewMigration): NewFiles {
  const { version, name, before, up, down } = migration;
  const newest = newestSql(before);
  const dashed = newest === undefined || /\/\d{4}-\d\d-\d\d-\d+(?:-\d+)?(?:_[^/]*)?\/up\.sql$/.test(newest.path);
  const written = dashed ? version.replace(/^(\d{4})(\d\d)(\d\d)(\d{6})$/, "$1-$2-$3-$4") : version;
  const folder = migrationId({ version: written, name });
  const inside = (way: NewWay): NewWay => ({ ...way, outside: false });
  const files = twoFiles(
    { ...migration, up: inside(up), down: down && inside(down) },
    { up: `${folder}/up.sql`, down: `${folder}/down.sql` },
  );
  const outside = up.outside || down?.outside === true;
  if (!outside) return files;
  return { ...files, others: [{ path: `${folder}/metadata.toml`, content: "run_in_transaction = false\n" }] };
}

function find(folder: Folder): Found {
  const { migrations, ignored } = migrationFolders(
    folder,
    { layout: "diesel", title: "Diesel", sortKey: versionThere },
    { up: "up.sql", down: "down.sql" },
    (stem) => {
      const [, version, name = ""] = FOLDER_NAME.exec(stem) ?? [];
      const [, moment, number] = NUMBERED.exec(version ?? "") ?? [];
      const digits = (moment ?? version)?.replaceAll("-", "");
      if (digits === undefined || digits === "") return undefined;
      // The number stays apart: as one, the digits would come behind every moment without a number.
      return { version: number === undefined ? digits : `${digits}-${number}`, name };
    },
  );
  return {
    migrations: migrations.map((migration) => {
      const stem = migration.path.slice(folder.path.length + 1, -"/up.sql".length);
      const known = { ...migration, key: versionThere(stem) };
      return runsOutside(folder.inside(stem)) ? { ...known, transaction: false } : known;
    }),
    ignored,
  };
}

/** `run_in_transaction = false`, the one key that Diesel reads of it. */
function runsOutside(inside: Folder): boolean {
  if (!inside.has("metadata.toml")) return false;
  const text = new TextDecoder().decode(inside.bytes("metadata.toml"));
  return /^\s*run_in_transaction\s*=\s*false\s*(#.*)?$/m.test(text);
}
