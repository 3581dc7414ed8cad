import { describe, expect, test } from "bun:test";
import { dirname } from "node:path";
import { BINARY, runBinary } from "../support/cli.ts";
import { long } from "../support/long.ts";
import { temporaryProject } from "../support/project.ts";
import { readDocument } from "./document.ts";
import { cliProject, type CliProject, databaseUrl, environmentFile } from "./project.ts";

const STOPS = "-- migrate:up transaction:false\nCREATE TABLE a (id int);\nSELECT 1 / 0;\n";

/** A project whose local database is another than the one that is worked on. */
async function twoDatabases(): Promise<CliProject & { readonly other: string }> {
  const project = await cliProject({ "db/migrations/002_stops.sql": STOPS });
  const other = await project.server.createDatabase("other");
  await project.write("db/environments/production.yaml", environmentFile(project.server, other));
  return { ...project, other };
}

/** The command of a hint that ends so, done as a person would: pasted into a shell. */
function paste(hint: string, ending: string, cwd: string, env: Record<string, string> = {}): string {
  const line = hint.split("\n").find((candidate) => candidate.includes(ending)) ?? "";
  const command = /confiture [^]*/.exec(line)?.[0].split(/ {3}| \(/)[0] ?? "false";
  const shell = `confiture() { '${BINARY}' "$@"; }\n${command}`;
  const { stdout, stderr, exitCode } = Bun.spawnSync(["sh", "-c", shell], {
    cwd,
    env: { PATH: process.env["PATH"] ?? "", HOME: cwd, ...env },
  });
  expect({ command, exitCode, stderr: stderr.toString() }).toMatchObject({ exitCode: 0 });
  return stdout.toString();
}

describe("a command in a hint works where the command that failed did", () => {
  test("with --env", async () => {
    await using project = await twoDatabases();
    const failed = await project.run(["migrate", "up", "--env", "production"]);
    expect(failed.exitCode).toBe(1);
    expect(failed.stderr).toContain("confiture migrate resolve -e production 002");
    const refused = readDocument(await project.run(["migrate", "up", "-e", "production", "--format", "json"]));
    expect(refused.error?.code).toBe("history_stopped");
    const hint = refused.error?.hint ?? "";
    expect(hint.match(/confiture migrate resolve -e production 002/g)).toHaveLength(4);
    paste(hint, "--rolled-back", project.dir);
    const status = await project.succeed(["migrate", "status", "-e", "production"]);
    expect(status.stdout).toBe("⏳ 002_stops (pending)\n");
    // The local database was never touched.
    expect(await project.query("SELECT to_regclass('confiture_migrations') AS ledger")).toEqual([{ ledger: null }]);
  });

  test("with -C and --database-url, whose password is not repeated", async () => {
    await using project = await twoDatabases();
    const url = databaseUrl(project.server, project.other);
    const elsewhere = { cwd: dirname(project.dir) };
    const place = ["-C", project.dir, "--database-url", url];
    expect((await project.run(["migrate", "up", ...place], elsewhere)).exitCode).toBe(1);
    const { error } = readDocument(await project.run(["migrate", "up", ...place, "--format", "json"], elsewhere));
    const hint = error?.hint ?? "";
    expect(hint).toContain(` -C ${project.dir} --database-url postgres://cli_tester@`);
    const password = decodeURIComponent(new URL(url).password);
    paste(hint, "--rolled-back", elsewhere.cwd, { PGPASSWORD: password });
    expect((await project.run(["migrate", "status", ...place], elsewhere)).stdout).toBe("⏳ 002_stops (pending)\n");
  });

  test("with a source of its own", async () => {
    await using project = await twoDatabases();
    await project.write(
      "db/environments/staging.yaml",
      environmentFile(project.server, "no such database").replace(/port: \d+/, `port: ${project.server.port}`),
    );
    const { error } = readDocument(await project.run(["diff", "env:staging", "schema", "--format", "json"]));
    expect(error).toMatchObject({ code: "connect_no_database" });
    expect(error?.hint).toContain("confiture db create -e staging (or createdb");
    expect(error?.hint).toContain(" 'no such database')");
    paste(error?.hint ?? "", "confiture db create", project.dir);
    await project.server.dropDatabase("no such database");
  });

  test.each([
    ["--scratch", ["verify", "--scratch", "postgres://a@127.0.0.1:1/x"]],
    ["scratch.url", ["verify", "-e", "elsewhere"]],
    ["the source", ["diff", "postgres://a@127.0.0.1:1/x", "schema"]],
    ["--from", ["init", "--from", "postgres://a@127.0.0.1:1/x", "--env", "other"]],
    ["--database-url", ["drift", "--database-url", "postgres://a@127.0.0.1:1/x"]],
  ])("an address that nobody answers at was given by %s, which is said", async (origin, args) => {
    await using project = await temporaryProject({
      "db/environments/local.yaml": "database:\n  host: 127.0.0.1\n",
      "db/environments/elsewhere.yaml": "scratch:\n  url: postgres://a@127.0.0.1:1/x\n",
      "db/schema/.keep": "",
    });
    const { exitCode, stderr } = await runBinary(args, { cwd: project.dir });
    expect({ exitCode, stderr }).toEqual({ exitCode: 5, stderr: expect.stringContaining(` (here: ${origin})`) });
    const told = stderr.split("\n").filter((line) => line.startsWith("Database: ") && line.includes("URL: "));
    for (const line of told) expect(line).toContain(`URL: ${origin}`);
  });

  test("also where the command line was not understood", async () => {
    await using project = await cliProject();
    const { stderr } = await project.run(["migrate", "statuss", "-e", "production"]);
    expect(stderr).toContain("`confiture migrate status -e production`");
  });

  test("a URL that cannot be read is not repeated at all", async () => {
    await using project = await cliProject();
    const { stderr, exitCode } = await project.run(["migrate", "up", "--database-url", "postgres://a:Tr0ub4dor/x@h/d"]);
    expect(exitCode).toBe(2);
    expect(stderr).not.toContain("a:");
  });
});

long(
  "a migration that stopped half way is named wherever the database is looked at, and not where it was only tried",
  async () => {
    await using project = await cliProject({
      "db/migrations/001_half.sql":
        "-- migrate:up transaction:false\nCREATE TABLE a (x int);\nINSERT INTO a VALUES (1), (1);\nCREATE UNIQUE INDEX CONCURRENTLY a_x ON a (x);\n",
      "db/schema/b.sql": "CREATE TABLE IF NOT EXISTS b (id int);\n",
    });
    const verified = await project.run(["verify"]);
    expect(verified.stdout).toContain("could not create unique index");
    expect(verified.stdout + verified.stderr).not.toContain("confiture migrate resolve");
    expect((await project.run(["migrate", "up"])).exitCode).toBe(1);
    const half = "001_half stopped half way in this database: `confiture migrate status` says where";
    expect((await project.run(["drift"])).stderr).toContain(half);
    expect((await project.run(["build"])).stderr).toContain(half);
  },
);

test("a search_path of the database that leads nowhere is named, not only the file that fails of it", async () => {
  await using project = await cliProject({
    "db/schema/t.sql": "CREATE TABLE t (id int);\n",
    "db/migrations/001_t.sql": "CREATE TABLE t (id int);\n",
  });
  await project.query(
    "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path TO nowhere', current_database()); END $$",
  );
  for (const command of [["drift"], ["diff", "env:local", "schema"], ["diff", "env:local", "migrations"]]) {
    const { error } = readDocument(await project.run([...command, "--format", "json"]));
    expect(error?.message).toContain("The database in use sets search_path to nowhere");
    expect(error?.hint).toContain("ALTER DATABASE");
  }
  for (const command of [["migrate", "up"], ["build"]]) {
    const { error } = readDocument(await project.run([...command, "--format", "json"]));
    expect(error).toMatchObject({ code: "ledger_unusable", hint: expect.stringContaining("ALTER DATABASE") });
  }
  const environment = await Bun.file(project.path("db/environments/local.yaml")).text();
  await project.write(
    "db/environments/local.yaml",
    `${environment}migrations:\n  table: public.confiture_migrations\n`,
  );
  const { error } = readDocument(await project.run(["migrate", "up", "--format", "json"]));
  expect(error).toMatchObject({ code: "sql_failed", hint: expect.stringContaining("ALTER DATABASE") });
});

test("two migrations that replace one view for columns of their own are named together", async () => {
  const replace = (column: string): string =>
    `-- migrate:up\nALTER TABLE t ADD ${column} int;\nCREATE OR REPLACE VIEW v AS SELECT id, ${column} FROM t;\n`;
  await using project = await cliProject({
    "db/migrations/001_t.sql": "CREATE TABLE t (id int);\nCREATE VIEW v AS SELECT id FROM t;\n",
    "db/migrations/003_b.sql": replace("b"),
  });
  await project.succeed(["migrate", "up"]);
  await project.write("db/migrations/002_a.sql", replace("a"));
  const expectNamed = async (command: string[], maker: string): Promise<void> => {
    const { stdout } = await project.run([...command, "--format", "json"]);
    expect(stdout).toContain(`v has the columns that ${maker}:3) gave it`);
    expect(stdout).toContain("write the columns of both");
  };
  await expectNamed(["verify"], "002_a (db/migrations/002_a.sql");
  // What ran there before has a higher number.
  await expectNamed(["migrate", "up", "--allow-out-of-order"], "003_b (db/migrations/003_b.sql");
});
