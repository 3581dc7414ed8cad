import { join } from "node:path";
import { piecesOf, readSchemaScript } from "#build/schema-script.ts";
import type { Script } from "#database/script.ts";
import { ConfitureError } from "#errors/error.ts";
import { readRegularFile } from "#files/read.ts";
import { isNumberCounted, type Written } from "../contained/written.ts";
import { type ProjectFiles, schemaBuild } from "../sources/sources.ts";
import type { Built } from "./built.ts";
import { hashOf, keepKeyed, keyOf, readKeyed } from "./proven-state.ts";

/** Beside what migrations led to. */
const FILE = ".confiture/.verified-schema";

/** What the form of that file is called in its key; those of others do not count. */
const FORM = "3";

/** What an earlier run has built of the same files. */
export interface BuiltBefore {
  /** Undefined where none did, or where that does not count. */
  readonly built: Built | undefined;
  /** Remembers what this run has built. */
  readonly keep: (built: Built) => Promise<void>;
}

/**
 * A build counts as the same when everything that it goes by is: the executable, and the statements of the files, and of those that
 * they include, in their order. As with migrations, only the engine inside counts.
 * @param written columns whose numbers count (`readRowHashes`)
 * @param executable as for `findProven`
 */
export function findBuilt(files: ProjectFiles, written: Written, executable: string | undefined): BuiltBefore {
  const isKept = executable !== undefined && files.scratch.engine === "embedded" && files.scratch.like === undefined;
  const key = isKept ? keyOfSchema(files, executable) : undefined;
  if (key === undefined) return { built: undefined, keep: async () => {} };
  const kept = readKeyed(files.projectDir, FILE, [key]);
  const before = kept === undefined ? undefined : fromBytes(kept.content);
  const isReadAlike = before?.counted.every(
    ([table, column, referring, was]) => isNumberCounted(written, table, column, referring) === was,
  );
  return {
    built: isReadAlike === true ? before : undefined,
    keep: async (built) => await keepKeyed(files.projectDir, FILE, key, toBytes(built)),
  };
}

function toBytes({ rows, ...rest }: Built): Uint8Array {
  const all = [...rows].map(([table, hashes]) => [table, [...hashes]]);
  return Buffer.from(JSON.stringify({ ...rest, rows: all }));
}

/** It has its own hash beside it, so that it is what was written. */
function fromBytes(content: Uint8Array): Built {
  const { rows, ...rest } = JSON.parse(Buffer.from(content).toString()) as Omit<Built, "rows"> & {
    readonly rows: [string, [string, number][]][];
  };
  return { ...rest, rows: new Map(rows.map(([table, hashes]) => [table, new Map(hashes)])) };
}

/** Undefined for files that cannot be read: the build says what is wrong with them. */
export function keyOfSchema(files: ProjectFiles, executable: string): string | undefined {
  try {
    const build = schemaBuild(files);
    const parts = build.files.map((file) =>
      [...piecesOf(readSchemaScript(build, file))].map((piece) =>
        piece === "connect" ? piece : statementsOf(files, piece),
      ),
    );
    return keyOf([FORM, executable, build.resetBetweenFiles, build.databaseName, parts]);
  } catch (error) {
    if (error instanceof ConfitureError) return undefined;
    throw error;
  }
}

/** What stands between statements, comments that is, makes nothing. */
function statementsOf({ projectDir }: ProjectFiles, { file, text, outline, statements }: Script): unknown {
  // Of a large file, the text is only an outline.
  if (outline !== undefined) return { file: hashOf(readRegularFile(join(projectDir, file), file)) };
  return statements.map((statement) => {
    const { copyData } = statement;
    return copyData === undefined ? statement.text : [statement.text, text.slice(copyData.start, copyData.end)];
  });
}
