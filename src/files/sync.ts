import { closeSync, fsyncSync, openSync } from "node:fs";
import { open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { platform } from "node:process";
import { systemCode } from "./reason.ts";

/** Brings the names in a folder to the disk. Windows does that by itself, and does not open folders. */
export function syncFolder(folder: string): void {
  if (platform === "win32") return;
  const descriptor = openSync(folder, "r");
  try {
    fsyncSync(descriptor);
  } catch (error) {
    // Some network file systems have nothing to bring.
    if (systemCode(error) !== "EINVAL") throw error;
  } finally {
    closeSync(descriptor);
  }
}

/** Side by side files share the disk's work. */
const AT_ONCE = 16;

/**
 * Brings everything in a folder to the disk. A thousand files one by one take a second; the system's own `sync` tool, where it is
 * there, takes the whole file system in a tenth of that.
 */
export async function syncTree(folder: string): Promise<void> {
  if (await syncFileSystem(folder)) return;
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  for (let i = 0; i < files.length; i += AT_ONCE) await Promise.all(files.slice(i, i + AT_ONCE).map(syncFile));
  for (const entry of entries) if (entry.isDirectory()) syncFolder(join(entry.parentPath, entry.name));
  syncFolder(folder);
}

async function syncFileSystem(folder: string): Promise<boolean> {
  // Elsewhere it knows no folder, and does not wait.
  if (platform !== "linux" || Bun.which("sync") === null) return false;
  const sync = Bun.spawn(["sync", "-f", folder], { stdin: "ignore", stdout: "ignore", stderr: "ignore" });
  return (await sync.exited) === 0;
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, "r+");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
