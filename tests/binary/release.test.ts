import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import packageJson from "../../package.json" with { type: "json" };
import { checkSignature } from "../../scripts/release-macho.ts";
import { ROOT } from "../support/postgres-binaries.ts";

const VERSION = packageJson.version;
const DOCUMENTS = ["LICENSE", "README.md", "THIRD-PARTY-LICENSES"];

/** Where a file says what processor it is for, and what it says there. */
const TARGETS: Readonly<Record<string, readonly (readonly [offset: number, bytes: string])[]>> = {
  "darwin-arm64": [[0, "cffaedfe0c000001"]],
  "darwin-x64": [[0, "cffaedfe07000001"]],
  "linux-arm64": [
    [0, "7f454c460201"],
    [18, "b700"],
  ],
  "linux-arm64-musl": [
    [0, "7f454c460201"],
    [18, "b700"],
  ],
  "linux-x64": [
    [0, "7f454c460201"],
    [18, "3e00"],
  ],
  "linux-x64-musl": [
    [0, "7f454c460201"],
    [18, "3e00"],
  ],
  "windows-arm64": [[0, "4d5a"]],
  "windows-x64": [[0, "4d5a"]],
};
const PE_MACHINES: Readonly<Record<string, string>> = { "windows-arm64": "64aa", "windows-x64": "6486" };

const archiveName = (target: string): string =>
  `confiture-${VERSION}-${target}${target.startsWith("windows") ? ".zip" : ".tar.gz"}`;

let folder = "";
let out = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "confiture-release-"));
  out = join(folder, "release");
  const child = Bun.spawn([join(ROOT, "scripts", "release"), "--out=release"], {
    cwd: folder,
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr, exitCode] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  if (exitCode !== 0) throw new Error(`scripts/release exited with ${exitCode}:\n${stdout}${stderr}`);
  for (const target of Object.keys(TARGETS)) expect(stdout).toContain(archiveName(target));
}, 600_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

/** Unpacks an archive and returns the folder that was in it. */
async function unpack(target: string): Promise<string> {
  const destination = join(folder, "unpacked", target);
  const inside = join(destination, `confiture-${VERSION}-${target}`);
  if (existsSync(inside)) return inside;
  await mkdir(destination, { recursive: true });
  const archive = join(out, archiveName(target));
  if (target.startsWith("windows")) await unzip(archive, destination);
  else expect(Bun.spawnSync(["tar", "-xzf", archive, "-C", destination]).stderr.toString()).toBe("");
  return inside;
}

/** Not every machine has unzip; entries made by this project follow each other without gaps. */
async function unzip(archive: string, destination: string): Promise<void> {
  const file = await readFile(archive);
  let at = 0;
  while (file.readUInt32LE(at) === 0x04034b50) {
    const size = file.readUInt32LE(at + 18);
    const nameLength = file.readUInt16LE(at + 26);
    const data = at + 30 + nameLength;
    const name = file.toString("ascii", at + 30, data);
    const content = Bun.inflateSync(file.subarray(data, data + size), { library: "libdeflate" });
    expect(Bun.hash.crc32(content)).toBe(file.readUInt32LE(at + 14));
    await Bun.write(join(destination, name), content);
    at = data + size;
  }
}

const executableIn = (inside: string, target: string): string =>
  join(inside, target.startsWith("windows") ? "confiture.exe" : "confiture");

test("there are an archive for every target, their checksums, and nothing else", async () => {
  expect((await readdir(out)).toSorted()).toEqual(["SHA256SUMS", ...Object.keys(TARGETS).map(archiveName)].toSorted());
});

test("the checksums are right", async () => {
  const lines = (await readFile(join(out, "SHA256SUMS"), "utf8")).trimEnd().split("\n");
  expect(lines).toHaveLength(Object.keys(TARGETS).length);
  for (const line of lines) {
    const [sum, name] = line.split("  ");
    const content = await readFile(join(out, name!));
    expect(`${name} ${new Bun.CryptoHasher("sha256").update(content).digest("hex")}`).toBe(`${name} ${sum}`);
  }
});

for (const [target, magic] of Object.entries(TARGETS)) {
  describe(target, () => {
    test("holds the executable for its machine, and the documents", async () => {
      const inside = await unpack(target);
      const executable = executableIn(inside, target);
      expect((await readdir(inside)).toSorted()).toEqual(
        [...DOCUMENTS, executable.slice(inside.length + 1)].toSorted(),
      );
      const file = await readFile(executable);
      for (const [offset, bytes] of magic) {
        expect(file.toString("hex", offset, offset + bytes.length / 2)).toBe(bytes);
      }
      if (target in PE_MACHINES) {
        const header = file.readUInt32LE(60);
        expect(file.toString("hex", header, header + 6)).toBe(`50450000${PE_MACHINES[target]}`);
      }
      if (target.startsWith("linux")) {
        // The path of the dynamic loader lies near the beginning.
        expect(file.subarray(0, 4096).includes("/ld-musl-")).toBe(target.endsWith("-musl"));
      }
    });

    if (target.startsWith("darwin")) {
      test("has a right hash for every page, and a flipped bit is found", async () => {
        const file = new Uint8Array(await readFile(executableIn(await unpack(target), target)));
        const report = checkSignature(file);
        expect(report.faults).toEqual([]);
        expect(report.pages).toBeGreaterThan(20_000);
        for (const at of [0x1000, file.length >> 1]) {
          file[at] = file[at]! ^ 1;
          expect(checkSignature(file).faults).toHaveLength(1);
          file[at] = file[at] ^ 1;
        }
      });
    }
  });
}

/** Runs an unpacked executable in an empty folder. */
async function version(target: string): Promise<{ exitCode: number; output: string }> {
  const executable = executableIn(await unpack(target), target);
  const empty = await mkdtemp(join(folder, "empty-"));
  const child = Bun.spawn([executable, "--version"], {
    cwd: empty,
    env: { HOME: empty },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr, exitCode] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { exitCode, output: stdout + stderr };
}

const isMuslMachine = existsSync(`/lib/ld-musl-${process.arch === "x64" ? "x86_64" : "aarch64"}.so.1`);
const own = `${process.platform}-${process.arch}`;
const ownTarget = isMuslMachine && existsSync("/etc/alpine-release") ? `${own}-musl` : own;

test.skipIf(!(ownTarget in TARGETS))(`${ownTarget}: runs on this machine and tells its version`, async () => {
  const { exitCode, output } = await version(ownTarget);
  expect(output).toContain(VERSION);
  expect(exitCode).toBe(0);
});

const foreignMusl = `${own}-musl`;
const hasMuslLibraries = isMuslMachine && existsSync("/usr/lib/libstdc++.so.6") && existsSync("/usr/lib/libgcc_s.so.1");

test.skipIf(!hasMuslLibraries || ownTarget === foreignMusl)(
  `${foreignMusl}: runs beside glibc (needs musl with its own libstdc++ and libgcc)`,
  async () => {
    const { exitCode, output } = await version(foreignMusl);
    expect(output).toContain(VERSION);
    expect(exitCode).toBe(0);
  },
);
