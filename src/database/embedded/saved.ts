import { loadAssets } from "./load.ts";
import { type FileToPack, pack, type PackedFile, unpack } from "./pack.ts";

/** A data folder's files, by path. */
export type DataFiles = ReadonlyMap<string, Uint8Array>;

/** Fast, and small enough: it is made while somebody waits. */
const LEVEL = 1;

/**
 * What distinguishes a data folder from that of a new database. It is good for this executable alone, which has the rest.
 */
export async function packSaved(files: DataFiles): Promise<Uint8Array> {
  const fresh = await newFiles();
  const removed = [...fresh.keys()].filter((path) => !path.endsWith("/") && !files.has(path));
  const changed: FileToPack[] = [];
  for (const [path, data] of files) {
    const same = fresh.get(path);
    if (same?.size !== data.length || Buffer.compare(same.view(), data) !== 0) changed.push({ path, data });
  }
  return pack([{ path: REMOVED, data: Buffer.from(JSON.stringify(removed)) }, ...changed], LEVEL);
}

/** Not a path in a data folder. */
const REMOVED = "../removed";

/** All files of the data folder that `packSaved` was given. */
export async function unpackSaved(saved: Uint8Array<ArrayBuffer>): Promise<PackedFile[]> {
  const fresh = await newFiles();
  const [removed, ...changed] = unpack(saved);
  for (const path of JSON.parse(Buffer.from(removed!.view()).toString()) as string[]) fresh.delete(path);
  for (const file of changed) fresh.set(file.path, file);
  return [...fresh.values()];
}

async function newFiles(): Promise<Map<string, PackedFile>> {
  const files = await (await loadAssets()).cluster();
  return new Map(files.map((file) => [file.path, file]));
}
