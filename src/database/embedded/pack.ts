/** A file to be packed; a path that ends with "/" is a folder. */
export interface FileToPack {
  readonly path: string;
  readonly data: Uint8Array;
}

/** A file of a pack. */
export interface PackedFile {
  readonly path: string;
  /** In bytes. */
  readonly size: number;
  /** A copy of its contents, for the caller to own. The first call opens the pack. */
  readonly read: () => Uint8Array;
  /** Its contents for who only reads them: memory that it shares with others. Opens the pack as well. */
  readonly view: () => Uint8Array;
}

type IndexEntry = [path: string, size: number, start: number];

/**
 * Joins files: the length of an index, the index (JSON), and the contents in one compressed block. Unlike an archive it
 * opens without a copy of any file. Contents that several files have are there once, as in the databases of a cluster.
 * @param level how hard zstd tries
 */
export function pack(files: readonly FileToPack[], level = 19): Uint8Array {
  const parts: Uint8Array[] = [];
  let end = 0;
  const places = new Map<string, number>();
  const index = files.map(({ path, data }): IndexEntry => {
    const key = data.length === 0 ? "" : Bun.SHA256.hash(data, "hex");
    let start = places.get(key);
    if (start === undefined) {
      start = end;
      places.set(key, start);
      parts.push(data);
      end += data.length;
    }
    return [path, data.length, start];
  });
  const head = Buffer.from(JSON.stringify(index));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(head.length);
  return Buffer.concat([length, head, Bun.zstdCompressSync(Buffer.concat(parts), { level })]);
}

/**
 * The files of a pack, folders before their contents if they were packed so. What it holds is kept opened for as long as
 * nobody needs the memory: the next engine of a process reads the same files.
 */
export function unpack(packed: Uint8Array<ArrayBuffer>): PackedFile[] {
  const bytes = Buffer.from(packed.buffer, packed.byteOffset, packed.byteLength);
  const start = 4 + bytes.readUInt32LE();
  let opened: WeakRef<Uint8Array> | undefined;
  const contents = (): Uint8Array => {
    const known = opened?.deref();
    if (known !== undefined) return known;
    const all = Bun.zstdDecompressSync(packed.subarray(start));
    opened = new WeakRef(all);
    return all;
  };
  return (JSON.parse(bytes.toString("utf8", 4, start)) as IndexEntry[]).map(([path, size, at]) => {
    const view = (): Uint8Array => contents().subarray(at, at + size);
    return { path, size, read: () => new Uint8Array(view()), view };
  });
}
