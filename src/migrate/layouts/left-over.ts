import { basename } from "node:path";
import { isOwnName } from "./confiture.ts";
import type { Folder } from "./folder.ts";
import type { Found, Ignored } from "./layout.ts";
import type { LayoutName } from "./names.ts";
import { LAYOUTS } from "./registry.ts";

/** How many files of one name, as a way back beside each migration, are named one by one. */
const ONE_BY_ONE = 3;

/**
 * What lies in folders of a migrations folder, is run by nothing, and was not told yet: SQL files, so that none is missing unseen. A
 * folder of which nothing is run is told as one.
 * @param found what its layout says of it
 */
export function leftOver(folder: Folder, layout: LayoutName, { migrations, ignored }: Found): Ignored[] {
  const run = new Set(
    migrations.flatMap(({ path, downPath }) => [path, ...(downPath === undefined ? [] : [downPath])]),
  );
  const isTold = (path: string): boolean =>
    ignored.some((other) => path === other.path || path.startsWith(`${other.path}/`));
  const files: string[] = [];
  const folders: Ignored[] = [];
  for (const name of folder.folders) {
    const path = folder.pathOf(name);
    if (name === "node_modules" || isTold(path)) continue;
    const all = sqlBelow(folder.inside(name));
    const left = all.filter((file) => !run.has(file) && !isTold(file));
    if (all.some((file) => run.has(file))) files.push(...left);
    else {
      const why = whyNone(folder, layout, left, migrations.length > 0 || folder.hasBase);
      if (why !== undefined) folders.push({ path, why });
    }
  }
  return [...folders, ...together(files, LAYOUTS[layout].names)];
}

/** Files with SQL, and TypeScript with the name of a migration. */
function sqlBelow(inner: Folder): string[] {
  const files: string[] = [];
  // Nothing in there is run; one that cannot be read is no reason to stop.
  for (const one of inner.below(() => {})) {
    files.push(...one.files.filter((name) => name.endsWith(".sql") || isOwnName(name)).map((name) => one.pathOf(name)));
  }
  return files;
}

/** @param isNeeded whether there are migrations that may need the files: what they run from TypeScript has any name */
function whyNone(folder: Folder, layout: LayoutName, left: readonly string[], isNeeded: boolean): string | undefined {
  if (layout === "confiture") {
    const named = left.filter((path) => isOwnName(basename(path)));
    if (named.length > 0) {
      const what = named.length === 1 ? `${basename(named[0]!)} in it has` : `${named.length} files in it have`;
      return `${what} the name of a migration, but only files directly inside ${folder.path} count`;
    }
    if (isNeeded) return undefined;
  }
  const sql = left.filter((path) => path.endsWith(".sql"));
  if (sql.length === 0) return undefined;
  const { names, readsBelow } = LAYOUTS[layout];
  const what = sql.length === 1 ? `${basename(sql[0]!)} in it is not run` : `${sql.length} SQL files in it are not run`;
  return `${what}, since migrations are ${names}${readsBelow === true ? "" : `, directly inside ${folder.path}`}`;
}

/** Many files of one name are told as one. */
function together(paths: readonly string[], names: string): Ignored[] {
  const why = `migrations are ${names}`;
  return [...Map.groupBy(paths, (path) => basename(path)).values()].flatMap((alike) => {
    const [first] = alike;
    return alike.length <= ONE_BY_ONE
      ? alike.map((path) => ({ path, why }))
      : [{ path: first!, why: `${why}; ${alike.length - 1} more of this name are left out as well` }];
  });
}
