import { describe, expect, test } from "bun:test";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ArchiveEntry, tarGz, zip } from "../../../scripts/release-archive.ts";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

const entries: readonly ArchiveEntry[] = [
  { name: "confiture-1/confiture", data: text("#!/bin/sh\necho it runs\n"), executable: true },
  { name: "confiture-1/LICENSE", data: text("x".repeat(1000)) },
  { name: "confiture-1/empty", data: new Uint8Array(0) },
];

for (const [kind, pack] of [
  ["tar.gz", tarGz],
  ["zip", zip],
] as const) {
  describe(kind, () => {
    test("is the same whenever and in whatever order it is made", () => {
      expect(pack(entries)).toEqual(pack(entries.toReversed()));
    });

    test("refuses names that would not survive it", () => {
      expect(() => pack([{ name: "a b", data: text("") }])).toThrow("cannot hold the name");
      expect(() => pack([{ name: "é", data: text("") }])).toThrow("cannot hold the name");
      expect(() => pack([{ name: "x".repeat(101), data: text("") }])).toThrow("cannot hold the name");
    });
  });
}

test("the system's tar unpacks it, modes and times included", async () => {
  const folder = await mkdtemp(join(tmpdir(), "confiture-archive-"));
  try {
    const archive = join(folder, "a.tar.gz");
    await writeFile(archive, tarGz(entries));
    const unpacked = Bun.spawnSync(["tar", "-xzf", archive, "-C", folder]);
    expect(unpacked.stderr.toString()).toBe("");
    for (const entry of entries) {
      expect((await readFile(join(folder, entry.name))).equals(entry.data)).toBe(true);
      expect((await stat(join(folder, entry.name))).mtime.toISOString()).toBe("1980-01-01T00:00:00.000Z");
    }
    expect(Bun.spawnSync([join(folder, "confiture-1/confiture")]).stdout.toString()).toBe("it runs\n");
  } finally {
    await rm(folder, { recursive: true });
  }
});

const python = Bun.which("python3");

// No unzip on many machines; Python reads zip files and checks every checksum.
test.skipIf(python === null)("another program reads the zip file, modes included", async () => {
  const folder = await mkdtemp(join(tmpdir(), "confiture-archive-"));
  try {
    const archive = join(folder, "a.zip");
    await writeFile(archive, zip(entries));
    const script = `
import sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as z:
    print(z.testzip())
    for i in z.infolist(): print(i.filename, i.file_size, oct(i.external_attr >> 16), i.date_time[0])
`;
    const result = Bun.spawnSync([python!, "-c", script, archive]);
    expect(result.stdout.toString() + result.stderr.toString()).toBe(
      "None\nconfiture-1/LICENSE 1000 0o100644 1980\nconfiture-1/confiture 23 0o100755 1980\nconfiture-1/empty 0 0o100644 1980\n",
    );
  } finally {
    await rm(folder, { recursive: true });
  }
});
