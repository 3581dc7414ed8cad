import { chown, mkdtemp, rm } from "node:fs/promises";
import { ORDINARY_USER } from "./postgres-binaries.ts";

/** A file system of its own, that a server can write to. */
export interface SmallDisk extends AsyncDisposable {
  readonly path: string;
  /** Makes it another size. */
  resize(megabytes: number): boolean;
}

/** A file system of this size, as root where mounting is allowed; undefined elsewhere, where the tests that need it are skipped. */
export async function smallDisk(megabytes: number): Promise<SmallDisk | undefined> {
  if (process.getuid?.() !== 0 || process.platform !== "linux") return undefined;
  const path = await mkdtemp("/tmp/confiture-disk-");
  const mount = (options: string): boolean =>
    Bun.spawnSync(["mount", "-t", "tmpfs", "-o", options, "none", path], { stderr: "ignore" }).success;
  if (!mount(`size=${megabytes}m`)) {
    await rm(path, { recursive: true });
    return undefined;
  }
  await chown(path, ORDINARY_USER, ORDINARY_USER);
  return {
    path,
    resize: (size) => mount(`remount,size=${size}m`),
    async [Symbol.asyncDispose]() {
      Bun.spawnSync(["umount", "-l", path], { stderr: "ignore" });
      await rm(path, { recursive: true, force: true });
    },
  };
}
