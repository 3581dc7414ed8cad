import { join } from "node:path";
import { readFile } from "node:fs/promises";
import { type ArchiveEntry, tarGz } from "../release-archive.ts";
import { RELEASE_TARGETS, type ReleaseTarget } from "../release-targets.ts";
import type { Product, ReleaseFile } from "./product.ts";

/** Packages for one machine each, of which npm installs the one that fits. */
const SCOPE = "@confiture";

const SYSTEMS = { linux: "linux", darwin: "darwin", windows: "win32" } as const;

/** The npm package that holds the executable for one machine, as `npm pack` would name and pack it. */
export function npmPlatformPackage(
  product: Product,
  target: ReleaseTarget,
  executable: Uint8Array,
  documents: readonly ArchiveEntry[],
): ReleaseFile {
  const isWindows = target.system === "windows";
  const manifest = {
    ...common(product),
    name: `${SCOPE}/${target.name}`,
    description: `The executable of confiture for ${target.name}`,
    os: [SYSTEMS[target.system]],
    cpu: [target.architecture],
    ...(target.system === "linux" ? { libc: [target.musl === true ? "musl" : "glibc"] } : {}),
    // Yarn would leave the executable inside an archive, where nothing can run it.
    preferUnplugged: true,
  };
  return {
    name: `confiture-${target.name}-${product.version}.tgz`,
    data: packed(manifest, [
      { name: isWindows ? "confiture.exe" : "confiture", data: executable, executable: true },
      ...documents.filter(({ name }) => !name.includes("/") && name !== "README.md"),
    ]),
  };
}

/** The npm package that people install: a launcher, and the others as optional dependencies. */
export async function npmMainPackage(product: Product, documents: readonly ArchiveEntry[]): Promise<ReleaseFile> {
  const manifest = {
    ...common(product),
    name: "confiture",
    description: product.summary,
    keywords: ["postgres", "postgresql", "migrations", "schema", "database"],
    bin: { confiture: "confiture.js" },
    engines: { node: ">=18" },
    optionalDependencies: Object.fromEntries(RELEASE_TARGETS.map(({ name }) => [`${SCOPE}/${name}`, product.version])),
  };
  const launcher = new Uint8Array(await readFile(join(import.meta.dir, "npm-launcher.js")));
  return {
    name: `confiture-${product.version}.tgz`,
    data: packed(manifest, [
      { name: "confiture.js", data: launcher, executable: true },
      ...documents.filter(({ name }) => name === "LICENSE" || name === "README.md"),
    ]),
  };
}

function common({ version, license }: Product): Record<string, unknown> {
  return { version, license };
}

function packed(manifest: Readonly<Record<string, unknown>>, files: readonly ArchiveEntry[]): Uint8Array {
  const entries = [{ name: "package.json", data: Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`) }, ...files];
  return tarGz(entries.map((entry) => Object.assign({}, entry, { name: `package/${entry.name}` })));
}
