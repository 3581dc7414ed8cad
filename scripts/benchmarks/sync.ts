/** Measures copies: `scripts/bench-sync`. */
import { cpus } from "node:os";
import { join } from "node:path";
import { temporaryProject } from "../../tests/support/project.ts";
import { startServer } from "../../tests/support/servers.ts";
import { writeFigures } from "./figures.ts";
import { type Contender, measure, median } from "./measure.ts";

const ROOT = join(import.meta.dir, "..", "..");
const BINARY = join(ROOT, "dist", "confiture");
const DOCUMENT = join(ROOT, "docs", "sync.md");
const MEGABYTES = Number(process.argv[2] ?? 1024);
const RUNS = Number(process.argv[3] ?? 3);
/** Of a row, as COPY writes it. */
const ROW_BYTES = 260;
const ROWS = Math.round((MEGABYTES * 1024 * 1024) / ROW_BYTES);

const SCHEMA = `
  create table people (id bigint primary key, email text, name text, phone text, born date, plan text, score int, note text, at timestamptz);
  insert into people select g, 'person' || g || '@corp.example', 'Wilhelmina Featherstone', '+44 20 ' || g, date '1980-01-01' + g % 9000, 'free', g % 100,
    repeat(md5(g::text), 4), timestamptz '2026-01-01' + g * interval '1 second' from generate_series(1, ${ROWS}) g;
  analyze people`;
const RULES =
  "tables:\n  people:\n    keep: [id, born, plan, score, note, at]\n    email: email\n    name: username\n    phone: phone\n";

// Client programs read servers of their own major version and older ones.
const server = await startServer({ major: 15 });
try {
  const source = await server.createDatabase("source");
  const target = await server.createDatabase("target");
  const session = server.connect(source);
  await session.unsafe(SCHEMA);
  await session.end();
  const environment = (database: string): string =>
    `database:\n  url: ${server.url(database)}\nsync: { replace: true }\n`;
  const project = await temporaryProject({
    "db/environments/source.yaml": environment(source),
    "db/environments/target.yaml": environment(target),
    "db/sync/rules.yaml": RULES,
  });
  const fresh = async (): Promise<void> => {
    await server.sql(`drop database "${target}" with (force)`);
    await server.sql(`create database "${target}"`);
  };
  const withTable = async (): Promise<void> => {
    await fresh();
    const made = server.connect(target);
    await made.unsafe(SCHEMA.slice(0, SCHEMA.indexOf(";")));
    await made.end();
  };
  const [from, to] = [server.url(source), server.url(target)];
  const shell = (name: string, script: string, prepare: () => Promise<void>): Contender => ({
    name,
    command: ["sh", "-c", `set -e; ${script}`],
    prepare,
  });
  const sync = (name: string, ...more: string[]): Contender => ({
    name,
    command: [BINARY, "sync", "--from", "source", "--to", "target", "--yes", "target", "-q", ...more],
    cwd: project.dir,
    env: { CONFITURE_SYNC_KEY: "07".repeat(32), HOME: project.dir },
  });
  /** How long the parts of a copy take. */
  const phasesOf = async (more: readonly string[]): Promise<Record<"rows" | "objects" | "proof" | "total", string>> => {
    const { command, cwd, env } = sync("", "--format", "json", ...more);
    const run = Bun.spawn([...command], { cwd: cwd!, env: { ...env }, stdout: "pipe", stderr: "ignore" });
    const { durations } = JSON.parse(await run.stdout.text()) as {
      durations: Record<"rows" | "objects" | "proof" | "total", number>;
    };
    const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(1)} s`;
    const rate = Math.round(ROWS / (durations.rows / 1000)).toLocaleString("en-US");
    return {
      rows: `${seconds(durations.rows)} (${rate} a second)`,
      objects: seconds(durations.objects),
      proof: seconds(durations.proof),
      total: seconds(durations.total),
    };
  };
  const contenders = [
    shell(
      "psql COPY \\| psql COPY, the table alone",
      `psql '${from}' -qc 'copy people to stdout' | psql '${to}' -qc 'copy people from stdin'`,
      withTable,
    ),
    shell("pg_dump \\| pg_restore", `pg_dump -Fc -Z0 '${from}' | pg_restore -d '${to}'`, fresh),
    ...(Bun.which("pgcopydb") === null
      ? []
      : [shell("pgcopydb clone", `pgcopydb clone --source '${from}' --target '${to}' --dir "$(mktemp -d)"`, fresh)]),
    sync("confiture sync --plain", "--plain", "--ignore-rules"),
    sync("confiture sync, three keyed columns"),
  ];
  const lines = (await measure(contenders, RUNS)).map(({ name, times, memory }) => {
    const seconds = median(times) / 1000;
    return `| ${name} | ${seconds.toFixed(1)} s | ${Math.round(ROWS / seconds).toLocaleString("en-US")} | ${Math.round(memory / 2 ** 20)} MB |`;
  });
  const [plain, keyed] = [await phasesOf(["--plain", "--ignore-rules"]), await phasesOf([])];
  const table = `Written by \`scripts/bench-sync\`: ${ROWS.toLocaleString("en-US")} rows, ${MEGABYTES} MB, source and target on one PostgreSQL 15 on the same machine with ${cpus().length}
processors (${cpus()[0]?.model ?? "unknown"}); ${RUNS === 1 ? "one run" : `medians of ${RUNS} runs`} of whole commands, after one that does not count.

| command | time | rows/s | largest process |
|---|---:|---:|---:|
${lines.join("\n")}

\`confiture\` also makes the primary key, statistics and the proof. Its parts, of another run of each: the rows
alone took ${plain.rows} as they are, and ${keyed.rows} with three keyed columns. That second run took ${keyed.total} in all,
of which ${keyed.objects} for the key and statistics, and ${keyed.proof} for the proof.`;
  process.stdout.write(`${table}\n`);
  if (MEGABYTES >= 1024) await writeFigures(DOCUMENT, "speed", table);
} finally {
  await server.stop("immediate");
}
// The server's keeper would hold the process.
process.exit(0);
