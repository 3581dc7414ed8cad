import { checksumOfFile } from "#migrate/files/load.ts";
import { keepState, keyOf, type ProvenState, readOwn, readState, writeOwn } from "./proven-state.ts";
import type { ReplayedFiles } from "./replay-ways.ts";

/** Where what was proven is kept, in the project's folder: nothing but keys, which only say that something is the same. */
const FILE = ".confiture/.verified";

/** What this version of the file's form is called; files of others are not read. */
const FORM = "1";

/** How many keys are kept: those of the last runs. */
const MOST = 10_000;

/** From so many migrations on, the database that they lead to is kept as well. Fewer are applied as fast as it is read. */
const MANY = 50;

/** So many more are applied in less time than it takes to keep what they led to. */
const FEW = 20;

/** The migrations, from the first one on, that an earlier run has proven to apply, roll back and apply again. */
export interface Proven {
  readonly count: number;
  /** What they led to, or the first of them. */
  readonly state: ProvenState | undefined;
  /** Whether `keep` wants to know what all migrations led to: where what is kept is far behind, or nothing is. */
  readonly wantsState: boolean;
  /**
   * Remembers what this run has proven.
   * @param count how many migrations, from the first one on
   * @param saved what all of them led to
   */
  readonly keep: (count: number, saved?: Uint8Array) => Promise<void>;
}

/**
 * A migration counts as proven when everything that its proof went by is the same: the executable, the base, and the
 * files of this and every earlier migration. TypeScript can go by anything, so the first such migration ends the row, and
 * so does one of another tool. A server for scratch databases may have changed, so only the engine inside counts.
 * @param executable tells it from any other; nothing counts as proven, and nothing is kept, without it
 */
export function findProven(files: ReplayedFiles, executable: string | undefined): Proven {
  if (executable === undefined || files.scratch.engine !== "embedded" || files.scratch.like !== undefined) {
    return { count: 0, state: undefined, wantsState: false, keep: async () => {} };
  }
  const keys = keysOf(files, executable);
  const kept = readKept(files.projectDir);
  const known = new Set(kept);
  const count = keys.findLastIndex((key) => known.has(key)) + 1;
  const state = readState(files.projectDir, keys.slice(0, count));
  const { length } = files.migrations;
  return {
    count,
    state,
    wantsState: keys.length === length && length >= MANY && length - (state?.applied ?? 0) > FEW,
    async keep(proven, saved) {
      const mine = new Set(keys.slice(0, proven));
      if (saved !== undefined && proven === length) await keepState(files.projectDir, keys.at(-1)!, saved);
      if (mine.size <= count) return;
      const all = [...kept.filter((key) => !mine.has(key)), ...mine].slice(-MOST);
      await writeOwn(files.projectDir, FILE, `${[FORM, ...all].join("\n")}\n`);
    },
  };
}

function readKept(projectDir: string): string[] {
  const [form, ...keys] = readOwn(projectDir, FILE)?.toString().split("\n") ?? [];
  return form === FORM ? keys.filter((key) => key !== "") : [];
}

/** A key for each migration, of all that leads to it. */
function keysOf({ projectDir, beginning, migrations }: ReplayedFiles, executable: string): string[] {
  const keys: string[] = [];
  let key = keyOf([FORM, executable, beginning?.checksum]);
  for (const migration of migrations) {
    const { version, form, layout, downPath, transaction } = migration.file;
    if (layout !== "confiture" || (form !== "sql" && form !== "sql-pair")) break;
    const down = downPath === undefined ? undefined : checksumOfFile(projectDir, { ...migration.file, path: downPath });
    // How a file is read follows from what is in it, but for what its folder says about transactions.
    key = keyOf([key, version, form, migration.checksum, down, transaction]);
    keys.push(key);
  }
  return keys;
}
