import { constants, copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { ConfitureError } from "#errors/error.ts";
import { defineCommand } from "../command.ts";
import environmentEmbedded from "../scaffold/environment-embedded.yaml.txt" with { type: "text" };
import environmentServer from "../scaffold/environment-server.yaml.txt" with { type: "text" };
import migrationTypes from "../scaffold/migration-types.txt" with { type: "text" };
import tsconfig from "../scaffold/tsconfig.json.txt" with { type: "text" };
import users from "../scaffold/users.sql.txt" with { type: "text" };

const IGNORED = [".confiture/", ".env"];

/** What became of one file. */
interface Fate {
  readonly path: string;
  readonly fate: "created" | "kept" | "replaced" | "unchanged";
  /** Where the old one of a replaced file is. */
  readonly backup?: string;
}

export const command = defineCommand({
  args: {
    embedded: { type: "boolean", description: "use the PostgreSQL inside the executable, so that no server is needed" },
    force: { type: "boolean", description: "replace files that exist; each old one is kept as NAME.bak" },
  },
  details: "Writes an environment, an example table and editor types for migrations. Files that exist are kept.",
  examples: ["confiture init", "confiture init --embedded", "confiture init -C new-project"],
  async run(args, context) {
    const { projectDir } = context;
    const database = databaseName(basename(projectDir));
    const environment = (args.embedded === true ? environmentEmbedded : environmentServer).replaceAll(
      "@DATABASE@",
      database,
    );
    const files: Readonly<Record<string, string>> = {
      "db/environments/local.yaml": environment,
      "db/schema/10_tables/users.sql": users,
      "db/migrations/confiture.d.ts": migrationTypes,
      "db/migrations/tsconfig.json": tsconfig,
      ".gitignore": ignoreFile(join(projectDir, ".gitignore")),
    };
    const fates = Object.entries(files).map(([path, content]) =>
      // What is added to .gitignore takes nothing away.
      place(projectDir, path, content, args.force === true || path === ".gitignore", path !== ".gitignore"),
    );
    const next = [
      ...(args.embedded === true
        ? []
        : [`createdb ${database}                       # if it does not exist yet; see db/environments/local.yaml`]),
      "confiture build",
      "confiture migrate new add_user_bio",
      "confiture migrate up",
    ];
    context.messages.log(`Next:\n${next.map((line) => `  ${line}`).join("\n")}`);
    return {
      json: { files: fates },
      text: fates
        .map(
          ({ path, fate, backup }) =>
            `${fate.padEnd(9)} ${path}${backup === undefined ? "" : ` (the old one is ${backup})`}\n`,
        )
        .join(""),
    };
  },
});

function place(projectDir: string, path: string, content: string, replace: boolean, backUp: boolean): Fate {
  const absolute = join(projectDir, path);
  try {
    if (existsSync(absolute)) {
      if (readFileSync(absolute, "utf8") === content) return { path, fate: "unchanged" };
      if (!replace) return { path, fate: "kept" };
      const backup = backUp ? freeBackup(projectDir, path) : undefined;
      if (backup !== undefined) copyFileSync(absolute, join(projectDir, backup), constants.COPYFILE_EXCL);
      writeFileSync(absolute, content);
      return { path, fate: "replaced", ...(backup === undefined ? {} : { backup }) };
    }
    mkdirSync(dirname(absolute), { recursive: true });
    writeFileSync(absolute, content, { flag: "wx" });
    return { path, fate: "created" };
  } catch (cause) {
    throw new ConfitureError("file_unreadable", `Cannot write ${path}: ${(cause as Error).message}`, {
      hint: "Is the folder writable?",
      location: { file: path },
      cause,
    });
  }
}

/** NAME.bak, or the first of NAME.bak2, NAME.bak3 ... that does not exist: an older copy may be the only one. */
function freeBackup(projectDir: string, path: string): string {
  let backup = `${path}.bak`;
  for (let number = 2; existsSync(join(projectDir, backup)); number++) backup = `${path}.bak${number}`;
  return backup;
}

/** The folder's name, as far as it is a name that needs no quotes in PostgreSQL. */
function databaseName(folder: string): string {
  const name = folder
    .toLowerCase()
    .replaceAll(/[^a-z0-9_]+/g, "_")
    .replaceAll(/^[_\d]+|_+$/g, "");
  return name === "" ? "app" : name;
}

function ignoreFile(path: string): string {
  const existing = existsSync(path) ? readFileSync(path, "utf8") : "";
  const lines = existing.split(/\r?\n/);
  const missing = IGNORED.filter((line) => !lines.includes(line));
  const gap = existing === "" || existing.endsWith("\n") ? "" : "\n";
  return existing + gap + missing.map((line) => `${line}\n`).join("");
}
