/** Measures the memory of commands on large files and on many tables: `scripts/bench-memory`. */
import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readFigures, writeFigures } from "./figures.ts";
import { peakMemory } from "../../tests/support/cli.ts";
import { temporaryProject, type TemporaryProject } from "../../tests/support/project.ts";
import { startServer } from "../../tests/support/servers.ts";

const ROOT = join(import.meta.dir, "..", "..");
const BINARY = join(ROOT, "dist", "confiture");
const DOCUMENT = join(ROOT, "docs", "performance.md");
const PARTS = { copy: copyData, statements, judged, tables };
const only = process.argv.slice(2).filter((argument) => argument in PARTS);
const given = process.argv.slice(2).find((argument) => !(argument in PARTS));
const MEGABYTES = Number(given ?? 1024);
/** Of the file of INSERT statements, of the one that is one statement, of files that are judged, and tables to export. */
const INSERTS = Math.ceil(MEGABYTES * 0.1875);
const STATEMENT = Math.ceil(MEGABYTES / 16);
const JUDGED = Math.ceil(MEGABYTES / 128);
const TABLES = Math.min(10_000, MEGABYTES * 10);

const folder = await realpath(await mkdtemp(join(tmpdir(), "confiture-bench-")));
const server = await startServer({ major: 18, settings: ["max_locks_per_transaction = 2048"] });
const rows: string[] = [];
try {
  for (const [name, part] of Object.entries(PARTS)) if (only.length === 0 || only.includes(name)) await part();
  if (given === undefined) await writeDocument();
} finally {
  await server.stop("immediate");
  await rm(folder, { recursive: true, force: true });
}
// The server's keeper would hold the process.
process.exit(0);

async function copyData(): Promise<void> {
  const data = join(folder, "data.sql");
  const text = "é".repeat(60);
  const head = "CREATE TABLE big (id int, text text);\nCOPY big FROM stdin;\n";
  await writeData(data, MEGABYTES, head, (row) => `${row}\t${text}\n`, "\\.\n");
  const what = `${MEGABYTES} MB of COPY data`;
  const built = await project(data, "db/schema/data.sql");
  const url = await newDatabase();
  await measure(built, `\`build\` of ${what}, on a server`, ["build"], url);
  await measure(built, `\`build --output\` of ${what}`, ["build", "--output", "whole.sql"], url);
  await rm(built.path("whole.sql"));
  const other = await newDatabase();
  const migrated = await project(data, "db/migrations/001_data.up.sql");
  await measure(migrated, `\`migrate up\`, a migration with ${what}`, ["migrate", "up"], other);
  await measure(migrated, "`migrate status` with it", ["migrate", "status"], other);
  const embedded = await project(data, "db/schema/data.sql");
  await embedded.write("db/environments/local.yaml", "database:\n  engine: embedded\n");
  await measure(embedded, `\`build\` of ${what}, in a folder of the embedded engine`, ["build"]);
}

async function statements(): Promise<void> {
  const many = join(folder, "many.sql");
  const line = (row: number): string =>
    `INSERT INTO big VALUES (${row}, 'some text that is a little longer than a word, and more of it');\n`;
  await writeData(many, INSERTS, "CREATE TABLE big (id int, text text);\n", line);
  await onServerAndEmbedded(many, `${INSERTS} MB of INSERT statements`);
  const one = join(folder, "one.sql");
  const head = "CREATE TABLE big (id int, text text);\nINSERT INTO big VALUES (0, '')";
  await writeData(one, STATEMENT, head, (row) => `,\n(${row}, '${"x".repeat(100)}')`, ";\n");
  await onServerAndEmbedded(one, `one statement of ${STATEMENT} MB`);
}

async function onServerAndEmbedded(file: string, what: string): Promise<void> {
  const migrated = await project(file, "db/migrations/001_data.sql");
  await measure(migrated, `\`migrate up\` of ${what}, on a server`, ["migrate", "up"], await newDatabase());
  const embedded = await project(file, "db/migrations/001_data.sql");
  await embedded.write("db/environments/local.yaml", "database:\n  engine: embedded\n");
  await measure(embedded, `\`migrate up\` of ${what}, in a folder of the embedded engine`, ["migrate", "up"]);
}

/** Files of the forms that cost lint and plan the most. */
async function judged(): Promise<void> {
  const text = "x".repeat(60);
  const updates = join(folder, "updates.sql");
  await writeData(updates, JUDGED, "", (row) => `UPDATE big SET text = '${text}' WHERE id = ${row};\n`);
  const values = join(folder, "values.sql");
  const head = "UPDATE big SET text = v.text FROM (VALUES (0, '')";
  const end = ") v (id, text) WHERE v.id = big.id;\n";
  await writeData(values, JUDGED, head, (row) => `,\n(${row}, '${text}')`, end);
  const insert = join(folder, "insert.sql");
  const into = "INSERT INTO big VALUES (-1, '')";
  await writeData(insert, JUDGED, into, (row) => `,\n(${row}, '${text}')`, " ON CONFLICT DO NOTHING;\n");
  const forms = [
    [[updates], `${JUDGED} MB of UPDATE statements`],
    [[values], `one UPDATE of ${JUDGED} MB`],
    [[insert, insert, insert], `three files of one INSERT of ${JUDGED} MB each`],
  ] as const;
  for (const [[file, ...others], what] of forms) {
    const made = await project(file, "db/migrations/002_rows.sql");
    for (const [at, other] of others.entries()) {
      await Bun.write(made.path(`db/migrations/00${at + 3}_rows.sql`), Bun.file(other));
    }
    await made.write("db/environments/local.yaml", "database:\n  engine: embedded\n");
    await made.write("db/migrations/001_big.sql", "CREATE TABLE big (id int PRIMARY KEY, text text);\n");
    await measure(made, `\`lint\` of ${what}`, ["lint"]);
    await measure(made, `\`migrate plan\` of ${what}`, ["migrate", "plan"]);
    await measure(made, `\`migrate up --dry-run\` of ${what}`, ["migrate", "up", "--dry-run"]);
  }
}

/** Tables with what tables have, 13 objects each (columns, defaults, constraints, an index, a comment). */
async function tables(): Promise<void> {
  const url = await newDatabase();
  const session = server.connect(new URL(url.CONFITURE_DATABASE_URL).pathname.slice(1));
  for (let first = 0; first < TABLES; first += 200) {
    const batch = Array.from({ length: Math.min(200, TABLES - first) }, (_, index) => {
      const n = first + index;
      return `CREATE TABLE table_${n} (id bigint PRIMARY KEY, parent bigint REFERENCES table_${n - (n % 100)},
          name text NOT NULL DEFAULT '', created timestamptz DEFAULT now());
        CREATE INDEX ON table_${n} (name); COMMENT ON TABLE table_${n} IS 'Number ${n}';`;
    });
    await session.unsafe(batch.join("\n")).simple();
  }
  await session.end();
  const exported = await temporaryProject({});
  await measure(exported, `\`export\` of ${TABLES.toLocaleString("en")} tables, proven on the server`, ["export"], url);
}

async function newDatabase(): Promise<{ CONFITURE_DATABASE_URL: string }> {
  return { CONFITURE_DATABASE_URL: server.url(await server.createDatabase()) };
}

/** @param size in megabytes */
async function writeData(
  path: string,
  size: number,
  head: string,
  line: (row: number) => string,
  end = "",
): Promise<void> {
  const writer = Bun.file(path).writer();
  void writer.write(head);
  for (let row = 0, bytes = 0; bytes < size * 1024 * 1024; row++) {
    const text = line(row);
    void writer.write(text);
    bytes += Buffer.byteLength(text);
    if (row % 10_000 === 0) await writer.flush();
  }
  void writer.write(end);
  await writer.end();
}

async function project(data: string, place: string): Promise<TemporaryProject> {
  const made = await temporaryProject({ [place]: "" });
  await Bun.write(made.path(place), Bun.file(data));
  return made;
}

async function measure(
  { dir }: TemporaryProject,
  name: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const child = Bun.spawn([BINARY, ...args, "-q"], {
    cwd: dir,
    env: { PATH: process.env["PATH"] ?? "", HOME: "/nonexistent", ...env },
    stdout: "ignore",
    stderr: "inherit",
  });
  const peak = await peakMemory(child);
  if (child.exitCode !== 0) throw new Error(`${name} failed with ${child.exitCode}`);
  rows.push(`| ${name} | ${Math.round(peak / 1024 / 1024)} MiB |`);
  console.log(rows.at(-1));
}

/** Rows of parts that were not measured stay. */
async function writeDocument(): Promise<void> {
  const before = await readFigures(DOCUMENT, "memory");
  const all = new Map(
    [...before.split("\n").filter((line) => line.startsWith("| `")), ...rows].map((row) => [nameOf(row), row]),
  );
  await writeFigures(DOCUMENT, "memory", ["| command | memory |", "|---|---|", ...all.values()].join("\n"));
}

function nameOf(row: string): string {
  return row.slice(0, row.lastIndexOf("|", row.length - 2));
}
