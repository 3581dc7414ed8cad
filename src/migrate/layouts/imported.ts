import { ConfitureError } from "#errors/error.ts";
import { checksumOf } from "../files/checksum.ts";
import type { MigrationFile } from "../files/migration-file.ts";
import { LAYOUT_NAMES, type LayoutName } from "./names.ts";
import { keyIn } from "./read-history.ts";
import { LAYOUTS } from "./registry.ts";

/** What the first lines of a file say that was rewritten from another tool's folder. */
export interface ImportHeader {
  /** Undefined where this version does not know the tool. */
  readonly layout: LayoutName | undefined;
  /** What the tool's history calls the migration. */
  readonly key: string;
  /** What our own ledger called it before, and the checksum of the file it was then. */
  readonly before: Recorded | undefined;
  /** Baselines that stood for this migration and those before it, and are gone. */
  readonly baselines: readonly Recorded[];
  /** What the tool's history may have as the checksum of the file it was then; undefined where that is not written down. */
  readonly sums: readonly string[] | undefined;
  /** The checksum of what follows, as it was written. */
  readonly below: string | undefined;
  /** Bytes of these lines. */
  readonly length: number;
}

export interface Recorded {
  readonly version: string;
  readonly checksum: string;
}

/** How much of a file is read to find these lines: four names of 255 characters fit. */
export const HEADER_BYTES = 4096;

const ORIGIN = /^\uFEFF?-- Imported from (.*?), recorded there as (.+)$/;
const BEFORE = /^-- sha256 ([0-9a-f]{64}) was version (.+)$/;
const BASELINE = /^-- sha256 ([0-9a-f]{64}) was the baseline of version (.+)$/;
const SUMS = /^-- (?:.*?)'s checksum of it was (\S+(?: or \S+)*)$/;
const BELOW = /^-- sha256 ([0-9a-f]{64}) is what follows$/;

/**
 * A file as it is written for a migration of another tool's folder. Its first lines keep what that tool's history calls
 * it, and what this tool's own ledger knows it by in databases that ran the old folder. They hold only for the text they
 * were written with, so that an edit is still found.
 * @throws ConfitureError `migration_invalid` for a name that does not fit into a line
 */
export function withImportHeader(
  file: MigrationFile,
  bytes: Uint8Array,
  baselines: readonly Recorded[],
  content: string,
): string {
  const { title, histories } = LAYOUTS[file.layout];
  const [history] = Object.values(histories);
  const key = keyIn(history, file, undefined);
  const sums = history?.sumsOf?.(() => [bytes]) ?? [];
  const lines = [
    `-- Imported from ${title}, recorded there as ${key}`,
    `-- sha256 ${checksumOf(bytes)} was version ${file.version}`,
    ...baselines.map(({ version, checksum: sum }) => `-- sha256 ${sum} was the baseline of version ${version}`),
    ...(sums.length === 0 ? [] : [`-- ${title}'s checksum of it was ${sums.join(" or ")}`]),
    `-- sha256 ${checksumOf(Buffer.from(content))} is what follows`,
  ];
  if (lines.some((line) => /[\r\n]/.test(line))) {
    throw new ConfitureError("migration_invalid", `The name of ${JSON.stringify(file.path)} holds a line break`, {
      hint: "Nothing was written. Rename it.",
    });
  }
  return `${lines.join("\n")}\n${content}`;
}

/** Reads these lines at the beginning of a file; undefined for a file that was not imported. */
export function readImportHeader(head: Buffer): ImportHeader | undefined {
  let length = 0;
  const next = (pattern: RegExp): RegExpExecArray | null => {
    const end = head.indexOf("\n", length);
    const line = head.toString("utf8", length, end < 0 ? head.length : end).replace(/\r$/, "");
    const match = pattern.exec(line);
    if (match !== null) length = end < 0 ? head.length : end + 1;
    return match;
  };
  const [, title, key] = next(ORIGIN) ?? [];
  if (key === undefined) return undefined;
  const recorded = (match: RegExpExecArray | null): Recorded | undefined =>
    match === null ? undefined : { checksum: match[1]!, version: match[2]! };
  const before = recorded(next(BEFORE));
  const baselines: Recorded[] = [];
  for (let found = recorded(next(BASELINE)); found !== undefined; found = recorded(next(BASELINE))) {
    baselines.push(found);
  }
  const sums = next(SUMS)?.[1]?.split(" or ");
  const below = next(BELOW)?.[1];
  const layout = LAYOUT_NAMES.find((name) => LAYOUTS[name].title === title);
  return { layout, key, before, baselines, sums, below, length };
}
