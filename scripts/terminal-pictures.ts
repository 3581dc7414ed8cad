/**
 * Pictures of what the compiled program shows at a terminal, to be looked at: scripts/terminal-pictures FOLDER. Each is of a
 * real run, 80 and 120 columns wide, dark and light.
 */
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { type Line, onScreen } from "./terminal/screen.ts";
import { DARK, LIGHT, textOf, windowOf } from "./terminal/svg.ts";

const ROOT = join(import.meta.dir, "..");

const FILES: Readonly<Record<string, string>> = {
  "db/environments/local.yaml": "database: {engine: embedded, path: .confiture/local}\n",
  "db/schema/10_tables/users.sql": "CREATE TABLE IF NOT EXISTS users (id bigint PRIMARY KEY, email text NOT NULL);\n",
  "db/migrations/base.sql": "CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL);\n",
  "db/migrations/001_add_bio.sql":
    "-- migrate:up\nALTER TABLE users ADD bio text;\n-- migrate:down\nALTER TABLE users DROP bio;\n",
  "db/migrations/002_index_the_addresses_of_users_for_the_search.sql":
    "-- migrate:up transaction:false\nCREATE INDEX CONCURRENTLY users_email ON users (email);\n-- migrate:down\nDROP INDEX users_email;\n",
  "db/migrations/003_broken.sql": "-- migrate:up\nALTER TABLE users ADD COLUMN order int;\n",
};

/** What is shown, in its order; what fails is shown as well. */
const SHOWN = [
  "confiture build",
  "confiture migrate status",
  "confiture migrate up",
  "confiture migrate status",
  "confiture migrate down",
  "confiture diff",
  "confiture lint",
] as const;

async function picturesOf(columns: number): Promise<readonly Line[]> {
  const folder = await mkdtemp(join(tmpdir(), "confiture-pictures-"));
  try {
    const [cwd, path] = [join(folder, "project"), join(folder, "bin")];
    await mkdir(path);
    await symlink(join(ROOT, "dist/confiture"), join(path, "confiture"));
    for (const [name, text] of Object.entries(FILES)) {
      await mkdir(dirname(join(cwd, name)), { recursive: true });
      await writeFile(join(cwd, name), text);
    }
    const lines: Line[] = [];
    for (const command of SHOWN) {
      lines.push([
        { text: "$ ", formats: ["dim"] },
        { text: command, formats: ["bold"] },
      ]);
      lines.push(...(await onScreen(command, { cwd, path, columns })).lines, []);
    }
    return lines;
  } finally {
    await rm(folder, { recursive: true });
  }
}

const target = resolve(process.argv[2] ?? "dist/pictures");
await mkdir(target, { recursive: true });
for (const columns of [80, 120]) {
  const lines = await picturesOf(columns);
  const content = lines.map((line, row) => textOf(line, row)).join("\n");
  for (const [name, palette] of [
    ["dark", DARK],
    ["light", LIGHT],
  ] as const) {
    const file = join(target, `terminal-${columns}-${name}.svg`);
    await writeFile(file, windowOf(columns, lines.length, palette, "", content));
    console.log(file);
  }
}
