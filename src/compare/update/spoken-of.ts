import { join } from "node:path";
import { readRegularFile } from "#files/read.ts";
import { matchesWayUp, mentions } from "#migrate/files/marks-of.ts";
import type { MigrationFile } from "#migrate/files/migration-file.ts";
import type { Change } from "../catalogue/changes.ts";
import { projectBase, type ProjectFiles } from "../sources/sources.ts";

/**
 * Which changes each migration may have made or taken back, by its words. A guess that errs on the side of too many: whoever
 * asks looks at the states around the migration.
 * @param files in order
 */
export function spokenOf(
  options: ProjectFiles,
  files: readonly MigrationFile[],
  changes: readonly Change[],
): ReadonlyMap<MigrationFile, readonly Change[]> {
  const found = new Map<MigrationFile, readonly Change[]>();
  const named = new NamedBefore(options, changes);
  const computes = (file: MigrationFile): boolean => isSql(file) && matchesWayUp(options.projectDir, file, EXECUTES);
  let isComputed = false;
  for (const base of projectBase(options)) {
    named.add(base);
    isComputed ||= computes(base);
  }
  for (const file of files) {
    named.add(file);
    const words = wordsOf(options, file);
    const isOwn = isSql(file) ? computes(file) : words.matches(COMPUTED_IN_CODE);
    isComputed ||= isOwn && isSql(file);
    const calls = isComputed && isSql(file) && words.matches(CALLS);
    const mayTake = calls || (isOwn && TAKING.some(words.say));
    const cascades = words.matches(CASCADES);
    const isUnspoken = (change: Change): boolean => {
      if (change.change !== "added") return isOwn || calls;
      return (mayTake || cascades) && (isComputed || named.has(change));
    };
    found.set(
      file,
      changes.filter((change) => speaksOf(words, change) || isUnspoken(change)),
    );
  }
  return found;
}

/** SQL that is put together where it runs, so that what it is about is in no text; not GRANT EXECUTE, nor the function of a trigger. */
const EXECUTES = /\bexecute\b(?!\s+(?:function|procedure|on)\b)/i;

/** The same in a program, or SQL that stands elsewhere. */
const COMPUTED_IN_CODE = /\$\{|["'`]\s*\+|\+\s*["'`]|\bexecuteFile\b|\bfrom\s*["']\./;

/** What may run a function or procedure with such SQL in it. */
const CALLS = /\b(?:call|select|perform)\s+[\w".]+\s*\(/i;

/** What takes along what depends on it; not what becomes of rows. */
const CASCADES = /(?<!\bon\s+(?:delete|update)\s+)\bcascade\b/i;

/** What changes objects without their names. */
const UNNAMED = ["in schema", "owned by"];

/** What takes something away. */
const TAKING = ["drop", "rename", "revoke", "is null", "set schema", "owned by"];

function isSql({ form }: MigrationFile): boolean {
  return form !== "typescript" && form !== "foreign";
}

/** The words of a migration. */
interface Words {
  readonly isCode: boolean;
  readonly say: (word: string) => boolean;
  readonly matches: (pattern: RegExp) => boolean;
}

function wordsOf({ projectDir }: ProjectFiles, file: MigrationFile): Words {
  if (isSql(file)) {
    // Changes have many words in common, and each is looked for in the file.
    const said = new Map<string, boolean>();
    const say = (word: string): boolean => {
      const known = said.get(word) ?? mentions(projectDir, file, word);
      said.set(word, known);
      return known;
    };
    return {
      isCode: false,
      say,
      matches: (pattern) => matchesWayUp(projectDir, file, pattern),
    };
  }
  const code = readRegularFile(join(projectDir, file.path), file.path).toString();
  const folded = code.toLowerCase();
  return {
    isCode: true,
    say: (word) => folded.includes(word.toLowerCase()),
    matches: (pattern) => pattern.test(code),
  };
}

/**
 * Whether a migration may have changed what differs. What is new was there before only where one takes it away; of what is no
 * SQL, nobody knows what it changes.
 */
function speaksOf({ isCode, say }: Words, { change, kind, path }: Change): boolean {
  const isNew = change === "added";
  if (isCode && !isNew) return true;
  const names = isNew || path.length === 1 ? path.slice(-1) : path.slice(1);
  const words = isNew && !kind.startsWith("grants on ") ? names : [...names, ...UNNAMED];
  return words.some(say) && (!isNew || TAKING.some(say));
}

/** Which of the changes are about a name that a file had until now: what never was there, nothing has taken away. */
class NamedBefore {
  readonly #options: ProjectFiles;
  readonly #open: Map<string, Change[]>;
  readonly #named = new Set<Change>();
  /** Read when somebody asks. */
  readonly #unread: MigrationFile[] = [];

  constructor(options: ProjectFiles, changes: readonly Change[]) {
    this.#options = options;
    const isNew = changes.filter(({ change }) => change === "added");
    this.#open = Map.groupBy(isNew, givenName);
  }

  add(file: MigrationFile): void {
    this.#unread.push(file);
  }

  has(change: Change): boolean {
    for (const file of this.#unread.splice(0)) this.#read(file);
    return this.#named.has(change);
  }

  #read(file: MigrationFile): void {
    const { say } = wordsOf(this.#options, file);
    for (const [name, changes] of this.#open) {
      if (name !== "" && !say(name)) continue;
      for (const change of changes) this.#named.add(change);
      this.#open.delete(name);
    }
  }
}

/** The name that a statement gives when it makes something; that of its table where PostgreSQL may have chosen its own. */
function givenName({ kind, path, on }: Change): string {
  if (kind === "constraint" || kind === "index") return on?.name.split(".").at(-1) ?? "";
  return kind === "sequence" ? "" : (path.at(-1) ?? "");
}
