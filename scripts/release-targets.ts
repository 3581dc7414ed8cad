import { CPU_TYPES, cpuTypeOf } from "./release-macho.ts";

/** One file of a release. */
export interface ReleaseTarget {
  /** OS-ARCH[-musl], as in the archive's name. */
  readonly name: string;
  /** Bun's name for it. */
  readonly bun: Bun.Build.CompileTarget;
  readonly system: "linux" | "darwin" | "windows";
  readonly architecture: "x64" | "arm64";
  readonly musl?: boolean;
}

/**
 * What a release consists of. The x64 files are Bun's baseline builds: its others need AVX2 and die at
 * start on older servers and many virtual machines.
 */
export const RELEASE_TARGETS: readonly ReleaseTarget[] = [
  { name: "darwin-arm64", bun: "bun-darwin-arm64", system: "darwin", architecture: "arm64" },
  { name: "darwin-x64", bun: "bun-darwin-x64-baseline", system: "darwin", architecture: "x64" },
  { name: "linux-arm64", bun: "bun-linux-arm64", system: "linux", architecture: "arm64" },
  { name: "linux-arm64-musl", bun: "bun-linux-arm64-musl", system: "linux", architecture: "arm64", musl: true },
  { name: "linux-x64", bun: "bun-linux-x64-baseline", system: "linux", architecture: "x64" },
  { name: "linux-x64-musl", bun: "bun-linux-x64-baseline-musl", system: "linux", architecture: "x64", musl: true },
  { name: "windows-arm64", bun: "bun-windows-arm64", system: "windows", architecture: "arm64" },
  { name: "windows-x64", bun: "bun-windows-x64-baseline", system: "windows", architecture: "x64" },
];

const ELF_MACHINES = { x64: 62, arm64: 183 } as const;
const PE_MACHINES = { x64: 0x8664, arm64: 0xaa64 } as const;
const PT_INTERP = 3;

/** Says what is wrong when a file is no executable for its target; undefined when it is one. */
export function wrongMachine(file: Uint8Array, target: ReleaseTarget): string | undefined {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  switch (target.system) {
    case "linux": {
      if (file.length < 64 || view.getUint32(0) !== 0x7f454c46) return "not an ELF file";
      if (view.getUint16(18, true) !== ELF_MACHINES[target.architecture]) return "an ELF file for another processor";
      const isMusl = elfInterpreter(file, view).includes("ld-musl");
      if (isMusl !== (target.musl ?? false)) return isMusl ? "linked with musl" : "not linked with musl";
      return undefined;
    }
    case "windows": {
      if (file.length < 64 || view.getUint16(0) !== 0x4d5a) return "not a PE file";
      const header = view.getUint32(60, true);
      if (header + 6 > file.length || view.getUint32(header) !== 0x50450000) return "not a PE file";
      if (view.getUint16(header + 4, true) === PE_MACHINES[target.architecture]) return undefined;
      return "a PE file for another processor";
    }
    case "darwin":
      return cpuTypeOf(file) === CPU_TYPES[target.architecture] ? undefined : "a Mach-O file for another processor";
  }
}

/** The dynamic loader an ELF file asks for. */
function elfInterpreter(file: Uint8Array, view: DataView): string {
  const table = Number(view.getBigUint64(32, true));
  const size = view.getUint16(54, true);
  const count = view.getUint16(56, true);
  for (let i = 0; i < count; i++) {
    const entry = table + i * size;
    if (entry + size > file.length || view.getUint32(entry, true) !== PT_INTERP) continue;
    const offset = Number(view.getBigUint64(entry + 8, true));
    const length = Number(view.getBigUint64(entry + 32, true));
    return new TextDecoder().decode(file.subarray(offset, offset + length));
  }
  return "";
}
