import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { documentsOf, productOf, type ReleasedFile, release } from "../../scripts/release.ts";
import { RELEASE_TARGETS } from "../../scripts/release-targets.ts";
import { homebrewFormula } from "../../scripts/packaging/homebrew.ts";
import { publicKeyOf } from "../../scripts/packaging/minisign.ts";
import { BINARY, builtBinary } from "../support/cli.ts";
import { readBlocks, Reader } from "../support/document.ts";
import { long } from "../support/long.ts";
import { ROOT } from "../support/postgres-binaries.ts";
import { HAS_XZ } from "../support/xz.ts";

/**
 * One release, installed in each way as its user would. In the place of the executable it has a script that becomes the
 * one under test: compressing 130 MB five times would prove nothing more about the packages.
 */
const isPacked = HAS_XZ && process.platform === "linux" && process.arch === "x64";
const isRoot = process.getuid?.() === 0;
for (const [tool, what] of Object.entries({ npm: "the npm packages", dpkg: "the .deb", rpm: "the .rpm" })) {
  if (isPacked && Bun.which(tool) === null) console.warn(`${tool} is not installed: ${what} will not be tried`);
}

setDefaultTimeout(240_000);

const product = await productOf(ROOT);
const key = generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" });
let folder = "";
let out = "";
let files: readonly ReleasedFile[] = [];
let server: Bun.Server<undefined>;
const asked: string[] = [];

beforeAll(async () => {
  if (!isPacked) return;
  await builtBinary();
  folder = await mkdtemp(join(tmpdir(), "confiture-packages-"));
  out = join(folder, "release");
  server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: ({ url }) => answer(new URL(url)) });
  files = await release({
    product,
    targets: RELEASE_TARGETS.filter(({ name }) => name === "linux-x64"),
    out,
    documents: await documentsOf(ROOT, product.version),
    executableFor: async () => ({ data: Buffer.from(`#!/bin/sh\nexec '${BINARY}' "$@"\n`), remark: "" }),
    xzPreset: 0,
    root: ROOT,
    baseUrl: `${server.url.origin}/release`,
    signingKey: key,
    report: () => {},
  });
});

afterAll(async () => {
  await server?.stop(true);
  if (folder !== "") await rm(folder, { recursive: true, force: true });
});

/** The release's folder, below /npm a registry with its packages, and below /strangers one where others have taken their names. */
async function answer({ pathname }: URL): Promise<Response> {
  asked.push(pathname);
  if (pathname.startsWith("/strangers/")) {
    const name = decodeURIComponent(pathname.slice("/strangers/".length));
    const dist = { tarball: `${server.url.origin}/release/confiture-${product.version}.tgz` };
    const versions = { [product.version]: { name, version: product.version, dist } };
    return Response.json({ name, "dist-tags": { latest: product.version }, versions });
  }
  if (!pathname.startsWith("/npm/")) {
    const file = Bun.file(join(folder, pathname));
    return (await file.exists()) ? new Response(file) : new Response("not found", { status: 404 });
  }
  const name = decodeURIComponent(pathname.slice(5));
  const target = RELEASE_TARGETS.find((each) => `@confiture/${each.name}` === name);
  if (target === undefined && name !== "confiture") return new Response("{}", { status: 404 });
  const file =
    target === undefined ? `confiture-${product.version}.tgz` : `confiture-${target.name}-${product.version}.tgz`;
  // Those of other machines are offered, and nobody may fetch them.
  const path = join(out, file);
  const manifest = (await Bun.file(path).exists())
    ? await manifestIn(path)
    : {
        name,
        version: product.version,
        os: [target!.system === "windows" ? "win32" : target!.system],
        cpu: [target!.architecture],
        ...(target!.system === "linux" ? { libc: [target!.musl === true ? "musl" : "glibc"] } : {}),
      };
  return Response.json({
    name,
    "dist-tags": { latest: product.version },
    versions: { [product.version]: { ...manifest, dist: { tarball: `${server.url.origin}/release/${file}` } } },
  });
}

async function manifestIn(path: string): Promise<Record<string, unknown>> {
  const inside = await new Bun.Archive(await readFile(path)).files();
  return JSON.parse(await inside.get("package/package.json")!.text()) as Record<string, unknown>;
}

interface Ran {
  readonly exitCode: number;
  readonly output: string;
}

async function run(command: readonly string[], cwd: string, env: Readonly<Record<string, string>> = {}): Promise<Ran> {
  const child = Bun.spawn([...command], {
    cwd,
    env: { PATH: process.env["PATH"] ?? "", HOME: folder, ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr, exitCode] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { exitCode, output: stdout + stderr };
}

const VERSION = { exitCode: 0, output: `Confiture version ${product.version}\n` };

/** The way to a first migration that README shows, with what was installed. */
async function reachesFirstMigration(executable: string, name: string): Promise<void> {
  const project = await empty(`first-migration-${name}`);
  for (const args of ["init --embedded", "build", "migrate new add_user_bio"]) {
    expect(await run([executable, ...args.split(" ")], project)).toMatchObject({ exitCode: 0 });
  }
  await writeFile(
    join(project, "db/migrations/001_add_user_bio.sql"),
    "-- migrate:up\nALTER TABLE users ADD COLUMN bio TEXT;\n\n-- migrate:down\nALTER TABLE users DROP COLUMN bio;\n",
  );
  const applied = await run([executable, "migrate", "up"], project);
  expect(applied).toMatchObject({ exitCode: 0 });
  expect(applied.output).toContain("✅ Migration 001_add_user_bio applied successfully");
}

const named = (ending: string): string => files.find(({ name }) => name.endsWith(ending))!.name;

async function empty(name: string): Promise<string> {
  const path = join(folder, name);
  await mkdir(path, { recursive: true });
  return path;
}

describe.skipIf(!isPacked || Bun.which("npm") === null)("npm", () => {
  test("installs the executable for this machine alone, and its launcher runs it", async () => {
    const project = await empty("npm-project");
    await writeFile(join(project, "package.json"), "{}");
    const install = ["npm", "install", "confiture", "--registry", `${server.url.origin}/npm/`, "--ignore-scripts"];
    const { exitCode, output } = await run([...install, "--no-audit", "--no-fund"], project);
    expect({ exitCode, output }).toMatchObject({ exitCode: 0 });
    expect(await readdir(join(project, "node_modules", "@confiture"))).toEqual(["linux-x64"]);
    expect(asked.filter((path) => path.endsWith(".tgz"))).toHaveLength(2);

    const launcher = join(project, "node_modules", ".bin", "confiture");
    expect(await run([launcher, "--version"], project)).toEqual(VERSION);
    expect((await run([launcher, "migrate", "upp"], project)).exitCode).toBe(2);

    await reachesFirstMigration(launcher, "npm");

    // A signal to the launcher reaches the executable, which ends in its own way.
    await run([launcher, "init", "--embedded"], project);
    const served = Bun.spawn([launcher, "db", "serve"], { cwd: project, stdout: "pipe", stderr: "ignore" });
    const reader = served.stdout.getReader();
    await reader.read();
    served.kill("SIGTERM");
    expect(await served.exited).toBe((await run([launcher, "--version"], project)).exitCode);

    await rm(join(project, "node_modules", "@confiture"), { recursive: true });
    expect(await run([launcher, "--version"], project)).toMatchObject({
      exitCode: 1,
      output: expect.stringContaining("npm install"),
    });
  });
});

describe.skipIf(!isPacked || !isRoot || Bun.which("dpkg") === null)("the .deb", () => {
  test("is installed and removed by dpkg, with man pages and completions", async () => {
    const root = await empty("deb-root");
    await mkdir(join(root, "var/lib/dpkg"), { recursive: true });
    for (const file of ["status", "available"]) await writeFile(join(root, "var/lib/dpkg", file), "");
    const dpkg = ["dpkg", `--root=${root}`, "--force-depends", "--force-not-root", "--force-bad-path"];
    const { exitCode, output } = await run([...dpkg, "--install", join(out, named(".deb"))], root);
    expect({ exitCode, output }).toMatchObject({ exitCode: 0 });
    expect(await run([join(root, "usr/bin/confiture"), "--version"], root)).toEqual(VERSION);
    await reachesFirstMigration(join(root, "usr/bin/confiture"), "deb");
    for (const file of [
      "usr/share/man/man1/confiture-migrate-up.1.gz",
      "usr/share/doc/confiture/copyright",
      "usr/share/bash-completion/completions/confiture",
    ]) {
      expect((await stat(join(root, file))).size).toBeGreaterThan(100);
    }
    expect(await run([...dpkg, "--verify", "confiture"], root)).toEqual({ exitCode: 0, output: "" });
    expect((await run([...dpkg, "--remove", "confiture"], root)).exitCode).toBe(0);
    expect(await readdir(root)).not.toContain("usr");
  });
});

describe.skipIf(!isPacked || !isRoot || Bun.which("rpm") === null)("the .rpm", () => {
  long("is checked, installed, verified and removed by rpm", async () => {
    const root = await empty("rpm-root");
    const path = join(out, named(".rpm"));
    const checked = await run(["rpm", "-Kv", path], root);
    expect(checked).toMatchObject({ exitCode: 0 });
    expect(checked.output).not.toContain("BAD");
    expect(checked.output).toContain("Payload SHA256 digest: OK");
    const rpm = ["rpm", `--root=${root}`, "--nodeps"];
    expect(await run([...rpm, "--install", "--ignoreos", path], root)).toMatchObject({ exitCode: 0 });
    expect(await run([join(root, "usr/bin/confiture"), "--version"], root)).toEqual(VERSION);
    await reachesFirstMigration(join(root, "usr/bin/confiture"), "rpm");
    expect(await run([...rpm, "--verify", "confiture"], root)).toMatchObject({ exitCode: 0 });
    expect(await run([...rpm, "--erase", "confiture"], root)).toMatchObject({ exitCode: 0 });
    expect(await Bun.file(join(root, "usr/bin/confiture")).exists()).toBe(false);
    expect(await readdir(join(root, "usr/share/doc"))).toEqual([]);
  });
});

describe.skipIf(!isPacked)("what a release proves", () => {
  test("the installer takes the smaller archive, and nothing that is not signed with the key", async () => {
    const home = await empty("install-home");
    const install = (...args: string[]): Promise<Ran> =>
      run(["sh", join(out, "install.sh"), "--to", join(home, "bin"), ...args], home, { TMPDIR: home });
    asked.length = 0;
    const { exitCode, output } = await install();
    expect(`${exitCode} ${output}`).toStartWith("0 The signature of SHA256SUMS");
    expect(output).toContain("is installed as");
    const smaller = Bun.which("xz") === null ? ".tar.gz" : ".tar.xz";
    expect(asked.filter((path) => path.includes(".tar."))).toEqual([
      `/release/confiture-${product.version}-linux-x64${smaller}`,
    ]);
    expect(await run([join(home, "bin/confiture"), "--version"], home)).toEqual(VERSION);
    await reachesFirstMigration(join(home, "bin/confiture"), "installer");

    if (output.includes("was not checked")) return;
    const other = generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" });
    const refused = { exitCode: 1, output: expect.stringContaining("is not signed with the key") };
    expect(await install("--key", publicKeyOf(other))).toMatchObject(refused);
    const sums = await readFile(join(out, "SHA256SUMS"), "utf8");
    await writeFile(join(out, "SHA256SUMS"), `${sums}${"0".repeat(64)}  confiture-9.9.9-linux-x64.tar.gz\n`);
    expect(await install()).toMatchObject(refused);
    await writeFile(join(out, "SHA256SUMS"), sums);
  });

  test("the bill of materials names what is inside, and the provenance every file", async () => {
    const bom = JSON.parse(await readFile(join(out, named(".cdx.json")), "utf8")) as {
      components: { name: string; version: string; purl: string; hashes?: unknown }[];
    };
    const names = bom.components.map(({ name }) => name);
    for (const name of ["postgres", "@electric-sql/pglite", "libpg-query", "bun", "postgresql"]) {
      expect(names).toContain(name);
    }
    for (const { name, version } of bom.components) expect(`${name} ${version}`).toMatch(/ v?\d+\./);
    const statement = JSON.parse(await readFile(join(out, named(".intoto.json")), "utf8")) as {
      subject: { name: string; digest: { sha256: string } }[];
    };
    const sums = await readFile(join(out, "SHA256SUMS"), "utf8");
    expect(statement.subject.length).toBeGreaterThan(6);
    for (const { name, digest } of statement.subject) expect(sums).toContain(`${digest.sha256}  ${name}\n`);
    // Each file in the folder has its line.
    const listed = sums
      .trimEnd()
      .split("\n")
      .map((line) => line.slice(66));
    expect((await readdir(out)).filter((name) => !name.startsWith("SHA256SUMS")).toSorted()).toEqual(listed);
  });
});

/** What stands in for Homebrew: a tap is a folder, and a formula's archive for this machine is downloaded and checked. */
const BREW = `#!/bin/sh
set -e
tap="$SYSTEM/taps/local/homebrew-confiture"
case $1 in
  tap-new) [ "$2 $3" = "--no-git local/confiture" ] && mkdir -p "$tap/Formula" ;;
  --repository) [ "$2" = local/confiture ] && echo "$tap" ;;
  install)
    [ "$2" = local/confiture/confiture ]
    url=$(sed -n 's|^ *url "\\(.*-linux-x64\\.tar\\.gz\\)"$|\\1|p' "$tap/Formula/confiture.rb")
    sum=$(sed -n '\\|-linux-x64\\.tar\\.gz"$|{n;s|^ *sha256 "\\(.*\\)"$|\\1|p;}' "$tap/Formula/confiture.rb")
    curl -fsSL -o "$SYSTEM/archive" "$url"
    printf '%s  %s\\n' "$sum" "$SYSTEM/archive" | sha256sum --check --quiet
    tar -xzf "$SYSTEM/archive" -C "$SYSTEM"
    ;;
  *) exit 2 ;;
esac
`;

/** What stands in for a system of the reader's own: its package managers work on a folder. */
const SUDO = `#!/bin/sh
tool=$1
shift
case $tool in
  dpkg) exec dpkg --root="$SYSTEM" --force-depends --force-not-root --force-bad-path "$@" ;;
  rpm) exec rpm --root="$SYSTEM" --nodeps --ignoreos "$@" ;;
esac
`;

describe.skipIf(!isPacked)("docs/installing.md", () => {
  const blocks = readBlocks(readFileSync(join(ROOT, "docs/installing.md"), "utf8"));
  const NEEDS: readonly (readonly [word: string, isThere: boolean])[] = [
    // Held against the Dockerfile by its own test.
    ["docker ", false],
    // Its command lines are read by tests/unit/release/release.test.ts.
    ["scripts/release", false],
    ["openssl ", Bun.which("openssl") !== null],
    ["npm ", Bun.which("npm") !== null],
    ["dpkg ", isRoot && Bun.which("dpkg") !== null],
    ["rpm ", isRoot && Bun.which("rpm") !== null],
    ["minisign ", Bun.which("minisign") !== null],
  ];
  for (const block of blocks) {
    const [first = ""] = block.text.split("\n");
    const isTried = NEEDS.every(([word, isThere]) => isThere || !block.text.includes(word));
    test.skipIf(!isTried)(first, async () => {
      const here = await empty(`reader-${block.line}`);
      for (const name of await readdir(out)) await symlink(join(out, name), join(here, name));
      // The reader of the first block has nothing yet.
      if (first.startsWith("curl ")) await rm(join(here, "install.sh"));
      const system = await empty(`reader-${block.line}/system`);
      await mkdir(join(system, "var/lib/dpkg"), { recursive: true });
      for (const file of ["status", "available"]) await writeFile(join(system, "var/lib/dpkg", file), "");
      const programs = await empty(`reader-${block.line}/programs`);
      await writeFile(join(programs, "sudo"), SUDO, { mode: 0o755 });
      await writeFile(join(programs, "brew"), BREW, { mode: 0o755 });
      // Only a release of all targets has one.
      const sha256 = (name: string): string => files.find((file) => file.name === name)?.sha256 ?? "";
      const formula = homebrewFormula({ product, baseUrl: `${server.url.origin}/release`, sha256 });
      await writeFile(join(here, formula.name), formula.data);
      // What was installed before, from its lock file.
      const isAgain = first.startsWith("npm ") && !first.includes("--save-dev");
      const reader = new Reader("docs/installing.md", here, {
        PATH: `${programs}:${process.env["PATH"]}`,
        HOME: here,
        SYSTEM: system,
        RELEASE: `${server.url.origin}/release`,
        CONFITURE_KEY: publicKeyOf(key),
        // Where anybody may offer packages of these names, or nobody does.
        npm_config_registry: `${server.url.origin}/${isAgain ? "nobody" : "strangers"}/`,
      });
      if (isAgain) {
        await reader.run(blocks.find(({ text }) => text.startsWith("npm install --save-dev"))!);
        await rm(join(here, "node_modules"), { recursive: true });
      }
      await reader.run(block);
      if (first.startsWith("openssl ")) {
        expect(publicKeyOf(await readFile(join(here, "confiture-signing-key.pem"), "utf8"))).toStartWith("RW");
        return;
      }
      const installed = {
        curl: ".local/bin/confiture",
        tar: ".local/bin/confiture",
        npm: "node_modules/.bin/confiture",
        sudo: "system/usr/bin/confiture",
        brew: `system/confiture-${product.version}-linux-x64/confiture`,
      }[first.split(" ")[0]!];
      if (first.startsWith("npm ")) {
        expect(await readdir(join(here, "node_modules/@confiture"))).toEqual(["linux-x64"]);
      }
      if (installed !== undefined) expect(await run([join(here, installed), "--version"], here)).toEqual(VERSION);
    });
  }
});
