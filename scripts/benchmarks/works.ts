import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { TestServer } from "../../tests/support/servers.ts";
import type { Contender } from "./measure.ts";

/** Where things are during a run. */
export interface Place {
  readonly folder: string;
  readonly server: TestServer;
  readonly binary: string;
  /** A folder with dbmate and node-pg-migrate in its node_modules. */
  readonly peers: string;
}

export interface Work {
  readonly name: string;
  /** The tool first. */
  readonly contenders: readonly Contender[];
  /** The most that the ratio to the first peer, the time in ms, or the memory in MiB should be. */
  readonly target: { readonly ratio?: number; readonly time?: number; readonly memory?: number };
}

/** One command on projects of different sizes. */
export interface Growth {
  readonly name: string;
  readonly sizes: readonly { readonly items: number; readonly contender: Contender }[];
}

const MANY = 1000;
const statements = (i: number): string =>
  `CREATE TABLE t${i} (id int PRIMARY KEY, name text NOT NULL);\nCREATE INDEX t${i}_name ON t${i} (name);\n`;
const version = (i: number): string => String(20200101000000 + i);

/** Every work of the report, with its projects written and its databases made. */
export async function works(place: Place): Promise<Work[]> {
  const { server, binary, folder } = place;
  const database = await server.createDatabase("bench");
  const url = `${server.url(database)}?sslmode=disable`;
  const reset = async (): Promise<void> => {
    const session = server.connect(database);
    await session.unsafe("DROP SCHEMA public CASCADE; CREATE SCHEMA public").simple();
    await session.end();
  };
  const applied = (tool: Contender) => async (): Promise<void> => {
    await reset();
    await finish(tool);
  };
  const finish = async (tool: Contender): Promise<void> => {
    const child = Bun.spawn([...tool.command], {
      cwd: tool.cwd ?? folder,
      env: { ...process.env, ...tool.env },
      stdout: "ignore",
      stderr: "pipe",
    });
    if ((await child.exited) !== 0) throw new Error(`${tool.name}: ${await child.stderr.text()}`);
  };

  const sql = await migrationsProject(join(folder, "sql"), "sql", MANY);
  const ts = await migrationsProject(join(folder, "ts"), "ts", MANY);
  const ownOn = (where: string, cwd: string, ...args: string[]): Contender => ({
    name: "confiture",
    command: [binary, ...args, "-q", "--database-url", where],
    cwd,
  });
  const own = (cwd: string, ...args: string[]): Contender => ownOn(url, cwd, ...args);
  const dbmateOn = (where: string, ...args: string[]): Contender => ({
    name: "dbmate",
    command: [dbmateExecutable(place), "--no-dump-schema", "-d", join(sql, "db/migrations"), "-u", where, ...args],
  });
  const dbmate = (...args: string[]): Contender => dbmateOn(url, ...args);
  // Databases in which everything is applied, one for each tool.
  const ownApplied = `${server.url(await server.createDatabase("bench_own"))}?sslmode=disable`;
  const dbmateApplied = `${server.url(await server.createDatabase("bench_dbmate"))}?sslmode=disable`;
  const allApplied = once(async () => {
    await finish(ownOn(ownApplied, sql, "migrate", "up"));
    await finish(dbmateOn(dbmateApplied, "up"));
  });
  const psql = (...args: string[]): Contender => ({
    name: "psql",
    command: ["psql", "-qX", "-v", "ON_ERROR_STOP=1", ...args, url],
  });
  const script = join(folder, "up.sql");
  const ledger =
    "CREATE TABLE IF NOT EXISTS ledger (version text PRIMARY KEY, name text, checksum text, applied_at timestamptz);\n";
  const insert = (i: number): string =>
    `INSERT INTO ledger VALUES ('${version(i)}', 't${i}', repeat('0', 64), clock_timestamp());\n`;
  const each = (make: (i: number) => string): string => Array.from({ length: MANY }, (_, i) => make(i + 1)).join("");
  await writeFile(script, ledger + each((i) => `BEGIN;\n${statements(i)}${insert(i)}COMMIT;\n`));
  const downScript = join(folder, "down.sql");
  await writeFile(
    downScript,
    each((i) => `BEGIN;\nDROP TABLE t${i};\nDELETE FROM ledger WHERE version = '${version(i)}';\nCOMMIT;\n`),
  );
  const nodePgMigrate = await nodeProject(place, url);

  const upOwn = own(sql, "migrate", "up");
  const upDbmate = dbmate("up");
  const schema = await schemaProject(join(folder, "schema"), 1000);
  const assembled = join(folder, "assembled.sql");
  await Bun.spawn([binary, "build", "-q", "--output", assembled], {
    cwd: schema,
    env: { ...process.env, DATABASE_URL: url },
  }).exited;
  const big = await singleFile(
    join(folder, "big"),
    "CREATE TABLE big (a int, b text);\n",
    (i) => `INSERT INTO big VALUES (${i}, 'some text that is a little longer than a word');\n`,
    8 * 2 ** 20,
  );
  const copy = await copyFile(join(folder, "copy"), 100 * 2 ** 20);
  const embedded = join(folder, "embedded");
  await mkdir(embedded, { recursive: true });
  await Bun.spawn([binary, "init", "--embedded", "-q"], { cwd: embedded }).exited;
  const embeddedBuild: Contender = { name: "confiture", command: [binary, "build", "-q"], cwd: embedded };

  return [
    {
      name: "version",
      contenders: [
        { name: "confiture", command: [binary, "--version"] },
        { name: "dbmate", command: [dbmateExecutable(place), "--version"] },
      ],
      target: { ratio: 1, memory: 40 },
    },
    {
      name: "status, 1,000 applied",
      contenders: [
        { ...ownOn(ownApplied, sql, "migrate", "status"), prepare: allApplied },
        dbmateOn(dbmateApplied, "status"),
      ],
      target: { ratio: 1.5, memory: 60 },
    },
    {
      name: "up, 1,000 applied",
      contenders: [{ ...ownOn(ownApplied, sql, "migrate", "up"), prepare: allApplied }, dbmateOn(dbmateApplied, "up")],
      target: { ratio: 1.3 },
    },
    {
      name: "up of 1,000 SQL migrations",
      contenders: [
        { ...upOwn, prepare: reset },
        { ...psql("-f", script), prepare: reset },
        { ...upDbmate, prepare: reset },
        { ...nodePgMigrate, prepare: reset },
      ],
      target: { ratio: 1.05, memory: 90 },
    },
    {
      name: "up of 1,000 TypeScript migrations",
      contenders: [
        { ...own(ts, "migrate", "up"), prepare: reset },
        { ...psql("-f", script), prepare: reset },
      ],
      target: { ratio: 1.3 },
    },
    {
      name: "down of 1,000 migrations",
      contenders: [
        { ...own(sql, "migrate", "down", "--to", "0"), prepare: applied(upOwn) },
        { ...psql("-f", downScript), prepare: applied(psql("-f", script)) },
      ],
      target: { ratio: 1.05 },
    },
    {
      name: "build of 1,000 files",
      contenders: [
        { ...own(schema, "build"), prepare: reset },
        { ...psql("-1", "-f", assembled), prepare: reset },
      ],
      target: { ratio: 1.02 },
    },
    {
      name: "build --output of 1,000 files",
      contenders: [own(schema, "build", "--output", join(folder, "out.sql"))],
      target: { time: 40 },
    },
    {
      name: "build of one 8 MB file",
      contenders: [
        { ...own(big.dir, "build"), prepare: reset },
        { ...psql("-1", "-f", big.file), prepare: reset },
      ],
      target: { ratio: 1.1 },
    },
    {
      name: "build of a 100 MB file with COPY data",
      contenders: [
        { ...own(copy.dir, "build"), prepare: reset },
        { ...psql("-1", "-f", copy.file), prepare: reset },
      ],
      target: { ratio: 1.05, memory: 300 },
    },
    {
      name: "embedded build, new folder",
      contenders: [
        { ...embeddedBuild, prepare: () => rm(join(embedded, ".confiture"), { recursive: true, force: true }) },
      ],
      target: { time: 1000 },
    },
    { name: "embedded build, warm folder", contenders: [embeddedBuild], target: { time: 600 } },
  ];
}

const SIZES = [100, 1000, 10_000];

/** What has to grow with the number of files, and no faster. */
export async function growths({ server, binary, folder }: Place): Promise<Growth[]> {
  const sizes: Record<"status" | "up" | "output" | "build", { items: number; contender: Contender }[]> = {
    status: [],
    up: [],
    output: [],
    build: [],
  };
  for (const items of SIZES) {
    const project = await migrationsProject(join(folder, `sql-${items}`), "sql", items);
    const database = await server.createDatabase("growth");
    const command = (...args: string[]): Contender => ({
      name: "confiture",
      command: [binary, "migrate", ...args, "-q", "--database-url", `${server.url(database)}?sslmode=disable`],
      cwd: project,
    });
    // Dropping the tables of a build would take longer than making them.
    const reset = async (): Promise<void> => {
      await server.sql(`DROP DATABASE ${database} WITH (FORCE)`);
      await server.sql(`CREATE DATABASE ${database}`);
      await server.sql("CHECKPOINT");
    };
    sizes.up.push({ items, contender: { ...command("up"), prepare: reset } });
    sizes.status.push({ items, contender: command("status") });
    const schema = await schemaProject(join(folder, `schema-${items}`), items);
    const build = (...args: string[]): Contender => ({
      name: "confiture",
      command: [binary, "build", "-q", ...args, "--database-url", `${server.url(database)}?sslmode=disable`],
      cwd: schema,
    });
    sizes.output.push({ items, contender: build("--output", join(folder, "growth.sql")) });
    sizes.build.push({ items, contender: { ...build(), prepare: reset } });
  }
  return [
    { name: "up, all pending", sizes: sizes.up },
    { name: "status, all applied", sizes: sizes.status },
    { name: "build --output", sizes: sizes.output },
    { name: "build", sizes: sizes.build },
  ];
}

function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => (done ??= work());
}

function dbmateExecutable({ peers }: Place): string {
  return join(peers, "node_modules", "@dbmate", `${process.platform}-${process.arch}`, "bin", "dbmate");
}

async function migrationsProject(dir: string, form: "sql" | "ts", count: number): Promise<string> {
  const migrations = join(dir, "db/migrations");
  await mkdir(migrations, { recursive: true });
  for (let i = 1; i <= count; i++) {
    const sql = `-- migrate:up\n${statements(i)}\n-- migrate:down\nDROP TABLE t${i};\n`;
    const ts = `import { Migration } from "confiture";\nexport default class T${i} extends Migration {\n  up() { this.execute(\`${statements(i)}\`); }\n  down() { this.execute("DROP TABLE t${i}"); }\n}\n`;
    await writeFile(join(migrations, `${version(i)}_t${i}.${form}`), form === "sql" ? sql : ts);
  }
  return dir;
}

async function nodeProject({ peers, folder }: Place, url: string): Promise<Contender> {
  const migrations = join(folder, "node");
  await mkdir(migrations, { recursive: true });
  for (let i = 1; i <= MANY; i++) {
    await writeFile(
      join(migrations, `${1577836800000 + i}_t${i}.sql`),
      `-- Up Migration\n${statements(i)}\n-- Down Migration\nDROP TABLE t${i};\n`,
    );
  }
  return {
    name: "node-pg-migrate",
    command: ["node", join(peers, "node_modules/node-pg-migrate/bin/node-pg-migrate.js"), "up", "-m", migrations],
    env: { DATABASE_URL: url },
    cwd: peers,
  };
}

/** 2 MB in 30 folders. */
async function schemaProject(dir: string, count: number): Promise<string> {
  for (let i = 0; i < count; i++) {
    const path = join(dir, "db/schema", `${10 + (i % 30)}_folder`, `${String(i).padStart(5, "0")}.sql`);
    await mkdir(join(path, ".."), { recursive: true });
    const columns = Array.from({ length: 40 }, (_, c) => `  column_${c} text NOT NULL DEFAULT 'value ${c}'`).join(
      ",\n",
    );
    await writeFile(
      path,
      `CREATE TABLE table_${i} (\n  id int PRIMARY KEY,\n${columns}\n);\nCOMMENT ON TABLE table_${i} IS 'Number ${i}';\n`,
    );
  }
  return dir;
}

async function singleFile(
  dir: string,
  head: string,
  line: (i: number) => string,
  size: number,
): Promise<{ dir: string; file: string }> {
  const file = join(dir, "db/schema/all.sql");
  await mkdir(join(dir, "db/schema"), { recursive: true });
  const parts = [head];
  for (let length = head.length, i = 0; length < size; i++) {
    const text = line(i);
    parts.push(text);
    length += text.length;
  }
  await writeFile(file, parts.join(""));
  return { dir, file };
}

async function copyFile(dir: string, size: number): Promise<{ dir: string; file: string }> {
  const made = await singleFile(
    dir,
    "CREATE TABLE big (a int, b text);\nCOPY big (a, b) FROM stdin;\n",
    (i) => `${i}\tsome text that is a little longer than a word, and more of it\n`,
    size,
  );
  await writeFile(made.file, "\\.\n", { flag: "a" });
  return made;
}
