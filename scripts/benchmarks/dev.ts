/** Measures how long `confiture dev` takes from a save to its answer: `scripts/bench-dev`. */
import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { peakMemory } from "../../tests/support/cli.ts";
import { temporaryProject, type TemporaryProject } from "../../tests/support/project.ts";
import { machine, writeFigures } from "./figures.ts";
import { median } from "./measure.ts";

const ROOT = join(import.meta.dir, "..", "..");
const BINARY = join(ROOT, "dist", "confiture");
const DOCUMENT = join(ROOT, "docs", "developing.md");

/** Saves, after two that do not count. */
const SAVES = 20;

/** Milliseconds without another word until an answer has ended. */
const SILENCE = 700;

const EMBEDDED = { "db/environments/local.yaml": "database:\n  engine: embedded\n  path: .confiture/local\n" };

interface Work {
  readonly name: string;
  readonly project: TemporaryProject;
  /** The file that is saved, again and again with another column. */
  readonly saved: string;
  readonly milliseconds: number;
}

await using tutorial = await temporaryProject(EMBEDDED);
await cp(join(ROOT, "examples", "01-basic-migration", "db"), join(tutorial.dir, "db"), { recursive: true });
await using tables = await temporaryProject({ ...EMBEDDED, ...hundredTables() });
const works: readonly Work[] = [
  { name: "the tutorial", project: tutorial, saved: "db/schema/10_tables/users.sql", milliseconds: 300 },
  { name: "100 tables", project: tables, saved: "db/schema/table_50.sql", milliseconds: 1000 },
];
const rows: string[] = [];
for (const work of works) {
  const { times, builds, memory } = await measureSaves(work);
  const time = median(times);
  const target = `${time <= work.milliseconds ? "yes" : "no"} (${work.milliseconds} ms)`;
  const range = `${Math.min(...times).toFixed(0)} to ${Math.max(...times).toFixed(0)} ms`;
  rows.push(
    `| ${work.name} | ${time.toFixed(0)} ms | ${median(builds).toFixed(0)} ms | ${range} | ${Math.round(memory / 2 ** 20)} MiB | ${target} |`,
  );
  console.log(rows.at(-1));
}
await writeFigures(
  DOCUMENT,
  "dev",
  `From a save to the last line of the answer, with schema files and migrations compared; medians of ${SAVES} saves (\`scripts/bench-dev\`; ${machine()}):

| project | time | of it, building | from fastest to slowest | memory | target met |
|---|---|---|---|---|---|
${rows.join("\n")}`,
);

async function measureSaves({ project, saved }: Work): Promise<{ times: number[]; builds: number[]; memory: number }> {
  await run(project, "migrate", "base", "-e", "embedded", "-q");
  const path = join(project.dir, saved);
  const before = await readFile(path, "utf8");
  const child = Bun.spawn([BINARY, "dev", "-e", "embedded"], {
    cwd: project.dir,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const memory = peakMemory(child);
  let said = "";
  let lastAt = 0;
  const listen = async (stream: ReadableStream<Uint8Array>): Promise<void> => {
    for await (const piece of stream) {
      said += new TextDecoder().decode(piece);
      lastAt = performance.now();
    }
  };
  const heard = Promise.all([listen(child.stdout), listen(child.stderr)]);
  /** @returns when the last word of the answer came, and how many milliseconds building took by its own words */
  const answered = async (): Promise<{ at: number; built: number }> => {
    while (!said.includes("built in") || performance.now() - lastAt < SILENCE) {
      if (child.exitCode !== null) throw new Error(`dev has ended:\n${said}`);
      await Bun.sleep(10);
    }
    const [, built = "0", unit] = /built in ([\d.]+)(ms|s)/.exec(said) ?? [];
    said = "";
    return { at: lastAt, built: Number(built) * (unit === "s" ? 1000 : 1) };
  };
  await answered();
  const times: number[] = [];
  const builds: number[] = [];
  for (let save = -2; save < SAVES; save++) {
    const began = performance.now();
    await writeFile(path, save % 2 === 0 ? before.replace(/\n\);/, `,\n  added_${save + 2} text\n);`) : before);
    const { at, built } = await answered();
    if (save < 0) continue;
    times.push(at - began);
    builds.push(built);
  }
  child.kill("SIGINT");
  await heard;
  return { times, builds, memory: await memory };
}

async function run({ dir }: TemporaryProject, ...args: string[]): Promise<void> {
  const child = Bun.spawn([BINARY, ...args], { cwd: dir, stdin: "ignore", stdout: "ignore", stderr: "inherit" });
  if ((await child.exited) !== 0) throw new Error(`${args.join(" ")} failed`);
}

/** A file each, with keys, indexes and foreign keys. */
function hundredTables(): Record<string, string> {
  const environment = { "db/environments/embedded.yaml": EMBEDDED["db/environments/local.yaml"] };
  return Object.fromEntries([
    ...Object.entries(environment),
    ...Array.from({ length: 100 }, (_, index) => {
      const name = `table_${String(index).padStart(2, "0")}`;
      const parent = `table_${String(Math.max(0, index - 1)).padStart(2, "0")}`;
      const sql = `CREATE TABLE ${name} (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL,
  email varchar(200) UNIQUE,
  amount numeric(12, 2) DEFAULT 0 CHECK (amount >= 0),
  created_at timestamptz NOT NULL DEFAULT now(),
  parent_id bigint REFERENCES ${parent}
);
CREATE INDEX ON ${name} (created_at);
CREATE INDEX ON ${name} (parent_id);
`;
      return [`db/schema/${name}.sql`, sql] as const;
    }),
  ]);
}
