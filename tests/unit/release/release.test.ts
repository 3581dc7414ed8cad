import { describe, expect, test } from "bun:test";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  makeExecutable,
  omissions,
  readReleaseArguments,
  release,
  type ReleaseOptions,
} from "../../../scripts/release.ts";
import { CPU_TYPES } from "../../../scripts/release-macho.ts";
import { RELEASE_TARGETS } from "../../../scripts/release-targets.ts";
import { syntheticMacho } from "../../support/macho.ts";
import { readBlocks } from "../../support/document.ts";
import { ROOT } from "../../support/postgres-binaries.ts";
import { temporaryProject } from "../../support/project.ts";
import { HAS_XZ } from "../../support/xz.ts";

/** The smallest file that passes for an ELF executable. */
function elf(machine: number, interpreter: string): Uint8Array {
  const file = Buffer.alloc(200);
  file.write("\x7fELF", "latin1");
  file.writeUInt16LE(machine, 18);
  file.writeBigUInt64LE(64n, 32);
  file.writeUInt16LE(56, 54);
  file.writeUInt16LE(1, 56);
  file.writeUInt32LE(3, 64);
  file.writeBigUInt64LE(120n, 72);
  file.writeBigUInt64LE(BigInt(interpreter.length), 96);
  file.write(interpreter, 120);
  return file;
}

function pe(machine: number): Uint8Array {
  const file = Buffer.alloc(100);
  file.write("MZ");
  file.writeUInt32LE(64, 60);
  file.write("PE\0\0", 64);
  file.writeUInt16LE(machine, 68);
  return file;
}

function executableOf(target: string): Uint8Array {
  const isArm = target.includes("arm64");
  if (target.includes("windows")) return pe(isArm ? 0xaa64 : 0x8664);
  if (target.includes("darwin")) return syntheticMacho({ cpuType: CPU_TYPES[isArm ? "arm64" : "x64"] });
  return elf(isArm ? 183 : 62, target.includes("musl") ? "/lib/ld-musl-x86_64.so.1" : "/lib64/ld-linux-x86-64.so.2");
}

function compiledBy(contents: (target: string) => Uint8Array): ReleaseOptions["executableFor"] {
  return (machine, folder) =>
    makeExecutable(machine, folder, async ({ target, outfile }) => writeFile(outfile, contents(target)));
}

function optionsFor(out: string, changes: Partial<ReleaseOptions> = {}): ReleaseOptions {
  return {
    product: { version: "1.2.3", license: "MIT", summary: "A summary" },
    root: ROOT,
    xzPreset: 0,
    targets: RELEASE_TARGETS,
    out,
    documents: [{ name: "LICENSE", data: new TextEncoder().encode("free") }],
    executableFor: compiledBy(executableOf),
    report: () => {},
    ...changes,
  };
}

describe.skipIf(!HAS_XZ)("a release", () => {
  test("has archives and packages for every target, and their checksums", async () => {
    await using project = await temporaryProject();
    const files = await release(optionsFor(project.dir, { baseUrl: "https://example.com/1.2.3" }));
    const unix = ["darwin-arm64", "darwin-x64", "linux-arm64", "linux-arm64-musl", "linux-x64", "linux-x64-musl"];
    const windows = ["windows-arm64", "windows-x64"];
    const names = [
      ...unix.flatMap((target) => [`confiture-1.2.3-${target}.tar.gz`, `confiture-1.2.3-${target}.tar.xz`]),
      ...windows.map((target) => `confiture-1.2.3-${target}.zip`),
      ...[...unix, ...windows].map((target) => `confiture-${target}-1.2.3.tgz`),
      "confiture-1.2.3.tgz",
      "confiture_1.2.3_amd64.deb",
      "confiture_1.2.3_arm64.deb",
      "confiture-1.2.3-1.x86_64.rpm",
      "confiture-1.2.3-1.aarch64.rpm",
      "confiture-1.2.3.cdx.json",
      "confiture-1.2.3.intoto.json",
      "confiture.rb",
      "install.sh",
    ].toSorted();
    expect((await readdir(project.dir)).toSorted()).toEqual(["SHA256SUMS", ...names].toSorted());
    const sums = names.map((name) => `${files.find((file) => file.name === name)?.sha256}  ${name}\n`);
    expect(await project.read("SHA256SUMS")).toBe(sums.join(""));

    const formula = await project.read("confiture.rb");
    for (const target of ["darwin-arm64", "darwin-x64", "linux-arm64", "linux-x64"]) {
      const name = `confiture-1.2.3-${target}.tar.gz`;
      const { sha256 } = files.find((file) => file.name === name)!;
      expect(formula).toContain(`url "https://example.com/1.2.3/${name}"\n      sha256 "${sha256}"`);
    }
    expect(await project.read("install.sh")).toContain("from=${CONFITURE_FROM:-https://example.com/1.2.3}");
  });

  test("replaces the one before it, and nothing else in the folder", async () => {
    await using project = await temporaryProject({
      "confiture-1.0.0-linux-x64.tar.gz": "old",
      "confiture_1.0.0_amd64.deb": "old",
      "SHA256SUMS.minisig": "old",
      "notes.txt": "mine",
    });
    await release(optionsFor(project.dir, { targets: RELEASE_TARGETS.slice(0, 1) }));
    expect((await readdir(project.dir)).toSorted()).toEqual([
      "SHA256SUMS",
      "confiture-1.2.3-darwin-arm64.tar.gz",
      "confiture-1.2.3-darwin-arm64.tar.xz",
      "confiture-1.2.3.cdx.json",
      "confiture-1.2.3.intoto.json",
      "confiture-1.2.3.tgz",
      "confiture-darwin-arm64-1.2.3.tgz",
      "install.sh",
      "notes.txt",
    ]);
  });
});

test("command lines of documents are read, with paths from where the caller is", async () => {
  const read = async (name: string): Promise<string[]> =>
    readBlocks(await readFile(join(ROOT, name), "utf8")).flatMap(({ text }) =>
      [...text.matchAll(/^scripts\/release\b(.*?)(?: +#.*)?$/gm)].map(([, rest = ""]) => rest.trim()),
    );
  const lines = [...(await read("README.md")), ...(await read("docs/installing.md"))];
  expect(lines.length).toBeGreaterThan(2);
  const given = lines.map((line) =>
    readReleaseArguments(["--caller=/here", ...line.split(" ").filter((word) => word !== "")], "/checkout"),
  );
  const whole = { out: "/checkout/dist/release", targets: RELEASE_TARGETS };
  expect(given[0]).toEqual({ ...whole, baseUrl: undefined, signingKey: undefined });
  expect(given).toContainEqual({
    ...whole,
    baseUrl: "https://example.com/confiture/0.1.0",
    signingKey: "/here/confiture-signing-key.pem",
  });
});

test("a command line that cannot be meant is refused, and what an option would have made is told", () => {
  const refused = (...args: string[]): unknown => {
    try {
      return readReleaseArguments(args, ROOT);
    } catch (error) {
      return String(error);
    }
  };
  expect(refused("--base-uri=x")).toContain("--base-url=URL");
  expect(refused("--base-url=")).toContain("--base-url needs a value");
  expect(refused("linux-x86")).toContain("no such target: linux-x86");
  expect(refused("--help")).toBeUndefined();

  const all = { targets: RELEASE_TARGETS, baseUrl: "https://example.com", signingKey: "key" };
  const told = (changes: Partial<typeof all> | object): string => omissions({ ...all, ...changes }).join("\n");
  expect(told({})).toBe("");
  expect(told({ signingKey: undefined })).toContain("--signing-key");
  expect(told({ targets: RELEASE_TARGETS.slice(1) })).toStartWith("confiture.rb");
  // What was given is not asked for.
  expect(told({ targets: RELEASE_TARGETS.slice(1) })).toEndWith(" needs all targets");
  expect(told({ baseUrl: undefined })).toMatch(/^install\.sh .*\nconfiture\.rb, .*$/);
});

test("an address or a key that cannot be used is refused before anything is compiled", async () => {
  for (const changes of [{ baseUrl: "https://example.com/$x" }, { signingKey: "" }]) {
    await using project = await temporaryProject();
    let compiled = 0;
    const executableFor = () => Promise.reject(new Error(`compiled ${++compiled}`));
    const error = await release(optionsFor(project.dir, { ...changes, executableFor })).catch(String);
    expect({ error, compiled }).toEqual({ error: expect.not.stringContaining("compiled"), compiled: 0 });
  }
});

describe.skipIf(!HAS_XZ)("nothing is released when one file", () => {
  const wrong: readonly (readonly [what: string, target: string, file: Uint8Array])[] = [
    ["is for another processor", "bun-linux-arm64", elf(62, "/lib64/ld-linux-x86-64.so.2")],
    ["is for another system", "bun-windows-x64-baseline", elf(62, "/lib64/ld-linux-x86-64.so.2")],
    ["has the other libc", "bun-linux-x64-baseline-musl", elf(62, "/lib64/ld-linux-x86-64.so.2")],
    ["cannot be signed", "bun-darwin-x64-baseline", syntheticMacho({ linkEditSize: 0x1231 })],
    ["is empty", "bun-windows-arm64", new Uint8Array(0)],
  ];
  for (const [what, broken, file] of wrong) {
    test(what, async () => {
      await using project = await temporaryProject({ "confiture-1.0.0-linux-x64.tar.gz": "old" });
      const executableFor = compiledBy((target) => (target === broken ? file : executableOf(target)));
      expect(await release(optionsFor(project.dir, { executableFor })).catch((error: unknown) => error)).toBeInstanceOf(
        Error,
      );
      expect(await readdir(project.dir)).toEqual([]);
    });
  }

  test("does not compile", async () => {
    await using project = await temporaryProject();
    const executableFor = compiledBy((target) => {
      if (target === "bun-windows-x64-baseline") throw new Error("no such runtime");
      return executableOf(target);
    });
    expect(await release(optionsFor(project.dir, { executableFor })).catch(String)).toBe("Error: no such runtime");
    expect(await readdir(project.dir)).toEqual([]);
  });
});
