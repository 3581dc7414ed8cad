import type { MigrationFile } from "../files/migration-file.ts";
import type { Folder } from "./folder.ts";
import { foreignProgram } from "./foreign-program.ts";
import type { Found, Ignored } from "./layout.ts";
import type { LayoutName } from "./names.ts";
import { byDigits, versionsOf } from "./names-and-versions.ts";

/** How many files are looked into for a tool's marks: the first and the last by name. */
const LOOKED_INTO = 3;

/** Whether one of the first or last SQL files of a folder holds a mark near its beginning. */
export function anyHeadMatches(folder: Folder, mark: RegExp): boolean {
  const files = folder.files.filter((name) => name.endsWith(".sql"));
  const some = new Set([...files.slice(0, LOOKED_INTO), ...files.slice(-LOOKED_INTO)]);
  return [...some].some((name) => mark.test(folder.head(name)));
}

/** Whether files have the marks of this tool's own form. */
export function hasOwnMarks(folder: Folder): boolean {
  return anyHeadMatches(folder, /^--\s*migrate:(?:up|down)\b/m);
}

/**
 * Whether a folder holds files of plain SQL and no form of this tool's own: where only the surroundings tell whose it is,
 * those count.
 */
export function isPlainSql(folder: Folder): boolean {
  return (
    folder.files.some((name) => name.endsWith(".sql")) &&
    !folder.files.some((name) => /^\d.*(?:\.up\.sql|\.down\.sql|\.ts)$/.test(name)) &&
    !hasOwnMarks(folder)
  );
}

/**
 * `VERSION_name.sql` for a tool that knows migrations by their number.
 * @param folders where its files lie
 */
export function numberedFiles(folder: Folder, layout: LayoutName, folders: Iterable<Folder> = [folder]): Found {
  return filesOf(folders, layout, (stems) =>
    stems.flatMap((entry) => {
      const names = byDigits(entry.stem);
      return names === undefined ? [] : [{ ...entry, ...names }];
    }),
  );
}

/** The same for a tool that knows migrations by their names: two may share a number. */
export function namedFiles(folder: Folder, layout: LayoutName): Found {
  return filesOf([folder], layout, (stems) => versionsOf(stems));
}

interface Entry {
  readonly stem: string;
  readonly path: string;
}

function filesOf(
  folders: Iterable<Folder>,
  layout: LayoutName,
  versions: (entries: readonly Entry[]) => readonly (Entry & { version: string; name: string })[],
): Found {
  const stems: Entry[] = [];
  const programs: MigrationFile[] = [];
  const ignored: Ignored[] = [];
  for (const folder of folders) {
    for (const fileName of folder.files) {
      const path = folder.pathOf(fileName);
      if (fileName.endsWith(".sql")) {
        stems.push({ stem: fileName.slice(0, -".sql".length), path });
        continue;
      }
      const program = foreignProgram(fileName, path, layout);
      if (program !== undefined) programs.push(program);
    }
  }
  const named = versions(stems);
  const known = new Set(named.map(({ path }) => path));
  for (const { path } of stems) if (!known.has(path)) ignored.push({ path, why: "names are VERSION_name.sql" });
  const migrations = named.map(({ version, name, path }): MigrationFile => ({
    version,
    name,
    form: "sql",
    layout,
    path,
  }));
  return { migrations: [...migrations, ...programs], ignored };
}
