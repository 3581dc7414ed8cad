import { join } from "node:path";
import { ConfitureError } from "#errors/error.ts";
import { decodeSql, type SqlText } from "#database/script.ts";
import { readRegularFile } from "#files/read.ts";
import { splitStatements } from "#sql/split.ts";
import { checksumOf } from "../files/checksum.ts";
import { PLACEHOLDER } from "../files/empty.ts";
import { cutFile } from "../layouts/cut.ts";
import { withImportHeader } from "../layouts/imported.ts";
import type { MigrationFile } from "../files/migration-file.ts";
import { sectionText } from "../files/section-text.ts";
import type { Section } from "../files/sections.ts";

/**
 * The text of a migration of another tool in this tool's form, read back to hold the same statements.
 * @throws ConfitureError as the file is read, and `migration_invalid` when it would do something else
 */
export function rewrite(
  projectDir: string,
  file: MigrationFile,
  path: string,
  baselines: readonly MigrationFile[],
): string {
  const bytesOf = (name: string): Buffer => readRegularFile(join(projectDir, name), name);
  const bytes = bytesOf(file.path);
  const way = (source: SqlText, section: Section | undefined): Way | undefined =>
    section === undefined ? undefined : { source, section };
  const source: SqlText = { file: file.path, text: decodeSql(file.path, bytes) };
  const { main, down, above } = cutFile(file, source, "up");
  const ways = { up: way(source, main)!, down: way(source, down) };
  const remarks = above === undefined ? "" : sectionText(source.file, source.text, above);
  const { downPath } = file;
  if (downPath !== undefined) {
    const downSource: SqlText = { file: downPath, text: decodeSql(downPath, bytesOf(downPath)) };
    ways.down = way(downSource, cutFile(file, downSource, "down").main);
  }
  const parts = [partOf("up", ways.up, file), ...(ways.down === undefined ? [] : [partOf("down", ways.down, file)])];
  const before = baselines.map(({ path: name, version }) => ({ version, checksum: checksumOf(bytesOf(name)) }));
  const content = withImportHeader(file, bytes, before, remarks + joinParts(parts));
  requireSameStatements({ ...file, layout: "confiture", form: "sql", path }, content, ways);
  return content;
}

/** One way of a migration, and the text it is cut from. */
interface Way {
  readonly source: SqlText;
  readonly section: Section;
}

function partOf(way: "up" | "down", { source, section }: Way, file: MigrationFile): string {
  const text = sectionText(source.file, source.text, section);
  const end = text === "" || text.endsWith("\n") ? "" : "\n";
  const filling =
    way === "up" && isEmptyOnPurpose({ source, section }) ? `${end}${NOTHING}; -- There is no statement.\n` : "";
  return `${marker(way, section, file)}\n${text}${filling}`;
}

/** What does nothing: a migration in this tool's form has a statement. */
const NOTHING = "SELECT 1";

/** One that nobody has written yet stays as it is, and is refused. */
function isEmptyOnPurpose(way: Way): boolean {
  return statementsOf(way).length === 0 && !way.source.text.includes(PLACEHOLDER);
}

/** Reads what is about to be written: it has to hold the same statements. */
function requireSameStatements(
  file: MigrationFile,
  text: string,
  ways: { readonly up: Way; readonly down: Way | undefined },
): void {
  const source: SqlText = { file: file.path, text };
  const { main, down } = cutFile(file, source, "up");
  const isSame =
    Bun.deepEquals(
      statementsOf({ source, section: main }),
      isEmptyOnPurpose(ways.up) ? [NOTHING.split(" ").join("\n")] : statementsOf(ways.up),
    ) && Bun.deepEquals(down && statementsOf({ source, section: down }), ways.down && statementsOf(ways.down));
  if (isSame) return;
  throw new ConfitureError("migration_invalid", `${ways.up.source.file} would do something else in this form`, {
    location: { file: ways.up.source.file },
    hint: "Nothing was written. Leave it as it is and run the folder in its own layout, or rewrite this migration by hand.",
  });
}

function statementsOf({ source: { text }, section }: Way): string[] {
  const own = section.text ?? text;
  return splitStatements(own, section.start, section.end).statements.map((statement) => {
    const data = statement.copyData;
    return [...statement.tokens(), ...(data === undefined ? [] : [own.slice(data.start, data.end)])].join("\n");
  });
}

/** The ways below each other, with a blank line between them. */
function joinParts(parts: readonly string[]): string {
  return parts.reduce((above, part) => `${above}${/\n[^\S\n]*\n$/.test(above) ? "" : "\n"}${part}`);
}

function marker(way: "up" | "down", { transaction }: Section, file: MigrationFile): string {
  return `-- migrate:${way}${(transaction ?? file.transaction) === false ? " transaction:false" : ""}`;
}
