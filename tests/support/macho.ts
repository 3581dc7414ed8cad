/** Settings of a synthetic Mach-O file. */
export interface MachoOptions {
  readonly cpuType?: number;
  /** Bytes of program before __LINKEDIT; a multiple of 16 KiB. */
  readonly textSize?: number;
  /** Bytes of __LINKEDIT before the signature. */
  readonly linkEditSize?: number;
  /** Bytes kept for the signature; they hold none yet. */
  readonly signatureSize?: number;
}

/**
 * The smallest Mach-O executable that has what signing looks at: __TEXT, __LINKEDIT and room for a
 * signature that is not there yet.
 */
export function syntheticMacho(options: MachoOptions = {}): Uint8Array {
  const { cpuType = 0x01000007, textSize = 0x8000, linkEditSize = 0x1230, signatureSize = 64 } = options;
  const file = new Uint8Array(textSize + linkEditSize + signatureSize);
  for (let i = 0; i < file.length; i++) file[i] = (i * 31 + (i >> 8)) & 0xff;
  const view = new DataView(file.buffer);
  file.fill(0, 0, 32 + 72 * 2 + 16);

  view.setUint32(0, 0xfeedfacf, true);
  view.setUint32(4, cpuType, true);
  view.setUint32(12, 2, true);
  view.setUint32(16, 3, true);
  view.setUint32(20, 72 * 2 + 16, true);

  const segment = (at: number, name: string, offset: number, size: number): void => {
    view.setUint32(at, 0x19, true);
    view.setUint32(at + 4, 72, true);
    file.set(new TextEncoder().encode(name), at + 8);
    view.setBigUint64(at + 24, BigInt(0x1_0000_0000 + offset), true);
    view.setBigUint64(at + 32, BigInt(Math.ceil(size / 0x4000) * 0x4000), true);
    view.setBigUint64(at + 40, BigInt(offset), true);
    view.setBigUint64(at + 48, BigInt(size), true);
  };
  segment(32, "__TEXT", 0, textSize);
  segment(32 + 72, "__LINKEDIT", textSize, linkEditSize + signatureSize);
  view.setUint32(32 + 144, 0x1d, true);
  view.setUint32(32 + 148, 16, true);
  view.setUint32(32 + 152, textSize + linkEditSize, true);
  view.setUint32(32 + 156, signatureSize, true);
  return file;
}
