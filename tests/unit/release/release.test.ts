import { describe, expect, test } from "bun:test";
import { readdir, writeFile } from "node:fs/promises";
import { release, type ReleaseOptions } from "../../../scripts/release.ts";
import { CPU_TYPES } from "../../../scripts/release-macho.ts";
import { RELEASE_TARGETS } from "../../../scripts/release-targets.ts";
import { syntheticMacho } from "../../support/macho.ts";
import { temporaryProject } from "../../support/project.ts";

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

function executableFor(target: string): Uint8Array {
  const isArm = target.includes("arm64");
  if (target.includes("windows")) return pe(isArm ? 0xaa64 : 0x8664);
  if (target.includes("darwin")) return syntheticMacho({ cpuType: CPU_TYPES[isArm ? "arm64" : "x64"] });
  return elf(isArm ? 183 : 62, target.includes("musl") ? "/lib/ld-musl-x86_64.so.1" : "/lib64/ld-linux-x86-64.so.2");
}

function optionsFor(out: string, changes: Partial<ReleaseOptions> = {}): ReleaseOptions {
  return {
    version: "1.2.3",
    targets: RELEASE_TARGETS,
    out,
    documents: [{ name: "LICENSE", data: new TextEncoder().encode("free") }],
    compile: ({ target, outfile }) => writeFile(outfile, executableFor(target)),
    report: () => {},
    ...changes,
  };
}

describe("a release", () => {
  test("has an archive for every target, and their checksums", async () => {
    await using project = await temporaryProject();
    const archives = await release(optionsFor(project.dir));
    const names = [
      "confiture-1.2.3-darwin-arm64.tar.gz",
      "confiture-1.2.3-darwin-x64.tar.gz",
      "confiture-1.2.3-linux-arm64-musl.tar.gz",
      "confiture-1.2.3-linux-arm64.tar.gz",
      "confiture-1.2.3-linux-x64-musl.tar.gz",
      "confiture-1.2.3-linux-x64.tar.gz",
      "confiture-1.2.3-windows-arm64.zip",
      "confiture-1.2.3-windows-x64.zip",
    ];
    expect((await readdir(project.dir)).toSorted()).toEqual(["SHA256SUMS", ...names]);
    const sums = names.map((name) => `${archives.find((archive) => archive.name === name)?.sha256}  ${name}\n`);
    expect(await project.read("SHA256SUMS")).toBe(sums.join(""));
  });

  test("replaces the one before it, and nothing else in the folder", async () => {
    await using project = await temporaryProject({
      "confiture-1.0.0-linux-x64.tar.gz": "old",
      "notes.txt": "mine",
    });
    await release(optionsFor(project.dir, { targets: RELEASE_TARGETS.slice(0, 1) }));
    expect((await readdir(project.dir)).toSorted()).toEqual([
      "SHA256SUMS",
      "confiture-1.2.3-darwin-arm64.tar.gz",
      "notes.txt",
    ]);
  });
});

describe("nothing is released when one file", () => {
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
      const compile: ReleaseOptions["compile"] = ({ target, outfile }) =>
        writeFile(outfile, target === broken ? file : executableFor(target));
      expect(await release(optionsFor(project.dir, { compile })).catch((error: unknown) => error)).toBeInstanceOf(
        Error,
      );
      expect(await readdir(project.dir)).toEqual([]);
    });
  }

  test("does not compile", async () => {
    await using project = await temporaryProject();
    const compile: ReleaseOptions["compile"] = ({ target, outfile }) =>
      target === "bun-windows-x64-baseline"
        ? Promise.reject(new Error("no such runtime"))
        : writeFile(outfile, executableFor(target));
    expect(await release(optionsFor(project.dir, { compile })).catch(String)).toBe("Error: no such runtime");
    expect(await readdir(project.dir)).toEqual([]);
  });
});
