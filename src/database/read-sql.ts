import { openRegularFile, readWhole } from "#files/read.ts";
import { FileBytes } from "./file-bytes.ts";
import { readOutline } from "./read-outline.ts";
import { conflict, decodeSql, type SqlText } from "./script.ts";

/** Smaller files are read whole: that is simpler, and faster. */
export const LARGE = 16 * 1024 * 1024;

/**
 * Reads a SQL file; of a large one only an outline.
 * @param file as shown to the user
 * @param together whether INSERT statements may be sent together, as in a transaction
 * @throws ConfitureError `file_unreadable`, `file_not_regular`, `file_not_utf8`, `file_conflict_marker`
 */
export function readSql(file: string, path: string, together: boolean): SqlText {
  using opened = openRegularFile(path, file);
  if (opened.size >= LARGE) return readLargeSql(new FileBytes(file, path), together);
  return { file, text: decodeSql(file, readWhole(opened, file)) };
}

/** `readSql` for a file that is known to be large. */
export function readLargeSql(source: FileBytes, together: boolean): SqlText {
  const { file } = source;
  const outline = readOutline(source, {
    decode: (bytes, at) =>
      decodeSql(file, bytes, (text, offset) => source.locate(at + Buffer.byteLength(text.slice(0, offset)))),
    refuse: ({ conflictMarker }, locate) => {
      if (conflictMarker !== undefined) throw conflict(file, locate(conflictMarker.start));
    },
    together,
  });
  return outline === undefined ? readWholeSql(source) : { file, text: outline.text, outline };
}

/** The whole text of a large file, in memory. */
export function readWholeSql(source: FileBytes): SqlText {
  const { file, size } = source;
  return { file, text: decodeSql(file, source.read({ from: 0, to: size })) };
}
