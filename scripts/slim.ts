/**
 * Takes out of a compiled executable what nothing of ours needs, so that it compresses better: the bytes become zeros, and
 * everything stays in its place.
 */

/** What Bun writes behind the files that it has put into an executable. */
const TRAILER = Buffer.from("\n---- Bun! ----\n");
/** The table of those files: where it is, what it starts with, how large it is; then the trailer. */
const OFFSETS_SIZE = 32;
/** Name, contents, source map, bytecode, two more, each with its place and its length, and four flags. */
const MODULE_SIZE = 52;

/** A file inside the executable: where its entry in the table is, and what its source map was made from. */
interface Module {
  readonly entry: number;
  /** Where the source map begins; undefined when there is none. */
  readonly map: number | undefined;
  readonly sources: readonly string[];
}

/** @throws Error when the executable is not laid out as Bun 1.4 does it */
function modulesOf(bytes: Buffer): { readonly start: number; readonly modules: readonly Module[] } {
  const trailer = bytes.lastIndexOf(TRAILER);
  if (trailer < OFFSETS_SIZE) throw new Error("Bun's trailer is not in the executable");
  const start = trailer - OFFSETS_SIZE - Number(bytes.readBigUInt64LE(trailer - OFFSETS_SIZE));
  const table = start + bytes.readUInt32LE(trailer - OFFSETS_SIZE + 8);
  const size = bytes.readUInt32LE(trailer - OFFSETS_SIZE + 12);
  if (start < 0 || table + size > trailer || size % MODULE_SIZE !== 0)
    throw new Error("Bun's table of files has changed");
  const modules: Module[] = [];
  for (let entry = table; entry < table + size; entry += MODULE_SIZE) {
    const name = bytes.toString("latin1", start + bytes.readUInt32LE(entry), start + bytes.readUInt32LE(entry) + 8);
    if (!/^(?:\/\$bunfs|B:[\\/])/.test(name))
      throw new Error(`Bun's table of files has changed: ${JSON.stringify(name)}`);
    const map = bytes.readUInt32LE(entry + 20) === 0 ? undefined : start + bytes.readUInt32LE(entry + 16);
    modules.push({ entry, map, sources: map === undefined ? [] : sourcesOf(bytes, map) });
  }
  return { start, modules };
}

/** A map begins with how many sources it has and the size of the mappings; then come the places of the sources' names. */
function sourcesOf(bytes: Buffer, map: number): string[] {
  return Array.from({ length: bytes.readUInt32LE(map) }, (_, i) => {
    const name = map + bytes.readUInt32LE(map + 8 + 8 * i);
    return bytes.toString("utf8", name, name + bytes.readUInt32LE(map + 12 + 8 * i));
  });
}

/**
 * The text of our sources inside the source maps. The maps stay, so that a stack trace names files and lines of the sources;
 * the lines themselves are in the repository.
 * @returns how many bytes it took out
 * @throws Error when the executable is not laid out as Bun 1.4 does it
 */
export function forgetSources(executable: Uint8Array): number {
  const bytes = Buffer.from(executable.buffer, executable.byteOffset, executable.byteLength);
  let removed = 0;
  for (const { map, sources } of modulesOf(bytes).modules) {
    if (map === undefined) continue;
    // The places of the compressed texts, from the map's beginning, follow those of the names.
    const first = map + 8 + 8 * sources.length;
    for (let pointer = first; pointer < first + 8 * sources.length; pointer += 8) {
      const text = map + bytes.readUInt32LE(pointer);
      const length = bytes.readUInt32LE(pointer + 4);
      if (length > 0 && bytes.readUInt32BE(text) !== ZSTD) throw new Error("Bun's source maps have changed");
      bytes.fill(0, text, text + length);
      bytes.writeUInt32LE(0, pointer + 4);
      removed += length;
    }
  }
  return removed;
}
const ZSTD = 0x28b52ffd;

/**
 * The bytecode of modules that have one of these sources: Bun compiles them from their JavaScript when they are loaded. For
 * what works with an embedded PostgreSQL beside it, which takes much longer to start.
 * @returns how many bytes it took out
 * @throws Error when no module has such a source, or the executable is not laid out as Bun 1.4 does it
 */
export function forgetBytecode(executable: Uint8Array, source: RegExp): number {
  const bytes = Buffer.from(executable.buffer, executable.byteOffset, executable.byteLength);
  const { start, modules } = modulesOf(bytes);
  const slow = modules.filter(({ sources }) => sources.some((name) => source.test(name)));
  if (slow.length === 0) throw new Error(`no module in the executable is made from ${source}`);
  let removed = 0;
  for (const { entry } of slow) {
    const code = start + bytes.readUInt32LE(entry + 24);
    const length = bytes.readUInt32LE(entry + 28);
    bytes.fill(0, code, code + length);
    bytes.fill(0, entry + 24, entry + 32);
    removed += length;
  }
  return removed;
}

/** Where ICU's data begins: its format, "CmnD", stands at byte 12 of a header of the size in its first two bytes. */
const ICU_DATA = Buffer.from([0xda, 0x27, 0x14, 0, 0, 0, 0, 0, 2, 0, ...Buffer.from("CmnD")]);

/**
 * ICU's dictionaries for the words of Chinese, Japanese, Khmer, Burmese, Lao and Thai. Without them, `Intl.Segmenter` cuts
 * texts in these languages at other places; nothing else uses them. macOS has its own ICU.
 * @returns how many bytes it took out
 */
export function forgetDictionaries(executable: Uint8Array): number {
  const bytes = Buffer.from(executable.buffer, executable.byteOffset, executable.byteLength);
  const found = bytes.indexOf(ICU_DATA);
  if (found < 0) return 0;
  const header = found - 2;
  const table = header + bytes.readUInt16LE(header);
  const count = bytes.readUInt32LE(table);
  let removed = 0;
  for (let i = 0; i < count; i++) {
    const name = table + bytes.readUInt32LE(table + 4 + 8 * i);
    if (!bytes.toString("latin1", name, bytes.indexOf(0, name)).endsWith(".dict")) continue;
    const data = table + bytes.readUInt32LE(table + 8 + 8 * i);
    // Entries follow each other; the last one of all is no dictionary.
    const end = i + 1 < count ? table + bytes.readUInt32LE(table + 8 + 8 * (i + 1)) : data;
    bytes.fill(0, data, end);
    removed += end - data;
  }
  return removed;
}
