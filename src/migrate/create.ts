import { join } from "node:path";
import { ConfitureError } from "#errors/error.ts";
import { changeFiles } from "#files/change.ts";
import { withFolderLock } from "#files/lock.ts";
import { discoverMigrations } from "./files/discover.ts";
import { type MigrationFile, migrationId } from "./files/migration-file.ts";
import type { Layout } from "./layouts/layout.ts";
import type { Creation, NewFile, NewFiles, NewMigration, NewWay } from "./layouts/new-files.ts";
import { LAYOUTS } from "./layouts/registry.ts";
import { SqlSource } from "./layouts/source.ts";
import { PLACEHOLDER } from "./files/empty.ts";
import { findSections, type Section } from "./files/sections.ts";
import { compareVersions, isRepeatable, nextVersionAfter } from "./files/version.ts";

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
  /** Versions that are used up without a file here: a database knows them. */
  readonly taken?: readonly string[];
}

/** One of several migrations that belong together. */
export interface Draft {
  readonly name: string;
  /** In this tool's own form, with sections; a folder of another form gets it in that. */
  readonly content: string;
}

/** A migration that was written. */
export interface CreatedMigration extends MigrationFile {
  /** Every file of it, its own first. */
  readonly files: readonly string[];
  /** The lines below which its ways are to be written, where one file holds both. */
  readonly marks: NewFiles["marks"];
  /** Whether its way back, if it was given one, was written: not every layout has files for that. */
  readonly keepsWayBack: boolean;
}

/**
 * Writes a migration with the next version, in the form of its folder.
 * @throws ConfitureError `usage` for a name that leaves nothing to write, `layout_foreign`, `file_unreadable`
 */
export async function createMigration(options: CreateOptions): Promise<CreatedMigration> {
  const content = options.form === "typescript" ? typescript(fileNameOf(options.name)) : SQL;
  const [file] = await createMigrations(options, [{ name: options.name, content }]);
  return file!;
}

/**
 * Writes migrations with the next versions, in order: all of them or none. Others that do so at the same time get
 * other versions.
 * @param follows the migrations that there were when these were planned, where they follow from them
 * @throws ConfitureError as `createMigration`, and `generate_refused` where there are others by now
 */
export async function createMigrations(
  options: Omit<CreateOptions, "name">,
  drafts: readonly Draft[],
  follows?: readonly MigrationFile[],
): Promise<CreatedMigration[]> {
  const { projectDir, dir } = options;
  const named = drafts.map(({ name, content }) => ({ name: fileNameOf(name), content }));
  return await withFolderLock(join(projectDir, dir), dir, async () => {
    if (follows !== undefined) requireSame(follows, options);
    const migrations = nextMigrations(options, named);
    await changeFiles(
      projectDir,
      migrations.flatMap(({ files }) =>
        files.map(({ path, content }) => ({ kind: "create", path: `${dir}/${path}`, content })),
      ),
    );
    return migrations.map(({ migration }) => migration);
  });
}

/**
 * What somebody else has written in the meantime may hold the same change.
 * @throws ConfitureError `generate_refused` where other migrations are there than those that were
 */
function requireSame(
  follows: readonly MigrationFile[],
  { projectDir, dir, layout }: Omit<CreateOptions, "name">,
): void {
  const before = follows.map(({ path }) => path);
  const now = discoverMigrations(projectDir, dir, layout).migrations.map(({ path }) => path);
  const other = now.find((path) => !before.includes(path)) ?? before.find((path) => !now.includes(path));
  if (other === undefined) return;
  const what = now.includes(other) ? "was added" : "was removed";
  throw new ConfitureError("generate_refused", `${other} ${what} while this migration was planned`, {
    hint: "Nothing was written. Run it again: what needs to be done may have changed.",
    location: { file: other },
  });
}

interface Written {
  readonly migration: CreatedMigration;
  readonly files: readonly NewFile[];
}

function nextMigrations(options: Omit<CreateOptions, "name">, drafts: readonly Draft[]): Written[] {
  const { dir, form } = options;
  const { layout: layoutName, migrations, squashed } = discoverMigrations(options.projectDir, dir, options.layout);
  const layout = LAYOUTS[layoutName];
  const creation = creationOf(layout, dir);
  if (form === "typescript" && layoutName !== "confiture") throw sqlOnly(layout, dir);
  const before: MigrationFile[] = migrations.filter(({ version }) => !isRepeatable(version));
  // Databases have what was squashed recorded: a file of such a version would never run.
  const taken = [...(options.taken ?? []), ...squashed.map(({ version }) => version)];
  const written: Written[] = [];
  for (const { name, content } of drafts) {
    const ways = waysOf(content);
    if (ways.options !== undefined && layoutName !== "confiture") throw inOwnLayoutOnly(layout, dir);
    const last = before.at(-1)?.version;
    const newest = taken.reduce<string | undefined>(
      (max, one) => (max === undefined || (/^\d/.test(one) && compareVersions(one, max) > 0) ? one : max),
      last,
    );
    const version = nextVersion(newest, options, creation);
    const files =
      form === "typescript"
        ? typescriptFile({ version, name }, content)
        : creation.write({ version, name, before, ...ways });
    const migration = created({ version, name, layout: layoutName }, dir, files);
    before.push(migration);
    const { up, down, others = [] } = files;
    written.push({ migration, files: [up, ...(down === undefined ? [] : [down]), ...others] });
  }
  return written;
}

function created(
  identity: Pick<MigrationFile, "version" | "name" | "layout">,
  dir: string,
  { form, up, down, others = [], marks }: NewFiles,
): CreatedMigration {
  const path = `${dir}/${up.path}`;
  const downPath = down === undefined ? undefined : `${dir}/${down.path}`;
  return {
    ...identity,
    form,
    path,
    ...(downPath === undefined ? {} : { downPath }),
    files: [path, ...(downPath === undefined ? [] : [downPath]), ...others.map((other) => `${dir}/${other.path}`)],
    marks,
    keepsWayBack: form !== "sql" || marks !== undefined,
  };
}

function typescriptFile(identity: Pick<MigrationFile, "version" | "name">, content: string): NewFiles {
  return { form: "typescript", up: { path: `${migrationId(identity)}.ts`, content } };
}

/** The ways of a text in this tool's own form. */
function waysOf(content: string): Pick<NewMigration, "up" | "down" | "options"> {
  const { main, down } = findSections(new SqlSource({ file: "", text: content }));
  const way = ({ start, end, transaction }: Section): NewWay => ({
    // What ends the mark's line, and the empty line above the next mark, belong to the marks.
    sql: content.slice(start, end).replace(/^\n/, "").replace(/\n\n$/, "\n"),
    outside: transaction === false,
  });
  // Whether it runs outside a transaction, each layout says in its own way.
  const options = main.marks === undefined ? undefined : main.options?.replace(/\s*\btransaction:\w+/, "").trim();
  return { up: way(main), down: down && way(down), options };
}

function inOwnLayoutOnly({ title }: Layout, dir: string): ConfitureError {
  return new ConfitureError(
    "generate_refused",
    `${dir} is ${title}'s, whose files cannot say that one is a backfill or a phase`,
    {
      hint: "Nothing was written. Leave --online out, or rewrite the folder: confiture migrate import",
      location: { file: dir },
    },
  );
}

/**
 * "Add user bio!" -> "add_user_bio": one spelling that every file system and shell takes.
 * @throws ConfitureError `usage` for a path, and for a name that leaves nothing to write
 */
export function fileNameOf(title: string): string {
  // Whoever gives a path means a place.
  if (/[/\\]/.test(title)) {
    const last = title.split(/[/\\]+/).findLast((part) => /[\p{L}\p{N}]/u.test(part));
    const name = last === undefined ? "" : `: ${fileNameOf(last)}`;
    throw new ConfitureError("usage", `"${title}" is a path, and a migration is given a name`, {
      hint: `Nothing was written. Its file goes into the folder that migrations.dir of the environment file names. Give the name alone${name}`,
    });
  }
  const name = title
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, "_")
    .replaceAll(/^_+|_+$/g, "");
  if (name !== "") return name;
  throw new ConfitureError("usage", `"${title}" has no letter or digit to make a file name of`);
}

function creationOf({ creation, title }: Layout, dir: string): Creation {
  if (!("byItsTool" in creation)) return creation;
  throw new ConfitureError("layout_foreign", `${dir} is ${title}'s, which keeps a record of its files`, {
    hint: `Make the file with ${title}, and write into it: ${creation.byItsTool}\nOr leave that tool and rewrite the folder: confiture migrate import`,
    location: { file: dir },
  });
}

function sqlOnly({ title }: Layout, dir: string): ConfitureError {
  return new ConfitureError("layout_foreign", `${dir} is laid out as ${title}'s, where migrations are SQL`, {
    hint: "Leave out --ts, or leave that tool and rewrite the folder: confiture migrate import",
    location: { file: dir },
  });
}

const FIRST_VERSION = "001";
const TIMESTAMP_DIGITS = 14;
/** Milliseconds since 1970, as node-pg-migrate writes them. */
const EPOCH_DIGITS = 13;

function nextVersion(
  last: string | undefined,
  { timestamp, now }: Pick<CreateOptions, "timestamp" | "now">,
  { versions }: Creation,
): string {
  if (last === undefined && !timestamp && versions === "number") return FIRST_VERSION;
  const isEpoch = !timestamp && last?.length === EPOCH_DIGITS;
  if (!timestamp && last !== undefined && !isEpoch && last.length !== TIMESTAMP_DIGITS) return nextVersionAfter(last);
  const stamp = isEpoch ? String(now.getTime()) : now.toISOString().replaceAll(/\D/g, "").slice(0, TIMESTAMP_DIGITS);
  // Two within a second, or a clock that went back.
  if (last === undefined || last.length !== stamp.length || compareVersions(stamp, last) > 0) return stamp;
  return nextVersionAfter(last);
}

const SQL = `-- migrate:up
${PLACEHOLDER}

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
