import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ConfitureError } from "#errors/error.ts";
import { discoverMigrations } from "./discover.ts";
import { type MigrationFile, migrationId } from "./migration-file.ts";
import { compareVersions } from "./version.ts";

export interface CreateOptions {
  readonly projectDir: string;
  /** The migrations folder, relative to the project; made where it does not exist. */
  readonly dir: string;
  readonly layout?: string | undefined;
  readonly name: string;
  readonly form: "typescript" | "sql";
  /** A timestamp whatever the folder uses. */
  readonly timestamp: boolean;
  readonly now: Date;
}

/** One of several migrations that belong together. */
export interface Draft {
  readonly name: string;
  readonly content: string;
}

/**
 * Writes a migration with the next version.
 * @throws ConfitureError `usage` for a name that leaves nothing to write, `file_unreadable`
 */
export function createMigration(options: CreateOptions): MigrationFile {
  const content = options.form === "typescript" ? typescript(fileNameOf(options.name)) : SQL;
  return createMigrations(options, [{ name: options.name, content }])[0]!;
}

/**
 * Writes migrations with the next versions, in order: all of them or none.
 * @throws ConfitureError as `createMigration`
 */
export function createMigrations(options: Omit<CreateOptions, "name">, drafts: readonly Draft[]): MigrationFile[] {
  const { migrations } = discoverMigrations(options.projectDir, options.dir, options.layout);
  const files: MigrationFile[] = [];
  for (const draft of drafts) {
    const name = fileNameOf(draft.name);
    const version = nextVersion(files.at(-1) ?? migrations.at(-1), options);
    const extension = options.form === "typescript" ? "ts" : "sql";
    files.push({
      version,
      name,
      form: options.form,
      layout: "confiture",
      path: `${options.dir}/${migrationId({ version, name })}.${extension}`,
    });
  }
  const written: string[] = [];
  for (const [index, { path }] of files.entries()) {
    const absolutePath = join(options.projectDir, path);
    try {
      mkdirSync(join(options.projectDir, options.dir), { recursive: true });
      // "wx": never over a file that is there.
      writeFileSync(absolutePath, drafts[index]!.content, { flag: "wx" });
      written.push(absolutePath);
    } catch (cause) {
      for (const file of written) rmSync(file, { force: true });
      throw new ConfitureError("file_unreadable", `Cannot write ${path}: ${(cause as Error).message}`, { cause });
    }
  }
  return files;
}

/** "Add user bio!" -> "add_user_bio": one spelling that every file system and shell takes. */
function fileNameOf(title: string): string {
  const name = title
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, "_")
    .replaceAll(/^_+|_+$/g, "");
  if (name !== "") return name;
  throw new ConfitureError("usage", `"${title}" has no letter or digit to make a file name of`);
}

const TIMESTAMP_DIGITS = 14;

function nextVersion(
  before: MigrationFile | undefined,
  { timestamp, now }: Pick<CreateOptions, "timestamp" | "now">,
): string {
  const last = before?.version;
  if (!timestamp && last === undefined) return "001";
  if (!timestamp && last !== undefined && last.length !== TIMESTAMP_DIGITS) {
    return String(BigInt(last) + 1n).padStart(last.length, "0");
  }
  const stamp = now.toISOString().replaceAll(/\D/g, "").slice(0, TIMESTAMP_DIGITS);
  // Two within a second, or a clock that went back.
  if (last === undefined || last.length !== TIMESTAMP_DIGITS || compareVersions(stamp, last) > 0) return stamp;
  return String(BigInt(last) + 1n);
}

const SQL = `-- migrate:up


-- migrate:down

`;

function typescript(name: string): string {
  const words = name.split("_").filter((word) => word !== "");
  const title = words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join("");
  const className = /^\p{L}/u.test(title) ? title : `Migration${title}`;
  return `import { Migration } from "confiture";

export default class ${className} extends Migration {
  up() {
    this.execute(\`\`);
  }

  down() {
    this.execute(\`\`);
  }
}
`;
}
