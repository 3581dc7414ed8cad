import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tarGz } from "../../../scripts/release-archive.ts";
import { ROOT } from "../../support/postgres-binaries.ts";

const SCRIPT = join(ROOT, "scripts", "install.sh");

/** POSIX shells that this machine has; others are left out. */
const SHELLS = [["sh"], ["dash"], ["busybox", "sh"]].filter(([program = ""]) => Bun.which(program) !== null);
if (SHELLS.length < 3) console.warn("dash or busybox is not installed: the installer is not tried with it");

/** Machines, as `uname` and `ldd` tell them, and the release for each. */
const MACHINES = {
  "linux-x64": { system: "Linux", processor: "x86_64", ldd: "ldd (GNU libc) 2.36" },
  "linux-arm64": { system: "Linux", processor: "aarch64", ldd: "ldd (GNU libc) 2.36" },
  "linux-x64-musl": { system: "Linux", processor: "x86_64", ldd: "musl libc (x86_64)" },
  "darwin-arm64": { system: "Darwin", processor: "arm64", ldd: "" },
} as const;
type Machine = keyof typeof MACHINES;

let folder = "";
let release = "";
let server: Bun.Server<undefined>;
let runs = 0;

/** An archive whose executable says what it is. */
async function archive(version: string, machine: string, script?: string): Promise<string> {
  const name = `confiture-${version}-${machine}`;
  const text = script ?? `#!/bin/sh\necho "Confiture version ${version}, ${machine}"\n`;
  const bytes = tarGz([{ name: `${name}/confiture`, data: Buffer.from(text), executable: true }]);
  await writeFile(join(release, `${name}.tar.gz`), bytes);
  return `${new Bun.CryptoHasher("sha256").update(bytes).digest("hex")}  ${name}.tar.gz\n`;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "confiture-install-"));
  release = join(folder, "release");
  await mkdir(release);
  const sums = await Promise.all(Object.keys(MACHINES).map((machine) => archive("1.2.3", machine)));
  await writeFile(join(release, "SHA256SUMS"), sums.join(""));
  server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: async ({ url }) => {
      const file = Bun.file(join(folder, new URL(url).pathname));
      return (await file.exists()) ? new Response(file) : new Response("not found", { status: 404 });
    },
  });
});

afterAll(async () => {
  await server.stop(true);
  await rm(folder, { recursive: true });
});

interface Installed {
  readonly exitCode: number;
  readonly stderr: string;
  /** What is in the folder for the executable afterwards. */
  readonly files: readonly string[];
  readonly to: string;
}

async function install(
  machine: { system: string; processor: string; ldd: string },
  args: readonly string[] = [],
  shell: readonly string[] = ["sh"],
  script = SCRIPT,
  stands: Readonly<Record<string, string>> = {},
  { from, env }: { from?: string | undefined; env?: Readonly<Record<string, string>> } = {
    from: `${server.url.origin}/release`,
  },
): Promise<Installed> {
  const own = join(folder, `run-${++runs}`);
  const programs = join(own, "programs");
  await mkdir(programs, { recursive: true });
  const stand = async (name: string, text: string): Promise<void> => {
    await writeFile(join(programs, name), `#!/bin/sh\n${text}\n`);
    await chmod(join(programs, name), 0o755);
  };
  await stand("uname", `case $1 in -s) echo ${machine.system} ;; -m) echo ${machine.processor} ;; esac`);
  await stand("ldd", `echo "${machine.ldd}" >&2; exit 1`);
  for (const [name, text] of Object.entries(stands)) await stand(name, text);
  const to = join(own, "bin");
  const source = from === undefined ? [] : ["--from", from];
  const child = Bun.spawn([...shell, script, ...source, "--to", to, ...args], {
    cwd: own,
    env: { PATH: `${programs}:${process.env["PATH"]}`, HOME: own, TMPDIR: own, ...env },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr, exitCode] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  expect(stdout).toBe("");
  // Nothing of its work is left.
  expect((await readdir(own)).toSorted()).toEqual(existsSync(to) ? ["bin", "programs"] : ["programs"]);
  return { exitCode, stderr, files: existsSync(to) ? await readdir(to) : [], to };
}

describe.each(SHELLS.map((shell) => [shell.join(" "), shell] as const))("install.sh with %s", (_name, shell) => {
  test.each(Object.keys(MACHINES) as Machine[])(
    "on %s: the executable for it, checked and in its place",
    async (machine) => {
      const { exitCode, stderr, files, to } = await install(MACHINES[machine], [], shell);
      expect({ exitCode, stderr, files }).toMatchObject({ exitCode: 0, files: ["confiture"] });
      expect(stderr).toContain(`Confiture version 1.2.3, ${machine} is installed as ${to}/confiture`);
      expect(stderr).toContain("Add it to your PATH");
      expect(Bun.spawnSync([join(to, "confiture")]).stdout.toString()).toContain(machine);
    },
  );
});

const HERE = MACHINES["linux-x64"];
/** Programs as on a machine whose OpenSSL is too old to check a signature. */
const UNABLE = { openssl: "exit 1" };
const NOTHING = { exitCode: 1, files: [], stderr: expect.stringContaining("Nothing was installed") };

test("an unknown system, processor, version or option installs nothing", async () => {
  expect(await install({ ...HERE, system: "Plan9" })).toMatchObject(NOTHING);
  expect(await install({ ...HERE, processor: "riscv64" })).toMatchObject(NOTHING);
  expect(await install({ ...HERE, system: "Darwin" })).toMatchObject(NOTHING);
  expect(await install(HERE, ["--version", "9.9.9"])).toMatchObject(NOTHING);
  expect(await install(HERE, ["--verison", "1.2.3"])).toMatchObject(NOTHING);
  expect(await install(HERE, ["--from", `${server.url.origin}/elsewhere`])).toMatchObject(NOTHING);
  // The script of the checkout, as a release without an address has it.
  expect(await install(HERE, [], ["sh"], SCRIPT, {}, { from: undefined })).toMatchObject({
    ...NOTHING,
    stderr: expect.stringContaining("made without an address: give --from URL"),
  });
});

test("an option or key that is empty installs nothing", async () => {
  for (const option of ["--from", "--version", "--to", "--key"]) {
    const refused = { ...NOTHING, stderr: expect.stringContaining(`${option} needs a value`) };
    expect(await install(HERE, [option, ""])).toMatchObject(refused);
    expect(await install(HERE, [`${option}=`])).toMatchObject(refused);
    // Which would be the name of a folder, and no key be asked for.
    expect(await install(HERE, [option, "--key"])).toMatchObject(refused);
  }
  expect(await install(HERE, [], ["sh"], SCRIPT, {}, { env: { CONFITURE_KEY: "" } })).toMatchObject({
    ...NOTHING,
    stderr: expect.stringContaining("CONFITURE_KEY is empty"),
  });
});

test("a relative folder is told in full, for PATH", async () => {
  const { stderr, to } = await install(HERE, ["--to", "bin"]);
  expect(stderr).toContain(`is installed as ${to}/confiture`);
  expect(stderr).toContain(`export PATH="${to}:$PATH"`);
});

test.skipIf(Bun.which("curl") === null)("a release that nothing serves is installed from its folder", async () => {
  const installed = await install(HERE, [], ["sh"], SCRIPT, {}, { from: `file://${release}` });
  expect(installed).toMatchObject({ exitCode: 0, files: ["confiture"] });
});

test("an archive that was changed, cut or does not run installs nothing; of several versions one is chosen", async () => {
  const sums = await readFile(join(release, "SHA256SUMS"), "utf8");
  const path = join(release, "confiture-1.2.3-linux-x64.tar.gz");
  const whole = await readFile(path);
  await writeFile(path, whole.subarray(0, whole.length - 20));
  const cut = await install(HERE);
  expect(cut.stderr).toContain("SHA256SUMS says");
  expect(cut).toMatchObject(NOTHING);
  await writeFile(path, whole);

  const broken = await archive("1.2.4", "linux-x64", "#!/bin/sh\nexit 132\n");
  await writeFile(join(release, "SHA256SUMS"), sums + broken);
  expect(await install(HERE)).toMatchObject({ ...NOTHING, stderr: expect.stringContaining("several versions") });
  expect(await install(HERE, ["--version", "1.2.4"])).toMatchObject({
    ...NOTHING,
    stderr: expect.stringContaining("does not run on this machine"),
  });
  expect(await install(HERE, ["--version", "1.2.3"])).toMatchObject({ exitCode: 0, files: ["confiture"] });
  await writeFile(join(release, "SHA256SUMS"), sums);
});

test.skipIf(Bun.which("minisign") !== null)(
  "a signature that was asked for and cannot be checked installs nothing; one that only the script knows is said",
  async () => {
    const key = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";
    await writeFile(join(release, "SHA256SUMS.minisig"), "no signature");
    const knowing = join(folder, "knowing.sh");
    await writeFile(
      knowing,
      (await readFile(SCRIPT, "utf8")).replace("${CONFITURE_KEY:-}", `\${CONFITURE_KEY:-${key}}`),
    );
    const asked = await install(HERE, [`--key=${key}`], ["sh"], SCRIPT, UNABLE);
    expect(asked).toMatchObject({ ...NOTHING, stderr: expect.stringContaining("cannot be checked") });
    const known = await install(HERE, [], ["sh"], knowing, UNABLE);
    expect(known).toMatchObject({ exitCode: 0, stderr: expect.stringContaining("was not checked") });
    expect(await install(HERE, [`--key=${key}`])).toMatchObject(NOTHING);
  },
);

test("a script that was cut on its way runs nothing", async () => {
  const text = await readFile(SCRIPT, "utf8");
  const half = join(folder, "half.sh");
  for (const at of [0.3, 0.6, 0.9]) {
    await writeFile(half, text.slice(0, text.length * at));
    expect((await install(HERE, [], ["sh"], half)).files).toEqual([]);
  }
});
