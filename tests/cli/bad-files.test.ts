import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { rm } from "node:fs/promises";
import { readDocument } from "./document.ts";
import { executableProject, type CliProject } from "./project.ts";
import { expectRefusal, type Refusal } from "./refusal.ts";
import { runHere } from "../support/in-process.ts";
import { temporaryProject } from "../support/project.ts";
import { OLDEST_ALONE } from "../support/servers.ts";

type Files = Readonly<Record<string, string | Uint8Array>>;
type Case = readonly [name: string, files: Files, wanted: Refusal];

const TABLE = { "db/schema/10_users.sql": "CREATE TABLE users (id int PRIMARY KEY);\n" };
/** "SELECT 'é';" in Latin-1. */
const LATIN_1 = Buffer.from("-- Two lines.\nSELECT '\u00e9';\n", "latin1");

const SCHEMA_CASES: readonly Case[] = [
  [
    "no folder",
    {},
    { exitCode: 1, code: "schema_no_files", names: ["No SQL files found", "db/schema"], next: "confiture init" },
  ],
  [
    "no SQL file in it",
    { "db/schema/users.txt": "CREATE TABLE users ();" },
    { exitCode: 1, code: "schema_no_files", names: ["No SQL files found"], next: /\.sql/ },
  ],
  [
    "a syntax error on line 3 of the second file",
    { ...TABLE, "db/schema/20_posts.sql": "-- Posts.\n\nCREATE TABEL posts (id int);\n" },
    {
      exitCode: 1,
      code: "sql_failed",
      place: "db/schema/20_posts.sql:3:8",
      names: ["TABEL"],
    },
  ],
  [
    "a column that is not there",
    { ...TABLE, "db/schema/20_view.sql": "CREATE VIEW v AS\n  SELECT id,\n    nmae FROM users;\n" },
    { exitCode: 1, code: "sql_failed", place: "db/schema/20_view.sql:3:5", names: ["nmae"] },
  ],
  [
    "a table that is made in a later file",
    { ...TABLE, "db/schema/05_posts.sql": "CREATE TABLE posts (\n  author int REFERENCES users\n);\n" },
    {
      exitCode: 1,
      code: "sql_failed",
      place: "db/schema/05_posts.sql:1",
      names: ["users"],
      next: "db/schema/10_users.sql:1",
    },
  ],
  [
    "invalid UTF-8",
    { ...TABLE, "db/schema/20_latin.sql": LATIN_1 },
    { exitCode: 1, code: "file_not_utf8", place: "db/schema/20_latin.sql:2", names: ["UTF-8"] },
  ],
  [
    "a git conflict marker",
    { ...TABLE, "db/schema/20_merge.sql": "SELECT 1;\n<<<<<<< HEAD\nSELECT 2;\n=======\nSELECT 3;\n>>>>>>> other\n" },
    { exitCode: 1, code: "file_conflict_marker", place: "db/schema/20_merge.sql:2" },
  ],
  [
    "a psql command",
    { ...TABLE, "db/schema/20_psql.sql": "SELECT 1;\n\\copy t FROM 'x'\n" },
    { exitCode: 1, code: "sql_psql_command", place: "db/schema/20_psql.sql:2", names: [/\\copy/] },
  ],
  [
    "an included file that is not there",
    { ...TABLE, "db/schema/20_psql.sql": "SELECT 1;\n\\i other.sql\n" },
    {
      exitCode: 1,
      code: "file_unreadable",
      place: "db/schema/20_psql.sql:2",
      names: ["other.sql"],
      next: "db/schema/other.sql",
    },
  ],
  [
    "a string that never ends",
    { ...TABLE, "db/schema/20_open.sql": "SELECT 1;\nSELECT 'never ends;\n" },
    { exitCode: 1, code: "sql_unterminated", place: "db/schema/20_open.sql:2" },
  ],
  [
    "a COMMIT in the middle",
    { ...TABLE, "db/schema/20_commit.sql": "SELECT 1;\nCOMMIT;\nSELECT 2;\n" },
    { exitCode: 1, code: "sql_transaction_control", place: "db/schema/20_commit.sql:2", next: "--no-transaction" },
  ],
];

const MIGRATION = (body: string, head = ""): string => `import { Migration } from "confiture";
${head}
export default class AddBio extends Migration {
${body}
}
`;

const MIGRATION_CASES: readonly Case[] = [
  [
    "a syntax error on line 4",
    { "001_bad.sql": "-- migrate:up\nSELECT 1;\n\nCREATE TABEL posts (id int);\n" },
    { exitCode: 1, code: "sql_failed", place: "db/migrations/001_bad.sql:4:8", names: ["001_bad", "TABEL"] },
  ],
  [
    "a statement that fails after others succeeded",
    { "001_bad.sql": "CREATE TABLE posts ();\nDROP TABLE never_was;\n" },
    { exitCode: 1, code: "sql_failed", place: "db/migrations/001_bad.sql:2", names: ["never_was"] },
  ],
  [
    "invalid UTF-8",
    { "001_latin.sql": LATIN_1 },
    { exitCode: 1, code: "file_not_utf8", place: "db/migrations/001_latin.sql:2" },
  ],
  [
    "UTF-16, as some editors and PowerShell write it",
    { "001_wide.sql": Buffer.from("\ufeffSELECT 1;", "utf16le") },
    { exitCode: 1, code: "file_not_utf8", place: "db/migrations/001_wide.sql:1", names: ["is UTF-16"] },
  ],
  [
    "two files of one version",
    { "001_one.sql": "CREATE TABLE one ();", "1_two.ts": MIGRATION('up() { this.execute("CREATE TABLE two ()"); }') },
    { exitCode: 7, code: "migration_duplicate", names: ["001_one.sql", "1_two.ts"], next: /[Rr]ename/ },
  ],
  [
    "an empty migration",
    { "001_one.sql": "-- migrate:up\n\n-- migrate:down\n" },
    { exitCode: 1, code: "migration_empty", place: "db/migrations/001_one.sql", next: "SELECT 1;" },
  ],
  [
    "a class that says another version than the file name",
    { "002_add_bio.ts": MIGRATION('version = "003";\nup() { this.execute("CREATE TABLE bio ()"); }') },
    { exitCode: 1, code: "migration_invalid", place: "db/migrations/002_add_bio.ts", names: ["003", "002"] },
  ],
  [
    "a class that says another name than the file name",
    { "002_add_bio.ts": MIGRATION('name = "add_age";\nup() { this.execute("CREATE TABLE bio ()"); }') },
    { exitCode: 1, code: "migration_invalid", place: "db/migrations/002_add_bio.ts", names: ["add_age", "add_bio"] },
  ],
  [
    "a .ts that does not parse",
    { "002_add_bio.ts": MIGRATION("up( {") },
    { exitCode: 1, code: "migration_invalid", place: "db/migrations/002_add_bio.ts" },
  ],
  [
    "a .ts that throws while it is loaded",
    { "002_add_bio.ts": MIGRATION("up() {}", 'throw new Error("no luck");') },
    { exitCode: 1, code: "migration_failed", place: "db/migrations/002_add_bio.ts:2", names: ["no luck"] },
  ],
  [
    "a .ts that throws in up(), after a statement",
    { "002_add_bio.ts": MIGRATION('up() {\nthis.execute("CREATE TABLE bio ()");\nthrow new Error("no luck");\n}') },
    { exitCode: 1, code: "migration_failed", place: "db/migrations/002_add_bio.ts:6", names: ["no luck"] },
  ],
  [
    "a .ts whose SQL fails",
    { "002_add_bio.ts": MIGRATION('up() {\nthis.execute("CREATE TABLE bio ()");\nthis.execute("SELECT nope");\n}') },
    { exitCode: 1, code: "sql_failed", place: "db/migrations/002_add_bio.ts:6", names: ["nope"] },
  ],
  [
    "a .ts that exports no class",
    { "002_add_bio.ts": "export const up = 1;\n" },
    { exitCode: 1, code: "migration_invalid", place: "db/migrations/002_add_bio.ts", next: "extends Migration" },
  ],
  [
    "a .ts that exports something else",
    { "002_add_bio.ts": "export default { up() {} };\n" },
    { exitCode: 1, code: "migration_invalid", place: "db/migrations/002_add_bio.ts", next: "extends Migration" },
  ],
  [
    "a class without up()",
    { "002_add_bio.ts": MIGRATION("down() {}") },
    { exitCode: 1, code: "migration_invalid", place: "db/migrations/002_add_bio.ts", names: ["up()"] },
  ],
  [
    "an import that leads nowhere",
    { "002_add_bio.ts": MIGRATION("up() {}", 'import { table } from "./nowhere.ts";\nvoid table;') },
    { exitCode: 1, code: "migration_invalid", place: "db/migrations/002_add_bio.ts", names: ["./nowhere.ts"] },
  ],
  [
    "CONCURRENTLY among other statements",
    { "001_mixed.sql": "CREATE TABLE posts (id int);\nCREATE INDEX CONCURRENTLY ON posts (id);\n" },
    { exitCode: 1, code: "migration_mixed", place: "db/migrations/001_mixed.sql:2", next: "-- no-transaction" },
  ],
];

describe.each(OLDEST_ALONE)("bad files change nothing, PostgreSQL %d", (major) => {
  let project: CliProject;
  beforeAll(async () => {
    project = await executableProject({ "db/migrations/0_first.sql": "SELECT 1;\n" }, { major });
    await project.query("CREATE TABLE kept (id int)");
    await project.succeed(["migrate", "up"]);
  });
  afterAll(() => project.remove());

  /** Puts the files of one case in the place of those of the case before. */
  const replaceFiles = async (folder: string, files: Files): Promise<void> => {
    await rm(project.path(folder), { recursive: true, force: true });
    for (const [name, content] of Object.entries(files)) await project.write(name, content);
  };

  describe("schema files", () => {
    test.each(SCHEMA_CASES)("%s", async (_, files, wanted) => {
      await replaceFiles("db/schema", files);
      await expectRefusal(project, ["build"], wanted);
      await expectRefusal(project, ["build", "--fresh"], wanted);
    });

    test("what is wrong in itself is told without a server, and half a script is written nowhere", async () => {
      await replaceFiles("db/schema", { ...TABLE, "db/schema/20_open.sql": "SELECT 'never ends;\n" });
      const nowhere = ["--database-url", "postgres://a@127.0.0.1:1/b"];
      for (const flags of [["--dry-run"], ["--output", "schema.sql"], ["--output", "-"]]) {
        const { exitCode, stdout, stderr } = await project.run(["build", ...flags, ...nowhere]);
        expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
        expect(stderr).toContain("db/schema/20_open.sql:1");
        expect(await Bun.file(project.path("schema.sql")).exists()).toBeFalse();
      }
    });
  });

  describe("migrations", () => {
    test.each(MIGRATION_CASES)("%s", async (_, files, wanted) => {
      const inFolder = Object.entries(files).map(([name, content]) => [`db/migrations/${name}`, content]);
      await replaceFiles("db/migrations", {
        "db/migrations/0_first.sql": "SELECT 1;\n",
        ...Object.fromEntries(inFolder),
      });
      await expectRefusal(project, ["migrate", "up"], wanted);
      await expectRefusal(project, ["migrate", "up", "--single-transaction"], wanted);
    });
  });
});

test.each(["build", "apply --no-ledger", "dev --once", "diff", "migrate generate next", "schema update"])(
  "%s says that a project with migrations alone needs no schema files",
  async (line) => {
    const environment = "database:\n  engine: embedded\n  path: .confiture/local\n";
    await using project = await temporaryProject({
      "db/migrations/001_one.sql": "CREATE TABLE one ();\n",
      "db/environments/local.yaml": environment,
    });
    const { error } = readDocument(await runHere([...line.split(" "), "--format", "json"], { cwd: project.dir }));
    expect(error?.code).toBe("schema_no_files");
    expect(error?.hint).toStartWith("A project with migrations alone needs none: `confiture migrate up`");
  },
);

test("a file that is no schema file for its name alone is named, once, by what builds", async () => {
  await using project = await temporaryProject({
    "db/schema/users.sql": "CREATE TABLE users (id int);\n",
    "db/schema/orders.SQL": "CREATE TABLE orders (id int);\n",
    "db/schema/notes.md": "Notes\n",
    "db/migrations/001_users.sql": "CREATE TABLE users (id int);\n",
    "db/environments/local.yaml": "database: { engine: embedded, path: .confiture/local }\n",
  });
  for (const args of [["build"], ["verify"], ["migrate", "generate", "more"]]) {
    const { stderr } = await runHere(args, { cwd: project.dir });
    expect(stderr.match(/^warning: .* is left out: .*$/gm)).toEqual([
      "warning: db/schema/orders.SQL is left out: names of schema files end in .sql",
    ]);
  }
  await project.write(
    "db/environments/local.yaml",
    'database: { engine: embedded, path: .confiture/local }\ninclude_dirs:\n  - path: db/schema\n    exclude: ["orders.sql"]\n',
  );
  expect((await runHere(["build", "--dry-run"], { cwd: project.dir })).stderr).not.toContain("left out");
});
