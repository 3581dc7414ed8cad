import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import packageJson from "../../package.json" with { type: "json" };
import { compile } from "../../scripts/compile.ts";
import { makeExecutable } from "../../scripts/release.ts";
import { checkSignature } from "../../scripts/release-macho.ts";
import { RELEASE_TARGETS } from "../../scripts/release-targets.ts";
import { BINARY, builtBinary } from "../support/cli.ts";
import { ALL } from "../support/long.ts";
import { HAS_MUSL, makeMuslLibraries } from "../support/musl.ts";

const VERSION = packageJson.version;

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

let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "confiture-release-"));
  await writeFile(join(folder, "entry.ts"), `console.log("${VERSION}");`);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const made = new Map<string, Promise<Uint8Array>>();

/** The runtime for a target with a small program: what is in the executable besides is the same for all of them. */
function executableFor(name: string): Promise<Uint8Array> {
  let executable = made.get(name);
  if (executable === undefined) {
    const target = RELEASE_TARGETS.find((each) => each.name === name)!;
    const entry = join(folder, "entry.ts");
    executable = (async () => {
      const staging = await mkdtemp(join(folder, "staging-"));
      return (await makeExecutable(target, staging, (options) => compile({ ...options, entry }))).data;
    })();
    made.set(name, executable);
  }
  return executable;
}

test("there is an executable to be tried for every target", () => {
  expect(RELEASE_TARGETS.map(({ name }) => name).toSorted()).toEqual(Object.keys(TARGETS).toSorted());
});

/** Compiling takes long; the check leaves those out that are nearly as others. */
const isTried = (target: string): boolean => ALL || !/^windows|^darwin-x64$|^linux-arm64-musl$/.test(target);

for (const [target, magic] of Object.entries(TARGETS)) {
  describe.skipIf(!isTried(target))(target, () => {
    test("the executable is for its machine", async () => {
      const file = Buffer.from(await executableFor(target));
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
        const file = await executableFor(target);
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

/** Runs an executable in an empty folder, by the command in front of it if there is one. */
async function version(
  target: string,
  by: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<{ exitCode: number; output: string }> {
  const empty = await mkdtemp(join(folder, "empty-"));
  const executable = join(empty, "confiture");
  await writeFile(executable, await executableFor(target), { mode: 0o755 });
  const command = [...by, executable];
  const child = Bun.spawn(command, { cwd: empty, env: { HOME: empty, ...env }, stdout: "pipe", stderr: "pipe" });
  const [stdout, stderr, exitCode] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { exitCode, output: stdout + stderr };
}

const own = `${process.platform}-${process.arch}`;

test.skipIf(own !== "linux-x64")("linux-x64: the archive stays below 45 MB", async () => {
  await builtBinary();
  // xz takes minutes for it. What zstd makes of it at this level is 1.355 times as large as the archive, at 60.6 MB.
  const packed = Bun.zstdCompressSync(await Bun.file(BINARY).bytes(), { level: 3 });
  expect(packed.length).toBeLessThan(60_800_000);
});

const RUNS = { exitCode: 0, output: `${VERSION}\n` };
const ownTarget = existsSync("/etc/alpine-release") ? `${own}-musl` : own;

test.skipIf(!(ownTarget in TARGETS))(`${ownTarget}: runs on this machine`, async () => {
  expect(await version(ownTarget)).toEqual(RUNS);
});

test.skipIf(own !== "linux-x64" || !HAS_MUSL)("linux-x64-musl: runs beside glibc", async () => {
  const libraries = join(folder, "musl");
  await makeMuslLibraries(libraries);
  expect(await version("linux-x64-musl", [], { LD_LIBRARY_PATH: libraries })).toEqual(RUNS);
});

/** Debian's libc6-arm64-cross. */
const ARM = "/usr/aarch64-linux-gnu";
const emulator = Bun.which("qemu-aarch64");
const canEmulate = own === "linux-x64" && emulator !== null && existsSync(`${ARM}/lib/libc.so.6`);
if (own === "linux-x64" && !canEmulate) {
  console.warn("files for arm64 will not be run (Debian: qemu-user, libc6-arm64-cross)");
}

test.skipIf(!canEmulate)("linux-arm64: runs in an emulator", async () => {
  expect(await version("linux-arm64", [emulator ?? "", "-L", ARM])).toEqual(RUNS);
});
