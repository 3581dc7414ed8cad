/** Measures lint and plan of large projects: `scripts/bench-lint`. */
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { largeProject } from "../../tests/support/large-project.ts";
import { temporaryProject, type TemporaryProject } from "../../tests/support/project.ts";
import { startServer } from "../../tests/support/servers.ts";
import { writeFigures } from "./figures.ts";
import { measure, median } from "./measure.ts";

const ROOT = join(import.meta.dir, "..", "..");
const BINARY = join(ROOT, "dist", "confiture");
const DOCUMENT = join(ROOT, "docs", "performance.md");
const ONLY = process.argv.slice(2);

/** After one that does not count. */
const RUNS = 3;

/** What the whole process may take. */
interface Target {
  readonly seconds: number;
  readonly mebibytes: number;
}

const MEMORY = 700;
const QUICK: Target = { seconds: 3, mebibytes: MEMORY };
const LONG: Target = { seconds: 60, mebibytes: MEMORY };

const rows: string[] = [];

const server = await startServer({ major: 18 });
try {
  const all = ["lint", "--all", "--fail-on", "never"];
  const tables = await temporaryProject(hundredTables(server.url(await server.createDatabase())));
  const up = Bun.spawn([BINARY, "migrate", "up", "--to", "001", "-q"], { cwd: tables.dir, stderr: "inherit" });
  if ((await up.exited) !== 0) throw new Error("migrate up failed");
  await work("`migrate plan` of one migration, 100 tables on a server", tables, ["migrate", "plan"], QUICK);
  await work("`lint` of one migration, 100 tables on a server", tables, ["lint", "--fail-on", "never"], QUICK);

  const inserts = await temporaryProject(
    migration(`CREATE TABLE big (id int PRIMARY KEY, text text);\n${insertsOf(20_000, 20)}`),
  );
  await work("`lint --all`, 20,000 `INSERT` in one migration", inserts, all, LONG);
  await work("`migrate plan`, 20,000 `INSERT` in one migration", inserts, ["migrate", "plan"], LONG);

  const large = await temporaryProject(
    migration(`CREATE TABLE big (id int PRIMARY KEY, text text);\n${insertsOf(60_000, 110)}`),
  );
  await work("`lint --all`, a migration of 8 MB, 60,000 `INSERT`", large, all, LONG);
  await work("`migrate plan`, a migration of 8 MB, 60,000 `INSERT`", large, ["migrate", "plan"], LONG);
  const history = await temporaryProject(largeProject(800));
  await work("`lint --all --no-trace`, 800 migrations and their schema files", history, [...all, "--no-trace"], QUICK);
  await work("`lint --all`, 800 migrations and their schema files", history, all, LONG);
} finally {
  await server.stop("immediate");
}
// The server's keeper would hold the process.
process.exit(0);

async function work(name: string, { dir }: TemporaryProject, args: readonly string[], target: Target): Promise<void> {
  if (ONLY.length > 0 && !ONLY.some((part) => name.includes(part))) return;
  const contender = { name, command: [BINARY, ...args, "-q"], cwd: dir };
  const [measured] = await measure([contender], RUNS);
  const { times, memory, processor } = measured!;
  const seconds = median(times) / 1000;
  const worked = median(processor) / 1000;
  const mebibytes = Math.round(memory / 2 ** 20);
  const isMet = seconds <= target.seconds && mebibytes <= target.mebibytes;
  const allowed = `${target.seconds} s, ${target.mebibytes} MiB`;
  rows.push(
    `| ${name} | ${seconds.toFixed(1)} s | ${worked.toFixed(1)} s | ${mebibytes} MiB | ${isMet ? "yes" : "no"} (${allowed}) |`,
  );
  console.log(rows.at(-1));
  // One that is stopped has written what it had by then.
  if (ONLY.length === 0) await writeDocument();
}

/** Tables with keys, indexes and foreign keys, of which one is altered by the migration that is pending. */
function hundredTables(url: string): Record<string, string> {
  const made = Array.from({ length: 100 }, (_, index) =>
    [
      `CREATE TABLE table_${index} (`,
      "  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, email varchar(200) UNIQUE,",
      "  amount numeric(12, 2) DEFAULT 0 CHECK (amount >= 0), created_at timestamptz NOT NULL DEFAULT now(), note text,",
      `  parent_id bigint REFERENCES table_${Math.max(0, index - 1)}`,
      ");",
      `CREATE INDEX ON table_${index} (created_at);`,
      `CREATE INDEX ON table_${index} (parent_id);`,
    ].join("\n"),
  );
  return {
    "db/environments/local.yaml": `database:\n  url: ${url}\n`,
    "db/migrations/001_tables.sql": `${made.join("\n")}\n`,
    "db/migrations/002_change.sql":
      "ALTER TABLE table_50 ADD COLUMN token uuid DEFAULT gen_random_uuid();\nALTER TABLE table_50 ALTER COLUMN note SET NOT NULL;\n",
  };
}

function migration(sql: string): Record<string, string> {
  return { "db/environments/local.yaml": "database:\n  engine: embedded\n", "db/migrations/001_large.sql": sql };
}

function insertsOf(count: number, width: number): string {
  return Array.from(
    { length: count },
    (_, index) => `INSERT INTO big VALUES (${index}, 'é ${"x".repeat(width)}');\n`,
  ).join("");
}

async function writeDocument(): Promise<void> {
  const about = `**\`lint\` and \`migrate plan\`**, as \`scripts/bench-lint\` measures them: whole processes, medians of ${RUNS} runs after one that does not
count; the largest memory of all. The 800 migrations are of every common kind: tables with foreign keys, columns, enums, indexes (\`CONCURRENTLY\`
as well), partitions, policies, triggers, views, constraints. They are traced one after the other, in the PostgreSQL inside the
executable. The machine had ${cpus().length} processors (${cpus()[0]?.model ?? "unknown"}), and a load average of ${loadavg()[0]!.toFixed(1)} at the end.`;
  const head = ["| command | time | processor time | memory | target met |", "|---|---|---|---|---|"];
  const table = [about, "", ...head, ...rows].join("\n");
  await writeFigures(DOCUMENT, "lint", table);
}
