import type { Folder } from "./folder.ts";
import type { Found, Ignored } from "./layout.ts";
import type { LayoutName } from "./names.ts";
import { versionsOf } from "./names-and-versions.ts";

/**
 * Migrations that are folders, by name in the order of their texts.
 * @param files what each holds; the second one may be missing
 */
export function migrationFolders(
  folder: Folder,
  layout: LayoutName,
  files: { readonly up: string; readonly down?: string },
): Found {
  const ignored: Ignored[] = folder.files
    .filter((name) => name.endsWith(".sql"))
    .map((name) => ({ path: folder.pathOf(name), why: `migrations are folders with ${files.up} here` }));
  const stems: { stem: string; path: string }[] = [];
  for (const stem of folder.folders) {
    const inside = folder.inside(stem);
    if (inside.has(files.up)) stems.push({ stem, path: inside.pathOf(files.up) });
    else if (inside.files.some((name) => name.endsWith(".sql"))) {
      ignored.push({ path: inside.path, why: `it holds no ${files.up}` });
    }
  }
  const migrations = versionsOf(stems).map(({ stem, path, version, name }) => {
    const { down } = files;
    const pair = down !== undefined && folder.inside(stem).has(down);
    return {
      version,
      name,
      form: pair ? ("sql-pair" as const) : ("sql" as const),
      layout,
      path,
      ...(pair ? { downPath: folder.inside(stem).pathOf(down) } : {}),
    };
  });
  return { migrations, ignored };
}
