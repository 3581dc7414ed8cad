import { conflict } from "#database/script.ts";
import { ConfitureError, type Location } from "#errors/error.ts";
import { readHead } from "#files/read.ts";
import { type MigrationFile, migrationId, type SquashedMigration } from "./migration-file.ts";
import { readMigrationSource } from "./migration-source.ts";
import { BASE_VERSION, canonicalVersion, compareVersions, isRepeatable, nextVersionAfter } from "./version.ts";

/** A line of the base's head: "-- squashed: 001 <sha256> create_users". */
const LINE = /^-- squashed: (\S+) ([0-9a-f]{64})(?: (.*))?$/;
/** The line behind it, for one whose file was imported: "-- formerly: 1.1 <sha256>". */
const FORMERLY = /^-- formerly: (\S+) ([0-9a-f]{64})$/;
/** What was one of these before somebody edited it. */
const NEARLY = /^\s*--\s*(?:squashed|formerly)\s*:/i;
/** A line of the base's head that says up to where it stands for another tool's migrations: "-- through: 42". */
const THROUGH = /^-- through: (\S+)/;
/** How much is read at first, in bytes; a head is as long as its comment. */
const HEAD = 64 * 1024;

/** What a base says that it stands for. */
export interface BaseHead {
  /** Migrations that were squashed into it, in version order. */
  readonly squashed: readonly SquashedMigration[];
  /** The last version of another tool whose changes it holds, where there are no files of those. */
  readonly through: string | undefined;
}

/**
 * Reads what a base stands for.
 * @param absolute where the base is
 * @throws ConfitureError `file_unreadable`; `file_conflict_marker`, `base_head_unclear` where a line would be passed over
 */
export function readBaseHead(absolute: string, shown: string): BaseHead {
  for (let length = HEAD; ; length *= 4) {
    const bytes = readHead(absolute, shown, length);
    const lines = bytes
      .toString()
      .replace(/^\uFEFF/, "")
      .split(/\r?\n/);
    const end = lines.findIndex((line) => line !== "" && !line.startsWith("--"));
    // The last line may be cut.
    if (end < 0 && bytes.length === length) continue;
    const at = (line: number): Location => ({ file: shown, line: line + 1, column: 1, sourceLine: lines[line]! });
    if (end >= 0 && lines[end]!.startsWith("<<<<<<< ")) throw conflict(shown, at(end));
    const head = end < 0 ? lines : lines.slice(0, end);
    const late = lines.findIndex((line, index) => index >= head.length && LINE.test(line));
    if (late >= 0) throw unclear(`${shown} has the line of a squashed migration below a statement`, at(late));
    const [through] = head.flatMap((line) => THROUGH.exec(line)?.[1] ?? []);
    return { squashed: squashedIn(head, shown, at), through };
  }
}

function squashedIn(lines: readonly string[], shown: string, at: (line: number) => Location): SquashedMigration[] {
  const found = new Map<string, SquashedMigration>();
  for (const [index, line] of lines.entries()) {
    if (!NEARLY.test(line)) continue;
    const [, version, checksum, name = ""] = LINE.exec(line) ?? [];
    if (version === undefined || checksum === undefined) {
      if (FORMERLY.test(line) && LINE.test(lines[index - 1] ?? "")) continue;
      throw unclear(`${shown} has a line about a squashed migration that cannot be read`, at(index));
    }
    const [, former, sum] = FORMERLY.exec(lines[index + 1] ?? "") ?? [];
    const formerly = former === undefined || sum === undefined ? undefined : { version: former, checksum: sum };
    const known = found.get(canonicalVersion(version));
    if (known !== undefined && known.checksum !== checksum) {
      throw unclear(`${shown} says of two different migrations ${version} that they were squashed`, at(index));
    }
    // A merge that keeps both sides has some lines twice.
    found.set(canonicalVersion(version), { version, checksum, name, formerly: formerly ?? known?.formerly });
  }
  return [...found.values()].toSorted((a, b) => compareVersions(a.version, b.version));
}

/** Were such a line passed over, databases that lack its migration would not be told, and those that have it would be told that its file is gone. */
function unclear(message: string, location: Location): ConfitureError {
  return new ConfitureError("base_head_unclear", message, {
    hint: 'Such lines are at the top of the file, as `migrate squash` writes them: "-- squashed: VERSION CHECKSUM NAME". Bring this one back as it was (git log -p shows it), or take it out.',
    location,
  });
}

/** A base with the lines that say what it stands for above it. Pure. */
export function withBaseHead(text: string, { squashed, through }: BaseHead): string {
  if (through !== undefined) {
    const line = `-- It also does what another tool's migrations did, up to this one, of which there are no files.\n-- through: ${through}\n`;
    return withBaseHead(`${line}${text}`, { squashed, through: undefined });
  }
  if (squashed.length === 0) return text;
  const lines = squashed.flatMap(({ version, checksum, name, formerly }) => [
    `-- squashed: ${version} ${checksum} ${name}`.trimEnd(),
    ...(formerly === undefined ? [] : [`-- formerly: ${formerly.version} ${formerly.checksum}`]),
  ]);
  return `-- The base of the migrations. These were squashed into it: their files are gone, and databases that have them recorded need nothing.\n${lines.join("\n")}\n${text}`;
}

/** What stands for the file of a squashed migration. */
export function squashedFile({ version, name }: SquashedMigration, base: MigrationFile): MigrationFile {
  return { version, name, form: base.form, layout: base.layout, path: base.path };
}

/**
 * Databases have squashed versions recorded, so that a file of such a version never runs. One that was squashed does not need to;
 * any other would be left out without anybody knowing.
 * @param returned files of squashed versions
 * @param others the other migrations, whose versions are used as well
 * @throws ConfitureError `history_squashed`
 */
export function requireAsSquashed(
  projectDir: string,
  returned: readonly MigrationFile[],
  squashed: readonly SquashedMigration[],
  others: readonly MigrationFile[],
): void {
  const known = new Map(squashed.map((migration) => [canonicalVersion(migration.version), migration]));
  const foreign = returned.flatMap((file) => {
    const was = known.get(canonicalVersion(file.version))!;
    const isSame = file.name === was.name && readMigrationSource(projectDir, file.path).checksum === was.checksum;
    return isSame ? [] : [{ file, was }];
  });
  const [first] = foreign;
  if (first === undefined) return;
  let last = [...squashed, ...others]
    .map(({ version }) => version)
    .filter((version) => !isRepeatable(version) && /^\d/.test(version))
    .reduce((max, version) => (compareVersions(version, max) > 0 ? version : max));
  const renamed = foreign.flatMap(({ file }) => {
    last = nextVersionAfter(last);
    const [old, next] = [migrationId(file), migrationId({ version: last, name: file.name })];
    return [file.path, file.downPath].flatMap((path) =>
      path === undefined ? [] : [`  ${path} to ${path.split("/").at(-1)!.replace(old, next)}`],
    );
  });
  const { file, was } = first;
  const isEdited = file.name === was.name;
  throw new ConfitureError(
    "history_squashed",
    isEdited
      ? `${file.path} is not the ${migrationId(was)} that was squashed into ${BASE_VERSION}: it would never run`
      : `${file.path} has a version that is used up, so it would never run: ${migrationId(was)} was squashed into ${BASE_VERSION}`,
    {
      hint: `To have it run, give it a new version by renaming:\n${renamed.join("\n")}\nIf ${BASE_VERSION} has all that it does, delete it.`,
      location: { file: file.path },
      data: { versions: foreign.map((one) => one.file.version) },
    },
  );
}
