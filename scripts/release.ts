/**
 * Makes a release: every target compiled, checked and packed for each way to install it, with what proves where it comes
 * from. Nothing is released when one file is wrong. scripts/release runs this.
 */
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { deb } from "./packaging/deb.ts";
import { homebrewFormula } from "./packaging/homebrew.ts";
import { installScript } from "./packaging/install-script.ts";
import { minisignature, publicKeyOf } from "./packaging/minisign.ts";
import { npmMainPackage, npmPlatformPackage } from "./packaging/npm.ts";
import type { Product, ReleaseFile } from "./packaging/product.ts";
import { provenance } from "./packaging/provenance.ts";
import { rpm } from "./packaging/rpm.ts";
import { sbom } from "./packaging/sbom.ts";
import { systemFiles } from "./packaging/system-files.ts";
import { xz } from "./packaging/xz.ts";
import { type ArchiveEntry, gzipped, tar, zip } from "./release-archive.ts";
import { thirdPartyLicenses } from "./release-licenses.ts";
import { checkSignature, signAdHoc } from "./release-macho.ts";
import { RELEASE_TARGETS, type ReleaseTarget, wrongMachine } from "./release-targets.ts";

export interface ReleaseOptions {
  readonly product: Product;
  readonly targets: readonly ReleaseTarget[];
  /** The folder for the files; an older release's are removed from it first. */
  readonly out: string;
  /** Goes into every archive beside the executable. */
  readonly documents: readonly ArchiveEntry[];
  /** What is packed for a machine; the folder is for what it needs on the way. */
  readonly executableFor: (target: ReleaseTarget, folder: string) => Promise<Executable>;
  /** Of xz(1), 0 to 9. */
  readonly xzPreset: number;
  /** The checkout that it is made from. */
  readonly root: string;
  /** Where it will be found: for the formula and the installer, which then need not be told. */
  readonly baseUrl?: string | undefined;
  /** PEM of an Ed25519 key; without one nothing is signed. */
  readonly signingKey?: string | undefined;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly report: (line: string) => void;
}

export interface Executable {
  readonly data: Uint8Array;
  /** What was done to it, for the report: ", 23797 pages verified". */
  readonly remark: string;
}

/** One file of a finished release. */
export interface ReleasedFile {
  readonly name: string;
  readonly sha256: string;
  readonly size: number;
}

/** A file of the release is wrong; nothing was released. */
export class ReleaseError extends Error {}

const CHECKSUMS = "SHA256SUMS";
const OURS =
  /^(?:confiture[-_].*\.(?:tar\.gz|tar\.xz|zip|tgz|deb|rpm|json)|confiture\.rb|install\.sh|SHA256SUMS(?:\.minisig)?)$/;

/**
 * Makes all files and SHA256SUMS, or none.
 * @throws ReleaseError when an executable fails a check
 */
export async function release(options: ReleaseOptions): Promise<readonly ReleasedFile[]> {
  const { product, targets, out, documents, root, baseUrl, signingKey, env = {} } = options;
  await mkdir(out, { recursive: true });
  for (const name of (await readdir(out)).filter((file) => OURS.test(file))) await rm(join(out, name));

  const staging = await mkdtemp(join(out, ".staging-"));
  try {
    // First, because an address or a key that cannot be used need not wait for the executables.
    const installer = await installScript({ root, baseUrl, signingKey });
    const files: ReleasedFile[] = [];
    const add = async ({ name, data }: ReleaseFile): Promise<void> => {
      await writeFile(join(staging, name), data);
      files.push({ name, sha256: new Bun.CryptoHasher("sha256").update(data).digest("hex"), size: data.length });
    };
    for (const target of targets) await makeTarget(target, staging, options, add);
    await add(await npmMainPackage(product, documents));
    await add(installer);
    await add(await sbom(product, root));
    if (baseUrl !== undefined && isWhole(targets)) {
      const sha256 = (name: string): string => files.find((file) => file.name === name)!.sha256;
      await add(homebrewFormula({ product, baseUrl, sha256 }));
    }
    await add(await provenance({ product, root, files, targets: targets.map(({ name }) => name), env }));

    const sums = files
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
      .map(({ sha256, name }) => `${sha256}  ${name}\n`)
      .join("");
    await writeFile(join(staging, CHECKSUMS), sums);
    if (signingKey !== undefined) {
      const signature = minisignature(Buffer.from(sums), signingKey, `confiture ${product.version}`);
      await writeFile(join(staging, `${CHECKSUMS}.minisig`), signature);
    }
    // The executables were needed by several packages and are none of the files.
    for (const name of (await readdir(staging)).filter((file) => OURS.test(file))) {
      await rename(join(staging, name), join(out, name));
    }
    return files;
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

/** The formula names four archives, which a release of some targets has not. */
function isWhole(targets: readonly ReleaseTarget[]): boolean {
  return targets.length === RELEASE_TARGETS.length;
}

function lackingForFormula(targets: readonly ReleaseTarget[], baseUrl: string | undefined): readonly string[] {
  return [...(baseUrl === undefined ? ["--base-url"] : []), ...(isWhole(targets) ? [] : ["all targets"])];
}

/** What a release lacks for want of an option, and which option that is. */
export function omissions({
  targets,
  baseUrl,
  signingKey,
}: Pick<ReleaseOptions, "targets" | "baseUrl" | "signingKey">): readonly string[] {
  return [
    ...(baseUrl === undefined ? ["install.sh does not know where the release is: it needs --from (--base-url)"] : []),
    ...(baseUrl === undefined || !isWhole(targets)
      ? [`confiture.rb, Homebrew's formula, is not made: it needs ${lackingForFormula(targets, baseUrl).join(" and ")}`]
      : []),
    ...(signingKey === undefined ? ["SHA256SUMS is not signed (--signing-key)"] : []),
  ];
}

async function makeTarget(
  target: ReleaseTarget,
  staging: string,
  { product, executableFor, documents, xzPreset, report }: ReleaseOptions,
  add: (file: ReleaseFile) => Promise<void>,
): Promise<void> {
  const isWindows = target.system === "windows";
  const started = performance.now();
  const { data: executable, remark } = await executableFor(target, staging);
  const compression = { preset: xzPreset, architecture: target.architecture };

  const folder = `confiture-${product.version}-${target.name}`;
  const entries = [
    { name: isWindows ? "confiture.exe" : "confiture", data: executable, executable: true },
    ...documents,
  ].map((entry) => Object.assign({}, entry, { name: `${folder}/${entry.name}` }));
  if (isWindows) await add({ name: `${folder}.zip`, data: zip(entries) });
  else {
    const archive = tar(entries);
    await add({ name: `${folder}.tar.gz`, data: gzipped(archive) });
    await add({ name: `${folder}.tar.xz`, data: await xz(archive, compression) });
  }
  await add(npmPlatformPackage(product, target, executable, documents));
  if (target.system === "linux" && target.musl !== true) {
    const installed = systemFiles(executable, documents);
    await add(await deb(product, target, installed, compression));
    await add(await rpm(product, target, installed, compression));
  }
  const megabytes = (executable.length / 1_000_000).toFixed(1);
  report(`${target.name}: ${megabytes} MB, ${((performance.now() - started) / 1000).toFixed(1)}s${remark}`);
}

/**
 * Compiles the executable for a machine, in the form to ship.
 * @throws ReleaseError when it is not for that machine, or cannot be signed
 */
export async function makeExecutable(
  target: ReleaseTarget,
  folder: string,
  compile: (options: { target: Bun.Build.CompileTarget; outfile: string }) => Promise<unknown>,
): Promise<Executable> {
  const outfile = join(folder, target.system === "windows" ? "confiture.exe" : "confiture");
  await compile({ target: target.bun, outfile });
  const compiled = new Uint8Array(await readFile(outfile));
  await rm(outfile);
  return checked(compiled, target);
}

function checked(compiled: Uint8Array, target: ReleaseTarget): Executable {
  const fault = wrongMachine(compiled, target);
  if (fault !== undefined) throw new ReleaseError(`${target.name}: ${fault}`);
  if (target.system !== "darwin") return { data: compiled, remark: "" };

  // A right signature is left alone: it is the compiler's own, and known to run.
  const before = checkSignature(compiled);
  if (before.faults.length === 0) return { data: compiled, remark: `, ${before.pages} pages verified` };
  const data = signAdHoc(compiled, "confiture");
  const after = checkSignature(data);
  if (after.faults.length > 0) throw new ReleaseError(`${target.name}: ${after.faults.join("; ")}`);
  return { data, remark: `, signed anew, ${after.pages} pages verified` };
}

/** The table of sizes. */
export function sizeTable(files: readonly ReleasedFile[]): string {
  const width = Math.max(...files.map(({ name }) => name.length));
  const megabytes = (size: number): string => `${(size / 1_000_000).toFixed(1)} MB`.padStart(12);
  return files.map(({ name, size }) => name.padEnd(width) + megabytes(size)).join("\n");
}

/** The documents of a real release: texts, pages for man(1), and completions. */
export async function documentsOf(root: string, version: string): Promise<ArchiveEntry[]> {
  const own = await Promise.all(
    ["LICENSE", "README.md"].map(async (name) => ({ name, data: new Uint8Array(await readFile(join(root, name))) })),
  );
  const { manPages } = await import("./packaging/man.ts");
  const { completionScripts } = await import("./packaging/completions.ts");
  const made = [
    { name: "THIRD-PARTY-LICENSES", text: thirdPartyLicenses(root) },
    ...(await manPages(version)).map(({ name, text }) => ({ name: `man/${name}`, text })),
    ...(await completionScripts()).map(({ name, text }) => ({ name: `completions/${name}`, text })),
  ];
  return [...own, ...made.map(({ name, text }) => ({ name, data: Buffer.from(text) }))];
}

/** What package.json says. */
export async function productOf(root: string): Promise<Product> {
  const { version, license, description, homepage } = JSON.parse(
    await readFile(join(root, "package.json"), "utf8"),
  ) as { version: string; license: string; description: string; homepage?: string };
  return { version, license, summary: description, homepage };
}

const USAGE = `scripts/release [--out=FOLDER] [--base-url=URL] [--signing-key=FILE] [TARGET...]

Makes a release: archives and packages for each target, install.sh, SHA256SUMS, a bill of materials and a provenance.

  TARGET...           for which machines, all of them by default (OS-ARCH[-musl]: linux-x64, darwin-arm64, ...)
  --out=FOLDER        where to (default: dist/release in the checkout); an older release there is replaced
  --base-url=URL      where that folder will be found: install.sh then knows it, and with all targets confiture.rb,
                      Homebrew's formula, is made
  --signing-key=FILE  an Ed25519 key in PEM, which signs SHA256SUMS; install.sh then knows the public key
                      (CONFITURE_SIGNING_KEY is the key itself, without a file)
`;

export interface ReleaseArguments {
  readonly targets: readonly ReleaseTarget[];
  readonly out: string;
  readonly baseUrl: string | undefined;
  /** Path of the key. */
  readonly signingKey: string | undefined;
}

/**
 * Reads the command line of scripts/release; undefined asks for help. Relative paths are the caller's.
 * @throws ReleaseError when it has an unknown option or target
 */
export function readReleaseArguments(args: readonly string[], root: string): ReleaseArguments | undefined {
  const { values, positionals } = parsed(args);
  if (values.help === true) return undefined;
  const unknown = positionals.filter((name) => !RELEASE_TARGETS.some((target) => target.name === name));
  if (unknown.length > 0) {
    const known = RELEASE_TARGETS.map((target) => target.name).join(", ");
    throw new ReleaseError(`no such target: ${unknown.join(", ")}. There are ${known}`);
  }
  for (const [name, value] of Object.entries(values)) {
    if (value === "") throw new ReleaseError(`--${name} needs a value, and the one given is empty`);
  }
  const { caller = root, out, "signing-key": signingKey } = values;
  return {
    targets: RELEASE_TARGETS.filter(({ name }) => positionals.length === 0 || positionals.includes(name)),
    out: out === undefined ? join(root, "dist/release") : resolve(caller, out),
    baseUrl: values["base-url"]?.replace(/\/+$/, ""),
    signingKey: signingKey === undefined ? undefined : resolve(caller, signingKey),
  };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        out: { type: "string" },
        "base-url": { type: "string" },
        "signing-key": { type: "string" },
        caller: { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    throw new ReleaseError(`${(error as Error).message}\n\n${USAGE}`);
  }
}

async function readKey(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new ReleaseError(`The signing key cannot be read: ${(error as Error).message}`);
  }
}

async function main(): Promise<void> {
  const root = join(import.meta.dir, "..");
  const given = readReleaseArguments(process.argv.slice(2), root);
  if (given === undefined) {
    console.log(USAGE);
    return;
  }
  const { targets, out, baseUrl } = given;
  const signingKey =
    given.signingKey === undefined ? process.env["CONFITURE_SIGNING_KEY"] : await readKey(given.signingKey);
  const product = await productOf(root);
  const { compile } = await import("./compile.ts");
  const files = await release({
    product,
    targets,
    out,
    documents: await documentsOf(root, product.version),
    executableFor: (target, folder) => makeExecutable(target, folder, compile),
    xzPreset: 9,
    root,
    baseUrl,
    signingKey,
    env: process.env,
    report: (line) => console.error(line),
  });
  console.log(sizeTable(files));
  for (const line of omissions({ targets, baseUrl, signingKey })) console.error(`Note: ${line}.`);
  if (signingKey !== undefined) console.error(`Signed. The public key: ${publicKeyOf(signingKey)}`);
}

if (import.meta.main) {
  try {
    await main();
  } catch (error) {
    console.error(`Nothing was released. ${error instanceof ReleaseError ? error.message : Bun.inspect(error)}`);
    process.exitCode = 1;
  }
}
