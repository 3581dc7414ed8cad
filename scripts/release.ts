/**
 * Makes a release: every target compiled, checked and packed, with checksums. Nothing is released when
 * one file is wrong. scripts/release runs this.
 */
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { type ArchiveEntry, tarGz, zip } from "./release-archive.ts";
import { thirdPartyLicenses } from "./release-licenses.ts";
import { checkSignature, signAdHoc } from "./release-macho.ts";
import { RELEASE_TARGETS, type ReleaseTarget, wrongMachine } from "./release-targets.ts";

export interface ReleaseOptions {
  readonly version: string;
  readonly targets: readonly ReleaseTarget[];
  /** The folder for the archives; an older release's are removed from it first. */
  readonly out: string;
  /** Goes into every archive beside the executable. */
  readonly documents: readonly ArchiveEntry[];
  readonly compile: (options: { target: Bun.Build.CompileTarget; outfile: string }) => Promise<unknown>;
  readonly report: (line: string) => void;
}

/** One archive of a finished release. */
export interface ReleasedArchive {
  readonly name: string;
  readonly sha256: string;
  readonly executableSize: number;
  readonly archiveSize: number;
}

/** A file of the release is wrong; nothing was released. */
export class ReleaseError extends Error {}

const CHECKSUMS = "SHA256SUMS";

/**
 * Makes all archives and SHA256SUMS, or none.
 * @throws ReleaseError when an executable fails a check
 */
export async function release(options: ReleaseOptions): Promise<readonly ReleasedArchive[]> {
  await mkdir(options.out, { recursive: true });
  const isOurs = (name: string): boolean => name === CHECKSUMS || /^confiture-.*\.(tar\.gz|zip)$/.test(name);
  for (const name of (await readdir(options.out)).filter(isOurs)) await rm(join(options.out, name));

  const staging = await mkdtemp(join(options.out, ".staging-"));
  try {
    const archives: ReleasedArchive[] = [];
    for (const target of options.targets) archives.push(await makeArchive(target, staging, options));
    const sums = archives
      .map(({ sha256, name }) => `${sha256}  ${name}\n`)
      .toSorted((a, b) => order(a.slice(66), b.slice(66)));
    await writeFile(join(staging, CHECKSUMS), sums.join(""));
    for (const name of [...archives.map((archive) => archive.name), CHECKSUMS]) {
      await rename(join(staging, name), join(options.out, name));
    }
    return archives;
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

async function makeArchive(
  target: ReleaseTarget,
  staging: string,
  { version, compile, documents, report }: ReleaseOptions,
): Promise<ReleasedArchive> {
  const isWindows = target.system === "windows";
  const outfile = join(staging, isWindows ? "confiture.exe" : "confiture");
  const started = performance.now();
  await compile({ target: target.bun, outfile });
  const compiled = new Uint8Array(await readFile(outfile));
  await rm(outfile);
  const { executable, remark } = checked(compiled, target);

  const folder = `confiture-${version}-${target.name}`;
  const entries = [
    { name: isWindows ? "confiture.exe" : "confiture", data: executable, executable: true },
    ...documents,
  ].map((entry) => Object.assign({}, entry, { name: `${folder}/${entry.name}` }));
  const archive = isWindows ? zip(entries) : tarGz(entries);
  const name = `${folder}${isWindows ? ".zip" : ".tar.gz"}`;
  await writeFile(join(staging, name), archive);
  report(`${name}: ${((performance.now() - started) / 1000).toFixed(1)}s${remark}`);
  return {
    name,
    sha256: new Bun.CryptoHasher("sha256").update(archive).digest("hex"),
    executableSize: executable.length,
    archiveSize: archive.length,
  };
}

/** The executable in the form to ship. */
function checked(compiled: Uint8Array, target: ReleaseTarget): { executable: Uint8Array; remark: string } {
  const fault = wrongMachine(compiled, target);
  if (fault !== undefined) throw new ReleaseError(`${target.name}: ${fault}`);
  if (target.system !== "darwin") return { executable: compiled, remark: "" };

  // A right signature is left alone: it is the compiler's own, and known to run.
  const before = checkSignature(compiled);
  if (before.faults.length === 0) return { executable: compiled, remark: `, ${before.pages} pages verified` };
  const executable = signAdHoc(compiled, "confiture");
  const after = checkSignature(executable);
  if (after.faults.length > 0) throw new ReleaseError(`${target.name}: ${after.faults.join("; ")}`);
  return { executable, remark: `, signed anew, ${after.pages} pages verified` };
}

/** The table of sizes. */
export function sizeTable(archives: readonly ReleasedArchive[]): string {
  const width = Math.max(...archives.map((archive) => archive.name.length));
  const megabytes = (size: number): string => `${(size / 1_000_000).toFixed(1)} MB`.padStart(12);
  const lines = archives.map(
    (archive) => archive.name.padEnd(width) + megabytes(archive.archiveSize) + megabytes(archive.executableSize),
  );
  return [`${"archive".padEnd(width)}${"packed".padStart(12)}${"executable".padStart(12)}`, ...lines].join("\n");
}

function order(a: string, b: string): number {
  return a < b ? -1 : 1;
}

/** The documents of a real release. */
async function documentsOf(root: string): Promise<ArchiveEntry[]> {
  const own = await Promise.all(
    ["LICENSE", "README.md"].map(async (name) => ({ name, data: new Uint8Array(await readFile(join(root, name))) })),
  );
  return [...own, { name: "THIRD-PARTY-LICENSES", data: new TextEncoder().encode(thirdPartyLicenses(root)) }];
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { out: { type: "string", default: "dist/release" } },
  });
  const targets = RELEASE_TARGETS.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
  const unknown = positionals.filter((name) => !RELEASE_TARGETS.some((target) => target.name === name));
  if (unknown.length > 0) {
    const known = RELEASE_TARGETS.map((target) => target.name).join(", ");
    throw new ReleaseError(`no such target: ${unknown.join(", ")}. There are ${known}`);
  }
  const root = join(import.meta.dir, "..");
  const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as { version: string };
  const { compile } = await import("./compile.ts");
  const archives = await release({
    version,
    targets,
    out: resolve(root, values.out),
    documents: await documentsOf(root),
    compile,
    report: (line) => console.error(line),
  });
  console.log(sizeTable(archives));
}

if (import.meta.main) {
  try {
    await main();
  } catch (error) {
    console.error(`Nothing was released. ${error instanceof ReleaseError ? error.message : Bun.inspect(error)}`);
    process.exitCode = 1;
  }
}
