/** A file of a pack; a path that ends with "/" is a folder. */
export interface PackedFile {
  readonly path: string;
  readonly data: Uint8Array;
}

/**
 * Joins files into one compressed block: the length of an index, the index (JSON pairs of path and
 * size), the contents. Unlike an archive it opens without a copy of any file.
 */
export function pack(files: readonly PackedFile[]): Uint8Array {
  const index = Buffer.from(JSON.stringify(files.map(({ path, data }) => [path, data.length])));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(index.length);
  return Bun.zstdCompressSync(Buffer.concat([length, index, ...files.map(({ data }) => data)]), { level: 19 });
}

/** The files of a pack, folders before their contents if they were packed so. All share one buffer. */
export function unpack(packed: Uint8Array<ArrayBuffer>): PackedFile[] {
  const bytes = Bun.zstdDecompressSync(packed);
  const start = 4 + bytes.readUInt32LE();
  const index = JSON.parse(bytes.toString("utf8", 4, start)) as [path: string, size: number][];
  let offset = start;
  return index.map(([path, size]) => {
    const data = bytes.subarray(offset, offset + size);
    offset += size;
    return { path, data };
  });
}
