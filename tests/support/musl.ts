import { existsSync } from "node:fs";
import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";

/** Debian's musl beside glibc. */
export const MUSL_LOADER = "/lib/ld-musl-x86_64.so.1";

const LIBRARIES = ["/usr/lib/x86_64-linux-gnu/libstdc++.so.6", "/lib/x86_64-linux-gnu/libgcc_s.so.1"];

/** Whether files for musl can be run here although this machine's own C library is glibc. */
export const HAS_MUSL = [MUSL_LOADER, ...LIBRARIES].every((path) => existsSync(path)) && Bun.which("cc") !== null;
if (process.platform === "linux" && !HAS_MUSL) {
  console.warn("files for musl will not be run (Debian on x64: musl, libstdc++6, and a C compiler)");
}

/** Fills a folder with the libraries that the executable needs besides musl. Debian has none for musl, but its own do. */
export async function makeMuslLibraries(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const path of LIBRARIES) await copyFile(path, join(folder, path.slice(path.lastIndexOf("/") + 1)));
  // Under the name of glibc's loader, which the two ask for and which is no library of musl's.
  const out = join(folder, "ld-linux-x86-64.so.2");
  const source = join(import.meta.dir, "musl.c");
  const made = Bun.spawnSync(["cc", "-shared", "-fPIC", "-nostdlib", "-fno-builtin", "-w", "-o", out, source]);
  if (!made.success) throw new Error(made.stderr.toString());
}
