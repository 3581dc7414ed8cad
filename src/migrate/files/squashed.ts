import { ConfitureError } from "#errors/error.ts";
import { readHead } from "#files/read.ts";
import { type MigrationFile, migrationId, type SquashedMigration } from "./migration-file.ts";
import { readMigrationSource } from "./migration-source.ts";
import { BASE_VERSION, canonicalVersion, compareVersions, isRepeatable, nextVersionAfter } from "./version.ts";

/** A line of the base's head: "-- squashed: 001 <sha256> create_users". */
const LINE = /^-- squashed: (\S+) ([0-9a-f]{64})(?: (.*))?$/;
/** The line behind it, for one whose file was imported: "-- formerly: 1.1 <sha256>". */
const FORMERLY = /^-- formerly: (\S+) ([0-9a-f]{64})$/;
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
 * @throws ConfitureError `file_unreadable`
 */
export function readBaseHead(absolute: string, shown: string): BaseHead {
  for (let length = HEAD; ; length *= 4) {
    const bytes = readHead(absolute, shown, length);
    const lines = bytes.toString().split(/\r?\n/);
    const end = lines.findIndex((line) => line !== "" && !line.startsWith("--"));
    // The last line may be cut.
    if (end < 0 && bytes.length === length) continue;
    const head = end < 0 ? lines : lines.slice(0, end);
    const [through] = head.flatMap((line) => THROUGH.exec(line)?.[1] ?? []);
    return { squashed: squashedIn(head), through };
  }
}

function squashedIn(lines: readonly string[]): SquashedMigration[] {
  return lines
    .flatMap((line, at) => {
      const [, version, checksum, name = ""] = LINE.exec(line) ?? [];
      if (version === undefined || checksum === undefined) return [];
      const [, former, sum] = FORMERLY.exec(lines[at + 1] ?? "") ?? [];
      const formerly = former === undefined || sum === undefined ? undefined : { version: former, checksum: sum };
      return [{ version, checksum, name, formerly }];
    })
    .toSorted((a, b) => compareVersions(a.version, b.version));
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
  return `-- These migrations were squashed into it: their files are gone, and databases that have them recorded need nothing.\n${lines.join("\n")}\n${text}`;
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
