/** Measures the memory of commands on a large file of COPY data: `scripts/bench-memory`. */
import { mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { peakMemory } from "../../tests/support/cli.ts";
import { temporaryProject, type TemporaryProject } from "../../tests/support/project.ts";
import { startServer } from "../../tests/support/servers.ts";

const ROOT = join(import.meta.dir, "..", "..");
const BINARY = join(ROOT, "dist", "confiture");
/** The second is what `scripts/bench` makes the end of the first from. */
const DOCUMENTS = [join(ROOT, "docs", "performance.md"), join(ROOT, "scripts", "benchmarks", "explanation.md")];
const MEGABYTES = Number(process.argv[2] ?? 1024);

const folder = await realpath(await mkdtemp(join(tmpdir(), "confiture-bench-")));
const server = await startServer({ major: 18 });
const rows: string[] = [];
try {
  const data = join(folder, "data.sql");
  await writeData(data);
  const url = { CONFITURE_DATABASE_URL: server.url(await server.createDatabase()) };
  const built = await project(data, "db/schema/data.sql");
  await measure(built, "build, on a server", ["build"], url);
  await measure(built, "build --output", ["build", "--output", "whole.sql"], url);
  await rm(built.path("whole.sql"));
  const other = { CONFITURE_DATABASE_URL: server.url(await server.createDatabase()) };
  const migrated = await project(data, "db/migrations/001_data.up.sql");
  await measure(migrated, "migrate up, a migration", ["migrate", "up"], other);
  await measure(migrated, "migrate status", ["migrate", "status"], other);
  const embedded = await project(data, "db/schema/data.sql");
  await embedded.write("db/environments/local.yaml", "database:\n  engine: embedded\n");
  await measure(embedded, "build, in a folder of the embedded engine", ["build"], {});
  if (process.argv[2] === undefined) await writeDocuments();
} finally {
  await server.stop("immediate");
  await rm(folder, { recursive: true, force: true });
}
// The server's keeper would hold the process.
process.exit(0);

/** A table and its rows of about 130 bytes. */
async function writeData(path: string): Promise<void> {
  const writer = Bun.file(path).writer();
  await writer.write("CREATE TABLE big (id int, text text);\nCOPY big FROM stdin;\n");
  const text = "é".repeat(60);
  for (let row = 0, bytes = 0; bytes < MEGABYTES * 1024 * 1024; row++) {
    const line = `${row}\t${text}\n`;
    void writer.write(line);
    bytes += Buffer.byteLength(line);
    if (row % 10_000 === 0) await writer.flush();
  }
  await writer.write("\\.\n");
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
  env: Readonly<Record<string, string>>,
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

async function writeDocuments(): Promise<void> {
  const table = [`| command, with a file of ${MEGABYTES} MB of COPY data | memory |`, "|---|---|", ...rows].join("\n");
  for (const document of DOCUMENTS) {
    const text = await readFile(document, "utf8");
    await writeFile(
      document,
      text.replace(/(?<=<!-- memory: begin -->\n)[^]*(?=<!-- memory: end -->)/, `\n${table}\n\n`),
    );
  }
}
