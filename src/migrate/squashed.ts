import { readHead } from "#files/read.ts";
import type { MigrationFile, SquashedMigration } from "./migration-file.ts";
import { compareVersions } from "./version.ts";

/** A line of the base's head: "-- squashed: 001 <sha256> create_users". */
const LINE = /^-- squashed: (\S+) ([0-9a-f]{64})(?: (.*))?$/;
/** How much is read at first, in bytes; a head is as long as its comment. */
const HEAD = 64 * 1024;

/**
 * The migrations that a base says it stands for, in version order.
 * @param absolute where the base is
 * @throws ConfitureError `file_unreadable`
 */
export function readSquashed(absolute: string, shown: string): SquashedMigration[] {
  for (let length = HEAD; ; length *= 4) {
    const bytes = readHead(absolute, shown, length);
    const lines = bytes.toString().split(/\r?\n/);
    const end = lines.findIndex((line) => line !== "" && !line.startsWith("--"));
    // The last line may be cut.
    if (end < 0 && bytes.length === length) continue;
    return squashedIn(end < 0 ? lines : lines.slice(0, end));
  }
}

function squashedIn(lines: readonly string[]): SquashedMigration[] {
  return lines
    .flatMap((line) => {
      const [, version, checksum, name = ""] = LINE.exec(line) ?? [];
      return version === undefined || checksum === undefined ? [] : [{ version, checksum, name }];
    })
    .toSorted((a, b) => compareVersions(a.version, b.version));
}

/** A base with the lines that say what it stands for above it. Pure. */
export function withSquashed(text: string, squashed: readonly SquashedMigration[]): string {
  if (squashed.length === 0) return text;
  const lines = squashed.map(({ version, checksum, name }) => `-- squashed: ${version} ${checksum} ${name}`.trimEnd());
  return `-- These migrations were squashed into it: their files are gone, and databases that have them recorded need nothing.\n${lines.join("\n")}\n${text}`;
}

/** What stands for the file of a squashed migration. */
export function squashedFile({ version, name }: SquashedMigration, base: MigrationFile): MigrationFile {
  return { version, name, form: base.form, layout: base.layout, path: base.path };
}
