import { join } from "node:path";
import { ConfitureError } from "#errors/error.ts";
import { changeFiles } from "#files/change.ts";
import { withFolderLock } from "#files/lock.ts";
import { discoverMigrations } from "./discover.ts";
import { type MigrationFile, migrationId } from "./migration-file.ts";
import type { LayoutName } from "./layouts/names.ts";
import { LAYOUTS } from "./layouts/registry.ts";
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
export async function createMigration(options: CreateOptions): Promise<MigrationFile> {
  const content = options.form === "typescript" ? typescript(fileNameOf(options.name)) : SQL;
  const [file] = await createMigrations(options, [{ name: options.name, content }]);
  return file!;
}

/**
 * Writes migrations with the next versions, in order: all of them or none. Others that do so at the same time get
 * other versions.
 * @throws ConfitureError as `createMigration`
 */
export async function createMigrations(
  options: Omit<CreateOptions, "name">,
  drafts: readonly Draft[],
): Promise<MigrationFile[]> {
  const { projectDir, dir } = options;
  const names = drafts.map(({ name }) => fileNameOf(name));
  return await withFolderLock(join(projectDir, dir), dir, async () => {
    const files = nextFiles(options, names);
    await changeFiles(
      projectDir,
      files.map(({ path }, index) => ({ kind: "create", path, content: drafts[index]!.content })),
    );
    return files;
  });
}

/** Where the first migration of a folder without any goes. */
export function firstMigrationPath(dir: string, name: string): string {
  return `${dir}/${migrationId({ version: FIRST_VERSION, name })}.sql`;
}

function nextFiles(options: Omit<CreateOptions, "name">, names: readonly string[]): MigrationFile[] {
  const { dir, form } = options;
  const { layout, migrations } = discoverMigrations(options.projectDir, dir, options.layout);
  if (layout !== "confiture") throw readOnly(dir, layout);
  const files: MigrationFile[] = [];
  for (const name of names) {
    const version = nextVersion(files.at(-1) ?? migrations.at(-1), options);
    const extension = form === "typescript" ? "ts" : "sql";
    const path = `${dir}/${migrationId({ version, name })}.${extension}`;
    files.push({ version, name, form, layout: "confiture", path });
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

function readOnly(dir: string, layout: LayoutName): ConfitureError {
  const { title } = LAYOUTS[layout];
  return new ConfitureError(
    "layout_foreign",
    `${dir} is laid out as ${title}'s, and new migrations are written in Confiture's form`,
    {
      hint: "Write the file by hand or with its own tool, or rewrite the folder: confiture migrate import",
      location: { file: dir },
    },
  );
}

const FIRST_VERSION = "001";
const TIMESTAMP_DIGITS = 14;

function nextVersion(
  before: MigrationFile | undefined,
  { timestamp, now }: Pick<CreateOptions, "timestamp" | "now">,
): string {
  const last = before?.version;
  if (!timestamp && last === undefined) return FIRST_VERSION;
  if (!timestamp && last !== undefined && last.length !== TIMESTAMP_DIGITS) {
    return nextAfter(last);
  }
  const stamp = now.toISOString().replaceAll(/\D/g, "").slice(0, TIMESTAMP_DIGITS);
  // Two within a second, or a clock that went back.
  if (last === undefined || last.length !== TIMESTAMP_DIGITS || compareVersions(stamp, last) > 0) return stamp;
  return nextAfter(last);
}

/** "009" -> "010"; behind a dotted version comes a whole number. */
function nextAfter(version: string): string {
  const digits = /^\d+/.exec(version)?.[0] ?? "0";
  return String(BigInt(digits) + 1n).padStart(digits.length, "0");
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
