/**
 * Archives whose bytes depend on nothing but what is in them: entries in order of name, one fixed time,
 * no owner. So a release can be made again and compared.
 */

export interface ArchiveEntry {
  /** The path inside the archive, with "/" between its parts; ASCII, at most 100 characters. A folder ends with "/". */
  readonly name: string;
  readonly data: Uint8Array;
  readonly executable?: boolean;
}

/** 1980-01-01 00:00:00 UTC, the earliest time that a zip file can hold. */
const FIXED_TIME = 315_532_800;
const FIXED_DOS_DATE = (0 << 9) | (1 << 5) | 1;

const TAR_BLOCK = 512;

/** A gzip-compressed tar file. */
export function tarGz(entries: readonly ArchiveEntry[]): Uint8Array<ArrayBuffer> {
  return gzipped(tar(entries));
}

/** Compressed as gzip does it, without a time in the header. */
export function gzipped(data: Uint8Array): Uint8Array<ArrayBuffer> {
  // libdeflate: half the time of zlib, for a smaller file.
  return Bun.gzipSync(data as Uint8Array<ArrayBuffer>, { level: 6, library: "libdeflate" });
}

/** A tar file (POSIX ustar). */
export function tar(entries: readonly ArchiveEntry[]): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  for (const entry of sorted(entries)) {
    parts.push(tarHeader(entry), entry.data, new Uint8Array(padding(entry.data.length, TAR_BLOCK)));
  }
  parts.push(new Uint8Array(2 * TAR_BLOCK));
  return concatenate(parts);
}

function tarHeader(entry: ArchiveEntry): Uint8Array {
  const header = Buffer.alloc(TAR_BLOCK);
  const isFolder = entry.name.endsWith("/");
  const octal = (value: number, length: number): string => `${value.toString(8).padStart(length - 1, "0")}\0`;
  header.write(entry.name, 0, 100, "ascii");
  header.write(octal(isFolder || entry.executable === true ? 0o755 : 0o644, 8), 100);
  header.write(octal(0, 8), 108);
  header.write(octal(0, 8), 116);
  header.write(octal(entry.data.length, 12), 124);
  header.write(octal(FIXED_TIME, 12), 136);
  header.write("        ", 148);
  header.write(isFolder ? "5" : "0", 156);
  header.write("ustar\x0000", 257);
  const checksum = header.reduce((sum, byte) => sum + byte, 0);
  header.write(`${checksum.toString(8).padStart(6, "0")}\0 `, 148);
  return header;
}

const ZIP_LOCAL_FILE = 0x04034b50;
const ZIP_CENTRAL_FILE = 0x02014b50;
const ZIP_END = 0x06054b50;
const ZIP_VERSION = 20;
const ZIP_DEFLATE = 8;
/** Made on Unix, so that the mode in the upper half of the external attributes counts. */
const ZIP_MADE_BY = (3 << 8) | ZIP_VERSION;

/** A zip file. */
export function zip(entries: readonly ArchiveEntry[]): Uint8Array<ArrayBuffer> {
  const files: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const entry of sorted(entries)) {
    const name = Buffer.from(entry.name, "ascii");
    const compressed = Bun.deflateSync(new Uint8Array(entry.data), { level: 6, library: "libdeflate" });
    const common = Buffer.alloc(26);
    common.writeUInt16LE(ZIP_VERSION, 0);
    common.writeUInt16LE(ZIP_DEFLATE, 4);
    common.writeUInt16LE(FIXED_DOS_DATE, 8);
    common.writeUInt32LE(Bun.hash.crc32(entry.data), 10);
    common.writeUInt32LE(compressed.length, 14);
    common.writeUInt32LE(entry.data.length, 18);
    common.writeUInt16LE(name.length, 22);

    const local = [uint32(ZIP_LOCAL_FILE), common, name, compressed];
    const attributes = Buffer.alloc(14);
    const mode = 0o100000 | (entry.executable === true ? 0o755 : 0o644);
    attributes.writeUInt32LE(mode * 0x10000, 6);
    attributes.writeUInt32LE(offset, 10);
    directory.push(uint32(ZIP_CENTRAL_FILE), uint16(ZIP_MADE_BY), common, attributes, name);
    files.push(...local);
    offset += local.reduce((sum, part) => sum + part.length, 0);
  }
  const directorySize = directory.reduce((sum, part) => sum + part.length, 0);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(ZIP_END, 0);
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(directorySize, 12);
  end.writeUInt32LE(offset, 16);
  return concatenate([...files, ...directory, end]);
}

function sorted(entries: readonly ArchiveEntry[]): ArchiveEntry[] {
  for (const { name } of entries) {
    if (!/^[\x21-\x7e]{1,100}$/.test(name)) throw new Error(`an archive cannot hold the name ${JSON.stringify(name)}`);
  }
  return entries.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function padding(length: number, block: number): number {
  return (block - (length % block)) % block;
}

function uint16(value: number): Uint8Array {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

function uint32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
