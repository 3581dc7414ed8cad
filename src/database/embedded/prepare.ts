import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type FileToPack, pack } from "./pack.ts";

/** The catalogue of a new database, as far as it shows whether anything was ever changed in one. */
export interface UntouchedCatalogue {
  /** The number that its first transaction gets. */
  readonly next: string;
  /** How many rows each table of pg_catalog has. */
  readonly tables: Readonly<Record<string, number>>;
}

const ROOT = join(import.meta.dir, "..", "..", "..");
/** Where assets.ts finds what is made here. */
const CACHE = join(ROOT, ".cache", "embedded");
const STAMP = "made-by";

/**
 * Makes the files that assets.ts embeds and npm does not ship: an initialised database cluster,
 * because initdb takes seconds, and the contrib extensions in one piece. Does nothing when they are up
 * to date. Runs before compiling, and before the first use from source.
 */
export async function prepareEmbeddedAssets(): Promise<void> {
  const distribution = dirname(Bun.fileURLToPath(import.meta.resolve("@electric-sql/pglite")));
  const stamp = await fingerprint(distribution);
  if ((await readFile(join(CACHE, STAMP), "utf8").catch(() => "")) === stamp) return;

  await mkdir(CACHE, { recursive: true });
  const staging = await mkdtemp(join(CACHE, "staging-"));
  try {
    await writeFile(join(staging, "cluster.pack"), pack(await makeCluster(join(staging, "cluster"))));
    await writeFile(join(staging, "extensions.pack"), pack(await readExtensions(distribution)));
    await writeFile(join(staging, "untouched.data"), JSON.stringify(await readUntouched(join(staging, "cluster"))));
    await writeFile(join(staging, STAMP), stamp);
    // Tests run in parallel: each file appears whole, and the stamp when all of them are there.
    for (const name of ["cluster.pack", "extensions.pack", "untouched.data", STAMP]) {
      await rename(join(staging, name), join(CACHE, name));
    }
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

/** Changes with PGlite and with the recipe. */
async function fingerprint(distribution: string): Promise<string> {
  const hash = new Bun.CryptoHasher("sha256");
  for (const file of [join(distribution, "..", "package.json"), import.meta.path, join(import.meta.dir, "pack.ts")]) {
    hash.update(await readFile(file));
  }
  return hash.digest("hex");
}

/** Runs initdb and returns the data folder's files. */
async function makeCluster(folder: string): Promise<FileToPack[]> {
  const { PGlite } = await import("@electric-sql/pglite");
  // Small WAL segments: the usual 16 MB would be most of the data folder.
  const pglite = await PGlite.create({ dataDir: folder, initDbStartParams: ["--wal-segsize=1"] });
  await pglite.close();

  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.map((entry) => {
    const path = join(entry.parentPath, entry.name)
      .slice(folder.length + 1)
      .replaceAll("\\", "/");
    return entry.isDirectory() ? `${path}/` : path;
  });
  // The first segment holds the shutdown checkpoint; later ones are spares.
  const spares = paths
    .filter((path) => /^pg_wal\/[0-9A-F]{24}$/.test(path))
    .toSorted()
    .slice(1);
  return await Promise.all(
    paths
      .filter((path) => !spares.includes(path))
      .toSorted()
      .map(async (path) => ({
        path,
        data: path.endsWith("/") ? new Uint8Array() : new Uint8Array(await readFile(join(folder, path))),
      })),
  );
}

/** What the new cluster's catalogue holds; its files have been packed already. */
async function readUntouched(folder: string): Promise<UntouchedCatalogue> {
  const { PGlite } = await import("@electric-sql/pglite");
  const pglite = await PGlite.create({ dataDir: folder });
  const { rows } = await pglite.query<{ name: string; rows: number; next: string }>(
    `select relname as name, pg_snapshot_xmax(pg_current_snapshot())::text as next,
            (xpath('//rows/text()', query_to_xml(format('select count(*) as rows from pg_catalog.%I', relname), false, true, '')))[1]::text::int as rows
       from pg_catalog.pg_class where relkind = 'r' and relnamespace = 'pg_catalog'::regnamespace order by relname`,
  );
  await pglite.close();
  return { next: rows[0]!.next, tables: Object.fromEntries(rows.map(({ name, rows: count }) => [name, count])) };
}

/** The files of every extension that PGlite ships, with paths from PostgreSQL's installation folder. */
async function readExtensions(distribution: string): Promise<FileToPack[]> {
  const files = new Map<string, Uint8Array>();
  for (const name of (await readdir(distribution)).filter((file) => file.endsWith(".tar.gz")).toSorted()) {
    const archive = new Bun.Archive(await readFile(join(distribution, name)));
    for (const [path, file] of await archive.files()) {
      if (!path.startsWith("share/doc/")) files.set(path, new Uint8Array(await file.arrayBuffer()));
    }
  }
  return [...files].map(([path, data]) => ({ path, data }));
}
