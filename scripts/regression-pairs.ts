/**
 * Successive states of PostgreSQL's own regression tests, as pairs of schemas. They come from Debian's source package at
 * run time; nothing of them is kept.
 */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { withMissingRoles } from "#scratch/missing.ts";
import { ConfitureError } from "#errors/error.ts";
import { splitStatements } from "#sql/split.ts";
import type { Pair } from "../tests/support/convergence.ts";
import type { EmptiedDatabase } from "../tests/support/golden.ts";

const PACKAGE = "postgresql-15";
const SOURCES = "deb-src http://deb.debian.org/debian bookworm main\n";
/** States that a file is cut into, at most. */
const STATES = 3;

/** Statements that make, change or drop what a schema file could make. */
const DEFINITION = /^(create|alter|drop|comment|grant|revoke|security)\b/i;
/** What is no part of a database, or is gone with the session. */
const ELSEWHERE =
  /^\w+\s+(or\s+replace\s+)?((unlogged|local|global)\s+)?(temp|temporary|role|user\b(?!\s+mapping)|group|database|tablespace|system|subscription|large)\b|\bconcurrently\b|\bpg_temp\b|\bset\s+tablespace\b|\btablespace\b/i;

/** Each file's definitions, as far as they run, cut into states; neighbours are a pair. */
export async function regressionPairs(emptied: EmptiedDatabase): Promise<Pair[]> {
  const folder = await mkdtemp(join(tmpdir(), "confiture-regression-"));
  try {
    await download(folder);
    const sql = join(folder, "sql");
    const files = (await readdir(sql)).filter((file) => file.endsWith(".sql")).toSorted();
    const pairs: Pair[] = [];
    for (const file of files) {
      const text = (await readFile(join(sql, file), "utf8")).replaceAll(/^\\.*$/gm, "");
      pairs.push(...statesOf(basename(file, ".sql"), await thoseThatRun(emptied, definitions(text))));
    }
    return pairs;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function download(folder: string): Promise<void> {
  await mkdir(join(folder, "lists", "partial"), { recursive: true });
  await writeFile(join(folder, "sources.list"), SOURCES);
  const apt = [
    "apt-get",
    "-o",
    `Dir::Etc::sourcelist=${join(folder, "sources.list")}`,
    "-o",
    "Dir::Etc::sourceparts=-",
    "-o",
    `Dir::State::lists=${join(folder, "lists")}`,
  ];
  for (const command of [
    [...apt, "update"],
    [...apt, "source", "--download-only", PACKAGE],
    ["sh", "-c", "tar -xf *.orig.tar.* --strip-components=4 --wildcards '*/src/test/regress/sql/*.sql'"],
  ]) {
    const child = Bun.spawn(command, { cwd: folder, stdout: "ignore", stderr: "pipe" });
    const [code, error] = await Promise.all([child.exited, new Response(child.stderr).text()]);
    if (code !== 0) throw new Error(`No regression tests of PostgreSQL: ${command.join(" ")}: ${error}`);
  }
}

function definitions(text: string): string[] {
  return splitStatements(text)
    .statements.map(({ start, end }) => text.slice(start, end).replace(/;\s*$/, ""))
    .filter((sql) => DEFINITION.test(sql) && !ELSEWHERE.test(sql));
}

/** The tests try out errors as well. */
async function thoseThatRun(emptied: EmptiedDatabase, statements: readonly string[]): Promise<string[]> {
  const database = await emptied.empty();
  const ran: string[] = [];
  for (const sql of statements) {
    try {
      await withMissingRoles(database, () => database.execute(sql));
      ran.push(sql);
    } catch (error) {
      if (!(error instanceof ConfitureError)) throw error;
      if (error.server !== undefined) continue;
      // The engine broke down: what ran so far will do.
      await emptied.close();
      break;
    }
  }
  return ran;
}

function statesOf(name: string, statements: readonly string[]): Pair[] {
  const step = Math.max(1, Math.ceil(statements.length / STATES));
  const until = (end: number): string =>
    statements
      .slice(0, end)
      .map((sql) => `${sql};\n`)
      .join("");
  const pairs: Pair[] = [];
  for (let end = step; end < statements.length; end += step)
    pairs.push({ name: `${name} ${end}`, old: until(end), new: until(end + step) });
  return pairs;
}
