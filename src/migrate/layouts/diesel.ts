import { rowsOf } from "./histories.ts";
import type { Found, Layout } from "./layout.ts";
import type { Folder } from "./folder.ts";
import { migrationFolders } from "./migration-folders.ts";
import { wholeFile } from "./whole-file.ts";

/** "2018-01-01-000000_create": Diesel's version is what stands before the first `_`, without its dashes. */
const FOLDER_NAME = /^([\d-]+)(?:_(.*))?$/s;

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
  histories: {
    diesel: rowsOf(["__diesel_schema_migrations"], "version::text as key, run_on::timestamptz as applied_at"),
  },
};

function find(folder: Folder): Found {
  const { migrations, ignored } = migrationFolders(
    folder,
    { layout: "diesel", title: "Diesel" },
    { up: "up.sql", down: "down.sql" },
    (stem) => {
      const [, version, name = ""] = FOLDER_NAME.exec(stem) ?? [];
      const digits = version?.replaceAll("-", "");
      return digits === undefined || digits === "" ? undefined : { version: digits, name };
    },
  );
  return {
    migrations: migrations.map((migration) => {
      const stem = migration.path.slice(folder.path.length + 1, -"/up.sql".length);
      return runsOutside(folder.inside(stem)) ? { ...migration, transaction: false } : migration;
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
