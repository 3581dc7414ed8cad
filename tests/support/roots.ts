import { copyFile, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { runBinary, type RunResult } from "./cli.ts";

/** Whether this user may give a process another root folder; in a container, root may not be allowed to. */
export function canMakeRoots(): boolean {
  if (process.getuid?.() !== 0 || process.platform !== "linux" || Bun.which("unshare") === null) return false;
  return Bun.spawnSync(["unshare", "--mount", "sh", "-c", "mount -t proc proc /proc && chroot / true"]).success;
}

/**
 * Runs the compiled executable with a folder as its root, which needs an empty `proc`: Bun's runtime finds itself there.
 * @param command its path in that folder, and its arguments
 * @param options.user "UID:GID"
 */
export async function runInRoot(
  root: string,
  command: readonly string[],
  { user, home }: { readonly user?: string; readonly home: string },
): Promise<RunResult> {
  const change = user === undefined ? "chroot" : `chroot --userspec=${user}`;
  const enter = `mount -t proc proc "$0/proc" && exec ${change} "$0" "$@"`;
  return await runBinary(["--mount", "sh", "-c", enter, root, ...command], {
    binary: Bun.which("unshare") ?? "",
    cwd: "/",
    env: { HOME: home },
  });
}

/** The shared libraries that an executable for this machine loads, the loader among them. */
export function librariesOf(executable: string): string[] {
  const ldd = Bun.spawnSync(["ldd", executable]).stdout.toString();
  return Array.from(ldd.matchAll(/(\/\S+) \(0x/g), ([, path]) => path!);
}

/** Copies files of this machine to the same places below another root. */
export async function copyInto(root: string, paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    await mkdir(join(root, dirname(path)), { recursive: true });
    await copyFile(path, join(root, path));
  }
}
