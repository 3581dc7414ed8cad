import type { ReleaseTarget } from "../release-targets.ts";

export interface XzOptions {
  /** 0 to 9, as of xz(1): 9 takes a minute for an executable, 0 two seconds. */
  readonly preset: number;
  /** Code of this processor compresses better when jumps are written in another way. */
  readonly architecture?: ReleaseTarget["architecture"];
}

/**
 * Compresses with xz(1), which has to be installed. The dictionary is no larger than 64 MiB, which is what BusyBox takes.
 * @throws Error with what xz said
 */
export async function xz(data: Uint8Array, { preset, architecture }: XzOptions): Promise<Uint8Array> {
  // lc and pb: code of x64 is not aligned, which makes half a megabyte.
  // The filter for arm64 is younger than many an xz that has to unpack this.
  const filters = architecture === "x64" ? ["--x86"] : [];
  const child = Bun.spawn(["xz", "--threads=1", ...filters, `--lzma2=preset=${preset},lc=4,pb=0`, "--stdout"], {
    stdin: new Blob([data as Uint8Array<ArrayBuffer>]),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [packed, stderr, exitCode] = await Promise.all([child.stdout.bytes(), child.stderr.text(), child.exited]);
  if (exitCode !== 0) throw new Error(`xz exited with ${exitCode}: ${stderr}`);
  return packed;
}
