import { type MigrationFile, migrationId } from "../files/migration-file.ts";
import type { Folder } from "./folder.ts";
import { foreignProgram } from "./foreign-program.ts";
import type { Found, Ignored, Layout } from "./layout.ts";
import { byDigits } from "./names-and-versions.ts";
import { newestSql, type NewFiles, type NewMigration, twoFiles } from "./new-files.ts";
import { wholeFile } from "./whole-file.ts";

/** What projects call the folders of the two ways. */
const PAIRS = [
  ["up", "down"],
  ["deploy", "revert"],
  ["do", "undo"],
  ["upgrade", "downgrade"],
  ["forward", "backward"],
  ["migrate", "rollback"],
] as const;

/** No tool's own: the ways up in one folder, the ways back in another, under the same names. */
export const separateFolders: Layout = {
  title: "separate folders (up and down)",
  names: "up/VERSION_name.sql and down/VERSION_name.sql",
  recognises: (folder) => (pairOf(folder) === undefined ? undefined : "names"),
  find,
  cut: wholeFile,
  reads: () => false,
  creation: { versions: "number", write },
  hasWaysBack: true,
  wayBackOf,
  histories: {},
};

/** In the folders that are there, and with the endings that are usual there: "up/001_users.up.sql". */
function write(migration: NewMigration): NewFiles {
  const newest = newestSql(migration.before);
  const [, upFolder = "up", upEnding = ""] = /([^/]+)\/[^/]*?(\.up)?\.sql$/.exec(newest?.path ?? "") ?? [];
  const downFolder = PAIRS.find(([up]) => up === upFolder)?.[1] ?? "down";
  const downEnding = upEnding === "" ? "" : ".down";
  const id = migrationId(migration);
  return twoFiles(migration, {
    up: `${upFolder}/${id}${upEnding}.sql`,
    down: `${downFolder}/${id}${downEnding}.sql`,
  });
}

function wayBackOf(path: string): string {
  const [, parents = "", upFolder = "", name = ""] = /^(.*\/)?([^/]+)\/([^/]+)$/.exec(path) ?? [];
  const downFolder = PAIRS.find(([up]) => up === upFolder)?.[1] ?? "down";
  return `${parents}${downFolder}/${name.replace(/\.up\.sql$/, ".down.sql")}`;
}

function pairOf(folder: Folder): (typeof PAIRS)[number] | undefined {
  return PAIRS.find(
    ([up, down]) =>
      folder.folders.includes(up) &&
      folder.folders.includes(down) &&
      folder.inside(up).files.some((name) => namesOf(name) !== undefined),
  );
}

/** "001_users.sql", "001_users.up.sql" */
function namesOf(fileName: string): ReturnType<typeof byDigits> {
  const stem = /^(.*?)(?:\.(?:up|down))?\.sql$/.exec(fileName)?.[1];
  return stem === undefined ? undefined : byDigits(stem);
}

function find(folder: Folder): Found {
  const pair = pairOf(folder);
  if (pair === undefined) return { migrations: [], ignored: [] };
  const [up, down] = pair.map((name) => folder.inside(name)) as [Folder, Folder];
  const ignored: Ignored[] = [...folder.files]
    .filter((name) => name.endsWith(".sql"))
    .map((name) => ({ path: folder.pathOf(name), why: `migrations are in ${pair[0]} and ${pair[1]} here` }));
  const ways = new Map<string, string>();
  for (const fileName of down.files) {
    const version = namesOf(fileName)?.version;
    if (version !== undefined) ways.set(version, down.pathOf(fileName));
    else if (fileName.endsWith(".sql"))
      ignored.push({ path: down.pathOf(fileName), why: "names are VERSION_name.sql" });
  }
  const migrations: MigrationFile[] = [];
  for (const fileName of up.files) {
    const path = up.pathOf(fileName);
    const names = namesOf(fileName);
    if (names === undefined) {
      const program = foreignProgram(fileName, path, "separate-folders");
      if (program !== undefined) migrations.push(program);
      else if (fileName.endsWith(".sql")) ignored.push({ path, why: "names are VERSION_name.sql" });
      continue;
    }
    const downPath = ways.get(names.version);
    ways.delete(names.version);
    const found = { ...names, layout: "separate-folders", path } as const;
    migrations.push(downPath === undefined ? { ...found, form: "sql" } : { ...found, form: "sql-pair", downPath });
  }
  for (const path of ways.values()) ignored.push({ path, why: `there is no way up of its version in ${up.path}` });
  return { migrations, ignored };
}
