import type { MigrationFile } from "../files/migration-file.ts";
import type { Folder } from "./folder.ts";
import type { Ignored } from "./layout.ts";
import type { LayoutName } from "./names.ts";
import { byMoments, isOneOrder, type Naming, requireOneOrder, versionsOf } from "./names-and-versions.ts";

interface Tool {
  readonly layout: LayoutName;
  readonly title: string;
  /** What it goes by, as text, when it puts folders in order; their names when undefined. */
  readonly sortKey?: (stem: string) => string;
}

/**
 * Migrations that are folders, which all tools that have them run in the order of their names, or of what they read of these.
 * @param files what each holds; the second one may be missing
 * @param naming how a folder's name is read, where not by the digits it begins with
 */
export function migrationFolders(
  folder: Folder,
  { layout, title, sortKey }: Tool,
  files: { readonly up: string; readonly down?: string },
  naming?: Naming,
): { readonly migrations: MigrationFile[]; readonly ignored: Ignored[] } {
  const ignored: Ignored[] = folder.files
    .filter((name) => name.endsWith(".sql"))
    .map((name) => ({ path: folder.pathOf(name), why: `migrations are folders with ${files.up} here` }));
  const stems: { stem: string; path: string }[] = [];
  for (const stem of folder.folders) {
    const inside = folder.inside(stem);
    if (inside.has(files.up)) stems.push({ stem, path: inside.pathOf(files.up) });
    else if (inside.files.length > 0) {
      ignored.push({ path: inside.path, why: `it holds no ${files.up}` });
    }
  }
  const read = versionsOf(stems, naming);
  // Somebody has written a date by hand among names with a time.
  const versions =
    naming !== undefined || sortKey !== undefined || isOneOrder(read) ? read : versionsOf(stems, byMoments);
  requireOneOrder(sortKey === undefined ? versions : sortedBy(versions, sortKey), title);
  const migrations = versions.map(({ stem, path, version, name }): MigrationFile => {
    const inside = folder.inside(stem);
    const { down } = files;
    if (down === undefined || !inside.has(down)) return { version, name, form: "sql", layout, path };
    return { version, name, form: "sql-pair", layout, path, downPath: inside.pathOf(down) };
  });
  return { migrations, ignored };
}

function sortedBy<Entry extends { readonly stem: string }>(
  entries: readonly Entry[],
  keyOf: (stem: string) => string,
): Entry[] {
  return entries.toSorted((a, b) => Buffer.compare(Buffer.from(keyOf(a.stem)), Buffer.from(keyOf(b.stem))));
}
